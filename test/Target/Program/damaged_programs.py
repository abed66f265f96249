"""Damages a program file, each time in one way, and prints what the tool says: TOOL SOUND FOLDER."""

import struct
import subprocess
import sys
from pathlib import Path

tool = sys.argv[1]
sound = Path(sys.argv[2]).read_bytes()
folder = Path(sys.argv[3])
folder.mkdir(exist_ok=True)


def section(name):
    """Offset, size and header offset of a section."""
    table, count, names = (
        struct.unpack_from("<Q", sound, 40)[0],
        struct.unpack_from("<H", sound, 60)[0],
        struct.unpack_from("<H", sound, 62)[0],
    )
    name_offset = struct.unpack_from("<Q", sound, table + 64 * names + 24)[0]
    for index in range(count):
        header = table + 64 * index
        start = name_offset + struct.unpack_from("<I", sound, header)[0]
        if sound[start : sound.index(b"\0", start)] == name:
            offset, size = struct.unpack_from("<QQ", sound, header + 24)
            return offset, size, header
    raise KeyError(name)


def replaced(offset, data):
    return sound[:offset] + data + sound[offset + len(data) :]


text, text_size, text_header = section(b".text")
note, _, _ = section(b".note.rarefy")
tensors, _, _ = section(b".rarefy.tensors")
symbols, _, _ = section(b".symtab")
files = {
    "empty": b"",
    "truncated": sound[: len(sound) // 2],
    "no-elf": b"#!/bin/sh\n" * 20,
    "big-endian": replaced(5, b"\2"),
    "no-note": replaced(note + 12, b"Nobody"),
    "other-isa": replaced(sound.index(b"isa spatten"), b"isa builtin"),
    "other-version": replaced(sound.index(b"fingerprint ") + 12, b"0"),
    "note-line": replaced(sound.index(b"parameter key_lines"), b"parametre"),
    "parameter-twice": replaced(sound.index(b"max_keys 1024"), b"key_lines 512"),
    "half-word": replaced(text_header + 32, struct.pack("<Q", text_size - 8)),
    "opcode": replaced(text + 16, b"\xff"),
    "bits": replaced(text + 15, b"\xff"),
    "field": replaced(text + 3 * 16 + 3, b"\0\0"),
    "no-halt": replaced(text + text_size - 16, b"\x3a"),
    "type": replaced(tensors, b"in tensor<?"),
    "nested-type": replaced(tensors, b"in tuple<tuple<i6>>"),
    "direction": replaced(tensors, b"on"),
    "symbol-size": replaced(symbols + 2 * 24 + 16, b"\1"),
    "value-size": replaced(section(b".data.odd")[2] + 32, b"\2"),
    "more-tensors": replaced(symbols + 2 * 24 + 4, b"\x10"),
    "same-name": replaced(symbols + 3 * 24, sound[symbols + 2 * 24 : symbols + 2 * 24 + 4]),
    "no-name": replaced(symbols + 2 * 24, b"\0\0\0\0"),
    "no-symbol": replaced(symbols + 6 * 24 + 4, b"\x10"),
    "address": replaced(symbols + 2 * 24 + 15, b"\xff"),
    "machine": replaced(18, b"\x3e"),
    "isa-twice": replaced(sound.index(b"fingerprint "), b"isa         "),
    "section-twice": replaced(section(b".data.odd")[2], sound[text_header : text_header + 4]),
    "data-address": replaced(section(b".data.odd")[2] + 16, b"\xf0"),
    "function-size": replaced(symbols + 24 + 16, b"\1"),
    "function-twice": replaced(symbols + 2 * 24 + 4, b"\x12"),
    "no-function": replaced(symbols + 24 + 4, b"\x10"),
}
for name, data in files.items():
    path = folder / f"{name}.elf"
    path.write_bytes(data)
    result = subprocess.run([tool, "--import-program", path], capture_output=True, text=True, check=False)
    if result.returncode != 1 or result.stdout:
        print(f"{path.name}: exit code {result.returncode}, output {result.stdout!r}")
    print(result.stderr.replace(f"{folder}/", ""), end="")

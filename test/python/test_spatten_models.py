"""Whole models with their attention on a simulated SpAtten, against the same integers on the CPU."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rarefy

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "spatten.yaml"
TOOLS = Path(os.environ["RAREFY_TOOLS"])
DEMO = ROOT / "examples" / "spatten" / "demo.py"


def attention(query: tuple[int, ...], keys: tuple[int, ...], options: str, importance: bool = True) -> str:
    q, k = (f"tensor<{'x'.join(map(str, shape))}xi16>" for shape in (query, keys))
    t, h = f"tensor<{keys[1]}xi32>", f"tensor<{query[0]}xi64>"
    results, outs, names = q, "", "%0"
    if importance:
        results = f"{q}, {t}, {h}"
        outs, names = f"token_importance(%t : {t}) head_importance(%h : {h})", "%0#0, %0#1, %0#2"
    return f"""
func.func @main(%q: {q}, %k: {k}, %v: {k}, %t: {t}, %h: {h}) -> ({results}) {{
  %o = tensor.empty() : {q}
  %0{":3" * importance} = rarefy.attention ins(%q, %k, %v : {q}, {k}, {k}) outs(%o : {q}) {outs} {{{options}}}
    -> {results}
  return {names} : {results}
}}"""


def planes(msb: int, lsb: int, threshold: float, value_bits: int) -> str:
    # Scores of about the same size, whatever the bits of keys.
    scale = 4e-6 / (1 << (msb + lsb - 8))
    return (
        f"scale = {scale:e} : f32, value_bits = {value_bits}, "
        f"planes = #rarefy.planes<msb = {msb}, lsb = {lsb}, threshold = {threshold:e}>"
    )


CASES = {
    "plain": ((4, 5, 16), (4, 7, 16), "scale = 1.0e-6 : f32"),
    "whole vectors": ((2, 3, 64), (2, 9, 64), "scale = 1.0e-6 : f32"),
    "one plane": ((4, 5, 16), (4, 7, 16), planes(8, 0, 0, 8)),
    "pairs of heads": ((4, 33, 16), (4, 33, 16), planes(6, 4, 0.2, 8)),
    "low planes of 2 bits": ((4, 33, 16), (4, 33, 16), planes(8, 2, 0.2, 8)),
    "more bits in pairs": ((4, 9, 16), (4, 9, 16), planes(5, 4, 0.3, 5)),
    "more bits in single heads": ((3, 9, 16), (3, 9, 16), planes(5, 4, 0.3, 5)),
    "shared keys": ((4, 5, 16), (2, 7, 16), planes(6, 4, 0.3, 8) + ", causal"),
    "chosen values": ((4, 9, 48), (4, 9, 48), planes(6, 4, 0.3, 6) + ", keep_values = 3, keep_group = 2"),
}


def draw(query: tuple[int, ...], keys: tuple[int, ...], key_bits: int = 12) -> list[np.ndarray]:
    """Numbers of all bits that there are; importance so far, some of it as large as can be."""
    rng = np.random.default_rng(query[1])
    rows = [
        rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape).astype(np.int16)
        for bits, shape in ((12, query), (key_bits, keys), (12, keys))
    ]
    tokens = rng.choice([0, 7, 1 << 31, (1 << 32) - 1], keys[1]).astype(np.uint32).view(np.int32)
    return [*rows, tokens, rng.integers(0, 1 << 40, query[0])]


@pytest.mark.parametrize("name", CASES)
def test_attention_is_that_of_the_cpu(name):
    query, keys, options = CASES[name]
    module = rarefy.load(attention(query, keys, options))
    bits = re.search(r"msb = (\d+), lsb = (\d+)", options)
    inputs = draw(query, keys, sum(map(int, bits.groups())) if bits else 12)
    expected = rarefy.compile(module, opt_level=1)(*inputs)
    run = rarefy.compile(module, target="spatten", config=CONFIG, opt_level=1)
    assert "AttentionOutlined" in [remark.name for remark in run.remarks]
    found = run(*inputs)
    assert len(np.unique(expected[0])) > query[1]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    statistics = run.device_statistics()
    assert statistics["launches"] == 1
    assert "lsb = 0" in options or "planes" not in options or statistics["requantized_rows"] > 0


@pytest.mark.parametrize("operand, message", [
    (0, "program 'attention': instruction .*expects numbers of 12 bits, found -32768 in place 2243 of tensor 'query': a NaN"),
    (1, "program 'attention': tensor 'key.msb' expects numbers of 6 bits, found -2048"),
    (2, "program 'attention': tensor 'value.value' expects numbers of 8 bits, found -2048"),
])  # fmt: skip
def test_what_a_nan_becomes_is_refused(operand, message):
    """The device has no such number; the program goes on with the next call."""
    query, keys, options = CASES["pairs of heads"]
    run = rarefy.compile(attention(query, keys, options), target="spatten", config=CONFIG, opt_level=1)
    wrong = draw(query, keys, 10)
    wrong[operand][1, 2, 3] = -32768
    with pytest.raises(rarefy.RarefyError, match=message):
        run(*wrong)
    run(*draw(query, keys, 10))
    assert run.device_statistics()["launches"] == 1


def test_statistics_are_sums():
    """Of a program over calls, also of several threads, and over programs."""
    text = attention((2, 4, 16), (2, 4, 16), "scale = 1.0e-6 : f32", importance=False)
    again = text.replace("return %0", "%1 = call @other(%0, %k, %v, %t, %h) : (TYPES) -> QUERY\n  return %1")
    types = "tensor<2x4x16xi16>, tensor<2x4x16xi16>, tensor<2x4x16xi16>, tensor<4xi32>, tensor<2xi64>"
    again = again.replace("TYPES", types).replace("QUERY", "tensor<2x4x16xi16>")
    other = text.replace("@main", "private @other").replace("1.0e-6", "2.0e-6")
    run = rarefy.compile(other + again, target="spatten", config=CONFIG, threads=1)
    inputs = draw((2, 4, 16), (2, 4, 16))
    assert run.device_statistics()["launches"] == 0
    first, once = run(*inputs), run.device_statistics()
    assert once["launches"] == 2
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda _: run(*inputs), range(4)):
            np.testing.assert_array_equal(result, first)
    five = run.device_statistics()
    assert five["launches"] == 10
    assert {name: program["launches"] for name, program in five["programs"].items()} == dict.fromkeys(
        once["programs"], 5
    )
    for key in ("cycles", "instructions", "dram_transactions", "dram_bytes", "dram_row_misses"):
        assert five[key] == 5 * once[key] > 0, key
        assert five[key] == sum(program[key] for program in five["programs"].values()), key
    for key in ("bytes", "macs", "busy", "stall", "engine_instructions"):
        assert scaled(once[key], 5) == five[key], key
    assert five["energy_pj"]["total"] == pytest.approx(5 * once["energy_pj"]["total"])


def scaled(numbers, factor):
    if isinstance(numbers, dict):
        return {key: scaled(value, factor) for key, value in numbers.items()}
    return factor * numbers


def test_parameters_are_set():
    text = attention(*CASES["plain"][:2], CASES["plain"][2])
    slow = {"topk.parallelism": 1, "memory.mode": "timing", "clockGHz": 0.5}
    run = rarefy.compile(text, target="spatten", config=CONFIG, set=slow)
    run(*draw(*CASES["plain"][:2]))
    config = run.device_statistics()["config"]
    assert (config["topk_parallelism"], config["memory"], config["clock_ghz"]) == (1, "timing", 0.5)


def test_no_device():
    run = rarefy.compile(
        "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %x : tensor<4xf32>\n}"
    )
    with pytest.raises(rarefy.RarefyError, match="device_statistics: expected target 'spatten'"):
        run.device_statistics()


def test_nothing_for_the_device():
    """Attention on floats: the error says what to do, the remark what it is about."""
    text = attention(*CASES["plain"][:2], CASES["plain"][2], importance=False).replace("i16", "f32")
    module = rarefy.load(text)
    with pytest.raises(
        rarefy.RarefyError,
        match="found no attention that it takes; rarefy-raise-attention and rarefy-quantize-attention",
    ):
        rarefy.compile(module, target="spatten", config=CONFIG)
    [remark] = [remark for remark in module.remarks if remark.kind == "missed"]
    assert "has elements of type 'f32'" in remark.message


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("spatten_demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("index", [1, 2])
def test_digits(demo, index):
    """The classes and every integer of every attention; ./x demo spatten does all images."""
    variant = demo.VARIANTS[index]
    images = demo.read_images()[0]
    module = demo.quantize(variant, images)
    cpu, device = demo.compile_both(module)
    few = images[:: len(images) // 5]
    for image in few:
        np.testing.assert_array_equal(device(image), cpu(image))
    assert demo.compare_integers(module, few[:2])[1] == 0
    statistics = device.device_statistics()
    assert statistics["launches"] == 4 * len(few)
    assert (statistics["bytes"]["read"]["key_lsb"] > 0) == (variant.key_bits == "6+4")


def test_demo_runs(demo, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "VARIANTS", demo.VARIANTS[3:])
    monkeypatch.setattr(demo.Recorder, "write", lambda self: self.path)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--images", "3"])
    calibrated = []

    def calibrate(module, images, *args, **options):
        calibrated.append(len(images))
        return calibrate_really(module, images, *args, **options)

    calibrate_really = demo.rarefy.calibrate
    monkeypatch.setattr(demo.rarefy, "calibrate", calibrate)
    assert demo.main() == 0
    assert calibrated == [demo.CALIBRATED]
    printed = capsys.readouterr().out
    assert "3 of 3 classes and 17,922 of 17,922 integers are equal" in printed
    assert "records: build/results/demo-spatten.json" in printed


@pytest.mark.parametrize("count", ["0", "-3", "451"])
def test_the_demo_wants_images(demo, capsys, monkeypatch, count):
    monkeypatch.setattr(sys, "argv", ["demo.py", "--images", count])
    with pytest.raises(SystemExit, match="2"):
        demo.main()
    assert f"--images: expected 1 to 450, found {count}" in capsys.readouterr().err


def test_the_program_in_the_code_is_the_program_file(tmp_path):
    """The bytes that the compiler writes are the bytes that the simulator runs."""
    text = attention((2, 4, 16), (2, 4, 16), "scale = 1.0e-6 : f32", importance=False)
    (tmp_path / "model.mlir").write_text(text)
    opt = [(TOOLS / "rarefy-opt"), tmp_path / "model.mlir"]
    outline = [f"--rarefy-outline-attention=config={CONFIG}", f"--convert-rarefy-to-spatten=config={CONFIG}"]
    module = subprocess.run([*opt, *outline], check=True, capture_output=True, text=True).stdout
    # The program stands where its function was: behind the host's.
    program = module[module.index("isa.program") :].rsplit("}", 1)[0]
    (tmp_path / "program.mlir").write_text(program)
    export = [(TOOLS / "rarefy-translate"), "--export-program", tmp_path / "program.mlir"]
    elf = subprocess.run(export, check=True, capture_output=True).stdout
    lowered = subprocess.run(
        [*opt, f"--rarefy-spatten-pipeline=config={CONFIG}"], check=True, capture_output=True, text=True
    ).stdout
    start = lowered.index('@attention.elf("') + len('@attention.elf("')
    assert unescaped(lowered[start : lowered.index('")', start)]) == elf


def unescaped(text: str) -> bytes:
    """The bytes of an MLIR string: `\\\\`, `\\"` or two hexadecimal digits behind a backslash."""
    found, place = bytearray(), 0
    while place < len(text):
        if text[place] != "\\":
            found.append(ord(text[place]))
            place += 1
        elif text[place + 1] in '\\"':
            found.append(ord(text[place + 1]))
            place += 2
        else:
            found.append(int(text[place + 1 : place + 3], 16))
            place += 3
    return bytes(found)

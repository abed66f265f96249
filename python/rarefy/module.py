"""Programs as the compiler sees them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from rarefy import _core
from rarefy.errors import RarefyError


@dataclass(frozen=True)
class Remark:
    """What a pass did (kind "passed"), or did not do and why ("missed",
    "failed"), or found ("analysis")."""

    kind: str
    pass_name: str
    name: str
    function: str
    message: str
    location: str

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        return f"{where}[{self.kind}] {self.pass_name}: {self.name}: {self.message}"


class Module:
    """An MLIR module. `str(module)` is its text, without large constants."""

    def __init__(self, core: _core.Module) -> None:
        self._core = core

    def __str__(self) -> str:
        return self._core.print(16)

    def to_mlir(self) -> str:
        """The whole text, constants included, which `load` reads back."""
        return self._core.print(-1)

    def to_program(self) -> bytes:
        """The module's one accelerator program as an ELF file, which `load`
        disassembles again. RarefyError without one, or with several."""
        return self._core.export_program()

    def run(self, passes: str) -> Module:
        """Runs a pass pipeline, written as for `rarefy-opt --pass-pipeline`
        with or without `builtin.module(...)` around it, and returns the module.
        """
        self._core.run(passes)
        return self

    @property
    def remarks(self) -> list[Remark]:
        """What the passes run so far remarked, those of `compile` included."""
        return [Remark(*fields) for fields in self._core.remarks()]


def import_onnx(
    model: str | os.PathLike[str] | bytes | bytearray | memoryview, directory: str | os.PathLike[str] = ""
) -> Module:
    """Imports an ONNX model: a path, beside which its external data is, or the
    bytes of one whose external data, if any, is in `directory`."""
    if isinstance(model, (bytes, bytearray, memoryview)):
        path = os.path.join(to_path(directory), "<bytes>") if directory else ""
        return Module(_core.Module.import_onnx(bytes(model), path))
    path = to_path(model)
    if directory:
        raise RarefyError(["error: directory: expected none with a path, whose folder has the external data"])
    if path.endswith(".onnx"):
        return load(path)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise RarefyError([f"error: {path}: {error.strerror}"]) from error
    return Module(_core.Module.import_onnx(content, path))


def load(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Module:
    """Loads a module: ONNX from a file whose name ends in ".onnx"; from any
    other file, or from bytes, MLIR or the ELF file of an accelerator's
    program; MLIR from a string with a line break or a brace."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Module(_core.Module.parse(bytes(source), "<bytes>"))
    if isinstance(source, str) and ("\n" in source or "{" in source):
        return Module(_core.Module.parse(source.encode(errors="surrogatepass"), "<string>"))
    return Module(_core.Module.load(to_path(source)))


def to_path(path: Any) -> str:
    """What may be a path, as a string of what `os.fsencode` takes."""
    if not isinstance(path, (str, os.PathLike)):
        raise RarefyError([f"error: expected a path, found {type(path).__name__}"])
    name = os.fsdecode(path)
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise RarefyError([f"error: expected a path, found {name!a}"])
    return name

"""Modules as functions on arrays."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from rarefy import _core
from rarefy.arrays import TensorSpec, bfloat16, to_array
from rarefy.errors import RarefyError
from rarefy.module import Module, Remark, load, to_path


@dataclass(frozen=True)
class Signature:
    inputs: tuple[TensorSpec, ...]
    results: tuple[TensorSpec, ...]

    def __str__(self) -> str:
        inputs, results = (", ".join(map(str, specs)) for specs in (self.inputs, self.results))
        return f"({inputs}) -> ({results})"


@dataclass(frozen=True)
class CompileStats:
    """Where compilation spent its seconds, and what it made."""

    passes_s: float
    lowering_s: float
    optimize_s: float
    codegen_s: float
    link_s: float
    code_bytes: int
    constant_bytes: int
    cpu: str

    @property
    def compile_s(self) -> float:
        return self.passes_s + self.lowering_s + self.optimize_s + self.codegen_s + self.link_s


def _specs(infos: list[tuple[str, str, list[int]]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, type, tuple(None if size < 0 else size for size in shape))
        for name, type, shape in infos
    )


class CompiledFunction:
    """A function on arrays, in order or by the names of its inputs: numpy's,
    or any that speak DLPack and live in this machine's memory. It returns one
    numpy array, or a tuple of them. Several threads may call it."""

    def __init__(self, program: _core.Program, threads: int, remarks: list[Remark]) -> None:
        self._program = program
        self.threads = threads
        self.remarks = remarks
        self.signature = Signature(_specs(program.inputs()), _specs(program.results()))
        self.stats = CompileStats(**program.stats())
        self._bf16_results = bfloat16 is not None and any(
            spec.type == "bf16" for spec in self.signature.results
        )

    def __call__(self, *args: npt.ArrayLike, **kwargs: npt.ArrayLike) -> Any:
        if kwargs:
            args = self._order(args, kwargs)
        try:
            results = self._program.call(args, self.threads)
        except TypeError:
            results = self._program.call(self._convert(args), self.threads)
        return self._view_bf16(results) if self._bf16_results else results

    def device_statistics(self) -> dict[str, Any]:
        """What the simulated device has done in all calls so far: the figures
        of docs/Simulator.md, summed over `launches`, and the same for each of
        the `programs`."""
        text = self._program.device_statistics()
        if not text:
            raise RarefyError(
                ["error: device_statistics: expected target 'spatten', found one without a device"]
            )
        return json.loads(text)

    def _order(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Arguments by name, after those in order."""
        names = [spec.name for spec in self.signature.inputs[len(args) :]]
        unknown = [name for name in kwargs if name not in names]
        missing = [name for name in names if name not in kwargs]
        if unknown or missing:
            raise RarefyError([f"error: expected the inputs {names} by name, found {sorted(kwargs)}"])
        return (*args, *(kwargs[name] for name in names))

    def _convert(self, args: Sequence[Any]) -> list[np.ndarray]:
        """Arrays for what is none: numbers, lists, bf16 of ml_dtypes."""
        specs = [*self.signature.inputs, *[None] * len(args)]
        return [
            to_array(arg, spec, f"input {index}")
            for index, (arg, spec) in enumerate(zip(args, specs, strict=False))
        ]

    def _view_bf16(self, results: Any) -> Any:
        if not isinstance(results, tuple):
            return results.view(bfloat16)
        return tuple(
            result.view(bfloat16) if spec.type == "bf16" else result
            for result, spec in zip(results, self.signature.results, strict=True)
        )


def to_overrides(set: Any) -> list[str]:  # noqa: A002
    """Parameters of a machine, as the compiler takes them."""
    if not isinstance(set, Mapping) or not all(isinstance(key, str) for key in set):
        raise RarefyError([f"error: set: expected parameters by name, found {set!r}"])
    return [f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in set.items()]


def _check_options(names: dict[str, Any], passes: Any, threads: Any, opt_level: Any) -> None:
    wrong = [
        f"error: {option}: expected a name, found {name!r}"
        for option, name in names.items()
        if not isinstance(name, str) or not name
    ]
    if not isinstance(passes, str):
        wrong.append(f"error: passes: expected a string, found {passes!r}")
    if not isinstance(threads, int) or not 0 <= threads <= 1024:
        wrong.append(f"error: threads: expected 0 to 1024, found {threads!r}")
    if opt_level is not None and not (isinstance(opt_level, int) and 0 <= opt_level <= 3):
        wrong.append(f"error: optimisation level {opt_level!r}: expected 0 to 3")
    if wrong:
        raise RarefyError(wrong)


def compile(  # noqa: A001 - as in torch.compile
    model: Module | str | os.PathLike[str],
    passes: str = "",
    *,
    entry: str = "main",
    target: str = "cpu",
    cpu: str = "native",
    threads: int = 0,
    opt_level: int | None = None,
    reference: bool = False,
    config: str | os.PathLike[str] = "",
    set: Mapping[str, Any] = MappingProxyType({}),  # noqa: A002 - as in rarefy-run --set
) -> CompiledFunction:
    """Compiles one function of a module, or of what `load` makes of `model`.

    `passes` runs before the target's pipeline; the module stays as it is.
    `cpu` is "native" or LLVM's name of a processor that this machine can stand
    in for. Calls use `threads` threads; 0 means what OMP_NUM_THREADS says, or
    all. `reference` compiles each op's definition to plain loops of the
    processor instead, to compare results with those of every target.
    `opt_level` is LLVM's, 0 to 3: 3, or 0 for the reference, unless given.

    With the target "spatten", attention on integers, as
    `rarefy-quantize-attention` makes it, runs on a simulated SpAtten that the
    file `config` describes; `set` replaces parameters of it, as in
    {"topk.parallelism": 1}.
    """
    _check_options({"entry": entry, "target": target, "cpu": cpu}, passes, threads, opt_level)
    module = model if isinstance(model, Module) else load(model)
    earlier = len(module.remarks)
    level = -1 if opt_level is None else opt_level
    path = to_path(config)
    program = module._core.compile(entry, passes, target, cpu, level, reference, path, to_overrides(set))
    return CompiledFunction(program, threads, module.remarks[earlier:])

"""Programs of accelerators on modeled machines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from rarefy import _core
from rarefy.arrays import TensorSpec, to_array
from rarefy.compile import to_overrides
from rarefy.errors import RarefyError
from rarefy.module import Module, load, to_path


@dataclass(frozen=True)
class DeviceTensor(TensorSpec):
    """A tensor of a program. `direction` is "in", "out", or "state", which is
    both. Its numbers have `bits` bits on the device; arrays for it have the
    elements that `type` says, the same or wider. With
    `has_value` the program gives it a value: as an input it may be left out."""

    direction: str
    bits: int
    has_value: bool


class Simulator:
    """A program on a machine, with the tensors in the machine's memory.

    `program` is a module, or what `load` makes one of: a path of MLIR or of a
    program file, or the bytes of either. `config` is the path of a file that
    describes the machine, and `set` changes parameters of it, as
    `{"topk.parallelism": 1}`. What is wrong with any of these, or with the
    machine for this program, is a RarefyError.

    Tensors stay from run to run and begin as zeros, or as the values that the
    program gives them. One thread at a time may use a simulator.
    """

    def __init__(
        self,
        program: Module | str | os.PathLike[str] | bytes | bytearray | memoryview,
        config: str | os.PathLike[str] = "configs/spatten.yaml",
        set: Mapping[str, Any] = MappingProxyType({}),  # noqa: A002 - as in rarefy-sim --set
    ) -> None:
        module = program if isinstance(program, Module) else load(program)
        self._core: _core.Simulator = module._core.simulate(to_path(config), to_overrides(set))
        self._statistics: dict[str, Any] | None = None
        self.tensors = tuple(
            DeviceTensor(name, type, tuple(shape), *rest)
            for (name, type, shape), *rest in self._core.tensors()
        )

    def run(
        self,
        inputs: Mapping[str, npt.ArrayLike] = MappingProxyType({}),
        trace: str | os.PathLike[str] | None = None,
    ) -> dict[str, np.ndarray]:
        """Writes `inputs` to the `in` and `state` tensors of those names, runs
        the program from its start to its end, and returns its `out` and `state`
        tensors.

        An input has its tensor's shape. For integers it may be of any type of
        integers, or a list of numbers; a number that does not fit in the
        tensor's bits is an error, as is a float. For floats it has the tensor's
        type and finite numbers. Inputs are written in turn: those before one
        that is refused stay. An `in` tensor keeps what an earlier run was
        given, and what its program appended; without that and without a value
        it is missing, an error.

        `trace` is the path of a JSON file for what each engine did when, which
        <https://ui.perfetto.dev> shows.
        """
        self._statistics = None
        if not isinstance(inputs, Mapping):
            raise RarefyError([f"error: inputs: expected arrays by name, found {inputs!r:.60}"])
        for name, value in inputs.items():
            self._write(name, value)
        self._statistics = json.loads(self._core.run("" if trace is None else to_path(trace)))
        return {
            tensor.name: self._core.read(index).view(tensor.dtype)
            for index, tensor in enumerate(self.tensors)
            if tensor.direction != "in"
        }

    @property
    def statistics(self) -> dict[str, Any]:
        """What the last run did: `cycles`, `microseconds`, `bytes`, `busy`,
        `energy_pj` and the rest of what docs/Simulator.md lists. RarefyError
        before the first run and after one that failed."""
        if self._statistics is None:
            raise RarefyError(["error: there is no run to have statistics of"])
        return self._statistics

    def _write(self, name: str, value: npt.ArrayLike) -> None:
        found = [index for index, tensor in enumerate(self.tensors) if tensor.name == name]
        if not found:
            names = [tensor.name for tensor in self.tensors]
            raise RarefyError([f"error: expected tensors of the program, {names}, found {name!r}"])
        (index,) = found
        try:
            self._core.write(index, value)
        except TypeError:
            self._core.write(index, to_array(value, self.tensors[index], f"tensor {name!r}"))

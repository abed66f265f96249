"""Scales of quantized attention, from what its operands are on samples."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rarefy.compile import compile  # noqa: A004
from rarefy.errors import RarefyError
from rarefy.module import Module, to_path

_TENSORS = ("query", "key", "value")
_RESULT = "attention_ranges"
# The scale of a tensor that is zero on all samples: the smallest that rarefy-quantize-attention takes.
_SMALLEST, _LARGEST = 1e-12, 1e12


def _count_key_bits(key_bits: int | str) -> int:
    """8 of 8, 10 of "6+4"."""
    parts = str(key_bits).split("+")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise RarefyError([f"error: key_bits: expected a number or two as in 6+4, found {key_bits!r}"])
    return sum(map(int, parts))


def _largest_steps(key_bits: int | str, value_bits: int, query_bits: int) -> np.ndarray:
    """The largest integers of query, key and value."""
    steps = []
    for name, bits in (
        ("query_bits", query_bits),
        ("key_bits", _count_key_bits(key_bits)),
        ("value_bits", value_bits),
    ):
        if not isinstance(bits, int) or not 2 <= bits <= 12:
            raise RarefyError([f"error: {name}: expected 2 to 12, found {bits!r}"])
        steps.append(2 ** (bits - 1) - 1)
    return np.array(steps, np.float64)


def _check_sample(number: int, arguments: Sequence[Any]) -> None:
    for index, argument in enumerate(arguments):
        array = np.asarray(argument)
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise RarefyError([f"error: sample {number}: input {index}: expected numbers, found NaN"])


def _check_ranges(number: int, ranges: np.ndarray) -> None:
    wrong = np.argwhere(~(ranges <= _LARGEST))
    if wrong.size:
        attention, tensor = wrong[0]
        found = ranges[attention, tensor]
        raise RarefyError(
            [
                f"error: sample {number}: attention {attention + 1}: expected numbers up to {_LARGEST:g} in "
                f"{_TENSORS[tensor]}, found {found}"
            ]
        )


def calibrate(
    model: Module | str | os.PathLike[str],
    samples: Iterable[npt.ArrayLike | Sequence[npt.ArrayLike]],
    passes: str = "rarefy-raise-attention",
    *,
    key_bits: int | str = 8,
    value_bits: int = 8,
    query_bits: int = 12,
    entry: str = "main",
    threads: int = 0,
    path: str | os.PathLike[str] | None = None,
) -> list[dict[str, float]]:
    """Runs `entry` on samples, and returns for each attention what a step of
    its query, key and value is worth: the largest |x| over all samples is the
    largest integer.

    A sample is the tuple or list of the function's arguments, or its only one.
    `passes` must be those that stand in front of `rarefy-quantize-attention`
    later, for which `path` is written: its option `scales`. The module stays as
    it is.
    """
    steps = _largest_steps(key_bits, value_bits, query_bits)
    observing = ",".join(part for part in (passes, "rarefy-observe-attention") if part)
    run = compile(model, observing, entry=entry, threads=threads)
    results = run.signature.results
    if not results or results[-1].name != _RESULT:
        raise RarefyError(
            [f"error: expected attention on floats in '{entry}' behind the passes '{passes}', found none"]
        )
    largest = None
    for number, sample in enumerate(samples, 1):
        arguments = sample if isinstance(sample, (tuple, list)) else (sample,)
        _check_sample(number, arguments)
        returned = run(*arguments)
        ranges = (returned[-1] if isinstance(returned, tuple) else returned).astype(np.float64)
        _check_ranges(number, ranges)
        largest = ranges if largest is None else np.maximum(largest, ranges)
    if largest is None:
        raise RarefyError(["error: samples: expected one at least, found none"])
    scales = [
        dict(zip(_TENSORS, map(float, row), strict=True)) for row in np.maximum(largest / steps, _SMALLEST)
    ]
    if path is not None:
        _write(Path(to_path(path)), scales)
    return scales


def _write(path: Path, scales: list[dict[str, float]]) -> None:
    rows = ",\n".join(f"  {json.dumps(entry)}" for entry in scales)
    try:
        path.write_text(f"[\n{rows}\n]\n")
    except OSError as error:
        raise RarefyError([f"error: {path}: {error.strerror}"]) from error

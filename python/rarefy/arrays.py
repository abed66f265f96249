"""Tensors of programs as numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rarefy.errors import RarefyError

try:
    from ml_dtypes import bfloat16 as bfloat16
except ImportError:
    bfloat16 = None

_DTYPES = {
    "i1": np.dtype(np.bool_),
    "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
    "ui8": np.dtype(np.uint8),
    "ui16": np.dtype(np.uint16),
    "ui32": np.dtype(np.uint32),
    "ui64": np.dtype(np.uint64),
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(bfloat16 or np.uint16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
}


@dataclass(frozen=True)
class TensorSpec:
    """The type of an argument or result. A size of None varies from call to
    call. bf16 arrays are ml_dtypes' if that is installed, else the bits as
    uint16."""

    name: str
    type: str
    shape: tuple[int | None, ...]

    @property
    def dtype(self) -> np.dtype:
        return _DTYPES[self.type]

    def __str__(self) -> str:
        sizes = "".join("?x" if size is None else f"{size}x" for size in self.shape)
        return f"{self.name}: {sizes}{self.type}" if self.name else f"{sizes}{self.type}"


def to_array(value: Any, spec: TensorSpec | None, what: str) -> np.ndarray:
    """An array of what is one, or of numbers or lists of them that `spec`, if
    there is one, can hold. Errors begin with `what`."""
    try:
        if isinstance(value, (bool, int, float, list, tuple)) and spec:
            value = _from_numbers(value, spec)
        array = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
    except (BufferError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise RarefyError([f"error: {what}: {error}"]) from error
    if array.dtype == bfloat16:
        array = array.view(np.uint16)
    if array.dtype not in _DTYPES.values():
        raise RarefyError([f"error: {what}: no tensor has elements of type {array.dtype}"])
    return array


def _from_numbers(numbers: Any, spec: TensorSpec) -> np.ndarray:
    """An array of what Python calls numbers, if it can hold them."""
    array = np.asarray(numbers, spec.dtype)
    if spec.dtype.kind in "biu":
        holds = bool(np.all(array.astype(object) == np.asarray(numbers, object)))
    else:
        holds = np.asarray(numbers).dtype.kind in "biuf"
    if not holds:
        raise ValueError(f"{spec.type} cannot hold {numbers!r:.40}")
    return array

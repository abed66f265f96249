"""Rarefy: a compiler for sparse and quantized transformers.

import rarefy

f = rarefy.compile("model.onnx", passes="rarefy-raise-attention")
y = f(x)
"""

from rarefy._core import __version__
from rarefy.calibrate import calibrate
from rarefy.compile import CompiledFunction, CompileStats, Signature, TensorSpec, compile
from rarefy.errors import RarefyError
from rarefy.module import Module, Remark, import_onnx, load

__all__ = [
    "CompiledFunction",
    "CompileStats",
    "Module",
    "RarefyError",
    "Remark",
    "Signature",
    "TensorSpec",
    "__version__",
    "calibrate",
    "compile",
    "import_onnx",
    "load",
]

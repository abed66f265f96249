"""Rarefy: a compiler for sparse and quantized transformers.

import rarefy

f = rarefy.compile("model.onnx", passes="rarefy-raise-attention")
y = f(x)
"""

from rarefy._core import __version__
from rarefy.arrays import TensorSpec
from rarefy.calibrate import calibrate
from rarefy.compile import CompiledFunction, CompileStats, Signature, compile
from rarefy.errors import RarefyError
from rarefy.module import Module, Remark, import_onnx, load
from rarefy.simulate import DeviceTensor, Simulator

__all__ = [
    "CompiledFunction",
    "CompileStats",
    "DeviceTensor",
    "Module",
    "RarefyError",
    "Remark",
    "Signature",
    "Simulator",
    "TensorSpec",
    "__version__",
    "calibrate",
    "compile",
    "import_onnx",
    "load",
]

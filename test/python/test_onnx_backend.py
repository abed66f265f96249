"""The ONNX project's own backend tests, through import and the CPU pipeline.

Every node, simple and PyTorch case whose model uses only the operators below
must pass, or stand in onnx_unsupported.txt under the error that it gives; a
case that stands there and passes is a failure too.
"""

import collections
import pathlib
import re
import unittest
import warnings

import numpy as np
import onnx
import pytest
import rarefy
from onnx.backend.base import Backend, BackendRep
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")
LIST = pathlib.Path(__file__).with_name("onnx_unsupported.txt")
NAMES = """
    Abs Add And ArgMax Attention AveragePool BatchNormalization Cast Clip Concat
    Constant ConstantOfShape Conv CumSum DequantizeLinear Div Dropout
    DynamicQuantizeLinear Einsum Equal Erf Exp Expand Flatten Gather
    GatherElements Gelu Gemm GlobalAveragePool Greater Identity IsNaN
    LayerNormalization Less Log LogSoftmax MatMul MatMulInteger Max MaxPool Min
    Mul Neg Not Or Pad Pow QuantizeLinear RMSNormalization Range Reciprocal
    ReduceMax ReduceMean ReduceSum Relu Reshape ScatterND Shape Sigmoid
    SimplifiedLayerNormalization Slice Softmax Split Sqrt Squeeze Sub Tanh Tile
    Transpose Trilu Unsqueeze Where
"""
OPERATORS = set(NAMES.split())


class Compiled(BackendRep):
    def __init__(self, function):
        self.function = function

    def run(self, inputs, **_):
        outputs = self.function(*[np.asarray(i) for i in inputs])
        return outputs if isinstance(outputs, (tuple, list)) else (outputs,)


class RarefyBackend(Backend):
    @classmethod
    def prepare(cls, model, device="CPU", **_):
        module = rarefy.import_onnx(model.SerializeToString())
        # LLVM's optimizations would take ten times as long as all the rest.
        return Compiled(rarefy.compile(module, opt_level=0))

    @classmethod
    def supports_device(cls, device):
        return device == "CPU"


def operators(graph):
    """The operators of a graph and of the graphs in its attributes."""
    for node in graph.node:
        yield node.op_type if not node.domain else f"{node.domain}.{node.op_type}"
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from operators(inner)


def read_list(path=LIST):
    """{case: the text its error must contain} of a file of `[error]` sections."""
    expected, error = {}, None
    for line in path.read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            error = line[1:-1]
        elif line:
            assert line not in expected, f"{line} stands twice in {path.name}"
            expected[line] = error
    return expected


def collect():
    """{case: function} of the cases that are ours, and the operators of the rest."""
    ours, foreign = set(), collections.Counter()
    with warnings.catch_warnings():
        # The generators overflow and divide by zero on purpose.
        warnings.simplefilter("ignore")
        for kind in KINDS:
            for case in load_model_tests(kind=kind):
                model = case.model or onnx.load(f"{case.model_dir}/model.onnx")
                unknown = set(operators(model.graph)) - OPERATORS
                foreign.update(unknown)
                if not unknown:
                    ours.add(f"{case.name}_cpu")
        suites = Runner(RarefyBackend, __name__).test_cases
    functions = {}
    for name, suite in suites.items():
        for case in ours & set(vars(suite)):
            if "Real" not in name:
                functions[case] = vars(suite)[case]
    assert set(functions) == ours
    return functions, foreign


CASES, FOREIGN = collect()
UNSUPPORTED = read_list()


@pytest.mark.parametrize("case", sorted(CASES))
def test_case(case):
    if case in UNSUPPORTED:
        with pytest.raises(Exception, match=re.escape(UNSUPPORTED[case])):
            CASES[case](unittest.TestCase())
    else:
        CASES[case](unittest.TestCase())


def test_count(capsys):
    """The list names only cases that exist; prints how many there are of each."""
    assert not set(UNSUPPORTED) - set(CASES)
    assert len(CASES) >= 970
    with capsys.disabled():
        print(
            f"\nONNX backend tests: {len(CASES)} of {len(OPERATORS)} operators, "
            f"{len(CASES) - len(UNSUPPORTED)} to pass, {len(UNSUPPORTED)} listed as unsupported; "
            f"not counted: models with {len(FOREIGN)} other operators"
        )

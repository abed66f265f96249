"""Operators on named dynamic dimensions, against ONNX's reference evaluator."""

import numpy as np
import onnx.parser
import pytest
import rarefy
from onnx.reference import ReferenceEvaluator

# Opset, inputs and outputs, initialisers, node; then the sizes of a, b, c in
# two calls of one compiled function.
CASES = {
    "concat": (17, "(float[a,b] x, float[a,c] y) => (float[a,d] z)", "", "Concat<axis = 1>(x, y)"),
    "concat_batch": (17, "(float[a,4] x, float[b,4] y) => (float[d,4] z)", "", "Concat<axis = 0>(x, y)"),
    "slice": (17, "(float[a,b] x) => (float[a,d] z)", "int64[1] s = {1}, int64[1] e = {-1}, int64[1] d = {1}", "Slice(x, s, e, d)"),
    "slice_back": (17, "(float[a,b] x) => (float[d,b] z)", "int64[1] s = {-1}, int64[1] e = {-99}, int64[1] d = {0}, int64[1] t = {-2}", "Slice(x, s, e, d, t)"),
    "tile": (17, "(float[a,3] x) => (float[d,e] z)", "int64[2] r = {2, 3}", "Tile(x, r)"),
    "pad": (17, "(float[a,b] x) => (float[d,e] z)", "int64[4] p = {1, 0, 2, 3}", "Pad(x, p)"),
    "pad_reflect": (17, "(float[a,b] x) => (float[d,e] z)", "int64[4] p = {1, 0, 1, 2}", 'Pad<mode = "reflect">(x, p)'),
    "trilu": (17, "(float[a,b] x) => (float[a,b] z)", "int64 k = {1}", "Trilu(x, k)"),
    "cumsum": (17, "(float[a,b] x) => (float[a,b] z)", "int64 k = {1}", "CumSum<reverse = 1>(x, k)"),
    "conv": (17, "(float[a,4,b,c] x) => (float[a,6,d,e] z)", "float[6,2,1,1] w = {1,2,3,4,5,6,7,8,9,10,11,12}", "Conv<group = 2, strides = [2, 1], pads = [1, 0, 1, 2]>(x, w)"),
    "conv_same": (17, "(float[a,1,b,c] x) => (float[a,1,d,e] z)", "float[1,1,2,2] w = {1,2,3,4}", 'Conv<strides = [2, 2], auto_pad = "SAME_UPPER">(x, w)'),
    "max_pool": (17, "(float[a,2,b,c] x) => (float[a,2,d,e] z)", "", "MaxPool<kernel_shape = [2, 2], strides = [2, 1], ceil_mode = 1>(x)"),
    "average_pool": (17, "(float[a,2,b,c] x) => (float[a,2,d,e] z)", "", "AveragePool<kernel_shape = [3, 2], pads = [1, 0, 1, 1]>(x)"),
    "global_pool": (17, "(float[a,2,b,c] x) => (float[a,2,1,1] z)", "", "GlobalAveragePool(x)"),
    "normalize": (17, "(float[a,2,b] x) => (float[a,2,b] z)", "float[2] s = {1, 2}, float[2] v = {3, 4}", "BatchNormalization(x, s, s, s, v)"),
    "einsum": (17, "(float[a,b,3] x, float[a,c,3] y) => (float[a,b,c] z)", "", 'Einsum<equation = "bik,bjk->bij">(x, y)'),
    "dequantize": (21, "(int8[a,2] x) => (float[a,2] z)", "float[2] s = {0.5, 2}, int8[2] o = {1, -1}", "DequantizeLinear<axis = 1>(x, s, o)"),
    "sum": (17, "(float[a,b] x, int64[1] i) => (float[d] z)", "", "ReduceSum<keepdims = 0>(x, i)"),
    "attention": (23, "(float[a,3,b,4] x, float[a,3,c,4] y) => (float[a,3,b,4] z)", "", "Attention(x, y, y)"),
    "attention_flat": (23, "(float[a,b,12] x) => (float[a,b,12] z)", "", "Attention<q_num_heads = 6, kv_num_heads = 6, is_causal = 1>(x, x, x)"),
    "attention_past": (24, "(float[a,2,b,4] x, float[a,2,c,4] y) => (float[a,2,b,4] z)", "", "Attention<is_causal = 1>(x, x, x, , y, y)"),
    "attention_capped": (23, "(float[a,4,b,4] x, float[a,2,c,4] y) => (float[a,4,b,4] z)", "", "Attention<softcap = 2.0, is_causal = 1>(x, y, y)"),
}  # fmt: skip


def make_model(opset, signature, initializers, node):
    header = f'<ir_version: 10, opset_import: ["" : {opset}]>'
    constants = f"<{initializers}>" if initializers else ""
    return onnx.parser.parse_model(f"{header} g {signature} {constants} {{ z = {node} }}")


def make_inputs(model, sizes, rng):
    inputs = {}
    for info in model.graph.input:
        tensor = info.type.tensor_type
        shape = [dim.dim_value or sizes[dim.dim_param] for dim in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        if info.name == "i":
            inputs[info.name] = np.array([1], dtype)
        else:
            inputs[info.name] = (rng.standard_normal(shape) * 4).astype(dtype)
    return inputs


@pytest.mark.parametrize("name", sorted(CASES))
def test_dynamic(name):
    model = make_model(*CASES[name])
    function = rarefy.compile(rarefy.import_onnx(model.SerializeToString()), opt_level=0)
    reference = ReferenceEvaluator(model)
    rng = np.random.default_rng(0)
    for sizes in ({"a": 2, "b": 5, "c": 4}, {"a": 3, "b": 8, "c": 7}):
        inputs = make_inputs(model, sizes, rng)
        (expected,) = reference.run(None, inputs)
        result = function(*inputs.values())
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def test_negative_pads():
    """The reference has none."""
    model = make_model(17, "(float[a,b] x) => (float[d,e] z)", "int64[4] p = {-1, 0, 1, -2}", "Pad(x, p)")
    function = rarefy.compile(rarefy.import_onnx(model.SerializeToString()), opt_level=0)
    x = np.arange(15, dtype=np.float32).reshape(3, 5)
    expected = np.pad(x[1:, :-2], ((0, 1), (0, 0)))
    np.testing.assert_array_equal(function(x), expected)


OUT_OF_RANGE = np.array([9, -9, -(2**63), 2**63 - 1, -1, 1])


def compile_one(*case):
    return rarefy.compile(rarefy.import_onnx(make_model(*case).SerializeToString()), opt_level=0)


@pytest.mark.parametrize("operator", ["Gather", "GatherElements"])
@pytest.mark.parametrize("size, shape", [("a", 5), ("5", 5), ("a", 0), ("0", 0)])
def test_reads_out_of_range(operator, size, shape):
    """ONNX leaves these undefined; here they read the last element, or zero where there is none."""
    function = compile_one(18, f"(float[{size}] x, int64[6] i) => (float[6] z)", "", f"{operator}(x, i)")
    x = np.arange(1, shape + 1, dtype=np.float32)
    expected = np.float32([5, 5, 5, 5, 5, 2] if shape else [0] * 6)
    np.testing.assert_array_equal(function(x, OUT_OF_RANGE), expected)


@pytest.mark.parametrize("reduction, expected", [("none", [0, 30, 0, 0, 20]), ("add", [1, 32, 3, 4, 25])])
def test_writes_out_of_range(reduction, expected):
    """These are dropped."""
    node = f'ScatterND<reduction = "{reduction}">(x, i, u)'
    function = compile_one(18, "(float[a] x, int64[6,1] i, float[6] u) => (float[a] z)", "", node)
    start = np.zeros(5) if reduction == "none" else np.arange(1, 6)
    updates = np.float32([10, 10, 10, 10, 20, 30])
    positions = OUT_OF_RANGE[:, None]
    np.testing.assert_array_equal(function(start.astype(np.float32), positions, updates), expected)
    assert function(np.float32([]), positions, updates).shape == (0,)


RESHAPE = ("(float[24] x, int64[2] s) => (float[a,b] z)", "Reshape(x, s)")
EXPAND = ("(float[24] x, int64[2] s) => (float[a,24] z)", "Expand(x, s)")
FILL = ("(int64[2] s) => (float[a,b] z)", "ConstantOfShape(s)")
SPLIT = ("(float[24] x, int64[2] s) => (float[24] z, float[a] v, float[b] w)", "Neg(x) v, w = Split(x, s)")
RANGE = ("(int64 a, int64 b, int64 c) => (int64[n] z)", "Range(a, b, c)")
NEGATIVE = "expected sizes that are not negative"
COUNT = "expected sizes of as many elements as the input has"


@pytest.mark.parametrize(
    "signature, node, good, bad, message",
    [
        (*RESHAPE, [[4, -1]], [[4, 7]], COUNT),
        (*RESHAPE, [[6, 4]], [[-1, -1]], COUNT),
        (*RESHAPE, [[0, 1]], [[1 << 40, 1 << 40]], COUNT),
        (*EXPAND, [[3, 24]], [[-3, 24]], NEGATIVE),
        (*FILL, [[0, 5]], [[4, -5]], NEGATIVE),
        (*SPLIT, [[0, 24]], [[-1, 25]], NEGATIVE),
        (*SPLIT, [[20, 4]], [[20, 5]], "expected sizes that add up to that of the axis"),
        (*RANGE, [9, 0, -2], [9, 0, 0], "expected a step that is not 0"),
        (*RANGE, [0, -(1 << 63), -1], [9, 0, 0], "expected a step that is not 0"),
    ],
)
def test_sizes_held_in_data(signature, node, good, bad, message):
    """What they say is checked before an element is read."""
    function = compile_one(18, signature, "", node)
    leading = [np.arange(24, dtype=np.float32)] if "float[24]" in signature else []
    function(*leading, *(np.array(entry) for entry in good))
    with pytest.raises(rarefy.RarefyError, match=message):
        function(*leading, *(np.array(entry) for entry in bad))


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_padding_of_nothing(mode):
    """There is no element to repeat."""
    node = f'Pad<mode = "{mode}">(x, p)'
    function = compile_one(19, "(float[a] x) => (float[d] z)", "int64[2] p = {1, 2}", node)
    np.testing.assert_array_equal(function(np.float32([])), np.zeros(3))

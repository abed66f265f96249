"""The Python package: modules, compiled functions, what they take and refuse."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import rarefy

DATA = Path(__file__).parent.parent / "data"

MATMUL = """
func.func @main(%a: tensor<4x8xf32> {rarefy.name = "a"}, %b: tensor<8x?xf32> {rarefy.name = "b"})
    -> (tensor<4x?xf32> {rarefy.name = "c"}) {
  %one = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %size = tensor.dim %b, %one : tensor<8x?xf32>
  %empty = tensor.empty(%size) : tensor<4x?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x?xf32>) -> tensor<4x?xf32>
  %c = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x?xf32>) outs(%init : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %c : tensor<4x?xf32>
}
"""

DTYPES = {
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "ui8": np.uint8,
    "ui16": np.uint16,
    "ui32": np.uint32,
    "ui64": np.uint64,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
}


def identity(tensor):
    return f"func.func @main(%x: {tensor}) -> {tensor} {{\n  return %x : {tensor}\n}}\n"


@pytest.fixture(scope="module")
def matmul():
    return rarefy.compile(rarefy.load(MATMUL))


@pytest.fixture
def operands():
    random = np.random.default_rng(0)
    return random.normal(size=(4, 8)).astype("f4"), random.normal(size=(8, 5)).astype("f4")


@pytest.mark.parametrize("reference", [False, True])
def test_matmul(operands, reference):
    function = rarefy.compile(rarefy.load(MATMUL), reference=reference)
    a, b = operands
    np.testing.assert_allclose(function(a, b), a @ b, rtol=1e-5)
    np.testing.assert_allclose(function(a, b=b[:, :1]), a @ b[:, :1], rtol=1e-5)


def test_signature(matmul):
    assert str(matmul.signature) == "(a: 4x8xf32, b: 8x?xf32) -> (c: 4x?xf32)"
    assert matmul.signature.inputs[1].shape == (8, None)
    assert matmul.signature.results[0].dtype == np.float32


def test_stats(matmul):
    stats = matmul.stats
    assert stats.code_bytes > 0 and stats.cpu
    assert 0 < stats.codegen_s < stats.compile_s


@pytest.mark.parametrize("type", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (2, 3, 1, 2)])
def test_every_type_goes_in_and_out(type, shape):
    tensor = f"tensor<{''.join(f'{size}x' for size in shape)}{type}>"
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(DTYPES[type])
    result = rarefy.compile(rarefy.load(identity(tensor)), opt_level=0)(array)
    assert result.dtype == array.dtype
    assert result.flags.c_contiguous and not np.shares_memory(result, array)
    np.testing.assert_array_equal(result, array)


def test_bf16():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    function = rarefy.compile(rarefy.load(identity("tensor<3xbf16>")))
    array = np.array([0.5, -2, 3], ml_dtypes.bfloat16)
    result = function(array)
    assert result.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(result, array)
    np.testing.assert_array_equal(function(array.view(np.uint16)), array)


def test_several_results_are_a_tuple():
    source = """
    func.func @main(%x: tensor<2xi32>) -> (tensor<2xi32>, tensor<f32>, tensor<2xi32>) {
      %0 = arith.constant dense<1.5> : tensor<f32>
      %1 = arith.addi %x, %x : tensor<2xi32>
      return %1, %0, %1 : tensor<2xi32>, tensor<f32>, tensor<2xi32>
    }"""
    first, scalar, last = rarefy.compile(rarefy.load(source))(np.array([1, 2], np.int32))
    assert first.tolist() == last.tolist() == [2, 4]
    assert scalar.shape == () and scalar == 1.5
    first[0] = 7
    assert last[0] == 2


def test_results_outlive_the_program():
    function = rarefy.compile(rarefy.load(identity("tensor<1000xf32>")))
    result = function(np.arange(1000, dtype="f4"))
    del function
    assert result.sum() == 499500


def test_large_constants_stay_out_of_the_code():
    numbers = np.random.default_rng(1).normal(size=(256, 8)).astype("f4")
    source = f"""
    func.func @main(%x: tensor<256x8xf32>) -> tensor<256x8xf32> {{
      %0 = arith.constant dense<"0x{numbers.tobytes().hex()}"> : tensor<256x8xf32>
      %1 = arith.constant dense_resource<weights> : tensor<256x8xf32>
      %2 = arith.mulf %x, %0 : tensor<256x8xf32>
      %3 = arith.addf %2, %1 : tensor<256x8xf32>
      return %3 : tensor<256x8xf32>
    }}
    {{-# dialect_resources: {{builtin: {{weights: "0x04000000{numbers.tobytes().hex()}"}}}} #-}}"""
    module = rarefy.load(source)
    function = rarefy.compile(module)
    assert function.stats.constant_bytes == 2 * numbers.nbytes
    assert len(str(module)) < 2000
    del module
    x = np.ones_like(numbers)
    np.testing.assert_allclose(function(x), 2 * numbers)


def test_other_arrays(matmul, operands):
    a, b = operands
    expected = a @ b
    a.flags.writeable = False
    for arguments in [(a, np.asfortranarray(b)), (a.tolist(), b), (a, b.T.copy().T)]:
        np.testing.assert_allclose(matmul(*arguments), expected, rtol=1e-5)
    unaligned = np.frombuffer(b"\0" + b.tobytes(), np.uint8)[1:].view("f4").reshape(b.shape)
    np.testing.assert_allclose(matmul(a, unaligned), expected, rtol=1e-5)


def test_torch():
    torch = pytest.importorskip("torch")
    function = rarefy.compile(rarefy.load(identity("tensor<2x3xf32>")))
    tensor = torch.randn(3, 2)
    np.testing.assert_array_equal(function(tensor.T), tensor.T.numpy())
    bits = rarefy.compile(rarefy.load(identity("tensor<4xbf16>")))
    assert bits(torch.ones(4, dtype=torch.bfloat16)).astype("f4").tolist() == [1] * 4
    assert (torch.eye(64) @ torch.ones(64, 64)).sum() == 64 * 64


def test_threads(operands):
    function = rarefy.compile(rarefy.load(MATMUL), threads=1)
    assert function.threads == 1
    a, b = operands
    expected, wrong = function(a, b), []

    def work():
        wrong.extend(1 for _ in range(50) if not np.array_equal(function(a, b), expected))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_compile_in_several_threads():
    module, results = rarefy.load(MATMUL), []
    workers = [
        threading.Thread(target=lambda: results.append(rarefy.compile(module, opt_level=0))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 4


def test_run_changes_the_module_and_compile_does_not():
    module = rarefy.load(MATMUL)
    before = str(module)
    rarefy.compile(module, "cse,func.func(linalg-generalize-named-ops)")
    assert str(module) == before and "linalg.matmul" in before
    assert "linalg.generic" in str(module.run("builtin.module(func.func(linalg-generalize-named-ops))"))
    assert rarefy.load(module.to_mlir()).to_mlir() == module.to_mlir()


def test_remarks():
    module = rarefy.load(MATMUL)
    assert module.remarks == []
    module.run("rarefy-raise-attention")
    (remark,) = module.remarks
    assert (remark.kind, remark.pass_name, remark.function) == ("analysis", "rarefy-raise-attention", "main")
    assert "<string>:2" in str(remark)
    assert [r.name for r in rarefy.compile(module, "rarefy-raise-attention").remarks] == [remark.name]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (lambda a, b: (a,), "expected 2 inputs, found 1"),
        (lambda a, b: (a, a), r"input 1 \('b'\): expected 8x\?xf32, found 4x8xf32"),
        (lambda a, b: (a, b[0]), r"input 1 \('b'\): expected 8x\?xf32, found 5xf32"),
        (lambda a, b: (a.astype("f8"), b), r"input 0 \('a'\): expected 4x8xf32, found 4x8xf64"),
        (lambda a, b: (a.astype(complex), b), "input 0: no tensor has elements of type complex128"),
        (lambda a, b: ("text", b), "input 0: no tensor has elements of type <U4"),
        (lambda a, b: ([[1], [2, 3]], b), "input 0: .*inhomogeneous"),
        (lambda a, b: ([["1"] * 8] * 4, b), "input 0: f32 cannot hold"),
    ],
)
def test_wrong_arguments(matmul, operands, arguments, message):
    with pytest.raises(rarefy.RarefyError, match=message):
        matmul(*arguments(*operands))


@pytest.mark.parametrize(
    "type, numbers",
    [
        ("i64", [1.5, 2]),
        ("i64", [float("nan"), 0]),
        ("i64", [2**70, 0]),
        ("i8", [300, 0]),
        ("ui8", [-1, 0]),
        ("i1", [2, 0]),
    ],
)
def test_numbers_that_do_not_fit(type, numbers):
    function = rarefy.compile(rarefy.load(identity(f"tensor<2x{type}>")), opt_level=0)
    assert function([1, 0]).tolist() == function((1.0, 0)).tolist() == [1, 0]
    with pytest.raises(rarefy.RarefyError, match="input 0: "):
        function(numbers)


def test_wrong_tensors():
    torch = pytest.importorskip("torch")
    function = rarefy.compile(rarefy.load(identity("tensor<2xf32>")), opt_level=0)
    tensor = torch.ones(2)
    for wrong in (tensor.to("meta"), tensor.to_sparse(), torch.ones(2, 2, dtype=torch.cfloat).conj()[0],
                  tensor.to(torch.float8_e4m3fn)):  # fmt: skip
        with pytest.raises(rarefy.RarefyError, match="input 0: "):
            function(wrong)


def test_call_that_fails_leaves_the_program_usable():
    source = """
    func.func @main(%n: tensor<i64>) -> tensor<?xi8> {
      %number = tensor.extract %n[] : tensor<i64>
      %size = arith.index_cast %number : i64 to index
      %empty = tensor.empty(%size) : tensor<?xi8>
      return %empty : tensor<?xi8>
    }"""
    function = rarefy.compile(rarefy.load(source))
    for _ in range(3):
        with pytest.raises(rarefy.RarefyError, match=f"not enough memory for {2**50} bytes"):
            function(2**50)
        with pytest.raises(rarefy.RarefyError, match="result 0: size 0 is -3"):
            function(-3)
        assert function(7).shape == (7,)


def test_wrong_names(matmul, operands):
    with pytest.raises(rarefy.RarefyError, match=r"expected the inputs \['b'\] by name, found \['z'\]"):
        matmul(operands[0], z=operands[1])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"passes": "no-such-pass"}, "'no-such-pass' does not refer to a registered pass"),
        ({"entry": "nowhere"}, "no function 'nowhere' with a body: the module has main"),
        ({"cpu": "z80"}, "unknown cpu 'z80'"),
        ({"target": "tpu"}, "unknown target 'tpu': expected 'cpu' or 'spatten'"),
        ({"target": "spatten"}, "target 'spatten': expected a configuration such as configs/spatten.yaml"),
        ({"config": "no.yaml"}, "target 'cpu': expected no configuration of a device"),
        ({"target": "spatten", "config": "no.yaml"}, "no.yaml: .*o such file or directory"),
        (
            {"target": "spatten", "config": "no.yaml", "reference": True},
            "target 'spatten': expected 'cpu' for the reference, plain loops that no device runs",
        ),
        ({"config": None}, "expected a path, found NoneType"),
        ({"config": 1}, "expected a path, found int"),
        ({"set": 1}, "set: expected parameters by name, found 1"),
        ({"entry": ""}, "entry: expected a name, found ''"),
        ({"entry": None}, "entry: expected a name, found None"),
        ({"cpu": ""}, "cpu: expected a name, found ''"),
        ({"passes": None}, "passes: expected a string, found None"),
        ({"threads": -1}, "threads: expected 0 to 1024, found -1"),
        ({"threads": 2**40}, f"threads: expected 0 to 1024, found {2**40}"),
        ({"opt_level": -1}, "optimisation level -1: expected 0 to 3"),
        ({"opt_level": 4}, "optimisation level 4: expected 0 to 3"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(rarefy.RarefyError, match=message):
        rarefy.compile(rarefy.load(MATMUL), **options)


def test_wrong_modules(tmp_path):
    with pytest.raises(ValueError, match=r"<string>:2:.*error: .*undeclared SSA value") as raised:
        rarefy.load("func.func @main() {\n  return %x : f32\n}")
    assert len(raised.value.diagnostics) == 1
    with pytest.raises(rarefy.RarefyError, match="missing.mlir: no such file"):
        rarefy.load(tmp_path / "missing.mlir")
    with pytest.raises(rarefy.RarefyError, match="missing.onnx: no such file"):
        rarefy.import_onnx(tmp_path / "missing.onnx")
    with pytest.raises(rarefy.RarefyError):
        rarefy.import_onnx(b"junk")
    with pytest.raises(rarefy.RarefyError, match="<bytes>:1:1: error"):
        rarefy.load(b"junk")
    for wrong in (3, None):
        with pytest.raises(rarefy.RarefyError, match="expected a path, found "):
            rarefy.load(wrong)
    with pytest.raises(rarefy.RarefyError, match="Is a directory"):
        rarefy.import_onnx(tmp_path)
    for path in (tmp_path / "missing.onnx", tmp_path / "missing"):
        with pytest.raises(rarefy.RarefyError, match="directory: expected none with a path, whose folder"):
            rarefy.import_onnx(path, directory=tmp_path)
    (tmp_path / "model").write_bytes(b"junk")
    with pytest.raises(rarefy.RarefyError, match=f"{tmp_path}/model"):
        rarefy.import_onnx(tmp_path / "model")


def test_onnx_from_a_file_and_from_bytes(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "y"], ["z"])],
        "g",
        [value("x", onnx.TensorProto.FLOAT, ["n"]), value("y", onnx.TensorProto.FLOAT, [1])],
        [value("z", onnx.TensorProto.FLOAT, ["n"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = tmp_path / "add.onnx"
    onnx.save(model, path)
    for module in (rarefy.import_onnx(path), rarefy.import_onnx(bytearray(path.read_bytes())), path):
        function = rarefy.compile(module)
        assert str(function.signature) == "(x: ?xf32, y: 1xf32) -> (z: ?xf32)"
        assert function(x=np.arange(3, dtype="f4"), y=np.ones(1, "f4")).tolist() == [1, 2, 3]


def test_attention_matches_the_reference():
    """An exported encoder: its own input, the fast path against plain loops and PyTorch."""
    path = DATA / "models" / "encoder-script-17.onnx"
    module = rarefy.import_onnx(path)
    with np.load(path.with_suffix(".npz")) as arrays:
        signature = rarefy.compile(module, opt_level=0).signature
        inputs = [arrays[spec.name] for spec in signature.inputs]
        expected = arrays["result"]
    for passes in ("", "rarefy-raise-attention"):
        fast = rarefy.compile(module, passes)(*inputs)
        slow = rarefy.compile(module, passes, reference=True)(*inputs)
        np.testing.assert_allclose(fast, slow, atol=1e-5)
        np.testing.assert_allclose(fast, expected, atol=1e-4)


def test_symbols_are_hidden():
    """What is linked into the extension does not meet another copy of it."""
    library = Path(rarefy._core.__file__)
    listing = subprocess.run(
        [os.environ.get("NM", "nm"), "-D", "--defined-only", library], capture_output=True, text=True
    )
    if listing.returncode:
        pytest.skip("no nm")
    assert [line.split()[-1] for line in listing.stdout.splitlines()] == ["PyInit__core"]


def test_import_is_quick_and_quiet():
    run = subprocess.run([sys.executable, "-c", "import rarefy"], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")

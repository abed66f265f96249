"""The benchmark driver, on a model of one product, with peers that are there and others that are not."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import rarefy
from onnx import TensorProto, helper, numpy_helper
from rarefy.records import Recorder, find

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import _driver as driver  # noqa: E402

WEIGHT = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def work(tmp_path):
    node = helper.make_node("MatMul", ["x", "weight"], ["y"])
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, size])
        for name, size in (("x", 3), ("y", 4))
    ]
    graph = helper.make_graph(
        [node], "product", values[:1], values[1:], [numpy_helper.from_array(WEIGHT, "weight")]
    )
    path = tmp_path / "product.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return driver.Workload("product", path, {"x": np.ones((2, 3), np.float32)}, {"rarefy-dense": ""})


def absent(work, threads):
    raise ImportError("No module named 'absent'")


def run(work, root, monkeypatch, peers):
    monkeypatch.setattr(driver, "PEERS", peers)
    monkeypatch.setattr(driver, "PACKAGES", {})
    monkeypatch.setattr(driver, "ROOT", root)
    recorder = Recorder(root, "bench-product")
    driver.run([work], "us", recorder, seconds=0)
    return recorder.records


def test_peers_and_the_missing(work, tmp_path, monkeypatch, capsys):
    exact = {"onnxruntime": lambda work, threads: lambda: work.inputs["x"] @ WEIGHT, "absent": absent}
    records = run(work, tmp_path, monkeypatch, exact)
    assert {record.name for record in records} == {"product/rarefy-dense", "product/onnxruntime"}
    assert find(records, "product/rarefy-dense", "largest_error").value <= 1e-5
    assert find(records, "product/onnxruntime", "us").baseline == "product/rarefy-dense"
    assert {record.metric for record in records} == {"us", "compile_s", "largest_error", "cosine"}
    printed = capsys.readouterr().out
    assert "missing: product/absent: No module named 'absent'" in printed
    assert (tmp_path / "build" / "results" / "bench-product.json").exists()


def test_error_is_reported(work, tmp_path, monkeypatch):
    wrong = {"onnxruntime": lambda work, threads: lambda: work.inputs["x"] @ WEIGHT + 0.5}
    records = run(work, tmp_path, monkeypatch, wrong)
    assert find(records, "product/rarefy-dense", "largest_error").value == pytest.approx(0.5)


def test_other_shape_is_an_error(work, tmp_path, monkeypatch):
    wrong = {"onnxruntime": lambda work, threads: lambda: np.zeros((2, 5), np.float32)}
    with pytest.raises(
        SystemExit, match=r"product/rarefy-dense: expected a result of \(2, 5\), found \(2, 4\)"
    ):
        run(work, tmp_path, monkeypatch, wrong)


def test_our_own_failure_is_an_error(work, tmp_path, monkeypatch):
    work.variants["rarefy-dense"] = "no-such-pass"
    with pytest.raises(rarefy.RarefyError, match="no-such-pass"):
        run(work, tmp_path, monkeypatch, {})

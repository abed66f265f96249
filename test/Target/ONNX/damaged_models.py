"""Writes models that are damaged or hostile, and prints the error of importing each.

usage: damaged_models.py rarefy-translate folder
"""

import sys
from pathlib import Path

import onnx
from import_errors import import_error
from make_model import parse

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
g (float[2,3] x) => (float[2,3] y) <float[2,3] w = {1, 2, 3, 4, 5, 6}> { y = Add(x, w) }"""


def model(change=lambda tensor: None):
    """The model of TEXT with its initialiser changed."""
    result = parse(TEXT)
    weight = result.graph.initializer[0]
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight), "w"))
    change(weight)
    return result


def set_dims(*dims):
    def change(tensor):
        tensor.dims[:] = dims

    return change


def set_external(**entries):
    def change(tensor):
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)

    return change


def sparse():
    result = model()
    values = result.graph.initializer[0]
    result.graph.sparse_initializer.add(values=values, dims=[6])
    return result


def training():
    result = model()
    result.training_info.add()
    return result


def cases(folder):
    (folder.parent / "outside.bin").write_bytes(bytes(24))
    (folder / "short.bin").write_bytes(bytes(20))
    link = folder / "link.bin"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.parent / "outside.bin")
    whole = model().SerializeToString()
    yield "empty", b""
    yield "garbage", b"\xff" * 100
    yield "truncated", whole[: len(whole) // 2]
    yield "no-opset", onnx.ModelProto(graph=model().graph)
    yield "short", model(lambda tensor: setattr(tensor, "raw_data", bytes(20)))
    yield "negative", model(set_dims(-2, 3))
    yield "overflow", model(set_dims(2**62, 2**62))
    yield "float8", model(lambda tensor: setattr(tensor, "data_type", onnx.TensorProto.FLOAT8E4M3FN))
    yield "sparse", sparse()
    yield "training", training()
    yield "segment", model(lambda tensor: setattr(tensor.segment, "end", 3))
    yield "no-location", model(set_external())
    yield "missing", model(set_external(location="missing.bin"))
    yield "outside", model(set_external(location="../outside.bin"))
    yield "absolute", model(set_external(location=str(folder / "short.bin")))
    yield "link", model(set_external(location="link.bin"))
    yield "beyond", model(set_external(location="short.bin", offset="16", length="24"))
    yield "offset", model(set_external(location="short.bin", offset="-4"))
    yield "short-file", model(set_external(location="short.bin"))


def main():
    tool, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    for name, content in cases(folder):
        path = folder / f"{name}.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        print(import_error(tool, path))


if __name__ == "__main__":
    main()

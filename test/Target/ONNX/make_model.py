"""Writes an ONNX model from its textual form.

usage: make_model.py [--external] text model.onnx

With --external, the initialisers' data go to a file beside the model.
"""

import argparse
from pathlib import Path

import onnx


def parse(text):
    """Parses a model in ONNX's syntax; lines that start with `//` are comments."""
    lines = [line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("//")]
    return onnx.parser.parse_model("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--external", action="store_true")
    parser.add_argument("text", type=Path)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    model = parse(arguments.text.read_text(encoding="utf-8"))
    location = arguments.model.name + ".data"
    if arguments.external:
        (arguments.model.parent / location).unlink(missing_ok=True)
        # Only raw data can be moved to another file.
        for tensor in model.graph.initializer:
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    onnx.save(
        model,
        arguments.model,
        save_as_external_data=arguments.external,
        location=location,
        size_threshold=0,
    )


if __name__ == "__main__":
    main()

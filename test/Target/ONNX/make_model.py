"""Writes an ONNX model from its textual form.

usage: make_model.py text.txt model.onnx
"""

import sys

import onnx

with open(sys.argv[1], encoding="utf-8") as source:
    lines = [line for line in source if not line.lstrip().startswith("//")]
model = onnx.parser.parse_model("".join(lines))
onnx.save(model, sys.argv[2])

"""Paths that are bytes and no text, wherever the package takes a path."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import rarefy

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "spatten.yaml"
# Neither is UTF-8; the second has no bytes, as no name of a file gives it.
BYTES, NOTHING = os.fsdecode(b"\xff"), "\ud800"

PROGRAM = """isa.program @idle for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64,
    rows_per_line = 8 : i64, max_keys = 1024 : i64} {
  spatten.halt
}"""
ATTENTION = """func.func @main(%x: tensor<4x8x16xf32>) -> tensor<4x8x16xf32> {
  %o = tensor.empty() : tensor<4x8x16xf32>
  %0 = rarefy.attention ins(%x, %x, %x : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x16xf32>)
    outs(%o : tensor<4x8x16xf32>) {scale = 0.5 : f32} -> tensor<4x8x16xf32>
  return %0 : tensor<4x8x16xf32>
}"""
SAMPLE = np.ones((4, 8, 16), np.float32)

# A name, and what opens it.
USES = {
    "load": ("x.mlir", rarefy.load),
    "import_onnx, by its name": ("x.onnx", rarefy.import_onnx),
    "import_onnx": ("x", rarefy.import_onnx),
    "compile": ("x.mlir", rarefy.compile),
    "compile, config": (
        "x.yaml",
        lambda path: rarefy.compile(ATTENTION, target="spatten", config=path),
    ),
    "compile, passes": (
        "x.json",
        lambda path: rarefy.compile(ATTENTION, f"rarefy-quantize-attention{{scales={path}}}"),
    ),
    "Simulator": ("x.mlir", lambda path: rarefy.Simulator(path, CONFIG)),
    "Simulator, config": ("x.yaml", lambda path: rarefy.Simulator(PROGRAM, path)),
    "Simulator, trace": ("x/x", lambda path: rarefy.Simulator(PROGRAM, CONFIG).run(trace=path)),
    "calibrate": ("x.mlir", lambda path: rarefy.calibrate(path, [SAMPLE], "")),
    "calibrate, path": ("x/x", lambda path: rarefy.calibrate(ATTENTION, [SAMPLE], "", path=path)),
}


@pytest.mark.parametrize("use", USES)
def test_errors_name_paths_that_are_no_text(tmp_path, use):
    name, call = USES[use]
    path = f"{tmp_path}/{name.replace('x', BYTES)}"
    with pytest.raises(rarefy.RarefyError, match=rf"error: .*{re.escape(path)}: [Nn]o such file"):
        call(path)


@pytest.mark.parametrize("wrong", [NOTHING, "nul\0"])
@pytest.mark.parametrize("use", [use for use in USES if use != "compile, passes"])
def test_what_no_file_can_be_called_is_refused(tmp_path, use, wrong):
    path = f"{tmp_path}/{wrong}"
    with pytest.raises(rarefy.RarefyError) as raised:
        USES[use][1](path)
    assert str(raised.value) == f"error: expected a path, found {path!a}"


def test_files_whose_names_are_no_text(tmp_path):
    folder = tmp_path / BYTES
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("no such names on this file system")
    (folder / "attention.mlir").write_text(ATTENTION)
    (folder / "program.mlir").write_text(PROGRAM)
    (folder / "machine.yaml").write_text(CONFIG.read_text())
    scales, trace = folder / "scales.json", folder / "trace.json"
    rarefy.calibrate(folder / "attention.mlir", [SAMPLE], "", path=scales)
    passes = f"rarefy-quantize-attention{{scales={scales}}}"
    run = rarefy.compile(
        folder / "attention.mlir", passes, target="spatten", config=folder / "machine.yaml", opt_level=1
    )
    assert run(SAMPLE).shape == SAMPLE.shape
    assert {remark.location.rpartition("/")[0] for remark in run.remarks} == {str(folder)}
    simulator = rarefy.Simulator(os.fspath(folder / "program.mlir"), folder / "machine.yaml")
    simulator.run(trace=trace)
    assert trace.read_text().startswith("{")


def test_text_of_no_characters_is_parsed():
    with pytest.raises(rarefy.RarefyError, match="<string>:2:1: error"):
        rarefy.load(f"module {{}}\n{NOTHING}")

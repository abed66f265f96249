"""Programs simulated from Python: the same integers and figures as rarefy-sim's, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rarefy
from datapath import Planes, attention
from test_spatten_programs import draw, fused, program

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "spatten.yaml"
TOOLS = Path(os.environ["RAREFY_TOOLS"])

# Each run returns what the run before was given.
DELAY = """
isa.program @delay for "spatten" {key_lines = 256 : i64, value_lines = 256 : i64, rows_per_line = 8 : i64,
    max_keys = 1024 : i64} {
  isa.tensor @x in at 0 : tensor<2x8xi6>
  isa.tensor @scale in at 96 : tensor<2xf32> = dense<1.0> : tensor<2xf32>
  isa.tensor @last state at 32 : tensor<2x8xi6>
  isa.tensor @y out at 64 : tensor<2x8xi6>
  spatten.load_tokens offset = 32, tokens = 3, signal = [1]
  spatten.store_tokens offset = 64, tokens = 3, wait = [1], signal = [2]
  spatten.load_tokens tokens = 3, wait = [2], signal = [3]
  spatten.store_tokens offset = 32, tokens = 3, wait = [3]
  spatten.halt
}
"""
ZEROS = np.zeros((2, 8), np.int8)


@pytest.fixture
def delay():
    return rarefy.Simulator(DELAY, CONFIG)


@pytest.fixture(scope="module")
def row():
    """A generation step, lowered; its inputs; what it has to return."""
    rng = np.random.default_rng(7)
    q, k, v = draw((2, 1, 64), 12, rng), draw((2, 96, 64), 10, rng), draw((2, 96, 64), 12, rng)
    options = (
        "scale = 1.5e-7 : f32, value_bits = 6, keep_values = 16, keep_group = 2, "
        "planes = #rarefy.planes<msb = 6, lsb = 4, threshold = 5.0e-2>"
    )
    module = rarefy.load(program(2, 1, 96, options))
    module.run(f"convert-rarefy-to-spatten{{config={CONFIG}}}")
    inputs = {"q": q, "k.msb": fused(k >> 4).astype(np.int8), "k.lsb": (k & 15).astype(np.int8)}
    inputs["v.value"] = fused(v >> 6).astype(np.int8)
    planes = Planes(6, 4, 5e-2)
    wanted = attention(q, k, v, scale=1.5e-7, planes=planes, value_bits=6, keep=16, group=2)
    return module, inputs, wanted.output


def test_attention_gives_the_integers_and_figures_of_the_tool(row, tmp_path):
    module, inputs, wanted = row
    simulator = rarefy.Simulator(module, CONFIG, set={"topk.parallelism": 1})
    outputs = simulator.run(inputs)
    assert list(outputs) == ["result0", "result1", "result2"]
    np.testing.assert_array_equal(outputs["result0"], wanted)
    (tmp_path / "row.elf").write_bytes(module.to_program())
    for name, array in inputs.items():
        np.save(tmp_path / f"{name}.npy", array)
    files = ",".join(f"{name}={tmp_path / name}.npy" for name in inputs)
    command = [TOOLS / "rarefy-sim", tmp_path / "row.elf", f"--config={CONFIG}", f"--inputs={files}"]
    command += ["--set=topk.parallelism=1", "--stats=json"]
    figures = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert simulator.statistics == json.loads(figures)
    assert simulator.statistics["config"]["topk_parallelism"] == 1
    # Each transaction is on its bus for nBL cycles.
    assert simulator.statistics["dram_bus_busy"] == 4 * simulator.statistics["dram_transactions"]


def test_a_program_comes_from_a_module_bytes_or_files(row, tmp_path):
    module, inputs, wanted = row
    elf, text = module.to_program(), module.to_mlir()
    assert elf[:4] == b"\177ELF"
    assert rarefy.load(elf).to_program() == elf
    assert "spatten.load_key_lsb" in str(rarefy.load(elf))
    (tmp_path / "row.elf").write_bytes(elf)
    (tmp_path / "row.mlir").write_text(text)
    for source in (elf, bytearray(elf), text.encode(), tmp_path / "row.elf", str(tmp_path / "row.mlir")):
        np.testing.assert_array_equal(rarefy.Simulator(source, CONFIG).run(inputs)["result0"], wanted)


def test_tensors(delay):
    x, scale, last, y = delay.tensors
    assert x == rarefy.DeviceTensor("x", "i8", (2, 8), "in", 6, False)
    assert (scale.type, scale.bits, scale.has_value) == ("f32", 32, True)
    assert (last.direction, y.direction) == ("state", "out")
    assert str(y) == "y: 2x8xi8"


def test_state_stays_from_run_to_run(delay):
    first = delay.run({"x": np.arange(16).reshape(2, 8) - 8, "last": [[9] * 8] * 2})
    assert first["y"].tolist() == [[9] * 8] * 2
    assert first["last"].tolist() == [list(range(-8, 0)), list(range(8))]
    second = delay.run({"x": ZEROS})
    assert second["y"].dtype == np.int8
    assert second["y"].tolist() == first["last"].tolist()
    assert not delay.run()["y"].any(), "an input keeps what it was given"
    assert first["y"].tolist() == [[9] * 8] * 2, "outputs are copies"


def test_simulators_do_not_share_tensors_or_their_module(row):
    module = rarefy.load(DELAY)
    first, second = rarefy.Simulator(module, CONFIG), rarefy.Simulator(module, CONFIG)
    first.run({"x": ZEROS + 5})
    assert not second.run({"x": ZEROS})["last"].any()
    del module
    assert first.run()["y"].min() == 5


def test_trace(delay, tmp_path):
    delay.run({"x": ZEROS}, trace=tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "X"] == ["load_tokens", "store_tokens"] * 2
    with pytest.raises(rarefy.RarefyError, match=r"none/trace\.json: [Nn]o such file"):
        delay.run(trace=tmp_path / "none" / "trace.json")
    with pytest.raises(rarefy.RarefyError, match="/dev/full: No space left on device"):
        delay.run(trace="/dev/full")


@pytest.mark.parametrize(
    "inputs, message",
    [
        ({}, "tensor 'x' is an input and missing"),
        ({"z": ZEROS}, r"expected tensors of the program, \['x', 'scale', 'last', 'y'\], found 'z'"),
        ({"x": ZEROS[0]}, r"tensor 'x' expects tensor<2x8xi6>, found 8xi8"),
        ({"x": ZEROS + 64}, "tensor 'x' expects numbers of 6 bits, found 64 in place 0"),
        ({"x": [[0] * 8, [0] * 7 + [-33]]}, "tensor 'x' expects numbers of 6 bits, found -33 in place 15"),
        ({"x": [[300] * 8] * 2}, "tensor 'x': "),
        ({"x": ZEROS.astype(np.float32)}, r"tensor 'x' expects tensor<2x8xi6>, found 2x8xf32"),
        ({"x": [[0.5] * 8] * 2}, "tensor 'x': i8 cannot hold"),
        ({"x": "text"}, "tensor 'x': no tensor has elements of type"),
        ({"scale": np.float32([1, np.nan])}, "tensor 'scale' expects finite numbers, found nan in place 1"),
        ({"scale": np.float64([1, 1])}, r"tensor 'scale' expects tensor<2xf32>, found 2xf64"),
        ({"scale": np.int32([1, 1])}, r"tensor 'scale' expects tensor<2xf32>, found 2xi32"),
        ({"y": ZEROS}, "tensor 'y' is an output, expected an input or a state"),
        ({"y": [[0] * 8] * 2}, "tensor 'y' is an output, expected an input or a state"),
        ([ZEROS], "inputs: expected arrays by name"),
    ],
)
def test_wrong_inputs(delay, inputs, message):
    with pytest.raises(rarefy.RarefyError, match=message):
        delay.run(inputs)
    with pytest.raises(rarefy.RarefyError, match="no run to have statistics of"):
        _ = delay.statistics


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"config": "no/such.yaml"}, r"no/such\.yaml"),
        ({"config": 3}, "expected a path, found int"),
        ({"set": {"topk.colour": 1}}, r"topk\.colour"),
        ({"set": ["topk.parallelism=1"]}, "set: expected parameters by name"),
        ({"set": {"sram.lines": 512}}, "made for a machine with key_lines = 256, not 512"),
        ({"program": "module {}"}, r"expected one 'isa\.program', found 0"),
        ({"program": b"\177ELF"}, "<bytes>"),
        ({"program": DELAY.replace("xi6>", "xf8E4M3FN>")}, "tensor 'x' has elements that no array holds"),
        ({"program": 3}, "expected a path, found int"),
    ],
)
def test_wrong_machines_and_programs(arguments, message):
    with pytest.raises(rarefy.RarefyError, match=message):
        rarefy.Simulator(**{"program": DELAY, "config": CONFIG, **arguments})


def test_a_module_without_a_program_is_no_file():
    with pytest.raises(rarefy.RarefyError, match=r"expected one 'isa\.program', found 0"):
        rarefy.load("module {}").to_program()


def test_a_race_is_an_error_that_names_instructions():
    simulator = rarefy.Simulator(DELAY.replace("wait = [1], ", ""), CONFIG)
    with pytest.raises(
        rarefy.RarefyError, match=r"instruction 2 \('spatten\.store_tokens'\): reads importance"
    ):
        simulator.run({"x": ZEROS})

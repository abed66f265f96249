"""Schedules compiled to programs and simulated: against the closed formulas, and against the CPU bit for bit."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rarefy
from rarefy.workloads import busy_cycles, function, read_schedule, rows, total
from workload_files import CONFIGS, GENERATION, ROOT, SUMMARIZATION, write

TOOLS = Path(os.environ["RAREFY_TOOLS"])
CONFIG = ROOT / "configs" / "spatten.yaml"
EXPECTED = ("--set", "memory.mode=nominal", "--set", "topk.rounds=expected")


def simulate(folder, module, inputs, *options):
    """The statistics of a run; its outputs are in `folder`."""
    source, program, elf, stats = (folder / name for name in ("s.mlir", "p.mlir", "p.elf", "stats.json"))
    source.write_text(module)
    lowering = f"--convert-rarefy-to-spatten=config={CONFIG}"
    for command in (
        ["rarefy-opt", source, lowering, "-o", program],
        ["rarefy-translate", "--export-program", program, "-o", elf],
        ["rarefy-sim", elf, f"--config={CONFIG}", f"--inputs={inputs}", f"--stats=json={stats}", *options],
    ):
        subprocess.run([TOOLS / command[0], *command[1:]], check=True)
    return json.loads(stats.read_text())


@pytest.mark.parametrize("name", ["gpt2-small", "bert-base"])
def test_figures_are_those_of_the_formulas(name, tmp_path):
    schedule = read_schedule(CONFIGS / f"{name}.json")
    # Both heads of a pair are requantized where the schedule lists one of them.
    pairs = {
        (i, layer, head)
        for i, layer, odd in schedule.requantized
        for head in (odd // 2 * 2, odd // 2 * 2 + 1)
    }
    table = list(rows(schedule, pairs))
    sums, busy = total(table, schedule), busy_cycles(table, schedule)
    found = simulate(tmp_path, function(schedule, "schedule"), "random:1", *EXPECTED)
    read, macs = found["bytes"]["read"], found["macs"]
    assert (macs["score"], macs["weight"], macs["requantized"]) == (
        sums.qk_macs,
        sums.pv_macs,
        sums.requantized_macs,
    )
    assert (read["key_msb"], read["key_lsb"], read["value"]) == (
        sums.key_msb_bytes,
        sums.key_lsb_bytes,
        sums.value_bytes,
    )
    assert found["requantized_rows"] == sum(row.if_requant for row in table)
    assert found["busy"]["weight"] == busy.pv
    assert found["busy"]["score"] == pytest.approx(busy.qk, rel=0.02)
    assert found["busy"]["value_topk"] == pytest.approx(busy.topk, rel=0.02)


def test_gpt2_small_lists_one_head_of_nine_pairs():
    """What docs/Workloads.md says of its 332 rows."""
    schedule = read_schedule(CONFIGS / "gpt2-small.json")
    others = {(i, layer, head ^ 1) for i, layer, head in schedule.requantized} - schedule.requantized
    assert (len(schedule.requantized), len(others)) == (323, 9)


@pytest.mark.parametrize("bits, value_fraction", [(8, 0.5), (6, 1)])
def test_the_cpu_computes_the_same(bits, value_fraction, tmp_path):
    """Heads of 6 bits could come in pairs, but for the last layer, which has one: so they take 8 bits in memory."""
    edits = {"bits.key_msb": bits, "bits.value": bits, "head_dim": 64, "requant_threshold": 0.5}
    schedule = read_schedule(write(tmp_path, GENERATION, local_value_fraction=value_fraction, **edits))
    module = function(schedule, scale=1e-7 * 4 ** (8 - bits))
    rng = np.random.default_rng(0)
    new, cache = (2, 3, 2, 1, 64), (3, 2, 9, 64)
    shapes = {"queries": new, "keys": cache, "values": cache, "new_keys": new, "new_values": new}
    arrays = {name: rng.integers(-2048, 2048, shape).astype(np.int16) for name, shape in shapes.items()}
    planes = {}
    for name, array in arrays.items():
        if "key" in name:
            array >>= 8 - bits
            planes |= {f"{name}.msb": array >> 4, f"{name}.lsb": array & 15}
        elif "value" in name:
            planes[f"{name}.value"] = array >> (12 - bits) << (8 - bits)
        else:
            planes[name] = array
    for name, array in planes.items():
        np.save(tmp_path / f"{name}.npy", array)
    files = ",".join(f"{name}={tmp_path / name}.npy" for name in planes)
    found = simulate(tmp_path, module, files, f"--outputs={tmp_path}")
    assert 0 < found["requantized_rows"] < 10
    outputs = np.load(tmp_path / "outputs.npy")
    expected = np.asarray(rarefy.compile(rarefy.load(module))(*arrays.values()))
    np.testing.assert_array_equal(outputs, expected)
    assert not outputs[:, 2, 1].any()  # Layer 2 has one head.


@pytest.mark.parametrize(
    "bits, value_fraction",
    [((8, 8), 0.5), ((6, 8), 1), ((8, 6), 1)],
    ids=["selected", "keys of 6", "values of 6"],
)
def test_the_cpu_selects_the_same_heads(bits, value_fraction, tmp_path):
    """A cascade over tokens and three selections of heads; the first layer's could come in pairs, the others' not."""
    key_bits, value_bits = bits
    kept = {"head_keep_fraction": [1, 0.75, 0.5, 0.25], "token_keep_fraction": [1, 0.8, 0.8, 0.5]}
    edits = {"layers": 4, "heads": 8, "head_dim": 64, "local_value_fraction": value_fraction, **kept}
    edits |= {"bits.key": key_bits, "bits.value": value_bits}
    schedule = read_schedule(write(tmp_path, SUMMARIZATION, **edits))
    module = function(schedule, scale=1e-6)
    rng = np.random.default_rng(1)
    arrays = {
        name: rng.integers(-2048, 2048, (4, 8, 10, 64)).astype(np.int16)
        for name in ("queries", "keys", "values")
    }
    # Heads that come last give most: the first ones would not be kept by chance.
    arrays["values"] = (arrays["values"] * np.linspace(0.1, 1, 8)[:, None, None]).astype(np.int16)
    arrays["keys"] >>= 12 - key_bits
    # In memory a value of 6 bits takes the upper ones of 8.
    values = arrays["values"] >> (12 - value_bits) << (8 - value_bits)
    files = {"queries": arrays["queries"], "keys.msb": arrays["keys"], "values.value": values}
    for name, array in files.items():
        np.save(tmp_path / f"{name}.npy", array)
    inputs = ",".join(f"{name}={tmp_path / name}.npy" for name in files)
    simulate(tmp_path, module, inputs, f"--outputs={tmp_path}")
    outputs = np.load(tmp_path / "outputs.npy")
    expected = np.asarray(rarefy.compile(rarefy.load(module))(*arrays.values()))
    np.testing.assert_array_equal(outputs, expected)
    for layer, step in enumerate(schedule.steps()):
        assert outputs[layer, : step.heads, : step.queries].any()

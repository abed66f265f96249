"""Every parameter of the machine's file acts: another value changes what a run says or gives, or is refused for another
reason than its range."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rarefy
from rarefy.workloads import function, read_schedule

CONFIG = Path(__file__).parents[2] / "configs" / "spatten.yaml"
# Two iterations of two layers, with both top-k and a second plane.
SCHEDULE = {
    "n_ctx": 96,
    "iterations": 2,
    "first_length": 80,
    "layers": 2,
    "head_dim": 64,
    "heads_per_layer": [2, 2],
    "key_keep_fraction": [1, 0.5],
    "first_key_pruned_iteration": 0,
    "local_value_fraction": 0.25,
    "bits": {"key_msb": 6, "key_lsb": 4, "value": 6, "query": 12},
    "requant_threshold": 0.05,
}
WORDS = {
    "products": "rtl",
    "topk.rounds": "expected",
    "memory.mode": "nominal",
    "memory.refresh.mode": "all-bank",
}
OUT_OF_RANGE = re.compile(r": expected (\d+ to|a power of two up to|[\d.e+-]+ to)")
# What has to be set for another parameter to mean anything.
RELATED = {
    "memory.refresh.mode": {"memory.refresh.interval": 701},
    "memory.refresh.interval": {"memory.refresh.mode": "all-bank"},
    "memory.nominal.bytesPerCyclePerChannel": {"memory.mode": "nominal"},
    "memory.nominal.firstAccessCycles": {"memory.mode": "nominal"},
}


def parameters() -> Iterator[tuple[str, str]]:
    """Keys with dots between levels, and values; the device and the room in the SRAMs have tests of their own."""
    elsewhere = ("name", "sram.buffers", "memory.timing", "memory.organization", "memory.mapping")
    path: list[str] = []
    for line in CONFIG.read_text().splitlines():
        found = re.match(r"( *)(\w+): *([^#]*)", line)
        if not found:
            continue
        path[len(found[1]) // 2 :] = [found[2]]
        value = found[3].strip()
        fields = re.findall(r"(\w+): ([^,}]+)", value) if value.startswith("{") else [("", value)]
        for field, text in fields if value else []:
            key = ".".join([*path, field]).strip(".")
            if not key.startswith(elsewhere):
                yield key, text


def others(key: str, value: str) -> list[str]:
    """Less and more of a number, or another word."""
    if key == "memory.refresh.interval":
        return ["701"]
    if key in WORDS:
        return [WORDS[key]]
    number = float(value)
    return [f"{number / 2:g}", "1", f"{number * 2:g}"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("parameters") / "schedule.json"
    path.write_text(json.dumps(SCHEDULE))
    module = rarefy.load(function(read_schedule(path), "schedule"))
    module.run(f"convert-rarefy-to-spatten{{config={CONFIG}}}")
    return module


def run(program, changes):
    """Figures and outputs, or why the machine is refused."""
    try:
        simulator = rarefy.Simulator(program, CONFIG, set=changes)
    except rarefy.RarefyError as error:
        return str(error)
    rng = np.random.default_rng(1)
    inputs = {}
    for tensor in simulator.tensors:
        if tensor.direction != "out" and not tensor.has_value:
            limit = 1 << (min(tensor.bits, 12) - 1)
            inputs[tensor.name] = rng.integers(-limit, limit, tensor.shape).astype(
                tensor.type.replace("i", "int")
            )
    outputs = {name: array.tolist() for name, array in simulator.run(inputs).items()}
    figures = dict(simulator.statistics)
    del figures["config"]
    return figures, outputs


@pytest.mark.parametrize("key, value", list(parameters()))
def test_parameter_acts(key, value, program):
    related = RELATED.get(key, {})
    before = run(program, related)
    assert not isinstance(before, str)
    found = [run(program, {**related, key: other}) for other in others(key, value)]
    # What is out of range says nothing of what the parameter does.
    in_range = [what for what in found if not (isinstance(what, str) and OUT_OF_RANGE.search(what))]
    assert any(what != before for what in in_range), key

"""Calibrated and quantized attention: the datapath's numbers, and what they cost the digits model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import rarefy
from datapath import Planes, attention

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "digits"))
import demo as digits  # noqa: E402
from architecture import LAYERS, SCHEDULES  # noqa: E402

# There are no images but the held-back ones: scales come from the first of these, accuracy is that of all.
CALIBRATED = 50
BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}
SHAPE = (4, 12, 16)
SCALE = 0.25

MODULE = """
func.func @main(%q: tensor<4x12x16xf32>, %k: tensor<4x12x16xf32>, %v: tensor<4x12x16xf32>,
    %t: tensor<12xf32>, %h: tensor<4xf32>) -> (tensor<4x12x16xf32>, tensor<12xf32>, tensor<4xf32>) {
  %o = tensor.empty() : tensor<4x12x16xf32>
  %0:3 = rarefy.attention ins(%q, %k, %v : tensor<4x12x16xf32>, tensor<4x12x16xf32>, tensor<4x12x16xf32>)
    outs(%o : tensor<4x12x16xf32>) token_importance(%t : tensor<12xf32>) head_importance(%h : tensor<4xf32>)
    {scale = 0.25 : f32, keep_values = 5} -> tensor<4x12x16xf32>, tensor<12xf32>, tensor<4xf32>
  return %0#0, %0#1, %0#2 : tensor<4x12x16xf32>, tensor<12xf32>, tensor<4xf32>
}"""


def sample(seed: int, spread: float = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = [SHAPE, SHAPE, SHAPE, SHAPE[1:2], SHAPE[:1]]
    return [(spread * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]


def quantizing(path: Path, key_bits: int | str = 8, value_bits: int = 8) -> str:
    return f"rarefy-quantize-attention{{scales={path} key-bits={key_bits} value-bits={value_bits}}}"


def steps(x: np.ndarray, scale: float, bits: int) -> np.ndarray:
    largest = 2 ** (bits - 1) - 1
    return np.clip(np.rint(x / np.float32(scale)), -largest, largest).astype(np.int16)


@pytest.mark.parametrize("key_bits, value_bits, planes", [
    (8, 8, Planes(8, 0, 0)), ("6+4", 6, Planes(6, 4, 0.1)), ("12", 12, Planes(12, 0, 0)),
])  # fmt: skip
def test_numbers_are_those_of_the_datapath(tmp_path, key_bits, value_bits, planes):
    """The last sample is larger than any that was calibrated with: it saturates."""
    path = tmp_path / "scales.json"
    module = rarefy.load(MODULE)
    bits = {"key_bits": key_bits, "value_bits": value_bits}
    [scales] = rarefy.calibrate(module, [sample(i) for i in range(3)], "", **bits, path=path)
    run = rarefy.compile(module, quantizing(path, **bits), opt_level=1)
    for q, k, v, t, h in (sample(1), sample(9, spread=4)):
        ours = run(q, k, v, t, h)
        integers = (
            steps(q, scales["query"], 12),
            steps(k, scales["key"], planes.msb + planes.lsb),
            steps(v, scales["value"], value_bits) << (12 - value_bits),
        )
        scale = np.float32(SCALE * scales["query"] * scales["key"])
        theirs = attention(*integers, scale=scale, planes=planes, value_bits=value_bits, keep=5)
        unit = np.float32(scales["value"] / 2 ** (12 - value_bits))
        np.testing.assert_array_equal(ours[0], theirs.output.astype(np.float32) * unit)
        np.testing.assert_array_equal(ours[1], t + theirs.tokens.astype(np.float32) / np.float32(2048))
        np.testing.assert_allclose(ours[2], h + theirs.heads.astype(np.float32) * unit, rtol=1e-6)


def test_scales_are_the_largest_over_samples(tmp_path):
    samples = [sample(i) for i in range(3)]
    path = tmp_path / "scales.json"
    scales = rarefy.calibrate(rarefy.load(MODULE), samples, "", key_bits="4+3", value_bits=6, path=path)
    for index, (name, largest) in enumerate({"query": 2047, "key": 63, "value": 31}.items()):
        expected = max(float(np.abs(one[index]).max()) for one in samples) / largest
        assert scales[0][name] == pytest.approx(expected, rel=1e-12)
    assert json.loads(path.read_text()) == scales


def test_zeros_have_a_scale(tmp_path):
    path = tmp_path / "scales.json"
    zeros = [np.zeros_like(array) for array in sample(0)]
    [scales] = rarefy.calibrate(rarefy.load(MODULE), [zeros], "", path=path)
    assert set(scales.values()) == {1e-12}
    assert not rarefy.compile(rarefy.load(MODULE), quantizing(path), opt_level=1)(*zeros)[0].any()


@pytest.mark.parametrize("samples, options, message", [
    ([], {}, "samples: expected one at least, found none"),
    ([[np.full(SHAPE, np.nan, np.float32), *sample(0)[1:]]], {}, "sample 1: input 0: expected numbers, found NaN"),
    ([sample(0), [sample(0)[0], np.full(SHAPE, np.inf, np.float32), *sample(0)[2:]]], {},
     "sample 2: attention 1: expected numbers up to 1e+12 in key, found inf"),
    ([sample(0)[:2]], {}, "expected 5 inputs"),
    ([sample(0)], {"key_bits": "6+x"}, "key_bits: expected a number or two as in 6+4, found '6+x'"),
    ([sample(0)], {"key_bits": "10+4"}, "key_bits: expected 2 to 12, found 14"),
    ([sample(0)], {"value_bits": 1}, "value_bits: expected 2 to 12, found 1"),
    ([sample(0)], {"query_bits": 12.5}, "query_bits: expected 2 to 12, found 12.5"),
    ([sample(0)], {"path": "/nowhere/scales.json"}, "/nowhere/scales.json: No such file or directory"),
])  # fmt: skip
def test_wrong_calibrations(samples, options, message):
    with pytest.raises(rarefy.RarefyError) as raised:
        rarefy.calibrate(rarefy.load(MODULE), samples, "", **options)
    assert message in str(raised.value)


def test_calibration_without_attention():
    identity = "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %x : tensor<4xf32>\n}"
    with pytest.raises(
        rarefy.RarefyError, match="expected attention on floats in 'main' behind the passes ''"
    ):
        rarefy.calibrate(identity, [np.zeros(4, np.float32)], "")


@pytest.fixture(scope="module")
def data():
    return digits.read_images()


def classes(run: rarefy.CompiledFunction, images: np.ndarray) -> np.ndarray:
    return np.array([run(image).argmax() for image in images])


@pytest.mark.parametrize("name", ["dense", "default"])
@pytest.mark.parametrize("key_bits", [8, "6+4"])
def test_digits(tmp_path, data, name, key_bits):
    """Tokens are pruned by importance in integers, too."""
    images, labels = data
    module, path = digits.prune(BY_NAME[name]), tmp_path / "scales.json"
    scales = rarefy.calibrate(module, images[:CALIBRATED], "", key_bits=key_bits, path=path)
    assert len(scales) == LAYERS
    floats = classes(rarefy.compile(module), images)
    run = rarefy.compile(module, quantizing(path, key_bits))
    assert sum(remark.name == "AttentionQuantized" for remark in run.remarks) == LAYERS
    ours = classes(run, images)
    accuracies = [float(np.mean(found == labels)) for found in (floats, ours)]
    print(
        f"\n{name}, keys of {key_bits} bits: accuracy {accuracies[0]:.2%} in floats, {accuracies[1]:.2%} quantized"
    )
    print(f"{np.sum(floats != ours)} of {len(images)} classes differ:\n{''.join(map(str, ours))}")
    assert len(images) == 450
    assert abs(accuracies[0] - accuracies[1]) <= 0.005
    assert np.max(np.abs(rarefy.compile(module)(images[0]) - run(images[0]))) > 0

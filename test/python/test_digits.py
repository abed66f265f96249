"""The digits example: what its schedules promise on paper, and what the compiled model does."""

import sys
from pathlib import Path

import numpy as np
import pytest
import rarefy
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "digits"))
import demo as digits  # noqa: E402
from architecture import CLASSES, DEPTH, HIDDEN, LAYERS, NEAR, PIXELS, SCHEDULES, TOKENS, WIDTH  # noqa: E402
from rarefy.records import Recorder  # noqa: E402

BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}
DEFAULT, DENSE = BY_NAME["default"], BY_NAME["dense"]


@pytest.fixture(scope="module")
def data():
    return digits.read_images()


@pytest.fixture(scope="module")
def dense_accuracy(data):
    return digits.accuracy(rarefy.compile(digits.prune(DENSE)), *data)


def test_schedules():
    assert len(BY_NAME) == len(SCHEDULES) == 7
    for schedule in SCHEDULES:
        assert schedule.tokens[0] == TOKENS
        assert list(schedule.tokens) == sorted(schedule.tokens, reverse=True)
        assert list(schedule.heads) == sorted(schedule.heads, reverse=True)
    assert DENSE.token_layers_kept == 1
    assert DEFAULT.token_layers_kept <= 0.4


def test_dense_accuracy(dense_accuracy):
    assert dense_accuracy >= 0.96


def test_default_accuracy(data, dense_accuracy):
    pruned = digits.accuracy(rarefy.compile(digits.prune(DEFAULT)), *data)
    assert pruned >= dense_accuracy - 0.01


def multiply_adds(schedule):
    """Worked out from the sizes: patches and classifier, then layer by layer."""
    total = PIXELS * NEAR * WIDTH + WIDTH * CLASSES
    behind = (*schedule.tokens[1:], schedule.tokens[-1])
    for before, after, heads in zip(schedule.tokens, behind, schedule.heads, strict=True):
        inner = heads * DEPTH
        total += before * WIDTH * 3 * inner + 2 * before * before * inner
        total += after * inner * WIDTH + after * 2 * WIDTH * HIDDEN
    return total


@pytest.mark.parametrize("schedule", SCHEDULES, ids=BY_NAME)
def test_cost(schedule):
    cost = digits.cost(schedule)
    assert cost["multiply-adds"] == multiply_adds(schedule)
    assert (cost["bytes"] < digits.cost(DENSE)["bytes"]) == (schedule is not DENSE)


def test_note_on_threads(tmp_path):
    recorder = Recorder(tmp_path, "demo")
    for schedule in SCHEDULES:
        for threads, us in ((1, 100), (2, 95), (3, 60)):
            recorder.add(f"digits/{schedule.name}", "us_per_image", us, "us", threads=threads)
    assert "2 threads are no faster than one here (at most 1.05x)" in digits.note_on_threads(
        recorder.records, 2
    )
    assert digits.note_on_threads(recorder.records, 3) == ""


def test_unmet_schedule_is_an_error(monkeypatch):
    monkeypatch.setattr(type(DEFAULT), "passes", "rarefy-raise-attention")
    with pytest.raises(
        rarefy.RarefyError, match=r"default: expected tokens \(65, 13, 8, 6\), found \(65, 65"
    ):
        digits.prune(DEFAULT)


def test_survivors_and_picture(data, tmp_path):
    images = data[0][:3]
    alive = digits.survivors(DEFAULT, images)
    assert len(alive) == 3
    for layers in alive:
        assert tuple(map(len, layers)) == DEFAULT.tokens
        for before, behind in zip(layers, layers[1:], strict=False):
            assert behind[0] == 0
            assert np.isin(behind, before).all()
            assert (np.diff(behind) > 0).all()
    assert any((one[-1] != other[-1]).any() for one in alive for other in alive)
    digits.draw(tmp_path / "digits.png", images, alive, scale=2)
    with Image.open(tmp_path / "digits.png") as picture:
        assert picture.size == (LAYERS * 18 + 2, 3 * 18 + 4)


def test_results_do_not_depend_on_threads(data):
    image = data[0][0]
    one, two = (rarefy.compile(digits.prune(DENSE), threads=threads)(image) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)

"""The digits example: what its schedules promise on paper, and what the compiled model does."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import rarefy
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "digits"))
import demo as digits  # noqa: E402
from architecture import LAYERS, SCHEDULES, TOKENS  # noqa: E402

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
    assert DEFAULT.macs() < DENSE.macs() / 4
    assert DEFAULT.bytes() < DENSE.bytes() / 2


def test_dense_accuracy(dense_accuracy):
    assert dense_accuracy >= 0.96


def test_default_accuracy(data, dense_accuracy):
    pruned = digits.accuracy(rarefy.compile(digits.prune(DEFAULT)), *data)
    assert pruned >= dense_accuracy - 0.01


def test_paper_cost_is_the_compilers():
    module = digits.prune(DEFAULT)
    counted = [re.search(r"multiply-adds=(\d+)", str(remark)) for remark in module.remarks]
    assert [int(match[1]) for match in counted if match] == [DEFAULT.macs()]


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

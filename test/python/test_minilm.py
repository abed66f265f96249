"""The parts of the MiniLM example that need neither the model nor PyTorch."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rarefy

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "minilm"
sys.path.append(str(FOLDER))
import schedules  # noqa: E402
import texts  # noqa: E402

SPEC = importlib.util.spec_from_file_location("minilm_demo", FOLDER / "demo.py")
demo = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(demo)

PROSE = (
    "The quick brown fox jumps over the lazy dog while it rains on the hills and the river is rising slowly, "
)


def test_schedules():
    means = {schedule.name: sum(schedule.keep) / schedules.LAYERS for schedule in schedules.SCHEDULES}
    assert means["dense"] == 1
    assert means["half"] == pytest.approx(0.5)
    assert all(schedule.keep[0] == 1 for schedule in schedules.SCHEDULES)
    half = next(schedule for schedule in schedules.SCHEDULES if schedule.name == "half")
    assert half.passes == "rarefy-raise-attention,rarefy-prune-tokens{keep=1.0,0.4,0.4,0.4,0.4,0.4 protect=0}"


def test_passages(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(f"short\n\n{PROSE * 3}one\n\n{'0x12 ' * 60}\n\n{PROSE * 3}\n  two\n")
    (tmp_path / "b.txt").write_text(f"{PROSE * 3}one\n\n{PROSE * 3}three")
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    monkeypatch.setattr(texts, "SOURCES", (f"{tmp_path}/*",))
    assert [text.split()[-1] for text in texts.passages(10)] == ["one", "two", "three"]
    assert len(texts.passages(2)) == 2


def test_no_passages(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "SOURCES", (f"{tmp_path}/*",))
    with pytest.raises(SystemExit, match="expected English text in .*, found none"):
        texts.passages(2)


def test_neighbours(monkeypatch):
    monkeypatch.setattr(demo, "NEIGHBOURS", 2)
    angles = np.array([0.0, 0.1, 0.3, 3.0])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], 1)
    near = demo.nearest(embeddings)
    assert near.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert demo.agreement(near, near[:, ::-1]) == 1
    assert demo.agreement(near, np.array([[1, 3], [0, 2], [1, 3], [0, 3]])) == 0.5


class Words:
    """A tokenizer with an id for each length of a word."""

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return SimpleNamespace(ids=[len(word) for word in text.split()])


def test_encoder_pads_nothing():
    encoder = object.__new__(texts.Encoder)
    encoder.tokenizer, encoder.first, encoder.last = Words(), 101, 102
    for longest, expected in ((8, [101, 1, 2, 3, 102]), (4, [101, 1, 2, 102])):
        ids, mask = encoder("a bc def", longest)
        assert ids.tolist() == [expected]
        assert ids.dtype == mask.dtype == np.int64
        assert mask.tolist() == [[1] * len(expected)]


@pytest.mark.parametrize(
    "raised, names, error",
    [
        (6, [], None),
        (5, [], "half: expected 6 attentions, found 5"),
        (6, ["TokensNotPruned"], "found 6.*no way"),
    ],
)
def test_a_model_that_stays_whole_is_an_error(raised, names, error, monkeypatch):
    found = [rarefy.Remark("", "", name, "", "no way", "") for name in ["Raised"] * raised + names]
    monkeypatch.setattr(demo, "model_file", lambda tokens: "model.onnx")
    monkeypatch.setattr(demo.rarefy, "compile", lambda model, passes: SimpleNamespace(remarks=found))
    half = next(schedule for schedule in schedules.SCHEDULES if schedule.name == "half")
    if error is None:
        assert demo.prepare(half).remarks == found
        return
    with pytest.raises(rarefy.RarefyError, match=f"(?s){error}"):
        demo.prepare(half)


def test_failed_export(tmp_path, monkeypatch):
    monkeypatch.setattr(schedules, "ROOT", tmp_path)
    failed = subprocess.CompletedProcess([], 1, stderr="No module named 'torch'")
    monkeypatch.setattr(schedules.subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(SystemExit, match="the export failed:\nNo module named 'torch'"):
        schedules.model_file(128)

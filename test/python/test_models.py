"""The small exported models: imported, raised and run, against what PyTorch computed."""

from pathlib import Path

import numpy as np
import pytest
import rarefy

FOLDER = Path(__file__).resolve().parents[1] / "data" / "models"
MODELS = sorted(FOLDER.glob("*.onnx"))


def test_there_are_models():
    assert len(MODELS) == 14
    assert all(path.stat().st_size < 100_000 for path in MODELS)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_raised_model_computes_what_pytorch_did(path):
    module = rarefy.import_onnx(path).run("rarefy-raise-attention")
    assert str(module).count("= rarefy.attention ") == 2
    run = rarefy.compile(module, threads=1)
    data = dict(np.load(path.with_suffix(".npz")))
    expected = data.pop("result")
    np.testing.assert_allclose(run(**data), expected, rtol=1e-4, atol=1e-5)

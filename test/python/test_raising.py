"""Attention is found, and tokens are followed, in what exporters write."""

from pathlib import Path

import numpy as np
import pytest
import rarefy

# Whose pruned programs run too: dynamic lengths, a padded batch, a class token.
RUN = {"decoder-dynamo-22", "encoder-dynamo-21", "encoder-script-17", "vision-script-18"}
MODELS = sorted((Path(__file__).parent.parent / "data/models").glob("*.onnx"))


def load(model, passes):
    return rarefy.load(model).run(f"rarefy-raise-attention,{passes}canonicalize")


def test_there_are_models():
    assert len(MODELS) == 14 and {model.stem for model in MODELS} >= RUN
    assert all(model.stat().st_size < 100_000 for model in MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_raised(model):
    """Both attentions of each model, to the numbers of PyTorch."""
    module = load(model, "")
    text = str(module)
    assert text.count("rarefy.attention ins") == 2
    assert "linalg.softmax" not in text and "math.exp" not in text.replace("math.exp2", "")
    assert not [remark for remark in module.remarks if remark.kind == "missed"]
    assert ("causal" in text) == model.stem.startswith("decoder")
    data = dict(np.load(model.with_suffix(".npz")))
    expected = data.pop("result")
    result = rarefy.compile(module, threads=1)(**data)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_tokens_followed(model):
    """Half the tokens go behind the first layer; the result keeps its shape."""
    module = load(model, "rarefy-prune-tokens{keep=1,0.5 protect=0},")
    names = [remark.name for remark in module.remarks if remark.pass_name == "rarefy-prune-tokens"]
    assert sorted(names) == ["Cascade", "TokensPruned"]
    assert str(module).count("rarefy.topk") == 1
    if model.stem not in RUN:
        return
    data = dict(np.load(model.with_suffix(".npz")))
    expected = data.pop("result")
    result = rarefy.compile(module, opt_level=1)(**data)
    assert result.shape == expected.shape and np.isfinite(result).all()

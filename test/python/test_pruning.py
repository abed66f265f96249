"""Pruned programs compute what the algorithm says."""

import numpy as np
import pytest
import rarefy
import transformer

ALL_TOKENS, ALL_HEADS = [10, 10, 10], [4, 4, 4]


def run(passes, fused=False):
    x, mask, weights = transformer.inputs()
    weights = transformer.fuse(weights) if fused else weights
    module = rarefy.load(transformer.module(weights))
    return rarefy.compile(module, passes, opt_level=1)(x, mask, *weights.values())


def check(passes, tolerance=2e-5, fused=False, **schedule):
    x, mask, weights = transformer.inputs()
    schedule = {"tokens": ALL_TOKENS, "heads": ALL_HEADS, **schedule}
    expected = transformer.prune(x, mask, weights, **schedule)
    for ours, theirs in zip(run(passes, fused), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())


def test_keeping_all_changes_no_bit():
    everything = "rarefy-prune-tokens{keep=1},rarefy-prune-heads{keep=1},rarefy-prune-values{keep=1}"
    for ours, theirs in zip(run(everything), run(""), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    check("")


@pytest.mark.parametrize("protect", [(), (3, 9)])
def test_tokens(protect):
    option = " protect=" + ",".join(map(str, protect)) if protect else ""
    check(f"rarefy-prune-tokens{{keep=1,0.65,0.3{option}}}", tokens=[10, 7, 3], protect=protect)


def test_padding_goes_first():
    """The second text has four tokens of padding."""
    tokens, _ = run("rarefy-prune-tokens{counts=10,6}")
    alive = np.abs(tokens[1]).sum(-1) > 0
    np.testing.assert_array_equal(alive, np.arange(10) < 6)


@pytest.mark.parametrize("fused", [False, True])
def test_heads(fused):
    check("rarefy-prune-heads{counts=4,3,1}", heads=[4, 3, 1], fused=fused)


def test_values():
    check("rarefy-prune-values{counts=4}", values=4)


@pytest.mark.parametrize("order", [1, -1])
def test_tokens_and_heads_in_either_order(order):
    passes = ["rarefy-prune-tokens{counts=10,6,4}", "rarefy-prune-heads{counts=4,2,1}"][::order]
    passes = ",".join([*passes, "rarefy-prune-values{counts=5}"])
    check(passes, tokens=[10, 6, 4], heads=[4, 2, 1], values=5)
    check(passes, tokens=[10, 6, 4], heads=[4, 2, 1], values=5, fused=True)


def test_paper_schedule():
    """Three layers with a mean of 0.6: the front keeps all, the others 0.6 and 0.2."""
    module = rarefy.load(transformer.module(transformer.inputs()[2])).run("rarefy-prune-tokens{mean=0.6}")
    cuts = [remark.message for remark in module.remarks if remark.name == "TokensPruned"]
    assert ["from=10" in cuts[0], "to=6" in cuts[0], "from=6" in cuts[1], "to=2" in cuts[1]] == [True] * 4, (
        cuts
    )

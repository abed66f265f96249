"""The ops of the dialect, compiled for this processor, against numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import rarefy

DTYPES = {"f32": np.float32, "f16": np.float16, "i1": np.bool_}
SCALE = 0.3


@dataclass(frozen=True)
class Case:
    query: tuple[int, ...]
    key: tuple[int, ...]
    value: tuple[int, ...]
    mask: tuple[int, ...] | None = None
    mask_type: str = "f32"
    type: str = "f32"
    causal: bool = False
    keep: int = 0
    dynamic: bool = False


def tensor(shape: tuple[int, ...], element: str, dynamic: bool) -> str:
    sizes = "".join(f"{'?' if dynamic and size != 1 else size}x" for size in shape)
    return f"tensor<{sizes}{element}>"


def attention(case: Case) -> str:
    batch, heads = case.query[:-3], case.query[:-2]
    shapes = {
        "q": (case.query, case.type),
        "k": (case.key, case.type),
        "v": (case.value, case.type),
        "m": (case.mask, case.mask_type),
        "o": (case.query[:-1] + case.value[-1:], case.type),
        "t": (batch + case.key[-2:-1], "f32"),
        "h": (heads, "f32"),
    }
    types = {n: tensor(s, e, case.dynamic) for n, (s, e) in shapes.items() if s is not None}
    options = ", causal" * case.causal + f", keep_values = {case.keep}" * bool(case.keep)
    mask = f"mask(%m : {types['m']})" if case.mask else ""
    results = ", ".join(types[n] for n in "oth")
    return f"""
func.func @main({", ".join(f"%{n}: {t}" for n, t in types.items())}) -> ({results}) {{
  %0:3 = rarefy.attention ins(%q, %k, %v : {types["q"]}, {types["k"]}, {types["v"]}) {mask}
    outs(%o : {types["o"]}) token_importance(%t : {types["t"]}) head_importance(%h : {types["h"]})
    {{scale = {SCALE} : f32{options}}} -> {results}
  return %0#0, %0#1, %0#2 : {results}
}}"""


def expected(case: Case, q, k, v, mask, token, head):
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    group = q.shape[-3] // k.shape[-3]
    k, v = np.repeat(k, group, -3), np.repeat(v, group, -3)
    scores = SCALE * (q @ np.swapaxes(k, -1, -2))
    rows, keys = scores.shape[-2:]
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    if case.causal:
        seen = np.arange(keys) <= np.arange(rows)[:, None] + keys - rows
        scores = np.where(seen, scores, -np.inf)
    largest = scores.max(-1, keepdims=True)
    p = np.exp(scores - np.where(np.isinf(largest), 0, largest))
    total = p.sum(-1, keepdims=True)
    p = p / np.where(total == 0, 1, total)
    token = token + p.sum((-3, -2))
    if case.keep:
        order = np.argsort(-p, -1, kind="stable")[..., : case.keep]
        kept = np.zeros_like(p)
        np.put_along_axis(kept, order, 1, -1)
        p = p * kept
    output = p @ v
    return output, token, head + np.abs(output).sum((-2, -1))


def arguments(case: Case):
    rng = np.random.default_rng(1)
    q, k, v = (rng.standard_normal(s).astype(DTYPES[case.type]) for s in (case.query, case.key, case.value))
    mask = None
    if case.mask:
        mask = rng.random(case.mask) < 0.5 if case.mask_type == "i1" else rng.standard_normal(case.mask)
        mask = mask.astype(DTYPES[case.mask_type])
    o = np.full(case.query[:-1] + case.value[-1:], np.nan, DTYPES[case.type])
    token = rng.random(case.query[:-3] + case.key[-2:-1]).astype(np.float32)
    head = rng.random(case.query[:-2]).astype(np.float32)
    return q, k, v, mask, o, token, head


def check(case: Case, q, k, v, mask, o, token, head) -> None:
    program = rarefy.compile(attention(case))
    results = program(*[x for x in (q, k, v, mask, o, token, head) if x is not None])
    bound = 2e-5 if case.type == "f32" else 2e-3
    for found, wanted in zip(results, expected(case, q, k, v, mask, token, head), strict=True):
        np.testing.assert_allclose(found.astype(np.float64), wanted, rtol=bound, atol=bound)


CASES = {
    "small": Case((4, 3, 8), (4, 5, 8), (4, 5, 6)),
    "grouped": Case((2, 4, 3, 8), (2, 2, 5, 8), (2, 2, 5, 6), (4, 1, 5), causal=True, keep=2),
    "one key head": Case((2, 4, 7, 8), (2, 1, 5, 8), (2, 1, 5, 6), (2, 1, 1, 5), "i1", causal=True, keep=3),
    "two batches": Case((2, 3, 4, 7, 8), (2, 3, 4, 7, 8), (2, 3, 4, 7, 8), (7, 7), "i1"),
    "half": Case((2, 4, 9, 16), (2, 4, 11, 16), (2, 4, 11, 16), (2, 4, 9, 11), "f16", "f16"),
    "digits": Case((4, 65, 16), (4, 65, 16), (4, 65, 16), (65,), "i1"),
    "values": Case((4, 33, 20), (4, 33, 20), (4, 33, 20), causal=True, keep=5),
    "last row": Case((3, 1, 16), (3, 40, 16), (3, 40, 16), causal=True),
    "encoder": Case((12, 128, 32), (12, 128, 32), (12, 128, 32), (128,)),
}


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_attention(case: Case, dynamic: bool) -> None:
    check(replace(case, dynamic=dynamic), *arguments(case))


def test_lowest_finite_mask_hides_only_beside_others() -> None:
    case = Case((1, 2, 8), (1, 9, 8), (1, 9, 8), (2, 9))
    q, k, v, mask, *rest = arguments(case)
    mask[0, :] = np.finfo(np.float32).min
    mask[1, :4] = np.finfo(np.float32).min
    check(case, q, k, v, mask, *rest)


def test_importance_does_not_depend_on_threads() -> None:
    case = CASES["encoder"]
    inputs = [x for x in arguments(case) if x is not None]
    one = rarefy.compile(attention(case), threads=1)(*inputs)
    two = rarefy.compile(attention(case), threads=2)(*inputs)
    for x, y in zip(one, two, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 0), (5, 5), (65, 40), (300, 1), (4096, 512)])
def test_topk(n: int, k: int) -> None:
    rng = np.random.default_rng(2)
    scores = (np.round(rng.standard_normal((3, n)) * 4) / 4).astype(np.float32)
    scores[1, rng.random(n) < 0.3] = np.nan
    scores[2, rng.random(n) < 0.3] = np.inf
    program = rarefy.compile("""
func.func @main(%s: tensor<?x?xf32>, %i: tensor<?x?xi32>) -> tensor<?x?xi32> {
  %0 = rarefy.topk ins(%s : tensor<?x?xf32>) outs(%i : tensor<?x?xi32>) -> tensor<?x?xi32>
  return %0 : tensor<?x?xi32>
}""")
    found = program(scores, np.zeros((3, k), np.int32))
    key = np.where(np.isnan(scores), -np.inf, scores)
    order = np.lexsort((np.broadcast_to(np.arange(n), key.shape), -key, np.isnan(scores)), axis=-1)
    np.testing.assert_array_equal(found, np.sort(order[:, :k], -1))

"""Attention in the integers of SpAtten's datapath, compiled for this processor, against numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import rarefy
from datapath import Planes, attention


@dataclass(frozen=True)
class Case:
    heads: int = 4
    key_heads: int = 4
    rows: int = 3
    keys: int = 40
    depth: int = 64
    scale: float = 1.2e-7
    planes: Planes | None = None
    value_bits: int = 12
    keep: int = 0
    group: int = 1
    causal: bool = False
    mask: bool = False


def program(case: Case) -> str:
    types = {
        "q": f"tensor<{case.heads}x{case.rows}x{case.depth}xi16>",
        "k": f"tensor<{case.key_heads}x{case.keys}x{case.depth}xi16>",
        "v": f"tensor<{case.key_heads}x{case.keys}x{case.depth}xi16>",
        "m": f"tensor<{case.keys}xi1>",
        "o": f"tensor<{case.heads}x{case.rows}x{case.depth}xi16>",
        "t": f"tensor<{case.keys}xi32>",
        "h": f"tensor<{case.heads}xi64>",
        "f": f"tensor<{case.heads}x{case.rows}xi1>",
    }
    options = f"scale = {case.scale:e} : f32, value_bits = {case.value_bits}" + ", causal" * case.causal
    if case.keep:
        options += f", keep_values = {case.keep}, keep_group = {case.group}"
    results, refetched, count = [types[n] for n in "oth"], "", 3
    if case.planes:
        p = case.planes
        options += f", planes = #rarefy.planes<msb = {p.msb}, lsb = {p.lsb}, threshold = {p.threshold}>"
    if case.planes and case.planes.lsb:
        refetched, count = f"refetched(%f : {types['f']})", 4
        results.append(types["f"])
    mask = f"mask(%m : {types['m']})" if case.mask else ""
    names = ", ".join(f"%0#{i}" for i in range(count))
    return f"""
func.func @main({", ".join(f"%{n}: {t}" for n, t in types.items())}) -> ({", ".join(results)}) {{
  %0:{count} = rarefy.attention ins(%q, %k, %v : {types["q"]}, {types["k"]}, {types["v"]}) {mask}
    outs(%o : {types["o"]}) token_importance(%t : {types["t"]}) head_importance(%h : {types["h"]}) {refetched}
    {{{options}}} -> {", ".join(results)}
  return {names} : {", ".join(results)}
}}"""


CASES = {
    "plain": Case(),
    "one-row": Case(rows=1, keys=993, scale=3.0e-8),
    "shared-keys": Case(heads=6, key_heads=2),
    "causal": Case(rows=7, keys=7, causal=True),
    "mask": Case(mask=True),
    "steep": Case(scale=1.0e-3),
    "static-8": Case(planes=Planes(8, 0, 0.0), value_bits=8),
    "progressive": Case(planes=Planes(6, 4, 0.05), value_bits=6),
    "always": Case(planes=Planes(4, 4, 1.0), value_bits=4),
    "never": Case(planes=Planes(8, 4, 0.0)),
    "keep": Case(keep=10),
    "keep-pairs": Case(planes=Planes(6, 4, 0.05), value_bits=6, keep=10, group=2),
    "keep-more-than-there-are": Case(keys=7, keep=9),
}


@pytest.mark.parametrize("name", CASES)
def test_integers_are_those_of_the_datapath(name: str) -> None:
    case = CASES[name]
    rng = np.random.default_rng(len(name))
    q = rng.integers(-2047, 2048, (case.heads, case.rows, case.depth)).astype(np.int16)
    key_limit = 1 << (case.planes.msb + case.planes.lsb - 1 if case.planes else 11)
    k = rng.integers(-key_limit, key_limit, (case.key_heads, case.keys, case.depth)).astype(np.int16)
    v = rng.integers(-2048, 2048, k.shape).astype(np.int16)
    mask = rng.random(case.keys) < 0.7
    tokens = rng.integers(0, 1 << 31, case.keys).astype(np.int32)
    tokens[:2] = -1  # the largest without sign
    heads = rng.integers(0, 1 << 40, case.heads)
    inits = np.zeros((case.heads, case.rows, case.depth), np.int16), tokens, heads
    flags = np.zeros((case.heads, case.rows), np.bool_)
    found = rarefy.compile(program(case))(q, k, v, mask, *inits, flags)
    group = case.heads // case.key_heads
    wanted = attention(
        q,
        np.repeat(k, group, 0),
        np.repeat(v, group, 0),
        scale=case.scale,
        planes=case.planes,
        value_bits=case.value_bits,
        keep=case.keep or None,
        group=case.group,
        seen=mask if case.mask else None,
        causal=case.causal,
    )
    np.testing.assert_array_equal(found[0], wanted.output)
    sums = np.minimum(tokens.view(np.uint32).astype(np.uint64) + wanted.tokens, 2**32 - 1)
    np.testing.assert_array_equal(found[1].view(np.uint32), sums)
    np.testing.assert_array_equal(found[2], heads + wanted.heads)
    if len(found) == 4:
        np.testing.assert_array_equal(found[3], wanted.refetched)
        if name == "progressive":
            assert 0 < wanted.refetched.sum() < wanted.refetched.size


def test_topk_takes_integers_without_sign() -> None:
    program = """
func.func @main(%s: tensor<6xi32>, %i: tensor<3xi32>) -> tensor<3xi32> {
  %0 = rarefy.topk ins(%s : tensor<6xi32>) outs(%i : tensor<3xi32>) -> tensor<3xi32>
  return %0 : tensor<3xi32>
}"""
    scores = np.array([5, -1, 7, 5, 0, 5], np.int32)
    np.testing.assert_array_equal(rarefy.compile(program)(scores, np.zeros(3, np.int32)), [0, 1, 2])

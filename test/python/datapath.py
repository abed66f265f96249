"""The numbers of SpAtten's datapath in numpy: what compiled programs and simulated ones are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

f32 = np.float32


@dataclass(frozen=True)
class Planes:
    """High and low bits of a key; rows whose largest probability is below the threshold read both."""

    msb: int
    lsb: int
    threshold: float


@dataclass(frozen=True)
class Rows:
    output: np.ndarray
    tokens: np.ndarray
    heads: np.ndarray
    refetched: np.ndarray


def signed(x: np.ndarray, width: int) -> np.ndarray:
    """The low bits of `x`, sign-extended."""
    low = x.astype(np.int64) & ((1 << width) - 1)
    return np.where(low >> (width - 1) & 1, low - (1 << width), low)


def exponential(below: np.ndarray, scale: float) -> np.ndarray:
    """e^(scale * below) in binary32, by a Taylor polynomial of the fraction of the exponent of two."""
    y = below.astype(f32) * f32(scale) * f32(1.44269504)
    tiny = y < f32(-126)
    y = np.where(tiny, f32(0), y)
    whole = np.floor(y)
    fraction = (y - whole) * f32(0.69314718)
    p = np.full_like(fraction, f32(1 / 120))
    for c in (1 / 24, 1 / 6, 0.5, 1, 1):  # fused: rounded once
        p = (p.astype(np.float64) * fraction + np.float64(f32(c))).astype(f32)
    return np.where(tiny, f32(0), np.ldexp(p, whole.astype(np.int32)))


def probabilities(q: np.ndarray, k: np.ndarray, scale: float, seen: np.ndarray) -> np.ndarray:
    """In units of 2^-11, at most 2047."""
    scores = np.einsum("hrd,hnd->hrn", q, k)
    largest = np.where(seen, scores, np.iinfo(np.int64).min).max(-1, keepdims=True)
    below = np.where(seen, scores - largest, 0)
    e = np.where(seen, exponential(below, scale), f32(0))
    total = np.rint(e * f32(2**30)).astype(np.int64).sum(-1, keepdims=True)
    divisor = np.where(total == 0, f32(1), total.astype(f32) * f32(2.0**-30))
    return np.minimum(2047, np.rint(e / divisor * f32(2048)).astype(np.int64))


def attention(
    q, k, v, *, scale, planes=None, value_bits=12, keep=None, group=1, seen=None, causal=False
) -> Rows:
    """Attention of [heads, rows, depth] and [heads, keys, depth] integers."""
    heads, rows, _ = q.shape
    keys = k.shape[1]
    visible = (
        np.ones((heads, rows, keys), bool) if seen is None else np.broadcast_to(seen, (heads, rows, keys))
    )
    if causal:
        visible = visible & (np.arange(keys) <= np.arange(rows)[:, None] + keys - rows)
    q = signed(q, 12)
    k = signed(k, planes.msb + planes.lsb if planes else 12)
    v = signed(v, 12) >> (12 - value_bits) << (12 - value_bits)
    lsb = planes.lsb if planes else 0
    p = probabilities(q, k >> lsb << lsb, scale, visible)
    refetched = np.zeros((heads, rows), bool)
    if lsb:
        refetched = p.max(-1) < round(planes.threshold * 2048)
        p = np.where(refetched[..., None], probabilities(q, k, scale, visible), p)
    tokens = p.sum((0, 1)).astype(np.uint64)
    if keep is not None:
        shared = p.reshape(heads // group, group, rows, keys).sum(1, keepdims=True)
        order = np.argsort(-shared.repeat(group, 1).reshape(p.shape), -1, kind="stable")
        kept = np.zeros(p.shape, bool)
        np.put_along_axis(kept, order[..., :keep], True, -1)
        p = np.where(kept, p, 0)
    output = np.clip((np.einsum("hrn,hnd->hrd", p, v) + 1024) >> 11, -2048, 2047)
    return Rows(output, tokens, np.abs(output).sum((1, 2)), refetched)

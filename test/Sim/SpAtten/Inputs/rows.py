"""Inputs for a program of attention rows, and what they must become.

The numbers of the machine in numpy, one operation after the other; an fma is
done in 64 bits of mantissa and rounded once more.
"""

import sys
from pathlib import Path

import numpy as np

HEADS, KEYS, KEEP, THRESHOLD = 4, 40, 8, 400
f32, wide = np.float32, np.longdouble


def exponential(t):
    y = t * f32(1.44269504)
    n = np.floor(np.maximum(y, f32(-126)))
    f = (np.maximum(y, f32(-126)) - n) * f32(0.69314718)
    p = np.full_like(f, f32(1) / f32(120))
    for c in (f32(1) / f32(24), f32(1) / f32(6), f32(0.5), f32(1), f32(1)):
        p = (wide(p) * wide(f) + wide(c)).astype(f32)
    return np.where(y < -126, f32(0), np.ldexp(p, n.astype(int)))


def softmax(scores, scale):
    e = exponential((scores - scores.max()).astype(f32) * scale)
    total = np.rint(e * f32(2**30)).astype(np.int64).sum()
    p = np.rint(e / (f32(total) * f32(2.0**-30)) * f32(2048))
    return np.minimum(p.astype(np.int64), 2047)


def select(values, keep):
    """Positions of the largest in order; the first of equal ones."""
    return np.sort(np.argsort(-values, kind="stable")[:keep])


def make(rng):
    key = rng.integers(-512, 512, (HEADS, KEYS, 64))
    return {
        "query": rng.integers(-2048, 2048, (HEADS, 64)).astype(np.int16),
        "key": np.stack(np.split(key >> 4, HEADS // 2)).swapaxes(1, 2).astype(np.int8),
        "lsb": (key & 15).astype(np.uint8),
        "value": rng.integers(-32, 32, (HEADS // 2, KEYS, 2, 64)).astype(np.int8),
        # One head of each pair is sure of its keys, the other is not.
        "scale": np.array([3e-6, 2e-7, 2e-7, 2e-6], f32),
    }


def dot(a, b, rtl):
    """Sums of products over the last dimension; with `rtl`, of their upper
    halves in 12 bits, in the products' unit."""
    if not rtl:
        return (a * b).sum(-1)
    return ((((a * b) >> 12).sum(-1) + 2048) % 4096 - 2048) << 12


def attend(data, rtl):
    """Outputs, importance of tokens, and rows that needed more bits."""
    out = np.zeros((HEADS, 64), np.int64)
    importance = np.zeros(KEYS, np.int64)
    refetched = 0
    for pair in range(HEADS // 2):
        probabilities = []
        for lane in range(2):
            head = 2 * pair + lane
            key = data["key"][pair, :, lane].astype(np.int64) << 4
            query = data["query"][head].astype(np.int64)
            p = softmax(dot(key, query, rtl), data["scale"][head])
            if p.max() < THRESHOLD:
                refetched += 1
                p = softmax(dot(key | data["lsb"][head], query, rtl), data["scale"][head])
            probabilities.append(p)
            importance += p
        kept = select(probabilities[0] + probabilities[1], KEEP)
        for lane, p in enumerate(probabilities):
            value = data["value"][pair, kept, lane].astype(np.int64) << 6
            sums = dot(p[kept], value.T, rtl)
            out[2 * pair + lane] = np.clip((sums + 1024) >> 11, -2048, 2047)
    return out, importance, refetched


def main():
    mode, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    data = make(np.random.default_rng(7))
    if mode == "make":
        for name, array in data.items():
            np.save(folder / f"{name}.npy", array)
        return
    out, importance, refetched = attend(data, mode == "check-rtl")
    np.testing.assert_array_equal(np.load(folder / "out.npy"), out)
    np.testing.assert_array_equal(np.load(folder / "importance.npy"), importance)
    print("equal,", refetched, "rows needed more bits")


main()

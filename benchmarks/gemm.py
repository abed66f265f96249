"""Products of f32 matrices, one thread: the CPU's micro-kernels beside PyTorch, in turns."""

import argparse

import numpy as np
import rarefy
from _driver import ROOT
from rarefy.records import Column, Recorder, interleave, table

SHAPES = [
    (128, 384, 384),
    (128, 384, 1536),
    (128, 1536, 384),
    (256, 768, 768),
    (512, 512, 512),
    (1, 1024, 1024),
]


def product(m: int, k: int, n: int) -> str:
    return f"""
func.func @main(%a: tensor<{m}x{k}xf32>, %b: tensor<{k}x{n}xf32>) -> tensor<{m}x{n}xf32> {{
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<{m}x{n}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<{m}x{k}xf32>, tensor<{k}x{n}xf32>)
    outs(%init : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  return %0 : tensor<{m}x{n}xf32>
}}"""


def contestants(a: np.ndarray, b: np.ndarray) -> dict:
    run = rarefy.compile(product(*a.shape, b.shape[1]), threads=1)
    np.testing.assert_allclose(run(a, b), a @ b, rtol=1e-4, atol=1e-4)
    calls = {"rarefy": lambda: run(a, b)}
    try:
        import torch
    except ImportError:
        print("missing: pytorch: not installed")
        return calls
    torch.set_num_threads(1)
    left, right = torch.from_numpy(a), torch.from_numpy(b)
    calls["pytorch"] = lambda: left @ right
    return calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="how long to time each shape")
    options = parser.parse_args()
    recorder = Recorder(ROOT, "bench-gemm", "./x bench gemm")
    rng = np.random.default_rng(0)
    for m, k, n in SHAPES:
        a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((m, k), (k, n)))
        name = f"gemm/{m}x{k}x{n}"
        for peer, seconds in interleave(contestants(a, b), options.seconds, burst=5).items():
            rates = [2e-9 * m * k * n / sample for sample in seconds]
            recorder.add(
                f"{name}/{peer}",
                "gflops",
                rates,
                "GF/s",
                baseline=None if peer == "rarefy" else f"{name}/rarefy",
            )
    path = recorder.write()
    columns = [
        Column("GF/s", ["gflops"], "{:.1f}"),
        Column("to ours", ["gflops"], "{:.2f}", pick=lambda r: r.ratio),
    ]
    print(f"\n{table(recorder.records, columns)}\n\nrecords: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

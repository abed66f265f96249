"""Attention lowered to programs and simulated, against the same numbers in numpy."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from datapath import Planes, attention

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "configs" / "spatten.yaml"
TOOLS = Path(os.environ["RAREFY_TOOLS"])


def fused(x: np.ndarray) -> np.ndarray:
    """[heads, rows, 64] as it lies in memory in pairs of heads."""
    heads, rows, depth = x.shape
    return np.ascontiguousarray(x.reshape(heads // 2, 2, rows, depth).transpose(0, 2, 1, 3))


def check_identity(program: Path, elf: Path) -> None:
    """The program file says what the program does: text and file come back as they were."""
    tool, back = TOOLS / "rarefy-translate", elf.with_suffix(".back.mlir")
    subprocess.run([tool, "--import-program", elf, "-o", back], check=True)
    assert back.read_text().rstrip() == program.read_text().rstrip()
    again = subprocess.run([tool, "--export-program", back], check=True, capture_output=True).stdout
    assert again == elf.read_bytes()


def simulate(folder: Path, source: str, inputs: dict[str, np.ndarray], *options: str) -> dict:
    """Lowers `source`, writes the program as ELF and runs that; its outputs are in `folder`."""
    (folder / "source.mlir").write_text(source)
    lowering = f"--convert-rarefy-to-spatten=config={CONFIG}"
    program, elf = folder / "program.mlir", folder / "program.elf"
    subprocess.run([TOOLS / "rarefy-opt", folder / "source.mlir", lowering, "-o", program], check=True)
    subprocess.run([TOOLS / "rarefy-translate", "--export-program", program, "-o", elf], check=True)
    check_identity(program, elf)
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    files = ",".join(f"{name}={folder / name}.npy" for name in inputs)
    command = [TOOLS / "rarefy-sim", elf, f"--config={CONFIG}", f"--inputs={files}", f"--outputs={folder}"]
    result = subprocess.run([*command, "--stats=json", *options], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def draw(shape: tuple[int, int, int], bits: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape).astype(np.int16)


def program(heads: int, rows: int, keys: int, options: str) -> str:
    query, key, tokens, importance = (
        f"tensor<{heads}x{rows}x64xi16>",
        f"tensor<{heads}x{keys}x64xi16>",
        f"tensor<{keys}xi32>",
        f"tensor<{heads}xi64>",
    )
    results = f"{query}, {tokens}, {importance}"
    outs = f"token_importance(%zero : {tokens}) head_importance(%none : {importance})"
    return f"""
func.func @main(%q: {query} {{rarefy.name = "q"}}, %k: {key} {{rarefy.name = "k"}}, %v: {key} {{rarefy.name = "v"}})
    -> ({results}) attributes {{spatten.program}} {{
  %o = tensor.empty() : {query}
  %zero = arith.constant dense<0> : {tokens}
  %none = arith.constant dense<0> : {importance}
  %0:3 = rarefy.attention ins(%q, %k, %v : {query}, {key}, {key})
    outs(%o : {query}) {outs} {{{options}}} -> {results}
  return %0#0, %0#1, %0#2 : {results}
}}"""


@pytest.mark.parametrize("heads, keys, keep", [(4, 96, 16), (12, 921, 184), (2, 40, 40), (6, 204, 40)])
@pytest.mark.parametrize("threshold", [0.0, 0.05, 1.0])
def test_generation(tmp_path: Path, heads: int, keys: int, keep: int, threshold: float) -> None:
    rng = np.random.default_rng(keys)
    q, k, v = (
        draw((heads, 1, 64), 12, rng),
        draw((heads, keys, 64), 10, rng),
        draw((heads, keys, 64), 12, rng),
    )
    scale = 1.5e-7
    planes = Planes(6, 4, threshold)
    options = (
        f"scale = {scale:e} : f32, value_bits = 6, keep_values = {keep}, keep_group = 2, "
        f"planes = #rarefy.planes<msb = 6, lsb = 4, threshold = {threshold:e}>"
    )
    inputs = {"q": q, "k.msb": fused(k >> 4).astype(np.int8), "k.lsb": (k & 15).astype(np.int8)}
    inputs["v.value"] = fused(v >> 6).astype(np.int8)
    figures = simulate(tmp_path, program(heads, 1, keys, options), inputs)
    wanted = attention(q, k, v, scale=scale, planes=planes, value_bits=6, keep=keep, group=2)
    np.testing.assert_array_equal(np.load(tmp_path / "result0.npy"), wanted.output)
    np.testing.assert_array_equal(np.load(tmp_path / "result1.npy").view(np.uint32), wanted.tokens)
    np.testing.assert_array_equal(np.load(tmp_path / "result2.npy"), wanted.heads)
    assert figures["requantized_rows"] == wanted.refetched.sum()
    assert figures["bytes"]["read"]["key_msb"] == heads * keys * 48
    assert figures["bytes"]["read"]["key_lsb"] == wanted.refetched.sum() * keys * 32
    assert figures["bytes"]["read"]["value"] == heads * keep * 48


@pytest.mark.parametrize(
    "rows, causal, keep, lsb",
    [
        (40, False, 10, 0),
        (7, False, None, 0),
        (2, False, None, 0),
        (9, True, 4, 0),
        (60, False, 10, 4),
        (30, True, 9, 4),
    ],
)
def test_summarization(tmp_path: Path, rows: int, causal: bool, keep: int | None, lsb: int) -> None:
    rng = np.random.default_rng(rows)
    q, k, v = draw((3, rows, 64), 12, rng), draw((3, rows, 64), 8 + lsb, rng), draw((3, rows, 64), 12, rng)
    scale, planes = 1e-6 / (1 << lsb), Planes(8, lsb, 0.1)
    options = (
        f"scale = {scale:e} : f32, value_bits = 8, "
        f"planes = #rarefy.planes<msb = 8, lsb = {lsb}, threshold = {planes.threshold:e}>"
    )
    options += f", keep_values = {keep}" * (keep is not None) + ", causal" * causal
    inputs = {"q": q, "k.msb": (k >> lsb).astype(np.int8), "v.value": (v >> 4).astype(np.int8)}
    if lsb:
        inputs["k.lsb"] = (k & 15).astype(np.int8)
    figures = simulate(tmp_path, program(3, rows, rows, options), inputs)
    wanted = attention(q, k, v, scale=scale, planes=planes, value_bits=8, keep=keep, causal=causal)
    np.testing.assert_array_equal(np.load(tmp_path / "result0.npy"), wanted.output)
    np.testing.assert_array_equal(np.load(tmp_path / "result1.npy").view(np.uint32), wanted.tokens)
    np.testing.assert_array_equal(np.load(tmp_path / "result2.npy"), wanted.heads)
    read = figures["bytes"]["read"]
    assert read["key_msb"] == 3 * rows * 64, "keys are read once for each head"
    needing = np.count_nonzero(wanted.refetched.any(1))
    assert read.get("key_lsb", 0) == needing * rows * 32, "their low bits once for the heads that need them"
    assert figures["requantized_rows"] == wanted.refetched.sum()
    assert not lsb or 0 < wanted.refetched.sum() < 3 * rows

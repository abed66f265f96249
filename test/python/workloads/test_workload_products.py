"""Fully connected layers as a program: read strictly, and simulated against numpy."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rarefy
from rarefy.workloads import Matrix, Products, product_program, read_products
from rarefy.workloads.__main__ import main
from workload_files import ROOT, write

TOOLS = Path(os.environ["RAREFY_TOOLS"])
CONFIG = ROOT / "configs" / "spatten.yaml"
SMALL = {
    "phase": "fc",
    "tokens": 3,
    "layers": 2,
    "matrices": {"wide": [24, 100], "tall": [7, 64]},
    "weight_bits": 8,
}


def simulate(folder, text, inputs):
    source, elf, stats = (folder / name for name in ("p.mlir", "p.elf", "stats.json"))
    source.write_text(text)
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    files = ",".join(f"{name}={folder / name}.npy" for name in inputs)
    run = ["rarefy-sim", elf, f"--config={CONFIG}", f"--inputs={files}", f"--outputs={folder}"]
    for command in (
        ["rarefy-translate", "--export-program", source, "-o", elf],
        [*run, f"--stats=json={stats}", "--set", "memory.mode=nominal"],
    ):
        subprocess.run([TOOLS / command[0], *command[1:]], check=True)
    return json.loads(stats.read_text())


@pytest.mark.parametrize("bits", [5, 8, 12])
def test_products_are_those_of_numpy(bits, tmp_path):
    products = Products(3, 2, (Matrix("wide", 24, 100), Matrix("tall", 8, 64)), bits)
    rng, limit = np.random.default_rng(bits), 1 << (bits - 1)
    inputs, expected = {}, {}
    for matrix in products.matrices:
        weights = rng.integers(-limit, limit, (2, matrix.rows, matrix.columns)).astype(np.int16)
        vectors = rng.integers(-2048, 2048, (3, 2, matrix.columns)).astype(np.int16)
        inputs |= {f"{matrix.name}.weights": weights, f"{matrix.name}.inputs": vectors}
        expected[matrix.name] = np.einsum("lrc,tlc->tlr", weights.astype(np.int64), vectors)
    inputs = {
        name: array.astype(np.int8) if "weights" in name and bits <= 8 else array
        for name, array in inputs.items()
    }
    found = simulate(tmp_path, product_program(products), inputs)
    for name, product in expected.items():
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.outputs.npy"), product)
    figures = products.report()
    assert found["macs"]["product"] == figures["macs"]["executed"] == 3 * 2 * (24 * 100 + 8 * 64)
    assert found["bytes"]["read"]["matrix"] == figures["bytes"]["read"]


def test_gpt2_medium_has_the_papers_operations():
    products = read_products(ROOT / "configs" / "layers" / "gpt2-medium.json")
    assert products.weights == 24 * 12 * 1024**2
    assert 2 * products.report()["macs"]["executed"] / 1e9 == pytest.approx(19.3, abs=0.05)


def test_from_the_shell(tmp_path, capsys):
    schedule, written = write(tmp_path, SMALL), tmp_path / "out.mlir"
    assert main(["fc", "--schedule", str(schedule), "--mlir", str(written)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "macs      executed 17088",
        "bytes     weights 5696, read 17088",
    ]
    assert written.read_text() == product_program(read_products(schedule))


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"phase": "generation"}, 'key \'phase\': expected "fc", found "generation"'),
        ({"weight_bits": 13}, "key 'weight_bits': expected an integer from 2 to 12, found 13"),
        ({"matrices": {}}, "key 'matrices': expected 1 to 5 matrices, found 0"),
        (
            {"matrices.wide": [1, 4097]},
            "key 'matrices.wide[1]': expected an integer from 1 to 4096, found 4097",
        ),
        (
            {"matrices": {"a b": [8, 8]}},
            "key 'matrices.a b': expected a name of letters from a to z, digits and underscores, found 'a b'",
        ),
        (
            {"matrices": {"\u00e9": [8, 8]}},
            "key 'matrices.\u00e9': expected a name of letters from a to z, digits and underscores, found '\u00e9'",
        ),
        (
            {"matrices.wide": [1, 3], "weight_bits": 5},
            "key 'matrices.wide': expected a matrix of whole bytes, found 15 bits",
        ),
    ],
)
def test_wrong_layers(edits, message, tmp_path):
    path = write(tmp_path, SMALL, **edits)
    with pytest.raises(rarefy.RarefyError) as error:
        read_products(path)
    assert str(error.value) == f"error: {path}: {message}"

"""Fully connected layers as a program of SpAtten: each token's vectors meet all weights, section V-B of the paper."""

import math
from dataclasses import dataclass
from pathlib import Path

from rarefy.workloads.fields import Value, load

KEYS = ("phase", "tokens", "layers", "matrices", "weight_bits")
TEXTS = ("source", "model")
# What spatten.multiply and spatten.load_vector can say.
MOST_ROWS, MOST_COLUMNS = 65535, 4096
INPUT_BITS, SUM_BITS = 16, 32
# Registers of 16 that the matrices share: three each, for weights, vectors and products.
MOST_MATRICES = 5
TRANSACTION_BYTES = 32
# A program names the machine that it was made for; products use nothing of its SRAM.
MACHINE = "{key_lines = 256 : i64, value_lines = 256 : i64, rows_per_line = 8 : i64, max_keys = 1024 : i64}"
LOADED, MULTIPLIED, STORED, VECTOR_FREE = 1, 2, 3, 4


@dataclass(frozen=True)
class Matrix:
    """Weights of `rows` outputs, each a sum of `columns` products."""

    name: str
    rows: int
    columns: int


@dataclass(frozen=True)
class Products:
    """`layers` that have the same matrices, each multiplied with one vector of every token."""

    tokens: int
    layers: int
    matrices: tuple[Matrix, ...]
    weight_bits: int

    @property
    def weights(self) -> int:
        return self.layers * sum(matrix.rows * matrix.columns for matrix in self.matrices)

    def report(self) -> dict[str, dict[str, int | float]]:
        macs = self.tokens * self.weights
        weight_bytes = self.weights * self.weight_bits // 8
        return {
            "macs": {"executed": macs},
            "bytes": {"weights": weight_bytes, "read": self.tokens * weight_bytes},
        }


def read_products(file: str | Path) -> Products:
    """The layers that a file describes; RarefyError if there is anything wrong with it."""
    fields = load(file).fields(KEYS, TEXTS)
    if fields["phase"].value != "fc":
        fields["phase"].fail('"fc"')
    for key in set(TEXTS) & set(fields):
        fields[key].text()
    tokens, layers = (fields[key].integer(1, MOST_ROWS) for key in ("tokens", "layers"))
    bits = fields["weight_bits"].integer(2, 12)
    sizes = fields["matrices"].members()
    if not 1 <= len(sizes) <= MOST_MATRICES:
        fields["matrices"].fail(f"1 to {MOST_MATRICES} matrices", str(len(sizes)))
    return Products(tokens, layers, tuple(_matrix(name, size, bits) for name, size in sizes.items()), bits)


def _matrix(name: str, size: Value, bits: int) -> Matrix:
    rows, columns = size.items(2, " (rows and columns)")
    matrix = Matrix(name, rows.integer(1, MOST_ROWS), columns.integer(1, MOST_COLUMNS))
    # Any other would need quotes in MLIR.
    if not (name.isascii() and name.isidentifier()):
        size.fail("a name of letters from a to z, digits and underscores", f"'{name}'")
    if matrix.rows * matrix.columns * bits % 8:
        size.fail("a matrix of whole bytes", f"{matrix.rows * matrix.columns * bits} bits")
    return matrix


def product_program(products: Products) -> str:
    """The text of a program with tensors `<matrix>.weights`, `<matrix>.inputs` and `<matrix>.outputs`.

    It loops over tokens and, within one, over layers. Every matrix is read once for each token.
    """
    tokens, layers, bits = products.tokens, products.layers, products.weight_bits
    tensors, once, per_token, per_layer = [], [], [], []
    address = 0
    for index, matrix in enumerate(products.matrices):
        bases = range(3 * index + 1, 3 * index + 4)
        parts = (
            ("weights in", (layers, matrix.rows, matrix.columns), bits, per_token),
            ("inputs in", (tokens, layers, matrix.columns), INPUT_BITS, once),
            ("outputs out", (tokens, layers, matrix.rows), SUM_BITS, once),
        )
        per_layer += _multiply(matrix, bits, bases)
        for base, (kind, shape, width, starts) in zip(bases, parts, strict=True):
            size = "x".join(map(str, shape))
            tensors.append(f"isa.tensor @{matrix.name}.{kind} at {address} : tensor<{size}xi{width}>")
            starts.append(f"spatten.set_base base = {base}, address = {address}")
            end = address + math.prod(shape) * width // 8
            address = -(-end // TRANSACTION_BYTES) * TRANSACTION_BYTES
    free = f"spatten.credit signal = [{STORED}, {VECTOR_FREE}], count = 1"
    loops = [*per_token, *_loop(layers, per_layer)]
    lines = [*tensors, *once, free, *_loop(tokens, loops), "spatten.halt"]
    body = "\n".join(f"  {line}" for line in lines)
    return f'isa.program @main for "spatten" {MACHINE} {{\n{body}\n}}\n'


def _loop(count: int, body: list[str]) -> list[str]:
    return [f"spatten.loop count = {count}", *(f"  {line}" for line in body), "spatten.end_loop"]


def _multiply(matrix: Matrix, bits: int, bases: range) -> list[str]:
    """One layer's matrix, from where the base registers point, and these advanced to the next layer."""
    weights, inputs, outputs = bases
    rows, columns = matrix.rows, matrix.columns
    shape = f"bits = {bits}, rows = {rows}, columns = {columns}"
    strides = {
        weights: rows * columns * bits // 8,
        inputs: columns * INPUT_BITS // 8,
        outputs: rows * SUM_BITS // 8,
    }
    return [
        f"spatten.load_vector base = {inputs}, elements = {columns}, wait = [{VECTOR_FREE}], signal = [{LOADED}]",
        f"spatten.multiply base = {weights}, {shape}, wait = [{LOADED}, {STORED}], signal = [{MULTIPLIED}, {VECTOR_FREE}]",
        f"spatten.store_vector base = {outputs}, elements = {rows}, wait = [{MULTIPLIED}], signal = [{STORED}]",
        *(f"spatten.add_base base = {base}, stride = {stride}" for base, stride in strides.items()),
    ]

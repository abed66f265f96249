"""Schedules: how much of a model's attention each layer keeps, and in which bits. docs/Workloads.md describes the files."""

import math
from dataclasses import dataclass
from decimal import Decimal

from rarefy.errors import RarefyError


@dataclass(frozen=True)
class Bits:
    """The width of an element in memory; keys are two planes, the second fetched only for requantized rows."""

    key_msb: int
    key_lsb: int
    value: int
    query: int


@dataclass(frozen=True)
class Step:
    """One layer of one iteration: what each of its `heads` fetches and multiplies.

    Every one of `queries` rows meets `keys` of the `length` tokens there are, and `values` of those. The model as it was
    trained has `dense_heads` heads of `dense_queries` rows that meet all `length` tokens.
    """

    iteration: int
    layer: int
    heads: int
    length: int
    queries: int
    keys: int
    values: int
    dense_heads: int
    dense_queries: int


@dataclass(frozen=True)
class Generation:
    """A GPT-2-like model that writes tokens, one an iteration: a head has one row, and its keys and values are streamed."""

    n_ctx: int
    iterations: int
    first_length: int
    layers: int
    head_dim: int
    heads_per_layer: tuple[int, ...]
    key_keep_fraction: tuple[Decimal, ...]
    first_key_pruned_iteration: int
    local_value_fraction: Decimal
    bits: Bits
    requant_threshold: float | None
    requantized: frozenset[tuple[int, int, int]]

    def steps(self) -> list[Step]:
        return [
            self._step(iteration, layer)
            for iteration in range(self.iterations)
            for layer in range(self.layers)
        ]

    def _step(self, iteration: int, layer: int) -> Step:
        length = self.first_length + iteration
        pruned = iteration >= self.first_key_pruned_iteration
        fraction = self.key_keep_fraction[layer] if pruned else Decimal(1)
        keys = min(length, part(self.n_ctx, fraction))
        values = min(keys, part(self.n_ctx, fraction * self.local_value_fraction))
        heads = self.heads_per_layer[layer]
        return Step(iteration, layer, heads, length, 1, keys, values, self.heads_per_layer[0], 1)


@dataclass(frozen=True)
class Summarization:
    """A BERT-like model that reads a sentence: the rows of a head share its keys and values, which are loaded once."""

    sentence_length: int
    layers: int
    head_dim: int
    heads: int
    token_keep_fraction: tuple[Decimal, ...]
    head_keep_fraction: tuple[Decimal, ...]
    local_value_fraction: Decimal
    bits: Bits
    requantized: frozenset[tuple[int, int, int]] = frozenset()

    def steps(self) -> list[Step]:
        return [self._step(layer) for layer in range(self.layers)]

    def _step(self, layer: int) -> Step:
        length, fraction = self.sentence_length, self.token_keep_fraction[layer]
        keys = part(length, fraction)
        values = part(length, fraction * self.local_value_fraction)
        heads = part(self.heads, self.head_keep_fraction[layer])
        return Step(0, layer, heads, length, keys, keys, values, self.heads, length)


Schedule = Generation | Summarization


def interpolated_keep(layers: int, front: float, start: float, end: float) -> list[float]:
    """Fractions by the rule of SpAtten, section 5A: the front layers keep all, the others go from `start` to `end`.

    `front` is the part of the layers that keeps all, rounded up. Fractions have three decimals.
    """
    if layers < 1 or not 0 <= front <= 1 or not 0 < end <= start <= 1:
        raise RarefyError(
            [
                "error: expected layers, a front from 0 to 1 and fractions with 0 < end <= start <= 1, "
                f"found {layers}, {front}, {start} and {end}"
            ]
        )
    kept = math.ceil(round(front * layers, 9))
    last = max(1, layers - kept - 1)
    return [1.0] * kept + [round(start + (end - start) * i / last, 3) for i in range(layers - kept)]


def part(base: int, fraction: Decimal) -> int:
    """As much of `base` as there is in whole ones."""
    return int(base * fraction)

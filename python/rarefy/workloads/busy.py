"""How many cycles each module of SpAtten is busy with a workload, by closed formulas: what a simulator is compared with."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

from rarefy.errors import RarefyError
from rarefy.workloads.rows import Row
from rarefy.workloads.schedule import Generation, Schedule

# Two heads' rows of this width share a fetch, and with it a selection: one alone does not fill whole DRAM transactions.
FUSED_BITS = 6
# Beside one pass over what is left, per round of a top-k.
ROUND_CYCLES = 3


@dataclass(frozen=True)
class Hardware:
    """The parameters that the formulas read; the defaults are the full SpAtten with the paper's nominal memory.

    Each of the two products has `multipliers`; counts of keys and values are padded to `count_multiple`.
    """

    multipliers: int = 512
    channels: int = 16
    bytes_per_cycle_per_channel: float = 32
    topk_parallelism: int = 16
    count_multiple: int = 8

    def __post_init__(self) -> None:
        if not min(astuple(self)) > 0:
            raise RarefyError([f"error: expected hardware parameters above 0, found {self}"])


@dataclass(frozen=True)
class Busy:
    """Cycles per module, and the sum of each row's largest: a pipeline that only the slowest module of a row holds up."""

    dram: float
    qk: int
    topk: float
    pv: int
    slowest: float


def busy_cycles(table: Iterable[Row], schedule: Schedule, hardware: Hardware | None = None) -> Busy:
    """The cycles that rows keep each module busy, top-k engines as the mean over random pivots.

    In summarization the keys and values of a head are fetched once, the products and selections done for every query.
    """
    hardware = hardware or Hardware()
    if hardware.multipliers % schedule.head_dim:
        raise RarefyError(
            [
                f"error: expected multipliers of whole heads of {schedule.head_dim}, found {hardware.multipliers}"
            ]
        )
    table = list(table)
    counts = np.array([[row.key_fetch_num, row.val_fetch_num, row.head, row.if_requant] for row in table])
    keys, values, heads, again = counts.reshape(-1, 4).T
    streams = isinstance(schedule, Generation)
    queries = np.ones_like(keys) if streams else keys
    multiple, bits = hardware.count_multiple, schedule.bits
    padded_keys, padded_values = (-(-count // multiple) * multiple for count in (keys, values))
    fetched_bits = padded_keys * (bits.key_msb + bits.key_lsb * again)
    fetched_bits += (padded_values if streams else padded_keys) * bits.value
    lane_bytes = hardware.channels * hardware.bytes_per_cycle_per_channel
    dram = fetched_bits * schedule.head_dim / 8 / lane_bytes
    qk = queries * _lines(padded_keys, schedule, hardware) * (1 + again)
    pv = queries * _lines(padded_values, schedule, hardware)
    selecting = (values < keys) & ((heads % 2 == 0) | (bits.key_msb != FUSED_BITS))
    pairs = [pair if selects else None for *pair, selects in zip(keys, values, selecting, strict=True)]
    means = expected_topk_cycles({tuple(pair) for pair in pairs if pair}, hardware.topk_parallelism)
    topk = pv + queries * np.array([means[tuple(pair)] if pair else 0.0 for pair in pairs])
    slowest = np.maximum.reduce([dram, qk, topk, pv])
    return Busy(float(dram.sum()), int(qk.sum()), float(topk.sum()), int(pv.sum()), float(slowest.sum()))


def _lines(counts: np.ndarray, schedule: Schedule, hardware: Hardware) -> np.ndarray:
    """Buffer lines of so many vectors, which are allocated in twos; one is read a cycle."""
    return 2 * -(-counts // (2 * (hardware.multipliers // schedule.head_dim)))


def expected_topk_cycles(pairs: Iterable[tuple[int, int]], parallelism: int) -> dict[tuple[int, int], float]:
    """Mean cycles of a quick-select of the k largest of n distinct values, for pairs (n, k) with 0 < k < n.

    A round compares its `size` candidates with one of them in ceil(size / parallelism) + 3 cycles; its pivot, any of them
    alike, is the one sought or leaves the larger or the smaller ones for the next round. With E[n][t] for n candidates of
    which t are larger than the one sought, the mean over pivots is

        E[n][t] = ceil(n/p) + 3 + (sum(E[n-l-1][t-l-1] for l < t) + sum(E[l][t] for t < l < n)) / n

    Both sums grow by one term from n to n + 1, along diagonals and down columns.
    """
    wanted: dict[int, list[int]] = {}
    for n, k in pairs:
        if not 0 < k < n:
            raise RarefyError(
                [f"error: expected a top-k of fewer than there are, at least 1, found {k} of {n}"]
            )
        wanted.setdefault(int(n), []).append(int(k))
    largest = max(wanted, default=0)
    diagonals, columns = np.zeros(largest + 1), np.zeros(largest + 1)
    found = {}
    for n in range(1, largest + 1):
        means = -(-n // parallelism) + ROUND_CYCLES + (diagonals[n:0:-1] + columns[:n]) / n
        diagonals[n:0:-1] += means
        columns[:n] += means
        found.update({(n, k): float(means[k]) for k in wanted.get(n, [])})
    return found

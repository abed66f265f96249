"""Busy cycles: the formulas by hand, and their sums over GPT-2 small."""

import functools

import pytest
from rarefy import RarefyError
from rarefy.workloads import Hardware, busy_cycles, expected_topk_cycles, read_schedule, rows
from workload_files import CONFIGS, GENERATION, SUMMARIZATION, write

SMALL = Hardware(multipliers=8, channels=1, bytes_per_cycle_per_channel=4, topk_parallelism=2)
EXPECTED = {
    (1024, 512): [3468.0, 1755.9, 899.9, 472.0, 258.2, 151.6],
    (1024, 204): [3072.8, 1557.5, 799.9, 421.2, 232.1, 137.7],
    (102, 20): [307.2, 166.8, 97.1, 61.8, 44.9, 36.6],
}


def busy(path, hardware):
    schedule = read_schedule(path)
    return busy_cycles(rows(schedule), schedule, hardware)


@functools.cache
def mean(n, t, parallelism):
    """The recurrence as it is written."""
    larger = sum(mean(n - pivot - 1, t - pivot - 1, parallelism) for pivot in range(t))
    smaller = sum(mean(pivot, t, parallelism) for pivot in range(t + 1, n))
    return -(-n // parallelism) + 3 + (larger + smaller) / n


def test_topk_by_hand():
    found = expected_topk_cycles([(2, 1), (3, 1)], 1)
    assert found == {(2, 1): 7.0, (3, 1): pytest.approx(6 + 14 / 3)}


@pytest.mark.parametrize("parallelism", [1, 4])
def test_topk_is_the_recurrence(parallelism):
    pairs = [(n, k) for n in (2, 5, 17, 40) for k in {1, n // 2, n - 1}]
    found = expected_topk_cycles(pairs, parallelism)
    assert found == {(n, k): pytest.approx(mean(n, k, parallelism)) for n, k in pairs}


@pytest.mark.parametrize(("column", "parallelism"), list(enumerate([1, 2, 4, 8, 16, 32])))
def test_topk_means(column, parallelism):
    found = expected_topk_cycles(EXPECTED, parallelism)
    assert found == {pair: pytest.approx(means[column], abs=0.051) for pair, means in EXPECTED.items()}


@pytest.mark.parametrize("pair", [(5, 0), (5, 5), (5, 6)])
def test_topk_of_none_or_all(pair):
    with pytest.raises(RarefyError, match=f"at least 1, found {pair[1]} of 5"):
        expected_topk_cycles([pair], 16)


@pytest.mark.parametrize(
    ("bandwidth", "parallelism", "dram", "topk", "slowest"),
    [
        (32, 16, 163484.5, 225930, 306.0),
        (12.84, 16, 407438.0, 225930, 440.6),
        (32, 1, 163484.5, 1965578, None),
    ],
)
def test_gpt2_small(bandwidth, parallelism, dram, topk, slowest):
    hardware = Hardware(bytes_per_cycle_per_channel=bandwidth, topk_parallelism=parallelism)
    found = busy(CONFIGS / "gpt2-small.json", hardware)
    assert found.dram == pytest.approx(dram, abs=0.05)
    assert (found.qk, found.pv, round(found.topk)) == (198530, 37224, topk)
    assert slowest is None or round(found.slowest / 1000, 1) == slowest


def test_default_is_the_full_machine():
    assert busy(CONFIGS / "gpt2-small.json", None) == busy(
        CONFIGS / "gpt2-small.json", Hardware(512, 16, 32, 16)
    )


def test_generation(tmp_path):
    found = busy(write(tmp_path, GENERATION), SMALL)
    assert (found.dram, found.qk, found.pv) == (9 * 12 + 16, 9 * 4 + 8, 10 * 4)
    # The even head of each pair selects: 5 of 8 in three layers, then 4 of 8 and twice 2 of 5.
    selections = [mean(8, 5, 2)] * 3 + [mean(8, 4, 2)] + [mean(5, 2, 2)] * 2
    assert found.topk == pytest.approx(40 + sum(selections))
    memory = [12] * 4 + [16, 12]
    even = sum(max(cycles, 4 + selection) for cycles, selection in zip(memory, selections, strict=True))
    assert found.slowest == pytest.approx(even + 4 * 12)


def test_heads_that_are_not_fused(tmp_path):
    """Keys of 8 bits fill whole transactions: every head selects by itself."""
    found = busy(write(tmp_path, GENERATION, **{"bits.key_msb": 8}), SMALL)
    selections = [mean(8, 5, 2)] * 5 + [mean(8, 4, 2)] * 2 + [mean(5, 2, 2)] * 3
    assert found.topk == pytest.approx(40 + sum(selections))


def test_all_values_bypass_selection(tmp_path):
    found = busy(write(tmp_path, GENERATION, local_value_fraction=1), SMALL)
    assert found.topk == found.pv == 40


def test_summarization(tmp_path):
    found = busy(write(tmp_path, SUMMARIZATION), SMALL)
    assert (found.dram, found.qk, found.pv) == (
        4 * 32 + 6 * 16,
        4 * 10 * 8 + 6 * 5 * 4,
        4 * 10 * 4 + 6 * 5 * 4,
    )
    assert found.topk == pytest.approx(280 + 40 * mean(10, 5, 2) + 30 * mean(5, 2, 2))


def test_no_rows(tmp_path):
    found = busy_cycles([], read_schedule(write(tmp_path, GENERATION)), SMALL)
    assert (found.dram, found.qk, found.topk, found.pv, found.slowest) == (0, 0, 0, 0, 0)


def test_impossible_hardware(tmp_path):
    with pytest.raises(
        RarefyError, match="expected hardware parameters above 0, found Hardware.multipliers=512, channels=0"
    ):
        Hardware(channels=0)
    with pytest.raises(RarefyError, match="expected multipliers of whole heads of 4, found 6"):
        busy(write(tmp_path, GENERATION), Hardware(multipliers=6))

"""Totals: GPT-2 small's against the published trace, small schedules by hand."""

import pytest
from rarefy.workloads import read_schedule, rows, total
from workload_files import CONFIGS, GENERATION, SUMMARIZATION, write


def totals(path):
    schedule = read_schedule(path)
    return total(rows(schedule), schedule)


def test_gpt2_small():
    report = totals(CONFIGS / "gpt2-small.json").report()
    reduction = report.pop("reduction")
    assert report == {
        "rows": {"all": 4608, "requantized": 323, "topk": 124},
        "sums": {"key": 1283172, "value": 255180, "length": 4647168, "requantized_key": 268355},
        "macs": {
            "dense": 594837504,
            "executed": 82123008 + 16331520,
            "qk": 82123008,
            "pv": 16331520,
            "requantized": 17174720,
        },
        "bytes": {"key_msb": 61592256, "key_lsb": 8587360, "value": 12248640, "query": 4608 * 64 * 2},
    }
    assert {key: round(number, 2) for key, number in reduction.items()} == {
        "macs": 6.04,
        "macs_with_requantized": 5.14,
        "bytes_of_32_bits": 28.87,
        "bytes_of_12_bits": 10.82,
        "bytes_of_8_bits": 7.22,
    }


def test_generation(tmp_path):
    report = totals(write(tmp_path, GENERATION)).report()
    assert report == {
        "rows": {"all": 10, "requantized": 1, "topk": 2},
        "sums": {"key": 71, "value": 39, "length": 85, "requantized_key": 5},
        "macs": {"dense": 816, "executed": 440, "qk": 284, "pv": 156, "requantized": 20},
        "bytes": {"key_msb": 213, "key_lsb": 10, "value": 117, "query": 80},
        "reduction": {
            "macs": 816 / 440,
            "macs_with_requantized": 816 / 460,
            "bytes_of_32_bits": 816 * 4 / 340,
            "bytes_of_12_bits": 816 * 1.5 / 340,
            "bytes_of_8_bits": 816 / 340,
        },
    }


def test_summarization(tmp_path):
    """All rows of a head share its keys and values, all of which are loaded for them."""
    report = totals(write(tmp_path, SUMMARIZATION)).report()
    assert report["macs"] == {"dense": 9600, "executed": 3240, "qk": 2200, "pv": 1040, "requantized": 0}
    assert report["bytes"] == {"key_msb": 280, "key_lsb": 0, "value": 280, "query": 280}
    assert report["reduction"]["bytes_of_8_bits"] == 960 / 560


def test_bits_that_are_no_bytes(tmp_path):
    sums = totals(write(tmp_path, GENERATION, head_dim=1, **{"bits.key_msb": 3}))
    assert sums.key_msb_bytes == 27  # 213 bits


@pytest.mark.parametrize(
    ("name", "tokens_and_values", "heads"), [("bert-base", 1.48, 1.1), ("bert-large", 1.48, 1.1)]
)
def test_bert_is_as_its_source_says(name, tokens_and_values, heads):
    schedule = read_schedule(CONFIGS / f"{name}.json")
    sums = total(rows(schedule), schedule)
    per_head = schedule.layers * schedule.heads / sums.rows
    assert round(per_head, 1) == heads
    assert round(sums.dense_macs / sums.executed_macs / per_head, 2) == tokens_and_values


def test_gpt2_medium_is_as_its_source_says():
    assert round(totals(CONFIGS / "gpt2-medium.json").report()["reduction"]["macs"], 1) == 3.8

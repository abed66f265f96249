"""The records of demos and benchmarks, and their tables."""

import json
import time

import pytest
from rarefy import records
from rarefy.records import Column, Recorder


@pytest.fixture
def recorder(tmp_path):
    recorder = Recorder(tmp_path, "demo", command="./x demo")
    recorder.add("digits/dense", "us_per_image", [30.0, 10.0, 20.0], "us")
    recorder.add("digits/half", "us_per_image", [8.0], "us", baseline="digits/dense")
    recorder.add("digits/half", "us_per_image", [6.0], "us", threads=2)
    recorder.add("digits/half", "tokens_0", 65, "tokens")
    recorder.add("digits/half", "tokens_1", 13, "tokens")
    return recorder


def test_value_is_the_median(recorder):
    dense = recorder.records[0]
    assert (dense.value, dense.samples) == (20.0, [10.0, 20.0, 30.0])
    assert (dense.baseline, dense.ratio) == (None, None)


def test_ratio_is_over_the_baseline(recorder):
    assert (recorder.records[1].baseline, recorder.records[1].ratio) == ("digits/dense", 0.4)


def test_unknown_baseline(recorder):
    with pytest.raises(ValueError, match="expected a record of digits/dense us_per_image with 2 threads"):
        recorder.add("digits/half", "us_per_image", 1.0, "us", baseline="digits/dense", threads=2)


def test_no_samples(recorder):
    with pytest.raises(ValueError, match="at least one sample of digits/none ms, found none"):
        recorder.add("digits/none", "ms", [], "ms")


def test_file(recorder, tmp_path):
    path = recorder.write()
    assert path == tmp_path / "build" / "results" / "demo.json"
    assert list(json.loads(path.read_text())[0]) == [
        *("name", "metric", "value", "unit", "baseline", "ratio", "threads", "samples", "cpu", "commit"),
        "command",
    ]
    assert records.read(path) == recorder.records
    assert recorder.records[0].command == "./x demo"
    assert recorder.records[0].cpu
    assert recorder.records[0].commit == "unknown"
    assert [entry.name for entry in path.parent.iterdir()] == ["demo.json"]


def test_not_records(tmp_path):
    path = tmp_path / "other.json"
    for text in ('[{"name": "digits"}]', "["):
        path.write_text(text)
        with pytest.raises(ValueError, match="expected a list of records in"):
            records.read(path)


def test_table(recorder):
    columns = [
        Column("tokens", ["tokens_0", "tokens_1"]),
        Column("us", ["us_per_image"], "{:.1f}"),
        Column("us, 2 threads", ["us_per_image"], "{:.1f}", threads=2),
        Column("faster", ["us_per_image"], "{:.1f}x", pick=records.speedup),
    ]
    assert records.table(recorder.records, columns).splitlines() == [
        "              tokens    us  us, 2 threads  faster",
        "------------  ------  ----  -------------  ------",
        "digits/dense     - -  20.0              -       -",
        "digits/half    65 13   8.0            6.0    2.5x",
    ]


def test_interleave_takes_turns():
    order = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    samples = records.interleave(calls, seconds=0, least=2)
    assert order == ["a"] * 3 + ["b"] * 3 + ["a", "b"] * 2
    assert {name: len(times) for name, times in samples.items()} == {"a": 2, "b": 2}


def test_interleave_drops_the_first_of_a_burst():
    delays = iter([0.0] * 3 + [0.05, 0.0, 0.0])
    samples = records.interleave({"a": lambda: time.sleep(next(delays))}, seconds=0, least=1, burst=2)
    assert len(samples["a"]) == 2
    assert max(samples["a"]) < 0.05

"""The report of the SpAtten benchmark: what it runs, adds up and says, on figures made up here."""

import sys
from pathlib import Path

import pytest
from rarefy import workloads
from rarefy.records import Recorder

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import _spatten_causes as causes  # noqa: E402
import _spatten_compare as compare  # noqa: E402
import _spatten_runs as spatten  # noqa: E402


@pytest.fixture
def result():
    read = {"query": 100, "key_msb": 600, "key_lsb": 0, "value": 100, "scales": 7}
    statistics = {
        "cycles": 2000,
        "microseconds": 2.0,
        "macs": {"score": 3000, "weight": 1000, "product": 0, "requantized": 500},
        "bytes": {"read": read, "write": {"output": 200}},
        "energy_pj": {"dram": 4e6, "sram": 1e6, "total": 8e6},
    }
    return spatten.Result(spatten.schedule("gpt2-small"), statistics, 0.5)


def test_figures_of_a_run(result):
    assert result.macs == 4000
    assert result.teraflops == pytest.approx(0.004)
    assert result.intensity == pytest.approx(8000 / 1000)
    assert result.watts("dram", "sram") == pytest.approx(2.5)
    assert result.dense_gigaops == pytest.approx(2 * 594_837_504 / 2000)


def test_steps_of_the_breakdown():
    """Pruning leaves the products of the trace, at 12 bits; the dense step all of them."""
    trace, pruned, dense = (
        workloads.total(workloads.rows(found), found)
        for found in map(spatten.schedule, ("gpt2-small", "gpt2-small/pruned", "gpt2-small/dense"))
    )
    assert (pruned.executed_macs, pruned.requantized_rows) == (trace.executed_macs, 0)
    assert pruned.key_msb_bytes == 2 * trace.key_msb_bytes
    assert dense.executed_macs == trace.dense_macs
    assert dense.key_value_bytes == trace.dense_elements * 12 // 8


def test_every_schedule_of_a_run_is_there():
    listed = spatten.runs()
    assert len(listed) > 50
    for run in listed.values():
        assert spatten.schedule(run.schedule).layers in (12, 24)


def test_other_devices_are_in_the_papers_proportions(tmp_path, result):
    recorder = Recorder(tmp_path, "bench")
    compare.compare_devices(recorder, {f"{model}/nominal": result for model in compare.MODELS})
    found = {(record.name, record.metric): record.value for record in recorder.records}
    gpu, xeon = (f"device: faster than a {name}, 30 tasks, x" for name in ("TITAN Xp", "Xeon E5-2640 v4"))
    teraops = result.dense_gigaops / 1e3
    assert found[gpu, "bert-base"] == pytest.approx(teraops / 0.02)
    assert found[gpu, "gpt2-small"] == pytest.approx(teraops / 0.01)
    # 22 tasks at half the rate: a geometric mean.
    assert found[gpu, "simulated"] == pytest.approx(teraops / 0.01 * 0.5 ** (22 / 30))
    assert found[xeon, "ratio"] == pytest.approx(found[gpu, "ratio"])
    saved = found["device: less energy than a TITAN Xp, 30 tasks, x", "simulated"]
    assert saved == pytest.approx(found[gpu, "simulated"] / 162 * 1193 * 8.3 / result.watts("total"))


def test_means_are_over_the_papers_tasks():
    assert compare.over_tasks({"gpt2-small": 1, "gpt2-medium": 3}) == 2
    everything = {"gpt2-small": 30, "gpt2-medium": 30, "bert-base": 0, "bert-large": 0}
    assert compare.over_tasks(everything) == 8


def test_causes_quote_records(tmp_path, monkeypatch):
    recorder = Recorder(tmp_path, "bench")
    recorder.add("bert/all", "teraflops", 1.2345, "TFLOPS")
    recorder.add("device: a, x", "bert-base", 38.01, "x")
    text = "with all values {bert/all|teraflops} TFLOPS, {device: a, x|bert-base} times"
    monkeypatch.setattr(causes, "CAUSES", {"throughput: B": text})
    names = ["throughput: BERT, TFLOPS", "throughput: BERT large, TFLOPS"]
    found = causes.causes(recorder.records, names)
    assert found == {"with all values 1.23 TFLOPS, 38 times": names}
    with pytest.raises(ValueError, match="a cause of 'power: all, W', found none"):
        causes.causes(recorder.records, ["power: all, W"])


def test_causes_quote_runs_that_there_are():
    """Or engines of them, or figures of a table."""
    runs = spatten.runs()
    quoted = [name for text in causes.CAUSES.values() for name, _ in causes.PLACE.findall(text)]
    assert len(quoted) > 20
    for name in quoted:
        assert (
            name in runs
            or name.rsplit("/", 1)[0] in runs
            or name.startswith(("trace: ", "breakdown: ", "device: "))
        )

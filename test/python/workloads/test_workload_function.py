"""Schedules as MLIR: one attention for each step, with its keys, values, importance and selections."""

import itertools
import re
import time

import pytest
import rarefy
from rarefy import RarefyError
from rarefy.workloads import function, read_schedule, rows, total
from rarefy.workloads.__main__ import main
from workload_files import CONFIGS, GENERATION, SUMMARIZATION, write

ATTENTION = re.compile(
    r"rarefy\.attention ins\([^:]*: tensor<(\d+)x(\d+)x\d+xi16>, tensor<\d+x(\d+)x\d+xi16>.*?\{(.*)\}"
)
EVEN = {"heads_per_layer": [4, 4, 4], "bits.key_msb": 6, "head_dim": 64}


def text(folder, schedule=GENERATION, requantize="run", **edits):
    return function(read_schedule(write(folder, schedule, **edits)), requantize)


def attentions(module):
    """Heads, rows, keys and attributes of each attention, in order."""
    found = [ATTENTION.search(line).groups() for line in module.splitlines() if "rarefy.attention" in line]
    return [(int(heads), int(queries), int(keys), more) for heads, queries, keys, more in found]


@pytest.mark.parametrize("name", ["gpt2-small", "gpt2-medium", "bert-base", "bert-large"])
def test_attentions_are_the_rows(name):
    schedule = read_schedule(CONFIGS / f"{name}.json")
    table = list(rows(schedule))
    found = []
    for heads, queries, keys, more in attentions(function(schedule)):
        keep = re.search(r"keep_values = (\d+)", more)
        values = int(keep[1]) if keep else keys
        assert queries == (1 if schedule.bits.key_lsb else keys)
        found += [(keys, values)] * heads
    assert found == [(row.key_fetch_num, row.val_fetch_num) for row in table]


@pytest.mark.parametrize("name", ["gpt2-small", "gpt2-medium", "bert-base"])
def test_selections_and_live_importance_are_the_rows(name):
    schedule = read_schedule(CONFIGS / f"{name}.json")
    module, table = function(schedule), list(rows(schedule))
    selected = re.findall(r"rarefy\.topk ins\(%\S+ : tensor<\d+xi32>\) .*-> tensor<(\d+)xi32>", module)
    assert [int(kept) for kept in selected] == [row.topk for row in table if row.if_topk]
    steps = {(row.iteration, row.layer): row.if_accumulate_importance for row in table}
    lines = [line for line in module.splitlines() if "rarefy.attention" in line]
    assert ["token_importance" in line for line in lines] == list(steps.values())


def test_heads_are_selected_by_what_earlier_layers_counted():
    """Of the heads in each layer of the schedule; behind the last selection none is counted."""
    schedule = read_schedule(CONFIGS / "bert-base.json")
    module, heads = function(schedule), [step.heads for step in schedule.steps()]
    selected = re.findall(r"rarefy\.topk ins\(%\S+ : tensor<(\d+)xi64>\) .*-> tensor<(\d+)xi32>", module)
    changes = [(before, after) for before, after in itertools.pairwise(heads) if before != after]
    assert [(int(before), int(after)) for before, after in selected] == changes
    lines = [line for line in module.splitlines() if "rarefy.attention" in line]
    assert ["head_importance" in line for line in lines] == [count > heads[-1] for count in heads]
    assert "xi64>" not in function(read_schedule(CONFIGS / "gpt2-small.json"))


def test_gpt2_small_is_fast_and_always_the_same():
    schedule = read_schedule(CONFIGS / "gpt2-small.json")
    start = time.perf_counter()
    assert function(schedule) == function(schedule)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("requantize", ["run", "schedule"])
@pytest.mark.parametrize("schedule", [GENERATION, SUMMARIZATION])
def test_modules_verify(schedule, requantize, tmp_path):
    rarefy.load(text(tmp_path, schedule, requantize))


def test_tokens_are_appended_where_they_are_new(tmp_path):
    inserted = re.findall(r"tensor\.insert_slice %\d+ into %\w+\[(\d+), 0, (\d+), 0\]", text(tmp_path))
    rows_and_columns = [(layer, 7 + iteration) for iteration in range(2) for layer in range(3)]
    assert [(int(layer), int(token)) for layer, token in inserted] == [
        place for place in rows_and_columns for _ in range(2)
    ]


def test_pairs_of_heads_select_together(tmp_path):
    assert all("keep_group = 2" in more for *_, more in attentions(text(tmp_path, **EVEN)))
    assert "keep_group" not in text(tmp_path, **{**EVEN, "bits.key_msb": 8, "bits.value": 8})
    assert "keep_group" not in text(tmp_path, **EVEN, local_value_fraction=1)
    assert "keep_values" not in text(tmp_path, **EVEN, local_value_fraction=1)


def test_rows_of_the_schedule_read_their_second_plane(tmp_path):
    """Heads that are listed have a threshold that all are below; who shares a row of memory with one, too."""
    listed = {"requant_rows": {"groups": [{"iterations": [1, 1], "layers": {"1": [1]}}]}}

    def thresholds(**edits):
        found = attentions(text(tmp_path, requantize="schedule", **edits))
        return [(heads, float(re.search(r"threshold = ([^>]*)>", more)[1])) for heads, *_, more in found]

    assert thresholds(**listed) == [(2, 0), (2, 0), (1, 0), (2, 0), (1, 0), (1, 1), (1, 0)]
    paired = thresholds(**EVEN, **listed)
    assert paired == [(4, 0), (4, 0), (4, 0), (4, 0), (2, 1), (2, 0), (4, 0)]


def test_run_has_the_threshold_of_the_schedule(tmp_path):
    assert text(tmp_path).count("threshold = 5.000000e-02") == 6
    assert text(tmp_path, SUMMARIZATION).count("lsb = 0, threshold = 0.000000e+00") == 3


@pytest.mark.parametrize("schedule", [GENERATION, SUMMARIZATION])
def test_bits_of_queries_count_in_totals_alone(schedule, tmp_path):
    """What docs/Workloads.md says of `bits.query`."""
    assert text(tmp_path, schedule, **{"bits.query": 4}) == text(tmp_path, schedule, **{"bits.query": 12})
    few, many = (read_schedule(write(tmp_path, schedule, **{"bits.query": bits})) for bits in (4, 12))
    assert 3 * total(rows(few), few).query_bytes == total(rows(many), many).query_bytes > 0


def test_no_list_for_the_first_layer(tmp_path):
    message = "expected a schedule whose first layer keeps all tokens, found 8 of 9: the program has no list"
    with pytest.raises(RarefyError, match=message):
        text(tmp_path, first_key_pruned_iteration=0, first_length=9)


@pytest.mark.parametrize("scale", [0.0, -1.0, 1e-60, 1e60, float("inf"), float("nan")])
def test_wrong_scale(scale, tmp_path):
    with pytest.raises(
        RarefyError, match=f"scale: expected from 1.4e-45 to .*, found {re.escape(str(scale))}"
    ):
        function(read_schedule(write(tmp_path, GENERATION)), scale=scale)


def test_wrong_requantize(tmp_path):
    with pytest.raises(RarefyError, match="requantize: expected run or schedule, found never"):
        text(tmp_path, requantize="never")


def test_from_the_shell(tmp_path, capsys):
    schedule, out = write(tmp_path, GENERATION), tmp_path / "out.mlir"
    options = ["--mlir", str(out), "--requantize", "schedule", "--scale", "0.5"]
    assert main(["generation", "--schedule", str(schedule), *options]) == 0
    assert capsys.readouterr().out.startswith("rows ")
    assert out.read_text() == function(read_schedule(schedule), "schedule", 0.5)


def test_the_next_token_is_selected_whatever_it_counts(tmp_path):
    module = text(tmp_path)
    assert re.search(r"(%c\d+) = arith\.constant dense<-1> : tensor<1xi32>", module)
    inserted = re.findall(r"insert_slice %c\d+ into %\d+\[(\d+)\] \[1\]", module)
    assert inserted == ["8"]  # Iteration 0 has tokens 0 to 7.
    assert re.search(r"rarefy\.topk ins\(%\d+ : tensor<9xi32>\) .*-> tensor<8xi32>", module)

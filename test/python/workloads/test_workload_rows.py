"""The table of rows: one worked by hand for each phase, and the released one of GPT-2 small."""

import csv
import math
import re

import pytest
from rarefy import RarefyError
from rarefy.workloads import live_importance, read_schedule, rows, write_csv
from workload_files import ABSENT, CONFIGS, GENERATION, ROOT, SUMMARIZATION, write

SHARED = ROOT.parent / "shared" / "data" / "spatten" / "gpt2-small-per8-schedule.json"


def test_generation(tmp_path):
    assert [tuple(row) for row in rows(read_schedule(write(tmp_path, GENERATION)))] == [
        (0, 0, 0, 8, 5, True, False, False, -1, False),
        (0, 0, 1, 8, 5, True, False, False, -1, False),
        (0, 1, 0, 8, 5, True, False, False, -1, False),
        (0, 1, 1, 8, 5, True, False, False, -1, False),
        (0, 2, 0, 8, 5, True, True, True, 8, False),
        (1, 0, 0, 8, 4, True, False, False, -1, False),
        (1, 0, 1, 8, 4, True, False, True, 5, False),
        (1, 1, 0, 5, 2, False, False, False, -1, True),
        (1, 1, 1, 5, 2, False, False, False, -1, False),
        (1, 2, 0, 5, 2, False, False, False, -1, False),
    ]


def test_summarization(tmp_path):
    first = [(0, 0, head, 10, 5, True, False, head == 3, 5 if head == 3 else -1, False) for head in range(4)]
    others = [(0, 1, head, 5, 2, False, False, False, -1, False) for head in range(4)]
    others += [(0, 2, head, 5, 2, False, False, False, -1, False) for head in range(2)]
    assert [tuple(row) for row in rows(read_schedule(write(tmp_path, SUMMARIZATION)))] == first + others


def test_no_topk_where_all_are_kept(tmp_path):
    """0.9 of the context are the 9 tokens that there are, and more than the 8 of the iteration before."""
    edits = {"key_keep_fraction": [0.9, 0.9, 0.9], "first_key_pruned_iteration": 0}
    table = list(rows(read_schedule(write(tmp_path, GENERATION, **edits))))
    assert [row.key_fetch_num for row in table] == [8] * 5 + [9] * 5
    assert not any(row.if_topk or row.if_accumulate_importance for row in table)


def test_all_values(tmp_path):
    table = rows(read_schedule(write(tmp_path, GENERATION, local_value_fraction=1)))
    assert all(row.val_fetch_num == row.key_fetch_num for row in table)


def test_rows_of_a_run(tmp_path):
    table = rows(read_schedule(write(tmp_path, GENERATION)), requantized=[(0, 2, 0), (1, 0, 1)])
    assert [row[:3] for row in table if row.if_requant] == [(0, 2, 0), (1, 0, 1)]


@pytest.mark.parametrize("row", [(2, 0, 0), (1, 3, 0), (1, 2, 1), (-1, 0, 0)])
def test_no_such_row(row, tmp_path):
    message = f"requantized: expected rows (iteration, layer, head) of the schedule, found {row}"
    with pytest.raises(RarefyError, match=re.escape(message)):
        rows(read_schedule(write(tmp_path, GENERATION)), requantized=[(1, 0, 1), row])


def test_no_second_plane(tmp_path):
    schedule = read_schedule(write(tmp_path, SUMMARIZATION))
    assert list(rows(schedule, requantized=[])) == list(rows(schedule))
    message = "requantized: expected bits.key_lsb above 0 where rows are requantized, found 0"
    with pytest.raises(RarefyError, match=message):
        rows(schedule, requantized=[(0, 0, 0)])


@pytest.mark.parametrize(
    ("selections", "live"),
    [
        ([], []),
        ([-1, -1], [False, False]),
        ([-1, 4, -1], [True, True, False]),
        ([4, -1, 2, -1, -1], [True, True, True, False, False]),
    ],
)
def test_live_importance(selections, live):
    assert live_importance(selections) == live


def released(iteration, layer, head, requantized):
    """A row of the released table, by the rules that were read off it."""
    fractions = [0.9, 0.7] + [0.2] * 4 + [0.1] * 6
    pruned = iteration >= 1
    keys = math.floor(fractions[layer] * 1024) if pruned else 993 + iteration
    values = math.floor(1024 * 0.2 * (fractions[layer] if pruned else 1))
    topk = -1
    if head == 11 and layer == 11 and iteration < 31:
        topk = 921
    elif head == 11 and pruned and layer < 11 and fractions[layer + 1] < fractions[layer]:
        topk = math.floor(fractions[layer + 1] * 1024)
    accumulates = iteration < 31 or layer <= 5
    place = iteration, layer, head
    return (*place, keys, values, accumulates, topk == 921, topk != -1, topk, place in requantized)


def test_gpt2_small():
    schedule = read_schedule(CONFIGS / "gpt2-small.json")
    table = [tuple(row) for row in rows(schedule)]
    assert len(table) == 4608
    assert table == [
        released(iteration, layer, head, schedule.requantized)
        for iteration in range(32)
        for layer in range(12)
        for head in range(12)
    ]
    assert sum(row[7] for row in table) == 124
    assert sum(row[5] for row in table) == 4608 - 6 * 12


def test_gpt2_small_requantized():
    places = read_schedule(CONFIGS / "gpt2-small.json").requantized
    counts = [sum(place[0] == iteration for place in places) for iteration in range(32)]
    assert counts == [51] + [24] * 9 + [16] + [12] * 3 + [4] + [0] * 17
    assert [sum(place[1] == layer for place in places) for layer in (0, 1)] == [124, 172]


@pytest.mark.skipif(not SHARED.exists(), reason="needs the reference schedule beside the tree")
def test_gpt2_small_is_the_reference():
    assert list(rows(read_schedule(CONFIGS / "gpt2-small.json"))) == list(rows(read_schedule(SHARED)))


def test_cascades():
    """Within an iteration no committed schedule keeps more in a layer than in the one before."""
    for path in CONFIGS.iterdir():
        steps = read_schedule(path).steps()
        pairs = [(a, b) for a, b in zip(steps, steps[1:], strict=False) if a.iteration == b.iteration]
        assert pairs
        assert all(a.keys >= b.keys and a.heads >= b.heads and b.values >= 1 for a, b in pairs)


def test_csv(tmp_path):
    path = tmp_path / "rows.csv"
    write_csv(rows(read_schedule(write(tmp_path, GENERATION, requant_rows=ABSENT))), path)
    lines = path.read_bytes().split(b"\n")
    assert lines[0] == (
        b"iteration,layer,head,key_fetch_num,val_fetch_num,if_accumulate_importance,"
        b"if_rescale_previous_importance,if_topk,topk,if_requant"
    )
    assert lines[5] == b"0,2,0,8,5,True,True,True,8,False"
    assert lines[10:] == [b"1,2,0,5,2,False,False,False,-1,False", b""]
    with open(path, newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 10

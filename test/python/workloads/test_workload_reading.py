"""Schedule files: what they hold when they are right, and the error when they are wrong."""

import pytest
from rarefy import RarefyError
from rarefy.workloads import Bits, Generation, Summarization, interpolated_keep, read_schedule
from workload_files import ABSENT, CONFIGS, GENERATION, SUMMARIZATION, write

ABOVE_0 = "expected a number above 0 and at most 1, found "
COUNT = "expected an integer from 1 to 1048576, found "
EVENTS = [
    {"iterations": [0, 0], "events": [{"layer": 2, "head": 0, "k": 8, "rescale": True}]},
    {"iterations": [1, 1], "events": [{"layer": 0, "head": 1, "k": 5, "rescale": False}]},
]
GENERATION_ERRORS = [
    ({"phase": "prefill"}, """key 'phase': expected "generation" or "summarization", found "prefill\""""),
    ({"n_ctx": ABSENT}, "key 'n_ctx': expected a value, found no such key"),
    ({"n_ctx": 8}, "key 'first_length': expected sentences of at most n_ctx = 8 tokens, found 8 + 2 - 1 = 9"),
    (
        {"iterations": 4},
        "key 'first_length': expected sentences of at most n_ctx = 10 tokens, found 8 + 4 - 1 = 11",
    ),
    ({"iterations": 0}, f"key 'iterations': {COUNT}0"),
    ({"iterations": 2.0}, f"key 'iterations': {COUNT}2.0"),
    ({"first_length": True}, f"key 'first_length': {COUNT}true"),
    ({"layers": 2000000}, f"key 'layers': {COUNT}2000000"),
    ({"head_dim": "64"}, f"key 'head_dim': {COUNT}\"64\""),
    ({"heads_per_layer": 12}, "key 'heads_per_layer': expected a list, found 12"),
    ({"heads_per_layer": [2, 2]}, "key 'heads_per_layer': expected 3 elements (one per layer), found 2"),
    ({"heads_per_layer.1": 0}, f"key 'heads_per_layer[1]': {COUNT}0"),
    (
        {"heads_per_layer.1": 3},
        "key 'heads_per_layer[1]': expected at most the 2 of the layer before (what is pruned stays pruned), found 3",
    ),
    ({"key_keep_fraction": [1]}, "key 'key_keep_fraction': expected 3 elements (one per layer), found 1"),
    ({"key_keep_fraction.1": 0}, f"key 'key_keep_fraction[1]': {ABOVE_0}0"),
    ({"key_keep_fraction.1": 1.5}, f"key 'key_keep_fraction[1]': {ABOVE_0}1.5"),
    ({"key_keep_fraction.1": -0.5}, f"key 'key_keep_fraction[1]': {ABOVE_0}-0.5"),
    ({"key_keep_fraction.1": None}, f"key 'key_keep_fraction[1]': {ABOVE_0}null"),
    ({"key_keep_fraction.1": float("nan")}, "expected numbers, found NaN"),
    (
        {"key_keep_fraction.2": 0.09},
        "key 'key_keep_fraction[2]': expected a fraction that keeps at least one of 10 tokens, found 0.09",
    ),
    (
        {"key_keep_fraction.2": 0.6},
        "key 'key_keep_fraction[2]': expected at most the 0.5 of the layer before (what is pruned stays pruned), "
        "found 0.6",
    ),
    (
        {"first_key_pruned_iteration": -1},
        "key 'first_key_pruned_iteration': expected an integer from 0 to 1048576, found -1",
    ),
    ({"local_value_fraction": 1.01}, f"key 'local_value_fraction': {ABOVE_0}1.01"),
    (
        {"local_value_fraction": 0.19},
        "key 'local_value_fraction': expected a fraction that keeps at least one value of 10 tokens in every layer, "
        "found 0.19",
    ),
    ({"bits": [6, 4]}, "key 'bits': expected an object, found a list of 2"),
    ({"bits.value": ABSENT}, "key 'bits.value': expected a value, found no such key"),
    ({"bits.value": 33}, "key 'bits.value': expected an integer from 1 to 32, found 33"),
    ({"bits.key": 6}, "key 'bits.key': expected one of the keys key_lsb, key_msb, query, value, found 'key'"),
    (
        {"bits.key_lsb": 0},
        "key 'requant_threshold': expected bits.key_lsb above 0 where rows are requantized, found 0",
    ),
    (
        {"bits.key_lsb": 0, "requant_threshold": ABSENT},
        "key 'requant_rows': expected bits.key_lsb above 0 where rows are requantized, found 0",
    ),
    (
        {"requant_threshold": ABSENT},
        "key 'bits': expected requant_threshold where bits.key_lsb is above 0, found no such key",
    ),
    ({"requant_threshold": 0}, f"key 'requant_threshold': {ABOVE_0}0"),
    ({"source": 1}, "key 'source': expected a string, found 1"),
    ({"keep_rule": []}, "key 'keep_rule': expected a string, found a list of 0"),
    ({"model": "x" * 99, "config": {}}, "key 'config': expected a string, found an object of 0"),
    ({"requant_rows": []}, "key 'requant_rows': expected an object, found a list of 0"),
    (
        {"requant_rows.rows": []},
        "key 'requant_rows.rows': expected one of the keys _format, groups, found 'rows'",
    ),
    (
        {"requant_rows.groups.0.iterations": [0, 2]},
        "key 'requant_rows.groups[0].iterations[1]': expected an integer from 0 to 1, found 2",
    ),
    (
        {"requant_rows.groups.0.iterations": [1, 0]},
        "key 'requant_rows.groups[0].iterations': expected a first that is not above the last, found a list of 2",
    ),
    (
        {"requant_rows.groups.0.iterations": [1]},
        "key 'requant_rows.groups[0].iterations': expected 2 elements (first and last), found 1",
    ),
    (
        {"requant_rows.groups.0.layers": {"3": [0]}},
        "key 'requant_rows.groups[0].layers.3': expected a layer from 0 to 2, found '3'",
    ),
    (
        {"requant_rows.groups.0.layers": {"01": [0]}},
        "key 'requant_rows.groups[0].layers.01': expected a layer from 0 to 2, found '01'",
    ),
    (
        {"requant_rows.groups.0.layers": {"2": [1]}},
        "key 'requant_rows.groups[0].layers.2[0]': expected an integer from 0 to 0, found 1",
    ),
    (
        {"requant_rows.groups.0.layers": {"1": [0, 0]}},
        "key 'requant_rows.groups[0].layers.1[1]': expected each row once, "
        "found iteration 1, layer 1, head 0 twice",
    ),
    ({"requant_row_count": 2}, "key 'requant_row_count': expected 1, which the other keys imply, found 2"),
    ({"topk_event_count": 3}, "key 'topk_event_count': expected 2, which the other keys imply, found 3"),
    (
        {"topk_events": EVENTS[:1]},
        "key 'topk_events': expected the event of iteration 1, layer 0, head 1, found none",
    ),
    (
        {"topk_events": EVENTS, "topk_events.0.events.0.k": 7},
        "key 'topk_events[0].events[0]': expected k = 8, rescale = True in iteration 0, layer 2, head 0, "
        "found k = 7, rescale = True",
    ),
    (
        {"topk_events": EVENTS, "topk_events.0.events.0.k": 0},
        f"key 'topk_events[0].events[0].k': {COUNT}0",
    ),
    (
        {"topk_events": EVENTS, "topk_events.0.events.0.rescale": 1},
        "key 'topk_events[0].events[0].rescale': expected true or false, found 1",
    ),
    (
        {"topk_events": EVENTS, "topk_events.1.events.0.layer": 1},
        "key 'topk_events[1].events[0]': expected no (further) event in iteration 1, layer 1, head 1, "
        "found k = 5, rescale = False",
    ),
    (
        {"topk_events": [*EVENTS, EVENTS[0]]},
        "key 'topk_events[2].events[0]': expected no (further) event in iteration 0, layer 2, head 0, "
        "found k = 8, rescale = True",
    ),
]
SUMMARIZATION_ERRORS = [
    ({"sentence_length": 0}, f"key 'sentence_length': {COUNT}0"),
    ({"heads": ABSENT}, "key 'heads': expected a value, found no such key"),
    (
        {"token_keep_fraction.0": 0.9},
        "key 'token_keep_fraction[0]': expected 1, as nothing is known to be unimportant before the first layer, "
        "found 0.9",
    ),
    (
        {"head_keep_fraction.0": 0.9, "head_keep_fraction.1": 0.9},
        "key 'head_keep_fraction[0]': expected 1, as nothing is known to be unimportant before the first layer, "
        "found 0.9",
    ),
    (
        {"head_keep_fraction.2": 0.2},
        "key 'head_keep_fraction[2]': expected a fraction that keeps at least one of 4 heads, found 0.2",
    ),
    (
        {"token_keep_fraction.2": 0.05},
        "key 'token_keep_fraction[2]': expected a fraction that keeps at least one of 10 tokens, found 0.05",
    ),
    (
        {"token_keep_fraction": [1, 1]},
        "key 'token_keep_fraction': expected 3 elements (one per layer), found 2",
    ),
    ({"local_value_fraction": 0}, f"key 'local_value_fraction': {ABOVE_0}0"),
    ({"bits.key_lsb": 4}, "key 'bits.key_lsb': expected one of the keys key, query, value, found 'key_lsb'"),
    ({"bits.key": 0}, "key 'bits.key': expected an integer from 1 to 32, found 0"),
]
TEXT_ERRORS = [
    ("[1]", "expected an object, found a list of 1"),
    ("{", "expected JSON, found Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ('{"layers": 1, "layers": 2}', "key 'layers': expected each key once, found it twice"),
    (
        '{"layers": 1e99999999999999999999}',
        "expected numbers that can be held, found an exponent beyond all bounds",
    ),
    ("[" * 100000, "expected JSON, found maximum recursion depth exceeded"),
]


def failure(path):
    with pytest.raises(RarefyError) as caught:
        read_schedule(path)
    return str(caught.value).removeprefix(f"error: {path}: ")


@pytest.mark.parametrize(("edits", "message"), GENERATION_ERRORS)
def test_wrong_generation(edits, message, tmp_path):
    assert failure(write(tmp_path, GENERATION, **edits)) == message


@pytest.mark.parametrize(("edits", "message"), SUMMARIZATION_ERRORS)
def test_wrong_summarization(edits, message, tmp_path):
    assert failure(write(tmp_path, SUMMARIZATION, **edits)) == message


@pytest.mark.parametrize("schedule", [GENERATION, SUMMARIZATION], ids=["generation", "summarization"])
def test_unknown_key(schedule, tmp_path):
    message = failure(write(tmp_path, schedule, head_count=12))
    assert message.startswith("key 'head_count': expected one of the keys bits, ")
    assert message.endswith(", found 'head_count'")


@pytest.mark.parametrize(("text", "message"), TEXT_ERRORS, ids=["list", "open", "twice", "huge", "deep"])
def test_not_a_schedule(text, message, tmp_path):
    path = tmp_path / "s.json"
    path.write_text(text)
    assert failure(path).startswith(message)


def test_unreadable(tmp_path):
    assert (
        failure(tmp_path / "none.json") == "expected a file that can be read, found No such file or directory"
    )
    path = tmp_path / "s.json"
    path.write_bytes(b"\xff")
    assert failure(path).startswith("expected JSON, found 'utf-8' codec can't decode byte 0xff")


def test_error_names_the_file(tmp_path):
    path = write(tmp_path, GENERATION, layers=0)
    with pytest.raises(RarefyError) as caught:
        read_schedule(path)
    assert caught.value.diagnostics == [f"error: {path}: key 'layers': {COUNT}0"]


def test_generation(tmp_path):
    implied = {"topk_events": EVENTS, "topk_event_count": 2, "requant_row_count": 1}
    schedule = read_schedule(write(tmp_path, GENERATION, phase="generation", source="by hand", **implied))
    assert isinstance(schedule, Generation)
    assert (schedule.heads_per_layer, schedule.bits) == ((2, 2, 1), Bits(6, 4, 6, 16))
    assert (schedule.requant_threshold, schedule.requantized) == (0.05, {(1, 1, 0)})


def test_single_plane(tmp_path):
    edits = {"bits.key_lsb": 0, "requant_threshold": ABSENT, "requant_rows": ABSENT}
    schedule = read_schedule(write(tmp_path, GENERATION, **edits))
    assert (schedule.requant_threshold, schedule.requantized) == (None, frozenset())


def test_summarization(tmp_path):
    schedule = read_schedule(write(tmp_path, SUMMARIZATION))
    assert isinstance(schedule, Summarization)
    assert (schedule.heads, schedule.bits) == (4, Bits(8, 0, 8, 8))


def test_fractions_are_decimals(tmp_path):
    """0.29 * 100 is 28.999999999999996 in binary."""
    edits = {"n_ctx": 100, "key_keep_fraction": [0.58, 0.29, 0.29], "first_key_pruned_iteration": 0}
    schedule = read_schedule(write(tmp_path, GENERATION, first_length=99, **edits))
    assert [step.keys for step in schedule.steps()][:3] == [58, 29, 29]


def test_committed_schedules():
    phases = {path.stem: type(read_schedule(path)) for path in CONFIGS.iterdir()}
    assert phases == {
        "gpt2-small": Generation,
        "gpt2-medium": Generation,
        "bert-base": Summarization,
        "bert-large": Summarization,
    }


def floats(fractions):
    return [float(fraction) for fraction in fractions]


def test_chosen_ratios():
    medium = read_schedule(CONFIGS / "gpt2-medium.json")
    assert floats(medium.key_keep_fraction) == interpolated_keep(24, 0.15, 0.5, 0.1)
    for name, layers in (("bert-base", 12), ("bert-large", 24)):
        bert = read_schedule(CONFIGS / f"{name}.json")
        assert floats(bert.token_keep_fraction) == interpolated_keep(layers, 0.15, 0.9, 0.7)
        assert floats(bert.head_keep_fraction) == interpolated_keep(layers, 0.3, 0.95, 0.85)


def test_interpolated_keep():
    assert interpolated_keep(5, 0.15, 0.8, 0.2) == [1, 0.8, 0.6, 0.4, 0.2]
    assert interpolated_keep(10, 0.3, 0.5, 0.5) == [1] * 3 + [0.5] * 7
    assert interpolated_keep(2, 0.5, 0.5, 0.25) == [1, 0.5]
    assert interpolated_keep(3, 1, 0.5, 0.25) == [1, 1, 1]
    with pytest.raises(RarefyError, match="0 < end <= start <= 1, found 3, 0.1, 0.2 and 0.4"):
        interpolated_keep(3, 0.1, 0.2, 0.4)

"""Reads schedule files. docs/Workloads.md describes them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from rarefy.workloads.fields import LARGEST, Value, load
from rarefy.workloads.rows import topk_events
from rarefy.workloads.schedule import Bits, Generation, Schedule, Summarization, part

TEXTS = ("source", "model", "config")
GENERATION_KEYS = (
    *("n_ctx", "iterations", "first_length", "layers", "head_dim", "heads_per_layer", "key_keep_fraction"),
    *("first_key_pruned_iteration", "local_value_fraction", "bits"),
)
GENERATION_TEXTS = (*TEXTS, "length_rule", "keep_rule")
# What the other keys imply, and is checked against them where a file says it.
GENERATION_CHECKS = ("topk_event_count", "topk_events", "requant_row_count")
SUMMARIZATION_KEYS = (
    *("phase", "sentence_length", "layers", "head_dim", "heads", "token_keep_fraction"),
    *("head_keep_fraction", "local_value_fraction", "bits"),
)


def read_schedule(file: str | Path) -> Schedule:
    """The schedule in a file; RarefyError if there is anything wrong with it."""
    root = load(file)
    phase = root.members().get("phase")
    if phase is None or phase.value == "generation":
        return _generation(root)
    if phase.value != "summarization":
        phase.fail('"generation" or "summarization"')
    return _summarization(root)


def _generation(root: Value) -> Generation:
    optional = ("phase", "requant_threshold", "requant_rows", *GENERATION_TEXTS, *GENERATION_CHECKS)
    fields = root.fields(GENERATION_KEYS, optional)
    _texts(fields, GENERATION_TEXTS)
    n_ctx, iterations = fields["n_ctx"].integer(), fields["iterations"].integer()
    first_length = fields["first_length"].integer()
    if first_length + iterations - 1 > n_ctx:
        longest = f"{first_length} + {iterations} - 1 = {first_length + iterations - 1}"
        fields["first_length"].fail(f"sentences of at most n_ctx = {n_ctx} tokens", longest)
    layers = fields["layers"].integer()
    heads = tuple(item.integer() for item in fields["heads_per_layer"].items(layers, " (one per layer)"))
    _check_falling(fields["heads_per_layer"], heads)
    keep = _fractions(fields["key_keep_fraction"], layers, n_ctx, "tokens")
    local = _local_fraction(fields["local_value_fraction"], n_ctx, keep)
    first_pruned = fields["first_key_pruned_iteration"].integer(0, LARGEST)
    bits = _generation_bits(fields["bits"])
    threshold = _threshold(fields, bits)
    schedule = Generation(
        *(n_ctx, iterations, first_length, layers, fields["head_dim"].integer(), heads, keep, first_pruned),
        *(local, bits, threshold, _requantized(fields, iterations, heads)),
    )
    _check_implied(fields, schedule)
    return schedule


def _summarization(root: Value) -> Summarization:
    fields = root.fields(SUMMARIZATION_KEYS, TEXTS)
    _texts(fields, TEXTS)
    length, layers, heads = (fields[key].integer() for key in ("sentence_length", "layers", "heads"))
    tokens = _fractions(fields["token_keep_fraction"], layers, length, "tokens")
    kept_heads = _fractions(fields["head_keep_fraction"], layers, heads, "heads")
    for key, fractions in (("token_keep_fraction", tokens), ("head_keep_fraction", kept_heads)):
        if fractions[0] != 1:
            fields[key].items()[0].fail("1, as nothing is known to be unimportant before the first layer")
    local = _local_fraction(fields["local_value_fraction"], length, tokens)
    widths = fields["bits"].fields(("key", "value", "query"))
    key, value, query = (widths[name].integer(1, 32) for name in ("key", "value", "query"))
    bits = Bits(key, 0, value, query)
    return Summarization(length, layers, fields["head_dim"].integer(), heads, tokens, kept_heads, local, bits)


def _texts(fields: dict[str, Value], keys: tuple[str, ...]) -> None:
    for key in keys:
        if key in fields:
            fields[key].text()


def _fractions(value: Value, layers: int, base: int, what: str) -> tuple[Decimal, ...]:
    """The part of `base` that each layer keeps: some of it, and never more than the layer before."""
    items = value.items(layers, " (one per layer)")
    fractions = tuple(item.fraction() for item in items)
    for item, fraction in zip(items, fractions, strict=True):
        if not part(base, fraction):
            item.fail(f"a fraction that keeps at least one of {base} {what}")
    _check_falling(value, fractions)
    return fractions


def _check_falling(value: Value, numbers: tuple[Any, ...]) -> None:
    for layer, item in enumerate(value.items()):
        if layer and numbers[layer] > numbers[layer - 1]:
            item.fail(f"at most the {numbers[layer - 1]} of the layer before (what is pruned stays pruned)")


def _local_fraction(value: Value, base: int, keep: tuple[Decimal, ...]) -> Decimal:
    fraction = value.fraction()
    if not part(base, fraction * keep[-1]):
        value.fail(f"a fraction that keeps at least one value of {base} tokens in every layer")
    return fraction


def _generation_bits(value: Value) -> Bits:
    fields = value.fields(("key_msb", "key_lsb", "value", "query"))
    key_lsb = fields["key_lsb"].integer(0, 32)
    key_msb, values, query = (fields[key].integer(1, 32) for key in ("key_msb", "value", "query"))
    return Bits(key_msb, key_lsb, values, query)


def _threshold(fields: dict[str, Value], bits: Bits) -> float | None:
    """A second plane and the probability under which it is fetched go together."""
    for key in ("requant_threshold", "requant_rows"):
        if key in fields and not bits.key_lsb:
            fields[key].fail("bits.key_lsb above 0 where rows are requantized", "0")
    if not bits.key_lsb:
        return None
    if "requant_threshold" not in fields:
        fields["bits"].fail("requant_threshold where bits.key_lsb is above 0", "no such key")
    return float(fields["requant_threshold"].fraction())


def _requantized(
    fields: dict[str, Value], iterations: int, heads: tuple[int, ...]
) -> frozenset[tuple[int, int, int]]:
    if "requant_rows" not in fields:
        return frozenset()
    listed = fields["requant_rows"].fields(("groups",), ("_format",))
    _texts(listed, ("_format",))
    rows: set[tuple[int, int, int]] = set()
    for item in listed["groups"].items():
        group = item.fields(("iterations", "layers"))
        for iteration in group["iterations"].interval(iterations):
            for name, members in group["layers"].members().items():
                layer = _layer(members, name, len(heads))
                for head in members.items():
                    row = iteration, layer, head.integer(0, heads[layer] - 1)
                    if row in rows:
                        head.fail("each row once", "iteration {}, layer {}, head {} twice".format(*row))
                    rows.add(row)
    return frozenset(rows)


def _layer(value: Value, name: str, layers: int) -> int:
    if not (
        name.isascii() and name.isdigit() and len(name) < 8 and int(name) < layers and name == str(int(name))
    ):
        value.fail(f"a layer from 0 to {layers - 1}", f"'{name}'")
    return int(name)


def _check_implied(fields: dict[str, Value], schedule: Generation) -> None:
    """What a file says beyond need agrees with what its other keys imply."""
    events = topk_events(schedule)
    counts = {"topk_event_count": len(events), "requant_row_count": len(schedule.requantized)}
    for key, count in counts.items():
        if key in fields and fields[key].integer(0, LARGEST**2) != count:
            fields[key].fail(f"{count}, which the other keys imply")
    if "topk_events" in fields:
        _check_events(fields["topk_events"], schedule.iterations, events)


def _check_events(
    value: Value, iterations: int, implied: dict[tuple[int, int, int], tuple[int, bool]]
) -> None:
    seen = set()
    for item in value.items():
        group = item.fields(("iterations", "events"))
        for iteration in group["iterations"].interval(iterations):
            for event in group["events"].items():
                fields = event.fields(("layer", "head", "k", "rescale"))
                place = iteration, fields["layer"].integer(0), fields["head"].integer(0)
                said = fields["k"].integer(), fields["rescale"].flag()
                if implied.get(place) != said or place in seen:
                    top = implied.get(place) if place not in seen else None
                    expected = "no (further) event" if top is None else "k = {}, rescale = {}".format(*top)
                    event.fail(
                        f"{expected} in iteration {iteration}, layer {place[1]}, head {place[2]}",
                        "k = {}, rescale = {}".format(*said),
                    )
                seen.add(place)
    for iteration, layer, head in implied:
        if (iteration, layer, head) not in seen:
            value.fail(f"the event of iteration {iteration}, layer {layer}, head {head}", "none")

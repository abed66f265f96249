"""The rows of a workload: what one head of one layer of one iteration does. Columns are those of SpAtten's traces."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from rarefy.errors import RarefyError
from rarefy.workloads.schedule import Schedule, Step

NOT_APPLIED = -1


class Row(NamedTuple):
    """One line of the table. `topk` is how many tokens a top-k selects after this row, -1 without one.

    In summarization a row stands for all queries of a head, as many as it has keys; `val_fetch_num` is how many values
    each of them multiplies.
    """

    iteration: int
    layer: int
    head: int
    key_fetch_num: int
    val_fetch_num: int
    if_accumulate_importance: bool
    if_rescale_previous_importance: bool
    if_topk: bool
    topk: int
    if_requant: bool


def rows(schedule: Schedule, requantized: Iterable[tuple[int, int, int]] | None = None) -> Iterator[Row]:
    """The table in the order of execution.

    `requantized` are the rows (iteration, layer, head) that a run found to need the second plane of their keys, in place
    of those that the schedule lists. RarefyError if the schedule has no such rows, or no second plane.
    """
    if requantized is None:
        return _rows(schedule, schedule.requantized)
    second_plane = frozenset(requantized)
    _check(second_plane, schedule)
    return _rows(schedule, second_plane)


def _check(requantized: frozenset[tuple[int, int, int]], schedule: Schedule) -> None:
    if requantized and not schedule.bits.key_lsb:
        raise RarefyError(
            ["error: requantized: expected bits.key_lsb above 0 where rows are requantized, found 0"]
        )
    every = {(step.iteration, step.layer, head) for step in schedule.steps() for head in range(step.heads)}
    if unknown := requantized - every:
        raise RarefyError(
            [
                "error: requantized: expected rows (iteration, layer, head) of the schedule, "
                f"found {min(unknown)}"
            ]
        )


def _rows(schedule: Schedule, second_plane: frozenset[tuple[int, int, int]]) -> Iterator[Row]:
    steps = schedule.steps()
    events = topk_events(schedule)
    for step, is_live in zip(steps, live_importance(selections(steps)), strict=True):
        for head in range(step.heads):
            place = step.iteration, step.layer, head
            topk, rescales = events.get(place, (NOT_APPLIED, False))
            counts = step.keys, step.values
            yield Row(*place, *counts, is_live, rescales, topk != NOT_APPLIED, topk, place in second_plane)


def topk_events(schedule: Schedule) -> dict[tuple[int, int, int], tuple[int, bool]]:
    """Which iterations, layers and heads end in a top-k of how many, and whether importance is rescaled before it.

    The last head of a step selects for the step after it; sums are rescaled where that is another iteration's.
    """
    steps = schedule.steps()
    return {
        (step.iteration, step.layer, step.heads - 1): (topk, step.layer == schedule.layers - 1)
        for step, topk in zip(steps, selections(steps), strict=True)
        if topk != NOT_APPLIED
    }


def live_importance(selected: Sequence[int]) -> list[bool]:
    """Whether what a step adds to the importance of tokens is ever read.

    The sums last for the whole run and only a top-k reads them, at the end of its step: they are live in the steps up to
    the last top-k, and adding to them is dead after it.
    """
    live, is_read = [], False
    for selection in reversed(selected):
        is_read = is_read or selection != NOT_APPLIED
        live.append(is_read)
    return live[::-1]


def write_csv(table: Iterable[Row], file: str | Path) -> None:
    """Writes rows with a line of column names before them."""
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(table)


def selections(steps: Sequence[Step]) -> list[int]:
    """How many tokens must be selected after each step, for the next one; -1 where that is not fewer than there are.

    Within an iteration the survivors of a step are candidates; each iteration starts again from all tokens.
    """
    selected = []
    for step, after in pairwise(steps):
        candidates = step.keys if after.iteration == step.iteration else after.length
        selected.append(after.keys if after.keys < candidates else NOT_APPLIED)
    return [*selected, NOT_APPLIED]

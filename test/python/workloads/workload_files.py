"""Two schedules small enough to work out by hand, and the folder of those that come with Rarefy."""

import copy
import json
from pathlib import Path

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "configs" / "workloads"

GENERATION = {
    "n_ctx": 10,
    "iterations": 2,
    "first_length": 8,
    "layers": 3,
    "head_dim": 4,
    "heads_per_layer": [2, 2, 1],
    "key_keep_fraction": [0.8, 0.5, 0.5],
    "first_key_pruned_iteration": 1,
    "local_value_fraction": 0.5,
    "bits": {"key_msb": 6, "key_lsb": 4, "value": 6, "query": 16},
    "requant_threshold": 0.05,
    "requant_rows": {"groups": [{"iterations": [1, 1], "layers": {"1": [0]}}]},
}
SUMMARIZATION = {
    "phase": "summarization",
    "sentence_length": 10,
    "layers": 3,
    "head_dim": 4,
    "heads": 4,
    "token_keep_fraction": [1, 0.5, 0.5],
    "head_keep_fraction": [1, 1, 0.5],
    "local_value_fraction": 0.5,
    "bits": {"key": 8, "value": 8, "query": 8},
}
ABSENT = object()


def edited(schedule, edits):
    """A copy of a schedule with the values at dotted places replaced, added or, with ABSENT, left out."""
    schedule = copy.deepcopy(schedule)
    for place, value in edits.items():
        *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        parent = schedule
        for part in path:
            parent = parent[part]
        if value is ABSENT:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(value)
    return schedule


def write(folder, schedule, **edits):
    path = folder / "s.json"
    path.write_text(json.dumps(edited(schedule, edits)))
    return path

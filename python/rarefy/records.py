"""What demos and benchmarks measure, as records: written to a file, and printed as tables made of nothing else.

A record says one number: which metric of what, with its unit, spread, threads, processor, commit and command. `baseline`
names the record that it is compared with (same metric, same threads), `ratio` is its value over that one's.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Record:
    """One measured number; `samples` are the least, the median and the largest of what was measured."""

    name: str
    metric: str
    value: float
    unit: str
    baseline: str | None
    ratio: float | None
    threads: int
    samples: list[float]
    cpu: str
    commit: str
    command: str


def value(record: Record) -> float | None:
    """What a column shows unless told otherwise."""
    return record.value


def speedup(record: Record) -> float | None:
    """How many times less than the baseline."""
    return 1 / record.ratio if record.ratio else None


@dataclass(frozen=True)
class Column:
    """A column of a table: what `pick` takes from the records of metrics, written by a format and joined by spaces."""

    title: str
    metrics: Sequence[str]
    form: str = "{:g}"
    threads: int = 1
    pick: Callable[[Record], float | None] = value

    def cell(self, found: Mapping[tuple[str, int], Record]) -> str:
        records = (found.get((metric, self.threads)) for metric in self.metrics)
        numbers = [None if record is None else self.pick(record) for record in records]
        return " ".join("-" if number is None else self.form.format(number) for number in numbers)


class Recorder:
    """Collects the records of one run and writes them to `root`/build/results/`file`.json."""

    def __init__(self, root: Path, file: str, command: str | None = None):
        self.path = root / "build" / "results" / f"{file}.json"
        self.records: list[Record] = []
        self._cpu, self._commit = cpu_name(), commit_of(root)
        self._command = command or shlex.join(sys.argv)

    def add(
        self,
        name: str,
        metric: str,
        samples: float | Sequence[float],
        unit: str,
        *,
        baseline: str | None = None,
        threads: int = 1,
    ) -> Record:
        """Adds the median of the samples; the baseline must be there already."""
        samples = [samples] if isinstance(samples, int | float) else list(samples)
        if not samples:
            raise ValueError(f"expected at least one sample of {name} {metric}, found none")
        value = float(median(samples))
        ratio = None
        if baseline is not None:
            reference = find(self.records, baseline, metric, threads)
            ratio = value / reference.value if reference.value else None
        spread = [float(min(samples)), value, float(max(samples))]
        identity = (self._cpu, self._commit, self._command)
        self.records.append(Record(name, metric, value, unit, baseline, ratio, threads, spread, *identity))
        return self.records[-1]

    def write(self) -> Path:
        """Replaces the file as a whole, so that no reader sees half of one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps([asdict(record) for record in self.records], indent=1) + "\n")
        partial.replace(self.path)
        return self.path


def read(path: Path) -> list[Record]:
    """The records of a file."""
    try:
        return [Record(**entry) for entry in json.loads(path.read_text())]
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"expected a list of records in {path}: {error}") from error


def find(records: Iterable[Record], name: str, metric: str, threads: int = 1) -> Record:
    """The one record of that name, metric and thread count."""
    for record in records:
        if (record.name, record.metric, record.threads) == (name, metric, threads):
            return record
    raise ValueError(f"expected a record of {name} {metric} with {threads} threads, found none")


def table(records: Sequence[Record], columns: Sequence[Column]) -> str:
    """One row for each name, in the order of the records."""
    found: dict[str, dict[tuple[str, int], Record]] = {}
    for record in records:
        found.setdefault(record.name, {})[record.metric, record.threads] = record
    rows = [["", *(column.title for column in columns)]]
    rows += [[name, *(column.cell(values) for column in columns)] for name, values in found.items()]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def cpu_name() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def commit_of(root: Path) -> str:
    """The commit checked out at `root`, marked if files differ from it; "unknown" outside a checkout."""
    command = ["git", "-C", str(root), "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def all_threads() -> int:
    """The processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def interleave(
    calls: Mapping[str, Callable[[], object]], seconds: float, least: int = 5, burst: int = 1
) -> dict[str, list[float]]:
    """Seconds of each call, measured in turns so that a slow minute of the machine meets all of them.

    Every call is warmed up first. Rounds go on for about `seconds` in all and at least `least` rounds; in a round each
    call runs `burst` times in a row after one that is not counted where the burst is longer than one.
    """
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(3):
            call()
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < least or time.perf_counter() < end:
        rounds += 1
        for name, call in calls.items():
            for count in range(burst + (burst > 1)):
                start = time.perf_counter()
                call()
                elapsed = time.perf_counter() - start
                if count or burst == 1:
                    samples[name].append(elapsed)
    return samples

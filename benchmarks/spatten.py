"""SpAtten simulated: cycles, bytes, products and power of GPT-2's and BERT's attention beside the paper's figures.

Inputs are random, the rows that read their second plane those of the schedule, rounds of top-k their mean over pivots.
"""

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from _driver import ROOT
from _spatten_plot import draw
from rarefy import workloads
from rarefy.records import Column, Recorder, read, table

TOOLS = ROOT / "build" / "bin"
MEGA, GIGA = 1e6, 1e9
PARALLELISMS = (1, 2, 4, 8, 16, 32)
RUNS = {
    "gpt2-small/full/nominal": ("gpt2-small", "spatten", "nominal"),
    "gpt2-small/full/timing": ("gpt2-small", "spatten", "timing"),
    "gpt2-small/eighth/nominal": ("gpt2-small", "spatten-eighth", "nominal"),
    "gpt2-small/eighth/timing": ("gpt2-small", "spatten-eighth", "timing"),
    "gpt2-medium/full/nominal": ("gpt2-medium", "spatten", "nominal"),
    "bert-base/full/nominal": ("bert-base", "spatten", "nominal"),
    "bert-base/eighth/nominal": ("bert-base", "spatten-eighth", "nominal"),
}
# Figures that are further than this from what they are compared with have their cause printed.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Result:
    """The statistics of a run, and the seconds that the simulator took for it with loading and random inputs."""

    schedule: workloads.Schedule
    statistics: dict
    seconds: float

    @property
    def cycles(self) -> int:
        return self.statistics["cycles"]

    @property
    def macs(self) -> int:
        return self.statistics["macs"]["score"] + self.statistics["macs"]["weight"]

    def watts(self, *parts: str) -> float:
        energy = self.statistics["energy_pj"]
        return sum(energy[part] for part in parts) / self.statistics["microseconds"] / MEGA


class Machine:
    """Compiles each schedule once for each configuration, into a folder, and runs the programs."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.compile = cache(self._compile)

    def _compile(self, name: str, config: str) -> Path:
        source, program, elf = (
            self.folder / f"{name}-{config}.{kind}" for kind in ("mlir", "isa.mlir", "elf")
        )
        source.write_text(workloads.function(schedule(name), "schedule"))
        lowering = f"--convert-rarefy-to-spatten=config={ROOT / 'configs' / config}.yaml"
        self._tool("rarefy-opt", source, lowering, "-o", program)
        self._tool("rarefy-translate", "--export-program", program, "-o", elf)
        return elf

    def run(self, name: str, config: str, mode: str, *parameters: str) -> Result:
        elf, statistics = self.compile(name, config), self.folder / "statistics.json"
        settings = (f"memory.mode={mode}", "topk.rounds=expected", *parameters)
        options = [option for setting in settings for option in ("--set", setting)]
        files = [f"--config={ROOT / 'configs' / config}.yaml", f"--stats=json={statistics}"]
        start = time.perf_counter()
        self._tool("rarefy-sim", elf, *files, "--inputs=random:1", *options)
        seconds = time.perf_counter() - start
        return Result(schedule(name), json.loads(statistics.read_text()), seconds)

    @staticmethod
    def _tool(name: str, *arguments: object) -> None:
        subprocess.run([TOOLS / name, *map(str, arguments)], check=True)


@cache
def schedule(name: str) -> workloads.Schedule:
    return workloads.read_schedule(ROOT / "configs" / "workloads" / f"{name}.json")


def add_run(recorder: Recorder, name: str, result: Result) -> None:
    figures, cycles = result.statistics, result.cycles
    recorder.add(name, "cycles", cycles, "cycles")
    recorder.add(name, "ms", figures["microseconds"] / 1e3, "ms")
    recorder.add(name, "teraflops", 2 * result.macs / figures["microseconds"] / MEGA, "TFLOPS")
    recorder.add(name, "gigabytes_per_second", figures["dram_bytes"] / figures["microseconds"] / 1e3, "GB/s")
    recorder.add(name, "watts", result.watts("total"), "W")
    recorder.add(name, "requantized", figures["requantized_rows"], "rows")
    recorder.add(name, "megacycles_per_second", cycles / result.seconds / MEGA, "Mcycles/s")
    for engine, busy in figures["busy"].items():
        stall = figures["stall"][engine]
        parts = {"busy": busy, "empty": stall["empty"], "memory": stall["memory"]}
        parts["waiting"] = sum(stall["waiting_for"].values())
        for part, count in parts.items():
            recorder.add(f"{name}/{engine}", part, count, "cycles")


def add_comparison(recorder: Recorder, name: str, found: float, reference: float, unit: str) -> None:
    recorder.add(name, "simulated", found, unit)
    recorder.add(name, "reference", reference, unit)
    recorder.add(name, "ratio", found / reference, "ratio")


def compare_with_formulas(recorder: Recorder, result: Result) -> None:
    """GPT-2 small against the sums over the rows of the authors' trace."""
    rows = list(workloads.rows(result.schedule))
    busy, total = workloads.busy_cycles(rows, result.schedule), workloads.total(rows, result.schedule)
    figures = result.statistics
    engines = {"score": busy.qk, "weight": busy.pv, "value_topk": busy.topk}
    for engine, cycles in engines.items():
        add_comparison(recorder, f"trace: busy {engine}", figures["busy"][engine], cycles, "cycles")
    fetched = sum(figures["bytes"]["read"][kind] for kind in ("key_msb", "key_lsb", "value"))
    lanes = figures["config"]["memory_nominal_bytes_per_cycle"]
    add_comparison(recorder, "trace: busy memory, keys and values", fetched / lanes, busy.dram, "cycles")
    for kind in ("key_msb", "key_lsb", "value"):
        read_bytes = figures["bytes"]["read"][kind]
        add_comparison(recorder, f"trace: bytes {kind}", read_bytes, getattr(total, f"{kind}_bytes"), "bytes")
    add_comparison(recorder, "trace: multiplications", result.macs, total.executed_macs, "products")
    add_comparison(recorder, "trace: cycles, rows pipelined", result.cycles, busy.slowest, "cycles")
    serial = busy.dram + busy.qk + busy.topk + busy.pv
    add_comparison(recorder, "trace: cycles, nothing overlapped", result.cycles, serial, "cycles")


def compare_with_paper(recorder: Recorder, results: dict[str, Result], sweep: dict[int, Result]) -> None:
    small, medium = results["gpt2-small/full/nominal"], results["gpt2-medium/full/nominal"]
    bert, eighth = results["bert-base/full/nominal"], results["bert-base/eighth/nominal"]
    total = workloads.total(workloads.rows(small.schedule), small.schedule)
    fetched = sum(small.statistics["bytes"]["read"][kind] for kind in ("key_msb", "key_lsb", "value"))

    def teraflops(result: Result) -> float:
        return 2 * result.macs / result.statistics["microseconds"] / MEGA

    def dense_gigaops(result: Result) -> float:
        dense = workloads.total(workloads.rows(result.schedule), result.schedule).dense_macs
        return 2 * dense / result.statistics["microseconds"] / 1e3

    compared = {
        "paper: DRAM reduction of 12 bits, mean": (total.dense_elements * 1.5 / fetched, 10.0, "x"),
        "paper: compute reduction, GPT-2": (total.dense_macs / small.macs, 3.8 * 1.1, "x"),
        "paper: GPT-2 TFLOPS": (teraflops(small), 0.43, "TFLOPS"),
        "paper: BERT TFLOPS": (teraflops(bert), 1.61, "TFLOPS"),
        "paper: GPT-2 medium, 32 tokens": (medium.statistics["microseconds"] / 1e3, 2.13, "ms"),
        "paper: top-k parallelism 16 over 1": (sweep[1].cycles / sweep[16].cycles, 3.0, "x"),
        "paper: top-k parallelism 32 over 16": (sweep[16].cycles / sweep[32].cycles, 1.0, "x"),
        "paper: eighth, dense GOP/s": (dense_gigaops(eighth), 360, "GOP/s"),
        "paper: eighth over A3": (dense_gigaops(eighth) / 221, 1.6, "x"),
        "paper: eighth over MNNFast": (dense_gigaops(eighth) / 120, 3.0, "x"),
        "paper: power, all": (small.watts("total"), 8.30, "W"),
        "paper: power, DRAM": (small.watts("dram"), 5.71, "W"),
        "paper: power, SRAM": (small.watts("sram"), 1.24, "W"),
        "paper: power, logic": (small.watts("multiply", "softmax", "topk", "control"), 1.36, "W"),
    }
    for name, (found, reference, unit) in compared.items():
        add_comparison(recorder, name, found, reference, unit)


CAUSES = {
    "trace: cycles, rows pipelined": "a row takes the latencies of memory, softmax and check besides its busy cycles, "
    "of which the formula knows nothing, and layers begin when the one before is over",
    "trace: cycles, nothing overlapped": "see above: latencies are no busy cycles",
    "paper: compute reduction, GPT-2": "the paper's is a mean over eight tasks; the trace of this one keeps less",
    "paper: DRAM reduction of 12 bits, mean": "the paper's is a mean over 30 tasks, its dense width is not printed",
    "paper: GPT-2 TFLOPS": "the rows' latencies; the paper's is over eight tasks, most of which prune less",
    "paper: BERT TFLOPS": "value top-k takes all keys of each row in several rounds and is the slowest engine; the "
    "paper's tasks and what they keep of values are not printed",
    "paper: GPT-2 medium, 32 tokens": "the schedule is a choice that gives the paper's reduction only",
    "paper: top-k parallelism 16 over 1": "the part of a row that is not top-k is a different one",
    "paper: top-k parallelism 32 over 16": "the part of a row that is not top-k is a different one",
    "paper: eighth, dense GOP/s": "as BERT TFLOPS; one softmax lane serves 64 multipliers",
    "paper: eighth over A3": "as the eighth's GOP/s",
    "paper: eighth over MNNFast": "as the eighth's GOP/s",
    "paper: power, all": "energy per item gives the paper's power at the paper's activity, which is higher",
    "paper: power, DRAM": "bytes per cycle are fewer than the paper's mean",
    "paper: power, SRAM": "lines per cycle are fewer than the paper's mean",
    "paper: power, logic": "products per cycle are fewer than the paper's mean",
}


def report(path: Path) -> str:
    """Tables of the records of a file alone."""
    records = read(path)
    runs = [record for record in records if record.name in RUNS]
    compared = [record for record in records if record.metric in ("simulated", "reference", "ratio")]
    swept = [record for record in records if record.name.startswith("gpt2-small/parallelism-")]
    shown = table(
        runs,
        [
            Column("cycles", ["cycles"], "{:.0f}"),
            Column("ms", ["ms"], "{:.3f}"),
            Column("TFLOPS", ["teraflops"], "{:.3f}"),
            Column("GB/s", ["gigabytes_per_second"], "{:.0f}"),
            Column("W", ["watts"], "{:.2f}"),
            Column("requantized", ["requantized"], "{:.0f}"),
            Column("simulated Mcycles/s", ["megacycles_per_second"], "{:.2f}"),
        ],
    )
    sweep = table(
        swept, [Column("cycles", ["cycles"], "{:.0f}"), Column("busy value_topk", ["busy"], "{:.0f}")]
    )
    beside = table(
        compared,
        [
            Column("simulated", ["simulated"], "{:.6g}"),
            Column("reference", ["reference"], "{:.6g}"),
            Column("ratio", ["ratio"], "{:.3f}"),
        ],
    )
    off = [record for record in compared if record.metric == "ratio" and abs(record.value - 1) > TOLERANCE]
    causes = [f"  {record.name}: {CAUSES.get(record.name, 'unknown')}" for record in off]
    return "\n\n".join([shown, sweep, beside, "\n".join([f"Off by more than {TOLERANCE:.0%}:", *causes])])


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    recorder = Recorder(ROOT, "bench-spatten", "./x bench spatten")
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        results = {}
        for name, run in RUNS.items():
            results[name] = machine.run(*run)
            add_run(recorder, name, results[name])
        sweep = {}
        for parallelism in PARALLELISMS:
            parameter = f"topk.parallelism={parallelism}"
            sweep[parallelism] = machine.run("gpt2-small", "spatten", "nominal", parameter)
            name = f"gpt2-small/parallelism-{parallelism}"
            recorder.add(name, "cycles", sweep[parallelism].cycles, "cycles")
            recorder.add(name, "busy", sweep[parallelism].statistics["busy"]["value_topk"], "cycles")
    compare_with_formulas(recorder, results["gpt2-small/full/nominal"])
    compare_with_paper(recorder, results, sweep)
    path = recorder.write()
    print(f"{report(path)}\n")
    picture = path.with_name("spatten.png")
    draw(picture, read(path), "gpt2-small/full/nominal", "gpt2-small/parallelism-")
    print(f"records: {path.relative_to(ROOT)}; stalls and sweep: {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""Which workloads run on which SpAtten, and what a run says."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from _driver import ROOT
from rarefy import workloads
from rarefy.records import all_threads
from rarefy.workloads import Bits, Products, Schedule, Totals

TOOLS = ROOT / "build" / "bin"
CONFIGS = ROOT / "configs"
MEGA, GIGA = 1e6, 1e9
MODELS = ("gpt2-small", "gpt2-medium", "bert-base", "bert-large")
GENERATORS = MODELS[:2]
PARALLELISMS = (1, 2, 4, 8, 16, 32)
SRAM_LINES = (32, 64, 128, 256, 512, 1024)
# Bytes per cycle of each of 16 channels.
BANDWIDTHS = (2, 4, 8, 12.84, 20, 32)
# Memory that delivers what the paper says, what its table of end-to-end performance needs for the weights of 8 bits, and
# what the HBM2 of the authors' simulator delivers.
FC_RATE = 32 * 24 * 12 * 1024**2 / 25.75e-3 / 16e9
MEMORIES = {"nominal": 32.0, "375 GB/s": FC_RATE, "timing": None}
# The steps of the paper's breakdown: the schedule, and parameters that are not those of the whole machine.
STEPS = {
    "dense": ("dense", ()),
    "+ pruning, serial top-k": ("pruned", ("topk.parallelism=1",)),
    "+ 16-way top-k": ("pruned", ()),
    "+ progressive quantization": ("", ()),
}
# Experiments that show causes: what BERT does where no row selects values, and how much of GPT-2 is latency.
SHORT_LATENCIES = (
    "memory.nominal.firstAccessCycles=1",
    *(
        f"softmax.{part}Cycles=1"
        for part in ("dequantize", "exponential", "accumulate", "divide", "quantize")
    ),
)


@dataclass(frozen=True)
class Run:
    """A schedule by its name in schedule(), on a machine of configs/ with some parameters replaced.

    Rounds of top-k are their mean over pivots.
    """

    schedule: str
    config: str = "spatten"
    mode: str = "nominal"
    parameters: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        return (f"memory.mode={self.mode}", "topk.rounds=expected", *self.parameters)


@dataclass(frozen=True)
class Result:
    """The statistics of a run, and how many million cycles a second were simulated."""

    schedule: Schedule | Products
    statistics: Mapping
    speed: float

    @property
    def cycles(self) -> int:
        return self.statistics["cycles"]

    @property
    def milliseconds(self) -> float:
        return self.statistics["microseconds"] / 1e3

    @property
    def macs(self) -> int:
        """Without the scores that were computed again."""
        return sum(self.statistics["macs"][array] for array in ("score", "weight", "product"))

    @property
    def teraflops(self) -> float:
        return 2 * self.macs / self.statistics["microseconds"] / MEGA

    @property
    def totals(self) -> Totals:
        return workloads.total(workloads.rows(self.schedule), self.schedule)

    @property
    def dense_gigaops(self) -> float:
        """Operations of the model without pruning in the time that it took with it."""
        return 2 * self.totals.dense_macs / self.statistics["microseconds"] / 1e3

    def read_bytes(self, *kinds: str) -> int:
        return sum(self.statistics["bytes"]["read"].get(kind, 0) for kind in kinds)

    @property
    def fetched_bytes(self) -> int:
        """Operands, without what programs copy and count besides."""
        return self.read_bytes("query", "key_msb", "key_lsb", "value", "vector", "matrix")

    @property
    def intensity(self) -> float:
        """Operations for a byte of operands and outputs, as in the paper's roofline."""
        return 2 * self.macs / (self.fetched_bytes + self.statistics["bytes"]["write"]["output"])

    def watts(self, *parts: str) -> float:
        energy = self.statistics["energy_pj"]
        return sum(energy[part] for part in parts) / self.statistics["microseconds"] / MEGA


@cache
def schedule(name: str) -> Schedule | Products:
    """A file of configs/workloads, or after a slash what became of it; "fc-8" are the layers between, of 8-bit weights."""
    if name.startswith("fc-"):
        layers = workloads.read_products(CONFIGS / "layers" / "gpt2-medium.json")
        return replace(layers, weight_bits=int(name.removeprefix("fc-")))
    model, _, variant = name.partition("/")
    found = workloads.read_schedule(CONFIGS / "workloads" / f"{model}.json")
    return VARIANTS[variant](found)


def _pruned(found: Schedule) -> Schedule:
    """One plane of 12 bits, all of which is always read."""
    bits = Bits(12, 0, 12, found.bits.query)
    return replace(found, bits=bits, requant_threshold=None, requantized=frozenset())


def _dense(found: Schedule) -> Schedule:
    everything = (Decimal(1),) * found.layers
    return replace(_pruned(found), key_keep_fraction=everything, local_value_fraction=Decimal(1))


VARIANTS: dict[str, Callable[[Schedule], Schedule]] = {
    "": lambda found: found,
    "pruned": _pruned,
    "dense": _dense,
    "all-values": lambda found: replace(found, local_value_fraction=Decimal(1)),
    "8-bits": lambda found: replace(found, bits=replace(found.bits, key_msb=8, value=8)),
    "384-tokens": lambda found: replace(found, sentence_length=384, local_value_fraction=Decimal(1)),
}


def runs() -> dict[str, Run]:
    """Every run by name. What is slow to simulate comes first, so that nothing waits for it at the end."""
    listed = {name: Run(name) for name in ("fc-12", "fc-8")}
    for memory in MEMORIES:
        for model in reversed(GENERATORS):
            listed |= _steps(model, memory)
    listed |= {f"{model}/eighth": Run(model, "spatten-eighth") for model in reversed(MODELS)}
    listed |= {f"{model}/nominal": Run(model) for model in MODELS[2:]}
    listed |= {
        "why/gpt2-small/twice the SRAM, short latencies": Run(
            "gpt2-small", parameters=("sram.lines=512", *SHORT_LATENCIES)
        ),
        "why/gpt2-medium/8 + 4 bits": Run("gpt2-medium/8-bits"),
        "why/gpt2-medium/8 + 4 bits, 375 GB/s": Run("gpt2-medium/8-bits", parameters=_rate(FC_RATE)),
        "why/bert-base/all values": Run("bert-base/all-values"),
        "why/bert-base/all values of 384 tokens": Run("bert-base/384-tokens"),
        "why/bert-base/eighth, all values": Run("bert-base/all-values", "spatten-eighth"),
        "why/bert-base/top-k of 64 at once, rounds for nothing": Run(
            "bert-base", parameters=("topk.parallelism=64", "topk.roundOverheadCycles=0")
        ),
    }
    return listed | {name: run for name, _, run in sweeps()}


def _rate(bytes_per_cycle: float) -> tuple[str, ...]:
    return (f"memory.nominal.bytesPerCyclePerChannel={bytes_per_cycle:.4f}",)


def _steps(model: str, memory: str) -> dict[str, Run]:
    """The steps of the breakdown; the last one is the whole machine.

    Where memory is that of the paper's end-to-end table, what is not quantized yet has 32 bits there: a third of the
    rate for vectors of 12 bits and a bit more.
    """
    listed = {}
    for step, (variant, parameters) in STEPS.items():
        rate = MEMORIES[memory]
        if rate is not None:
            rate *= 12 / 32 if variant and memory == "375 GB/s" else 1
            parameters = (*parameters, *_rate(rate))
        name = f"steps/{model}/{memory}/{step}" if variant else f"{model}/{memory}"
        mode = "nominal" if rate else "timing"
        listed[name] = Run(f"{model}/{variant}", mode=mode, parameters=parameters)
    return listed


def sweeps() -> Iterator[tuple[str, float, Run]]:
    """Names, what was swept, and runs of GPT-2 small and BERT base."""
    for model in ("gpt2-small", "bert-base"):
        for count in PARALLELISMS:
            run = Run(model, parameters=(f"topk.parallelism={count}",))
            yield f"sweep topk/{model}/{count}", count, run
        for lines in SRAM_LINES:
            # Two sentences of the longest context have to fit: BERT's are shorter than the 1,024 of the configuration.
            context = 4 * lines
            if context >= 1024 or model == "bert-base":
                parameters = (f"sram.lines={lines}", f"maxContext={min(context, 1024)}")
                yield f"sweep sram/{model}/{lines}", lines * 768 / 1000, Run(model, parameters=parameters)
        for rate in BANDWIDTHS:
            yield f"sweep bandwidth/{model}/{rate}", 16 * rate, Run(model, parameters=_rate(rate))


def simulate(folder: Path, wanted: Mapping[str, Run]) -> dict[str, Result]:
    """Compiles and runs, as many at a time as there are processors, and says how far it is."""
    results = {}
    with ThreadPoolExecutor(all_threads()) as pool:
        jobs = {
            pool.submit(_simulate, folder / str(i), run): name for i, (name, run) in enumerate(wanted.items())
        }
        for job in as_completed(jobs):
            result = results[jobs[job]] = job.result()
            done = f"[{len(results)}/{len(jobs)}] {jobs[job]}"
            print(f"{done}: {result.cycles} cycles, {result.speed:.1f} million a second", flush=True)
    return {name: results[name] for name in wanted}


def _simulate(folder: Path, run: Run) -> Result:
    folder.mkdir()
    work, config = schedule(run.schedule), CONFIGS / f"{run.config}.yaml"
    elf = _compile(folder, run, work)
    statistics = folder / "statistics.json"
    settings = [option for setting in run.settings for option in ("--set", setting)]
    told = _tool(
        *(
            "rarefy-sim",
            elf,
            f"--config={config}",
            f"--stats=json={statistics}",
            "--inputs=random:1",
            "--time",
            *settings,
        ),
        is_asked=True,
    )
    elf.unlink()
    seconds = re.search(r"cycles simulated in ([\d.]+) s", told)
    if not seconds:
        raise RuntimeError(f"rarefy-sim --time: expected the seconds of the simulation, found {told!r}")
    figures = json.loads(statistics.read_text())
    return Result(work, figures, figures["cycles"] / float(seconds[1]) / MEGA)


def _compile(folder: Path, run: Run, work: Schedule | Products) -> Path:
    source, program, elf = (folder / f"{name}" for name in ("source.mlir", "program.mlir", "program.elf"))
    if isinstance(work, Products):
        program.write_text(workloads.product_program(work))
    else:
        source.write_text(workloads.function(work, "schedule"))
        settings = "".join(f" set={setting}" for setting in run.settings)
        lowering = f"--convert-rarefy-to-spatten=config={CONFIGS / run.config}.yaml{settings}"
        _tool("rarefy-opt", source, lowering, "-o", program)
    _tool("rarefy-translate", "--export-program", program, "-o", elf)
    return elf


def _tool(name: str, *arguments: object, is_asked: bool = False) -> str:
    """Runs it and returns what it said on standard error, which is shown unless it was asked for that."""
    done = subprocess.run([TOOLS / name, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    if done.returncode or not is_asked:
        sys.stderr.write(done.stderr)
    done.check_returncode()
    return done.stderr

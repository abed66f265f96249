"""SpAtten simulated: GPT-2's and BERT's attention, and GPT-2's fully connected layers, beside the paper's figures.

Inputs are random, the rows that read their second plane those of the schedule, rounds of top-k their mean over pivots.
Memory is nominal, 32 bytes a cycle of each channel, where a name does not say otherwise: "timing" is the HBM2 of the
authors' simulator, "375 GB/s" what the paper's table of end-to-end performance needs for weights of 8 bits. There, what is
not quantized yet has 32 bits in memory: only of 32 bits is the paper's 5.1 what 6 and for 5.9 % of the rows 4 more leave.
"""

import argparse
import sys
import tempfile
import textwrap
from pathlib import Path

from _driver import ROOT
from _spatten_causes import causes
from _spatten_compare import add_run, add_sweeps, compare
from _spatten_plot import draw
from _spatten_runs import GENERATORS, MODELS, runs, simulate
from rarefy.records import Column, Record, Recorder, read, table

# Figures that are further than this from what they are compared with have their cause printed.
TOLERANCE = 0.1
SHOWN = [
    Column("cycles", ["cycles"], "{:.0f}"),
    Column("ms", ["ms"], "{:.3f}"),
    Column("TFLOPS", ["teraflops"], "{:.3f}"),
    Column("op/byte", ["intensity"], "{:.2f}"),
    Column("GB/s", ["gigabytes_per_second"], "{:.0f}"),
    Column("W", ["watts"], "{:.2f}"),
    Column("requantized", ["requantized"], "{:.0f}"),
    Column("simulated Mcycles/s", ["megacycles_per_second"], "{:.2f}"),
]
BESIDE = [
    Column("simulated", ["simulated"], "{:.4g}"),
    Column("reference", ["reference"], "{:.4g}"),
    Column("ratio", ["ratio"], "{:.3f}"),
]
STEP_TIMES = [Column(f"{model}, ms", [model], "{:.3f}") for model in GENERATORS]
EACH = [Column(model, [model], "{:.3f}") for model in MODELS]
SWEPT = [Column("parameter", ["parameter"], "{:g}"), Column("cycles", ["cycles"], "{:.0f}")]
SECTIONS = {
    "trace: ": ("GPT-2 small beside the sums over the rows of the authors' trace", BESIDE),
    "reduction: ": ("Less work and fewer bytes than without pruning, in 32 bits", [*BESIDE, *EACH]),
    "throughput: ": ("Throughput of what is executed", BESIDE),
    "device: ": ("Beside other devices, by the paper's rates of a TITAN Xp", [*BESIDE, *EACH]),
    "eighth: ": ("SpAtten-1/8", BESIDE),
    "breakdown: ": (
        "What each step is faster than the one before, the first than a TITAN Xp",
        [*BESIDE, *STEP_TIMES],
    ),
    "top-k: ": ("Cycles by the parallelism of top-k", BESIDE),
    "SRAM: ": ("Cycles by the size of each SRAM", BESIDE),
    "end to end: ": ("GPT-2 medium, 32 tokens", BESIDE),
    "power: ": ("Power", [*BESIDE, *EACH]),
    "sweep ": ("Sweeps: numbers compared at once, KB of each SRAM, GB/s", SWEPT),
}


def report(records: list[Record]) -> str:
    """Tables of records alone, and why figures are off."""
    names = [name for name in runs() if not name.startswith("sweep ")]
    parts = [table([record for record in records if record.name in names], SHOWN)]
    for prefix, (title, columns) in SECTIONS.items():
        found = [record for record in records if record.name.startswith(prefix)]
        parts.append(f"{title}\n\n{table(found, columns)}")
    off = [record for record in records if record.metric == "ratio" and abs(record.value - 1) > TOLERANCE]
    listed = []
    for cause, figures in causes(records, [record.name for record in off]).items():
        listed += [
            *(f"  {figure}" for figure in figures),
            textwrap.indent(textwrap.fill(cause, 110), " " * 6),
        ]
    return "\n\n".join([*parts, "\n".join([f"Off by more than {TOLERANCE:.0%}, and why:", *listed])])


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    recorder = Recorder(ROOT, "bench-spatten", "./x bench spatten")
    with tempfile.TemporaryDirectory() as folder:
        results = simulate(Path(folder), runs())
    for name, result in results.items():
        if not name.startswith("sweep "):
            add_run(recorder, name, result)
    add_sweeps(recorder, results)
    compare(recorder, results)
    path = recorder.write()
    records = read(path)
    print(f"\n{report(records)}\n")
    attention = [name for name in results if name.startswith(MODELS)]
    pictures = draw(
        path.parent, records, ["fc-8", "fc-12", *attention], [f"{model}/nominal" for model in MODELS]
    )
    for written in (path, *pictures):
        print(f"written: {written.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

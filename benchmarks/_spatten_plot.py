"""Pictures of a benchmark's records: roofline, stalls of each engine, and the sweeps."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from rarefy.records import Record, find  # noqa: E402

# TFLOPS and GB/s.
ROOFS = {"SpAtten": (2.048, 512, "-"), "SpAtten-1/8": (0.256, 64, "--")}
# What the paper says of its tasks in the text; the points of its picture are not printed.
PAPER_LEVELS = {"BERT": 1.61, "GPT-2": 0.43}
PARTS = {"busy": "#2a6f97", "waiting": "#f4a259", "memory": "#bc4b51", "empty": "#e0e0e0"}
# In the order in which a row meets them.
ENGINES = (
    *("control", "fetch", "fetch_key_lsb", "score", "softmax", "value_topk", "fetch_value", "weight"),
    *("accumulate", "topk", "store"),
)
LINES = {"gpt2-small": ("#2a6f97", "o"), "bert-base": ("#bc4b51", "s")}
SWEEPS = {
    "topk": ("numbers that a top-k engine compares at once", 16),
    "sram": ("KB of the key SRAM, and of the value SRAM", 196.608),
    "bandwidth": ("GB/s of the memory, nominal", 512),
}


def draw(
    folder: Path, records: Sequence[Record], roofline: Sequence[str], stalls: Sequence[str]
) -> list[Path]:
    """Writes the pictures into a folder; `roofline` and `stalls` name the runs that they show."""
    figures = {
        "roofline": _roofline(records, roofline),
        "stalls": _stalls(records, stalls),
        "sweeps": _sweeps(records),
    }
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"spatten-{name}.png")
        figure.savefig(paths[-1], dpi=110, bbox_inches="tight")
        pyplot.close(figure)
    return paths


def _roofline(records: Sequence[Record], runs: Sequence[str]) -> pyplot.Figure:
    figure, axes = pyplot.subplots(figsize=(10, 6.5))
    left, right = 0.25, 400
    for name, (teraflops, gigabytes, style) in ROOFS.items():
        ridge = 1000 * teraflops / gigabytes
        label = f"{name}: {teraflops:.3g} TFLOPS, {gigabytes} GB/s"
        levels = [teraflops * left / ridge, teraflops, teraflops]
        axes.plot([left, ridge, right], levels, "k", linestyle=style, label=label)
    for model, level in PAPER_LEVELS.items():
        axes.axhline(level, color="gray", linestyle=":")
        label = f"paper, mean of {model}"
        axes.annotate(label, (6, level * 1.04), color="gray", fontsize=9)
    colors = [pyplot.get_cmap("tab20")(index % 20) for index in range(len(runs))]
    labels: dict[tuple[float, float], list[str]] = {}
    names = []
    for number, (run, color) in enumerate(zip(runs, colors, strict=True), 1):
        point = tuple(find(records, run, metric).value for metric in ("intensity", "teraflops"))
        axes.scatter(*point, s=50, color=color, zorder=3)
        near = next(
            (p for p in labels if all(0.93 < a / b < 1.07 for a, b in zip(p, point, strict=True))), point
        )
        labels.setdefault(near, []).append(str(number))
        names.append(f"{number}  {run}: {point[1]:.2f} TFLOPS at {point[0]:.1f} op/byte")
    for point, numbers in labels.items():
        axes.annotate(", ".join(numbers), point, xytext=(7, -4), textcoords="offset points", fontsize=9)
    axes.add_artist(axes.legend(fontsize=8, loc="lower right"))
    handles = [pyplot.Line2D([], [], marker="o", linestyle="", color=color) for color in colors]
    axes.legend(handles, names, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(0.02, 3))
    axes.set_xlabel("operations for a byte of queries, keys, values (or weights) and outputs")
    axes.set_ylabel("TFLOPS, executed")
    axes.set_title("Roofline of SpAtten, simulated")
    axes.grid(True, which="both", color="#eeeeee")
    return figure


def _stalls(records: Sequence[Record], runs: Sequence[str]) -> pyplot.Figure:
    figure, grid = pyplot.subplots(2, -(-len(runs) // 2), figsize=(12, 8), sharey=True, sharex=True)
    for axes, run in zip(grid.flat, runs, strict=True):
        cycles = find(records, run, "cycles").value
        left = [0.0] * len(ENGINES)
        for part, color in PARTS.items():
            widths = [100 * find(records, f"{run}/{engine}", part).value / cycles for engine in ENGINES]
            axes.barh(ENGINES, widths, left=left, color=color, label=part)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.set(xlim=(0, 100), title=f"{run}, {cycles:,.0f} cycles")
    grid.flat[0].invert_yaxis()
    for axes in grid[-1]:
        axes.set_xlabel("% of cycles")
    handles, labels = grid.flat[0].get_legend_handles_labels()
    labels = ["waiting for another engine" if label == "waiting" else label for label in labels]
    labels = ["empty queue" if label == "empty" else label for label in labels]
    figure.legend(handles, labels, ncols=len(PARTS), loc="lower center", bbox_to_anchor=(0.5, 0))
    figure.suptitle("What each engine does")
    return figure


def _sweeps(records: Sequence[Record]) -> pyplot.Figure:
    figure, grid = pyplot.subplots(1, len(SWEEPS), figsize=(5 * len(SWEEPS), 4.6))
    for axes, (sweep, (label, configured)) in zip(grid, SWEEPS.items(), strict=True):
        places: set[float] = set()
        for model, (color, marker) in LINES.items():
            places |= _line(axes, records, f"sweep {sweep}/{model}/", model, color, marker)
        axes.axvline(configured, color="gray", linestyle=":", label="the paper's")
        axes.set(xscale="log", xlabel=label, ylabel="1,000 cycles")
        axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
        axes.set_xticks(sorted(places), [f"{place:.0f}" for place in sorted(places)], fontsize=8)
        axes.minorticks_off()
        axes.grid(True, color="#eeeeee")
        axes.legend(loc="upper right", ncols=3, fontsize=8)
    figure.suptitle("Cycles of attention by one size of the machine, all else as in configs/spatten.yaml")
    return figure


def _line(
    axes: Axes, records: Sequence[Record], prefix: str, label: str, color: str, marker: str
) -> set[float]:
    """Draws a sweep and returns where its points are."""
    names = dict.fromkeys(record.name for record in records if record.name.startswith(prefix))
    places = [find(records, name, "parameter").value for name in names]
    cycles = [find(records, name, "cycles").value / 1000 for name in names]
    axes.plot(places, cycles, color=color, marker=marker, label=label)
    return set(places)

"""The digits demo: prunes, compiles and runs a small vision transformer, and says what that costs and wins.

For each schedule the model is imported anew, pruned, compiled and run on the held-back images. Prints a table, draws
which pixels survive each layer, and writes build/results/demo.json and digits.png.
"""

import argparse
import re
import time
from pathlib import Path

import numpy as np
import rarefy
from architecture import LAYERS, SCHEDULES, SIDE, TOKENS, Schedule
from model import ROOT, accuracy, prune, read_images, with_positions
from PIL import Image, ImageDraw
from rarefy.records import Column, Record, Recorder, all_threads, find, interleave, speedup, table

EMPTY = "func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {\n  return %x : tensor<1xf32>\n}\n"


def cost(schedule: Schedule) -> dict[str, int]:
    """The multiply-adds of one image and the bytes of their operands and results, as the compiler counts them."""
    module = prune(schedule)
    if not any(remark.name == "Cascade" for remark in module.remarks):
        module.run("rarefy-prune-tokens{keep=1}")
    last = [remark.message for remark in module.remarks if remark.name == "Cascade"][-1]
    return {key: int(re.search(rf"\b{key}=(\d+)", last)[1]) for key in ("multiply-adds", "bytes")}


def survivors(schedule: Schedule, images: np.ndarray) -> list[list[np.ndarray]]:
    """For each image the tokens alive in each layer, numbered as in the image."""
    run = rarefy.compile(with_positions(prune(schedule)))
    alive = []
    for image in images:
        layers = [np.arange(TOKENS)]
        for positions in run(image)[1:]:
            layers.append(layers[-1][positions.reshape(-1)])
        alive.append(layers)
    return alive


def draw(path: Path, images: np.ndarray, alive: list[list[np.ndarray]], scale: int = 12) -> None:
    """One row for each image: the whole image, then what is left of it in each later layer; pruned pixels are blue."""
    cell, top = SIDE * scale + scale, 2 * scale
    picture = Image.new("RGB", (LAYERS * cell + scale, len(images) * cell + top), "white")
    pen = ImageDraw.Draw(picture)
    for column in range(LAYERS):
        label = f"layer {column + 1}: {len(alive[0][column])} tokens"
        pen.text((scale + column * cell, scale // 2), label, fill="black")
    for row, (image, layers) in enumerate(zip(images, alive, strict=True)):
        for column, tokens in enumerate(layers):
            gray = (255 * image.reshape(-1, 1)).astype(np.uint8).repeat(3, axis=1)
            pruned = np.setdiff1d(np.arange(1, TOKENS), tokens) - 1
            gray[pruned] = gray[pruned] // 4 + np.array([40, 70, 130], np.uint8)
            tile = Image.fromarray(gray.reshape(SIDE, SIDE, 3)).resize(
                (SIDE * scale,) * 2, Image.Resampling.NEAREST
            )
            picture.paste(tile, (scale + column * cell, top + row * cell))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def measure(seconds: float) -> Recorder:
    """Runs every schedule; the records of all."""
    recorder, threads = Recorder(ROOT, "demo", "./x demo"), all_threads()
    images, labels = read_images()
    compiled = {}
    for schedule in SCHEDULES:
        name = f"digits/{schedule.name}"
        start = time.perf_counter()
        compiled[name] = run = rarefy.compile(prune(schedule))
        recorder.add(name, "compile_s", time.perf_counter() - start, "s")
        for layer in range(LAYERS):
            recorder.add(name, f"tokens_{layer + 1}", schedule.tokens[layer], "tokens")
            recorder.add(name, f"heads_{layer + 1}", schedule.heads[layer], "heads")
        baseline = "digits/dense" if recorder.records[0].name != name else None
        recorder.add(name, "token_layers_kept", schedule.token_layers_kept, "ratio", baseline=baseline)
        recorder.add(name, "accuracy", accuracy(run, images, labels), "ratio", baseline=baseline)
        counted = cost(schedule)
        recorder.add(name, "macs", counted["multiply-adds"], "multiply-adds", baseline=baseline)
        recorder.add(name, "bytes", counted["bytes"], "bytes", baseline=baseline)
    for count in dict.fromkeys((1, threads)):
        for run in compiled.values():
            run.threads = count
        calls = {name: lambda run=run: run(images[0]) for name, run in compiled.items()}
        for name, samples in interleave(calls, seconds, burst=20).items():
            baseline = "digits/dense" if name != "digits/dense" else None
            microseconds = [1e6 * sample for sample in samples]
            recorder.add(name, "us_per_image", microseconds, "us", baseline=baseline, threads=count)
    empty = rarefy.compile(EMPTY, threads=1)
    calls = interleave({"empty": lambda: empty(np.zeros(1, np.float32))}, 0.2, burst=100)["empty"]
    recorder.add("digits/empty-call", "us_per_call", [1e6 * sample for sample in calls], "us")
    return recorder


def columns(threads: int) -> list[Column]:
    layers = range(1, LAYERS + 1)
    listed = [
        Column("tokens by layer", [f"tokens_{layer}" for layer in layers]),
        Column("heads", [f"heads_{layer}" for layer in layers]),
        Column("kept", ["token_layers_kept"], "{:.1%}"),
        Column("accuracy", ["accuracy"], "{:.2%}"),
        Column("multiply-adds", ["macs"], "{:,.0f}"),
        Column("bytes", ["bytes"], "{:,.0f}"),
        Column("us, 1 thread", ["us_per_image"], "{:.1f}"),
        Column("faster", ["us_per_image"], "{:.2f}x", pick=speedup),
    ]
    if threads > 1:
        listed.append(Column(f"us, {threads} threads", ["us_per_image"], "{:.1f}", threads=threads))
        listed.append(Column("faster", ["us_per_image"], "{:.2f}x", threads=threads, pick=speedup))
    return [*listed, Column("compile s", ["compile_s"], "{:.2f}")]


def note_on_threads(records: list[Record], threads: int) -> str:
    """Says so if no schedule gains from more than one thread."""
    gains = [
        find(records, f"digits/{schedule.name}", "us_per_image").value
        / find(records, f"digits/{schedule.name}", "us_per_image", threads).value
        for schedule in SCHEDULES
    ]
    if max(gains) >= 1.1:
        return ""
    return (
        f"\n{threads} threads are no faster than one here (at most {max(gains):.2f}x): no op of so small a model has\n"
        "the work of some 50,000 clocks that pays for sharing it."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=6, help="how long to time, for each number of threads"
    )
    options = parser.parse_args()
    images, labels = read_images()
    print(f"digits: {len(images)} held-back images of {SIDE}x{SIDE} pixels, {LAYERS} layers\n", flush=True)
    recorder = measure(options.seconds)
    path = recorder.write()
    shown = [record for record in recorder.records if record.metric != "us_per_call"]
    print(f"{table(shown, columns(all_threads()))}\n")
    print(table(recorder.records[-1:], [Column("us per call", ["us_per_call"], "{:.1f}")]))
    if all_threads() > 1 and (note := note_on_threads(recorder.records, all_threads())):
        print(note)
    default = next(schedule for schedule in SCHEDULES if schedule.name == "default")
    picks = [int(np.argmax(labels == digit)) for digit in (0, 2, 3, 4, 6, 8)]
    draw(path.with_name("digits.png"), images[picks], survivors(default, images[picks]))
    print(
        f"\nrecords: {path.relative_to(ROOT)}; surviving pixels: {path.with_name('digits.png').relative_to(ROOT)}"
    )


if __name__ == "__main__":
    main()

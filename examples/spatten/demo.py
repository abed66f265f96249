"""The SpAtten demo: the digits model, whole, with its attention on a simulated SpAtten.

For each keep schedule and number of key bits the model is pruned, calibrated and quantized, then compiled twice: for the
CPU, which computes attention by its definition, and for the SpAtten of configs/spatten.yaml, which runs programs. Says
how accurate both are, whether they agree in every class and in every integer of every attention, and what the device
did. Writes build/results/demo-spatten.json.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rarefy
from rarefy.records import Column, Recorder, table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "digits"))
from architecture import SCHEDULES  # noqa: E402
from model import ROOT, prune, read_images, with_attention  # noqa: E402

CONFIG = ROOT / "configs" / "spatten.yaml"
# There are no images but the held-back ones: scales come from the first of these, accuracy is that of all.
CALIBRATED = 50
KINDS = {"keys": "key_msb", "low_bits": "key_lsb", "values": "value"}


@dataclass(frozen=True)
class Variant:
    schedule: str
    key_bits: str

    @property
    def name(self) -> str:
        return f"{self.schedule}/{self.key_bits}"


VARIANTS = [Variant(schedule, bits) for schedule in ("dense", "default") for bits in ("8", "6+4")]


def quantize(variant: Variant, images: np.ndarray) -> rarefy.Module:
    """The pruned model, its attention in integers."""
    module = prune(next(schedule for schedule in SCHEDULES if schedule.name == variant.schedule))
    with tempfile.TemporaryDirectory() as folder:
        scales = Path(folder) / "scales.json"
        rarefy.calibrate(module, images[:CALIBRATED], "", key_bits=variant.key_bits, path=scales)
        return module.run(
            f"rarefy-quantize-attention{{scales={scales} key-bits={variant.key_bits}}},canonicalize"
        )


def compile_both(module: rarefy.Module) -> tuple[rarefy.CompiledFunction, rarefy.CompiledFunction]:
    return rarefy.compile(module), rarefy.compile(module, target="spatten", config=CONFIG)


def classes(run: rarefy.CompiledFunction, images: np.ndarray) -> np.ndarray:
    return np.array([run(image).argmax() for image in images])


def compare_integers(module: rarefy.Module, images: np.ndarray) -> tuple[int, int]:
    """How many integers of attention both compute for the images, and how many of them differ."""
    cpu, device = compile_both(with_attention(module))
    count = differing = 0
    for image in images:
        for expected, found in zip(cpu(image)[1:], device(image)[1:], strict=True):
            count += expected.size
            differing += int(np.sum(expected != found))
    return count, differing


def busiest(statistics: dict) -> tuple[str, float]:
    """The engine that is busy most of the time, and which part of it; the front end is none."""
    busy = {engine: cycles for engine, cycles in statistics["busy"].items() if engine != "control"}
    engine = max(busy, key=busy.__getitem__)
    return engine, busy[engine] / statistics["cycles"]


def record_device(recorder: Recorder, name: str, statistics: dict, images: int) -> None:
    """What the device did for one image."""
    recorder.add(name, "cycles", statistics["cycles"] / images, "cycles")
    recorder.add(name, "microseconds", statistics["microseconds"] / images, "us")
    recorder.add(name, "nanojoules", statistics["energy_pj"]["total"] / images / 1e3, "nJ")
    recorder.add(name, "dram_bytes", statistics["dram_bytes"] / images, "bytes")
    moved = statistics["bytes"]["read"]
    for metric, kind in KINDS.items():
        recorder.add(name, metric, moved[kind] / images, "bytes")
    rest = sum(bytes for kind, bytes in moved.items() if kind not in KINDS.values())
    recorder.add(name, "other", (rest + sum(statistics["bytes"]["write"].values())) / images, "bytes")


def measure(recorder: Recorder, variant: Variant, images: np.ndarray, labels: np.ndarray) -> bool:
    """Runs one variant on both; whether they agree."""
    start = time.perf_counter()
    module = quantize(variant, read_images()[0])
    cpu, device = compile_both(module)
    expected, found = classes(cpu, images), classes(device, images)
    statistics = device.device_statistics()
    print(f"{variant.name}: {statistics['launches']} launches simulated, comparing integers", flush=True)
    count, differing = compare_integers(module, images)
    recorder.add(variant.name, "cpu_accuracy", float(np.mean(expected == labels)), "ratio")
    recorder.add(variant.name, "accuracy", float(np.mean(found == labels)), "ratio")
    recorder.add(variant.name, "classes_differing", int(np.sum(expected != found)), "images")
    recorder.add(variant.name, "integers", count, "integers")
    recorder.add(variant.name, "integers_differing", differing, "integers")
    record_device(recorder, variant.name, statistics, len(images))
    engine, part = busiest(statistics)
    recorder.add(variant.name, f"busy_{engine}", part, "ratio")
    print(
        f"  {np.sum(expected == found)} of {len(images)} classes and {count - differing:,} of {count:,} integers "
        f"are equal; {engine} is busiest, {part:.0%} of the time ({time.perf_counter() - start:.0f} s)",
        flush=True,
    )
    return differing == 0 and bool(np.all(expected == found))


COLUMNS = [
    Column("accuracy: CPU", ["cpu_accuracy"], "{:.2%}"),
    Column("SpAtten", ["accuracy"], "{:.2%}"),
    Column("differ: classes", ["classes_differing"], "{:.0f}"),
    Column("integers", ["integers_differing"], "{:.0f}"),
    Column("cycles", ["cycles"], "{:,.0f}"),
    Column("us", ["microseconds"], "{:.1f}"),
    Column("nJ", ["nanojoules"], "{:,.0f}"),
    Column("DRAM bytes", ["dram_bytes"], "{:,.0f}"),
    Column("keys", ["keys"], "{:,.0f}"),
    Column("low bits", ["low_bits"], "{:,.0f}"),
    Column("values", ["values"], "{:,.0f}"),
    Column("other", ["other"], "{:,.0f}"),
]


def main() -> int:
    images, labels = read_images()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=len(images), help="how many of the held-back images")
    options = parser.parse_args()
    if not 1 <= options.images <= len(images):
        parser.error(f"--images: expected 1 to {len(images)}, found {options.images}")
    images, labels = images[: options.images], labels[: options.images]
    print(f"digits: {len(images)} images, attention on {CONFIG.relative_to(ROOT)}\n", flush=True)
    recorder = Recorder(ROOT, "demo-spatten", "./x demo spatten")
    agree = [measure(recorder, variant, images, labels) for variant in VARIANTS]
    path = recorder.write()
    print(
        f"\nschedule/key bits; cycles and what follows are those of one image\n{table(recorder.records, COLUMNS)}"
    )
    print(f"\nrecords: {path.relative_to(ROOT)}")
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())

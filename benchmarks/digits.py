"""The digits model, one image at a time: dense and with the default schedule, beside the peers."""

import argparse
import sys

import numpy as np
from _driver import ROOT, Workload, run
from rarefy.records import Recorder

sys.path.append(str(ROOT / "examples" / "digits"))
from architecture import SCHEDULES  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="how long to time, for each thread count")
    options = parser.parse_args()
    folder = ROOT / "examples" / "digits"
    with np.load(folder / "digits-test.npz") as data:
        image = (data["images"][:1] / 16).astype(np.float32)
    passes = {schedule.name: schedule.passes for schedule in SCHEDULES}
    variants = {"rarefy-dense": passes["dense"], "rarefy-default": passes["default"]}
    work = Workload("digits", folder / "digits.onnx", {"image": image}, variants)
    run([work], "us", Recorder(ROOT, "bench-digits", "./x bench digits"), options.seconds)


if __name__ == "__main__":
    main()

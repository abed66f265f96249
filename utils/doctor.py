"""Tells what this machine has and what it can do at most; records in build/results/doctor.json."""

import json
import platform
import subprocess
import sys

from environment import LLVM, REQUIREMENTS, ROOT, listed, version_of

# The module alone: the package around it wants the extension, and this runs without.
sys.path.insert(0, str(ROOT / "python" / "rarefy"))
from records import Recorder, cpu_name  # noqa: E402

BUILD = ROOT / "build"
KINDS = {"fma-f32": "f32", "dot-bf16": "bf16", "dot-int8": "int8"}


def output_of(*command):
    """The first line that a program prints, or None if there is no such program."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except FileNotFoundError:
        return None
    return result.stdout.strip().splitlines()[0] if result.stdout.strip() else None


def measure():
    result = subprocess.run([BUILD / "bin" / "rarefy-doctor"], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def record(found):
    """The measurements as records, written where demos and benchmarks write theirs."""
    recorder = Recorder(ROOT, "doctor", "./x doctor")
    for one in found["records"]:
        recorder.add(f"doctor/{one['name']}", "rate", one["samples"], one["unit"], threads=one["threads"])
    return recorder


def show(title, rows):
    print(f"\n{title}")
    for name, text in rows:
        print(f"  {name:<24}{text}")


def show_ceilings(measured, how):
    rows = []
    for one in measured:
        threads = "1 thread" if one.threads == 1 else f"{one.threads} threads"
        name = one.name.removeprefix("doctor/")
        rows.append((name, f"{one.samples[-1]:8.1f} {one.unit:<8} {threads:<10} {how[name]}"))
    rows += [
        (name, f"   not supported: no instruction for {kind} products on this processor")
        for name, kind in KINDS.items()
        if name not in how
    ]
    show("Ceilings (best of 7 short runs; other work on the machine lowers them)", rows)


def show_software():
    # The package name of a requirement, without its pin.
    peers = [line.split("==")[0] for line in listed(REQUIREMENTS / "peers.txt")]
    base = [line.split("==")[0] for line in listed(REQUIREMENTS / "base.txt")]
    tools = {
        "LLVM": output_of(LLVM / "bin" / "llvm-config", "--version"),
        "clang": output_of("clang-22", "--version"),
        "g++": output_of("g++-12", "--version"),
        "cmake": output_of("cmake", "--version"),
        "ninja": output_of("ninja", "--version"),
        "ccache": output_of("ccache", "--version"),
        "Python": f"{platform.python_version()} ({sys.executable})",
    }
    show("Tools", [(name, text or "not found") for name, text in tools.items()])
    show("Python packages", [(name, version_of(name) or "not installed") for name in base])
    show(
        "Optional peers (./x bench installs those it can)",
        [(n, version_of(n) or "not installed") for n in peers],
    )


def main():
    found = measure()
    features = " ".join(found["features"]) or "none beyond the baseline"
    processor = {
        "model": cpu_name(),
        "LLVM's name": found["cpu"],
        "cores": found["cores"],
        "features": features,
    }
    show("Processor", processor.items())
    recorder = record(found)
    show_ceilings(recorder.records, {one["name"]: one["how"] for one in found["records"]})
    show_software()
    print(f"\nrecords: {recorder.write().relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

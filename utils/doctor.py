"""Tells what this machine has and what it can do at most; records in build/results/doctor.json."""

import json
import platform
import subprocess
import sys

from environment import LLVM, REQUIREMENTS, ROOT, listed, version_of

BUILD = ROOT / "build"
KINDS = {"fma-f32": "f32", "dot-bf16": "bf16", "dot-int8": "int8"}


def output_of(*command):
    """The first line that a program prints, or None if there is no such program."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    except FileNotFoundError:
        return None
    return result.stdout.strip().splitlines()[0] if result.stdout.strip() else None


def processor_name():
    with open("/proc/cpuinfo") as lines:
        names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
        return next(names, platform.machine())


def measure():
    result = subprocess.run([BUILD / "bin" / "rarefy-doctor"], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def records(found):
    """The measurements in the form that demos and benchmarks write, too."""
    commit = output_of("git", "rev-parse", "--short", "HEAD")
    for record in found["records"]:
        yield {
            "name": f"doctor/{record['name']}",
            "metric": "GB/s" if record["unit"] == "GB/s" else "Gop/s",
            "value": record["value"],
            "unit": record["unit"],
            "baseline": None,
            "ratio": None,
            "threads": record["threads"],
            "samples": record["samples"],
            "cpu": found["cpu"],
            "commit": commit,
            "command": "./x doctor",
            "how": record["how"],
        }


def show(title, rows):
    print(f"\n{title}")
    for name, text in rows:
        print(f"  {name:<24}{text}")


def show_ceilings(measured):
    rows = []
    for record in measured:
        threads = "1 thread" if record["threads"] == 1 else f"{record['threads']} threads"
        name = record["name"].removeprefix("doctor/")
        rows.append((name, f"{record['value']:8.1f} {record['unit']:<8} {threads:<10} {record['how']}"))
    present = {record["name"].removeprefix("doctor/") for record in measured}
    rows += [
        (name, f"   not supported: no instruction for {kind} products on this processor")
        for name, kind in KINDS.items()
        if name not in present
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
    measured = list(records(found))
    show(
        "Processor",
        [
            ("model", processor_name()),
            ("LLVM's name", found["cpu"]),
            ("cores", found["cores"]),
            ("features", " ".join(found["features"]) or "none beyond the baseline"),
        ],
    )
    show_ceilings(measured)
    show_software()
    path = BUILD / "results" / "doctor.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, indent=2) + "\n")
    print(f"\nrecords: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

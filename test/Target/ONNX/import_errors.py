"""Imports each model of a text, which must fail, and prints the errors.

usage: import_errors.py rarefy-translate text folder

Models are separated by lines `// ----- name`. Each must end the tool with
status 1 and one line on stderr, and leave no output.
"""

import re
import subprocess
import sys
from pathlib import Path

import onnx
from make_model import parse


def import_error(tool, path):
    output = path.with_suffix(".mlir")
    run = subprocess.run(
        [tool, "--import-onnx", path.name, "-o", output.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stderr.splitlines()
    if run.returncode != 1 or len(lines) != 1 or run.stdout or output.exists():
        sys.exit(f"{path.name}: status {run.returncode}, expected one error:\n{run.stderr}")
    return lines[0]


def main():
    tool, text, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(exist_ok=True)
    _, *sections = re.split(r"^// ----- (.*)\n", text.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name, section in zip(sections[::2], sections[1::2], strict=True):
        path = folder / f"{name}.onnx"
        path.with_suffix(".mlir").unlink(missing_ok=True)
        onnx.save(parse(section), path)
        print(import_error(tool, path))


if __name__ == "__main__":
    main()

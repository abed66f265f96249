"""Programs that tests of a folder hold or make, through a program file and back: nothing may change."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE, OPT, TRANSLATE, *FOLDERS = Path(sys.argv[1]), *sys.argv[2:]
LOWERING = f"--convert-rarefy-to-spatten=config={SOURCE / 'configs' / 'spatten.yaml'}"
PROGRAM = re.compile(r"^  isa\.program .*?^  }$", re.MULTILINE | re.DOTALL)


def tool(*command: str, data: bytes) -> bytes | None:
    done = subprocess.run(command, input=data, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def programs(path: Path) -> list[str]:
    """The valid programs of a test, each as the text that rarefy-opt prints."""
    text = path.read_text()
    passes = [LOWERING] if "spatten.program" in text else []
    parts = re.split(r"^// ?-----.*$|^//--- .*$", text, flags=re.MULTILINE)
    found = [part for part in parts if "spatten.program" in part or "isa.program" in part]
    printed = [tool(OPT, *passes, data=part.encode()) for part in found]
    return [program for text in printed if text for program in PROGRAM.findall(text.decode())]


def is_same(program: str) -> bool:
    text = tool(OPT, data=program.encode())
    file = tool(TRANSLATE, "--export-program", data=text)
    back = file and tool(TRANSLATE, "--import-program", data=file)
    again = back and tool(TRANSLATE, "--export-program", data=back)
    return again == file and tool(OPT, data=back) == text


def check(path: Path) -> tuple[int, int]:
    same = [is_same(program) for program in programs(path)]
    if not all(same):
        print(f"{path}: {same.count(False)} of {len(same)} programs changed")
    return len(same), same.count(False)


with ThreadPoolExecutor(2) as pool:
    paths = sorted(path for folder in FOLDERS for path in (SOURCE / "test" / folder).rglob("*.mlir"))
    paths = [path for path in paths if path.name != "export-invalid.mlir"]  # No file can hold these.
    counts = list(pool.map(check, paths))
total, changed = (sum(numbers) for numbers in zip(*counts, strict=True))
print(f"{total} programs of {sum(1 for count, _ in counts if count)} tests, {changed} changed")
sys.exit(1 if changed else 0)

"""What the documentation says is so: quoted code, paths, flags and commands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = [path for path in DOCUMENTS if path.exists()]
TOP_FOLDERS = "|".join(
    path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("build", ".venv")
)


def blocks(pattern):
    """Matches of a pattern in each document, as test parameters."""
    return [
        pytest.param(*match.groups(), id=f"{path.name}-{number}")
        for path in DOCUMENTS
        for number, match in enumerate(re.finditer(pattern, path.read_text(), re.MULTILINE | re.DOTALL))
    ]


def quotes():
    return blocks(r"^ *In `([^`]+)`:\n+ *```\w*\n(.*?)^ *```")


def squeezed(text):
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_there_are_quotes():
    assert len(quotes()) >= 12


@pytest.mark.parametrize("path, text", quotes())
def test_quoted_code_stands_in_the_file(path, text):
    """A line of three dots stands for what is left out."""
    rest = squeezed((ROOT / path).read_text())
    for part in re.split(r"^ *\.\.\.$", text, flags=re.MULTILINE):
        found = rest.find(squeezed(part))
        assert found >= 0, f"{path} does not have (any more, or in this order):\n{part}"
        rest = rest[found + len(squeezed(part)) :]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_paths_exist(document):
    paths = re.findall(rf"`((?:{TOP_FOLDERS})/[\w./-]+)`", document.read_text())
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text())
    missing = [path for path in paths if not (ROOT / path).exists()]
    missing += [path for path in links if not (document.parent / path).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_flags_and_commands_exist(document):
    text = document.read_text()
    known = subprocess.run([BUILD / "bin" / "rarefy-opt", "--help"], capture_output=True, text=True).stdout
    flags = set(re.findall(r"(?<![\w-])--(rarefy-[a-z][a-z-]*)", text))
    assert not [flag for flag in flags if f"--{flag} " not in known and f"--{flag}=" not in known]
    helps = subprocess.run(
        [sys.executable, "-B", ROOT / "utils" / "x.py", "help"], capture_output=True, text=True
    )
    commands = set(re.findall(r"\./x ([a-z]+)", text))
    assert not [command for command in commands if f"\n    {command} " not in helps.stdout]


@pytest.fixture
def workplace(tmp_path):
    """A folder that looks like the root of a new tree that has been built, and may be written to."""
    tracked = subprocess.run(
        ["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True
    ).stdout
    for name in {line.partition("/")[0] for line in tracked.splitlines()} | {"build"}:
        (tmp_path / name).symlink_to(ROOT / name)
    environment = dict(os.environ, PATH=f"{BUILD / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    environment["PYTHONPATH"] = str(BUILD / "python")
    return {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}


@pytest.mark.parametrize("script", blocks(r"^```sh\n(?!\./x)(.*?)^```"))
def test_shell_examples_run(script, workplace):
    shell = shutil.which("sh")
    result = subprocess.run([shell, "-e", "-c", script.replace("./x python", "python3")], **workplace)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("script", blocks(r"^```python\n(.*?)^```"))
def test_python_examples_run(script, workplace):
    result = subprocess.run([sys.executable, "-c", script], **workplace)
    assert result.returncode == 0, result.stderr

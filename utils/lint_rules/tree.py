"""The files that rules look at, and what a rule reports."""

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LLVM_BIN = Path("/usr/lib/llvm-22/bin")
LLVM_INCLUDE = Path("/usr/lib/llvm-22/include")


@dataclass(frozen=True)
class Finding:
    path: Path
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """A source tree, its files as paths relative to the root, and the build that has its tools."""

    def __init__(self, root, build):
        self.root = Path(root)
        self.build = Path(build)
        self.texts = {}

    @cached_property
    def paths(self):
        """The files that git knows or would add; all files where there is no repository."""
        command = ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard"]
        if (self.root / ".git").exists():
            names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        else:
            names = [path.relative_to(self.root) for path in self.root.rglob("*")]
        paths = {Path(name) for name in names}
        return sorted(path for path in paths if (self.root / path).is_file())

    def files(self, *endings, under=""):
        """The files whose names end with one of the endings, under a folder."""
        return [path for path in self.paths if str(path).startswith(under) and path.name.endswith(endings)]

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text(errors="replace")
        return self.texts[path]

    def lines(self, path):
        """Pairs of line number and line."""
        return enumerate(self.text(path).splitlines(), 1)

    @cached_property
    def lit_files(self):
        """What lit runs: the suffixes of its configuration, outside of the folders it leaves out."""
        configuration = Path("test/lit.cfg.py")
        if configuration not in self.paths:
            return []
        text = self.text(configuration)
        suffixes = re.findall(r'"(\.\w+)"', quoted_list(text, "suffixes"))
        excludes = {"Inputs", *re.findall(r'"([^"]+)"', quoted_list(text, "excludes"))}
        found = self.files(*suffixes, under="test/") if suffixes else []
        return [path for path in found if not excludes & set(path.parts)]

    def run_lines(self, path):
        """The RUN lines of a lit file, continued ones joined."""
        runs = re.findall(r"RUN:(.*)", self.text(path))
        return re.sub(r"\\\n", " ", "\n".join(runs)).splitlines()


def quoted_list(text, name):
    found = re.search(rf"config\.{name} = \[(.*?)\]", text, re.DOTALL)
    return found[1] if found else ""


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>R"(?P<tag>\w*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*")
    |(?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*')""",
    re.VERBOSE | re.DOTALL,
)


def without(text, *kinds):
    """C++ text with the comments, strings or chars in it blanked; offsets and lines stay."""

    def replace(match):
        kind = next(name for name in ("comment", "string", "char") if match[name] is not None)
        return re.sub(r"[^\n]", " ", match[0]) if kind in kinds else match[0]

    return TOKENS.sub(replace, text)

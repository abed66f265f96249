"""Rules about how files look: format, size, repetition, words that do not belong."""

import ast
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tree import Finding, line_of, without

CXX = (".cpp", ".h", ".c")
BUDGETS = [((".cpp", ".c", ".td", ".py"), 600), ((".h",), 250), (("CMakeLists.txt",), 40), ((".cmake",), 60)]
LIT_BUDGET = 150
FUNCTION_BUDGET = 60
WINDOW = 10
RUFF = (sys.executable, "-m", "ruff")

# Pattern, the files it is forbidden in (folder, endings), and why.
FORBIDDEN = [
    (r"(?<![\w.])/(?:work|root|home)/\w", ("", ("",)), "path of one machine"),
    (r"\b(?:TODO|FIXME|XXX)\b", ("", (*CXX, ".td", ".py", ".mlir", ".txt", ".cmake")), "unfinished work"),
    (r"\bcl::(?:opt|list)\b", ("lib/", CXX), "command-line option in a library: options live in ODS"),
    (r"^using namespace (?!mlir;)", ("include/", (".h",)), "using namespace in a header"),
    (r"\bfile\(GLOB", ("", ("CMakeLists.txt", ".cmake")), "glob in CMake"),
]


def call(command, tree, paths):
    """Runs a checker over files; its output as one text."""
    if not paths:
        return ""
    command = [*map(str, command), *map(str, paths)]
    result = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    output = result.stdout + result.stderr
    if "No module named" in output:
        raise SystemExit(f"lint: {output.strip()}; ./x lint installs it")
    return output


def rewrite(tree):
    """Formats every file in place."""
    call(["clang-format-22", "-i"], tree, tree.files(*CXX))
    call([*RUFF, "check", "-q", "--fix"], tree, tree.files(".py"))
    call([*RUFF, "format", "-q"], tree, tree.files(".py"))


def formatted(tree):
    """C++ as clang-format-22 writes it."""
    output = call(["clang-format-22", "--dry-run", "-Werror"], tree, tree.files(*CXX))
    seen = set()
    for path, line in re.findall(r"^(.+?):(\d+):\d+: error: code should be", output, re.MULTILINE):
        if path not in seen:
            seen.add(path)
            yield Finding(path, int(line), "not as clang-format-22 writes it; ./x lint --fix rewrites it")


def tidied(tree):
    """C++ without what clang-tidy-22 finds by the list in .clang-tidy; minutes of work, so only if asked."""
    database = json.loads((tree.build / "compile_commands.json").read_text())
    compiled = {Path(entry["file"]) for entry in database}
    paths = [path for path in tree.files(".cpp") if tree.root / path in compiled]

    def tidy(path):
        return call(["clang-tidy-22", "-p", tree.build, "--quiet"], tree, [path])

    found = set()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for output in pool.map(tidy, paths):
            for path, line, message in re.findall(
                r"^(\S.*?):(\d+):\d+: (?:warning|error): (.*)$", output, re.MULTILINE
            ):
                found.add((os.path.relpath(tree.root / path, tree.root), int(line), message))
    for path, line, message in sorted(found):
        yield Finding(Path(path), line, message)


def python_checked(tree):
    """Python as ruff writes it, and without what ruff finds."""
    paths = tree.files(".py")
    output = call([*RUFF, "check", "-q", "--output-format=concise"], tree, paths)
    for path, line, message in re.findall(r"^(.+?):(\d+):\d+: (.*)$", output, re.MULTILINE):
        yield Finding(path, int(line), message)
    unformatted = call([*RUFF, "format", "--check", "--output-format=concise"], tree, paths)
    for path in re.findall(r"^(.+?):\d+:\d+: unformatted", unformatted, re.MULTILINE):
        yield Finding(path, 1, "not as ruff writes it; ./x lint --fix rewrites it")


def within_size_budgets(tree):
    """No file over its budget of lines."""
    lit_files = set(tree.lit_files)
    for path in tree.paths:
        budget = next((lines for endings, lines in BUDGETS if path.name.endswith(endings)), None)
        budget = LIT_BUDGET if path in lit_files else budget
        count = tree.text(path).count("\n") if budget else 0
        if budget and count > budget:
            yield Finding(path, 1, f"{count} lines, the budget is {budget}")


def functions_short(tree):
    """No function over 60 lines."""
    spans = [(path, cxx_functions(tree.text(path))) for path in tree.files(*CXX)]
    spans += [(path, python_functions(tree.text(path))) for path in tree.files(".py")]
    for path, functions in spans:
        for start, end in functions:
            if end - start > FUNCTION_BUDGET:
                yield Finding(
                    path, start, f"function of {end - start} lines, the budget is {FUNCTION_BUDGET}"
                )


def python_functions(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.lineno, node.end_lineno) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def cxx_functions(text):
    """First and last line of each outermost function body.

    A brace opens a function when what stands before it, back to the last end of
    a statement, is no namespace or type and has a parameter list.
    """
    code = without(text, "comment", "string", "char")
    code = re.sub(r"^[ \t]*#.*(?:\\\n.*)*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.MULTILINE)
    head, opened, functions = 0, [], []
    for match in re.finditer(r"[{};]", code):
        if match[0] == "{":
            before = re.sub(r"^\s*template\s*<.*?>\s*(?=\w)", "", code[head : match.start()].strip())
            is_scope = re.match(r"(inline )?namespace\b|extern\b|(class|struct|union|enum)\b", before)
            is_function = not is_scope and ")" in before and "function" not in opened
            opened.append("function" if is_function else "scope")
            if is_function:
                start = line_of(code, match.start())
        elif match[0] == "}" and opened and opened.pop() == "function":
            functions.append((start, line_of(code, match.start())))
        head = match.end()
    return functions


def significant_lines(tree, path):
    """Numbered lines that say something: no blank, comment, include or lone punctuation."""
    text = tree.text(path)
    text = without(text, "comment") if path.suffix in (*CXX, ".td") else text
    for number, line in enumerate(text.splitlines(), 1):
        line = " ".join(line.split())
        if re.search(r"\w", line) and not re.match(r"#|include |import |from |using ", line):
            yield number, line


def nothing_repeated(tree):
    """No run of ten lines twice."""
    first_seen = {}
    for path in tree.files(*CXX, ".td", ".py", ".cmake", "CMakeLists.txt"):
        lines = list(significant_lines(tree, path))
        reported_until = -1
        for index in range(len(lines) - WINDOW + 1):
            window = tuple(line for _, line in lines[index : index + WINDOW])
            other = first_seen.setdefault(window, (path, index, lines[index][0]))
            is_new = other[0] != path or index - other[1] >= WINDOW
            if other[:2] != (path, index) and is_new and index > reported_until:
                reported_until = index + WINDOW
                yield Finding(path, lines[index][0], f"ten lines that stand in {other[0]}:{other[2]} too")


def nothing_forbidden(tree):
    """Nothing that has no place in the tree: FORBIDDEN above."""
    found = defaultdict(list)
    for pattern, (folder, endings), why in FORBIDDEN:
        for path in tree.files(*endings, under=folder):
            for number, line in tree.lines(path):
                if re.search(pattern, line) and "FORBIDDEN" not in line and path.name != Path(__file__).name:
                    found[path].append(Finding(path, number, why))
    for path in sorted(found):
        yield from found[path]

"""Rules about what the tree declares: ops, passes, diagnostics, C functions, and that each is tested."""

import ast
import json
import re
import subprocess
from pathlib import Path

from .tree import LLVM_BIN, LLVM_INCLUDE, Finding, line_of, without


def records(tree, path, base):
    """The TableGen records of a class that one file defines itself."""
    command = [LLVM_BIN / "llvm-tblgen", "--dump-json", "-I", "include", "-I", LLVM_INCLUDE, path]
    result = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"lint: {result.stderr}")
    everything = json.loads(result.stdout)
    for name in everything["!instanceof"].get(base, []):
        record = everything[name]
        file, line = record["!locs"][0].rsplit(":", 1)
        if Path(file).name == path.name:
            record["line"] = int(line)
            record["options"] = [everything[option["def"]] for option in record.get("options") or []]
            yield record


def ops(tree):
    for path in tree.files("Ops.td", under="include/"):
        for record in records(tree, path, "Op"):
            yield path, record


def passes(tree):
    for path in tree.files("Passes.td", under="include/"):
        for record in records(tree, path, "PassBase"):
            yield path, record


def pipelines(tree):
    """Path, line, flag and description of each pipeline that C++ registers."""
    pattern = re.compile(r'PassPipelineRegistration<[^>]*>\s*\w*\(\s*"([\w-]+)",\s*"([^"]*)"')
    for path in tree.files(".cpp", ".h"):
        for match in pattern.finditer(tree.text(path)):
            yield path, line_of(tree.text(path), match.start()), match[1], match[2]


def described(tree):
    """Every op, pass, option and pipeline says what it is for."""
    for path, record in [*ops(tree), *passes(tree)]:
        for what in ("summary", "description"):
            if not (record[what] or "").strip():
                yield Finding(path, record["line"], f"{record['!name']} has no {what}")
        for option in record["options"]:
            if not option["description"].strip():
                name = f"{record['argument']}{{{option['argument']}}}"
                yield Finding(path, record["line"], f"option {name} has no description")
    for path, line, flag, description in pipelines(tree):
        if not description.strip():
            yield Finding(path, line, f"pipeline {flag} has no description")


def flags_tested(tree):
    """Every pass and pipeline flag stands in some RUN line."""
    runs = "\n".join(line for path in tree.lit_files for line in tree.run_lines(path))
    flags = [(path, record["line"], record["argument"]) for path, record in passes(tree)]
    flags += [found[:3] for found in pipelines(tree)]
    for path, line, flag in flags:
        if not re.search(rf"(?<![\w-])-{{0,2}}{re.escape(flag)}(?![\w-])", runs):
            yield Finding(path, line, f"no RUN line has the flag {flag}")


def examples_parse(tree):
    """Every op has an `Example:` in its description; rarefy-opt parses these and those of the docs."""
    for path, record in ops(tree):
        blocks = re.findall(r"Example:\s*```mlir\n(.*?)```", record["description"] or "", re.DOTALL)
        if not blocks:
            yield Finding(path, record["line"], f"{record['!name']} has no block of mlir after `Example:`")
        for block in blocks:
            yield from parse_example(tree, path, record["line"], block)
    for path in tree.files(".md"):
        for match in re.finditer(r"^```mlir\n(.*?)^```", tree.text(path), re.DOTALL | re.MULTILINE):
            yield from parse_example(tree, path, line_of(tree.text(path), match.start()), match[1])


def parse_example(tree, path, line, block):
    source = block if re.search(r"\b(?:func\.func|module|isa\.program)\b", block) else in_function(block)
    command = [tree.build / "bin" / "rarefy-opt", "-"]
    result = subprocess.run(command, input=source, capture_output=True, text=True)
    if result.returncode:
        error = next((row for row in result.stderr.splitlines() if "error:" in row), result.stderr.strip())
        yield Finding(path, line, f"the example does not parse: {error}\n{source}")


def in_function(block):
    """An example as a function whose arguments are the values that it uses and does not define.

    Their types stand in groups such as `ins(%a, %b : type, type)`.
    """
    arguments = {}
    for names, types in re.findall(r"\(((?:\s*%\w+\s*,?)+):((?:[^()]|\([^()]*\))*)\)", block):
        arguments |= zip(re.findall(r"%\w+", names), split_types(types), strict=False)
    for defined in re.findall(r"(%\w+)(?::\d+)?\s*=", block):
        arguments.pop(defined, None)
    signature = ", ".join(f"{name}: {type}" for name, type in arguments.items())
    return f"func.func @example({signature}) {{\n{block}\n  return\n}}\n"


def split_types(text):
    """Splits a list of types at the commas outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<([{") - (character in ">)]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


# Adjacent C++ string literals, and what reports an error: MLIR, the importer, llvm::Error.
LITERALS = r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*'
REPORTING = r"\b(?:emit(?:Op)?Error|error|makeError|createStringError)\s*\("

# What only a machine without memory, a library or an emitter would say, and guards against faults of our own.
BEYOND_TESTS = (
    "not enough memory",
    "OpenMP's library",
    "has no object emitter",
    "cannot be imported",
    "a result has shape",
    "cannot be written",
)


def emitted_errors(text):
    """Line and literal pieces of each message that goes to the user."""
    code = without(text, "comment")
    shape = without(text, "comment", "string", "char")
    for match in re.finditer(REPORTING, shape):
        end = statement_end(shape, match.start())
        literals = re.findall(LITERALS, code[match.start() : end])
        yield line_of(text, match.start()), [join_literal(literal) for literal in literals]


def statement_end(shape, start):
    """Where the statement or argument that starts here ends, or the head of a definition."""
    depth = 0
    for offset in range(start, len(shape)):
        depth += (shape[offset] in "([{") - (shape[offset] in ")]}")
        head = shape[offset] == "{" and depth == 1
        if head or depth < 0 or (depth == 0 and shape[offset] == ";"):
            return offset
    return len(shape)


def join_literal(literal):
    """The text of adjacent C++ string literals."""
    pieces = re.findall(r'"((?:\\.|[^"\\])*)"', literal)
    return squeeze("".join(pieces).replace('\\"', '"').replace("\\n", " "))


def squeeze(text):
    return " ".join(text.split())


def expected_texts(tree):
    """What tests expect to read: expected-* in lit files, their CHECK lines, strings of pytest and gtest."""
    for path in tree.files("", under="test/"):
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(tree.text(path))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value.replace("\\", "")
        else:
            yield from re.findall(r"expected-\w+.*?\{\{(.*)\}\}", tree.text(path))
            yield from re.findall(r"^\s*(?://|#)\s*[A-Z0-9_-]+:(.*)$", tree.text(path), re.MULTILINE)
    for path in tree.files(".cpp", under="unittests/"):
        yield from map(join_literal, re.findall(LITERALS, tree.text(path)))


def errors_expected(tree):
    """Every message that a test can bring about is matched by some test."""
    pieces = [squeeze(piece) for text in expected_texts(tree) for piece in re.split(r"\{\{.*?\}\}", text)]
    pieces = {piece for piece in pieces if len(piece) >= 10}
    for path in [*tree.files(".cpp", ".h", under="lib/"), *tree.files(".cpp", ".h", under="tools/")]:
        for line, literals in emitted_errors(tree.text(path)):
            longest = max(literals, key=len, default="").strip(": ")
            if any(text in piece for text in BEYOND_TESTS for piece in literals):
                continue
            if len(longest) >= 4 and not any(longest in piece for piece in pieces):
                yield Finding(path, line, f"no test expects the error {longest!r}")


def c_functions_called(tree):
    """Every function of the C API is called from C."""
    calls = "\n".join(tree.text(path) for path in tree.files(".c", under="test/"))
    for path in tree.files(".h", under="include/rarefy-c/"):
        text = without(tree.text(path), "comment")
        for match in re.finditer(r"\b(rarefy[A-Z]\w*)\s*\(", text):
            if not re.search(rf"\b{match[1]}\s*\(", calls):
                yield Finding(path, line_of(text, match.start()), f"no C test calls {match[1]}")

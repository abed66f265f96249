"""Each lint rule finds what it is there for in a small bad tree, and nothing in a good one."""

import json
from pathlib import Path

import pytest
from lint_rules import lit, ods, style
from lint_rules.tree import LLVM_BIN, Tree

BUILD = Path(__file__).parents[3] / "build"
LIT_CFG = 'config.suffixes = [".mlir"]\nconfig.excludes = ["data"]\n'


@pytest.fixture
def findings(tmp_path):
    """Runs a rule over files given as path and text; returns its findings as texts."""

    def run(rule, files, build=BUILD):
        for name, text in {"test/lit.cfg.py": LIT_CFG, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [str(finding) for finding in rule(Tree(tmp_path, build))]

    return run


def test_formatted(findings):
    files = {".clang-format": "BasedOnStyle: LLVM\n", "bad.cpp": "int  x;\n", "good.cpp": "int x;\n"}
    assert [text.split(":")[0] for text in findings(style.formatted, files)] == ["bad.cpp"]


def test_tidied(findings, tmp_path):
    bad = "bool isSmall(int *x) {\n  if (x == 0)\n    return true;\n  return false;\n}\n"
    files = {".clang-tidy": "Checks: -*,modernize-use-nullptr\n", "a.cpp": bad, "not_compiled.cpp": bad}
    entry = {"directory": str(tmp_path), "file": str(tmp_path / "a.cpp"), "command": "clang++ -c a.cpp"}
    files["build/compile_commands.json"] = json.dumps([entry])
    assert findings(style.tidied, files, tmp_path / "build") == [
        "a.cpp:2: use nullptr [modernize-use-nullptr]"
    ]


def test_python_checked(findings):
    found = findings(
        style.python_checked, {"bad.py": "import os\n", "ugly.py": "x=1\n", "good.py": "x = 1\n"}
    )
    assert any("bad.py:1: F401" in text for text in found)
    assert any("ugly.py:1: not as ruff" in text for text in found)
    assert not any("good.py" in text for text in found)


def test_size_budgets(findings):
    files = {
        "lib/long.cpp": "\n" * 601,
        "lib/fits.cpp": "\n" * 600,
        "include/long.h": "\n" * 251,
        "lib/CMakeLists.txt": "\n" * 41,
        "test/long.mlir": "\n" * 151,
        "test/data/model.mlir": "\n" * 151,
    }
    found = [text.split(":")[0] for text in findings(style.within_size_budgets, files)]
    assert found == ["include/long.h", "lib/CMakeLists.txt", "lib/long.cpp", "test/long.mlir"]


def test_long_functions(findings):
    body = "  work();\n" * 61
    cxx = f"namespace a {{\nstruct S {{\n  int x = f({{1}});\n}};\nvoid g() {{\n{body}}}\nvoid h() {{ g(); }}\n}}\n"
    python = "def f():\n" + "    pass\n" * 61
    found = findings(style.functions_short, {"a.cpp": cxx, "b.py": python})
    assert found[0].startswith("a.cpp:5: function of 62 lines")
    assert found[1].startswith("b.py:1: ") and len(found) == 2


def test_braces_in_strings_and_macros_do_not_confuse_functions():
    text = "#define X {\nconst char *a = \"{\";\nvoid f() {\n  char b = '{';\n  if (b) { g(); }\n}\n"
    assert style.cxx_functions(text) == [(3, 6)]


def test_repeated_lines(findings):
    run = "".join(f"  call{i}();\n" for i in range(10))
    files = {"a.cpp": f"void f() {{\n{run}}}\n", "b.cpp": f"// else\n\nvoid g() {{\n{run}}}\n"}
    assert findings(style.nothing_repeated, files) == ["b.cpp:4: ten lines that stand in a.cpp:2 too"]
    assert not findings(style.nothing_repeated, {"b.cpp": files["b.cpp"].replace("call5", "other")})


@pytest.mark.parametrize(
    "name, text, why",
    [
        ("docs/a.md", "see /home/" + "someone/x", "path of one machine"),
        ("lib/a.cpp", "// TO" + "DO: more", "unfinished work"),
        ("lib/a.cpp", "llvm::cl::opt<int> n;", "command-line option in a library"),
        ("include/a.h", "using namespace llvm;", "using namespace in a header"),
        ("CMakeLists.txt", "file(GLOB sources *.cpp)", "glob in CMake"),
    ],
)
def test_forbidden(findings, name, text, why):
    found = findings(style.nothing_forbidden, {name: text + "\n"})
    assert len(found) == 1 and why in found[0]


OPS = """
include "mlir/IR/OpBase.td"
def T_Dialect : Dialect { let name = "rarefy"; let cppNamespace = "t"; }
def T_AOp : Op<T_Dialect, "a"> { let summary = "A"; let description = [{ DESCRIPTION }]; }
"""
PASSES = """
include "mlir/Pass/PassBase.td"
def One : Pass<"rarefy-one"> {
  let summary = "One";
  let description = "One.";
  let options = [Option<"n", "n", "int", "1", "">];
}
"""


def test_undescribed(findings):
    files = {"include/AOps.td": OPS.replace("DESCRIPTION", ""), "include/Passes.td": PASSES}
    found = findings(ods.described, files)
    assert any("T_AOp has no description" in text for text in found)
    assert any("option rarefy-one{n} has no description" in text for text in found)
    assert len(found) == 2


def test_untested_flag(findings):
    files = {
        "include/Passes.td": PASSES,
        "lib/a.cpp": 'PassPipelineRegistration<O>(\n    "rarefy-pipe", "A pipeline.", build);\n',
        "test/a.mlir": "// RUN: rarefy-opt %s --rarefy-one-more --no-rarefy-pipe\n",
    }
    found = findings(ods.flags_tested, files)
    assert "no RUN line has the flag rarefy-one" in found[0]
    assert "no RUN line has the flag rarefy-pipe" in found[1]
    files["test/a.mlir"] = "// RUN: rarefy-opt %s --rarefy-one=n=2 \\\n// RUN:   --rarefy-pipe\n"
    assert not findings(ods.flags_tested, files)


def example(text):
    return OPS.replace("DESCRIPTION", f"Example:\n```mlir\n{text}\n```")


def test_op_without_example(findings):
    assert "no block of mlir" in findings(ods.examples_parse, {"include/AOps.td": OPS})[0]


def test_example_is_parsed(findings):
    good = "%0 = rarefy.topk ins(%s : tensor<8xf32>) outs(%i : tensor<2xi32>) -> tensor<2xi32>"
    assert not findings(ods.examples_parse, {"include/AOps.td": example(good)})
    bad = good.replace("topk", "tupk")
    assert "does not parse" in findings(ods.examples_parse, {"include/AOps.td": example(bad)})[0]


def test_example_in_documentation_is_parsed(findings):
    found = findings(ods.examples_parse, {"docs/a.md": "# A\n\n```mlir\nfunc.func @f( {}\n```\n"})
    assert len(found) == 1 and found[0].startswith("docs/a.md:3: the example does not parse")


EMIT = 'f() {\n  return op.emitOpError("expected rank ")\n    << n << ", but "\n    "found " << m;\n}\n'


def test_unexpected_error(findings):
    assert findings(ods.errors_expected, {"lib/a.cpp": EMIT}) == [
        "lib/a.cpp:2: no test expects the error 'expected rank'"
    ]


@pytest.mark.parametrize(
    "call",
    ["node.error({})", "importer.error({})", "error({})", "makeError({})", "llvm::createStringError({})"],
)
def test_unexpected_error_of_any_kind(findings, call):
    text = "static llvm::Error makeError(const Twine &message) {\n  return f(message);\n}\n"
    text += "f() {\n  return " + call.format('what + ": expected rank " + n') + ";\n}\n"
    assert findings(ods.errors_expected, {"lib/a.cpp": text}) == [
        "lib/a.cpp:5: no test expects the error 'expected rank'"
    ]
    assert not findings(
        ods.errors_expected, {"lib/a.cpp": text.replace("expected rank", "not enough memory")}
    )


@pytest.mark.parametrize(
    "name, test",
    [
        ("test/a.mlir", "// expected-error@+1 {{expected rank 2, but found 3}}\n"),
        ("test/a.mlir", "// expected-error-re@+1 {{expected rank {{.*}}, but}}\n"),
        ("test/a.mlir", "// ERROR: error: expected rank 2\n"),
        ("test/python/a.py", 'match = r"expected rank \\d"\n'),
        ("unittests/a.cpp", 'EXPECT_EQ(text, "expected rank 2, but found 3");\n'),
        ("unittests/a.cpp", 'EXPECT_EQ(text, "expected "\n  "rank 2, but found 3");\n'),
    ],
)
def test_expected_error(findings, name, test):
    assert not findings(ods.errors_expected, {"lib/a.cpp": EMIT, name: test})


def test_c_function_without_call(findings):
    header = "/// See rarefyOld(x).\nvoid rarefyRun(int);\nvoid rarefyStop(void);\n"
    files = {"include/rarefy-c/R.h": header, "test/CAPI/a.c": "int main() { rarefyRun(1); }\n"}
    assert findings(ods.c_functions_called, files) == ["include/rarefy-c/R.h:3: no C test calls rarefyStop"]


@pytest.mark.parametrize(
    "text",
    [
        "func.func @f()\n",
        "// RUN: rarefy-opt %s\n",
        "// RUN: rarefy-opt %s | FileCheck %s\n// CHECK-LABEL:\n",
        "// RUN: rarefy-opt %s | FileCheck %s --check-prefix=A\n// CHECK: f\n",
        "// RUN: rarefy-opt %s -verify-diagnostics\n",
    ],
)
def test_lit_file_that_cannot_fail(findings, text):
    assert len(findings(lit.tests_can_fail, {"test/a.mlir": text})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "// RUN: rarefy-opt %s | FileCheck %s\n// CHECK: f\n",
        "// RUN: rarefy-opt %s | \\\n// RUN: FileCheck %s --check-prefixes=A,B\n// B-NEXT: f\n",
        "// RUN: rarefy-opt %s -verify-diagnostics\n// expected-error {{f}}\n",
        "// RUN: rarefy-opt %s | diff - %s.expected\n",
    ],
)
def test_lit_file_that_can_fail(findings, text):
    assert not findings(lit.tests_can_fail, {"test/a.mlir": text})


@pytest.mark.parametrize(
    "line",
    ["CHECK-LABLE: f", "CHEK: f", "CHECK_NEXT: f", "CHECK-NEXT f", "CHECK : f", "CHCEK-SAME: f", "OTHER: f"],
)
def test_misspelt_directive(findings, line):
    text = f"// RUN: rarefy-opt %s | FileCheck %s\n// CHECK: f\n// {line}\n"
    found = findings(lit.prefixes_spelt, {"test/a.mlir": text})
    assert len(found) == 1 and found[0].startswith("test/a.mlir:3: ")


@pytest.mark.parametrize(
    "line",
    [
        "CHECK-COUNT-2: f",
        "CHECK{LITERAL}: f",
        "AVX-NOT: f",
        "REQUIRES: avx",
        "A line of prose.",
        "ONNX has it",
    ],
)
def test_well_spelt_line(findings, line):
    text = f"// RUN: rarefy-opt %s | FileCheck %s --check-prefixes=CHECK,AVX\n// {line}\n"
    assert not findings(lit.prefixes_spelt, {"test/a.mlir": text})


def test_filecheck_itself_would_not_see_the_misspelling():
    """Why the rule is there."""
    assert (LLVM_BIN / "FileCheck").exists()


def test_a_command_ends_with_its_line(findings):
    runs = "// RUN: rarefy-opt %s | FileCheck %s\n// RUN: FileCheck %s --check-prefix=A < %t\n"
    assert not findings(lit.prefixes_spelt, {"test/a.mlir": f"{runs}// CHECK: f\n// A: f\n"})

"""Checks the tree's conventions: `utils/lint.py [--fix] [--tidy]`. Each rule is a function in lint_rules/."""

import argparse
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from lint_rules import lit, ods, style
from lint_rules.tree import Tree

RULES = [
    style.formatted,
    style.python_checked,
    style.within_size_budgets,
    style.functions_short,
    style.nothing_repeated,
    style.nothing_forbidden,
    ods.described,
    ods.flags_tested,
    ods.examples_parse,
    ods.errors_expected,
    ods.c_functions_called,
    lit.tests_can_fail,
    lit.prefixes_spelt,
]


def check(tree, rules=RULES):
    """Maps each rule's name to its findings and the seconds it took."""
    results = {}
    for rule in rules:
        start = time.monotonic()
        results[rule.__name__] = (list(rule(tree)), time.monotonic() - start)
    return results


def write_junit(results, path):
    suite = ElementTree.Element("testsuite", name="lint")
    for name, (findings, seconds) in results.items():
        case = ElementTree.SubElement(suite, "testcase", classname="lint", name=name, time=f"{seconds:.2f}")
        if findings:
            ElementTree.SubElement(case, "failure").text = "\n".join(map(str, findings))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="let clang-format and ruff rewrite files first")
    parser.add_argument("--tidy", action="store_true", help="run clang-tidy, too, on what the build compiles")
    parser.add_argument("--build", type=Path, help="the build folder whose rarefy-opt parses the examples")
    parser.add_argument("--junit", type=Path, help="write a report in JUnit's format")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    tree = Tree(root, arguments.build or root / "build")
    if arguments.fix:
        style.rewrite(tree)
    results = check(tree, [*RULES, style.tidied] if arguments.tidy else RULES)
    if arguments.junit:
        write_junit(results, arguments.junit)
    findings = [(name, finding) for name, (found, _) in results.items() for finding in found]
    for name, finding in findings:
        print(f"{finding} [{name}]")
    print(f"lint: {len(results)} rules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

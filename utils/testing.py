"""Runs every suite under one ctest and adds up the single tests that they report."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

REPORTS = "results/tests"
# Suites that run some of their tests alone.
WITH_SINGLE_TESTS = ("lit", "onnx-backend", "pytest-models", "pytest", "install")


@dataclass
class Suite:
    name: str
    seconds: float
    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


def run(build, wanted, environment):
    """Runs the suites of a build folder, or those suites and tests that `wanted` selects."""
    reports = build / REPORTS
    reports.mkdir(parents=True, exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    command = ["ctest", "--test-dir", str(build), "-j", str(os.cpu_count()), "--output-on-failure"]
    runs = [([], {})]
    if wanted:
        whole, filtered = selection(suite_names(build, environment), wanted)
        runs = [(whole, {}), (filtered, single_test_filters(wanted))]
        runs = [(["-R", expression(names)], filters) for names, filters in runs if names]
    suites = []
    for index, (options, filters) in enumerate(runs):
        summary = reports / f"ctest-{index}.xml"
        subprocess.run([*command, *options, "--output-junit", str(summary)], env=environment | filters)
        suites += read(summary, reports)
    return report(suites)


def suite_names(build, environment):
    listing = subprocess.run(
        ["ctest", "--test-dir", str(build), "-N"], env=environment, capture_output=True, text=True
    ).stdout
    return re.findall(r"Test\s+#\d+: (\S+)", listing)


def selection(names, wanted):
    """Which of ctest's names to run as a whole, and in which to run the single tests that have `wanted` in theirs.

    A gtest case has a name of its own. What is a suite's very name is not looked for in single tests.
    """
    # As lit and pytest have it, upper and lower case are the same.
    whole = [name for name in names if wanted.lower() in name.lower()]
    others = [name for name in names if name in WITH_SINGLE_TESTS and name not in whole]
    return whole, [] if wanted in names else others


def expression(names):
    return "|".join(f"^{re.escape(name)}$" for name in names)


def single_test_filters(wanted):
    """What makes lit and pytest run only the tests whose names contain a text."""
    return {
        "LIT_FILTER": re.escape(wanted),
        "LIT_OPTS": f"{os.environ.get('LIT_OPTS', '')} --allow-empty-runs",
        "PYTEST_ADDOPTS": f"-k '{wanted}'",
    }


def read(summary, reports):
    """One Suite for each that ctest ran, from its own report where it wrote one; gtest cases in one."""
    suites, gtest = [], Suite("gtest", 0)
    for case in ElementTree.parse(summary).iter("testcase"):
        name, seconds = case.get("name"), float(case.get("time"))
        if "." in name:
            gtest.seconds += seconds
            add_outcome(gtest, name, case)
            continue
        suite = Suite(name, seconds)
        own = reports / f"{name}.xml"
        if own.exists():
            for single in ElementTree.parse(own).iter("testcase"):
                add_outcome(suite, f"{single.get('classname', '')} {single.get('name')}", single)
        elif case.get("status") == "run" and name not in WITH_SINGLE_TESTS:
            suite.passed = 1
        if case.get("status") != "run" and not suite.failures:
            suite.failures.append(f"{name} (did not finish)")
        suites.append(suite)
    return suites + [gtest] * bool(gtest.passed or gtest.failures or gtest.skipped)


def add_outcome(suite, name, case):
    """Counts one case of a report in JUnit's format; a program that is not there counts as failed."""
    skipped = case.find("skipped")
    not_found = skipped is not None and "Unable to find" in skipped.get("message", "")
    if case.find("failure") is not None or case.find("error") is not None or not_found:
        suite.failures.append(f"{suite.name}: {name}")
    elif skipped is not None or case.get("status") == "notrun":
        suite.skipped += 1
    else:
        suite.passed += 1


def report(suites):
    """Prints the summary; its closing line counts tests, not suites."""
    width = max([len(suite.name) for suite in suites], default=5) + 2
    print(f"\n{'suite':{width}}passed  failed  skipped  seconds")
    for suite in suites:
        counts = f"{suite.passed:6}{len(suite.failures):8}{suite.skipped:9}"
        print(f"{suite.name:{width}}{counts}{suite.seconds:9.1f}")
    failures = [failure for suite in suites for failure in suite.failures]
    passed = sum(suite.passed for suite in suites)
    skipped = sum(suite.skipped for suite in suites)
    for failure in failures:
        print(f"failed: {failure}")
    if not passed and not failures:
        print("no test has this name")
    print(f"{passed} passed, {len(failures)} failed, {skipped} skipped", flush=True)
    return 0 if passed and not failures else 1

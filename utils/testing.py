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
    """Runs the suites of a build folder, or those tests that `wanted` selects."""
    reports = build / REPORTS
    reports.mkdir(parents=True, exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    summary = reports / "ctest.xml"
    command = ["ctest", "--test-dir", str(build), "-j", str(os.cpu_count())]
    command += ["--output-on-failure", "--output-junit", str(summary)]
    if wanted:
        names = suite_names(build, environment)
        command += ["-R", selection(names, wanted)]
        environment |= single_test_filters(names, wanted)
    subprocess.run(command, env=environment)
    return report(read(summary, reports))


def suite_names(build, environment):
    listing = subprocess.run(
        ["ctest", "--test-dir", str(build), "-N"], env=environment, capture_output=True, text=True
    ).stdout
    return re.findall(r"Test\s+#\d+: (\S+)", listing)


def selection(names, wanted):
    """Which of ctest's names to run: the suite that is wanted by its name, or else all that have single tests.

    A gtest case has a name of its own, with a dot.
    """
    if wanted in names:
        return f"^{re.escape(wanted)}$"
    # As lit and pytest have it, upper and lower case are the same.
    chosen = [
        name
        for name in names
        if (wanted.lower() in name.lower() if "." in name else name in WITH_SINGLE_TESTS)
    ]
    return "|".join(f"^{re.escape(name)}$" for name in chosen)


def single_test_filters(names, wanted):
    """What makes lit and pytest run only the tests whose names contain a text."""
    if wanted in names:
        return {}
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

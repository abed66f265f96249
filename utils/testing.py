"""Runs every suite under one ctest and adds up the single tests that they report."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

REPORTS = "results/tests"


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
    command = [
        "ctest",
        "--test-dir",
        str(build),
        "-j",
        str(os.cpu_count()),
        "--output-on-failure",
        "--output-junit",
        str(summary),
    ]
    # A gtest program writes its report beside the others, named after itself.
    environment = dict(environment, GTEST_OUTPUT=f"xml:{reports}/")
    if wanted and any(wanted in name for name in suite_names(build, environment)):
        command += ["-R", re.escape(wanted)]
    elif wanted:
        environment |= single_test_filters(wanted)
        command += ["-LE", "whole"]
    subprocess.run(command, env=environment)
    return report(read(summary, reports))


def suite_names(build, environment):
    listing = subprocess.run(
        ["ctest", "--test-dir", str(build), "-N"], env=environment, capture_output=True, text=True
    ).stdout
    return re.findall(r"Test\s+#\d+: (\S+)", listing)


def single_test_filters(wanted):
    """What makes lit, gtest and pytest run only the tests whose names contain a text."""
    return {
        "LIT_FILTER": re.escape(wanted),
        "LIT_OPTS": f"{os.environ.get('LIT_OPTS', '')} --allow-empty-runs",
        "GTEST_FILTER": f"*{wanted}*",
        "PYTEST_ADDOPTS": f"-k '{wanted}'",
    }


def read(summary, reports):
    """One Suite for each that ctest ran, from its own report where it wrote one."""
    suites = []
    for case in ElementTree.parse(summary).iter("testcase"):
        suite = Suite(case.get("name"), float(case.get("time")))
        own = reports / f"{suite.name}.xml"
        failed = case.get("status") == "fail"
        if own.exists():
            add_cases(suite, own)
        elif not failed:
            suite.passed = 1
        if failed and not suite.failures:
            suite.failures.append(f"{suite.name} (did not finish)")
        suites.append(suite)
    return suites


def add_cases(suite, path):
    """Counts the cases of a report in JUnit's format."""
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            suite.failures.append(f"{suite.name}: {case.get('classname', '')} {case.get('name')}")
        elif "skipped" in outcomes or case.get("status") == "notrun":
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

"""The adding up of test reports behind the closing line of ./x test."""

import subprocess
from pathlib import Path

import testing

CTEST = """<testsuite>
  <testcase name="lit" time="2" status="run"/>
  <testcase name="lint" time="1" status="run"/>
  <testcase name="Cache.size" time="1" status="run"/>
  <testcase name="Cache.name" time="1" status="fail"><failure/></testcase>
  <testcase name="Gone.a" time="0" status="notrun"><skipped message="Unable to find executable: x"/></testcase>
  <testcase name="pytest" time="1" status="fail"><failure/></testcase>
</testsuite>"""
LIT = """<testsuites><testsuite>
  <testcase classname="a" name="one.mlir"/>
  <testcase classname="a" name="two.mlir"><failure/></testcase>
  <testcase classname="a" name="three.mlir"><skipped/></testcase>
</testsuite></testsuites>"""
PYTEST = """<testsuites><testsuite><testcase name="a" classname="A"/></testsuite></testsuites>"""


def suites(tmp_path):
    for name, text in [("ctest", CTEST), ("lit", LIT), ("pytest", PYTEST)]:
        (tmp_path / f"{name}.xml").write_text(text)
    return testing.read(tmp_path / "ctest.xml", tmp_path)


def test_single_tests_are_counted(tmp_path, capsys):
    assert testing.report(suites(tmp_path)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "4 passed, 4 failed, 1 skipped"


def test_a_suite_that_dies_after_passing_tests_has_failed(tmp_path):
    pytest = suites(tmp_path)[2]
    assert pytest.passed == 1 and pytest.failures == ["pytest (did not finish)"]


def test_gtest_cases_are_one_suite(tmp_path):
    gtest = suites(tmp_path)[-1]
    assert (gtest.name, gtest.passed, gtest.seconds) == ("gtest", 1, 2)
    assert gtest.failures == ["gtest: Cache.name", "gtest: Gone.a"]


def test_nothing_run_is_a_failure(capsys):
    assert testing.report([]) == 1
    assert "no test has this name" in capsys.readouterr().out


NAMES = ["lit", "pytest-models", "pytest", "lint", "capi", "capi-symbols", "CPUTarget.cachesAreKnown"]


def selected(wanted):
    whole, filtered = testing.selection(NAMES, wanted)
    return " ".join(whole), " ".join(filtered)


def test_a_suite_is_selected_by_its_name_alone():
    assert selected("lint") == ("lint", "")
    assert selected("capi") == ("capi capi-symbols", "")
    assert selected("pytest") == ("pytest-models pytest", "")


def test_a_part_of_a_name_selects_suites_and_single_tests():
    assert selected("lin") == ("lint", "lit pytest-models pytest")
    assert selected("models") == ("pytest-models", "lit pytest")
    assert selected("topk") == ("", "lit pytest-models pytest")
    assert selected("caches") == ("CPUTarget.cachesAreKnown", "lit pytest-models pytest")
    assert testing.single_test_filters("topk")["LIT_FILTER"] == "topk"


def test_whole_suites_and_single_tests_run_apart(tmp_path, monkeypatch):
    """What filters single tests would leave nothing of a suite that is wanted by its own name."""
    runs = []

    def run(command, env, **_):
        if "-N" in command:
            listing = "".join(f"  Test  #{i}: {name}\n" for i, name in enumerate(NAMES))
            return subprocess.CompletedProcess(command, 0, listing)
        runs.append((command[command.index("-R") + 1], env.get("LIT_FILTER")))
        name, seconds = runs[-1][0].split("|")[0].strip("^$"), len(runs)
        case = f'<testcase name="{name}" time="{seconds}" status="run"/>'
        Path(command[command.index("--output-junit") + 1]).write_text(f"<testsuite>{case}</testsuite>")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(testing.subprocess, "run", run)
    monkeypatch.setattr(testing, "report", lambda suites: [suite.name for suite in suites])
    assert testing.run(tmp_path, "lin", {}) == ["lint", "lit"]
    assert runs == [("^lint$", None), ("^lit$|^pytest\\-models$|^pytest$", "lin")]

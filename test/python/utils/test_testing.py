"""The adding up of test reports behind the closing line of ./x test."""

import testing

CTEST = """<testsuite>
  <testcase name="lit" time="2" status="run"/>
  <testcase name="lint" time="1" status="run"/>
  <testcase name="Units" time="1" status="fail"><failure/></testcase>
</testsuite>"""
LIT = """<testsuites><testsuite>
  <testcase classname="a" name="one.mlir"/>
  <testcase classname="a" name="two.mlir"><failure/></testcase>
  <testcase classname="a" name="three.mlir"><skipped/></testcase>
</testsuite></testsuites>"""
UNITS = """<testsuites><testsuite><testcase name="a" status="run" classname="A"/></testsuite></testsuites>"""


def suites(tmp_path):
    for name, text in [("ctest", CTEST), ("lit", LIT), ("Units", UNITS)]:
        (tmp_path / f"{name}.xml").write_text(text)
    return testing.read(tmp_path / "ctest.xml", tmp_path)


def test_single_tests_are_counted(tmp_path, capsys):
    assert testing.report(suites(tmp_path)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 2 failed, 1 skipped"


def test_a_suite_that_dies_after_passing_tests_has_failed(tmp_path):
    units = suites(tmp_path)[2]
    assert units.passed == 1 and units.failures == ["Units (did not finish)"]


def test_nothing_run_is_a_failure(capsys):
    assert testing.report([]) == 1
    assert "no test has this name" in capsys.readouterr().out

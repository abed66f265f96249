"""The adding up of test reports behind the closing line of ./x test."""

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


NAMES = ["lit", "pytest", "lint", "CPUTarget.cachesAreKnown"]


def test_a_suite_is_selected_by_its_name():
    assert testing.selection(NAMES, "lint") == "^lint$"
    assert testing.single_test_filters(NAMES, "lint") == {}


def test_single_tests_are_selected_in_all_suites():
    assert testing.selection(NAMES, "topk") == "^lit$|^pytest$"
    assert testing.selection(NAMES, "caches") == "^lit$|^pytest$|^CPUTarget\\.cachesAreKnown$"
    assert testing.single_test_filters(NAMES, "topk")["LIT_FILTER"] == "topk"

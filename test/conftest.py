"""Settings shared by all of pytest's suites."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "utils"))


def pytest_sessionfinish(session, exitstatus):
    """A filter that selects no test of this suite may select some of another."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.keyword:
        session.exitstatus = pytest.ExitCode.OK

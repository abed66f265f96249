"""What ./x doctor measures."""

import json
import subprocess

from environment import ROOT

DOCTOR = ROOT / "build" / "bin" / "rarefy-doctor"


def test_every_machine_has_f32_and_memory():
    found = json.loads(subprocess.run([DOCTOR, "0.5"], capture_output=True, text=True, check=True).stdout)
    names = {record["name"] for record in found["records"]}
    assert {"fma-f32", "read-memory"} <= names
    for record in found["records"]:
        low, middle, high = record["samples"]
        assert 0 < low <= middle <= high == record["value"]


def test_a_wrong_duration_is_refused():
    result = subprocess.run([DOCTOR, "-1"], capture_output=True, text=True)
    assert result.returncode == 1 and "usage: rarefy-doctor" in result.stderr

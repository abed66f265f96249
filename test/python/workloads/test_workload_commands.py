"""python -m rarefy.workloads"""

import json
import subprocess
import sys

import pytest
from rarefy.workloads.__main__ import main
from workload_files import ABSENT, CONFIGS, GENERATION, SUMMARIZATION, edited, write

MODULE = [sys.executable, "-B", "-m", "rarefy.workloads"]


def test_generation_from_the_shell(tmp_path):
    files = ["--rows", tmp_path / "rows.csv", "--totals", tmp_path / "totals.json"]
    command = [*MODULE, "generation", "--schedule", CONFIGS / "gpt2-small.json", *files]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "rows      all 4608, requantized 323, topk 124"
    table = (tmp_path / "rows.csv").read_text().splitlines()
    assert (len(table), table[-1]) == (4609, "31,11,11,102,20,False,False,False,-1,False")
    assert json.loads((tmp_path / "totals.json").read_text())["macs"]["dense"] == 594837504


def test_summarization(tmp_path, capsys):
    schedule = str(write(tmp_path, SUMMARIZATION))
    assert main(["summarization", "--schedule", schedule, "--rows", str(tmp_path / "rows.csv")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "rows      all 10, requantized 0, topk 1",
        "sums      key 70, value 32, length 100, requantized_key 0",
        "macs      dense 9600, executed 3240, qk 2200, pv 1040, requantized 0",
        "bytes     key_msb 280, key_lsb 0, value 280, query 280",
        "reduction macs 2.96, macs_with_requantized 2.96, "
        "bytes_of_32_bits 6.86, bytes_of_12_bits 2.57, bytes_of_8_bits 1.71",
    ]
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 11


@pytest.mark.parametrize(
    ("phase", "schedule", "message"),
    [
        ("summarization", GENERATION, "key 'phase': expected summarization, found generation"),
        ("generation", SUMMARIZATION, "key 'phase': expected generation, found summarization"),
        ("generation", {}, "key 'n_ctx': expected a value, found no such key"),
    ],
)
def test_wrong_schedule(phase, schedule, message, tmp_path, capsys):
    path = write(tmp_path, schedule)
    assert main([phase, "--schedule", str(path), "--rows", str(tmp_path / "rows.csv")]) == 1
    assert capsys.readouterr() == ("", f"error: {path}: {message}\n")
    assert not (tmp_path / "rows.csv").exists()


@pytest.mark.parametrize("option", ["--rows", "--totals", "--mlir"])
def test_unwritable(option, tmp_path, capsys):
    path = tmp_path / "none" / "out"
    assert main(["generation", "--schedule", str(write(tmp_path, GENERATION)), option, str(path)]) == 1
    message = f"error: {path}: expected a file that can be written: No such file or directory\n"
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--totals", "/dev/full"],
            "/dev/full: expected a file that can be written: No space left on device",
        ),
        (["--mlir", "out", "--scale", "nan"], "scale: expected from 1.4e-45 to 3.4e+38, found nan"),
    ],
)
def test_all_files_or_none(options, message, tmp_path, capsys):
    table = tmp_path / "rows.csv"
    table.write_text("as it was")
    command = ["generation", "--schedule", str(write(tmp_path, GENERATION)), "--rows", str(table), *options]
    assert main(command) == 1
    assert capsys.readouterr() == ("", f"error: {message}\n")
    assert table.read_text() == "as it was"
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".json"]


@pytest.mark.parametrize("option", [["--scale", "nan"], ["--scale=1e-6"], ["--requantize=run"]])
def test_options_of_the_function_need_one(option, tmp_path, capsys):
    table = tmp_path / "rows.csv"
    command = ["generation", "--schedule", str(write(tmp_path, GENERATION)), "--rows", str(table), *option]
    assert main(command) == 1
    name = option[0].split("=")[0]
    assert capsys.readouterr() == ("", f"error: {name}: expected with --mlir, whose function it is for\n")
    assert not table.exists()


ONE_PLANE = edited(GENERATION, {"bits.key_lsb": 0, "requant_threshold": ABSENT, "requant_rows": ABSENT})


@pytest.mark.parametrize(("phase", "schedule"), [("summarization", SUMMARIZATION), ("generation", ONE_PLANE)])
def test_one_plane_has_no_rows_to_list(phase, schedule, tmp_path, capsys):
    out = tmp_path / "out.mlir"
    command = [phase, "--schedule", str(write(tmp_path, schedule)), "--mlir", str(out), "--requantize"]
    assert main([*command, "schedule"]) == 1
    message = "error: --requantize: expected run for keys of one plane, found schedule\n"
    assert capsys.readouterr() == ("", message)
    assert not out.exists()
    assert main([*command, "run"]) == 0


@pytest.mark.parametrize("other", ["--rows", "--schedule"])
def test_one_file_twice(other, tmp_path, capsys):
    schedule = write(tmp_path, GENERATION)
    before = schedule.read_text()
    path = schedule if other == "--schedule" else tmp_path / "out"
    options = [] if other == "--schedule" else [other, str(path)]
    assert (
        main(["generation", "--schedule", str(schedule), *options, "--mlir", f"{path.parent}/./{path.name}"])
        == 1
    )
    assert capsys.readouterr() == ("", f"error: --mlir {path}: expected a file of its own\n")
    assert (schedule.read_text(), list(tmp_path.iterdir())) == (before, [schedule])


def test_no_standard_output(tmp_path):
    command = [*MODULE, "generation", "--schedule", write(tmp_path, GENERATION)]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    message = "error: standard output: No space left on device\n"
    assert (result.returncode, result.stderr) == (1, message)

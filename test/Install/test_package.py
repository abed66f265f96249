"""An outside project finds Rarefy's CMake package, in the build tree and installed, and compiles with it."""

import shutil
import subprocess
from pathlib import Path

import pytest

OUTSIDE = Path(__file__).parent / "outside"
BUILD = Path(__file__).parents[2] / "build"


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build_outside(package, folder):
    """Configures, builds and runs the outside project with the compiler of the build tree."""
    names = ("CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER")
    options = [f"-D{name}={cached(name)}" for name in names if cached(name)]
    run("cmake", "-G", "Ninja", "-S", OUTSIDE, "-B", folder, f"-DRarefy_DIR={package}", *options)
    run("ninja", "-C", folder)
    assert run(folder / "outside") == "1 topk compiled for the CPU\n"
    assert run(folder / "outside-c") == f"{cached('CMAKE_PROJECT_VERSION')}\n"


def cached(name):
    """A variable of the build tree's CMake cache."""
    name = "CCACHE" if name.endswith("_LAUNCHER") else name
    lines = (BUILD / "CMakeCache.txt").read_text().splitlines()
    values = (line.split("=", 1)[1] for line in lines if line.startswith(f"{name}:"))
    return next((value for value in values if not value.endswith("-NOTFOUND")), None)


@pytest.fixture(scope="module")
def prefix():
    # The same path each time, so that a compiler cache knows the headers.
    path = BUILD / "installed"
    shutil.rmtree(path, ignore_errors=True)
    run("cmake", "--install", BUILD, "--prefix", path)
    return path


def test_package_of_the_build_tree(tmp_path):
    build_outside(BUILD / "lib" / "cmake" / "Rarefy", tmp_path)


def test_installed_package(prefix, tmp_path):
    build_outside(prefix / "lib" / "cmake" / "Rarefy", tmp_path)


def test_installed_package_names_no_folder_of_the_build(prefix):
    for path in (prefix / "lib" / "cmake" / "Rarefy").iterdir():
        assert str(BUILD.parent) not in path.read_text(), path


def test_installed_tool_and_plugin_run(prefix):
    assert "rarefy-decompose" in run(prefix / "bin" / "rarefy-opt", "--help")
    plugin = prefix / "lib" / "librarefy-plugin.so"
    mlir_opt = shutil.which("mlir-opt-22") or "/usr/lib/llvm-22/bin/mlir-opt"
    flags = [f"--load-dialect-plugin={plugin}", f"--load-pass-plugin={plugin}"]
    assert "rarefy" in run(mlir_opt, *flags, "--show-dialects")

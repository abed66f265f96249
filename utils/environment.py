"""What the tree needs of the system: Debian packages, tools, the Python environment.

Nothing is installed or asked of the network when everything is there.
"""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python3"
REQUIREMENTS = ROOT / "utils" / "requirements"
LLVM = Path("/usr/lib/llvm-22")

SECURITY_SUITE = """LLVM 22.1 is in Debian 12's security suite. If apt does not find it, add this line to a file in
/etc/apt/sources.list.d and try again:
  deb http://deb.debian.org/debian-security bookworm-security main"""

ELSEWHERE = """This is not Debian 12 with apt, so nothing is installed for you. The build needs:
  LLVM, MLIR, clang, lld and clang-format 22.1 under /usr/lib/llvm-22; LLVM's own package repository,
    https://apt.llvm.org, has them for Debian and Ubuntu: clang-22 lld-22 clang-format-22 clang-tidy-22
    llvm-22-dev libmlir-22-dev mlir-22-tools libomp-22-dev
  cmake 3.25, ninja, GoogleTest, ONNX's C++ classes and protobuf (libonnx-dev libprotobuf-dev libgtest-dev), and for the
    benchmarks of single components Google Benchmark (libbenchmark-dev)
  Python 3.11 with its headers and the venv module"""


class SetupError(Exception):
    """Something the tree needs is missing, and could not be installed."""


def say(text):
    print(f"x: {text}", flush=True)


def listed(path):
    """The entries of a list file: one a line, comments after #."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def system_environment():
    """The environment to build in: the system's tools before any version manager's."""
    environment = dict(os.environ)
    system_path = os.confstr("CS_PATH") or "/usr/bin:/bin"
    environment["PATH"] = f"{system_path}:{environment.get('PATH', '')}"
    environment["PYTHONPATH"] = str(ROOT / "build" / "python")
    return environment


def is_debian_12():
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    known = release.get("ID") == "debian" and release.get("VERSION_ID") == "12"
    return known and bool(shutil.which("apt-get"))


def missing_packages(names):
    """Those of the Debian packages that are not installed."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", *names]
    output = subprocess.run(query, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    installed = {row[0] for row in rows if len(row) > 1 and row[1].startswith("ii")}
    return [name for name in names if name not in installed]


def install_packages(names):
    """Installs Debian packages; a failure is told, and left to require_tools()."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    install = [*apt, "install", "-y", "--no-install-recommends", *names]
    if sudo and not shutil.which("sudo"):
        say(f"not root and no sudo here; as root, run:\n  apt-get install {' '.join(names)}")
        return
    say(f"installing {len(names)} Debian packages: {' '.join(names)}")
    subprocess.run([*apt, "update"])
    if subprocess.run(install).returncode != 0:
        say(f"apt could not install {' '.join(names)}\n{SECURITY_SUITE}")


def require_tools():
    """Stops, naming them, when tools are missing that the build cannot do without."""
    search = system_environment()["PATH"]
    missing = [tool for tool in ("cmake", "ninja", "clang-22") if not shutil.which(tool, path=search)]
    files = [LLVM / "lib/cmake/mlir/MLIRConfig.cmake", LLVM / "bin/mlir-tblgen", LLVM / "bin/FileCheck"]
    missing += [str(file) for file in files if not file.exists()]
    if missing:
        raise SetupError(f"cannot go on without {', '.join(missing)}")


def ensure_system():
    if not is_debian_12():
        try:
            require_tools()
        except SetupError:
            say(ELSEWHERE)
            raise
        return
    missing = missing_packages(listed(ROOT / "utils" / "packages.txt"))
    if missing:
        install_packages(missing)
    require_tools()


def unmet(requirements):
    """Those `name==version` lines that the virtual environment does not meet."""
    library = next(iter((VENV / "lib").glob("python3*/site-packages")), None)
    if not library:
        return requirements
    found = {canonical(d.metadata["Name"]): d.version for d in distributions(path=[str(library)])}

    def met(line):
        name, version = line.split("==")
        return found.get(canonical(name), "").split("+")[0] == version

    return [line for line in requirements if not met(line)]


def canonical(name):
    return name.lower().replace("_", "-")


def pip_install(requirements):
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements]
    return subprocess.run(command).returncode == 0


def ensure_python():
    """The tree's virtual environment, made with the system's Python."""
    if not PYTHON.exists():
        say(f"making the virtual environment {VENV.name} with {sys.executable}")
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    missing = unmet(listed(REQUIREMENTS / "base.txt"))
    if missing:
        say(f"installing {len(missing)} Python packages into {VENV.name}")
        if not pip_install(missing):
            raise SetupError(f"pip could not install {' '.join(missing)}")


def ensure_extra(name, optional=False):
    """The Python packages that one demo or benchmark wants besides, if it has a list. What a demo and a benchmark of one
    name share is in the list of that name.

    Optional ones are installed one by one, and those that cannot be had are named.
    """
    path = REQUIREMENTS / f"{name}.txt"
    missing = unmet(listed(path)) if path.exists() else []
    if not missing:
        return
    say(f"installing for {name}: {' '.join(missing)}")
    if optional:
        for line in missing:
            if not pip_install([line]):
                say(f"going on without {line}")
    elif not pip_install(missing):
        raise SetupError(f"pip could not install {' '.join(missing)}")


def version_of(name):
    """The version of a Python package in the virtual environment, or None."""
    library = next(iter((VENV / "lib").glob("python3*/site-packages")), None)
    try:
        found = next(iter(distributions(name=name, path=[str(library)])), None)
    except PackageNotFoundError:
        return None
    return found.version if found else None

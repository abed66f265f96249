"""The developer command ./x: one function per subcommand, each preparing what it needs."""

import argparse
import shutil
import subprocess
import sys

import testing
from environment import (
    PYTHON,
    ROOT,
    SetupError,
    ensure_extra,
    ensure_python,
    ensure_system,
    say,
    system_environment,
)

BUILD = ROOT / "build"


def run(*command, **options):
    """Runs a command in the tree's environment and returns its exit code."""
    return subprocess.run(
        [str(part) for part in command], env=system_environment(), cwd=ROOT, **options
    ).returncode


def configured():
    """Whether the build folder is newer than the presets and the packages; CMake itself watches the rest."""
    ninja = BUILD / "build.ninja"
    sources = (ROOT / "CMakePresets.json", ROOT / "utils" / "packages.txt")
    return ninja.exists() and all(ninja.stat().st_mtime > source.stat().st_mtime for source in sources)


def configure():
    if configured():
        return
    say("configuring")
    log = BUILD / "configure.log"
    BUILD.mkdir(exist_ok=True)
    ninja = shutil.which("ninja", path=system_environment()["PATH"])
    with log.open("w") as output:
        code = run(
            *("cmake", "--preset", "release", f"-DCMAKE_MAKE_PROGRAM={ninja}"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if code != 0:
        sys.stderr.write(log.read_text())
        raise SetupError(f"cmake failed; its output is in {log.relative_to(ROOT)}")


def prepare(*targets):
    """Installs what is missing and builds the targets, everything when none is named."""
    ensure_system()
    ensure_python()
    configure()
    # Only a build that has something to do is shown, and never on the standard output.
    plan = subprocess.run(
        ["ninja", "-C", BUILD, "-n", *targets], env=system_environment(), capture_output=True, text=True
    )
    if "no work to do" in plan.stdout:
        return
    if run("ninja", "-C", BUILD, *targets, stdout=sys.stderr) != 0:
        raise SetupError("the build failed")


def build(arguments):
    """build what changed, or only some of ninja's targets"""
    prepare(*arguments.targets)
    return 0


def test(arguments):
    """lint, gtest, lit and pytest; with a filter only the suites or tests whose names have it"""
    prepare()
    return testing.run(BUILD, arguments.filter, system_environment())


def lint(arguments):
    """check the tree's conventions; --fix formats what can be formatted, --tidy runs clang-tidy, too"""
    # clang-tidy reads every header that the build generates.
    prepare(*([] if arguments.tidy else ["rarefy-opt"]))
    options = [f"--{name}" for name in ("fix", "tidy") if getattr(arguments, name)]
    return run(PYTHON, "utils/lint.py", *options)


def doctor(arguments):
    """this machine: processor features, measured ceilings, LLVM, Python, optional peers"""
    prepare("rarefy-doctor")
    return run(PYTHON, "utils/doctor.py")


def demo(arguments):
    """run a demo of examples/ (default: digits)"""
    name = arguments.name or "digits"
    script = ROOT / "examples" / name / "demo.py"
    if not script.exists():
        raise SetupError(f"no demo {name}; there are {', '.join(named('examples/*/demo.py', parent=True))}")
    prepare()
    ensure_extra(name)
    return run(PYTHON, script, *arguments.rest)


def bench(arguments):
    """run a benchmark of benchmarks/, beside the peers that can be installed; all without a name"""
    known = named("benchmarks/*.py")
    if arguments.name and arguments.name not in known:
        raise SetupError(f"no benchmark {arguments.name}; there are {', '.join(known)}")
    prepare()
    ensure_extra("peers", optional=True)
    code = 0
    for name in [arguments.name] if arguments.name else known:
        ensure_extra(name)
        ensure_extra(f"bench-{name}")
        code = run(PYTHON, f"benchmarks/{name}.py", *arguments.rest) or code
    return code


def python(arguments):
    """the tree's Python, with the built package importable"""
    prepare()
    return run(PYTHON, *arguments.rest)


def named(pattern, parent=False):
    """The names of the scripts that a pattern finds, those that start with _ left out."""
    paths = sorted(ROOT.glob(pattern))
    return [path.parent.name if parent else path.stem for path in paths if not path.name.startswith("_")]


def parse(argv):
    parser = argparse.ArgumentParser(prog="./x", description="Build, test, measure and run Rarefy.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    def add(function):
        command = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        command.set_defaults(function=function)
        return command

    for function, what in ((demo, "demo"), (bench, "benchmark"), (python, "Python")):
        command = add(function)
        if function is not python:
            command.add_argument("name", nargs="?", default=None)
        command.add_argument("rest", nargs="*", metavar="...", help=f"passed to {what}")
    add(test).add_argument("filter", nargs="?")
    command = add(lint)
    command.add_argument("--fix", action="store_true", help="let clang-format and ruff rewrite files")
    command.add_argument("--tidy", action="store_true", help="run clang-tidy, too: some minutes")
    add(build).add_argument("targets", nargs="*")
    add(doctor)
    commands.add_parser("help", help="this text").set_defaults(function=lambda _: parser.print_help())
    return parser.parse_args(passing(argv or ["help"]))


def passing(argv):
    """Puts -- in front of what belongs to a script, so that its options are not taken for ours."""
    if argv[0] == "python":
        return ["python", "--", *argv[1:]]
    if argv[0] not in ("demo", "bench") or argv[1:2] in ([], ["-h"], ["--help"]):
        return argv
    name, rest = ("", argv[1:]) if argv[1].startswith("-") else (argv[1], argv[2:])
    return [argv[0], name, "--", *rest]


def main():
    arguments = parse(sys.argv[1:])
    try:
        return arguments.function(arguments)
    except SetupError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

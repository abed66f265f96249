"""python -m rarefy.workloads generation|summarization|fc --schedule S.json [--rows out.csv] [--mlir out.mlir]"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rarefy.errors import RarefyError
from rarefy.workloads.function import DEFAULT_SCALE, REQUANTIZE, function
from rarefy.workloads.products import Products, product_program, read_products
from rarefy.workloads.reading import read_schedule
from rarefy.workloads.rows import rows, write_csv
from rarefy.workloads.schedule import Generation, Schedule, Summarization
from rarefy.workloads.totals import Totals, total

PHASES = {
    "generation": (Generation, "a model that writes one token an iteration, such as GPT-2"),
    "summarization": (Summarization, "a model that reads a whole sentence at once, such as BERT"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rarefy.workloads",
        description="Attention workloads from schedule files (docs/Workloads.md).",
    )
    phases = parser.add_subparsers(dest="phase", metavar="phase", required=True)
    for name, (_, text) in PHASES.items():
        phase = phases.add_parser(name, help=text, description=f"The attention of {text}.")
        phase.add_argument("--schedule", required=True, metavar="FILE", help="the schedule, JSON")
        phase.add_argument("--rows", metavar="FILE", help="write a line per iteration, layer and head, CSV")
        phase.add_argument("--totals", metavar="FILE", help="write the totals, JSON")
        phase.add_argument(
            "--mlir",
            metavar="FILE",
            help="write a function that computes all rows on queries of 16 bits, MLIR",
        )
        phase.add_argument(
            "--requantize",
            choices=REQUANTIZE,
            help="with --mlir, rows that read their second plane: those of small probabilities when it runs, "
            "or those of the schedule (run)",
        )
        phase.add_argument(
            "--scale", type=float, help=f"with --mlir, of the function's scores ({DEFAULT_SCALE})"
        )
    layers = "the fully connected layers of a model that writes one token an iteration"
    phase = phases.add_parser("fc", help=layers, description=f"{layers.capitalize()}.")
    phase.add_argument("--schedule", required=True, metavar="FILE", help="the layers, JSON")
    phase.add_argument("--totals", metavar="FILE", help="write the totals, JSON")
    phase.add_argument("--mlir", metavar="FILE", help="write a program that computes all products, MLIR")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace) -> Totals | Products:
    if arguments.phase == "fc":
        products = read_products(arguments.schedule)
        _write(arguments, products, {"mlir": _text(product_program(products) if arguments.mlir else "")})
        return products
    schedule = read_schedule(arguments.schedule)
    if not isinstance(schedule, PHASES[arguments.phase][0]):
        found = next(name for name, (kind, _) in PHASES.items() if isinstance(schedule, kind))
        raise RarefyError(
            [f"error: {arguments.schedule}: key 'phase': expected {arguments.phase}, found {found}"]
        )
    table = list(rows(schedule))
    totals = total(table, schedule)
    source = _function(schedule, arguments)
    _write(arguments, totals, {"rows": lambda path: write_csv(table, path), "mlir": _text(source)})
    return totals


def _function(schedule: Schedule, arguments: argparse.Namespace) -> str:
    """What --mlir writes; no option of the function may be given where it changes nothing."""
    options = {name: getattr(arguments, name) for name in ("requantize", "scale")}
    given = {name: value for name, value in options.items() if value is not None}
    if given and not arguments.mlir:
        raise RarefyError([f"error: --{next(iter(given))}: expected with --mlir, whose function it is for"])
    if arguments.requantize == "schedule" and not schedule.bits.key_lsb:
        raise RarefyError(["error: --requantize: expected run for keys of one plane, found schedule"])
    return function(schedule, **given) if arguments.mlir else ""


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


def _write(
    arguments: argparse.Namespace, totals: Totals | Products, writers: dict[str, Callable[[Path], object]]
) -> None:
    """Writes the files of the options, or none: each beside its place, until the last is there."""
    writers["totals"] = _text(json.dumps(totals.report(), indent=1) + "\n")
    taken = [Path(arguments.schedule).resolve()]
    files = {option: Path(name) for option in writers if (name := getattr(arguments, option))}
    for option, path in files.items():
        if path.resolve() in taken and (path.is_file() or not path.exists()):
            raise RarefyError([f"error: --{option} {path}: expected a file of its own"])
        taken.append(path.resolve())
    partials: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for option, path in files.items():
            write = writers[option]
            if path.exists() and not path.is_file():  # A device, which cannot be replaced.
                write(path)
                continue
            partials.append((path.with_name(f".{path.name}.{os.getpid()}"), path))
            write(partials[-1][0])
        for partial, path in partials:
            partial.replace(path)
    except OSError as error:
        raise RarefyError(
            [f"error: {path}: expected a file that can be written: {error.strerror}"]
        ) from error
    finally:
        for partial, _ in partials:
            partial.unlink(missing_ok=True)


def _print(totals: Totals | Products) -> None:
    for kind, figures in totals.report().items():
        numbers = (f"{name} {f'{n:.2f}' if isinstance(n, float) else n}" for name, n in figures.items())
        print(f"{kind:<10}{', '.join(numbers)}")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    try:
        totals = run(parse(argv))
    except RarefyError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _print(totals)
    except OSError as error:
        print(f"error: standard output: {error.strerror}", file=sys.stderr)
        # What is left in the stream would fail once more at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

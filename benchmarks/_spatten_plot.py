"""What keeps each engine busy or idle, and cycles over the parallelism of top-k, as a picture."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw
from rarefy.records import Record

PARTS = {"busy": "#2a6f97", "waiting": "#f4a259", "memory": "#bc4b51", "empty": "#dddddd"}
WIDTH, BAR, LEFT = 640, 24, 110


def draw(path: Path, records: Sequence[Record], run: str, sweep: str) -> None:
    """Writes the picture of a run's engines and of the runs whose names begin with `sweep`."""
    engines = {
        record.name.removeprefix(f"{run}/"): {} for record in records if record.name.startswith(f"{run}/")
    }
    for record in records:
        if record.name.startswith(f"{run}/"):
            engines[record.name.removeprefix(f"{run}/")][record.metric] = record.value
    engines = {name: parts for name, parts in engines.items() if parts["busy"]}
    cycles = {
        record.name.removeprefix(sweep): record.value
        for record in records
        if record.name.startswith(sweep) and record.metric == "cycles"
    }
    height = (len(engines) + len(cycles) + 5) * BAR
    picture = Image.new("RGB", (LEFT + WIDTH + BAR, height), "white")
    pen = ImageDraw.Draw(picture)
    top = _engines(pen, engines, f"cycles of the engines, {run}")
    _sweep(pen, cycles, top + BAR)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def _engines(pen: ImageDraw.ImageDraw, engines: dict[str, dict[str, float]], title: str) -> int:
    pen.text((8, 6), title, fill="black")
    left = LEFT
    for part, color in PARTS.items():
        pen.rectangle((left, BAR + 6, left + 12, BAR + 18), fill=color)
        pen.text((left + 18, BAR + 6), part, fill="black")
        left += 100
    top = 2 * BAR
    for name, parts in engines.items():
        pen.text((8, top + 6), name, fill="black")
        whole, left = sum(parts[part] for part in PARTS), float(LEFT)
        for part, color in PARTS.items():
            width = WIDTH * parts[part] / whole
            pen.rectangle((left, top + 3, left + width, top + BAR - 3), fill=color)
            left += width
        top += BAR
    return top


def _sweep(pen: ImageDraw.ImageDraw, cycles: dict[str, float], top: int) -> None:
    pen.text((8, top + 6), "cycles by the parallelism of top-k", fill="black")
    for name, count in cycles.items():
        top += BAR
        pen.text((8, top + 6), name, fill="black")
        width = (WIDTH - 80) * count / max(cycles.values())
        pen.rectangle((LEFT, top + 3, LEFT + width, top + BAR - 3), fill=PARTS["busy"])
        pen.text((LEFT + width + 6, top + 6), f"{count:.0f}", fill="black")

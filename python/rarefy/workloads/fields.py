"""Reads JSON strictly: nothing is ignored, and an error says the file, the key, what was expected and what was found."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from rarefy.errors import RarefyError

LARGEST = 1 << 20


@dataclass(frozen=True)
class Value:
    """A value of a file, with its place: "requant_rows.groups[0].iterations"."""

    file: str
    place: str
    value: Any

    def fail(self, expected: str, found: str | None = None) -> NoReturn:
        place = f"key '{self.place}': " if self.place else ""
        found = _shown(self.value) if found is None else found
        raise RarefyError([f"error: {self.file}: {place}expected {expected}, found {found}"])

    def integer(self, least: int = 1, most: int = LARGEST) -> int:
        if type(self.value) is not int or not least <= self.value <= most:
            self.fail(f"an integer from {least} to {most}")
        return self.value

    def fraction(self) -> Decimal:
        """A part of a whole, exactly as the file spells it: 0.7 of 1000 is 700 and never 699."""
        if type(self.value) not in (int, Decimal) or not 0 < self.value <= 1:
            self.fail("a number above 0 and at most 1")
        return Decimal(self.value)

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.fail("a string")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.fail("true or false")
        return self.value

    def items(self, length: int | None = None, per: str = "") -> "list[Value]":
        """The elements of a list, of as many as there are of what `per` names."""
        if not isinstance(self.value, list):
            self.fail("a list")
        if length is not None and len(self.value) != length:
            self.fail(f"{length} elements{per}", str(len(self.value)))
        return [Value(self.file, f"{self.place}[{i}]", value) for i, value in enumerate(self.value)]

    def members(self) -> "dict[str, Value]":
        if not isinstance(self.value, dict):
            self.fail("an object")
        prefix = f"{self.place}." if self.place else ""
        return {key: Value(self.file, prefix + key, value) for key, value in self.value.items()}

    def fields(self, required: Sequence[str], optional: Collection[str] = ()) -> "dict[str, Value]":
        """The members of an object that has all required keys and none that is in neither list."""
        members = self.members()
        for key, value in members.items():
            if key not in required and key not in optional:
                value.fail(f"one of the keys {', '.join(sorted({*required, *optional}))}", f"'{key}'")
        for key in required:
            if key not in members:
                Value(self.file, f"{self.place}.{key}".lstrip("."), None).fail("a value", "no such key")
        return members

    def interval(self, count: int) -> range:
        """First and last of some of `count` things."""
        first, last = (item.integer(0, count - 1) for item in self.items(2, " (first and last)"))
        if first > last:
            self.fail("a first that is not above the last")
        return range(first, last + 1)


def load(file: str | Path) -> Value:
    """The object that a JSON file holds."""
    root = Value(str(file), "", None)
    try:
        value = json.loads(
            Path(file).read_text(encoding="utf-8"),
            parse_float=Decimal,
            parse_constant=lambda name: root.fail("numbers", name),
            object_pairs_hook=lambda pairs: _object(root, pairs),
        )
    except RarefyError:
        raise
    except OSError as error:
        root.fail("a file that can be read", error.strerror or str(error))
    except ArithmeticError:
        root.fail("numbers that can be held", "an exponent beyond all bounds")
    except (ValueError, RecursionError) as error:
        root.fail("JSON", str(error))
    return Value(str(file), "", value)


def _object(root: Value, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            Value(root.file, key, None).fail("each key once", "it twice")
        found[key] = value
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    text = str(value) if isinstance(value, Decimal) else json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."

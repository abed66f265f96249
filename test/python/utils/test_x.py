"""How ./x reads its arguments."""

import pytest
import x


@pytest.mark.parametrize(
    "text, command, rest",
    [
        ("demo", x.demo, (None, [])),
        ("demo --seconds 1", x.demo, ("", ["--seconds", "1"])),
        ("demo minilm --tokens 128", x.demo, ("minilm", ["--tokens", "128"])),
        ("bench minilm -h", x.bench, ("minilm", ["-h"])),
        ("python -c 1 --fix", x.python, (None, ["-c", "1", "--fix"])),
    ],
)
def test_what_follows_belongs_to_the_script(text, command, rest):
    arguments = x.parse(text.split())
    assert arguments.function is command
    assert (getattr(arguments, "name", None), arguments.rest) == rest


def test_every_command_is_in_the_help(capsys):
    x.parse([]).function(None)
    text = capsys.readouterr().out
    assert all(
        f"\n    {name} " in text
        for name in ("demo", "test", "bench", "lint", "build", "doctor", "python", "help")
    )


def test_an_unknown_demo_is_told_apart(monkeypatch, capsys):
    monkeypatch.setattr(x.sys, "argv", ["x", "demo", "nothing"])
    assert x.main() == 1
    assert "no demo nothing; there are digits" in capsys.readouterr().out

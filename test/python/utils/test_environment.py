"""What ./x installs, and when it asks the network for nothing."""

import environment
import pytest


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """An environment that has the package demo-lib 1.2 and nothing else."""
    info = tmp_path / "lib" / "python3.11" / "site-packages" / "demo_lib-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo_lib\nVersion: 1.2+cpu\n")
    monkeypatch.setattr(environment, "VENV", tmp_path)


def test_lists_have_comments(tmp_path):
    (tmp_path / "list").write_text("# head\n\none==1 # tail\ntwo==2\n")
    assert environment.listed(tmp_path / "list") == ["one==1", "two==2"]


def test_met_requirements_are_not_installed_again(venv):
    assert environment.unmet(["demo-lib==1.2", "demo-lib==1.3", "other==1"]) == ["demo-lib==1.3", "other==1"]
    assert environment.version_of("demo-lib") == "1.2+cpu"
    assert environment.version_of("other") is None


def test_without_an_environment_everything_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "VENV", tmp_path / "none")
    assert environment.unmet(["demo-lib==1.2"]) == ["demo-lib==1.2"]


def test_missing_packages_are_told_apart(monkeypatch):
    class Answer:
        stdout = "cmake ii \nlld-22 rc \n"

    monkeypatch.setattr(environment.subprocess, "run", lambda *_, **__: Answer)
    assert environment.missing_packages(["cmake", "lld-22", "ccache"]) == ["lld-22", "ccache"]


def test_without_apt_it_says_what_to_install_and_carries_on(monkeypatch, capsys):
    monkeypatch.setattr(environment, "is_debian_12", lambda: False)
    environment.ensure_system()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(environment, "LLVM", environment.ROOT / "no-such-folder")
    with pytest.raises(environment.SetupError, match="cannot go on without"):
        environment.ensure_system()
    assert "https://apt.llvm.org" in capsys.readouterr().out


def test_not_root_and_no_sudo_tells_the_command(monkeypatch, capsys):
    monkeypatch.setattr(environment.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(environment.shutil, "which", lambda *_, **__: None)
    environment.install_packages(["lld-22"])
    assert "apt-get install lld-22" in capsys.readouterr().out


def test_pins_are_exact():
    for path in environment.REQUIREMENTS.glob("*.txt"):
        assert all(line.count("==") == 1 for line in environment.listed(path)), path

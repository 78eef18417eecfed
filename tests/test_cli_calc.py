"""`kfxl calc`: what the commands say and write, with LibreOffice pretended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kfxl.hosts import calc_addin, calc_office, calc_profile
from kfxl.hosts.calc_office import Office
from tests.console import Console
from tests.hosts.calc_profiles import ITEMS, behaves, lock, names_kfxl, office

__all__ = ["office"]
NOTHING = "The add-in was not installed in LibreOffice; nothing to remove.\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capsys)


@pytest.fixture
def here(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The LibreOffice that the commands find."""
    monkeypatch.setattr(calc_office, "this_office", lambda: office)
    monkeypatch.setattr(calc_office, "default_profile", lambda: office.profile)
    return office


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without LibreOffice; the profile that one would have."""

    def none() -> Office:
        raise calc_office.NoOfficeError("LibreOffice", "not found", "install it")

    monkeypatch.setattr(calc_office, "this_office", none)
    monkeypatch.setattr(calc_office, "default_profile", lambda: tmp_path / "profile")
    return tmp_path / "profile"


def test_build_writes_the_extension(run: Console, tmp_path: Path) -> None:
    path = tmp_path / "kfxl.oxt"
    assert run("calc", "build", path) == 0
    assert run.out == f"Wrote {path}\n"
    assert path.read_bytes() == calc_addin.build_addin()
    assert "exists already; give another name, or --force" in run.fails("calc", "build", path)
    assert run("calc", "build", path, "--force", "--interpreter", "/opt/mit ü/python") == 0
    assert path.read_bytes() == calc_addin.build_addin("/opt/mit ü/python")


def test_build_looks_before_it_works(run: Console, tmp_path: Path) -> None:
    assert "give a name ending in .oxt" in run.fails("calc", "build", tmp_path / "kfxl.xlam")
    assert "create it first" in run.fails("calc", "build", tmp_path / "no" / "kfxl.oxt")
    line = run.fails("calc", "build", tmp_path / "kfxl.oxt", "--interpreter", "python3")
    assert line.startswith("kfxl: interpreter: python3 is no full path")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("calc",), ("calc", "--help"), ("calc", "install", "-h")])
def test_help(run: Console, words: tuple[str, ...]) -> None:
    assert run(*words) == 0
    assert "Usage: kfxl calc" in run.out


def test_install_again_and_uninstall(run: Console, here: Office) -> None:
    assert run("calc", "install") == 0
    assert (run.out, run.err) == ("LibreOffice 25.2 has the add-in\n", "")
    addin = calc_profile.installed(here.profile)
    assert addin is not None
    assert sys.executable in (addin.folder / "pythonpath/kfxl_calc/settings.json").read_text()
    assert run("calc", "uninstall") == 0
    assert (run.out, run.err) == ("The add-in is gone from LibreOffice 25.2.\n", "")
    assert not names_kfxl(here.profile)
    assert run("calc", "uninstall") == 0
    assert run.out == NOTHING


def test_another_version_is_named(run: Console, here: Office) -> None:
    run("calc", "install")
    known = here.profile / calc_profile.KNOWN
    known.write_text(known.read_text().replace(" 0.1.0", " 0.0.9"))
    run("calc", "install")
    assert run.out == "LibreOffice 25.2 has the add-in, in place of version 0.0.9\n"


def test_a_running_libreoffice_is_said(run: Console, here: Office) -> None:
    behaves(here, running=True)
    assert run("calc", "install") == 0
    again = "LibreOffice is running; close all of it and start it again to have the functions"
    assert run.err == f"note: {again}\n"
    assert run("calc", "uninstall") == 0
    assert run.err.startswith("note: LibreOffice is running; close all of it")


def test_what_a_running_libreoffice_still_remembers_is_said(
    run: Console, here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calc_profile, "runs", lambda: True)
    settings = lock(here, "").parent / "user" / "registrymodifications.xcu"
    settings.parent.mkdir()
    settings.write_text(ITEMS)
    assert run("calc", "uninstall") == 0
    assert run.out == NOTHING
    again = "close all of it and run this again to clear its settings, too"
    assert run.err == f"note: LibreOffice is running; {again}\n"
    assert settings.read_text() == ITEMS


def test_failures_are_one_line(run: Console, here: Office) -> None:
    behaves(here, error="it did not answer")
    assert "could not be managed: it did not answer; close" in run.fails("calc", "install")


def test_check_reports_and_fails(
    run: Console, here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfxl.hosts.calc_check.this_office", lambda: here)
    assert run("calc", "check") == 1
    assert "add-in               BROKEN: it is not installed; run: kfxl calc install" in run.out
    behaves(here, shown=["2"])
    run("calc", "install")
    assert run("calc", "check") == 0
    assert run.out.endswith("All is well.\n")


def test_without_libreoffice(run: Console, nowhere: Path) -> None:
    assert run.fails("calc", "install") == "kfxl: LibreOffice: not found; install it\n"
    assert run("calc", "install", "--if-found") == 0
    assert (run.out, run.err) == ("", "")
    assert run("calc", "uninstall") == 0
    assert run.out == NOTHING


def test_settings_of_a_libreoffice_that_is_gone_are_noted(run: Console, nowhere: Path) -> None:
    (nowhere / "user").mkdir(parents=True)
    (nowhere / "user" / "registrymodifications.xcu").write_text(ITEMS)
    assert run("calc", "uninstall") == 0
    assert run.err == "note: the settings of a LibreOffice that is gone still name the add-in\n"

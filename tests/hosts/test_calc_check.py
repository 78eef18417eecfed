"""What `kfxl calc check` finds, in profiles made by a stand-in for LibreOffice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from kfxl.hosts import calc_check, calc_office, calc_profile
from kfxl.hosts.calc_addin import build_addin
from kfxl.hosts.calc_check import Finding, findings
from kfxl.hosts.calc_install import install
from kfxl.hosts.calc_office import Office
from kfxl.hosts.calc_profile import SWITCHED, installed, runs
from tests.hosts.calc_profiles import behaves, lock, office

__all__ = ["office"]
VERSION = calc_check.__version__


@pytest.fixture
def whole(office: Office) -> Office:
    """A LibreOffice with the add-in, whose cells compute."""
    behaves(office, shown=["2"])
    install(office, build_addin(sys.executable))
    return office


def bad(office: Office) -> list[Finding]:
    return [finding for finding in findings(office) if not finding.good]


def described(office: Office, old: bytes, new: bytes) -> None:
    """Change the installed description."""
    addin = installed(office.profile)
    assert addin is not None
    path = addin.folder / "description.xml"
    path.write_bytes(path.read_bytes().replace(old, new))


def settle(office: Office, interpreters: list[str]) -> None:
    """Change which interpreters the installed add-in names."""
    addin = installed(office.profile)
    assert addin is not None
    path = addin.folder / calc_check.SETTINGS
    path.write_text(json.dumps({**json.loads(path.read_text()), "interpreters": interpreters}))


def test_all_is_well(whole: Office) -> None:
    found = findings(whole)
    assert [finding.what for finding in found if not finding.good] == []
    assert {finding.what: finding.found for finding in found} == {
        "LibreOffice": f"version 25.2, {whole.soffice}",
        "its Python": sys.executable,
        "its profile": str(whole.profile),
        "add-in": f"version {VERSION}",
        "interpreter": sys.executable,
        "a cell": "computes risk parity weights as it should",
    }


def test_no_libreoffice_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Office:
        raise calc_office.NoOfficeError("LibreOffice", "not found", "install it")

    monkeypatch.setattr(calc_check, "this_office", none)
    assert findings() == [Finding("LibreOffice", False, "not found; install it")]


def test_an_add_in_that_is_not_there(office: Office) -> None:
    assert bad(office) == [Finding("add-in", False, "it is not installed; run: kfxl calc install")]


def test_an_older_add_in(whole: Office) -> None:
    described(whole, VERSION.encode(), b"0.0.1")
    found = bad(whole)
    assert [finding.what for finding in found] == ["add-in", "interpreter"]
    assert found[0].found == (
        f"version 0.0.1 is installed and this is kfxl {VERSION}; run: kfxl calc install"
    )
    assert found[1].found.endswith(
        f"has kfxl {VERSION} and the add-in 0.0.1; run: kfxl calc install"
    )


def test_an_add_in_of_other_sources(whole: Office) -> None:
    described(whole, b"<version", b"<!-- changed --><version")
    (finding,) = bad(whole)
    assert "was built from other sources; run: kfxl calc install" in finding.found


def test_an_add_in_that_its_user_has_switched_off(whole: Office) -> None:
    addin = installed(whole.profile)
    assert addin is not None
    listed = whole.profile / SWITCHED
    listed.parent.mkdir(parents=True)
    url = f"vnd.sun.star.expand:$X/uno_packages/{addin.folder.parent.name}/{addin.folder.name}"
    listed.write_text(f'<ext:extension url="{url}">')
    assert bad(whole) == []
    listed.write_text(f'<ext:extension url="{url}" revoked="true">')
    found = "it is switched off in LibreOffice's list of extensions; run: kfxl calc install"
    assert bad(whole) == [Finding("add-in", False, found)]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"interpreters": 1}'])
def test_damaged_settings_of_the_add_in(whole: Office, text: str) -> None:
    addin = installed(whole.profile)
    assert addin is not None
    (addin.folder / calc_check.SETTINGS).write_text(text)
    assert {finding.what: finding.found for finding in bad(whole)}["interpreter"] == (
        "this could not be looked at: the add-in's settings are damaged; run: kfxl calc install"
    )


def test_an_interpreter_that_is_gone(whole: Office) -> None:
    settle(whole, ["/nowhere/python"])
    found = bad(whole)
    assert (
        Finding("interpreter", False, "/nowhere/python is missing; run: kfxl calc install") in found
    )
    assert not [finding for finding in findings(whole) if finding.what == "a cell"]


@pytest.mark.skipif(sys.platform == "win32", reason="scripts of POSIX")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'No module named kfxl' >&2; exit 1", "cannot start kfxl (No module named kfxl)"),
        ("exit 0", "cannot start kfxl (it says nothing)"),
        ('echo \'{"ready": "9.9"}\'', f"has kfxl 9.9 and the add-in {VERSION}"),
        ("echo '[\"ready\"]'", 'cannot start kfxl (it says ["ready"])'),
        ("echo '{\"result\": 1}'", 'cannot start kfxl (it says {"result": 1})'),
        ("echo Hallo; echo Leute", "cannot start kfxl (it says Hallo)"),
    ],
)
def test_an_interpreter_that_does_not_start_kfxl(
    whole: Office, tmp_path: Path, script: str, words: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    settle(whole, [str(python)])
    assert [finding for finding in bad(whole) if words in finding.found]


def test_a_cell_that_shows_something_else(whole: Office) -> None:
    behaves(whole, shown=["#NAME?"])
    (finding,) = bad(whole)
    assert finding.what == "a cell"
    assert finding.found.startswith("shows #NAME? instead of a result; run: kfxl calc install")


def test_a_libreoffice_that_does_not_answer(whole: Office) -> None:
    behaves(whole, error="it did not answer")
    (finding,) = bad(whole)
    assert finding.found.startswith("this could not be looked at: LibreOffice: the add-in could")


@pytest.mark.parametrize(
    ("age", "running", "said"), [(-60, True, 1), (60, True, 0), (-60, False, 0)]
)
def test_a_libreoffice_that_was_started_before(
    office: Office, monkeypatch: pytest.MonkeyPatch, age: int, running: bool, said: int
) -> None:
    monkeypatch.setattr(calc_profile, "runs", lambda: running)
    path = lock(office, "")
    behaves(office, shown=["2"])
    install(office, build_addin(sys.executable))
    now = path.stat().st_mtime
    os.utime(path, (now + age, now + age))
    found = [finding for finding in bad(office) if finding.what == "running"]
    assert len(found) == said
    assert all("close all of it and start it again" in finding.found for finding in found)


def test_running_programs_are_told_by_their_names(tmp_path: Path) -> None:
    assert runs(tmp_path / "no such folder")
    for number, name in ((1, "python3\n"), (2, "soffice.bin\n")):
        assert not runs(tmp_path)
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_text(name)
    assert runs(tmp_path)


def test_nothing_of_the_users_is_touched_to_look(whole: Office) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.profile.rglob("*")}
    findings(whole)
    assert {path: path.stat().st_mtime_ns for path in whole.profile.rglob("*")} == before

"""Installing in a real LibreOffice: as root and not, its profile there or not, in use or not."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kfxl import __version__
from kfxl.hosts import calc_install, calc_profile
from kfxl.hosts.calc_addin import ADDIN, IDENTIFIER, build_addin
from kfxl.hosts.calc_check import needs_restart
from kfxl.hosts.calc_install import install, uninstall
from kfxl.hosts.calc_office import Office as Found
from kfxl.hosts.calc_office import plain_variables, this_office
from kfxl.hosts.calc_profile import installed
from tests.hosts.calc.documents import Document
from tests.hosts.calc.office import INSIDE, Office
from tests.hosts.calc.other_extension import OTHER, other_extension

pytestmark = pytest.mark.host
SHEET = "Sheet1"
FORMULA = "=ROUND(INDEX(RISK_PARITY_WEIGHTS({0.01;0|0;0.04});1;1)*3;9)"
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name does not name kfxl and which any user can read."""
    path = Path(tempfile.mkdtemp(prefix="office-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def package() -> bytes:
    return build_addin(sys.executable)


def names_kfxl(profile: Path) -> list[str]:
    """What of a profile names kfxl, in its name or in its content."""
    return [
        str(path)
        for path in profile.rglob("*")
        if "kfxl" in path.name.lower() or (path.is_file() and b"kfxl" in path.read_bytes().lower())
    ]


def extensions(office: Office) -> list[list[str]]:
    """Identifier and version of each."""
    return sorted(each[:2] for each in office.extensions())


def shows(document: Document, formula: str = FORMULA) -> str:
    document.enter((SHEET, "A1", formula))
    return document.shown(SHEET, "A1")[0][0]


def other_version(package: bytes, version: str) -> bytes:
    """The same extension as another version."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "description.xml":
                mark = f'<version value="{version}"'.encode()
                content = re.sub(rb'<version value="[^"]*"', mark, content)
            new.writestr(name, content)
    return stream.getvalue()


def is_modified(document: Document) -> bool:
    return bool(document.run(INSIDE / "state.py", "is_modified"))


# The commands, for the user who runs the tests


def another_python(folder: Path) -> Path:
    """Where a Python of LibreOffice's version is that has no ``uno``, as pyenv and conda have."""
    code = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    python = this_office().python
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    library = Path(said.strip())
    programs = folder / "another" / "bin"
    programs.mkdir(parents=True)
    (programs / "python3").write_text("#!/bin/sh\nexit 1\n")
    (programs / "python3").chmod(0o755)
    (folder / "another" / "lib").mkdir()
    (folder / "another" / "lib" / library.name).symlink_to(library)
    return programs


def kfxl(home: Path, *words: str, first: Path | None = None) -> str:
    """Run ``kfxl calc`` with that home folder, and with a folder of programs before others."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    if first is not None:
        variables["PATH"] = os.pathsep.join([str(first), variables["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "kfxl", "calc", *words],
        env={**variables, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_commands_from_a_home_without_profile_and_back(folder: Path) -> None:
    assert "nothing to remove" in kfxl(folder, "uninstall")
    assert not list(folder.iterdir())
    assert kfxl(folder, "install").endswith("has the add-in\n")
    assert kfxl(folder, "install").endswith("has the add-in, as before\n")
    said = kfxl(folder, "check")
    assert "computes risk parity weights as it should" in said
    assert "All is well." in said
    assert "The add-in is gone from LibreOffice" in kfxl(folder, "uninstall")
    assert names_kfxl(folder) == []
    assert "nothing to remove" in kfxl(folder, "uninstall")


def test_the_commands_where_another_python_comes_first(folder: Path, tmp_path: Path) -> None:
    first = another_python(tmp_path)
    assert kfxl(folder, "install", first=first).endswith("has the add-in\n")
    assert "computes risk parity weights as it should" in kfxl(folder, "check", first=first)
    assert "The add-in is gone from LibreOffice" in kfxl(folder, "uninstall", first=first)


# A profile with another extension, not in use: upgrade, downgrade, use, uninstall


def test_another_extension_stays_through_upgrade_use_and_uninstalling(
    folder: Path, package: bytes
) -> None:
    with Office(folder) as running:
        running.install(other_extension(), "other.oxt")
        before = extensions(running)
    assert before == [[OTHER, "1.0"]]
    office = this_office(folder / "profile")
    for version in ("0.0.1", "99.0"):
        assert install(office, other_version(package, version)).changed
        there = installed(office.profile)
        assert there is not None
        assert there.version == version
    done = install(office, package)
    assert (done.changed, done.before, done.running) == (True, "99.0", False)
    with Office(folder) as running:
        assert [OTHER, "1.0"] in extensions(running)
        assert len(extensions(running)) == 2
        with running.open() as document:
            assert shows(document) == "2"
    assert uninstall(office).changed
    assert names_kfxl(office.profile) == []
    with Office(folder) as running:
        assert extensions(running) == before
        with running.open() as document:
            assert shows(document) != "2"
    assert names_kfxl(office.profile) == []


# A profile in use, with a document that is not saved


def test_a_libreoffice_in_use_goes_on(folder: Path, package: bytes) -> None:
    with Office(folder) as running:
        office = this_office(running.profile)
        before = extensions(running)
        with running.open() as document:
            document.write((SHEET, "B2", 42.0))
            assert is_modified(document)
            done = install(office, package)
            assert (done.changed, done.running) == (True, True)
            assert not install(office, package).changed
            assert needs_restart(office)
            assert (document.value(SHEET, "B2"), is_modified(document)) == (42.0, True)
        running.restart()
        assert not needs_restart(office)
        with running.open() as document:
            assert shows(document) == "2"
            document.write((SHEET, "B2", 42.0))
            done = uninstall(office)
            assert (done.changed, done.running) == (True, True)
            assert (document.value(SHEET, "B2"), is_modified(document)) == (42.0, True)
        assert extensions(running) == before
    assert names_kfxl(running.profile) == []
    with Office(folder) as running:
        assert extensions(running) == before
    assert names_kfxl(running.profile) == []


# An ordinary user


def as_nobody(folder: Path, office: Found, **request: Any) -> dict[str, Any]:
    """Have LibreOffice's side carry a request out for a user without any rights."""
    request = {"soffice": str(office.soffice), "identifier": IDENTIFIER, **request}
    done = subprocess.run(
        [office.python, folder / "manage.py"],
        input=json.dumps(request).encode(),
        env={**plain_variables(), "HOME": str(folder / "home"), "XDG_CONFIG_HOME": ""},
        capture_output=True,
        timeout=120,
        check=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=folder,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    assert "error" not in answer, answer
    return answer


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="all other tests ran as ordinary user"
)
def test_an_ordinary_user_on_the_same_machine(folder: Path, package: bytes) -> None:
    office = this_office()
    (folder / "home").mkdir()
    os.chown(folder / "home", NOBODY, NOBODY)
    for path, content in (
        (folder / "manage.py", calc_install.MANAGER.read_bytes()),
        (folder / ADDIN, package),
    ):
        path.write_bytes(content)
        path.chmod(0o644)
    answer = as_nobody(folder, office, package=str(folder / ADDIN))
    assert (answer["before"], answer["changed"]) == ([], True)
    profile = Path(answer["profile"])
    assert profile.is_relative_to(folder / "home")
    assert profile.stat().st_uid == NOBODY
    (shown,) = as_nobody(folder, office, formulas=["=KFXL_VERSION()"])["shown"]
    # This Python may lie in a folder that is closed to others; the cell then says so in one line.
    assert shown == __version__ or shown.startswith("#KFXL! ")
    assert as_nobody(folder, office, remove=True)["after"] == []
    calc_profile.forget(profile)
    calc_profile.clean(profile, (*calc_profile.LEFT_BEHIND, calc_profile.UNPACKED))
    assert names_kfxl(folder / "home") == []

"""Finding LibreOffice, its Python and the user's profile, on pretended machines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kfxl.errors import InputError
from kfxl.hosts import calc_office
from kfxl.hosts.calc_office import (
    VARIABLE,
    NoOfficeError,
    Surroundings,
    default_profile,
    find_soffice,
    python_with_uno,
    this_office,
    uno_version,
    usual_profile,
)

SETTINGS = "[Bootstrap]\nProductKey=LibreOffice {}\nUserInstallation=$SYSUSERCONFIG/{}/4\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and scripts of POSIX")


def office(program: Path, version: str = "25.2", name: str = "libreoffice") -> Path:
    """A LibreOffice of which the program and the settings are there."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("")
    program.chmod(0o755)
    settings = calc_office.settings_file(program)
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(SETTINGS.format(version, name))
    return program


def interpreter(path: Path, answer: str = '["{}", 3, 9]') -> Path:
    """A Python that answers so, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s' '{answer}'\n" if answer else "#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


def machine(
    tmp_path: Path, platform: str = "linux", registered: tuple[str, ...] = (), **variables: str
) -> Surroundings:
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir(exist_ok=True)
    return Surroundings({"PATH": "", **variables}, platform, home, root, lambda: list(registered))


def test_debians_is_found_with_the_systems_python(tmp_path: Path) -> None:
    here = machine(tmp_path)
    soffice = office(here.root / "usr/lib/libreoffice/program/soffice", "7.4")
    python = interpreter(here.root / "usr/bin/python3")
    found = this_office(None, here)
    assert (found.soffice, found.version, found.python) == (soffice, "7.4", python)
    assert (found.profile, found.elsewhere) == (here.home / ".config/libreoffice/4", False)
    assert this_office(tmp_path / "own", here).profile == tmp_path / "own"
    assert this_office(tmp_path / "own", here).elsewhere


def test_the_one_on_the_path_comes_first(tmp_path: Path) -> None:
    here = machine(tmp_path, PATH=str(tmp_path / "bin"))
    office(here.root / "usr/lib/libreoffice/program/soffice", "7.4")
    bundle = office(here.root / "opt/libreoffice25.2/program/soffice")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "soffice").symlink_to(bundle)
    assert find_soffice(here) == bundle


def test_a_script_of_that_name_is_no_libreoffice(tmp_path: Path) -> None:
    here = machine(tmp_path, PATH=str(tmp_path / "bin"))
    interpreter(tmp_path / "bin" / "soffice")
    soffice = office(here.root / "usr/lib64/libreoffice/program/soffice")
    assert find_soffice(here) == soffice


def test_the_newest_bundle_is_taken_with_its_own_python(tmp_path: Path) -> None:
    here = machine(tmp_path)
    for version in ("7.6", "25.2", "24.8"):
        office(here.root / f"opt/libreoffice{version}/program/soffice", version)
    program = here.root / "opt/libreoffice25.2/program"
    python = interpreter(program / "python")
    interpreter(here.root / "usr/bin/python3")
    found = this_office(None, here)
    assert (found.soffice, found.python) == (program / "soffice", python)


def test_macos(tmp_path: Path) -> None:
    here = machine(tmp_path, "darwin")
    contents = here.root / "Applications/LibreOffice.app/Contents"
    soffice = office(contents / "MacOS/soffice", name="LibreOffice")
    python = interpreter(contents / "Resources/python")
    found = this_office(None, here)
    assert (found.soffice, found.python) == (soffice, python)
    assert found.profile == here.home / "Library/Application Support/LibreOffice/4"


@pytest.mark.parametrize("place", ["registry", "ProgramFiles"])
def test_windows(tmp_path: Path, place: str) -> None:
    files = tmp_path / "Program Files"
    soffice = office(files / "LibreOffice/program/soffice.exe", name="LibreOffice")
    python = interpreter(soffice.with_name("python.exe"))
    registered = (str(soffice.parent),) if place == "registry" else ()
    variables = {"APPDATA": str(tmp_path / "Roaming")}
    variables |= {"ProgramFiles": str(files)} if place == "ProgramFiles" else {}
    found = this_office(None, machine(tmp_path, "win32", registered, **variables))
    assert (found.soffice, found.python) == (soffice, python)
    assert found.profile == tmp_path / "Roaming/LibreOffice/4"


def test_an_unusual_place_is_named_by_a_variable(tmp_path: Path) -> None:
    soffice = office(tmp_path / "own build/program/soffice")
    for named in (soffice, soffice.parent):
        assert find_soffice(machine(tmp_path, **{VARIABLE: str(named)})) == soffice
    with pytest.raises(InputError, match=f"{VARIABLE}: /nowhere is no soffice"):
        find_soffice(machine(tmp_path, **{VARIABLE: "/nowhere"}))


def test_the_profile_follows_the_users_configuration(tmp_path: Path) -> None:
    here = machine(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert default_profile(here) == tmp_path / "config/libreoffice/4"
    soffice = office(here.root / "usr/lib/libreoffice/program/soffice")
    text = "ProductKey=LibreOffice 24.2\nUserInstallation=${ORIGIN}/../profile\n"
    soffice.with_name("bootstraprc").write_text(text)
    assert default_profile(here) == soffice.parent / "../profile"


@pytest.mark.parametrize(
    ("platform", "text", "variables", "profile"),
    [
        ("linux", "file:///srv/My%20profile/4", {}, "/srv/My profile/4"),
        ("linux", "file://localhost/srv/%C3%BC", {}, "/srv/ü"),
        ("linux", "/srv/100%25", {}, "/srv/100%25"),
        ("linux", "$SYSUSERCONFIG/a%20b", {"XDG_CONFIG_HOME": "/etc/50%20"}, "/etc/50%20/a b"),
        ("linux", "$SYSUSERCONFIG/4", {"XDG_CONFIG_HOME": "/etc/a#b?c"}, "/etc/a#b?c/4"),
        ("win32", "file:///D:/My%20profile/4", {}, "D:/My profile/4"),
        ("win32", "file://server/share/%C3%BC", {}, "//server/share/ü"),
        (
            "win32",
            "$SYSUSERCONFIG/4",
            {"APPDATA": r"C:\Users\Ä d\Roaming"},
            "C:/Users/Ä d/Roaming/4",
        ),
        ("win32", "$SYSUSERCONFIG/4", {"APPDATA": r"\\server\home\ada"}, "//server/home/ada/4"),
    ],
)
def test_a_profile_is_named_by_a_url(
    tmp_path: Path, platform: str, text: str, variables: dict[str, str], profile: str
) -> None:
    here = machine(tmp_path, platform, **variables)
    found = usual_profile({"UserInstallation": text}, tmp_path / "soffice", here)
    assert found.as_posix() == profile


# What cannot be used


def test_no_libreoffice_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        NoOfficeError, match=f"LibreOffice: not found; install it, or set {VARIABLE}"
    ):
        this_office(None, machine(tmp_path))


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("root/snap/bin/libreoffice", "snap"),
        ("root/var/lib/flatpak/exports/bin/org.libreoffice.LibreOffice", "Flatpak"),
        ("home/.local/share/flatpak/exports/bin/org.libreoffice.LibreOffice", "Flatpak"),
    ],
)
def test_sandboxes_are_refused(tmp_path: Path, place: str, kind: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text("")
    here = machine(tmp_path)
    with pytest.raises(InputError, match=rf"a {kind} package, which cannot start") as caught:
        this_office(None, here)
    assert not isinstance(caught.value, NoOfficeError)
    # Beside one that can be used it does no harm.
    soffice = office(here.root / "usr/lib/libreoffice/program/soffice")
    assert find_soffice(here) == soffice


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", r"usr/bin/python3 has no module uno\)"),
        ('["{}", 3, 7]', r"usr/bin/python3 is too old\)"),
        ("no JSON", r"has no module uno\)"),
        (None, r"its Python was not found\)"),
    ],
)
def test_a_python_without_uno_is_named_with_the_remedy(
    tmp_path: Path, answer: str | None, words: str
) -> None:
    here = machine(tmp_path)
    soffice = office(here.root / "usr/lib/libreoffice/program/soffice")
    if answer is not None:
        interpreter(here.root / "usr/bin/python3", answer)
    with pytest.raises(InputError, match=words) as caught:
        python_with_uno(soffice, here)
    assert "sudo apt install python3-uno" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_python_is_asked_without_kfxls_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/somewhere")
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\n"
        'if [ -z "$PYTHONPATH$PYTHONHOME$VIRTUAL_ENV" ]; then echo \'["x", 3, 11]\'; fi\n'
    )
    python.chmod(0o755)
    assert uno_version(python) == (3, 11)

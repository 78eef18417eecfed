"""The LibreOffice of this machine: its programs, its own Python, the user's profile."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from kfxl.errors import InputError

# A LibreOffice in an unusual place is named by this variable: soffice, or the folder that it is in.
VARIABLE = "KFXL_LIBREOFFICE"
OLDEST_PYTHON = (3, 8)
ANSWER = "import json, sys, uno; print(json.dumps([sys.executable, *sys.version_info[:2]]))"
SANDBOXES = {
    "snap": ("/snap/bin/libreoffice", "/var/lib/snapd/snap/bin/libreoffice"),
    "Flatpak": (
        "/var/lib/flatpak/exports/bin/org.libreoffice.LibreOffice",
        "~/.local/share/flatpak/exports/bin/org.libreoffice.LibreOffice",
    ),
}


class NoOfficeError(InputError):
    """There is no LibreOffice on this machine."""


@dataclass(frozen=True)
class Office:
    """A LibreOffice that kfxl can be added to.

    ``python`` can import LibreOffice's module ``uno``; ``profile`` is the folder of the user's
    settings, which need not exist yet. ``elsewhere`` says that it is not LibreOffice's usual one.
    """

    soffice: Path
    version: str
    python: Path
    profile: Path
    elsewhere: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Where to look: the variables, the system and the user's home folder."""

    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    platform: str = sys.platform
    home: Path = field(default_factory=Path.home)
    root: Path = Path("/")
    registered: Callable[[], list[str]] = field(default_factory=lambda: registered_folders)


def this_office(profile: Path | None = None, here: Surroundings | None = None) -> Office:
    """The LibreOffice that the user would start, and all that is needed to add kfxl to it.

    Parameters
    ----------
    profile : Path, optional
        Another folder of settings than LibreOffice's usual one.
    here : Surroundings, optional
        Where to look; this machine by default.

    Raises
    ------
    NoOfficeError
        There is none.
    InputError
        It cannot be used: a sandbox keeps it from starting Python, or its module uno is missing.
    """
    here = Surroundings() if here is None else here
    soffice = find_soffice(here)
    settings = read_settings(soffice)
    return Office(
        soffice=soffice,
        version=settings.get("ProductKey", "").rpartition(" ")[2] or "of unknown version",
        python=python_with_uno(soffice, here),
        profile=usual_profile(settings, soffice, here) if profile is None else profile,
        elsewhere=profile is not None,
    )


def default_profile(here: Surroundings | None = None) -> Path:
    """The user's profile, also where there is no LibreOffice, or none that can be used."""
    here = Surroundings() if here is None else here
    try:
        soffice = find_soffice(here)
    except InputError:
        soffice = here.home
    return usual_profile(read_settings(soffice), soffice, here)


def find_soffice(here: Surroundings) -> Path:
    """The program that starts LibreOffice, in its own folder."""
    named = here.variables.get(VARIABLE, "")
    if named:
        path = Path(named).expanduser()
        for candidate in (path, *(path / name for name in names(here))):
            if candidate.is_file():
                return candidate.resolve()
        raise InputError(VARIABLE, f"{named} is no soffice", "name the program soffice, in full")
    for candidate in candidates(here):
        if candidate.is_file():
            found = candidate.resolve()
            if settings_file(found).is_file():
                return found
    refuse_sandboxes(here)
    raise NoOfficeError("LibreOffice", "not found", f"install it, or set {VARIABLE} to its soffice")


def names(here: Surroundings) -> tuple[str, ...]:
    """What the program is called."""
    return ("soffice.exe",) if here.platform == "win32" else ("soffice",)


def candidates(here: Surroundings) -> Iterator[Path]:
    """Where LibreOffice may be, the one that the user would start first."""
    on_path = shutil.which("soffice", path=here.variables.get("PATH", ""))
    if on_path:
        yield Path(on_path)
    if here.platform == "win32":
        for name in here.registered():
            yield Path(name) / "soffice.exe"
        for name in ("ProgramFiles", "ProgramFiles(x86)"):
            if here.variables.get(name):
                yield Path(here.variables[name]) / "LibreOffice" / "program" / "soffice.exe"
    elif here.platform == "darwin":
        for folder in (here.root / "Applications", here.home / "Applications"):
            yield folder / "LibreOffice.app" / "Contents" / "MacOS" / "soffice"
    else:
        for library in ("lib", "lib64"):
            yield here.root / "usr" / library / "libreoffice" / "program" / "soffice"
        bundles = (here.root / "opt").glob("libreoffice*")
        for bundle in sorted(bundles, key=_version_in, reverse=True):
            yield bundle / "program" / "soffice"


def refuse_sandboxes(here: Surroundings) -> None:
    """Say that a LibreOffice is there that cannot start kfxl."""
    for kind, places in SANDBOXES.items():
        for place in places:
            home = place.startswith("~/")
            if (here.home / place[2:] if home else here.root / place[1:]).exists():
                raise InputError(
                    "LibreOffice",
                    f"this one is a {kind} package, which cannot start kfxl's Python",
                    "install LibreOffice from your system's packages or from libreoffice.org",
                )


def settings_file(soffice: Path) -> Path:
    """The file that says which LibreOffice this is and where its users' profiles are."""
    if soffice.suffix == ".exe":
        return soffice.with_name("bootstrap.ini")
    if soffice.parent.name == "MacOS":
        return soffice.parent.parent / "Resources" / "bootstraprc"
    return soffice.with_name("bootstraprc")


def read_settings(soffice: Path) -> dict[str, str]:
    """The settings in that file; none where it cannot be read."""
    try:
        text = settings_file(soffice).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def usual_profile(settings: Mapping[str, str], soffice: Path, here: Surroundings) -> Path:
    """The user's profile, as LibreOffice itself works it out."""
    config = here.variables.get("XDG_CONFIG_HOME", "") or str(here.home / ".config")
    name = "libreoffice"
    if here.platform == "win32":
        config = here.variables.get("APPDATA", "") or str(here.home / "AppData" / "Roaming")
        name = "LibreOffice"
    elif here.platform == "darwin":
        config = str(here.home / "Library" / "Application Support")
        name = "LibreOffice"
    text = settings.get("UserInstallation", f"$SYSUSERCONFIG/{name}/4")
    known = {"SYSUSERCONFIG": config, "SYSUSERHOME": str(here.home), "ORIGIN": str(soffice.parent)}
    for variable, value in known.items():
        url = _file_url(value, here.platform)
        text = text.replace(f"${variable}", url).replace(f"${{{variable}}}", url)
    return Path(_path_of(text, here.platform))


def _file_url(path: str, platform: str) -> str:
    """A path as LibreOffice fills it in for a variable."""
    windows = PureWindowsPath(path)
    if platform == "win32" and windows.is_absolute():
        return windows.as_uri()
    return f"file://{urllib.parse.quote(path)}"


def _path_of(url: str, platform: str) -> str:
    """The path that a file URL stands for; what is none is a path already."""
    if not url.startswith("file:"):
        return url
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.unquote(parts.path)
    if platform == "win32":
        if parts.netloc not in {"", "localhost"}:
            return f"//{parts.netloc}{path}"
        if re.match("/[A-Za-z]:", path):
            return path[1:]
    return path


def python_with_uno(soffice: Path, here: Surroundings) -> Path:
    """A Python that can talk to this LibreOffice: its own, or the one of the system's packages."""
    missing = []
    for python in pythons(soffice, here):
        if not python.is_file():
            continue
        version = uno_version(python)
        if version >= OLDEST_PYTHON:
            return python
        missing.append(f"{python} is too old" if version else f"{python} has no module uno")
    found = " and ".join(missing) or "its Python was not found"
    raise InputError(
        "LibreOffice",
        f"it cannot run add-ins in Python ({found})",
        "install its package for Python, as in: sudo apt install python3-uno "
        "(Fedora: libreoffice-pyuno)",
    )


def pythons(soffice: Path, here: Surroundings) -> tuple[Path, ...]:
    """Where that Python may be."""
    if here.platform == "win32":
        return (soffice.with_name("python.exe"),)
    if here.platform == "darwin":
        return (soffice.parent.parent / "Resources" / "python",)
    return (
        soffice.with_name("python"),
        here.root / "usr/bin/python3",
        here.root / "usr/local/bin/python3",
    )


def uno_version(python: Path) -> tuple[int, ...]:
    """Version of a Python that can import uno; empty for others."""
    try:
        done = subprocess.run(
            [python, "-c", ANSWER],
            capture_output=True,
            timeout=60,
            check=True,
            env=plain_variables(python),
            stdin=subprocess.DEVNULL,
        )
        return tuple(json.loads(done.stdout)[1:])
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def plain_variables(python: Path | None = None) -> dict[str, str]:
    """Variables for LibreOffice and its Python, without those of kfxl's own environment.

    A bundled LibreOffice sets PYTHONPATH and PYTHONHOME itself, so its Python cannot be told to
    ignore all of them. Any other takes its library from beside the first python3 on the path, if
    that has the same version: its own, ``python``, has to stand there.
    """
    ours = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PYTHONSAFEPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    if python is not None:
        kept["PATH"] = os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def registered_folders() -> list[str]:
    """The folders that LibreOffice's installer wrote into the registry of Windows."""
    winreg = importlib.import_module("winreg")
    found = []
    for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        for key in (r"SOFTWARE\LibreOffice\UNO\InstallPath",):
            try:
                found.append(str(winreg.QueryValue(hive, key)))
            except OSError:
                continue
    return found


def _version_in(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.name)))

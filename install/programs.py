"""Letting kfxl add itself to the spreadsheet programs of this user, and take itself away."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from install import environment
from install.places import Places, absolute, home_folder, python_of
from install.shell import InstallError, Shell, Words

IDENTIFIER = b"org.kfxl.addin"
EXTENSIONS = "*/user/uno_packages/cache/uno_packages.pmap"  # LibreOffice's list, in each profile


def add_to_excel(here: Places, shell: Shell) -> None:
    """Let kfxl install its add-in, and repeat what it says."""
    said, why = _kfxl(here, shell, "excel", "install")
    if why:
        raise InstallError(
            f"kfxl is installed, but not in Excel yet ({why})", "see to that and run this again"
        )
    for line in said:
        shell.say(f"        {line}")


def take_from_excel(here: Places, shell: Shell) -> None:
    """Let kfxl take its add-in away; nothing else is removed before that went well."""
    if not python_of(here.environment).exists():
        return
    said, why = _kfxl(here, shell, "excel", "uninstall")
    if why:
        raise _still_in("Excel", why)
    for line in said:
        shell.say(line)


def add_to_libreoffice(here: Places, shell: Shell, step: str) -> bool:
    """Let kfxl add its extension, where there is a LibreOffice; True if it is there now.

    kfxl is whole without it, so nothing here fails the installation.
    """
    said, why = _kfxl(here, shell, "calc", "install", "--if-found")
    if not said and not why:
        shell.say(f"{step}  LibreOffice: not found, so there is nothing to do")
        return False
    shell.say(f"{step}  LibreOffice")
    if why:
        shell.say(f"        note: it does not have kfxl yet ({why}); then run this again")
        return False
    for line in said:
        shell.say(f"        {line}")
    return True


def take_from_libreoffice(here: Places, shell: Shell) -> None:
    """Let kfxl take its extension away; nothing else is removed before that went well."""
    if not python_of(here.environment).exists():
        return
    said, why = _kfxl(here, shell, "calc", "uninstall")
    if why and is_in_libreoffice():
        raise _still_in("LibreOffice", why)
    for line in [] if why else said:
        if not line.endswith("nothing to remove."):
            shell.say(line)


def _kfxl(here: Places, shell: Shell, *words: str) -> tuple[list[str], str]:
    """What a command of the installed kfxl says; why it failed, empty where it did not."""
    command: Words = [python_of(here.environment), "-m", "kfxl", *words]
    outcome = shell.captured(command, here.environment)
    if outcome.code == 0:
        return outcome.text.strip().splitlines(), ""
    why = environment.last_line(outcome.text).removeprefix("kfxl: ")
    return [], why or "it did not say why"


def _still_in(program: str, why: str) -> InstallError:
    return InstallError(
        f"the add-in is still in {program}, so nothing was removed ({why})",
        "see to that and run this again; installing again repairs kfxl if it is damaged",
    )


def is_in_libreoffice(
    variables: Mapping[str, str] | None = None,
    home: Path | None = None,
    platform: str = sys.platform,
) -> bool:
    """Whether a profile of this user lists the extension; a damaged kfxl cannot say it."""
    variables = os.environ if variables is None else variables
    home = home_folder() if home is None else home
    if platform == "win32":
        folder = absolute(variables, "APPDATA", home / "AppData" / "Roaming") / "LibreOffice"
    elif platform == "darwin":
        folder = home / "Library" / "Application Support" / "LibreOffice"
    else:
        folder = absolute(variables, "XDG_CONFIG_HOME", home / ".config") / "libreoffice"
    return any(map(_lists_kfxl, folder.glob(EXTENSIONS)))


def _lists_kfxl(path: Path) -> bool:
    try:
        return IDENTIFIER in path.read_bytes()
    except OSError:  # what cannot be read LibreOffice does not know either
        return False

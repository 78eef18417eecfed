"""Making the command ``kfxl`` known: a link on POSIX, a two-line batch file on Windows."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from install.places import Places, command_of
from install.shell import InstallError

# %LOCALAPPDATA% stays a variable: batch files are not Unicode, folder names of users are.
BATCH = '@rem made by the installer of kfxl\r\n@"%LOCALAPPDATA%\\kfxl\\Scripts\\kfxl.exe" %*\r\n'


class Launcher(Enum):
    """How the user can call kfxl."""

    ON_PATH = "on the path"
    OFF_PATH = "made, but its folder is not on the path"
    NOT_MADE = "not made"


def put(
    places: Places, variables: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Launcher:
    """Make the launcher; a command of that name that is not ours stays as it is."""
    variables = os.environ if variables is None else variables
    path = places.launcher
    if exists(path) and not is_ours(places, platform):
        return Launcher.NOT_MADE
    try:
        if platform == "win32":
            # The folder is on the path of every user of Windows 10 and later; without it there
            # is no place that would be, and kfxl is called by its full name.
            if not path.parent.is_dir():
                return Launcher.NOT_MADE
            path.write_bytes(BATCH.encode("ascii"))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.symlink_to(command_of(places.environment, platform))
    except OSError as error:
        raise InstallError(
            f"{path}: {error.strerror}",
            f"make the folder writable for you; until then call "
            f"{command_of(places.environment, platform)}",
        ) from None
    return Launcher.ON_PATH if on_path(path.parent, variables) else Launcher.OFF_PATH


def remove(places: Places, platform: str = sys.platform) -> bool:
    """Take our launcher away; False where there is none of ours."""
    if not exists(places.launcher) or not is_ours(places, platform):
        return False
    places.launcher.unlink()
    return True


def is_ours(places: Places, platform: str = sys.platform) -> bool:
    """Whether the launcher leads into our environment."""
    path = places.launcher
    if platform == "win32":
        return path.is_file() and path.read_bytes() == BATCH.encode("ascii")
    return path.is_symlink() and path.readlink() == command_of(places.environment, platform)


def exists(path: Path) -> bool:
    """Whether something is there, a dangling link too."""
    return path.is_symlink() or path.exists()


def on_path(folder: Path, variables: Mapping[str, str]) -> bool:
    """Whether commands in a folder are found by their name."""
    entries = variables.get("PATH", "").split(os.pathsep)
    return any(entry and Path(entry).expanduser() == folder for entry in entries)

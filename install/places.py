"""Where kfxl lives for one user: the environment, the launcher, the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from install.shell import InstallError


@dataclass(frozen=True)
class Places:
    """The three things that an installation puts into a user's folders.

    ``environment`` is a virtual environment, ``launcher`` the file that makes the command kfxl
    known, ``state`` the folder of the log that kfxl writes when something unexpected happens (on
    Windows that of the environment).
    """

    environment: Path
    launcher: Path
    state: Path


def absolute(variables: Mapping[str, str], name: str, fallback: Path) -> Path:
    """Folder in an environment variable; a relative one is ignored, as the XDG standard asks."""
    value = variables.get(name, "")
    return Path(value) if value and Path(value).is_absolute() else fallback


def places(
    variables: Mapping[str, str] | None = None,
    home: Path | None = None,
    platform: str = sys.platform,
) -> Places:
    """The places of the user who runs this.

    Examples
    --------
    >>> linux = places({}, Path("/home/ada"), "linux")
    >>> linux.environment.as_posix(), linux.launcher.as_posix()
    ('/home/ada/.local/share/kfxl', '/home/ada/.local/bin/kfxl')
    """
    variables = os.environ if variables is None else variables
    home = home_folder() if home is None else home
    if platform == "win32":
        local = absolute(variables, "LOCALAPPDATA", home / "AppData" / "Local")
        apps = local / "Microsoft" / "WindowsApps"
        return Places(local / "kfxl", apps / "kfxl.cmd", local / "kfxl")
    launcher = home / ".local" / "bin" / "kfxl"
    if platform == "darwin":
        library = home / "Library"
        data = absolute(variables, "XDG_DATA_HOME", library / "Application Support")
        return Places(data / "kfxl", launcher, library / "Logs" / "kfxl")
    data = absolute(variables, "XDG_DATA_HOME", home / ".local" / "share")
    state = absolute(variables, "XDG_STATE_HOME", home / ".local" / "state")
    return Places(data / "kfxl", launcher, state / "kfxl")


def home_folder() -> Path:
    """The user's home folder, or clear words where there is none."""
    try:
        return Path.home()
    except RuntimeError:
        raise InstallError(
            "home folder: none is known for this user",
            "set the variable HOME (Windows: USERPROFILE) to a folder you may write to",
        ) from None


def python_of(environment: Path, platform: str = sys.platform) -> Path:
    """The interpreter of an environment."""
    if platform == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def command_of(environment: Path, platform: str = sys.platform) -> Path:
    """The command kfxl inside an environment."""
    return python_of(environment, platform).with_name("kfxl.exe" if platform == "win32" else "kfxl")

"""Bundles, which `kfxl excel bundle` makes: wheels for some Pythons on Windows, no sources."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from pathlib import Path

from install.shell import InstallError

WHEELS = "wheels"
SERVED = "win-amd64"
# Of wheels for one Python only; those for all from some Python on say nothing about which ones
# the others serve.
FOR_ONE_PYTHON = re.compile(r"-cp3(\d+)-cp3\1-win_amd64\.whl")


def is_bundle(folder: Path) -> bool:
    """Whether this is what `kfxl excel bundle` makes: wheels instead of sources."""
    return (folder / WHEELS).is_dir() and not (folder / "pyproject.toml").exists()


def served_pythons(folder: Path) -> list[str]:
    """The Pythons whose wheels a bundle holds, the oldest first."""
    names = [wheel.name for wheel in (folder / WHEELS).glob("*.whl")]
    found = {int(match[1]) for name in names if (match := FOR_ONE_PYTHON.search(name))}
    return [f"3.{minor}" for minor in sorted(found)]


def refuse_other_systems(folder: Path) -> None:
    """Refuse a Python that a bundle's wheels are not for, before anything is made."""
    pythons = served_pythons(folder)
    if not pythons:
        raise InstallError(
            f"{folder}: packages are missing in its folder {WHEELS}",
            "extract the whole zip again and run this again",
        )
    running = "{}.{}".format(*sys.version_info[:2])
    if running in pythons and sysconfig.get_platform() == SERVED:
        return
    remedy = (
        f"install Python {pythons[-1]} for 64 bits from python.org, no administrator is needed, "
        "and run this with it"
    )
    if sys.platform != "win32":
        remedy = "take it to a Windows with Excel, or install kfxl here from its repository"
    raise InstallError(
        f"this bundle is for Windows with Python {either(pythons)} (64 bits), "
        f"and this is Python {running} on {this_system()}",
        remedy,
    )


def refuse_tests(folder: Path) -> None:
    """Refuse to run the checks where there is nothing to check."""
    if is_bundle(folder):
        raise InstallError(
            "--test needs kfxl's sources, and this is a bundle", "run it in the repository"
        )


def this_system() -> str:
    """The name of the system; on Windows also what the Python was made for."""
    if sys.platform != "win32":
        return {"Darwin": "macOS"}.get(platform.system(), platform.system())
    made_for = {SERVED: "64 bits", "win32": "32 bits", "win-arm64": "ARM"}
    here = sysconfig.get_platform()
    return f"Windows ({made_for.get(here, here)})"


def either(words: list[str]) -> str:
    """Words as a choice: a, b or c."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last

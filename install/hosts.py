"""The tests in real host programs: which programs they need, and the packages that bring them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from install.shell import InstallError, Shell


@dataclass(frozen=True)
class Host:
    """A host program, the tests that run in it, and what has to be on the machine for them.

    ``programs`` are looked for on the path; ``packages`` are Debian's (and Ubuntu's) names of
    what brings them.
    """

    name: str
    tests: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]


HOSTS = (
    # 64-bit Windows Python runs in Wine; the compiler makes what Wine lacks.
    Host(
        "wine",
        "tests/hosts/wine",
        ("wine", "wineserver", "x86_64-w64-mingw32-gcc"),
        ("wine", "wine64", "gcc-mingw-w64-x86-64-win32"),
    ),
    # Its reader of macro workbooks and its Basic look at the add-in.
    Host(
        "libreoffice",
        "tests/hosts/test_vba_libreoffice.py",
        ("soffice",),
        ("libreoffice-calc", "python3-uno"),
    ),
    # The package index, for Windows and macOS: no program, but the network.
    Host("wheels", "tests/install/test_wheels.py", (), ()),
)
PACKAGE_MANAGER = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y")
INSTALL = ("install", "--no-install-recommends")
Find = Callable[[str], str | None]


def lacking(host: Host, find: Find = shutil.which) -> tuple[str, ...]:
    """The programs of a host that are not on this machine."""
    return tuple(program for program in host.programs if find(program) is None)


def missing_packages(find: Find = shutil.which) -> tuple[str, ...]:
    """The system packages that some host's tests still need."""
    return tuple(package for host in HOSTS if lacking(host, find) for package in host.packages)


def install_packages(shell: Shell, find: Find = shutil.which, *, root: bool | None = None) -> None:
    """Install what is missing; only root can."""
    packages = missing_packages(find)
    if not packages:
        return
    if not (is_root() if root is None else root):
        raise InstallError("system packages: only root can install them", remedy_for(packages))
    shell.say(f"Installing system packages: {', '.join(packages)}")
    for words in (("update",), (*INSTALL, *packages)):
        outcome = shell.captured([*PACKAGE_MANAGER, *words])
        if outcome.code != 0:
            errors = [line for line in outcome.text.splitlines() if line.startswith("E:")]
            reason = errors[0][2:].strip() if errors else f"exit code {outcome.code}"
            raise InstallError(f"apt-get {words[0]}: {reason}", "the log says more")


def remedy_for(packages: tuple[str, ...]) -> str:
    """The command that brings packages, as it is to be typed.

    Examples
    --------
    >>> remedy_for(("wine", "wine64"))
    'run: sudo apt-get install --no-install-recommends wine wine64'
    """
    return f"run: sudo apt-get {' '.join(INSTALL)} {' '.join(packages)}"


def why_not(host: Host, find: Find = shutil.which) -> str:
    """One line on what keeps a host's tests from running; empty where nothing does."""
    programs = lacking(host, find)
    if not programs:
        return ""
    return f"{', '.join(programs)}: not found; {remedy_for(host.packages)}"


def is_root() -> bool:
    """Whether system packages can be installed by this user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0

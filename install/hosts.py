"""The tests in real host programs: which programs they need, and the packages that bring them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from install import backports
from install.shell import InstallError, Shell

UNO = "uno.py"  # LibreOffice's module for Python


@dataclass(frozen=True)
class Host:
    """A host program, the tests that run in it, and what has to be on the machine for them.

    ``programs`` are looked for on the path; ``packages`` are Debian's (and Ubuntu's) names of
    what brings them. Those in ``newer`` are taken from a Debian release's backports where these
    can be reached, unless the first program is there already.
    """

    name: str
    tests: tuple[str, ...]
    programs: tuple[str, ...]
    packages: tuple[str, ...]
    newer: tuple[str, ...] = ()


HOSTS = (
    # 64-bit Windows Python runs in Wine; the compiler makes what Wine lacks.
    Host(
        "wine",
        ("tests/hosts/wine",),
        ("wine", "wineserver", "x86_64-w64-mingw32-gcc"),
        ("wine", "wine64", "gcc-mingw-w64-x86-64-win32"),
    ),
    # The add-in for Calc in a real LibreOffice; its reader of macro workbooks and its Basic look at
    # the add-in for Excel. The fonts are those that pictures of workbooks need.
    Host(
        "libreoffice",
        ("tests/hosts/calc", "tests/hosts/test_vba_libreoffice.py"),
        ("soffice", UNO, "pdftoppm"),
        (
            *("libreoffice-calc", "python3-uno", "poppler-utils"),
            *("fonts-dejavu-core", "fonts-crosextra-carlito"),
        ),
        newer=("libreoffice-calc", "python3-uno"),
    ),
    # The package index, for Windows and macOS: no program, but the network.
    Host("wheels", ("tests/install/test_wheels.py",), (), ()),
)
PACKAGE_MANAGER = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y")
# What is there stays as it is.
INSTALL = ("install", "--no-install-recommends", "--no-upgrade")
Find = Callable[[str], str | None]


def find_program(name: str) -> str | None:
    """Where a program is, or LibreOffice's module for Python; None where it is not."""
    if name != UNO:
        return shutil.which(name)
    soffice = shutil.which("soffice")
    beside = [] if soffice is None else [Path(soffice).resolve().with_name(UNO)]
    places = [*beside, Path("/usr/lib/python3/dist-packages") / UNO]
    return next((str(path) for path in places if path.is_file()), None)


def lacking(host: Host, find: Find = find_program) -> tuple[str, ...]:
    """The programs of a host that are not on this machine."""
    return tuple(program for program in host.programs if find(program) is None)


def missing_packages(find: Find = find_program) -> tuple[str, ...]:
    """The system packages that some host's tests still need."""
    return tuple(package for host in HOSTS if lacking(host, find) for package in host.packages)


def newer_packages(find: Find = find_program) -> tuple[str, ...]:
    """Those of them that are better when they are newer."""
    hosts = [host for host in HOSTS if host.newer and host.programs[0] in lacking(host, find)]
    return tuple(package for host in hosts for package in host.newer)


def install_packages(shell: Shell, find: Find = find_program, *, root: bool | None = None) -> None:
    """Install what is missing; only root can."""
    packages = missing_packages(find)
    if not packages:
        return
    if not (is_root() if root is None else root):
        raise InstallError("system packages: only root can install them", remedy_for(packages))
    shell.say(f"Installing system packages: {', '.join(packages)}")
    apt_get(shell, "update")
    newer = newer_packages(find)
    if newer:
        try:
            install_newer(newer, shell)
        except (InstallError, OSError) as error:
            shell.say(f"note: {', '.join(newer)} as the release has them ({problem_of(error)})")
    apt_get(shell, *INSTALL, *packages)


def install_newer(packages: tuple[str, ...], shell: Shell) -> None:
    """Install packages from the release's backports, or raise why that is not possible."""
    release = backports.codename()
    source = backports.backports_of(release) if release else None
    if source is None:
        raise InstallError("there are no backports for this system", "")
    with backports.with_source(source) as options:
        apt_get(shell, "update", options=options)
        target = ("--target-release", f"{release}-backports")
        apt_get(shell, *INSTALL, *target, *packages, options=options)


def apt_get(shell: Shell, *words: str, options: tuple[str, ...] = ()) -> None:
    """Run the package manager; its failure is one line."""
    outcome = shell.captured([*PACKAGE_MANAGER, *options, *words])
    if outcome.code != 0:
        errors = [line for line in outcome.text.splitlines() if line.startswith("E:")]
        reason = errors[0][2:].strip() if errors else f"exit code {outcome.code}"
        raise InstallError(f"apt-get {words[0]}: {reason}", "the log says more")


def problem_of(error: InstallError | OSError) -> str:
    """What went wrong, without what to do about it."""
    return error.problem if isinstance(error, InstallError) else str(error)


def remedy_for(packages: tuple[str, ...]) -> str:
    """The command that brings packages, as it is to be typed.

    Examples
    --------
    >>> remedy_for(("wine", "wine64"))
    'run: sudo apt-get install --no-install-recommends wine wine64'
    """
    return f"run: sudo apt-get {' '.join(INSTALL[:2])} {' '.join(packages)}"


def why_not(host: Host, find: Find = find_program) -> str:
    """One line on what keeps a host's tests from running; empty where nothing does."""
    programs = lacking(host, find)
    if not programs:
        return ""
    return f"{', '.join(programs)}: not found; {remedy_for(host.packages)}"


def is_root() -> bool:
    """Whether system packages can be installed by this user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0

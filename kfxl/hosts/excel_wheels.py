"""Finds every wheel that a Windows Python needs, from any system.

pip judges the conditions on requirements (``; sys_platform == 'win32'``) by the machine that it
runs on, so it is asked for one package at a time and what each needs on Windows is read here from
the wheels themselves, until nothing is missing.
"""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kfxl.errors import InputError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

PLATFORM = "win_amd64"
MOST_ROUNDS = 30
NETWORK = "check the network, or pip's proxy and index settings, and run this again"

# Downloads the wheels of some requirements, without what they need, for a Python into a folder.
Download = Callable[[Sequence[str], str, Path], None]


@dataclass(frozen=True)
class Wheel:
    """A wheel: its file, the package's canonical name, its version and what it needs."""

    path: Path
    name: str
    version: str
    needs: tuple[str, ...]


def read_wheel(path: Path) -> Wheel:
    """Read a wheel's own description."""
    from packaging.utils import canonicalize_name

    with zipfile.ZipFile(path) as package:
        (name,) = (n for n in package.namelist() if n.endswith(".dist-info/METADATA"))
        facts = email.message_from_bytes(package.read(name))
    needs = tuple(facts.get_all("Requires-Dist", []))
    return Wheel(path, canonicalize_name(str(facts["Name"])), str(facts["Version"]), needs)


def windows_environment(python: str) -> dict[str, str]:
    """What conditions on requirements see on 64-bit Windows with that Python.

    >>> windows_environment("3.13")["sys_platform"]
    'win32'
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "platform_release": "10",
        "platform_system": "Windows",
        "platform_version": "10.0.19045",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "win32",
    }


def collect(needs: Sequence[str], python: str, folder: Path, download: Download) -> list[Wheel]:
    """Download what these requirements and all below them need for a Windows Python.

    Parameters
    ----------
    needs : sequence of str
        Requirements without conditions.
    python : str
        As in ``"3.13"``.
    folder : Path
        Where the wheels go; a folder that is empty.
    download : callable
        Gets requirements, the Python and the folder; see :func:`pip_download`.

    Returns
    -------
    list of Wheel
        By name; every requirement of every one of them is met by another.

    Raises
    ------
    InputError
        If a package has no wheel for Windows or the requirements contradict each other.
    """
    wheels: dict[str, Wheel] = {}
    for _ in range(MOST_ROUNDS):
        wanted = requirements_below(needs, wheels, windows_environment(python))
        unmet = [
            f"{name}{limits}"
            for name, limits in sorted(wanted.items())
            if name not in wheels or not limits.contains(wheels[name].version, prereleases=True)
        ]
        if not unmet:
            return [wheels[name] for name in sorted(wanted)]
        for text in unmet:
            _drop(wheels, text)
        download(unmet, python, folder)
        for path in sorted(folder.glob("*.whl")):
            wheel = read_wheel(path)
            wheels[wheel.name] = wheel
        _all_there(unmet, wheels, python)
    problem = f"no set of packages for Python {python} meets all requirements ({', '.join(unmet)})"
    raise InputError("packages", problem, "please report this")


def requirements_below(
    needs: Iterable[str], wheels: dict[str, Wheel], environment: dict[str, str]
) -> dict[str, SpecifierSet]:
    """The packages needed and the versions that will do, as far as the wheels at hand tell."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted: dict[str, SpecifierSet] = {}
    seen: set[tuple[str, str]] = set()
    open_ones = [Requirement(text) for text in needs]
    while open_ones:
        requirement = open_ones.pop()
        name = canonicalize_name(requirement.name)
        known = wanted.get(name)
        wanted[name] = requirement.specifier if known is None else known & requirement.specifier
        for extra in ("", *sorted(requirement.extras)):
            if name in wheels and (name, extra) not in seen:
                seen.add((name, extra))
                open_ones += applying(wheels[name].needs, extra, environment)
    return wanted


def applying(needs: Iterable[str], extra: str, environment: dict[str, str]) -> list[Requirement]:
    """The requirements whose condition holds for an extra, or ``""`` for none."""
    from packaging.requirements import Requirement

    found = [Requirement(text) for text in needs]
    context = {**environment, "extra": extra}
    return [r for r in found if r.marker is None or r.marker.evaluate(context)]


def _drop(wheels: dict[str, Wheel], requirement: str) -> None:
    """Delete a wheel of another version, so that one version of each package is left."""
    from packaging.requirements import Requirement

    wheel = wheels.pop(Requirement(requirement).name, None)
    if wheel is not None:
        wheel.path.unlink()


def _all_there(unmet: Iterable[str], wheels: dict[str, Wheel], python: str) -> None:
    from packaging.requirements import Requirement

    for text in unmet:
        if Requirement(text).name not in wheels:
            problem = f"nothing was downloaded for {text} and Python {python}"
            raise InputError("packages", problem, NETWORK)


def pip_download(requirements: Sequence[str], python: str, folder: Path) -> None:
    """Let pip download wheels for Windows, from wherever it is set up to take packages.

    Raises
    ------
    InputError
        If there is no pip, no network, or no such wheel.
    """
    command = [
        *(*pip(), "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--only-binary=:all:", "--platform", PLATFORM),
        *("--implementation", "cp", "--python-version", python, "--dest", str(folder)),
        *requirements,
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONIOENCODING": "utf-8"},
    )
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        reason = errors[-1].removeprefix("ERROR:").strip() if errors else "it gave no reason"
        raise InputError("packages", f"pip could not download them: {reason}", NETWORK)


def pip() -> list[str]:
    """The words that call a pip; the environment of kfxl may have none of its own."""
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise InputError("pip", "there is none to download packages with", "install pip")
    return [found]

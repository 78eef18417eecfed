"""``kfxl check``: whether kfxl is installed well and computes right, in plain words."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Protocol

from kfxl import __version__
from kfxl._cli_extras import remedy as remedy_for
from kfxl._cli_output import say

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "threadpoolctl",
    "piqp",
    "xlsxwriter",
    "openpyxl",
    "lxml",
    "formulon",
    "typer",
    "rich",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool
    found: str


def run_checks() -> int:
    """Print every finding; 1 if anything is broken."""
    findings = [
        Finding("kfxl", True, __version__),
        Finding("Python", True, f"{platform.python_version()}, {sys.executable}"),
        Finding("environment", True, sys.prefix),
        Finding("system", True, platform.platform()),
        *(package(name) for name in PACKAGES),
        *(attempt(what, look) for what, look in ATTEMPTS.items()),
    ]
    return report(findings, f" Remedy: {remedy_for('files')}")


class Looked(Protocol):
    """A finding, of this module or of a host."""

    @property
    def what(self) -> str:
        """What was looked at."""
        ...

    @property
    def good(self) -> bool:
        """Whether it is as it should be."""
        ...

    @property
    def found(self) -> str:
        """What was found."""
        ...


def report(findings: Sequence[Looked], remedy: str = "") -> int:
    """Print findings and what they come to; 1 if anything is broken."""
    for finding in findings:
        verdict = "" if finding.good else "BROKEN: "
        say(f"{finding.what:<20} {verdict}{finding.found}")
    broken = dict.fromkeys(finding.what for finding in findings if not finding.good)
    say("All is well." if not broken else f"Broken: {', '.join(broken)}.{remedy}")
    return 1 if broken else 0


def package(name: str) -> Finding:
    """Whether a package that kfxl needs is there and can be loaded."""
    try:
        import_module(name)
        return Finding(name, True, metadata.version(name))
    except (ImportError, OSError) as error:
        missing = isinstance(error, ModuleNotFoundError)
        return Finding(name, False, "not installed" if missing else f"cannot be loaded: {error}")


def attempt(what: str, look: Callable[[], str]) -> Finding:
    """Do something that proves that a part works."""
    try:
        return Finding(what, True, look())
    except Exception as error:  # noqa: BLE001  whatever it is, it is what the user has to know
        return Finding(what, False, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _self_test() -> str:
    from kfxl.spreadsheet.self_test import self_test

    return self_test()


def _functions() -> str:
    from kfxl.spreadsheet.catalogue import catalogue

    return f"{len(catalogue())} known"


def _template() -> str:
    from kfxl.data import french_monthly
    from kfxl.spreadsheet import workbook

    rows, columns = french_monthly().shape
    months = workbook.FRENCH_MONTHS
    return f"its data are found: {rows} x {columns}, of which it shows the last {months} rows"


def _log() -> str:
    from kfxl.spreadsheet.failures import log_path

    path = log_path()
    return f"{path} ({'holds reports' if path.exists() else 'nothing logged so far'})"


# The imports stand inside the attempts so that a broken one is a finding.
ATTEMPTS: dict[str, Callable[[], str]] = {
    "worksheet functions": _functions,
    "self-test": _self_test,
    "template": _template,
    "log": _log,
}

"""What was looked at to see whether kfxl works in a spreadsheet program, and what was found."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from kfxl.errors import InputError, KfxlError

REINSTALL = "run the installer of kfxl again"
Place = TypeVar("Place")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, whether it is as it should be, what was found."""

    what: str
    good: bool
    found: str


Looks = Mapping[str, Callable[[Place], Iterator[Finding]]]


def all_found(looks: Looks[Place], place: Place, missing: str = REINSTALL) -> list[Finding]:
    """What all looks find; one that fails is a finding itself and does not stop the others.

    ``missing`` is the remedy where a package is missing.
    """
    found: list[Finding] = []
    for what, look in looks.items():
        try:
            found += look(place)
        except ModuleNotFoundError as error:
            found.append(Finding(what, False, f"{error.name} is missing; {missing}"))
        except (KfxlError, OSError, ValueError, zipfile.BadZipFile) as error:
            found.append(Finding(what, False, f"this could not be looked at: {error}"))
    return found


def refused(error: InputError) -> Finding:
    """An error that keeps everything from being looked at, as a finding."""
    return Finding(error.argument, False, f"{error.problem}; {error.remedy}")

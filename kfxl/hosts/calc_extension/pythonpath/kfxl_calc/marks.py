"""Tells kfxl's own sheets from the user's, and finds names for new ones.

A sheet is kfxl's own while it bears kfxl's mark, a name of that sheet, and still the sheet name
that the mark tells. So a sheet that the user has renamed or copied is the user's. The mark is
saved with the document, and is the same in Excel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfxl_calc.unotypes import struct

if TYPE_CHECKING:
    from collections.abc import Collection

REPORT, FUNCTIONS = "kfxl_report", "kfxl_functions"
LONGEST_NAME = 31
HIDDEN = 16  # com.sun.star.sheet.NamedRangeFlag; LibreOffice 7.4 does not know it, nor mind


def is_own(sheet: Any, mark: str = REPORT) -> bool:
    """Whether kfxl has made a sheet and nobody has renamed or copied it since."""
    names = sheet.NamedRanges
    return bool(names.hasByName(mark) and names.getByName(mark).Content == _marked(sheet.Name))


def put(sheet: Any, mark: str) -> None:
    """Mark a sheet as kfxl's own under its present name."""
    names = sheet.NamedRanges
    if names.hasByName(mark):
        names.removeByName(mark)
    names.addNewByName(mark, _marked(sheet.Name), struct("table.CellAddress"), HIDDEN)


def _marked(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A sheet name that is not taken, in any case: Weights, else Weights (2) and so on.

    >>> free_name("Weights", ["weights", "Weights (2)"])
    'Weights (3)'
    """
    known = {name.casefold() for name in taken}
    name, number = wanted[:LONGEST_NAME], 1
    while name.casefold() in known:
        number += 1
        end = f" ({number})"
        name = wanted[: LONGEST_NAME - len(end)] + end
    return name

"""What a workbook that was just computed wants its owner to know."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kfxl._cli_output import note
from kfxl.spreadsheet.cells import MARK

SHOWN = 3
CHECKS = "All_Checks"


def remark(path: Path) -> None:
    """Note the error texts in a workbook, each with its first cell, and a check that failed."""
    # The workbook is written and right; a remark on it must not fail the command.
    with contextlib.suppress(Exception):
        for line in list(remarks(path)):
            note(line)


def remark_undated(returns: pd.DataFrame, remedy: str) -> None:
    """Note that returns without dates count as daily ones, whatever they are."""
    if not isinstance(returns.index, pd.DatetimeIndex):
        note(f"the returns have no dates and are taken as daily ones; give dates, or {remedy}")


def remarks(path: Path) -> Iterator[str]:
    """The lines for :func:`remark`."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        errors = _errors(book)
        for text, cell in list(errors.items())[:SHOWN]:
            yield f"{cell} says {text}" + (" (kfxl fit)" if text.endswith("Fit workbook") else "")
        if len(errors) > SHOWN:
            yield f"{len(errors) - SHOWN} more errors like these are in {path.name}"
        if _failed(book):
            yield f"not every check is TRUE: see the sheet Checks of {path.name}"
    finally:
        book.close()


def _errors(book: Any) -> dict[str, str]:
    """Each different error text and the first cell that holds it."""
    found: dict[str, str] = {}
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith(MARK):
                    found.setdefault(cell.value, f"{sheet.title}!{cell.coordinate}")
    return found


def _failed(book: Any) -> bool:
    """Whether the template's checks are there and one of them is not TRUE."""
    defined = book.defined_names.get(CHECKS)
    if defined is None:
        return False
    sheet, _, cell = defined.attr_text.rpartition("!")
    return book[sheet.strip("'")][cell.replace("$", "")].value is not True

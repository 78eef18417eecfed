"""Single settings in cells: omitted, blank or ``auto`` (in any case) is the default.

A range of one cell is that cell. TRUE and FALSE are no numbers, and numbers written as text
are an error. The case of text and blanks around it do not matter.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from kfxl.errors import InputError
from kfxl.spreadsheet.cells import Cell, Rows, describe, is_error, is_number, is_text, to_number
from kfxl.spreadsheet.dates import DateCell
from kfxl.spreadsheet.vectors import is_auto

Default = TypeVar("Default", float, int, str, None)


def one_cell(rows: Rows, argument: str) -> Cell:
    """The cell of a setting, None where it is blank or ``auto``."""
    if not rows:
        return None
    if len(rows) > 1 or len(rows[0]) > 1:
        problem = f"is a range of {len(rows)} x {len(rows[0])}"
        raise InputError(argument, problem, "give one cell")
    cell = rows[0][0]
    if is_error(cell):
        raise InputError(argument, f"is the error {describe(cell)}", "mend that cell")
    return None if is_auto(cell) else cell


def number(rows: Rows, argument: str, default: Default) -> float | Default:
    """A number; its range is checked by the core."""
    cell = one_cell(rows, argument)
    if cell is None:
        return default
    if not is_number(cell):
        to_number(cell, argument)
    return float(cell)  # type: ignore[arg-type]


def whole(rows: Rows, argument: str, default: Default) -> int | Default:
    """A whole number of at least 1."""
    value = number(rows, argument, None)
    if value is None:
        return default
    if value != int(value) or value < 1:
        what = "is too small" if value < 1 else "is no whole number"
        raise InputError(argument, f"{value:g} {what}", "give a whole number, 1 or more")
    return int(value)


def option(rows: Rows, argument: str, known: tuple[str, ...], default: str | None = None) -> str:
    """One of the ``known`` words, the first of them unless given."""
    cell = one_cell(rows, argument)
    if cell is None:
        return known[0] if default is None else default
    word = cell.strip().lower() if isinstance(cell, str) else cell
    if word not in known:
        problem = f"{describe(cell)} is not known"
        raise InputError(argument, problem, f"use one of {', '.join(known)}")
    return str(word)


def flag(rows: Rows, argument: str) -> bool:
    """TRUE or FALSE (the default); 1 and 0 are how LibreOffice sends them."""
    cell = one_cell(rows, argument)
    if cell is None or cell in (0, 1):
        return bool(cell)
    if is_text(cell) and str(cell).strip().lower() in ("true", "false"):
        return str(cell).strip().lower() == "true"
    raise InputError(argument, f"{describe(cell)} is not TRUE or FALSE", "give TRUE or FALSE")


def moment(rows: Rows, argument: str = "as_of") -> DateCell | None:
    """A date or a number in the manner of the date column; 0 counts as absent.

    LibreOffice sends 0 for a single empty cell, and no date has that number.
    """
    cell = one_cell(rows, argument)
    if cell is None or (is_number(cell) and cell == 0):
        return None
    if isinstance(cell, datetime):
        return cell
    if not is_number(cell):
        raise InputError(argument, f"{describe(cell)} is no date", "give a date cell or a number")
    return float(cell)

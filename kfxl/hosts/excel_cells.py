"""Cells as COM delivers them, with the names of error values in place of their codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from kfxl.spreadsheet.grids import read_grid

Cells: TypeAlias = Any

DAYS_1904 = 1462  # how far apart the two ways of workbooks to count days are

# COM's codes of error values are this number plus the one that VBA's CVErr takes.
ERROR_BASE = -2146828288
ERRORS = {
    2000: "#NULL!",
    2007: "#DIV/0!",
    2015: "#VALUE!",
    2023: "#REF!",
    2029: "#NAME?",
    2036: "#NUM!",
    2042: "#N/A",
    2043: "#GETTING_DATA",
    2045: "#SPILL!",
    2046: "#CONNECT!",
    2047: "#BLOCKED!",
    2048: "#UNKNOWN!",
    2049: "#FIELD!",
    2050: "#CALC!",
}
LAST_ERROR = 2099


def from_excel(value: Cells) -> Cells:
    """What Excel sent for one argument, with the names of error values in place of their codes.

    Parameters
    ----------
    value : object
        One cell or a tuple of rows, as COM delivers them: float, str, bool, None, datetimes,
        and an int for an error value.

    Returns
    -------
    object
        The same; a range without an error value is not copied.

    Examples
    --------
    >>> from_excel(((0.5, -2146826246), (None, -2146826281)))
    [[0.5, '#N/A'], [None, '#DIV/0!']]
    """
    if not isinstance(value, tuple | list):
        return _cell(value)
    rows = value if all(isinstance(row, tuple | list) for row in value) else (value,)
    grid = read_grid(rows)
    if grid is not None:  # numbers and blanks inside: errors can stand at the border only
        grid.convert_border(_cell)
        return grid
    return [[_cell(cell) for cell in row] for row in rows] if _hold_int(rows) else value


def to_excel(result: Cells) -> Cells:
    """What a worksheet function gave, with floats for whole numbers, which Excel's numbers are.

    Whole numbers are labels: dates and periods in the first column.

    >>> to_excel([["Date", "A"], [36922, 0.5]])
    [['Date', 'A'], [36922.0, 0.5]]
    """
    for row in () if isinstance(result, str) else result:
        if type(row[0]) is int:
            row[0] = float(row[0])  # in place: to copy a large result costs as much as to make it
    return result


def _hold_int(rows: Iterable[Iterable[object]]) -> bool:
    # One look at the kinds is much quicker than one at each cell.
    kinds: set[type] = set()
    for row in rows:
        kinds.update(map(type, row))
    return int in kinds


def _cell(cell: Cells) -> Cells:
    # Excel's numbers are floats, so that an int of this size is no number.
    if type(cell) is int and ERROR_BASE + 2000 <= cell <= ERROR_BASE + LAST_ERROR:
        return ERRORS.get(cell - ERROR_BASE, "#UNKNOWN!")
    return cell

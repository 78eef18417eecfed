"""The one policy for ranges, the same on every host.

A host hands over plain cells: a number, text, True or False, a datetime, None for a blank
cell, and the text of an error value such as ``#DIV/0!``. :func:`tidy` makes rows of cells of
any argument, :func:`~kfxl.spreadsheet.blocks.read_block` finds the header, the dates and the
numbers in them, :mod:`~kfxl.spreadsheet.vectors` reads weights and matrices,
:mod:`~kfxl.spreadsheet.arguments` single settings, :mod:`~kfxl.spreadsheet.layout` brings
results back. Nothing is guessed or repaired in silence: what is not understood is an
:class:`~kfxl.errors.InputError` that names the argument, the row and the column. Rows and
columns are counted from 1 within the range, its header included.

* Blank cells, empty text and ``#N/A`` are missing values; trailing blank rows and columns
  without name or content are dropped, so that whole columns can be selected.
* With another column beside it, a first column is **dates** when, below the first row, every
  cell is a datetime or the values are whole and strictly increasing; a first column of text
  is row labels. One row alone shows no increase: there a number must look like a date
  (1920 to 2100). Prices may be whole and rise, too: there a number must look like a date, or
  the rows be counted 0, 1, 2 ... or 1, 2, 3 ...
* The first row is a **header** when its non-blank data cells are all text, or when dates
  stand under a text or blank top left cell; a number in it becomes text (``600519``).
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from kfxl.errors import InputError
from kfxl.spreadsheet.grids import Grid, read_grid, used_rows

Cell: TypeAlias = "float | int | str | bool | datetime | None"
Rows: TypeAlias = "Sequence[Sequence[Cell]]"
Kind: TypeAlias = Literal["numbers", "returns", "prices"]

ERROR_VALUE = re.compile(
    r"#(N/A.*|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|BUSY!|CONNECT!|"
    r"EXTERNAL!|FIELD!|PYTHON!|TIMEOUT!|UNKNOWN!|GETTING_DATA)|ERR:\d+",
    re.IGNORECASE | re.DOTALL,
)
MARK = "#KFXL!"
LIMITS: dict[Kind, tuple[float, float]] = {
    "numbers": (-sys.float_info.max, sys.float_info.max),
    "returns": (-1.0, 10.0),
    "prices": (math.ulp(0.0), sys.float_info.max),
}


def is_blank(cell: Cell) -> bool:
    """Whether a cell is blank: nothing, or text without a visible character."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_error(cell: Cell) -> bool:
    """Whether a cell holds an error value, ``#N/A`` included."""
    return isinstance(cell, str) and ERROR_VALUE.fullmatch(cell.strip()) is not None


def is_missing(cell: Cell) -> bool:
    """Whether a cell is a missing value: blank or ``#N/A``."""
    return is_blank(cell) or (isinstance(cell, str) and cell.strip().upper() == "#N/A")


def is_text(cell: Cell) -> bool:
    """Whether a cell holds text that can name something."""
    return isinstance(cell, str) and not is_blank(cell) and not is_error(cell)


def is_number(cell: Cell) -> bool:
    """Whether a cell holds a finite number; TRUE and FALSE are none."""
    return isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)


def is_whole(cell: Cell) -> bool:
    """Whether a cell holds a whole number."""
    return is_number(cell) and float(cell).is_integer()  # type: ignore[arg-type]


def ticker(cell: Cell) -> str:
    """The name that a header or label cell gives: text as it is, whole numbers without ``.0``."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    if is_whole(cell):
        return str(int(cell))  # type: ignore[arg-type]
    return "" if cell is None else str(cell).strip()


def tidy(value: Any, argument: str) -> Rows:
    """Rows of plain cells of whatever a host sent, without trailing blank rows and columns.

    A scalar is one row of one cell; a blank argument is no row at all. Large ranges of numbers
    come as a :class:`~kfxl.spreadsheet.grids.Grid`, which a host may hand over itself, too.
    """
    if not isinstance(value, Grid):
        value = _rectangle(value, argument)
        value = value[: used_rows(value)]
    grid = value if isinstance(value, Grid) else read_grid(value)
    if grid is None:
        # Most cells are plain numbers here, too: let them pass without a call.
        return _trimmed(
            [
                [c if type(c) is float and math.isfinite(c) else _plain(c, argument) for c in row]
                for row in value
            ]
        )
    grid.convert_border(partial(_plain, argument=argument))
    return _trimmed(grid)


def _rectangle(value: Any, argument: str) -> Sequence[Sequence[Any]]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        value = [[value]]
    elif value and isinstance(value[0], np.ndarray):
        value = [row.tolist() if isinstance(row, np.ndarray) else row for row in value]
    if not any(isinstance(row, list | tuple) for row in value):
        value = [value]
    # A whole column has a million rows, but only one or two types and lengths of them.
    ranged = all(issubclass(kind, list | tuple) for kind in set(map(type, value)))
    if not ranged or len(set(map(len, value))) > 1:
        raise InputError(argument, "is not a rectangular range", "give rows of equal length")
    return value  # type: ignore[no-any-return]


def _trimmed(rows: Rows) -> Rows:
    height, width = len(rows), len(rows[0]) if rows else 0
    while height and all(map(is_blank, rows[height - 1])):
        height -= 1
    while width and all(is_blank(row[width - 1]) for row in rows[:height]):
        width -= 1
    if isinstance(rows, Grid):
        return rows.cut(height, width)
    return [row[:width] for row in rows[:height]]


def _plain(cell: Any, argument: str) -> Cell:
    kind = type(cell)
    if cell is None or kind in (str, bool, datetime) or (kind is float and math.isfinite(cell)):
        return cell  # type: ignore[no-any-return]
    if isinstance(cell, np.datetime64):
        cell = pd.Timestamp(cell)
    elif isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, date):
        return _naive(cell)
    if isinstance(cell, str | bool):
        return cell
    if isinstance(cell, int | float | Decimal):
        number = _as_float(cell)
        if math.isnan(number):
            return None
        return int(cell) if kind is int and math.isfinite(number) else number
    raise InputError(argument, f"holds a {kind.__name__}", "give numbers, text or dates only")


def _naive(day: date) -> datetime | None:
    if pd.isna(day):
        return None
    if not isinstance(day, datetime):
        return datetime(day.year, day.month, day.day)
    time = (day.hour, day.minute, day.second, day.microsecond)
    return datetime(day.year, day.month, day.day, *time)


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def describe(cell: Cell) -> str:
    """How a message shows a cell's content, in a few characters."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime):
        return f"date {cell:%Y-%m-%d}"
    if is_error(cell):
        return str(cell).strip()
    if isinstance(cell, str) and not is_blank(cell):
        text = " ".join(cell.split())
        return f'text "{text if len(text) <= 30 else text[:27] + "..."}"'
    return "blank" if is_blank(cell) else f"{cell:g}"


def to_number(cell: Cell, argument: str, where: object = None, kind: Kind = "numbers") -> float:
    """The number in a cell, NaN where it is missing; ``where`` in the argument it stands."""
    if is_missing(cell):
        return math.nan
    if is_error(cell):
        raise InputError(argument, f"{describe(cell)}{_at(where)}", "mend that cell")
    if not is_number(cell):
        remedy = f"give a number or leave {'it' if where is None else 'the cell'} blank"
        if isinstance(cell, str) and _looks_like_number(cell):
            remedy = "enter it as a number, not as text"
        problem = f"{describe(cell)}{_at(where)} is not a number"
        raise InputError(argument, problem, remedy)
    number = float(cell)  # type: ignore[arg-type]
    low, high = LIMITS[kind]
    if kind == "returns" and not low <= number <= high:
        problem = f"{number:g}{_at(where)}: percent, prices or a numeric header?"
        raise InputError(argument, problem, "give returns as decimals, 1.5 % as 0.015")
    if number < low:
        raise InputError(argument, f"{number:g}{_at(where)} is no price", "give prices above 0")
    return number


def _at(where: object) -> str:
    return "" if where is None else f" in {where}"


def _looks_like_number(text: str) -> bool:
    try:
        float(text.strip().rstrip("%").replace(",", "."))
    except ValueError:
        return False
    return True

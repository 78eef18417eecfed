"""Tables of returns from a sheet or a CSV file: names in row 1, dates in the first column."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kfxl.errors import InputError
from kfxl.spreadsheet.dates import date_index, numbering_of

Rows = list[list[object]]
Place = Callable[[int, int], str]

MISSING = frozenset({"", "#N/A"})
# What programs that write text files put there; in a sheet that is text.
MISSING_IN_FILES = frozenset({"N/A", "NA", "NAN", "NULL"})
LOWEST, HIGHEST = -1.0, 10.0
_DATE = re.compile(
    r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?$")


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def trimmed(rows: Sequence[Sequence[object]]) -> Rows:
    """Rows without blank ones at the end, all as wide as the last heading or value."""
    kept = [list(row) for row in rows]
    while kept and all(is_blank(cell) for cell in kept[-1]):
        kept.pop()
    width = 0
    for row in kept:
        filled = [column for column, cell in enumerate(row) if not is_blank(cell)]
        width = max(width, filled[-1] + 1 if filled else 0)
    return [row[:width] + [None] * (width - len(row)) for row in kept]


def panel_of(rows: Sequence[Sequence[object]], place: Place) -> pd.DataFrame | None:
    """The table in ``rows``: None where there is nothing but a heading.

    ``place(row, column)`` names a cell in messages, both from 0. Blank cells and #N/A are
    missing returns.
    """
    table = trimmed(rows)
    if len(table) < 2 or len(table[0]) < 2:
        return None
    names = _names(table[0], place)
    index = _index([row[0] for row in table[1:]], str(table[0][0] or ""), place)
    values = np.array(
        [
            [_return(cell, place, r, c) for c, cell in enumerate(row[1:], start=1)]
            for r, row in enumerate(table[1:], start=1)
        ]
    )
    return pd.DataFrame(values, index=index, columns=names)


def _names(header: Sequence[object], place: Place) -> list[str]:
    names: list[str] = []
    for column, cell in enumerate(header[1:], start=1):
        if is_blank(cell):
            raise InputError(place(0, column), "is blank", "name every column in row 1")
        if isinstance(cell, float) and cell != int(cell):
            raise InputError(place(0, column), f"{cell} is no name", "put names in row 1")
        name = str(int(cell)) if isinstance(cell, float) else str(cell).strip()
        if name.casefold() in (known.casefold() for known in names):
            raise InputError(place(0, column), f"{name} occurs twice", "give each name once")
        names.append(name)
    return names


def _index(cells: Sequence[object], corner: str, place: Place) -> pd.Index:
    moments: list[dt.datetime | float] = []
    for row, cell in enumerate(cells, start=1):
        if isinstance(cell, dt.datetime):
            moments.append(cell.replace(tzinfo=None))
        elif isinstance(cell, dt.date):
            moments.append(dt.datetime(cell.year, cell.month, cell.day))
        elif isinstance(cell, int | float) and not isinstance(cell, bool) and cell == int(cell):
            moments.append(cell)
        else:
            if is_blank(cell):
                remedy = "put a date or period number in each row"
                raise InputError(place(row, 0), "is blank", remedy)
            remedy = "write dates year first, as 2020-12-31"
            raise InputError(place(row, 0), f"{cell!r:.40} is no date", remedy)
    _check_kinds(moments, place)
    index = date_index(moments)
    later = np.asarray(index[1:] <= index[:-1])
    if later.any():
        row = int(np.argmax(later)) + 2
        raise InputError(place(row, 0), "is not after the row above", "sort by date, oldest first")
    index.name = corner or None
    return index


def _check_kinds(moments: Sequence[dt.datetime | float], place: Place) -> None:
    """Refuse a number that is no date among dates."""
    numbers = [row for row, cell in enumerate(moments, 1) if not isinstance(cell, dt.datetime)]
    if numbers and len(numbers) < len(moments):
        for row in numbers:
            if numbering_of([float(moments[row - 1])]) == "period":  # type: ignore[arg-type]
                problem = f"{moments[row - 1]:g} is no date, as the other rows have"
                raise InputError(place(row, 0), problem, "give that row a date")


def _return(cell: object, place: Place, row: int, column: int) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().upper() in MISSING):
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        remedy = "give a number, or leave it blank"
        if "%" in str(cell):
            remedy = "give decimals, 0.01 for 1%"
        elif _DECIMAL_COMMA.match(str(cell)):
            remedy = "write points, not commas, as decimal marks"
        raise InputError(place(row, column), f"{cell!s:.40} is not a number", remedy)
    if not math.isfinite(cell):
        raise InputError(place(row, column), f"{cell} is not finite", "give a finite number")
    if not LOWEST <= cell <= HIGHEST:
        raise InputError(
            place(row, column),
            f"a return of {cell:g} is not believable (per cent, or prices?)",
            "give decimals: 0.01 for 1%; returns from prices are =B3/B2-1",
        )
    return float(cell)


def read_returns_csv(path: str | Path) -> pd.DataFrame:
    """Returns from a CSV file: names in the first row, dates in the first column.

    Parameters
    ----------
    path : str or Path
        UTF-8, separated by commas, semicolons or tabs; dates as 2020-12-31, 202012 or
        20201231; returns as decimals, 0.01 for 1 %. Files separated by semicolons may have
        decimal commas. A file without dates (numbers only below the names) gets periods
        1, 2, ...; a blank or N/A is a missing return.

    Returns
    -------
    DataFrame
        (T, N) returns.

    Raises
    ------
    InputError
        Names the file, row and column of what cannot be used.
    """
    path = Path(path)
    text = _read(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise InputError(path.name, "holds no returns", "give names in row 1, then dates, returns")
    counts = {mark: lines[0].count(mark) for mark in (",", ";", "\t")}
    mark = max(counts, key=lambda key: counts[key])
    if counts[mark] == 0:
        raise InputError(path.name, "has one column", "separate columns by commas")
    lines_read = enumerate(csv.reader(io.StringIO(text), delimiter=mark), start=1)
    numbered = [(number, row) for number, row in lines_read if any(map(str.strip, row))]
    raw = [row for _, row in numbered]
    _check_widths(numbered, path)
    table: Rows = [list(raw[0]), *([_cell(cell, mark) for cell in row] for row in raw[1:])]
    _check_heading([_cell(cell, mark) for cell in raw[0]], path, dated=not _undated(table))

    def place(row: int, column: int) -> str:
        name = raw[0][column].strip() or f"column {column + 1}"
        return f"{path.name} row {numbered[row][0]}, {name}"

    if _undated(table):
        table = [["Period", *table[0]], *([float(i), *row] for i, row in enumerate(table[1:], 1))]
        dated_place = place
        result = panel_of(table, lambda row, column: dated_place(row, max(column - 1, 0)))
    else:
        result = panel_of(table, place)
    if result is None:
        raise InputError(path.name, "holds no returns", "give names in row 1, then dates, returns")
    return result


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(str(path), "there is no such file", "check its name and folder") from None
    except UnicodeDecodeError:
        raise InputError(path.name, "is not UTF-8 text", "save it as CSV UTF-8") from None
    except OSError as error:
        raise InputError(str(path), str(error.strerror), "check the file") from None


def _check_heading(first: Sequence[object], path: Path, *, dated: bool) -> None:
    """Returns in row 1 would pass for names and be lost; whole numbers there may be tickers."""
    numbers = [cell for cell in first if isinstance(cell, float) and math.isfinite(cell)]
    if (dated and isinstance(first[0], dt.datetime | float)) or any(x % 1 for x in numbers):
        remedy = "put a row of names above them, such as Date, Gold, Land"
        raise InputError(f"{path.name} row 1", "holds numbers, no names", remedy)


def _check_widths(rows: Sequence[tuple[int, Sequence[str]]], path: Path) -> None:
    width = len(rows[0][1])
    for number, row in rows[1:]:
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            raise InputError(
                f"{path.name} row {number}",
                f"has {len(row)} cells, the first row {width}",
                "give every row the same cells; use points, not commas, as decimal marks",
            )


def _undated(table: Rows) -> bool:
    """Whether the first column holds returns rather than dates."""
    first = [row[0] for row in table[1:]]
    numbers = [cell for cell in first if isinstance(cell, float) and math.isfinite(cell)]
    return len(numbers) == len(first) and any(number != int(number) for number in numbers)


def _cell(text: str, mark: str) -> object:
    """A number, a date, None for a missing value, or the text as it is."""
    text = text.strip()
    if text.upper() in MISSING_IN_FILES:
        return None
    if mark == ";" and _DECIMAL_COMMA.match(text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        pass
    found = _DATE.match(text)
    if not found:
        return text
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        if not day:
            return float(year * 100 + month)
        return dt.datetime(year, month, day)
    except ValueError:
        return text

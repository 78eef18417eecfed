"""Where in a range its header, its dates or row labels and its numbers are.

The rules are those of :mod:`kfxl.spreadsheet.cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import pandas as pd

from kfxl.errors import InputError
from kfxl.spreadsheet import dates
from kfxl.spreadsheet.cells import (
    Cell,
    Kind,
    Rows,
    describe,
    is_blank,
    is_error,
    is_missing,
    is_number,
    is_text,
    is_whole,
)


@dataclass(frozen=True)
class Layout:
    """Where in a range its parts are: positions of rows and columns, counted from 0."""

    header: bool
    dated: bool
    labelled: bool
    data: tuple[int, ...]
    first: int

    @property
    def top(self) -> int:
        """How many rows stand above the numbers."""
        return int(self.header)


def layout_of(rows: Rows, argument: str, kind: Kind) -> Layout:
    """The parts of a range; a range that may be meant in two ways is refused."""
    if not rows:
        raise InputError(argument, "is blank", "give a range of numbers")
    used = [j for j in range(len(rows[0])) if any(not is_blank(row[j]) for row in rows)]
    first = used[0]
    column = [row[first] for row in rows]
    dated = len(used) > 1 and _are_dates(column, argument, kind)
    labelled = not dated and len(used) > 1 and len(rows) > 1 and all(map(is_text, column[1:]))
    data = tuple(used[1:] if dated or labelled else used)
    header = _is_header(rows[0], column, data, argument, dated=dated)
    if header and (dated or labelled) and is_error(column[0]) and not is_missing(column[0]):
        raise InputError(argument, f"{describe(column[0])} in row 1, column 1", "mend that cell")
    return Layout(header, dated, labelled, data, first)


def _are_dates(column: Sequence[Cell], argument: str, kind: Kind) -> bool:
    top, body = column[0], column[1:]
    if not body:
        return False
    if all(isinstance(cell, datetime) for cell in body):
        return True
    if all(is_whole(cell) for cell in body):
        numbers = [float(cell) for cell in body]  # type: ignore[arg-type]
        if is_whole(top):
            numbers.insert(0, float(top))  # type: ignore[arg-type]
        rising = all(a < b for a, b in pairwise(numbers))
        if rising and (is_whole(top) or not is_number(top)):
            return _may_be_dates(numbers, kind)
    _check_broken_dates(column, argument, kind)
    return False


def _may_be_dates(numbers: Sequence[float], kind: Kind) -> bool:
    if dates.numbering_of(numbers) != "period":
        return True
    if kind == "prices":
        steps = {b - a for a, b in pairwise(numbers)}
        return numbers[0] in (0, 1) and steps == {1}
    return len(numbers) > 1


def _check_broken_dates(column: Sequence[Cell], argument: str, kind: Kind) -> None:
    """A column that is mostly dates is a date column with a mistake in it: say where."""

    def datelike(cell: Cell) -> bool:
        if isinstance(cell, datetime):
            return True
        number = kind == "returns" and is_whole(cell)
        return number and dates.numbering_of([float(cell)]) != "period"  # type: ignore[arg-type]

    body = column[1:]
    good = sum(map(datelike, body))
    if good < 2 or 2 * good < len(body):
        return
    top = 0 if is_number(column[0]) else 1
    for i, cell in enumerate(column[top:], start=top + 1):
        if not datelike(cell):
            problem = f"row {i} has {describe(cell)} where the other rows have dates"
            raise InputError(
                argument, problem, "give that row a date, or leave it out of the range"
            )
    found: Sequence[dates.DateCell] = column[top:]  # type: ignore[assignment]
    check_order(found, dates.date_index(found), argument, top)
    problem = "mixes dates with plain numbers in its first column"
    raise InputError(argument, problem, "give all of them the same date format")


def _is_header(
    cells: Sequence[Cell],
    column: Sequence[Cell],
    data: Sequence[int],
    argument: str,
    *,
    dated: bool,
) -> bool:
    filled = [cells[j] for j in data if not is_blank(cells[j])]
    if not filled or all(map(is_error, filled)):
        return False
    if all(map(is_text, filled)):
        return True
    corner = column[0]
    if not dated or not (is_text(corner) or is_blank(corner)):
        return False
    for j in data:
        cell = cells[j]
        # Fractions under no corner are numbers of a row whose date is missing, not names.
        fraction = is_number(cell) and not is_whole(cell) and is_blank(corner)
        if fraction:
            raise InputError(argument, "row 1 has numbers but no date", "give every row its date")
        if is_error(cell) or isinstance(cell, bool):
            problem = f"{describe(cell)} in row 1, column {j + 1}, among the names"
            raise InputError(argument, problem, "mend that cell")
    return True


def check_order(cells: Sequence[dates.DateCell], index: pd.Index, argument: str, top: int) -> None:
    """Refuse dates that do not ascend; ``top`` rows stand above the first of them."""
    if index.is_monotonic_increasing and index.is_unique:
        return
    for i in range(1, len(index)):
        if not index[i - 1] < index[i]:
            shown = dates.date_text(cells[i], index, i)
            problem = f"{shown} in row {i + top + 1} is not later than the row above"
            raise InputError(argument, problem, "sort by date, oldest first, each date once")

"""Tables of numbers in a range: its header, its dates or row labels, its values.

The rules are those of :mod:`kfxl.spreadsheet.cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.spreadsheet import dates
from kfxl.spreadsheet.cells import (
    LIMITS,
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
    ticker,
    to_number,
)


@dataclass(frozen=True)
class Block:
    """T x N numbers read from a range (NaN = missing), with what the range says about them.

    ``names`` and ``labels`` are None where the range has none; ``labels`` are as they leave
    again (dates as numbers). ``index`` is canonical, so that two ranges that write the same
    date differently agree; ``columns`` name every column in messages.
    """

    argument: str
    values: FloatArray
    names: tuple[str, ...] | None
    labels: tuple[float | str, ...] | None
    index: pd.Index
    columns: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """The block for the core, under its names and canonical dates."""
        return pd.DataFrame(self.values, index=self.index, columns=list(self.columns))

    def beside(self, other: Block) -> Block:
        """Match this block to ``other``: without dates of its own it goes by position."""
        if self.labels is not None and other.labels is not None:
            mine, theirs = self._kind_of_labels(), other._kind_of_labels()
            if mine != theirs:
                problem = f"has {mine} in its first column, {other.argument} has {theirs}"
                raise InputError(self.argument, problem, "enter both alike, best as dates")
            return self
        if len(self.values) != len(other.values):
            problem = f"has {len(self.values)} rows, {other.argument} has {len(other.values)}"
            raise InputError(self.argument, problem, "give the same periods in both")
        return replace(self, index=other.index)

    def _kind_of_labels(self) -> str:
        if self.labels and isinstance(self.labels[0], str):
            return "text"
        return "dates" if isinstance(self.index, pd.DatetimeIndex) else "numbers"


@dataclass(frozen=True)
class _Layout:
    """Where in a range its parts are: positions of rows and columns, counted from 0."""

    header: bool
    dated: bool
    labelled: bool
    data: tuple[int, ...]
    first: int

    @property
    def top(self) -> int:
        return int(self.header)


def read_block(
    rows: Rows, argument: str, kind: Kind = "returns", as_of: dates.DateCell | None = None
) -> Block:
    """The table of numbers in ``rows`` (from :func:`~kfxl.spreadsheet.cells.tidy`).

    Rows later than ``as_of`` are not even looked at: what stands in them, mistakes included,
    changes nothing.

    >>> block = read_block([["", "Gold"], [200101, 0.01], [200102, None]], "returns")
    >>> block.names, block.labels, block.values.tolist()
    (('Gold',), (200101, 200102), [[0.01], [nan]])
    """
    layout = _layout(rows, argument, kind)
    names = _names(rows, layout, argument)
    columns = names or tuple(f"column {j + 1}" for j in layout.data)
    body = rows[layout.top :]
    if not body:
        raise InputError(argument, "has names but no numbers", "give the rows below them, too")
    labels, index = _labels([row[layout.first] for row in body], layout, argument)
    if as_of is not None:
        if layout.labelled:
            remedy = "enter them as dates, not as text, or leave as_of out"
            raise InputError(argument, "has text where as_of needs dates", remedy)
        if not layout.dated:
            remedy = "add it to the range, or leave as_of out"
            raise InputError(argument, "has no date column, which as_of needs", remedy)
        count = dates.rows_until(index, as_of, argument)
        body, index, labels = body[:count], index[:count], labels[:count] if labels else None
    low, high = LIMITS[kind]
    values = np.array(
        [
            [
                # Nearly all cells are plain good numbers: let them pass quickly.
                row[j]
                if type(row[j]) is float and low <= row[j] <= high  # type: ignore[operator]
                else to_number(row[j], argument, _Where(layout, labels, index, i, column), kind)
                for j, column in zip(layout.data, columns, strict=True)
            ]
            for i, row in enumerate(body)
        ],
        dtype=np.float64,
    )
    return Block(argument, values, names, labels, index, columns)


@dataclass(frozen=True)
class _Where:
    """Names a cell in a message; made for every cell, turned into text only for a bad one."""

    layout: _Layout
    labels: tuple[float | str, ...] | None
    index: pd.Index
    row: int
    column: str

    def __str__(self) -> str:
        place = f"row {self.row + self.layout.top + 1}"
        if self.labels is not None:
            label = self.labels[self.row]
            shown = (
                label if isinstance(label, str) else dates.date_text(label, self.index, self.row)
            )
            place += f" ({shown})" if shown else ""
        return f"{place}, {self.column if not self.layout.header else f'column {self.column}'}"


def _layout(rows: Rows, argument: str, kind: Kind) -> _Layout:
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
    return _Layout(header, dated, labelled, data, first)


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
    _check_order(found, dates.date_index(found), argument, top)
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


def _names(rows: Rows, layout: _Layout, argument: str) -> tuple[str, ...] | None:
    if not layout.header:
        return None
    names: dict[str, int] = {}
    for j in layout.data:
        name = ticker(rows[0][j])
        if not name:
            problem = f"column {j + 1} has numbers but no name in row 1"
            raise InputError(argument, problem, "name it or leave it out of the range")
        if name in names:
            problem = f"the name {name} stands over columns {names[name] + 1} and {j + 1}"
            raise InputError(argument, problem, "give each name once")
        names[name] = j
    return tuple(names)


def _labels(
    cells: Sequence[Cell], layout: _Layout, argument: str
) -> tuple[tuple[float | str, ...] | None, pd.Index]:
    if layout.dated:
        return _dates(cells, layout, argument)
    # An index of positions that makes the core's messages count rows as the range does.
    index: pd.Index = pd.RangeIndex(layout.top, layout.top + len(cells))
    if not layout.labelled:
        return None, index
    texts = tuple(ticker(cell) for cell in cells)
    return texts, pd.Index(texts) if len(set(texts)) == len(texts) else index


def _dates(
    cells: Sequence[Cell], layout: _Layout, argument: str
) -> tuple[tuple[float | str, ...], pd.Index]:
    found: list[dates.DateCell] = []
    for i, cell in enumerate(cells):
        if not isinstance(cell, datetime) and not is_whole(cell):
            problem = f"row {i + layout.top + 1} has no date"
            raise InputError(argument, problem, "start the range at its header or first date")
        found.append(cell if isinstance(cell, datetime) else float(cell))  # type: ignore[arg-type]
    index = dates.date_index(found)
    _check_order(found, index, argument, layout.top)
    return tuple(dates.date_out(cell) for cell in found), index


def _check_order(cells: Sequence[dates.DateCell], index: pd.Index, argument: str, top: int) -> None:
    for i in range(1, len(index)):
        if not index[i - 1] < index[i]:
            shown = dates.date_text(cells[i], index, i)
            problem = f"{shown} in row {i + top + 1} is not later than the row above"
            raise InputError(argument, problem, "sort by date, oldest first, each date once")

"""Tables of numbers in a range: its header, its dates or row labels, its values.

The rules are those of :mod:`kfxl.spreadsheet.cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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
    is_whole,
    ticker,
    to_number,
)
from kfxl.spreadsheet.grids import numbers_in
from kfxl.spreadsheet.headers import Layout, check_order, layout_of


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
    layout = layout_of(rows, argument, kind)
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
    values = _numbers_at_once(rows, layout, kind, len(body))
    if values is None:
        values = _numbers_by_cell(body, layout, argument, kind, (labels, index, columns))
    return Block(argument, values, names, labels, index, columns)


def _numbers_at_once(rows: Rows, layout: Layout, kind: Kind, count: int) -> FloatArray | None:
    """The numbers of a large range, None where one of them may be wrong."""
    values = numbers_in(rows, layout.top, layout.data)
    if values is None:
        return None
    values = values[:count]
    low, high = LIMITS[kind]
    return None if (values < low).any() or (values > high).any() else values


def _numbers_by_cell(
    body: Rows,
    layout: Layout,
    argument: str,
    kind: Kind,
    said: tuple[tuple[float | str, ...] | None, pd.Index, tuple[str, ...]],
) -> FloatArray:
    """The numbers of a range; the first wrong cell is named."""
    labels, index, columns = said
    low, high = LIMITS[kind]
    return np.array(
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


@dataclass(frozen=True)
class _Where:
    """Names a cell in a message; made for every cell, turned into text only for a bad one."""

    layout: Layout
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


def _names(rows: Rows, layout: Layout, argument: str) -> tuple[str, ...] | None:
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
    cells: Sequence[Cell], layout: Layout, argument: str
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
    cells: Sequence[Cell], layout: Layout, argument: str
) -> tuple[tuple[float | str, ...], pd.Index]:
    found: list[dates.DateCell] = []
    for i, cell in enumerate(cells):
        if not isinstance(cell, datetime) and not is_whole(cell):
            problem = f"row {i + layout.top + 1} has no date"
            raise InputError(argument, problem, "start the range at its header or first date")
        found.append(cell if isinstance(cell, datetime) else float(cell))  # type: ignore[arg-type]
    index = dates.date_index(found)
    check_order(found, index, argument, layout.top)
    return tuple(dates.date_out(cell) for cell in found), index

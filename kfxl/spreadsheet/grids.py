"""Ranges of many numbers, read all at once instead of cell by cell.

A million cells cost half a second when each is looked at by itself. Nearly all large ranges
are numbers and blanks inside, at most under a row of names and beside a column of dates. Such
a range becomes a :class:`Grid`: rows as any others, with the numbers in them as one array.
What is not such a range is read cell by cell as before; the results are the same, only later.
"""

from __future__ import annotations

import marshal
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, dropwhile, islice
from typing import Any

import numpy as np

from kfxl.arrays import FloatArray

NUMBERS = frozenset({float, type(None)})
# How version 2 of marshal writes a row: five bytes, then each float as a "g" and eight bytes.
VERSION, HEAD, FLOAT = 2, 5, ord("g")
CELL = np.dtype([("kind", "u1"), ("number", "<f8")])
NAN, NONE = marshal.dumps(math.nan, VERSION), marshal.dumps(None, VERSION)
FEW = 10  # so many gaps in a row are filled one by one; for more it is quicker to copy the row


class _Exchanged(Sequence[Any]):
    """A row with another first cell; to copy the rest would cost as much as to read it."""

    __slots__ = ("first", "row")

    def __init__(self, first: Any, row: Sequence[Any]) -> None:
        self.first, self.row = first, row

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return [*self][position]
        return self.first if position in (0, -len(self.row)) else self.row[position]

    def __iter__(self) -> Iterator[Any]:
        return chain((self.first,), islice(self.row, 1, None))


class Grid(list[Sequence[Any]]):
    """Rows of cells that hold only floats and None below ``top`` rows, right of ``left`` columns.

    Attributes
    ----------
    numbers : ndarray
        Those floats, NaN for None.
    top, left : int
        Rows above them and columns beside them, 0 or 1, whose cells may hold anything.
    """

    def __init__(
        self, rows: Iterable[Sequence[Any]], numbers: FloatArray, top: int, left: int
    ) -> None:
        super().__init__(rows)
        self.numbers, self.top, self.left = numbers, top, left

    def convert_border(self, convert: Callable[[Any], Any]) -> None:
        """Exchange the cells above and beside the numbers, in place."""
        for i in range(self.top):
            self[i] = [convert(cell) for cell in self[i]]
        for i in range(self.top, len(self)) if self.left else ():
            first = convert(self[i][0])
            if first is not self[i][0]:
                self[i] = _Exchanged(first, self[i])

    def cut(self, height: int, width: int) -> Grid:
        """The first rows and columns."""
        if height == len(self) and width == len(self[0]):
            return self
        rows = self[:height] if width == len(self[0]) else [row[:width] for row in self[:height]]
        below, beside = max(height - self.top, 0), max(width - self.left, 0)
        return Grid(rows, self.numbers[:below, :beside], self.top, self.left)


def read_grid(rows: Sequence[Sequence[Any]]) -> Grid | None:
    """A grid of rows of equal length, or None where there is more than numbers inside.

    The numbers are Python floats and None, no NaN; rows without a border stay the objects that
    they are.

    >>> read_grid([["", "Gold"], ["2001", 0.5], ["2002", None]]).numbers.tolist()
    [[0.5], [nan]]
    >>> read_grid([[0.5, "0.5"], [0.5, True]]) is None
    True
    """
    if len(rows) < 2 or not rows[0]:
        return None
    left = int(not {type(row[0]) for row in rows[1:]} <= NUMBERS)
    top = int(not set(map(type, rows[0][left:])) <= NUMBERS)
    numbers = _numbers(rows[top:], left)
    return None if numbers is None else Grid(rows, numbers, top, left)


def numbers_in(
    rows: Sequence[Sequence[Any]], top: int, columns: Sequence[int]
) -> FloatArray | None:
    """(T, N) numbers below ``top`` rows in ``columns``, None unless a grid has them all."""
    if not isinstance(rows, Grid) or top < rows.top or not columns or columns[0] < rows.left:
        return None
    below = rows.numbers[top - rows.top :]
    first, last = columns[0], columns[-1]
    if last - first + 1 == len(columns):
        return np.ascontiguousarray(below[:, first - rows.left : last - rows.left + 1])
    return below[:, [j - rows.left for j in columns]].copy(order="C")


def cells_but_numbers(rows: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """The cells of a range, row by row; of a grid those that may hold anything."""
    if not isinstance(rows, Grid):
        return chain.from_iterable(rows)
    beside = (row[0] for row in rows[rows.top :]) if rows.left else ()
    return chain(*rows[: rows.top], beside)


def used_rows(rows: Sequence[Sequence[Any]]) -> int:
    """How many rows there are up to the last one that is not blank throughout.

    A whole column has a million rows: comparing whole rows without a step of Python takes a
    tenth of a second for them all.
    """
    if not rows:
        return 0
    kind: Any = type(rows[0])
    blanks = (kind([None] * len(rows[0])), kind([""] * len(rows[0])))
    return sum(1 for _ in dropwhile(blanks.__contains__, reversed(rows)))


def _numbers(rows: Sequence[Sequence[Any]], left: int) -> FloatArray | None:
    numbers = _floats((row[1:] for row in rows) if left else rows, len(rows), len(rows[0]) - left)
    if numbers is None:
        return None
    missing = np.isnan(numbers)
    gaps = zip(*(axis.tolist() for axis in missing.nonzero()), strict=True) if missing.any() else ()
    return numbers if all(rows[i][j + left] is None for i, j in gaps) else None


def _floats(rows: Iterable[Sequence[Any]], height: int, width: int) -> FloatArray | None:
    """The floats in rows that hold nothing else but None.

    Marshal tells kinds apart exactly and faster than Python can ask for them; the bytes that
    it writes are the numbers already.
    """
    layout = np.dtype([("head", f"S{HEAD}"), ("cells", CELL, (width,))])
    size = layout.itemsize
    written = bytearray(height * size)
    for i, row in enumerate(rows):
        try:
            cells = marshal.dumps(row, VERSION)  # type: ignore[arg-type]
            if len(cells) != size:
                cells = _filled(cells, row, size)
        except ValueError:  # no kind that marshal writes
            return None
        if len(cells) != size:
            return None
        written[i * size : (i + 1) * size] = cells
    found = np.frombuffer(written, layout)["cells"]
    if (found["kind"] != FLOAT).any():
        return None
    return np.ascontiguousarray(found["number"], dtype=np.float64)


def _filled(cells: bytes, row: Sequence[Any], size: int) -> bytes:
    """A row as written, NaN in place of None, which takes one byte instead of nine."""
    if size - len(cells) > FEW * (CELL.itemsize - 1):
        nan = math.nan
        return marshal.dumps([nan if cell is None else cell for cell in row], VERSION)
    while len(cells) < size:
        kinds = cells[HEAD :: CELL.itemsize]
        gap = HEAD + CELL.itemsize * (len(kinds) - len(kinds.lstrip(NAN[:1])))
        if cells[gap : gap + 1] != NONE:
            break
        cells = cells[:gap] + NAN + cells[gap + 1 :]
    return cells

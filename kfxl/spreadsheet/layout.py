"""Results as cells: labels where labels came in, and nothing but what a cell can hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np

from kfxl.spreadsheet.dates import date_out

OutCell: TypeAlias = "float | int | str | bool"
OutRows: TypeAlias = "list[list[OutCell]]"


class CleanRows(list[list[OutCell]]):
    """Rows that hold only what a cell can hold: no host and no caller need look again."""


def table(
    values: Any, names: Sequence[Any] | None = None, labels: Sequence[Any] | None = None
) -> CleanRows:
    """(T, N) numbers under ``names`` and beside ``labels``, each only if given.

    >>> table([[1.0, 2.0]], ["A", "B"])
    [['A', 'B'], [1.0, 2.0]]
    >>> table([[1.0, math.nan]], ["A", "B"], ["C"])
    [['', 'A', 'B'], ['C', 1.0, '']]
    """
    array = np.atleast_2d(np.asarray(values))
    if labels is None:
        rows = CleanRows([] for _ in array)
    else:
        rows = CleanRows([clean(label)] for label in labels)
    _fill(rows, array)
    if names is not None:
        corner = [] if labels is None else [""]
        rows.insert(0, [*corner, *map(clean, names)])
    return rows


def _fill(rows: CleanRows, array: Any) -> None:
    """Put the cells of ``array`` behind what the rows hold already.

    Rows that are made before they hold numbers cost Python's collector nothing; it would walk
    through each large new one, which takes as long as filling them.
    """
    if array.dtype.kind != "f":
        for row, cells in zip(rows, array.tolist(), strict=True):
            row.extend(map(clean, cells))
        return
    # Adding 0 turns -0.0, which some hosts show as "-0", into 0.0.
    for row, numbers in zip(rows, array + 0.0, strict=True):
        row.extend(numbers.tolist())
    finite = np.isfinite(array)
    if not finite.all():
        left = len(rows[0]) - array.shape[1]
        for i, j in zip(*(axis.tolist() for axis in (~finite).nonzero()), strict=True):
            rows[i][left + j] = ""


def history(
    values: Any,
    names: Sequence[Any] | None,
    labels: Sequence[Any] | None,
    rows: int | None,
) -> CleanRows:
    """(T, N) numbers over time; with ``rows`` exactly so many last periods, blanks above.

    >>> history([[1.0], [2.0]], ["A"], None, 3)
    [['A'], [''], [1.0], [2.0]]
    """
    if rows is None:
        return table(values, names, labels)
    result = table(values[-rows:], names, None if labels is None else labels[-rows:])
    head = 0 if names is None else 1
    width = len(result[0])
    result[head:head] = [[""] * width for _ in range(rows + head - len(result))]
    return result


def clean(value: Any) -> OutCell:
    """One cell as it leaves: a plain float, int, text or truth value, and ``""`` for the rest.

    >>> [clean(v) for v in (np.float64(0.5), math.nan, math.inf, -0.0, None, np.True_)]
    [0.5, '', '', 0.0, '', True]
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float | int):
        return value + 0 if math.isfinite(value) else ""
    if isinstance(value, datetime):
        return date_out(value)
    return "" if value is None else str(value)


def clean_rows(result: Sequence[Sequence[Any]]) -> CleanRows:
    """A whole result, cell by cell unless it is clean already."""
    if isinstance(result, CleanRows):
        return result
    return CleanRows([clean(cell) for cell in row] for row in result)

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


def table(
    values: Any, names: Sequence[Any] | None = None, labels: Sequence[Any] | None = None
) -> list[list[Any]]:
    """(T, N) numbers under ``names`` and beside ``labels``, each only if given.

    >>> table([[1.0, 2.0]], ["A", "B"])
    [['A', 'B'], [1.0, 2.0]]
    >>> table([[1.0, 2.0]], ["A", "B"], ["C"])
    [['', 'A', 'B'], ['C', 1.0, 2.0]]
    """
    rows: list[list[Any]] = np.atleast_2d(np.asarray(values)).tolist()
    if labels is not None:
        rows = [[label, *row] for label, row in zip(labels, rows, strict=True)]
    if names is not None:
        corner = [] if labels is None else [""]
        rows.insert(0, [*corner, *names])
    return rows


def history(
    values: Any,
    names: Sequence[Any] | None,
    labels: Sequence[Any] | None,
    rows: int | None,
) -> list[list[Any]]:
    """(T, N) numbers over time; with ``rows`` exactly so many last periods, blanks above.

    >>> history([[1.0], [2.0]], ["A"], None, 3)
    [['A'], [''], [1.0], [2.0]]
    """
    result = table(values, names, labels)
    if rows is None:
        return result
    head = 0 if names is None else 1
    body = result[head:][-rows:]
    blank = [[""] * len(result[0]) for _ in range(rows - len(body))]
    return result[:head] + blank + body


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
        # Adding 0 turns -0.0, which some hosts show as "-0", into 0.0.
        return value + 0 if math.isfinite(value) else ""
    if isinstance(value, datetime):
        return date_out(value)
    return "" if value is None else str(value)


def clean_rows(result: Sequence[Sequence[Any]]) -> OutRows:
    """A whole result, cell by cell."""
    return [[clean(cell) for cell in row] for row in result]

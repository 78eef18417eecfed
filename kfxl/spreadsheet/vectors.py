"""One number per asset in a range: weights, budgets, bounds, forecasts.

They come as a row or a column, alone or with names beside them: numbers only; names over
numbers (2 x N, also with a blank, a text or a date before the numbers); names beside numbers
(N x 2, also under a header). Named ones go by name where the assets have names, else by
position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray, reorder
from kfxl.errors import InputError
from kfxl.spreadsheet import dates
from kfxl.spreadsheet.cells import (
    Cell,
    Kind,
    Rows,
    is_blank,
    is_text,
    is_whole,
    ticker,
    to_number,
)

AUTO = "auto"
Names = tuple[str, ...] | None


@dataclass(frozen=True)
class Vector:
    """Numbers read from a row or a column, with their names where the range has them."""

    argument: str
    values: FloatArray
    names: Names

    def onto(self, names: Names, size: int) -> FloatArray:
        """(size,) values in the order of ``names``; by position where one side has none."""
        if len(self.values) != size and (self.names is None or names is None):
            values = "value" if len(self.values) == 1 else "values"
            problem = f"has {len(self.values)} {values}, not {size}"
            raise InputError(self.argument, problem, "give one for each")
        if self.names is None or names is None:
            return self.values
        order = reorder(pd.Index(self.names), pd.Index(names), self.argument, "name")
        return self.values[order]


def is_auto(cell: Cell) -> bool:
    """Whether a cell asks for the default in words."""
    return isinstance(cell, str) and cell.strip().lower() == AUTO


def read_vector(
    rows: Rows,
    argument: str,
    known: Names = None,
    *,
    kind: Kind = "numbers",
    default: float | None = None,
) -> Vector:
    """The numbers in a row or a column, with or without names.

    ``known`` are the assets' names, which tell numeric tickers from numbers; ``default``
    stands for cells that say ``auto``, which is text in the data without it.

    >>> read_vector([["Gold", "Land"], [0.6, 0.4]], "weights").onto(("Land", "Gold"), 2).tolist()
    [0.4, 0.6]
    """
    if not rows:
        each = "factor" if "factor" in argument else "asset"
        raise InputError(argument, "is blank", f"give one number for each {each}")
    parts = _split(rows, known)
    if parts is None:
        problem = f"is a range of {len(rows)} x {len(rows[0])}"
        raise InputError(argument, problem, "give one row or one column")
    names, cells = parts
    values = []
    for i, cell in enumerate(cells):
        where = names[i] if names else f"place {i + 1}"
        if default is not None and is_auto(cell):
            values.append(default)
            continue
        number = to_number(cell, argument, where, kind)
        if np.isnan(number):
            raise InputError(argument, f"the value of {where} is missing", "give a number there")
        values.append(number)
    return Vector(argument, np.array(values, dtype=np.float64), names)


def is_given(rows: Rows) -> bool:
    """Whether an optional range holds anything but ``auto``."""
    return bool(rows) and not (len(rows) == 1 and len(rows[0]) == 1 and is_auto(rows[0][0]))


def read_optional_vector(
    rows: Rows, argument: str, known: Names, size: int, kind: Kind = "numbers"
) -> FloatArray | None:
    """One number for each asset in the order of ``known``; None where blank or auto."""
    return (
        read_vector(rows, argument, known, kind=kind).onto(known, size) if is_given(rows) else None
    )


def read_setting_per_asset(
    rows: Rows, argument: str, known: Names, size: int, default: float
) -> float | FloatArray:
    """A bound: one number for all assets, one for each, or ``default`` where blank or auto."""
    if not rows:
        return default
    vector = read_vector(rows, argument, known, default=default)
    if len(vector.values) == 1 and vector.names is None:
        return float(vector.values[0])
    return vector.onto(known, size)


def is_vector(rows: Rows, known: Names) -> bool:
    """Whether a range holds one row or one column of numbers, by its shape and its names."""
    return bool(rows) and _split(rows, known) is not None


def _split(rows: Rows, known: Names) -> tuple[Names, Sequence[Cell]] | None:
    """The names and the cells of numbers in a range, by its shape; None for a table."""
    if len(rows[0]) == 1 < len(rows):
        return _of_column([row[0] for row in rows], known)
    rows = [row for row in rows if not all(map(is_blank, row))]
    if len(rows) == 1:
        return _of_row(rows[0])
    if len(rows[0]) == 2 and _name([row[0] for row in rows[1:]], known) is not None:
        return _of_two_columns(rows, known)
    return _of_two_rows(rows, known) if len(rows) == 2 else None


def _name(cells: Sequence[Cell], known: Names) -> Names:
    """Names in cells: all text, or tickers that are known; None for anything else."""
    texts = tuple(ticker(cell) for cell in cells)
    if all(map(is_text, cells)) and not any(map(is_auto, cells)):
        return texts
    return texts if known is not None and texts and set(texts) <= set(known) else None


def _of_row(row: Sequence[Cell]) -> tuple[Names, Sequence[Cell]]:
    if len(row) == 2 and is_text(row[0]) and not is_auto(row[0]):
        return (ticker(row[0]),), row[1:]
    # The row of a table with dates, selected whole.
    return None, row[1:] if len(row) > 1 and isinstance(row[0], datetime) else row


def _of_column(column: list[Cell], known: Names) -> tuple[Names, Sequence[Cell]]:
    title = _name(column[:1], None)
    if title is None or is_auto(column[0]):
        return None, column
    return (title if title == known and len(column) == 2 else None), column[1:]


def _of_two_columns(rows: Rows, known: Names) -> tuple[Names, Sequence[Cell]]:
    title = _name([rows[0][1]], None)
    if title is not None and len(rows) == 2 and title == known:
        return title, [rows[1][1]]
    listed = rows[1:] if title is not None else rows
    return _name([row[0] for row in listed], known), [row[1] for row in listed]


def _of_two_rows(rows: Rows, known: Names) -> tuple[Names, Sequence[Cell]] | None:
    pairs = [
        (over, cell)
        for over, cell in zip(rows[0], rows[1], strict=True)
        if not (is_blank(over) and is_blank(cell))
    ]
    over, first = pairs[0]
    if len(pairs) > 1 and _is_label(over, first):
        pairs = pairs[1:]
    names = _name([over for over, _ in pairs], known)
    return None if names is None else (names, [cell for _, cell in pairs])


def _is_label(over: Cell, first: Cell) -> bool:
    """Whether the first cell of a row of numbers labels the row: text, a date, or unnamed."""
    if isinstance(first, datetime) or (is_text(first) and not is_auto(first)):
        return True
    if not is_whole(first):
        return False
    return is_blank(over) or dates.numbering_of([float(first)]) != "period"  # type: ignore[arg-type]

"""The one place where arrays are checked: shape, finiteness, labels, positive semidefiniteness.

pandas objects keep their labels from argument to result and are aligned by them; plain
arrays go by position. Everything raised here is an :class:`~kfxl.errors.InputError` that
names the argument, the place in it and the remedy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl.arrays.definite import refuse_indefinite
from kfxl.arrays.scalars import LARGEST, choice, number, whole
from kfxl.errors import InputError

__all__ = [
    "FloatArray", "Panel", "Row", "Square", "Table", "align_rows", "choice", "covariance_matrix",
    "number", "panel", "per_asset", "place", "reorder", "vector", "whole",
]  # fmt: skip

FloatArray: TypeAlias = npt.NDArray[np.float64]
Table: TypeAlias = "FloatArray | pd.DataFrame"
Row: TypeAlias = "FloatArray | pd.Series[float]"

SYMMETRY_TOLERANCE = 1e-12
CACHE = 2**16  # numbers that stay in the processor's cache
TILE = 250  # rows and columns of a matrix that do
BLOCK = 250


@dataclass(frozen=True)
class Panel:
    """T x N numbers (NaN = missing) and the labels they came with, None where unlabelled."""

    values: FloatArray
    index: pd.Index | None = None
    columns: pd.Index | None = None
    complete: bool = False  # known to have no missing number

    @property
    def labelled(self) -> bool:
        """Whether results go out as pandas objects."""
        return self.columns is not None

    @property
    def last(self) -> Any:
        """Label of the last row; its position where rows are unlabelled."""
        return len(self.values) - 1 if self.index is None else self.index[-1]

    def table(self, values: FloatArray) -> Table:
        """(T, N) results under this panel's labels."""
        if self.columns is None:
            return values
        return pd.DataFrame(values, index=self.index, columns=self.columns, copy=False)

    def labels(self, *, last: bool = False) -> Panel:
        """The labels without the values; those of the last row alone on request."""
        index = self.index[-1:] if last and self.index is not None else self.index
        return Panel(self.values[:0], index, self.columns)

    def row(self, values: FloatArray) -> Row:
        """(N,) results under this panel's asset labels."""
        return values if self.columns is None else pd.Series(values, index=self.columns)


@dataclass(frozen=True)
class Square:
    """A symmetric positive semidefinite N x N matrix and its labels, None where unlabelled."""

    values: FloatArray
    labels: pd.Index | None = None

    def row(self, values: FloatArray) -> Row:
        """(N,) results under this matrix's labels."""
        return values if self.labels is None else pd.Series(values, index=self.labels)


def place(index: pd.Index | None, position: int, noun: str) -> str:
    """How a message names a row or column: its label, or its number counted from 1."""
    if index is None:
        return f"{noun} {position + 1}"
    label = index[position]
    if isinstance(label, pd.Timestamp):
        return f"{label:%Y-%m-%d}"
    return f"{noun} {label + 1}" if isinstance(index, pd.RangeIndex) else str(label)


def _numbers(values: object, argument: str, *, copy: bool = True) -> FloatArray:
    if isinstance(values, pd.DataFrame | pd.Series):
        values = values.to_numpy()
    try:
        array = np.asarray(values)
        if array.dtype.kind in "bcMmSU" or (array.dtype.kind == "O" and _has_non_numbers(array)):
            raise InputError(argument, "holds something that is not a number", "give numbers only")
        if array.dtype.kind == "O":
            array = np.where(pd.isna(array), np.nan, array)  # None and pandas.NA are missing too
        numbers = np.asarray(array, dtype=np.float64, order="C")
        return numbers.copy() if copy and np.may_share_memory(numbers, array) else numbers
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            argument, "is not a rectangular block of numbers", "give numbers only"
        ) from None


def _has_non_numbers(array: npt.NDArray[Any]) -> bool:
    return any(isinstance(item, str | bytes | bool | np.bool_) for item in array.ravel())


def _check_labels(index: pd.Index, argument: str, noun: str) -> None:
    if not index.is_unique:
        twice = place(index.astype(object), int(np.argmax(index.duplicated())), noun)
        raise InputError(argument, f"{noun} {twice} occurs twice", f"give each {noun} once")


def panel(
    values: object,
    argument: str,
    *,
    missing: bool = True,
    any_order: bool = False,
    copy: bool = True,
) -> Panel:
    """Check a (T, N) array or DataFrame; a Series or 1-D array is one column.

    NaN marks a missing value and is refused where ``missing`` is False. Infinite values and
    duplicate labels are refused always, dates out of order unless ``any_order``: what goes
    through :func:`align_rows` is put in order there. Without ``copy`` the values may be the
    caller's own, to be read at once and not kept.
    """
    array = _numbers(values, argument, copy=copy)
    index = columns = None
    if isinstance(values, pd.DataFrame):
        index, columns = values.index, values.columns
    elif isinstance(values, pd.Series):
        index = values.index
        columns = pd.Index([argument if values.name is None else values.name])
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(
            argument, f"has shape {array.shape}", "give periods as rows, assets as columns"
        )
    if not len(array):
        raise InputError(argument, "has 0 rows", "give at least 1")
    if index is not None and columns is not None:
        _check_labels(index, argument, "date")
        _check_labels(columns, argument, "name")
        _check_dates(index, argument, any_order=any_order)
    axes = (index, "row"), (columns, "column")
    return Panel(array, index, columns, _check_finite(array, argument, *axes, missing=missing))


def _check_dates(index: pd.Index, argument: str, *, any_order: bool = False) -> None:
    """Dates, also as Python objects, must be there and ascend; other labels need not."""
    if index.inferred_type not in ("datetime64", "datetime", "date", "period"):
        return
    if index.hasnans:
        row = int(np.argmax(index.isna())) + 1
        raise InputError(argument, f"the date of row {row} is missing", "give every row a date")
    if not (any_order or index.is_monotonic_increasing):
        first = int(np.argmax(np.asarray(index[1:] < index[:-1]))) + 1
        late = f"{place(index, first, 'row')} comes after a later date"
        raise InputError(argument, late, "sort the rows by date, oldest first")


def _check_finite(
    array: FloatArray, argument: str, *axes: tuple[pd.Index | None, str], missing: bool = False
) -> bool:
    """Name the first number missing or too large, by (labels, noun) of each axis; True: none is."""
    rows = max(1, CACHE * len(array) // max(array.size, 1))
    parts = (array[top : top + rows] for top in range(0, len(array), rows))
    if array.size and all(part.min() >= -LARGEST and part.max() <= LARGEST for part in parts):
        return True  # a missing value would have made both NaN
    bad = np.abs(array) > LARGEST if missing else ~(np.abs(array) <= LARGEST)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        what = "missing" if np.isnan(array[first]) else "infinite or absurdly large"
        where = ", ".join(
            place(labels, i, noun) for (labels, noun), i in zip(axes, first, strict=True)
        )
        raise InputError(argument, f"value at {where} is {what}", "give a number there")
    return not array.size


def reorder(labels: pd.Index, onto: pd.Index, argument: str, noun: str) -> npt.NDArray[np.intp]:
    """Positions that bring ``labels`` into the order ``onto``; both must hold the same names."""
    _check_labels(labels, argument, noun)
    absent = onto.difference(labels, sort=False)
    extra = labels.difference(onto, sort=False)
    if len(absent):
        raise InputError(
            argument,
            f"{noun} {place(absent.astype(object), 0, noun)} is missing",
            f"give every {noun}",
        )
    if len(extra):
        raise InputError(
            argument,
            f"{noun} {place(extra.astype(object), 0, noun)} is not known",
            f"leave that {noun} out",
        )
    return labels.get_indexer(onto)


def align_rows(panel: Panel, onto: Panel, argument: str) -> Panel:
    """``panel`` in the row order of ``onto``: by date if both have dates, else by position."""
    if panel.index is not None and onto.index is not None:
        order = reorder(panel.index, onto.index, argument, "date")
        return Panel(panel.values[order], onto.index, panel.columns, panel.complete)
    if panel.index is not None:  # nothing to align by: its rows must be in order already
        _check_dates(panel.index, argument)
    if len(panel.values) != len(onto.values):
        raise InputError(
            argument,
            f"has {len(panel.values)} rows, not {len(onto.values)}",
            "give one row for each period",
        )
    return Panel(panel.values, onto.index, panel.columns, panel.complete)


def vector(values: object, argument: str, size: int, labels: pd.Index | None = None) -> FloatArray:
    """(N,) numbers, by name where both sides are labelled; one row or one column will do."""
    array = _numbers(values, argument)
    index = values.index if isinstance(values, pd.Series) else None
    if array.ndim == 2 and 1 in array.shape:
        if isinstance(values, pd.DataFrame):
            index = values.columns if array.shape[0] == 1 else values.index
        array = array.ravel()
    if index is not None and labels is not None:
        array = array[reorder(index, labels, argument, "name")]
    if array.shape != (size,):
        several = array.ndim == 1
        got = (
            f"{len(array)} values, not {size}" if several else f"shape {array.shape}, not {(size,)}"
        )
        raise InputError(argument, f"has {got}", "give one for each")
    _check_finite(array, argument, (labels, "place"))
    return array


def per_asset(
    values: object, argument: str, size: int, labels: pd.Index | None = None
) -> FloatArray:
    """(N,) numbers from one number for all assets, or one for each."""
    if np.ndim(values) == 0:  # type: ignore[arg-type]
        return np.full(size, number(values, argument))
    return vector(values, argument, size, labels)


def covariance_matrix(
    values: object, argument: str, *, positive_diagonal: bool = True, whole: bool = True
) -> Square:
    """Check an N x N covariance matrix: symmetric to 1e-12, positive semidefinite, finite.

    Rounding below the tolerance is averaged away; anything larger is refused. Unless ``whole``,
    blocks of 250 assets are checked to be semidefinite and no more: for solvers that need less
    work than that, and whose answers hold for any matrix.
    """
    array = _numbers(values, argument, copy=False)
    labels = None
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise InputError(argument, f"has shape {array.shape}", "give a square covariance matrix")
    if isinstance(values, pd.DataFrame):
        labels = values.columns
        _check_labels(labels, argument, "name")
        if not values.index.equals(labels):
            array = array[reorder(values.index, labels, argument, "name")]
    _check_finite(array, argument, (labels, "row"), (labels, "column"))
    array = _symmetric(array, argument, labels)
    diagonal = array.diagonal()
    low = diagonal <= 0 if positive_diagonal else diagonal < 0
    if low.any():
        asset = place(labels, int(np.argmax(low)), "asset")
        raise InputError(
            argument, f"variance of {asset} is not positive", "leave out assets that never move"
        )
    step = len(array) if whole else BLOCK
    for start in range(0, len(array), step):
        refuse_indefinite(array[start : start + step, start : start + step], argument)
    return Square(array, labels)


def _symmetric(array: FloatArray, argument: str, labels: pd.Index | None) -> FloatArray:
    """The matrix without rounding across its diagonal; itself where there is none."""
    tiles = [slice(start, start + TILE) for start in range(0, len(array), TILE)]
    pairs = ((up, left) for k, up in enumerate(tiles) for left in tiles[: k + 1])
    if all(np.array_equal(array[up, left], array[left, up].T) for up, left in pairs):
        return array
    apart = np.abs(array - array.T)
    if apart.max() > SYMMETRY_TOLERANCE * np.abs(array).max():
        row, column = divmod(int(apart.argmax()), len(array))
        pair = f"{place(labels, row, 'row')} and {place(labels, column, 'column')}"
        raise InputError(argument, f"differs across its diagonal at {pair}", "make it symmetric")
    return np.asarray((array + array.T) / 2)

"""Square matrices in a range: covariances, and telling them from returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kfxl.arrays import SYMMETRY_TOLERANCE, FloatArray
from kfxl.errors import InputError
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import Cell, Rows, is_blank, is_number, is_text, ticker, to_number
from kfxl.spreadsheet.dates import DateCell
from kfxl.spreadsheet.grids import numbers_in
from kfxl.spreadsheet.vectors import Names

NEARLY_SYMMETRIC = 1e-6


@dataclass(frozen=True)
class Matrix:
    """Numbers read from a matrix, with the names over its columns and beside its rows."""

    values: FloatArray
    names: Names
    side: Names

    def frame(self) -> pd.DataFrame:
        """The matrix for the core, under its names; unnamed ones are told by their number."""
        numbered = tuple(f"asset {i + 1}" for i in range(len(self.values)))
        names = self.names or self.side or numbered
        return pd.DataFrame(self.values, index=list(self.side or names), columns=list(names))


def read_matrix(rows: Rows, argument: str) -> Matrix:
    """A matrix of numbers, none of them missing, with or without names."""
    top, left = _borders(rows)
    if len(rows) == top or len(rows[0]) == left:
        raise InputError(argument, "holds no numbers", "give a matrix of numbers")
    values = numbers_in(rows, top, range(left, len(rows[0])))
    if values is None or np.isinf(values).any():
        values = np.array(
            [
                [
                    to_number(cell, argument, f"row {i + top + 1}, column {j + left + 1}")
                    for j, cell in enumerate(row[left:])
                ]
                for i, row in enumerate(rows[top:])
            ]
        )
    if np.isnan(values).any():
        i, j = np.argwhere(np.isnan(values))[0]
        problem = f"the value in row {i + top + 1}, column {j + left + 1} is missing"
        raise InputError(argument, problem, "give a number there")
    names = tuple(ticker(cell) for cell in rows[0][left:]) if top else None
    side = tuple(ticker(row[0]) for row in rows[top:]) if left else None
    return Matrix(values, names, side)


def read_covariance(rows: Rows, argument: str) -> Matrix:
    """A covariance matrix; a correlation matrix is refused, the rest is for the core to check."""
    if not rows:
        raise InputError(argument, "is blank", "give a covariance matrix")
    matrix = read_matrix(rows, argument)
    if matrix.values.shape[0] != matrix.values.shape[1]:
        height, width = matrix.values.shape
        problem = f"is {height} x {width}"
        raise InputError(argument, problem, "give a square covariance matrix")
    _refuse_correlation(matrix.values, argument)
    return matrix


def read_data(rows: Rows, argument: str, as_of: DateCell | None = None) -> Matrix | Block:
    """A covariance matrix, or else a range of returns up to ``as_of``.

    It is a covariance matrix where it is square, at least 2 x 2, and symmetric to 1e-12 with
    a positive diagonal, or where its rows and columns carry the same names. A matrix that is
    symmetric only to 1e-6, or has ones on its diagonal, is refused: it could be meant as
    either, or be a correlation matrix.
    """
    if not rows:
        raise InputError(argument, "is blank", "give a range of returns or a covariance matrix")
    top, left = _borders(rows)
    height, width = len(rows) - top, len(rows[0]) - left
    if height < 2 or height != width:
        return read_block(rows, argument, as_of=as_of)
    if top and left and _same_names(rows):
        return read_covariance(rows, argument)
    values = _all_numbers(rows, top, left)
    if values is None or not (values.diagonal() > 0).all():
        return read_block(rows, argument, as_of=as_of)
    apart = np.abs(values - values.T).max() / np.abs(values).max()
    if apart > NEARLY_SYMMETRIC:
        return read_block(rows, argument, as_of=as_of)
    _refuse_correlation(values, argument)
    if apart > SYMMETRY_TOLERANCE:
        problem = "is square and nearly symmetric: a rounded covariance matrix?"
        raise InputError(argument, problem, "make it symmetric, or give more rows of returns")
    return read_covariance(rows, argument)


def _all_numbers(rows: Rows, top: int, left: int) -> FloatArray | None:
    """The numbers below and right of the names, None if anything else is among them."""
    values = numbers_in(rows, top, range(left, len(rows[0])))
    if values is not None:
        return values if np.isfinite(values).all() else None
    body = [row[left:] for row in rows[top:]]
    good = all(is_number(cell) for row in body for cell in row)
    return np.array(body, dtype=np.float64) if good else None


def _refuse_correlation(values: FloatArray, argument: str) -> None:
    if len(values) > 1 and (values.diagonal() == 1).all():
        problem = "has ones on its diagonal: a correlation matrix?"
        raise InputError(argument, problem, "multiply it by the volatilities on both sides")


def _same_names(rows: Rows) -> bool:
    return {ticker(cell) for cell in rows[0][1:]} == {ticker(row[0]) for row in rows[1:]}


def _borders(rows: Rows) -> tuple[int, int]:
    """How many rows of names stand over a matrix, how many columns of names beside it."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0, 0
    over, side = rows[0][1:], [row[0] for row in rows[1:]]
    tickers = is_blank(rows[0][0]) and [ticker(c) for c in over] == [ticker(c) for c in side]
    if tickers or (_all_text(over) and _all_text(side)):
        return 1, 1
    if _all_text(rows[0]):
        return 1, 0
    return 0, int(_all_text([row[0] for row in rows]))


def _all_text(cells: Sequence[Cell]) -> bool:
    return all(map(is_text, cells))

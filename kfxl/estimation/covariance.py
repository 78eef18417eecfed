"""Covariance matrices of returns: sample, exponentially weighted, shrunk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Table
from kfxl.errors import InputError

METHODS = ("sample", "ewma", "ledoit_wolf", "oas")


@dataclass(frozen=True, eq=False)
class CovarianceReport:
    """A covariance matrix and how far it can be trusted.

    Attributes
    ----------
    covariance : (N, N)
        Per period, labelled as the returns are.
    shrinkage : float
        Weight of the shrinkage target, 0 to 1; 0.0 for methods that do not shrink.
    rows_used : int
        Complete rows that entered.
    condition_number : float
        Largest over smallest eigenvalue; infinite where the smallest is 0 up to rounding.
    """

    covariance: Table
    shrinkage: float
    rows_used: int
    condition_number: float


def covariance(
    returns: object, *, method: str = "sample", window: int | None = None, half_life: float = 60
) -> Table:
    """Covariance matrix of returns per period.

    Parameters
    ----------
    returns : array or DataFrame, shape (T, N)
        Returns per period, NaN where missing.
    method : {"sample", "ewma", "ledoit_wolf", "oas"}
        ``sample``: around the means, divided by rows - 1. ``ewma``: mean taken as zero,
        weights 0.5^(age / half_life) that sum to 1. ``ledoit_wolf`` and ``oas``: around the
        means, divided by rows, shrunk towards the average variance on the diagonal.
    window : int, optional
        Use the last rows only; all of them if there are fewer. Rows with missing values
        count towards it.
    half_life : float
        For ``ewma``, in complete rows: the newest has age 0.

    Returns
    -------
    array or DataFrame, shape (N, N)
        Labelled by asset where ``returns`` is a DataFrame. An asset that never moves makes
        it singular (a shrunk matrix gives that asset the target's share of variance).

    Raises
    ------
    InputError
        For fewer than two complete rows, infinite values or settings out of range.

    Notes
    -----
    Only rows in which every asset has a return are used; the others are left out.

    References
    ----------
    Ledoit and Wolf (2004), A Well-Conditioned Estimator for Large-Dimensional Covariance
    Matrices. Chen, Wiesel, Eldar and Hero (2010), Shrinkage Algorithms for MMSE Covariance
    Estimation (in scikit-learn's form, without the terms 2 / N).

    Examples
    --------
    >>> covariance([[0.01, 0.00], [0.03, 0.02], [0.02, 0.04]]).round(6).tolist()
    [[0.0001, 0.0001], [0.0001, 0.0004]]
    """
    panel, matrix, _, _ = _estimate(returns, method, window, half_life)
    return _labelled(panel, matrix)


def covariance_report(
    returns: object, *, method: str = "sample", window: int | None = None, half_life: float = 60
) -> CovarianceReport:
    """The matrix of :func:`covariance` with its shrinkage, rows used and condition number.

    Parameters
    ----------
    returns, method, window, half_life
        As for :func:`covariance`.

    Returns
    -------
    CovarianceReport

    Raises
    ------
    InputError
        As :func:`covariance`.

    Examples
    --------
    >>> report = covariance_report([[0.01, 0.00], [0.03, None], [0.03, 0.01]])
    >>> report.rows_used, report.shrinkage, report.condition_number
    (2, 0.0, inf)
    """
    panel, matrix, shrinkage, rows = _estimate(returns, method, window, half_life)
    return CovarianceReport(_labelled(panel, matrix), shrinkage, rows, _condition_number(matrix))


def _labelled(panel: Panel, matrix: FloatArray) -> Table:
    return Panel(matrix, panel.columns, panel.columns).table(matrix)


def _estimate(
    returns: object, method: str, window: int | None, half_life: float
) -> tuple[Panel, FloatArray, float, int]:
    """The returns checked, their covariance, its shrinkage and the rows used."""
    method = arrays.choice(method, "method", METHODS)
    half_life = arrays.number(half_life, "half_life", above=0.0)
    panel = arrays.panel(returns, "returns")
    rows = _complete_rows(panel, window)
    # Measured from its first value, a constant has a variance of 0 and not of rounding squared.
    moves = rows - rows[0]
    shrinkage = 0.0
    if method == "sample":
        centered = moves - moves.mean(axis=0)
        matrix = centered.T @ centered / (len(rows) - 1)
    elif method == "ewma":
        weights = 0.5 ** (np.arange(len(rows))[::-1] / half_life)
        matrix = rows.T @ (rows * (weights / weights.sum())[:, None])
    else:
        matrix, shrinkage = _shrunk(moves, method)
    return panel, np.asarray((matrix + matrix.T) / 2), shrinkage, len(rows)


def _complete_rows(panel: Panel, window: int | None) -> FloatArray:
    values = panel.values
    if window is not None:
        values = values[-arrays.whole(window, "window", low=2) :]
    complete: FloatArray = values[~np.isnan(values).any(axis=1)]
    if len(complete) < 2:
        raise InputError(
            "returns",
            f"has {len(complete)} rows without a missing value among its last {len(values)}",
            "give at least 2",
        )
    return complete


def _shrunk(rows: FloatArray, method: str) -> tuple[FloatArray, float]:
    """Covariance divided by rows, shrunk towards its mean variance, and the weight of that."""
    count, size = rows.shape
    centered = rows - rows.mean(axis=0)
    matrix = centered.T @ centered / count
    mean, square = float(np.trace(matrix)) / size, float((matrix**2).sum())
    spread = square - size * mean**2  # squared distance from the target
    if method == "ledoit_wolf":
        fourth = float(((centered**2).sum(axis=1) ** 2).sum())
        noise = (fourth / count - square) / count
    else:
        noise = (square + (size * mean) ** 2) / (count + 1)
    # Rounding can carry the weight past the ends of its range.
    shrinkage = min(max(noise / spread, 0.0), 1.0) if spread > 0 else float(method == "oas")
    if size == 1:
        shrinkage = 0.0  # the target is the matrix
    matrix *= 1 - shrinkage
    matrix.flat[:: size + 1] += shrinkage * mean
    return matrix, shrinkage


def _condition_number(matrix: FloatArray) -> float:
    eigenvalues = np.linalg.eigvalsh(matrix)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    singular = smallest <= len(matrix) * np.finfo(float).eps * largest
    return math.inf if singular else largest / smallest

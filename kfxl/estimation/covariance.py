"""Covariance matrices of returns: sample, exponentially weighted, shrunk, of a factor model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Table
from kfxl.errors import InputError
from kfxl.estimation.complete_rows import complete_rows, sample_covariance
from kfxl.estimation.factor_covariance import FactorModel, factor_model

KALMAN_FACTOR = "kalman_factor"
METHODS = ("sample", "ewma", "ledoit_wolf", "oas", KALMAN_FACTOR)


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
        Complete rows that entered; for ``kalman_factor`` rows of factor returns in F.
    condition_number : float
        Largest over smallest eigenvalue; infinite where the smallest is 0 up to rounding.
    factor_model : FactorModel or None
        ``loadings`` B (N, K), ``factor_covariance`` F (K, K) and ``specific_variance`` D (N,)
        of ``kalman_factor``.
    """

    covariance: Table
    shrinkage: float
    rows_used: int
    condition_number: float
    factor_model: FactorModel | None = None


def covariance(
    returns: object,
    *,
    method: str = "sample",
    window: int | None = None,
    half_life: float = 60,
    factors: object = None,
) -> Table:
    """Covariance matrix of returns per period.

    Parameters
    ----------
    returns : array or DataFrame, shape (T, N)
        Returns per period, NaN where missing.
    method : {"sample", "ewma", "ledoit_wolf", "oas", "kalman_factor"}
        ``sample``: around the means, divided by rows - 1. ``ewma``: mean taken as zero,
        weights 0.5^(age / half_life) that sum to 1. ``ledoit_wolf`` and ``oas``: around the
        means, divided by rows, shrunk towards the average variance on the diagonal.
        ``kalman_factor``: B F B' + D, for books of many assets: B the latest filtered betas, F
        the sample covariance of the factors, D the variance that the factors leave.
    window : int, optional
        Use the last rows only; all of them if there are fewer. Rows with missing values
        count towards it. For ``kalman_factor`` it limits F; the filter runs over all rows.
    half_life : float
        For ``ewma``, in complete rows: the newest has age 0.
    factors : array or DataFrame, shape (T, K), optional
        Factor returns for ``kalman_factor``, by date where both sides have dates. Without them
        there is one factor: the mean over the assets whose return of the period is known.

    Returns
    -------
    array or DataFrame, shape (N, N)
        Labelled by asset where ``returns`` is a DataFrame. An asset that never moves makes
        it singular (a shrunk matrix gives that asset the target's share of variance;
        ``kalman_factor`` refuses it). That of ``kalman_factor`` is positive definite.

    Raises
    ------
    InputError
        For fewer than two complete rows, infinite values or settings out of range; for
        ``kalman_factor`` where an asset has fewer than K + 2 returns or the factors explain it
        exactly.
    SolverError
        Where ``kalman_factor`` is singular up to rounding.

    Notes
    -----
    Only rows in which every asset has a return are used; the others are left out. The filter of
    ``kalman_factor`` skips the missing returns alone. Its D is the observation variance of
    :func:`kfxl.factor_betas` plus what the uncertainty of alpha and betas adds, both as
    forecast for the next period; like the betas it rests on all rows.

    References
    ----------
    Ledoit and Wolf (2004), A Well-Conditioned Estimator for Large-Dimensional Covariance
    Matrices. Chen, Wiesel, Eldar and Hero (2010), Shrinkage Algorithms for MMSE Covariance
    Estimation (in scikit-learn's form, without the terms 2 / N). Sharpe (1963), A Simplified
    Model for Portfolio Analysis (one factor).

    Examples
    --------
    >>> covariance([[0.01, 0.00], [0.03, 0.02], [0.02, 0.04]]).round(6).tolist()
    [[0.0001, 0.0001], [0.0001, 0.0004]]
    """
    method, half_life = _checked(method, half_life)
    panel = arrays.panel(returns, "returns")
    return _labelled(panel, _estimate(panel, method, window, half_life, factors)[0])


def covariance_report(
    returns: object,
    *,
    method: str = "sample",
    window: int | None = None,
    half_life: float = 60,
    factors: object = None,
) -> CovarianceReport:
    """The matrix of :func:`covariance` with its shrinkage, rows used and condition number.

    Parameters
    ----------
    returns, method, window, half_life, factors
        As for :func:`covariance`.

    Returns
    -------
    CovarianceReport

    Raises
    ------
    InputError, SolverError
        As :func:`covariance`.

    Examples
    --------
    >>> report = covariance_report([[0.01, 0.00], [0.03, None], [0.03, 0.01]])
    >>> report.rows_used, report.shrinkage, report.condition_number
    (2, 0.0, inf)
    """
    method, half_life = _checked(method, half_life)
    panel = arrays.panel(returns, "returns")
    matrix, shrinkage, rows, model = _estimate(panel, method, window, half_life, factors)
    condition = _condition_number(matrix)
    return CovarianceReport(_labelled(panel, matrix), shrinkage, rows, condition, model)


def _checked(method: object, half_life: object) -> tuple[str, float]:
    method = arrays.choice(method, "method", METHODS)
    return method, arrays.number(half_life, "half_life", above=0.0)


def _estimate(
    panel: Panel, method: str, window: int | None, half_life: float, factors: object
) -> tuple[FloatArray, float, int, FactorModel | None]:
    """Matrix, shrinkage, rows that entered, and the factor model it is made of if any."""
    if method == KALMAN_FACTOR:
        model = factor_model(panel, factors, window)
        return model.matrix(), 0.0, model.rows_used, model
    if factors is not None:
        problem = f"are given, but the method {method} uses none"
        raise InputError("factors", problem, f"leave them out, or use {KALMAN_FACTOR}")
    rows = complete_rows(panel, window, "returns")
    shrinkage = 0.0
    if method == "sample":
        matrix = sample_covariance(rows)
    elif method == "ewma":
        weights = 0.5 ** (np.arange(len(rows))[::-1] / half_life)
        matrix = rows.T @ (rows * (weights / weights.sum())[:, None])
    else:
        # Measured from its first value, a constant has a variance of exactly 0.
        matrix, shrinkage = _shrunk(rows - rows[0], method)
    return (matrix + matrix.T) / 2, shrinkage, len(rows), None


def _labelled(panel: Panel, matrix: FloatArray) -> Table:
    return Panel(matrix, panel.columns, panel.columns).table(matrix)


def _shrunk(rows: FloatArray, method: str) -> tuple[FloatArray, float]:
    """Covariance divided by rows, shrunk towards its mean variance, and the weight of that.

    A backtest shrinks at every decision: scikit-learn's own, which the tests compare, takes longer
    to check its arguments than the whole decision does, and most of a second to be imported.
    """
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

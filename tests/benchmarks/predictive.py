"""Predictions one period ahead, strictly out of sample, and how good they were.

A model sees the rows before a refit and settles its parameters; with these it predicts every row
until the next refit, its state being updated row by row. The recursion here is a plain one of its
own, for all refits side by side, so that it can also check kfxl's: see tests/test_predictive.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray


@dataclass(frozen=True)
class Data:
    """``returns`` (T, N) beside ``regressors`` (T, m), ones first, and when they are used.

    The first refit is at row ``start``, the others every ``every`` rows; row ``start`` is the
    first one predicted.
    """

    name: str
    returns: FloatArray
    regressors: FloatArray
    start: int
    every: int

    @property
    def refits(self) -> range:
        """Rows before which the parameters are settled anew."""
        return range(self.start, len(self.returns), self.every)

    def before(self, row: int) -> Data:
        """What is known at the close of row - 1."""
        return Data(self.name, self.returns[:row], self.regressors[:row], self.start, self.every)


@dataclass(frozen=True)
class Predictions:
    """Means and variances (rows from ``start`` on, N) of the returns."""

    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class Parameters:
    """b_t - c = f (b_{t-1} - c) + w_t, y_t = x_t' b_t + v_t for N assets and m states.

    ``process``, ``centre``, ``mean`` and ``variance`` (of the state before the first row) are
    (N, m), ``observation`` (N,).
    """

    transition: float
    process: FloatArray
    observation: FloatArray
    centre: FloatArray
    mean: FloatArray
    variance: FloatArray


def filtered(data: Data, fit: Callable[[Data], Parameters]) -> Predictions:
    """Predictions of Kalman filters that ``fit`` settles on the rows before each refit."""
    fits = [fit(data.before(row)) for row in data.refits]
    f = np.array([p.transition for p in fits])[:, None, None]
    q, c, b = (np.stack([getattr(p, k) for p in fits]) for k in ("process", "centre", "mean"))
    r = np.stack([p.observation for p in fits])
    diagonal = np.eye(q.shape[-1])
    p = np.stack([p.variance for p in fits])[..., None] * diagonal
    q = q[..., None] * diagonal
    means, variances = [], []
    for t, (y, x) in enumerate(zip(data.returns, data.regressors, strict=True)):
        over = max(t - data.start, 0) // data.every  # refits whose time is over
        if over > len(fits) - len(b):
            f, q, c, r, b, p = (values[1:] for values in (f, q, c, r, b, p))
        b = c + f * (b - c)
        p = f[..., None] ** 2 * p + q
        mean, load = b @ x, p @ x
        total = load @ x + r
        if t >= data.start:
            means.append(mean[0])
            variances.append(total[0])
        b = b + load * ((y - mean) / total)[..., None]
        p = p - load[..., None] * (load / total[..., None])[..., None, :]
    return Predictions(np.stack(means), np.stack(variances))


def least_squares(data: Data, window: int | None = None, *, recent: bool = False) -> Predictions:
    """Predictions by least squares on all earlier rows, or the last ``window`` of them.

    Coefficients are those of the row before. The variance is as known at the last refit: the
    residual variance on all rows or, with a window, the mean square of all earlier predictions'
    errors, each over its own leverage. Where ``recent``, it is the window's residual variance.
    """
    x, y, m = data.regressors, data.returns, data.regressors.shape[1]
    first = 2 * m  # fewer rows tell nothing about the variance
    count = np.minimum(np.arange(first, len(y)), window or len(y))
    gram = _sums(x[:, :, None] * x[:, None, :], window)[first:]
    cross = _sums(x[:, :, None] * y[:, None, :], window)[first:]
    square = _sums(y**2, window)[first:]
    coefficients = np.linalg.solve(gram, cross)
    mean = np.einsum("tk,tkn->tn", x[first:], coefficients)
    load = np.linalg.solve(gram, x[first:, :, None])[..., 0]
    leverage = 1 + (load * x[first:]).sum(axis=1, keepdims=True)
    residual = (square - (coefficients * cross).sum(axis=1)) / (count - m)[:, None]
    if window is not None and not recent:
        errors = (y[first:] - mean) ** 2 / leverage
        residual = _sums(errors, None) / np.maximum(np.arange(len(errors)), 1)[:, None]
    rows = np.arange(data.start - first, len(mean))
    settled = rows if recent else rows[0] + (rows - rows[0]) // data.every * data.every
    return Predictions(mean[rows], residual[settled] * leverage[rows])


def _sums(values: FloatArray, window: int | None) -> FloatArray:
    """Sums over the rows before each one, all or the last ``window``."""
    total = np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])[:-1]
    if window is not None:
        total[window:] = total[window:] - total[:-window]
    return total


@dataclass(frozen=True)
class Score:
    """A gain with its standard error, for errors that cluster by date and in time."""

    value: float
    error: float


def log_score_gain(data: Data, found: Predictions, base: Predictions) -> Score:
    """Log predictive density per observation, less that of ``base``."""
    actual = data.returns[data.start :]
    return _average(_log_density(actual, found) - _log_density(actual, base))


def squared_error_ratio(data: Data, found: Predictions, base: Predictions) -> Score:
    """Mean squared error over that of ``base``, assets weighted by ``base``'s precision."""
    actual = data.returns[data.start :]
    errors, of_base = ((actual - p.mean) ** 2 / base.variance for p in (found, base))
    ratio = errors.mean() / of_base.mean()
    return Score(float(ratio), _average((errors - ratio * of_base) / of_base.mean()).error)


def _log_density(actual: FloatArray, found: Predictions) -> FloatArray:
    scaled = (actual - found.mean) ** 2 / found.variance
    return np.asarray(-0.5 * (np.log(2 * math.pi * found.variance) + scaled))


def _average(gains: FloatArray) -> Score:
    """Mean of (T, N) and its standard error by the dates' means, with Bartlett's weights.

    The truncation 1.3 sqrt(T) is that of Lazarus, Lewis, Stock and Watson, HAR Inference:
    Recommendations for Practice, 2018.
    """
    dates = gains.mean(axis=1)
    value, length = float(dates.mean()), len(dates)
    away = dates - value
    lags = math.ceil(1.3 * math.sqrt(length))
    long_run = away @ away + 2 * sum(
        (1 - lag / lags) * (away[lag:] @ away[:-lag]) for lag in range(1, lags)
    )
    return Score(value, math.sqrt(max(long_run, 0.0)) / length)

"""Who carries the risk of a portfolio."""

from __future__ import annotations

import numpy as np

from kfxl import arrays
from kfxl.arrays import FloatArray, Row
from kfxl.errors import InputError
from kfxl.portfolio.labels import adopt_labels


def risk_contributions(weights: object, covariance: object) -> Row:
    """Each asset's signed share of the portfolio variance, w_i (S w)_i / w'S w.

    Parameters
    ----------
    weights : array or Series, shape (N,)
        Weights w of any sign and sum; by name where both sides are labelled.
    covariance : array or DataFrame, shape (N, N)
        Covariance matrix S of returns per period, variance units of any scale. Assets that
        never move are allowed; their share is 0.

    Returns
    -------
    array or Series, shape (N,)
        Shares that sum to 1; negative for an asset that hedges the others. A Series if
        either argument is labelled.

    Raises
    ------
    InputError
        If shapes or names do not match, S is no covariance matrix, or the portfolio has no
        variance to share out.

    References
    ----------
    Maillard, Roncalli and Teiletche (2010), The Properties of Equally Weighted Risk
    Contribution Portfolios.

    Examples
    --------
    Volatilities of 20 % and 10 %, uncorrelated, held half and half:

    >>> risk_contributions([0.5, 0.5], [[0.04, 0.0], [0.0, 0.01]]).round(4).tolist()
    [0.8, 0.2]
    """
    square = arrays.covariance_matrix(covariance, "covariance", positive_diagonal=False)
    square = adopt_labels(square, weights)
    held = arrays.vector(weights, "weights", len(square.values), square.labels)
    parts = held * (square.values @ held)
    if has_no_variance(parts.sum(), held, square.values.diagonal()):
        raise InputError(
            "weights", "the portfolio has no variance to share out", "hold an asset that moves"
        )
    return square.row(parts / parts.sum())


def has_no_variance(variance: float, weights: FloatArray, variances: FloatArray) -> bool:
    """Whether a portfolio's variance is 0 up to rounding, next to its assets' own risk."""
    gross = float(np.abs(weights) @ np.sqrt(variances)) ** 2
    return not variance > 4 * len(weights) * np.finfo(float).eps * gross

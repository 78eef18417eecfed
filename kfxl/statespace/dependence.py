"""How much a sum of log-likelihoods over assets that move together exaggerates.

One ratio for all assets maximises the sum of their log-likelihoods, as if they were independent.
The score of each is a quadratic form of its noise, and the forms of two assets correlate by the
square of their noises' correlation. So twice the gain of the sum, and the square of the standard
error that it makes believe, are off by the sum of all squared correlations over their number of
assets: 1 where there are none, N where all assets are one and the same.

Source: C. Varin, N. Reid and D. Firth, An overview of composite likelihood methods, Statistica
Sinica 21, 2011, section 2.3.
"""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import BoolArray

ROUNDING = 1e-12  # of an asset's size: less than that is no residual


def exaggeration(observations: FloatArray, regressors: FloatArray, known: BoolArray) -> float:
    """The factor, from what constant coefficients leave of the observations that are ``known``.

    ``observations`` (T, N), ``regressors`` (T, m), NaN where missing, ``known`` (T, N). Squared
    correlations are freed of what chance adds to them (Ezekiel's adjustment).

    >>> one = np.array([[0.1], [-0.2], [0.3], [0.0], [-0.1]])
    >>> round(exaggeration(np.repeat(one, 3, axis=1), np.ones((5, 1)), np.ones((5, 3), bool)), 9)
    3.0
    """
    residuals = _residuals(observations, regressors, known)
    lengths = np.sqrt((residuals**2).sum(axis=0))
    sizes = np.sqrt((np.where(known, observations, 0.0) ** 2).sum(axis=0))
    moving = np.asarray(lengths > ROUNDING * sizes)
    assets = int(moving.sum())
    units = residuals[:, moving] / lengths[moving]
    # The sum of squares is the same for both products; one is the smaller.
    products = units.T @ units if assets <= len(units) else units @ units.T
    pairs = assets * (assets - 1)
    freedom = known.sum(axis=0)[moving].mean() - regressors.shape[1] if pairs else 0.0
    if freedom <= 1:
        return 1.0
    squares = float((products**2).sum()) - assets
    return 1.0 + max(float(freedom * squares - pairs) / float(freedom - 1), 0.0) / assets


def _residuals(observations: FloatArray, regressors: FloatArray, known: BoolArray) -> FloatArray:
    """(T, N), by least squares for each asset; 0 where not known."""
    states = regressors.shape[1]
    values = np.where(known, observations, 0.0)
    loads = np.where(np.asarray(known.any(axis=1))[:, None], regressors, 0.0)
    squares = (loads[:, :, None] * loads[:, None, :]).reshape(-1, states**2)
    gram = (known.T.astype(np.float64) @ squares).reshape(-1, states, states)
    coefficients = np.linalg.pinv(gram, hermitian=True) @ (values.T @ loads)[:, :, None]
    return np.where(known, values - loads @ coefficients[:, :, 0].T, 0.0)

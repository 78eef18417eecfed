"""States of shared regressions given all observations, for looking back only."""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import columns_of
from kfxl.statespace.diffuse_start import careful_recursion, rows_to_learn
from kfxl.statespace.regression_pieces import Part
from kfxl.statespace.regression_recursion import BoolArray
from kfxl.statespace.scalar_bank import NOTHING
from kfxl.statespace.shared_regression import RegressionModel

RANK_TOLERANCE = 1e-14
SMALL = 0.01  # transition below which dividing by it would cost more than it saves


def smooth_regressions(model: RegressionModel) -> tuple[FloatArray, FloatArray]:
    """Means and variances (T, N, m) given all observations (Rauch, Tung and Striebel, 1965).

    Filters once more, keeping the covariances (T, m, m) of some assets at a time.

    Examples
    --------
    >>> h = np.array([[1.0], [2.0], [3.0]])
    >>> still = RegressionModel(2 * h, h, 1.0, np.zeros((1, 1)), np.ones(1), np.zeros((1, 1)),
    ...                         np.full((1, 1), 1e9))
    >>> smooth_regressions(still)[0].round(6).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    (periods, assets), states = model.observations.shape, model.regressors.shape[1]
    means, variances = (np.empty((periods, assets, states)) for _ in range(2))
    for part in model.parts():
        columns = columns_of(part.assets)
        means[:, columns], variances[:, columns] = _smooth_part(part, model.transition)
    return means, variances * model.observation_variance[:, None]


def _smooth_part(part: Part, f: float) -> tuple[FloatArray, FloatArray]:
    """Means (T, C, m) and variances over r (T, C or 1, m) of some assets."""
    states, columns, groups = part.mean.shape
    periods = len(part.rows.values)
    means = np.empty((periods, groups, states, columns))
    covariances = np.empty((periods, groups, states, states))
    learnt = rows_to_learn(part.rows, states)
    for t, _ in enumerate(careful_recursion(part.rows, f, part.process, part.state, learnt)):
        means[t] = part.mean.transpose(2, 0, 1)
        covariances[t] = part.covariance.transpose(2, 0, 1)
    noise = part.process[:, 0].T[:, :, None] * np.eye(states)
    for t in range(periods - 2, -1, -1):
        # With G = Q P-^-1 the usual x + J (x' - f x) and P + J (P' - P-) J' become sums of small
        # terms, so that a diffuse P costs no digits; J = f P P-^-1 = (I - G) / f.
        inverse, certain = _inverse(f * f * covariances[t] + noise)
        kept = noise @ inverse + certain * np.eye(states)
        weights = (np.eye(states) - kept) / f if abs(f) > SMALL else f * covariances[t] @ inverse
        means[t] = kept @ means[t] + weights @ means[t + 1]
        covariances[t] = _sandwich(kept, covariances[t]) + _sandwich(
            weights, noise + covariances[t + 1]
        )
    variances = covariances.diagonal(axis1=2, axis2=3)
    return means.transpose(0, 1, 3, 2).reshape(periods, -1, states), variances


def _sandwich(outer: FloatArray, inner: FloatArray) -> FloatArray:
    return np.asarray(outer @ inner @ outer.swapaxes(-1, -2))


def _inverse(covariances: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Inverses (A, m, m), and which states (A, m, 1) are certain and have no part in them.

    Those are known exactly, or have died away so far that their variance loses digits: no later
    observation says anything of them, and they stay as they are.
    """
    variances = covariances.diagonal(axis1=1, axis2=2)
    certain = variances < NOTHING
    scale = np.where(certain, 0.0, 1 / np.sqrt(np.where(certain, 1.0, variances)))
    outer = scale[:, :, None] * scale[:, None, :]
    inverse = np.linalg.pinv(covariances * outer, rcond=RANK_TOLERANCE, hermitian=True) * outer
    return np.asarray(inverse), np.asarray(certain[:, :, None])

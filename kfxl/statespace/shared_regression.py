"""Time-varying regressions that share regressors: one state vector and one return per asset.

    b_t = f b_{t-1} + w_t,  w ~ N(0, diag(q))        y_t = h_t' b_t + v_t,  v ~ N(0, r)

Everything is divided by r, so that assets with the same ratios q / r, the same P_0 / r and the
same missing values share one covariance and one gain: a period then costs O(K^2 + N K) in place
of O(N K^2) for K states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.diffuse_start import careful_recursion
from kfxl.statespace.regression_recursion import Rows, same_missing


@dataclass(frozen=True)
class RegressionBank:
    """Filtered states of N regressions with m states each over T periods.

    ``mean``, ``variance`` (T, N, m) are b_{t|t} and the diagonal of its covariance;
    ``latest_covariance`` (N, m, m) the whole covariance after the last period; ``predicted``
    (T, N) the return one step ahead, h_t' f b_{t-1|t-1} (0 where a regressor is missing);
    ``log_likelihood`` (N,) the sum over all observed values, the 2 pi constant included.
    """

    mean: FloatArray
    variance: FloatArray
    latest_covariance: FloatArray
    predicted: FloatArray
    log_likelihood: FloatArray


@dataclass(frozen=True)
class RegressionModel:
    """N regressions with m states each, and all their variances.

    ``observations`` (T, N) and ``regressors`` (T, m), NaN where missing: a missing observation is
    skipped for its asset, a row with a missing regressor for all assets. ``process_variance``
    (N, m), ``observation_variance`` (N,) positive; ``initial_mean`` and ``initial_variance``
    (N, m) are the state before the first prediction.
    """

    observations: FloatArray
    regressors: FloatArray
    transition: float
    process_variance: FloatArray
    observation_variance: FloatArray
    initial_mean: FloatArray
    initial_variance: FloatArray

    def start(self) -> tuple[Rows, FloatArray, FloatArray, FloatArray]:
        """Rows, q / r, mean and covariance / r for :func:`recursion`; shared where possible."""
        over = self.observation_variance[:, None]
        process, initial = (self.process_variance / over).T, (self.initial_variance / over).T
        ratios = np.vstack([process, initial])
        shared = bool((ratios == ratios[:, :1]).all()) and same_missing(self.observations)
        rows = Rows.of(self.observations, self.regressors, shared=shared)
        groups, states = rows.values.shape[1], len(process)
        covariance = np.zeros((states, states, 1, groups))
        covariance[np.arange(states), np.arange(states), 0] = initial[:, :groups]
        mean = self.initial_mean.T.reshape(states, 1, *rows.values.shape[1:]).copy()
        return rows, process[:, None, :groups].copy(), mean, covariance


def filter_regressions(model: RegressionModel) -> RegressionBank:
    """Run N regressions on the same regressors: each period one prediction, then one update.

    Examples
    --------
    >>> h = np.array([[1.0], [2.0], [3.0]])
    >>> still = RegressionModel(2 * h, h, 1.0, np.zeros((1, 1)), np.ones(1), np.zeros((1, 1)),
    ...                         np.full((1, 1), 1e9))
    >>> filter_regressions(still).mean.round(6).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    rows, process, mean, covariance = model.start()
    (periods, assets), states = model.observations.shape, len(process)
    groups = covariance.shape[-1]
    means = np.empty((periods, states, assets))
    variances = np.empty((periods, states, groups))
    standardised = np.empty((periods, assets))
    totals = np.empty((periods, groups))
    diagonal = np.arange(states)
    steps = careful_recursion(rows, model.transition, process, mean, covariance)
    for t, (innovation, total) in enumerate(steps):
        means[t] = mean.reshape(states, assets)
        variances[t] = covariance[diagonal, diagonal, 0]
        standardised[t] = innovation.ravel()
        totals[t] = total
    r = model.observation_variance
    innovations = standardised * np.sqrt(totals)
    return RegressionBank(
        mean=np.ascontiguousarray(means.transpose(0, 2, 1)),
        variance=variances.transpose(0, 2, 1) * r[:, None],
        latest_covariance=covariance[:, :, 0].transpose(2, 0, 1) * r[:, None, None],
        predicted=rows.values.reshape(periods, assets) - innovations,
        log_likelihood=log_likelihood(np.where(rows.seen, innovations, np.nan), totals * r),
    )


def log_likelihood(innovations: FloatArray, innovation_variance: FloatArray) -> FloatArray:
    """Gaussian log-likelihood (N,) of innovations (T, N), NaN left out."""
    terms = np.log(2 * np.pi * innovation_variance) + innovations**2 / innovation_variance
    return np.asarray(-0.5 * np.nansum(terms, axis=0))

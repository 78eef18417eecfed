"""Gaps for time-varying regressions, and independent references: statsmodels, exact fractions."""

from fractions import Fraction
from typing import Any

import numpy as np
from statsmodels.tsa.statespace.mlemodel import MLEModel

from kfxl.arrays import FloatArray


def put_gaps(observations: FloatArray, rng: np.random.Generator) -> None:
    """Columns of four kinds in turn: complete, late, with common gaps, with gaps of their own."""
    observations[: len(observations) // 3, 1::4] = np.nan
    observations[10:40, 2::4] = np.nan
    own = observations[:, 3::4]
    own[rng.random(own.shape) < 0.1] = np.nan


def statsmodels_regression(
    observations: FloatArray,
    regressors: FloatArray,
    *,
    transition: float,
    process: FloatArray,
    r: float,
    mean: FloatArray,
    variance: FloatArray,
) -> Any:
    """Filtered and smoothed result for one asset, from the state before the first prediction."""
    states = regressors.shape[1]
    missing = np.isnan(regressors).any(axis=1)
    model = MLEModel(np.where(missing, np.nan, observations), k_states=states)
    model.ssm["design"] = np.where(missing[:, None], 0.0, regressors).T[None]
    model["transition"] = transition * np.eye(states)
    model["selection"] = np.eye(states)
    model["state_cov"] = np.diag(process)
    model["obs_cov"] = np.array([[r]])
    # statsmodels starts from the first prediction, kfxl from the state before it.
    model.ssm.initialize_known(transition * mean, np.diag(transition**2 * variance + process))
    model.ssm.tolerance = 0  # never switch to a steady state
    return model.smooth([])


def decaying_regression(
    observations: FloatArray, regressors: FloatArray, transition: float, r: float
) -> tuple[FloatArray, FloatArray]:
    """Smoothed states and deviations (T, m) without process noise, prior mean 1, variance 1.

    Then b_t = f^t b_0, and b_0 has the posterior of a linear regression on f^t h_t.
    """
    decay = transition ** np.arange(1.0, len(regressors) + 1)[:, None]
    design = decay * regressors
    covariance = np.linalg.inv(design.T @ design / r + np.eye(design.shape[1]))
    first = covariance @ (design.T @ observations / r + 1.0)
    return decay * first, np.abs(decay) * np.sqrt(covariance.diagonal())


def exact_regression(
    observations: FloatArray, regressors: FloatArray, ratio: float, prior: float
) -> FloatArray:
    """Filtered states (T, m) of one random-walk regression with r = 1, in rational arithmetic."""
    states = range(regressors.shape[1])
    mean = [Fraction(0) for _ in states]
    cov = [[Fraction(prior) * (i == j) for j in states] for i in states]
    out = []
    for y, row in zip(observations, regressors, strict=True):
        h = [Fraction(float(x)) for x in row]
        for i in states:
            cov[i][i] += Fraction(ratio)
        loaded = [sum(cov[i][j] * h[j] for j in states) for i in states]
        total = 1 + sum(h[i] * loaded[i] for i in states)
        gap = Fraction(float(y)) - sum(h[i] * mean[i] for i in states)
        mean = [mean[i] + loaded[i] * gap / total for i in states]
        cov = [[cov[i][j] - loaded[i] * loaded[j] / total for j in states] for i in states]
        out.append([float(x) for x in mean])
    return np.array(out)

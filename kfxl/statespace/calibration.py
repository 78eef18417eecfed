"""Maximum likelihood of the noise variances: which ratio q / r, pooled or per asset.

One ratio of process to observation variance holds for all states of an asset, so regressors
should be brought to one scale first. The search runs over a grid of ratios, 0 among them, and
refines around the best. A ratio is 0 or between 1e-8 and 100; an observation variance that is
sought for a given process variance lies between 1e-8 and 10 times the asset's mean square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.likelihood import Likelihood, Regressions
from kfxl.statespace.maximum import maximise
from kfxl.statespace.regression_recursion import BoolArray

LOG_RATIOS = np.linspace(-8, 2, 21)
LOG_OBSERVATION_VARIANCES = np.linspace(-8, 1, 19)  # over the asset's mean square
EXACT = 1e-10  # observation variance over mean square that is no noise but rounding


@dataclass(frozen=True)
class Variances:
    """Maximum-likelihood variances: ``process`` (N, m) and ``observation`` (N,).

    ``exact`` (N,) marks assets whose observation variance is no more than rounding: their
    likelihood has no maximum and their variances mean nothing.
    """

    process: FloatArray
    observation: FloatArray
    exact: BoolArray


def calibrate(
    model: Regressions,
    *,
    process_variance: FloatArray | None = None,
    observation_variance: FloatArray | None = None,
    pooled: bool = True,
    threshold: float = 0.0,
) -> Variances:
    """Estimate the variances that are not given.

    Parameters
    ----------
    model
        Observations, regressors, transition and initial state.
    process_variance, observation_variance
        (N, m) and (N,), or None where to be estimated. With a given process variance each asset
        gets the observation variance that is best for it, pooled or not; with a given
        observation variance the ratio is the only unknown.
    pooled
        One ratio for all assets, maximising the sum of their log-likelihoods; else one each.
    threshold
        The ratio is 0 unless twice the gain in log-likelihood over ratio 0 exceeds this.

    Examples
    --------
    >>> z = np.array([[1.0], [-1.0], [2.0], [-2.0]])
    >>> model = Regressions(z, np.ones((4, 1)), 1.0, np.zeros((1, 1)), None)
    >>> found = calibrate(model)
    >>> found.process.item(), round(found.observation.item(), 4)
    (0.0, 3.3333)
    """
    likelihood = Likelihood(model)
    unit = likelihood.unit**2
    given = None if observation_variance is None else observation_variance / unit
    if process_variance is None:
        ratio, r = _best_ratio(likelihood, given, pooled=pooled, threshold=threshold)
        observation = r * unit if observation_variance is None else observation_variance
        process = np.repeat((ratio * observation)[:, None], likelihood.states, axis=1)
    else:
        process = process_variance
        r = _best_observation(likelihood, process.T / unit) if given is None else given
        observation = r * unit if observation_variance is None else observation_variance
    mean_square = likelihood.mean_square
    exact = (observation <= EXACT * mean_square) | (mean_square == 0)
    return Variances(process, observation, exact)


def _best_ratio(
    likelihood: Likelihood, given: FloatArray | None, *, pooled: bool, threshold: float
) -> tuple[FloatArray, FloatArray]:
    """Ratio and observation variance (N,) in the likelihood's units; the latter may be given."""

    def profile(ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
        process = np.broadcast_to(ratios, (likelihood.states, *ratios.shape))
        if given is None:
            values, r = likelihood.concentrated(process)
        else:
            values = likelihood.given(process, given)
            r = np.broadcast_to(given, values.shape)
        return values.sum(axis=1, keepdims=True) if pooled else values, r

    ratios = np.concatenate([[0.0], 10.0**LOG_RATIOS])
    values, r = profile(ratios[:, None])
    log_ratio, peak = maximise(lambda log: profile(10.0**log)[0], LOG_RATIOS, values[1:])
    ratio = np.where(2 * (peak - values[0]) > threshold, 10.0**log_ratio, 0.0)
    if ratio.any():
        r = profile(ratio[None])[1]
    return np.resize(ratio, likelihood.assets), r[0]


def _best_observation(likelihood: Likelihood, process: FloatArray) -> FloatArray:
    """Observation variances (N,) for process variances (m, N), in the likelihood's units."""

    def objective(log: FloatArray) -> FloatArray:
        r = 10.0 ** np.broadcast_to(log, (len(log), likelihood.assets))
        return likelihood.given(process[:, None] / r, r)

    grid = LOG_OBSERVATION_VARIANCES
    return np.asarray(10.0 ** maximise(objective, grid, objective(grid[:, None]))[0])

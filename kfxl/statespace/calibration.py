"""Maximum likelihood of the noise variances: which ratio q / r, pooled or per asset.

One ratio of process to observation variance holds for all states of an asset, so regressors
should be brought to one scale first. The search runs over a grid of ratios, 0 among them, and
refines around the best. A ratio is 0 or between 1e-8 and 100; an observation variance that is
sought for a given process variance lies between 1e-8 and 10 times the asset's mean square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.dependence import exaggeration
from kfxl.statespace.likelihood import Likelihood, Regressions
from kfxl.statespace.maximum import interpolate, maximise
from kfxl.statespace.regression_recursion import BoolArray

LOG_TEN = float(np.log(10.0))
LOG_RATIOS = np.linspace(-8, 2, 21)
LOG_OBSERVATION_VARIANCES = np.linspace(-8, 1, 19)  # over the asset's mean square
LOG_REVERSIONS = np.linspace(-4, 0, 9)  # of 1 - f, where the transition is sought too
EDGE = 1e-6
EXACT = 1e-10  # observation variance over mean square that is no noise but rounding


@dataclass(frozen=True)
class Variances:
    """Maximum-likelihood variances: ``process`` (N, m) and ``observation`` (N,).

    ``exact`` (N,) marks assets whose observation variance is no more than rounding: their
    likelihood has no maximum and their variances mean nothing.

    ``log_likelihood`` (N,) is that of all but each asset's first m values. ``deviation`` (N,) is
    the standard error of the logarithm of what was sought (the ratio, or the observation variance
    beside a given process variance), from the curvature of the likelihood: NaN ``at_bound`` (N,),
    where that is at the edge of its range, or not sought. ``gain`` (N,) is twice what the
    likelihood gains over ratio 0, before the threshold. With one ratio for all it is that of
    their sum, and both are freed of what dependence exaggerates: see
    :mod:`kfxl.statespace.dependence`.
    """

    process: FloatArray
    observation: FloatArray
    exact: BoolArray
    log_likelihood: FloatArray
    deviation: FloatArray
    at_bound: BoolArray
    gain: FloatArray


@dataclass(frozen=True)
class _Optimum:
    """Ratio and observation variance at the optimum, (N,), in the likelihood's units."""

    ratio: FloatArray
    observation: FloatArray
    value: FloatArray
    deviation: FloatArray
    at_bound: BoolArray
    gain: FloatArray


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
        The ratio is 0 unless the ``gain`` over ratio 0 exceeds this.

    Examples
    --------
    >>> z = np.array([[1.0], [-1.0], [2.0], [-2.0]])
    >>> model = Regressions(z, np.ones((4, 1)), 1.0, np.zeros((1, 1)), None)
    >>> found = calibrate(model)
    >>> found.process.item(), round(found.observation.item(), 4), found.at_bound.item()
    (0.0, 3.3333, True)
    """
    likelihood = Likelihood(model)
    unit = likelihood.unit**2
    given = None if observation_variance is None else observation_variance / unit
    if process_variance is None:
        found = _best_ratio(likelihood, given, pooled=pooled, threshold=threshold)
    else:
        found = _best_observation(likelihood, process_variance.T / unit, given)
    observation = observation_variance
    if observation is None:
        observation = found.observation * unit
    process = process_variance
    if process is None:
        process = np.repeat((found.ratio * observation)[:, None], likelihood.states, axis=1)
    mean_square = likelihood.mean_square
    exact = (observation <= EXACT * mean_square) | (mean_square == 0)
    value = likelihood.as_given(found.value)
    report = found.deviation, found.at_bound, found.gain
    return Variances(process, observation, exact, value, *report)


def calibrate_transition(
    model: Regressions, *, threshold: float = 0.0, **settings: Any
) -> tuple[float, Variances]:
    """One transition from 0 to 1 for all assets, and the variances that go with it.

    It maximises the sum of the log-likelihoods at each transition's own best variances, and is 1
    unless twice the gain over 1, freed of what dependence exaggerates, exceeds ``threshold``.
    ``settings`` are those of :func:`calibrate`; the transition of ``model`` is not used.
    """
    excess = exaggeration(model.observations, model.regressors, model.known())

    def at(log: FloatArray) -> FloatArray:
        models = (replace(model, transition=1.0 - 10.0 ** float(x)) for x in log.ravel())
        values = [calibrate(one, **settings).log_likelihood.sum() for one in models]
        return np.array(values)[:, None]

    constant = replace(model, transition=1.0)
    still = calibrate(constant, **settings).log_likelihood.sum()
    log, peak = maximise(at, LOG_REVERSIONS, at(LOG_REVERSIONS))
    if 2 * (peak.item() - still) / excess > threshold:
        constant = replace(model, transition=1.0 - 10.0 ** log.item())
    return constant.transition, calibrate(constant, threshold=threshold, **settings)


def _best_ratio(
    likelihood: Likelihood, given: FloatArray | None, *, pooled: bool, threshold: float
) -> _Optimum:
    """The best ratio, one or one each; the observation variance may be given."""
    assets, excess = likelihood.assets, 1.0
    if pooled:
        excess = exaggeration(likelihood.observations, likelihood.regressors, likelihood.known)

    def profile(ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
        process = np.broadcast_to(ratios, (likelihood.states, *ratios.shape))
        if given is None:
            return likelihood.concentrated(process)
        values = likelihood.given(process, given)
        return values, np.broadcast_to(given, values.shape)

    def target(values: FloatArray) -> FloatArray:
        return values.sum(axis=1, keepdims=True) if pooled else values

    ratios = np.concatenate([[0.0], 10.0**LOG_RATIOS])
    values, r = profile(ratios[:, None])
    sums = target(values)
    around = interpolate(lambda log: target(profile(10.0**log)[0]), LOG_RATIOS, sums[1:])
    log_ratio, peak = around.maximum()
    gain = 2 * (peak - sums[0]) / excess
    moves = gain > threshold
    ratio = np.where(moves, 10.0**log_ratio, 0.0)
    if ratio.any():
        values, r = profile(ratio[None])
    deviation, edge = _precision(log_ratio, around.curvature(log_ratio), LOG_RATIOS)
    deviation = np.where(moves, deviation * np.sqrt(excess), np.nan)
    report = (np.resize(one, assets) for one in (deviation, edge | ~moves, gain))
    return _Optimum(np.resize(ratio, assets), r[0], values[0], *report)


def _best_observation(
    likelihood: Likelihood, process: FloatArray, given: FloatArray | None
) -> _Optimum:
    """The best observation variances for process variances (m, N), unless they are given too."""
    none, within = np.full(likelihood.assets, np.nan), np.zeros(likelihood.assets, dtype=bool)

    def objective(log: FloatArray) -> FloatArray:
        r = 10.0 ** np.broadcast_to(log, (len(log), likelihood.assets))
        return likelihood.given(process[:, None] / r, r)

    if given is not None:
        value = likelihood.given((process / given)[:, None], given)[0]
        return _Optimum(none, given, value, none, within, none)
    grid = LOG_OBSERVATION_VARIANCES
    around = interpolate(objective, grid, objective(grid[:, None]))
    log, peak = around.maximum()
    deviation, edge = _precision(log, around.curvature(log), grid)
    return _Optimum(none, 10.0**log, peak, deviation, edge, none)


def _precision(
    log: FloatArray, curvature: FloatArray, grid: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Standard errors of natural logarithms from log10 and second derivatives by it; the edges."""
    inside = (log > grid[0] + EDGE) & (log < grid[-1] - EDGE) & (curvature < 0)
    edge = np.asarray(~inside)
    return np.where(edge, np.nan, LOG_TEN / np.sqrt(np.where(edge, 1.0, -curvature))), edge

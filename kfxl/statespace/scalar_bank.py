"""Many scalar Kalman filters side by side: one state and one observation per asset.

    x_t = f x_{t-1} + w_t,  w ~ N(0, q)        z_t = x_t + v_t,  v ~ N(0, r)

The variances do not depend on the data, so their recursion is run first (once for all assets
that share parameters and missing values, and no further than its fixed point); the states then
take one multiplication and one addition a period.

Source: R. E. Kalman, A new approach to linear filtering and prediction problems, 1960.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray

FIXED_POINT = 4 * np.finfo(float).eps
NOTHING = 1e-290  # variance below which rounding is no longer relative


@dataclass(frozen=True)
class ScalarBank:
    """Filtered states of N scalar models over T periods.

    ``transition`` and ``process_variance`` (N,) are f and q as given; ``mean``, ``variance``
    (T, N) are x_{t|t} and its variance; ``predicted_mean``, ``predicted_variance`` (T, N) the
    same one step ahead, before the period's observation;
    ``innovation_variance`` (T, N) the variance of the observation given the earlier ones;
    ``log_likelihood`` (N,) the sum over all observed values, the 2 pi constant included.
    """

    transition: float
    process_variance: FloatArray
    mean: FloatArray
    variance: FloatArray
    predicted_mean: FloatArray
    predicted_variance: FloatArray
    innovation_variance: FloatArray
    log_likelihood: FloatArray


def filter_bank(
    observations: FloatArray,
    *,
    transition: float,
    process_variance: FloatArray,
    observation_variance: FloatArray,
    initial_mean: FloatArray,
    initial_variance: FloatArray,
) -> ScalarBank:
    """Run N scalar filters: each period one prediction, then one update.

    Parameters
    ----------
    observations
        (T, N); NaN is a missing value, where the state is predicted and not updated.
    transition
        f, one number for all assets.
    process_variance, observation_variance
        (N,) q >= 0 and r > 0, in squared units of the observations.
    initial_mean, initial_variance
        (N,) state before the first prediction, x_0 and P_0.

    Examples
    --------
    >>> one = np.ones(1)
    >>> bank = filter_bank(np.array([[1.0], [2.0]]), transition=1.0, process_variance=0 * one,
    ...                    observation_variance=one, initial_mean=0 * one, initial_variance=one)
    >>> bank.mean.ravel().tolist()
    [0.5, 1.0]
    """
    observed = ~np.isnan(observations)
    parameters = np.vstack([process_variance, observation_variance, initial_variance])
    alike = (parameters == parameters[:, :1]).all() and (observed == observed[:, :1]).all()
    shared = slice(0, 1) if alike else slice(None)
    q, r, p0 = parameters[:, shared]
    predicted_variance = _variance_path(observed[:, shared], transition, q, r, p0)
    total = predicted_variance + r
    kept = np.where(observed[:, shared], r / total, 1.0)
    gain = np.where(observed[:, shared], predicted_variance / total, 0.0)
    mean = _states(observations, observed, transition * kept, gain, initial_mean)
    predicted_mean = transition * np.vstack([initial_mean, mean[:-1]])
    whole = observations.shape
    return ScalarBank(
        transition=transition,
        process_variance=process_variance,
        mean=mean,
        variance=np.array(np.broadcast_to(predicted_variance * kept, whole)),
        predicted_mean=predicted_mean,
        predicted_variance=np.array(np.broadcast_to(predicted_variance, whole)),
        innovation_variance=np.array(np.broadcast_to(total, whole)),
        log_likelihood=log_likelihood(observations - predicted_mean, total),
    )


def _variance_path(
    observed: npt.NDArray[np.bool_],
    transition: float,
    q: FloatArray,
    r: FloatArray,
    p0: FloatArray,
) -> FloatArray:
    """Predicted variances (T, N or 1); p = r p- / (p- + r) keeps a diffuse start accurate."""
    path = np.empty(observed.shape)
    complete = bool(observed.all())
    squared = transition * transition
    filtered = p0
    for t, seen in enumerate(observed):
        predicted = path[t]
        np.multiply(filtered, squared, out=predicted)
        predicted += q
        filtered = predicted * (r / (predicted + r))
        if not complete:
            filtered = np.where(seen, filtered, predicted)
        # Looking for the fixed point costs as much as a step: look at every eighth only.
        elif t % 8 == 7 and (np.abs(predicted - path[t - 1]) <= FIXED_POINT * predicted).all():
            path[t:] = predicted
            break
    return path


def _states(
    observations: FloatArray,
    observed: npt.NDArray[np.bool_],
    carry: FloatArray,
    gain: FloatArray,
    initial_mean: FloatArray,
) -> FloatArray:
    """x_t = f (1 - K_t) x_{t-1} + K_t z_t for every asset at once, (T, N)."""
    states: FloatArray = gain * np.where(observed, observations, 0.0)
    previous = initial_mean
    for t, share in enumerate(carry):
        states[t] += share * previous
        previous = states[t]
    return states


def log_likelihood(innovations: FloatArray, innovation_variance: FloatArray) -> FloatArray:
    """Gaussian log-likelihood (N,) of innovations (T, N), NaN left out."""
    terms = np.log(2 * np.pi * innovation_variance) + innovations**2 / innovation_variance
    return np.asarray(-0.5 * np.nansum(terms, axis=0))


def smooth_bank(bank: ScalarBank) -> tuple[FloatArray, FloatArray]:
    """Means and variances (T, N) given all observations (Rauch, Tung and Striebel, 1965)."""
    mean, variance = bank.mean.copy(), bank.variance.copy()
    ahead = bank.predicted_variance[1:]
    # With g = q / p- the usual x + J (x' - f x) becomes a sum of small terms, so that a diffuse p
    # costs no digits. A state that is known exactly (0 / 0), or has died away so far that its
    # variance loses digits, stays as it is: no later value says anything of it.
    certain = ahead < NOTHING
    safe = np.where(certain, 1.0, ahead)
    kept = np.where(certain, 1.0, bank.process_variance / safe)
    weights = np.where(certain, 0.0, bank.transition * variance[:-1] / safe)
    for t in range(len(mean) - 2, -1, -1):
        mean[t] = kept[t] * mean[t] + weights[t] * mean[t + 1]
        variance[t] = kept[t] ** 2 * variance[t] + weights[t] ** 2 * (
            bank.process_variance + variance[t + 1]
        )
    return mean, variance

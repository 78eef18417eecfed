"""Many scalar Kalman filters side by side: one state and one observation per asset.

    x_t = f x_{t-1} + w_t,  w ~ N(0, q)        z_t = x_t + v_t,  v ~ N(0, r)

The variances do not depend on the data. Divided by r they are one path for all assets with the
same q / r, P_0 / r and missing values, and what that path does to a block of rows is one small
matrix. Assets that have paths of their own take their rows one by one, side by side.

Source: R. E. Kalman, A new approach to linear filtering and prediction problems, 1960.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import WIDE, BoolArray, IntArray, alike
from kfxl.statespace.row_blocks import multiply, operators_of, scan

FIXED_POINT = 4 * np.finfo(float).eps
NOTHING = 1e-290  # variance below which rounding is no longer relative
STEP, LONGEST = 16, 64  # rows that one matrix product takes on, for many assets and for few
CACHE = 128_000  # numbers that stay in the processor's cache
CANCELS = 1e3  # F from which on z - x keeps too few digits of the innovation


@dataclass(frozen=True)
class ScalarBank:
    """Filtered states of N scalar models over T periods.

    ``transition``, and ``process_variance`` and ``observation_variance`` (N,), are f, q and r as
    given; ``mean`` (T, N) is x_{t|t}, or (1, N) of the last row alone; ``relative_variance`` its
    variance over r, one column where all assets share it; ``log_likelihood`` (N,) the sum over
    all observed values, the 2 pi constant included.
    """

    transition: float
    process_variance: FloatArray
    observation_variance: FloatArray
    mean: FloatArray
    relative_variance: FloatArray
    log_likelihood: FloatArray

    @property
    def variance(self) -> FloatArray:
        """Variances of the states, shaped as their means."""
        return self.relative_variance * self.observation_variance


@dataclass(frozen=True)
class _Lanes:
    """Assets in units of their r: q / r, P_0 / r and x_0 (N,), observations 0 where missing."""

    values: FloatArray
    observed: BoolArray
    transition: float
    ratio: FloatArray
    prior: FloatArray
    start: FloatArray

    def __getitem__(self, group: IntArray) -> _Lanes:
        if len(group) == len(self.ratio):
            return self
        values, observed = self.values[:, group], self.observed[:, group]
        own = self.ratio[group], self.prior[group], self.start[group]
        return _Lanes(values, observed, self.transition, *own)


# Means (T or 1, N); variances over r, in one column where they are shared; and the sums (3, N)
# over rows: of observed values, of squared innovations over, and of logarithms of, F = their
# variance over r.
_Filtered = tuple[FloatArray, FloatArray, FloatArray]


def filter_bank(
    observations: FloatArray,
    *,
    transition: float,
    process_variance: FloatArray,
    observation_variance: FloatArray,
    initial_mean: FloatArray,
    initial_variance: FloatArray,
    history: bool = True,
    complete: bool = False,
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
    history
        False keeps the state after the last row alone.
    complete
        True where it is known that nothing is missing.

    Examples
    --------
    >>> one = np.ones(1)
    >>> bank = filter_bank(np.array([[1.0], [2.0]]), transition=1.0, process_variance=0 * one,
    ...                    observation_variance=one, initial_mean=0 * one, initial_variance=one)
    >>> bank.mean.ravel().tolist()
    [0.5, 1.0]
    """
    complete = complete or not np.isnan(observations.min())
    observed = np.broadcast_to(True, observations.shape) if complete else ~np.isnan(observations)
    values = observations if complete else np.where(observed, observations, 0.0)
    r = observation_variance
    ratio, prior = process_variance / r, initial_variance / r
    lanes = _Lanes(values, observed, transition, ratio, prior, initial_mean)
    shared, rest = alike(observed[:1] if complete else observed, ratio, prior)
    parts = [(group, _filter_shared(lanes[group], history=history)) for group in shared]
    if rest.size:
        parts.append((rest, _filter_apart(lanes[rest], history=history)))
    mean, variance, (count, squares, logs) = _together(parts, len(r))
    return ScalarBank(
        transition=transition,
        process_variance=process_variance,
        observation_variance=r,
        mean=mean,
        relative_variance=variance,
        log_likelihood=-0.5 * (count * np.log(2 * np.pi * r) + squares / r + logs),
    )


def _together(parts: list[tuple[IntArray, _Filtered]], assets: int) -> _Filtered:
    """The results of all groups of assets, each in its columns."""
    if len(parts) == 1:
        return parts[0][1]
    mean, variance, sums = (np.empty((len(array), assets)) for array in parts[0][1])
    for group, found in parts:
        for whole, part in zip((mean, variance, sums), found, strict=True):
            whole[:, group] = part
    return mean, variance, sums


def _filter_shared(lanes: _Lanes, *, history: bool) -> _Filtered:
    """Assets that share one path of variances, whose first one's it is."""
    seen, assets = lanes.observed[:, 0], lanes.values.shape[1]
    path, total = _variance_path(seen, lanes.transition, lanes.ratio[0], lanes.prior[0])
    mean, squares = _states(lanes, seen * path, total, history=history)
    count, logs = (np.full(assets, number) for number in (seen.sum(), np.log(total).sum()))
    return mean, path[-len(mean) :, None], np.stack([count, squares, logs])


def _variance_path(
    seen: BoolArray, transition: float, ratio: float, prior: float
) -> tuple[FloatArray, FloatArray]:
    """Filtered variance and innovation variance (T,) over r; the latter 1 where none is seen."""
    path, total = np.empty(len(seen)), np.ones(len(seen))
    squared, variance, complete = transition * transition, float(prior), bool(seen.all())
    for t, known in enumerate(seen.tolist()):
        predicted, last = squared * variance + ratio, variance
        # p = p- / (p- + 1) keeps a diffuse start accurate.
        variance = predicted / (predicted + 1.0) if known else predicted
        path[t] = variance
        if known:
            total[t] = predicted + 1.0
        if complete and abs(variance - last) <= FIXED_POINT * variance:
            path[t:], total[t:] = variance, predicted + 1.0
            break
    return path, total


def _states(
    lanes: _Lanes, gain: FloatArray, total: FloatArray, *, history: bool
) -> tuple[FloatArray, FloatArray]:
    """x_t = f x_{t-1} / F_t + K_t z_t, (T or 1, N), and the sums of squared innovations over F."""
    periods, assets = lanes.values.shape
    carry, seen = lanes.transition / total, lanes.observed[:, 0]
    step = min(max(STEP, CACHE // 16 // assets), LONGEST)
    size = min(max(1, CACHE // assets // step) * step, periods) if assets >= WIDE else periods
    operators = operators_of(gain, carry, step) if assets >= WIDE else None
    mean = np.empty((periods if history else size, assets))
    errors, squares = np.empty((size, assets)), np.zeros(assets)
    state = lanes.start
    for first in range(0, periods, size):
        rows = slice(first, min(first + size, periods))
        values = lanes.values[rows]
        states = mean[rows] if history else mean[: len(values)]
        if operators is None:
            scan(values, gain, carry, state, states)
        else:
            multiply(values, operators[first // step :], state, states)
        scales, off = total[rows], errors[: len(values)]
        if scales.max() < CANCELS:  # z - x = v / F is there already
            np.subtract(values, states, out=off)
        else:
            np.multiply(state, lanes.transition, out=off[0])
            np.multiply(states[:-1], lanes.transition, out=off[1:])
            np.subtract(values, off, out=off)
            scales = 1 / scales
        np.multiply(off, off, out=off)
        squares += (seen[rows] * scales) @ off
        state = states[-1].copy()
    return (mean if history else state[None]), squares


def _filter_apart(lanes: _Lanes, *, history: bool) -> _Filtered:
    """Assets with a path of variances each, row by row."""
    periods, assets = lanes.values.shape
    shape = (periods if history else 1, assets)
    mean, variance, sums = np.empty(shape), np.empty(shape), np.zeros((3, assets))
    seen = lanes.observed.astype(np.float64)
    size = min(max(STEP, CACHE // assets), periods)
    squared = lanes.transition * lanes.transition
    errors, totals = np.empty((2, size, assets))
    state, path, gain = lanes.start.copy(), lanes.prior.copy(), np.empty(assets)
    for first in range(0, periods, size):
        rows = slice(first, min(first + size, periods))
        count = rows.stop - first
        for t, error, total, known in zip(
            range(first, rows.stop), errors, totals, seen[rows], strict=False
        ):
            path *= squared
            path += lanes.ratio
            np.multiply(path, known, out=total)
            np.add(total, 1.0, out=total)
            path /= total  # as predicted where nothing is seen
            np.multiply(path, known, out=gain)
            state *= lanes.transition
            np.subtract(lanes.values[t], state, out=error)
            np.multiply(error, gain, out=gain)
            state += gain
            mean[t if history else 0] = state
            variance[t if history else 0] = path
        sums[0] += seen[rows].sum(axis=0)
        sums[1] += (seen[rows] * errors[:count] ** 2 / totals[:count]).sum(axis=0)
        sums[2] += np.log(totals[:count]).sum(axis=0)
    return mean, variance, sums


def smooth_bank(bank: ScalarBank) -> tuple[FloatArray, FloatArray]:
    """Means and variances (T, N) given all observations (Rauch, Tung and Striebel, 1965)."""
    mean, variance = bank.mean.copy(), bank.variance
    q = bank.process_variance
    ahead = bank.transition**2 * variance[:-1] + q
    # With g = q / p- the usual x + J (x' - f x) becomes a sum of small terms, so that a diffuse p
    # costs no digits. A state that is known exactly (0 / 0), or has died away so far that its
    # variance loses digits, stays as it is: no later value says anything of it.
    certain = ahead < NOTHING
    safe = np.where(certain, 1.0, ahead)
    kept = np.where(certain, 1.0, q / safe)
    weights = np.where(certain, 0.0, bank.transition * variance[:-1] / safe)
    for t in range(len(mean) - 2, -1, -1):
        mean[t] = kept[t] * mean[t] + weights[t] * mean[t + 1]
        variance[t] = kept[t] ** 2 * variance[t] + weights[t] ** 2 * (q + variance[t + 1])
    return mean, variance

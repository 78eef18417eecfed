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
from kfxl.statespace.alike import UNTHREADED, WIDE, BoolArray, IntArray, alike

FIXED_POINT = 4 * np.finfo(float).eps
NOTHING = 1e-290  # variance below which rounding is no longer relative
STEP, LONGEST = 16, 64  # rows that one matrix product takes on, for many assets and for few
CACHE = 48_000  # numbers that stay in the processor's cache


@dataclass(frozen=True)
class ScalarBank:
    """Filtered states of N scalar models over T periods.

    ``transition``, ``process_variance`` and ``observation_variance`` (N,) are f, q and r as
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

    Examples
    --------
    >>> one = np.ones(1)
    >>> bank = filter_bank(np.array([[1.0], [2.0]]), transition=1.0, process_variance=0 * one,
    ...                    observation_variance=one, initial_mean=0 * one, initial_variance=one)
    >>> bank.mean.ravel().tolist()
    [0.5, 1.0]
    """
    observed = ~np.isnan(observations)
    values = observations if observed.all() else np.where(observed, observations, 0.0)
    r = observation_variance
    ratio, prior = process_variance / r, initial_variance / r
    lanes = _Lanes(values, observed, transition, ratio, prior, initial_mean)
    shared, rest = alike(observed, ratio, prior)
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
    gain = np.where(seen, path, 0.0)
    carry = lanes.transition / total
    mean, squares = _states(lanes, gain, carry, seen / total, history=history)
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
    lanes: _Lanes, gain: FloatArray, carry: FloatArray, weight: FloatArray, *, history: bool
) -> tuple[FloatArray, FloatArray]:
    """x_t = carry_t x_{t-1} + gain_t z_t, (T or 1, N), and the weighted squared innovations."""
    periods, assets = lanes.values.shape
    step = min(max(STEP, CACHE // 6 // assets), LONGEST)
    size = min(max(1, CACHE // assets // step) * step, periods) if assets >= WIDE else periods
    operators = _operators(gain, carry, step) if assets >= WIDE else None
    mean = np.empty((periods if history else size, assets))
    ahead, squares = np.empty((size, assets)), np.zeros(assets)
    state = lanes.start
    for first in range(0, periods, size):
        rows = slice(first, min(first + size, periods))
        values = lanes.values[rows]
        states = mean[rows] if history else mean[: len(values)]
        if operators is None:
            _scan(values, gain, carry, state, states)
        else:
            _multiply(values, operators[first // step :], state, states)
        # The innovations: what each row's value differs by from the row before's state.
        errors = ahead[: len(values)]
        np.multiply(state, lanes.transition, out=errors[0])
        np.multiply(states[:-1], lanes.transition, out=errors[1:])
        np.subtract(values, errors, out=errors)
        np.multiply(errors, errors, out=errors)
        squares += np.einsum("t,tn->n", weight[rows], errors)
        state = states[-1].copy()
    return (mean if history else state[None]), squares


def _multiply(
    values: FloatArray, operators: FloatArray, state: FloatArray, states: FloatArray
) -> None:
    """Write the states (R, N) that follow ``state`` (N,), a block by one matrix product."""
    step, assets = operators.shape[1], len(state)
    inputs = np.empty((step + 1, assets))
    inputs[0] = state
    columns = UNTHREADED // (step * (step + 1))
    parts = [slice(first, first + columns) for first in range(0, assets, columns)]
    for operator, first in zip(operators, range(0, len(values), step), strict=False):
        out = states[first : first + step]
        count = len(out)
        inputs[1 : count + 1] = values[first : first + step]
        for part in parts:
            product = operator[:count, : count + 1], inputs[: count + 1, part]
            np.matmul(*product, out=out[:, part])
        inputs[0] = out[-1]


def _operators(gain: FloatArray, carry: FloatArray, step: int) -> FloatArray:
    """(B, step, 1 + step): each block's states from the state before it and its values."""
    blocks = -(-len(gain) // step)
    padded = np.zeros((2, blocks * step))
    padded[:, : len(gain)] = gain, carry
    gains, carries = padded.reshape(2, blocks, step)
    operators = np.zeros((blocks, step, step + 1))
    row = np.zeros((blocks, step + 1))
    row[:, 0] = 1.0
    for k in range(step):
        row *= carries[:, k, None]
        row[:, k + 1] = gains[:, k]
        operators[:, k] = row
    return operators


def _scan(
    values: FloatArray, gain: FloatArray, carry: FloatArray, state: FloatArray, states: FloatArray
) -> None:
    """Write the states of a few assets (T, N) over 1, 2, 4, ... rows back, all rows at once."""
    np.multiply(values, gain[:, None], out=states)
    states[0] += carry[0] * state
    over = carry[:, None].copy()
    back = 1
    while back < len(states):
        states[back:] += over[back:] * states[:-back]
        over[back:] = over[back:] * over[:-back]
        back *= 2


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

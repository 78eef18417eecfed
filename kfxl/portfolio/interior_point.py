"""Mean-variance weights by an interior-point solver, and where they rest.

Slower than :mod:`kfxl.portfolio.active_set`, but it does not fail where that one goes in circles:
with singular covariances, or no aversion to risk.
"""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.portfolio.mean_variance_programme import (
    BOUND_TOLERANCE,
    SUM_ROUNDING,
    MeanVarianceProblem,
)


def interior_point(problem: MeanVarianceProblem, accuracy: float) -> FloatArray:
    """Weights from piqp, close to the maximiser but resting nowhere exactly; NaN without piqp.

    With u_i >= max(w_i - p_i, 0) bought, |w_i - p_i| = 2 u_i - (w_i - p_i): one more variable
    for each asset whose previous weight lies between its bounds makes the cost linear.
    """
    try:
        import piqp  # slow to import, and absent on some platforms
    except ModuleNotFoundError:
        return np.full(len(problem.mean), np.nan)
    moves = problem.lower < problem.upper
    weights = problem.lower.copy()
    low, high, before = problem.lower[moves], problem.upper[moves], problem.previous[moves]
    kinked = np.flatnonzero((low < before) & (before < high) & (problem.cost > 0))
    size, extra = len(low), len(kinked)
    slope = problem.cost * np.where(before <= low, 1.0, -1.0) - problem.mean[moves]
    slope += problem.risk[np.ix_(moves, ~moves)] @ weights[~moves]
    slope -= slope.mean()  # the same for all assets: no effect, as the weights sum to 1

    total = size + extra
    quadratic = np.zeros((total, total), order="F")
    quadratic[:size, :size] = problem.risk[np.ix_(moves, moves)]
    linear = np.append(slope, np.full(extra, 2 * problem.cost))
    scale = max(np.abs(quadratic).max(), np.abs(linear).max()) or 1.0
    budget = np.asfortranarray(np.append(np.ones(size), np.zeros(extra))[None, :])
    bought = np.zeros((extra, total), order="F")
    bought[np.arange(extra), kinked] = 1.0
    bought[np.arange(extra), size + np.arange(extra)] = -1.0

    solver = piqp.DenseSolver()
    settings = solver.settings
    settings.eps_abs = settings.eps_rel = accuracy
    settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = accuracy
    solver.setup(
        np.asfortranarray(quadratic / scale),
        linear / scale,
        A=budget,
        b=np.array([1 - weights[~moves].sum()]),
        G=bought if extra else None,
        h_u=before[kinked] if extra else None,
        x_l=np.append(low, np.zeros(extra)),
        x_u=np.append(high, np.full(extra, np.inf)),
    )
    solver.solve()
    weights[moves] = solver.result.x[:size]
    return weights


def polished(problem: MeanVarianceProblem, guess: FloatArray, snap: float) -> FloatArray:
    """``guess`` with weights within ``snap`` of a resting place put there, the others solved."""
    low, high, previous = problem.lower, problem.upper, problem.previous
    places = np.stack([low, high, previous])
    if problem.cost == 0:
        places = places[:2]
    apart = np.where((low <= places) & (places <= high), np.abs(guess - places), np.inf)
    nearest = apart.argmin(axis=0)
    free = apart.min(axis=0) > snap
    weights = np.where(free, guess, places[nearest, np.arange(len(guess))])
    if not free.any():
        return _with_sum_one(problem, weights)
    trading = problem.cost * np.where(guess > previous, 1.0, -1.0)
    count = int(free.sum())
    risk = problem.risk[np.ix_(free, free)]
    unit = risk.diagonal().max() or 1.0
    system = np.full((count + 1, count + 1), unit)
    system[:count, :count] = risk
    system[count, count] = 0.0
    for _ in range(2):  # the second round refines the first
        gradient = (problem.mean - trading - problem.risk @ weights)[free]
        shift = gradient.mean()  # the multiplier of the sum: keeps the right-hand side small
        right = np.append(gradient - shift, unit * (1 - weights.sum()))
        weights[free] += _solved(system, right)[:count]
    return np.asarray(np.clip(weights, low, high))


def _with_sum_one(problem: MeanVarianceProblem, weights: FloatArray) -> FloatArray:
    """``weights``, all resting, with the rounding of their sum traded in the best asset."""
    gap = 1 - weights.sum()
    if abs(gap) <= SUM_ROUNDING:
        return weights
    gradient = problem.mean - problem.risk @ weights
    trade = weights + np.sign(gap) * BOUND_TOLERANCE - problem.previous
    gain = np.sign(gap) * gradient - problem.cost * np.sign(trade) * np.sign(gap)
    room = (weights + gap >= problem.lower) & (weights + gap <= problem.upper)
    if room.any():
        weights[np.argmax(np.where(room, gain, -np.inf))] += gap
    return weights


def _solved(system: FloatArray, right: FloatArray) -> FloatArray:
    """Solution of a linear system; the smallest one where it is singular."""
    try:
        answer = np.linalg.solve(system, right)
        if np.abs(answer[:-1]).max() <= 0.01:  # the guess is closer than that
            return np.asarray(answer, np.float64)
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.lstsq(system, right, rcond=None)[0], np.float64)

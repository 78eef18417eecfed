"""Mean-variance weights by a primal active-set method: from feasible weights, never downhill.

The free weights move towards the solution of their linear equations. Where one meets a bound or
its previous weight on the way, it rests there; once there, assets at rest that promise a gain are
set free. Utility never falls and no set of places comes twice, so that this ends at the optimum.

Source: J. Nocedal and S. J. Wright, Numerical Optimization, 2006, section 16.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray
from kfxl.portfolio.mean_variance_programme import MeanVarianceProblem
from kfxl.portfolio.places import Places, settled

ROUNDING = 1e-14  # gain, over the size of the gradient, that is none
BATCH = 4  # assets set free at once: of many, most would soon rest again, one by one


def descend(problem: MeanVarianceProblem, guess: FloatArray) -> FloatArray | None:
    """Weights (N,) of the optimum, near ``guess`` at best; None where equations are singular.

    >>> problem = MeanVarianceProblem(np.array([0.2, 0.1]), np.eye(2), np.zeros(2), 0.0,
    ...                               np.zeros(2), np.ones(2))
    >>> descend(problem, np.array([1.0, 0.0])).round(6).tolist()
    [0.55, 0.45]
    """
    weights = _feasible(problem, guess)
    side = np.where(weights >= problem.previous, 1.0, -1.0)
    free = (problem.lower < weights) & (weights < problem.upper)
    if problem.cost > 0:
        free &= weights != problem.previous
    for _ in range(20 + 4 * len(weights)):
        price = None
        if free.any():
            try:
                target, price = settled(problem, Places(free, side, weights), weights)
            except np.linalg.LinAlgError:
                return None
            weights, blocked = _towards(problem, weights, target, free, side)
            if blocked.any():
                free &= ~blocked
                continue
        bought, sold = _promising(problem, weights, free, price)
        if not (bought.any() or sold.any()):
            return weights
        side = np.where(bought, np.where(weights >= problem.previous, 1.0, -1.0), side)
        side = np.where(sold, np.where(weights > problem.previous, 1.0, -1.0), side)
        free |= bought | sold
    return None


def _towards(
    problem: MeanVarianceProblem,
    weights: FloatArray,
    target: FloatArray,
    free: npt.NDArray[np.bool_],
    side: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Weights on the way to ``target`` up to the first stop, and who rests there."""
    move = target - weights
    floor, ceiling = problem.lower, problem.upper
    if problem.cost > 0:
        floor = np.where(side > 0, np.maximum(floor, problem.previous), floor)
        ceiling = np.where(side < 0, np.minimum(ceiling, problem.previous), ceiling)
    stop = np.where(move < 0, floor, ceiling)
    moving = free & (move != 0)
    part = np.full(len(weights), np.inf)
    part[moving] = (stop - weights)[moving] / move[moving]
    first = max(float(part.min()), 0.0)
    if first >= 1:
        return target, np.zeros(len(weights), dtype=bool)
    blocked = part <= first
    return np.where(blocked, stop, weights + first * move), blocked


def _promising(
    problem: MeanVarianceProblem,
    weights: FloatArray,
    free: npt.NDArray[np.bool_],
    price: float | None,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The few assets at rest that gain most by being bought, or sold, at the budget's price."""
    gradient, cost = problem.gradient(weights), problem.cost
    worth = gradient - np.where(weights >= problem.previous, cost, -cost)
    kept = gradient - np.where(weights > problem.previous, cost, -cost)
    worth = np.where(~free & (weights < problem.upper), worth, -np.inf)
    kept = np.where(~free & (weights > problem.lower), kept, np.inf)
    if price is None:
        price = (float(worth.max()) + float(kept.min())) / 2
    slack = ROUNDING * problem.scale(weights)
    gains = np.concatenate([worth - price, price - kept])
    chosen = (gains > slack) & (gains >= np.sort(gains)[-BATCH:][0])
    return chosen[: len(worth)], chosen[len(worth) :]


def _feasible(problem: MeanVarianceProblem, guess: FloatArray) -> FloatArray:
    """``guess`` between its bounds and with sum 1: the best assets to trade for it go to a bound.

    So few are left between their resting places, which is where walking is slow.
    """
    weights = np.clip(guess, problem.lower, problem.upper)
    gap = 1 - float(weights.sum())
    side = 1.0 if gap > 0 else -1.0
    bound = problem.upper if gap > 0 else problem.lower
    order = np.argsort(-side * problem.gradient(weights), kind="stable")
    room = np.abs(bound - weights)[order]
    traded = np.clip(abs(gap) - (np.cumsum(room) - room), 0.0, room)
    weights[order] = np.where(traded == room, bound[order], weights[order] + side * traded)
    return weights

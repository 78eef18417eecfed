"""Mean-variance weights by active sets: which assets rest at a bound or at their previous weight.

The others are free, bought or sold; their weights and the price of the budget (the multiplier of
sum w = 1) solve linear equations. First a primal-dual method leaps: the prox of costs and bounds,
taken at w_i + (gradient_i - price) / risk_ii, says where every asset belongs next, and places that
repeat themselves are those of the optimum. That takes a few rounds, but may go in circles; then
:mod:`kfxl.portfolio.descent` walks on from there.

Source: M. Hintermueller, K. Ito and K. Kunisch, The primal-dual active set strategy as a
semismooth Newton method, 2002.
"""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.portfolio.descent import descend
from kfxl.portfolio.mean_variance_programme import SUM_ROUNDING, MeanVarianceProblem
from kfxl.portfolio.places import Balance, Places

MAX_ROUNDS = 30
INVESTED = 0.1  # sum from which weights are a portfolio to start from
ROUNDING = 1e-15
FLAT = 1e-14  # part of the largest risk below which an asset has none to step by


def active_set(problem: MeanVarianceProblem) -> FloatArray | None:
    """Weights (N,) of the optimum; None where there is no curvature to find it by.

    >>> active_set(MeanVarianceProblem(np.array([0.2, 0.1]), np.eye(2), np.zeros(2), 0.0,
    ...                                np.zeros(2), np.ones(2))).round(6).tolist()
    [0.55, 0.45]
    """
    diagonal = problem.risk.diagonal()
    if not diagonal.max() > 0:
        return None
    steps = 1 / np.maximum(diagonal, FLAT * diagonal.max())
    weights = np.clip(problem.previous, problem.lower, problem.upper)
    if weights.sum() < INVESTED:
        weights = np.full(len(weights), 1 / len(weights))
    gradient = problem.gradient(weights)
    price = float(weights @ gradient / weights.sum())
    seen: set[bytes] = set()
    last = b""
    balance: Balance | None = None
    for _ in range(MAX_ROUNDS):
        places = _places(problem, weights + steps * (gradient - price), steps * problem.cost)
        key = places.key
        if key == last and balance is not None:
            return _rested(problem, balance.weights(weights)[0])
        if key in seen:
            break
        last = key
        seen.add(last)
        try:
            balance = Balance.of(problem, _with_one_free(problem, places, gradient))
        except np.linalg.LinAlgError:
            break
        weights, price = balance.weights(weights)
        gradient = problem.gradient(weights)
    found = descend(problem, weights)
    return None if found is None else _rested(problem, found)


def _rested(problem: MeanVarianceProblem, weights: FloatArray) -> FloatArray:
    """``weights``, those that rounding keeps from a resting place put there: 0 is 0."""
    weights = np.clip(weights, problem.lower, problem.upper)
    for place in (problem.lower, problem.upper, problem.previous)[: 3 if problem.cost > 0 else 2]:
        within = (problem.lower <= place) & (place <= problem.upper)
        weights = np.where(within & (np.abs(weights - place) <= ROUNDING), place, weights)
    return weights


def _places(problem: MeanVarianceProblem, wish: FloatArray, reach: FloatArray) -> Places:
    """Where the prox of costs (shrinking each trade by ``reach``) and bounds takes ``wish``."""
    trade = wish - problem.previous
    still = np.abs(trade) <= reach if problem.cost > 0 else np.zeros(len(wish), dtype=bool)
    side = np.where(trade > 0, 1.0, -1.0)
    moved = np.where(still, problem.previous, wish - side * reach)
    rest = np.minimum(np.maximum(moved, problem.lower), problem.upper)
    return Places((rest == moved) & ~still & (problem.lower < problem.upper), side, rest)


def _with_one_free(problem: MeanVarianceProblem, places: Places, gradient: FloatArray) -> Places:
    """``places`` with the best asset to close the gap of the sum set free, where none is."""
    gap = 1 - places.rest.sum()
    if places.free.any() or abs(gap) <= SUM_ROUNDING:
        return places
    side = np.sign(gap)
    bought = np.where(side * (places.rest - problem.previous) >= 0, side, -side)
    room = problem.upper > places.rest if side > 0 else problem.lower < places.rest
    gain = np.where(room, side * (gradient - problem.cost * bought), -np.inf)
    free = np.zeros(len(gain), dtype=bool)
    free[np.argmax(gain)] = True
    return Places(free, bought, places.rest)

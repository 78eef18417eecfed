"""Mean-variance weights by a primal-dual active-set method.

Each asset has one of four places: at its lower or upper bound, at its previous weight, or free,
bought or sold. The free weights and the price of the budget (the multiplier of sum w = 1) solve
linear equations; the prox of costs and bounds, taken at w_i + (gradient_i - price) / risk_ii,
then says where each asset belongs. Places that repeat themselves are those of the optimum. It
takes a few rounds, but may go in circles: then there is no answer.

Source: M. Hintermueller, K. Ito and K. Kunisch, The primal-dual active set strategy as a
semismooth Newton method, 2002.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray
from kfxl.portfolio import dense
from kfxl.portfolio.mean_variance_programme import SUM_ROUNDING, MeanVarianceProblem

MAX_ROUNDS = 50
FLAT = 1e-14  # part of the largest risk below which an asset has none to step by


@dataclass(frozen=True, eq=False)
class _Places:
    """Where assets are: ``rest`` (N,) for those that are not ``free``, ``side`` +1 where bought."""

    free: npt.NDArray[np.bool_]
    side: FloatArray
    rest: FloatArray

    @property
    def key(self) -> bytes:
        """Equal for equal places."""
        return np.where(self.free, np.inf * self.side, self.rest).tobytes()


def active_set(problem: MeanVarianceProblem) -> FloatArray | None:
    """Weights (N,) at which places repeat themselves; None where they do not.

    >>> import numpy as np
    >>> active_set(MeanVarianceProblem(np.array([0.2, 0.1]), np.eye(2), np.zeros(2), 0.0,
    ...                                np.zeros(2), np.ones(2))).round(6).tolist()
    [0.55, 0.45]
    """
    diagonal = problem.risk.diagonal()
    if not diagonal.max() > 0:
        return None
    steps = 1 / np.maximum(diagonal, FLAT * diagonal.max())
    weights = np.clip(problem.previous, problem.lower, problem.upper)
    if not weights.any():
        weights = np.full(len(weights), 1 / len(weights))
    gradient = problem.gradient(weights)
    price = float(weights @ gradient / weights.sum())
    seen: set[bytes] = set()
    last = b""
    for _ in range(MAX_ROUNDS):
        places = _places(problem, weights + steps * (gradient - price), steps * problem.cost)
        if places.key == last:
            return np.asarray(np.clip(weights, problem.lower, problem.upper))
        if places.key in seen:
            return None
        last = places.key
        seen.add(last)
        try:
            weights, price = _settled(problem, _with_one_free(problem, places, gradient), weights)
        except np.linalg.LinAlgError:
            return None
        gradient = problem.gradient(weights)
    return None


def _places(problem: MeanVarianceProblem, wish: FloatArray, reach: FloatArray) -> _Places:
    """Where the prox of costs (shrinking each trade by ``reach``) and bounds takes ``wish``."""
    trade = wish - problem.previous
    still = np.abs(trade) <= reach if problem.cost > 0 else np.zeros(len(wish), dtype=bool)
    side = np.where(trade > 0, 1.0, -1.0)
    moved = np.where(still, problem.previous, wish - side * reach)
    rest = np.clip(moved, problem.lower, problem.upper)
    return _Places((rest == moved) & ~still & (problem.lower < problem.upper), side, rest)


def _with_one_free(problem: MeanVarianceProblem, places: _Places, gradient: FloatArray) -> _Places:
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
    return _Places(free, bought, places.rest)


def _settled(
    problem: MeanVarianceProblem, places: _Places, guess: FloatArray
) -> tuple[FloatArray, float]:
    """Weights in their places, the free ones in balance, and the price of the budget.

    The second round refines the first.
    """
    free = np.flatnonzero(places.free)
    weights = np.where(places.free, guess, places.rest)
    if not len(free):
        return weights, 0.0
    risk = problem.risk if len(free) == len(weights) else problem.risk[np.ix_(free, free)]
    factor = dense.cholesky(risk)
    trading = problem.cost * places.side[free]
    of_budget = dense.solve(factor, np.ones(len(free)))
    for _ in range(2):
        balance = problem.gradient(weights)[free] - trading
        shift = float(balance.mean())  # keeps the right-hand side small
        plain = dense.solve(factor, balance - shift)
        price = float((plain.sum() - (1 - weights.sum())) / of_budget.sum())
        weights[free] += plain - price * of_budget
    return weights, shift + price

"""Where assets are in a mean-variance problem: free, or at rest on a bound or previous weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray
from kfxl.portfolio import dense
from kfxl.portfolio.mean_variance_programme import MeanVarianceProblem


@dataclass(frozen=True, eq=False)
class Places:
    """Where assets are: ``rest`` (N,) for those that are not ``free``, ``side`` +1 where bought."""

    free: npt.NDArray[np.bool_]
    side: FloatArray
    rest: FloatArray

    @property
    def key(self) -> bytes:
        """Equal for equal places."""
        return np.where(self.free, np.inf * self.side, self.rest).tobytes()


def settled(
    problem: MeanVarianceProblem, places: Places, guess: FloatArray
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

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


@dataclass(frozen=True, eq=False)
class Balance:
    """The linear equations of the free weights of some places, factorised."""

    problem: MeanVarianceProblem
    places: Places
    free: npt.NDArray[np.intp]
    factor: FloatArray
    of_budget: FloatArray

    @classmethod
    def of(cls, problem: MeanVarianceProblem, places: Places) -> Balance:
        """LinAlgError where the free assets have no curvature."""
        free = np.flatnonzero(places.free)
        if not len(free):
            return cls(problem, places, free, np.zeros((0, 0)), np.zeros(0))
        every = len(free) == len(places.free)
        factor = dense.cholesky(problem.risk if every else problem.risk[free[:, None], free])
        return cls(problem, places, free, factor, dense.solve(factor, np.ones(len(free))))

    def weights(self, guess: FloatArray) -> tuple[FloatArray, float]:
        """Weights in their places, the free ones in balance, and the price of the budget.

        Given as the next guess, weights are refined.
        """
        weights = np.where(self.places.free, guess, self.places.rest)
        if not len(self.free):
            return weights, 0.0
        trading = self.problem.cost * self.places.side[self.free]
        balance = self.problem.gradient(weights)[self.free] - trading
        shift = float(balance.sum()) / len(balance)  # keeps the right-hand side small
        plain = dense.solve(self.factor, balance - shift)
        price = float((plain.sum() - (1 - weights.sum())) / self.of_budget.sum())
        weights[self.free] += plain - price * self.of_budget
        return weights, shift + price


def settled(
    problem: MeanVarianceProblem, places: Places, guess: FloatArray
) -> tuple[FloatArray, float]:
    """The refined weights and the price of :class:`Balance`."""
    balance = Balance.of(problem, places)
    return balance.weights(balance.weights(guess)[0])

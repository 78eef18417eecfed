"""What mean-variance weights with proportional costs maximise, and how far from it weights are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.portfolio import dense

BOUND_TOLERANCE = 1e-9
SUM_ROUNDING = 1e-12
CANCELLED = 1e-5  # times the tolerance: part of terms that cancel which is all rounding


@dataclass(frozen=True, eq=False)
class MeanVarianceProblem:
    """Maximise w'mean - w'risk w / 2 - cost sum|w - previous|.

    ``mean`` and ``risk`` are in proportion to mu and risk_aversion x Sigma, and ``cost`` to the
    cost over the horizon; it is 0 where there are no previous weights.
    """

    mean: FloatArray
    risk: FloatArray
    previous: FloatArray
    cost: float
    lower: FloatArray
    upper: FloatArray

    def gradient(self, weights: FloatArray) -> FloatArray:
        """Of utility without costs, per unit of each weight."""
        return np.asarray(self.mean - dense.times(self.risk, weights))

    def scale(self, weights: FloatArray) -> float:
        """Size of the largest term of the gradient: what a residual is small against.

        Terms of Sigma w that cancel, as in a perfect hedge, leave no more than their rounding;
        they sum to sigma (sigma' |w|) at most.
        """
        deviations = np.sqrt(self.risk.diagonal())
        hedged = deviations.max() * (deviations @ np.abs(weights))
        risk = np.abs(dense.times(self.risk, weights)).max()
        spread = np.abs(self.mean - self.mean.mean()).max()
        return float(max(risk, CANCELLED * hedged, spread, self.cost, np.finfo(float).tiny))

    def kkt_residual(self, weights: FloatArray, tolerance: float = BOUND_TOLERANCE) -> float:
        """How far the weights are from optimal, in units of utility per unit of weight.

        The largest gain per unit of weight, over two, that any exchange between two assets
        promises: 0 exactly at the optimum. Weights within ``tolerance`` of a bound or of the
        previous weight count as resting there.

        >>> problem = MeanVarianceProblem(np.zeros(2), np.eye(2), np.zeros(2), 0.0,
        ...                               np.zeros(2), np.ones(2))
        >>> problem.kkt_residual(np.array([0.75, 0.25]))
        0.25
        """
        gradient = self.gradient(weights)
        trade = weights - self.previous
        buying = gradient - np.where(trade >= -tolerance, self.cost, -self.cost)
        selling = gradient - np.where(trade > tolerance, self.cost, -self.cost)
        can_buy = weights < self.upper - tolerance
        can_sell = weights > self.lower + tolerance
        if not (can_buy.any() and can_sell.any()):
            return 0.0
        return max(0.0, float(buying[can_buy].max() - selling[can_sell].min()) / 2)

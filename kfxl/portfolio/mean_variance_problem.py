"""The quadratic programme behind mean-variance weights, solved and certified.

An interior-point solver (piqp) finds which weights rest on a bound or on the previous weight,
and which move freely; the free ones then solve their linear equations, which is accurate to
rounding. No answer leaves without its optimality conditions being checked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError

BOUND_TOLERANCE = 1e-9
KKT_TOLERANCE = 1e-9
SUM_ROUNDING = 1e-12
ROUNDING = 1e-13
SNAPS = (1e-7, 1e-6, 1e-8, 1e-5, 1e-9, 1e-4, 1e-10, 0.0)


@dataclass(frozen=True, eq=False)
class MeanVarianceProblem:
    """Maximise w'mean - w'risk w / 2 - cost sum|w - previous|, all over one horizon.

    ``mean`` and ``risk`` are horizon x mu and horizon x risk_aversion x Sigma; ``cost`` is 0
    where there are no previous weights.
    """

    mean: FloatArray
    risk: FloatArray
    previous: FloatArray
    cost: float
    lower: FloatArray
    upper: FloatArray

    def scale(self, weights: FloatArray) -> float:
        """Size of the largest term of the gradient: what a residual is small against.

        Terms of Sigma w are taken before they cancel, as they do in a perfect hedge.
        """
        risk = (np.abs(self.risk) @ np.abs(weights)).max()
        spread = np.abs(self.mean - self.mean.mean()).max()
        return float(max(risk, spread, self.cost, np.finfo(float).tiny))

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
        gradient = self.mean - self.risk @ weights
        trade = weights - self.previous
        buying = gradient - np.where(trade >= -tolerance, self.cost, -self.cost)
        selling = gradient - np.where(trade > tolerance, self.cost, -self.cost)
        can_buy = weights < self.upper - tolerance
        can_sell = weights > self.lower + tolerance
        if not (can_buy.any() and can_sell.any()):
            return 0.0
        return max(0.0, float(buying[can_buy].max() - selling[can_sell].min()) / 2)


def solve(problem: MeanVarianceProblem) -> FloatArray:
    """Certified maximiser of ``problem``, whose bounds must leave room for a sum of 1."""
    for bound in (problem.lower, problem.upper):
        if abs(bound.sum() - 1) <= SUM_ROUNDING:
            return bound.copy()
    best, smallest = problem.lower, np.inf
    for accuracy in (1e-10, 1e-13):
        guess = interior_point(problem, accuracy)
        if not np.isfinite(guess).all():
            continue
        for snap in SNAPS:
            weights = polished(problem, guess, snap)
            residual = _relative_residual(problem, weights)
            if residual < smallest:
                best, smallest = weights, residual
            if smallest <= ROUNDING:
                return best
        if smallest <= KKT_TOLERANCE:
            return best
    raise SolverError(
        f"mean-variance weights missed their optimality conditions by {smallest:.1g}",
        "check the scale of returns and covariance, or raise risk_aversion",
    )


def _relative_residual(problem: MeanVarianceProblem, weights: FloatArray) -> float:
    """KKT residual over the gradient's size; infinite for weights outside the constraints."""
    apart = max(
        float((problem.lower - weights).max()),
        float((weights - problem.upper).max()),
        abs(float(weights.sum()) - 1),
    )
    if not apart <= SUM_ROUNDING:
        return np.inf
    return problem.kkt_residual(weights) / problem.scale(weights)


def interior_point(problem: MeanVarianceProblem, accuracy: float) -> FloatArray:
    """Weights from piqp, close to the maximiser but resting nowhere exactly.

    With u_i >= max(w_i - p_i, 0) bought, |w_i - p_i| = 2 u_i - (w_i - p_i): one more variable
    for each asset whose previous weight lies between its bounds makes the cost linear.
    """
    import piqp  # slow to import, and absent on some platforms

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

"""The quadratic programme behind mean-variance weights, solved and certified.

Which weights rest on a bound or on the previous weight, and which move freely, is found by an
active-set method, which takes a few factorisations, and where that fails by an interior-point
solver (piqp). The free weights then solve their linear equations, which is accurate to rounding.
No answer leaves without its optimality conditions being checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError
from kfxl.portfolio.active_set import active_set
from kfxl.portfolio.interior_point import interior_point, polished
from kfxl.portfolio.mean_variance_programme import SUM_ROUNDING, MeanVarianceProblem

KKT_TOLERANCE = 1e-9
ROUNDING = 1e-13
SNAPS = (1e-7, 1e-6, 1e-8, 1e-5, 1e-9, 1e-4, 1e-10, 0.0)


def solve(problem: MeanVarianceProblem) -> FloatArray:
    """Certified maximiser of ``problem``, whose bounds must leave room for a sum of 1."""
    for bound in (problem.lower, problem.upper):
        if abs(bound.sum() - 1) <= SUM_ROUNDING:
            return bound.copy()
    best, smallest = problem.lower, np.inf
    for answers in _attempts(problem):
        for weights in answers:
            residual = _relative_residual(problem, weights)
            if residual < smallest:
                best, smallest = weights, residual
            if smallest <= ROUNDING:
                return best
        if smallest <= KKT_TOLERANCE:
            return best
    raise SolverError(
        "mean-variance weights missed their optimality conditions"
        + (f" by {smallest:.1g}" if np.isfinite(smallest) else ""),
        "check the scale of returns and covariance, and give a less extreme risk_aversion",
    )


def _attempts(problem: MeanVarianceProblem) -> Iterator[Iterable[FloatArray]]:
    """Weights that may be optimal, the cheapest first."""
    weights = active_set(problem)
    yield [] if weights is None else [weights]
    for accuracy in (1e-10, 1e-13):
        guess = interior_point(problem, accuracy)
        if np.isfinite(guess).all():
            yield (polished(problem, guess, snap) for snap in SNAPS)


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

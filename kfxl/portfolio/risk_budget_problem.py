"""The convex problem behind risk budgets, solved by Newton's method and certified.

In exposures x = sigma * weight it minimises 1/2 x' C x - sum_i b_i log x_i, on the floor subject
to slope' x = 0; weights are x / sigma, scaled to sum 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError

SHARE_TOLERANCE = 1e-8
MAX_STEPS = 500
MORE_ROWS = "use more rows than assets, or a shrinkage covariance"


def _correlation(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    deviations = np.sqrt(covariance.diagonal())
    return covariance / deviations[:, None] / deviations, deviations


def free_weights(covariance: FloatArray, budgets: FloatArray) -> FloatArray:
    """Solve the problem without a floor."""
    correlation, deviations = _correlation(covariance)
    root = np.sqrt(budgets)
    size = root @ correlation @ root
    # Perfect hedges make the root's variance 0; any positive start will do then.
    start = root / np.sqrt(size) if size > 0 else root
    exposures, _ = _newton(correlation, budgets, start, lambda _, solve: (solve[:, 0], 0.0))
    weights = exposures / deviations
    return np.asarray(weights / weights.sum())


def weights_on_floor(
    covariance: FloatArray, budgets: FloatArray, tilt: FloatArray, free: FloatArray
) -> FloatArray:
    """Solve the problem with the floor as an equation: ``free``, its solution without, is below.

    Starts on the floor, by enlarging the assets above it, and keeps to it: every step d has
    a'(x + d) = 0. The multiplier of the floor comes with each step.
    """
    correlation, deviations = _correlation(covariance)
    slope = tilt / deviations
    slope /= np.abs(slope).max()
    above = slope > 0
    start = free * deviations
    start[above] *= -(slope[~above] @ start[~above]) / (slope[above] @ start[above])
    start /= np.sqrt(start @ correlation @ start)

    def step(exposures: FloatArray, solved: FloatArray) -> tuple[FloatArray, float]:
        plain, tilted = solved.T
        price = (slope @ plain - slope @ exposures) / (slope @ tilted)
        return plain - price * tilted, float(price)

    exposures, price = _newton(correlation, budgets, start, step, slope)
    residual = _residual(correlation, budgets, exposures, price * slope)
    gap = float(abs(slope @ exposures) / (np.abs(slope) @ exposures))
    if not (residual <= SHARE_TOLERANCE and gap <= SHARE_TOLERANCE and price >= 0):
        raise SolverError(
            f"optimality missed by {max(residual, gap):.1g} with the floor",
            "lower minimum_return, or " + MORE_ROWS,
        )
    weights = exposures / deviations
    return np.asarray(weights / weights.sum())


Step = Callable[[FloatArray, FloatArray], tuple[FloatArray, float]]


def _residual(
    correlation: FloatArray, budgets: FloatArray, exposures: FloatArray, lift: FloatArray
) -> float:
    """Largest |x_i (C x - lift)_i - b_i|, relative to its own terms.

    An absolute measure would call any x_i near 0 optimal, whatever its gradient.
    """
    carried, lifted = exposures * (correlation @ exposures), exposures * lift
    size = np.abs(carried) + np.abs(lifted) + budgets
    return float((np.abs(carried - lifted - budgets) / size).max())


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # such steps are refused
def _newton(
    correlation: FloatArray,
    budgets: FloatArray,
    exposures: FloatArray,
    step: Step,
    slope: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Damped Newton; the point with the smallest residual, and its multiplier.

    ``step`` turns the solutions of H [plain, tilted] = [gradient, slope] into the step and the
    multiplier. Damping by the largest relative change keeps x positive (Spinu, section 2).
    """
    best, best_price, smallest = exposures, 0.0, np.inf
    for _ in range(MAX_STEPS):
        gradient = correlation @ exposures - budgets / exposures
        hessian = correlation + np.diag(budgets / exposures**2)
        sides = [gradient] if slope is None else [gradient, slope]
        try:
            solved = np.asarray(np.linalg.solve(hessian, np.column_stack(sides)), np.float64)
            direction, price = step(exposures, solved)
        except np.linalg.LinAlgError:
            break
        lift = np.zeros(len(budgets)) if slope is None else price * slope
        residual = _residual(correlation, budgets, exposures, lift)
        if residual < smallest:
            best, best_price, smallest = exposures, price, residual
        elif smallest < SHARE_TOLERANCE:
            break  # at the level of rounding: no step gets closer
        change = float(np.abs(direction / exposures).max())
        if not np.isfinite(change):
            break
        exposures = exposures - direction / (1 + change if change > 0.5 else 1)
    return best, best_price

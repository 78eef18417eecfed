"""The convex problem behind risk budgets, solved by Newton's method and certified.

In exposures x = sigma * weight it minimises 1/2 x' C x - sum_i b_i log x_i, on the floor subject
to slope' x = 0; weights are x / sigma, scaled to sum 1. A step solves H d = g, with the gradient
g = C x - b / x and H = C + diag(b / x^2): of few assets by Cholesky factors, of many by conjugate
gradients, which need some products with the covariance matrix and no factorisation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError
from kfxl.portfolio import dense

SHARE_TOLERANCE = 1e-8
ROUNDING = 5 * np.finfo(float).eps  # relative residual, for each asset: no step gets closer
MAX_STEPS = 500
FACTORED = 64  # assets up to which factors are faster
MAX_PRODUCTS = 100  # in one step, before it is left to factors
MORE_ROWS = "use more rows than assets, or a shrinkage covariance"


class _Correlation:
    """C = covariance / (sigma sigma'), and the equations of Newton's method with it."""

    def __init__(self, covariance: FloatArray) -> None:
        self.covariance = covariance
        self.deviations = np.sqrt(covariance.diagonal())
        self.factored = len(covariance) <= FACTORED
        self._matrix: FloatArray | None = None
        self._coarse: npt.NDArray[np.float32] | None = None

    def times(self, exposures: FloatArray) -> FloatArray:
        """C x, without forming C."""
        scaled = exposures / self.deviations
        return np.asarray(dense.times(self.covariance, scaled) / self.deviations)

    def by_factors(self, curvature: FloatArray, right: FloatArray) -> FloatArray:
        """Solve (C + diag(curvature)) d = right."""
        if self._matrix is None:
            self._matrix = self.covariance / self.deviations[:, None] / self.deviations
        hessian = self._matrix.copy()
        hessian.flat[:: len(hessian) + 1] += curvature
        return dense.solve(dense.cholesky(hessian), right)

    def by_gradients(
        self, curvature: FloatArray, right: FloatArray, accuracy: float
    ) -> FloatArray | None:
        """The same by conjugate gradients (Jacobi preconditioning); None where they are slow.

        Single precision is enough for a step, since the next one starts from an exact gradient.
        """
        unit = self.deviations / self.deviations.max()
        if self._coarse is None:
            scale = 1 / self.deviations.max() ** 2
            self._coarse = np.multiply(
                self.covariance, scale, dtype=np.float32, casting="same_kind"
            )
        # In d / unit there is no scaling between the products: unit C unit is the covariance.
        curvature, residual = unit**2 * curvature, unit * right
        diagonal = unit**2 + curvature
        answer = np.zeros(len(right))
        direction = toward = residual / diagonal
        norm = first = residual @ toward
        for _ in range(MAX_PRODUCTS):
            image = dense.coarse_times(self._coarse, direction) + curvature * direction
            bend = direction @ image
            if not bend > 0:
                return None
            length = norm / bend
            answer += length * direction
            residual -= length * image
            toward = residual / diagonal
            previous, norm = norm, residual @ toward
            if norm <= accuracy**2 * first:
                return np.asarray(unit * answer)
            direction = toward + (norm / previous) * direction
        return None

    def solve(self, curvature: FloatArray, right: FloatArray, accuracy: float) -> FloatArray:
        """Solve by whatever is faster; by factors for good once gradients have been slow."""
        if not self.factored:
            answer = self.by_gradients(curvature, right, accuracy)
            if answer is not None:
                return answer
            self.factored = True
        return self.by_factors(curvature, right)


def free_weights(covariance: FloatArray, budgets: FloatArray) -> FloatArray:
    """Solve the problem without a floor."""
    correlation = _Correlation(covariance)
    root = np.sqrt(budgets)
    size = root @ correlation.times(root)
    # Perfect hedges make the root's variance 0; any positive start will do then.
    start = root / np.sqrt(size) if size > 0 else root
    exposures, _ = _newton(correlation, budgets, start)
    weights = exposures / correlation.deviations
    return np.asarray(weights / weights.sum())


def weights_on_floor(
    covariance: FloatArray, budgets: FloatArray, tilt: FloatArray, free: FloatArray
) -> FloatArray:
    """Solve the problem with the floor as an equation: ``free``, its solution without, is below.

    Starts on the floor, by enlarging the assets above it, and keeps to it: every step d has
    a'(x + d) = 0. The multiplier of the floor comes with each step.
    """
    correlation = _Correlation(covariance)
    correlation.factored = True  # the multiplier needs accurate steps
    slope = tilt / correlation.deviations
    slope /= np.abs(slope).max()
    above = slope > 0
    start = free * correlation.deviations
    start[above] *= -(slope[~above] @ start[~above]) / (slope[above] @ start[above])
    start /= np.sqrt(start @ correlation.times(start))

    exposures, price = _newton(correlation, budgets, start, slope)
    residual = _residual(correlation.times(exposures), budgets, exposures, price * slope)
    gap = float(abs(slope @ exposures) / (np.abs(slope) @ exposures))
    if not (residual <= SHARE_TOLERANCE and gap <= SHARE_TOLERANCE and price >= 0):
        raise SolverError(
            f"optimality missed by {max(residual, gap):.1g} with the floor",
            "lower minimum_return, or " + MORE_ROWS,
        )
    weights = exposures / correlation.deviations
    return np.asarray(weights / weights.sum())


def _residual(
    risk: FloatArray, budgets: FloatArray, exposures: FloatArray, lift: FloatArray | float = 0.0
) -> float:
    """Largest |x_i (C x - lift)_i - b_i|, relative to its own terms; ``risk`` is C x.

    An absolute measure would call any x_i near 0 optimal, whatever its gradient.
    """
    carried, lifted = exposures * risk, exposures * lift
    size = np.abs(carried) + np.abs(lifted) + budgets
    return float((np.abs(carried - lifted - budgets) / size).max())


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # such steps are refused
def _newton(
    correlation: _Correlation,
    budgets: FloatArray,
    exposures: FloatArray,
    slope: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Damped Newton; the point with the smallest residual, and the multiplier of the floor.

    Damping by the largest relative change keeps x positive (Spinu, section 2).
    """
    best, best_price, smallest = exposures, 0.0, np.inf
    reached = ROUNDING * len(budgets)
    for _ in range(MAX_STEPS):
        risk = correlation.times(exposures)
        direction, lift = _step(correlation, budgets, exposures, risk, slope)
        residual = _residual(risk, budgets, exposures, 0.0 if slope is None else lift * slope)
        if residual < smallest:
            best, best_price, smallest = exposures, lift, residual
        elif smallest < SHARE_TOLERANCE:
            break  # at the level of rounding: no step gets closer
        change = float(np.abs(direction / exposures).max())
        if not np.isfinite(change) or smallest <= reached:
            break
        exposures = exposures - direction / (1 + change if change > 0.5 else 1)
    return best, best_price


def _step(
    correlation: _Correlation,
    budgets: FloatArray,
    exposures: FloatArray,
    risk: FloatArray,
    slope: FloatArray | None,
) -> tuple[FloatArray, float]:
    """Step of Newton's method and multiplier of the floor; NaN where there is no step."""
    gradient, curvature = risk - budgets / exposures, budgets / exposures**2
    try:
        if slope is None:
            residual = _residual(risk, budgets, exposures)
            if residual <= ROUNDING * len(budgets):
                return np.zeros(len(budgets)), 0.0
            return correlation.solve(curvature, gradient, min(0.1, np.sqrt(residual))), 0.0
        sides = np.column_stack([gradient, slope])
        plain, tilted = correlation.by_factors(curvature, sides).T
    except np.linalg.LinAlgError:
        return np.full(len(budgets), np.nan), 0.0
    price = float((slope @ plain - slope @ exposures) / (slope @ tilted))
    return plain - price * tilted, price

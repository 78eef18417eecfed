"""The convex problem behind risk budgets, solved by Newton's method and certified.

In exposures x = sigma * weight it minimises 1/2 x' C x - sum_i b_i log x_i, on the floor subject
to slope' x = 0; weights are x / sigma, scaled to sum 1. A step solves H d = g, with the gradient
g = C x - b / x and H = C + diag(b / x^2): of few assets by Cholesky factors, of many by conjugate
gradients, which need some products with the covariance matrix and no factorisation.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError
from kfxl.portfolio import dense

SHARE_TOLERANCE = 1e-8
ROUNDING = 5 * np.finfo(float).eps  # relative residual, for each asset: no step gets closer
MAX_STEPS = 500
ROUGH_STEPS = 3  # far from the answer, for which seven digits of the gradient are enough
USUAL_STEPS = 30  # after as many, steps by gradients are not trusted any more
FACTORED = 64  # assets up to which factors are faster
MAX_PRODUCTS = 100  # in one step, before it is left to factors
MORE_ROWS = "use more rows than assets, a shrinkage covariance, or no assets that hedge each other"


class _Correlations:
    """C = covariance / (sigma sigma') of D problems, and the equations of Newton's method.

    All D problems of few assets are solved at once, those of many one by one.
    """

    def __init__(self, covariances: FloatArray) -> None:
        self.covariances = covariances
        self.deviations = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
        self.few = covariances.shape[-1] <= FACTORED
        self.factored = self.few
        self._matrices: FloatArray | None = None

    @cached_property
    def coarse(self) -> npt.NDArray[np.float32]:
        """The one covariance over its largest variance, to seven digits."""
        return dense.coarse(self.covariances[0], 1 / self.deviations.max() ** 2)

    def times(self, exposures: FloatArray, *, rough: bool = False) -> FloatArray:
        """C x (D, N), without forming C; a rough one has seven digits where there are many."""
        scaled = exposures / self.deviations
        if rough and not self.factored:
            top = self.deviations.max()
            image = dense.coarse_times(self.coarse, top * scaled[0])
            if np.isfinite(image).all():
                return np.asarray(image[None] * (top / self.deviations))
        if self.few:
            return np.asarray((self.covariances @ scaled[..., None])[..., 0] / self.deviations)
        return np.asarray(dense.times(self.covariances[0], scaled[0])[None] / self.deviations)

    def by_factors(self, curvature: FloatArray, right: FloatArray) -> FloatArray:
        """Solve (C + diag(curvature)) d = right (D, N, k); NaN where there is no solution."""
        if self._matrices is None:
            deviations = self.deviations
            self._matrices = self.covariances / deviations[:, :, None] / deviations[:, None, :]
        hessians = self._matrices.copy()
        diagonal = np.arange(hessians.shape[-1])
        hessians[:, diagonal, diagonal] += curvature
        try:
            if self.few:
                return np.asarray(np.linalg.solve(hessians, right))
            return dense.solve(dense.cholesky(hessians[0]), right[0])[None]
        except np.linalg.LinAlgError:
            if len(hessians) == 1:
                return np.full(right.shape, np.nan)
        ones = [slice(k, k + 1) for k in range(len(hessians))]
        alone = [_Correlations(self.covariances[k]) for k in ones]
        solved = [
            one.by_factors(curvature[k], right[k]) for k, one in zip(ones, alone, strict=True)
        ]
        return np.concatenate(solved)

    def by_gradients(
        self, curvature: FloatArray, right: FloatArray, accuracy: float
    ) -> FloatArray | None:
        """The same (N,) by conjugate gradients (Jacobi preconditioning); None where they are slow.

        Single precision is enough for a step, since the next one starts from an exact gradient.
        """
        unit = self.deviations[0] / self.deviations.max()
        # In d / unit there is no scaling between the products: unit C unit is the covariance.
        curvature, residual = unit**2 * curvature, unit * right
        diagonal = unit**2 + curvature
        answer = np.zeros(len(right))
        direction = toward = residual / diagonal
        norm = first = residual @ toward
        for _ in range(MAX_PRODUCTS):
            image = dense.coarse_times(self.coarse, direction) + curvature * direction
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
        """Solve (D, N) by whatever is faster; by factors for good once gradients were slow."""
        if not self.factored:
            answer = self.by_gradients(curvature[0], right[0], accuracy)
            if answer is not None:
                return answer[None]
            self.factored = True
        return self.by_factors(curvature, right[..., None])[..., 0]


def free_weights(covariances: FloatArray, budgets: FloatArray) -> FloatArray:
    """Solve D problems without a floor: covariances (D, N, N) into weights (D, N)."""
    if len(covariances) > 1 and covariances.shape[-1] > FACTORED:
        return np.concatenate([free_weights(matrix[None], budgets) for matrix in covariances])
    correlations = _Correlations(covariances)
    root = np.broadcast_to(np.sqrt(budgets), covariances.shape[:2])
    size = (root * correlations.times(root, rough=True)).sum(axis=1, keepdims=True)
    # Perfect hedges make the root's variance 0; any positive start will do then.
    start = root / np.sqrt(np.where(size > 0, size, 1.0))
    exposures, _ = _newton(correlations, budgets, start)
    weights = exposures / correlations.deviations
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def weights_on_floor(
    covariance: FloatArray, budgets: FloatArray, tilt: FloatArray, free: FloatArray
) -> FloatArray:
    """Solve the problem with the floor as an equation: ``free``, its solution without, is below.

    Starts on the floor, by enlarging the assets above it, and keeps to it: every step d has
    a'(x + d) = 0. The multiplier of the floor comes with each step.
    """
    correlations = _Correlations(covariance[None])
    deviations = correlations.deviations[0]
    slope = tilt / deviations
    slope /= np.abs(slope).max()
    above = slope > 0
    start = free * deviations
    start[above] *= -(slope[~above] @ start[~above]) / (slope[above] @ start[above])
    start /= np.sqrt(start @ correlations.times(start[None])[0])

    found, prices = _newton(correlations, budgets, start[None], slope)
    exposures, price = found[0], float(prices[0])
    residual = float(_residual(correlations.times(found), budgets, found, price * slope)[0])
    gap = float(abs(slope @ exposures) / (np.abs(slope) @ exposures))
    if not (residual <= SHARE_TOLERANCE and gap <= SHARE_TOLERANCE and price >= 0):
        raise SolverError(
            f"optimality missed by {max(residual, gap):.1g} with the floor",
            "lower minimum_return, or " + MORE_ROWS,
        )
    weights = exposures / deviations
    return np.asarray(weights / weights.sum())


def _residual(
    risk: FloatArray, budgets: FloatArray, exposures: FloatArray, lift: FloatArray | float = 0.0
) -> FloatArray:
    """Largest |x_i (C x - lift)_i - b_i| (D,), relative to its own terms; ``risk`` is C x.

    An absolute measure would call any x_i near 0 optimal, whatever its gradient.
    """
    carried, lifted = exposures * risk, exposures * lift
    size = np.abs(carried) + np.abs(lifted) + budgets
    return np.asarray((np.abs(carried - lifted - budgets) / size).max(axis=1))


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # such steps are refused
def _newton(
    correlations: _Correlations,
    budgets: FloatArray,
    exposures: FloatArray,
    slope: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Damped Newton; the points with the smallest residual, and the multipliers of the floor.

    Damping by the largest relative change keeps x positive (Spinu, section 2).
    """
    best, prices = exposures, np.zeros(len(exposures))
    smallest, done = np.full(len(exposures), np.inf), np.zeros(len(exposures), dtype=bool)
    reached = ROUNDING * len(budgets)
    for step in range(MAX_STEPS):
        correlations.factored |= step >= USUAL_STEPS
        rough = step < ROUGH_STEPS and slope is None and not correlations.factored
        risk = correlations.times(exposures, rough=rough)
        gradient, curvature = risk - budgets / exposures, budgets / exposures**2
        if slope is None:
            price, residual = prices, _residual(risk, budgets, exposures)
        else:
            direction, price = _step_on_floor(correlations, curvature, gradient, exposures, slope)
            residual = _residual(risk, budgets, exposures, price[:, None] * slope)
        better = (residual < smallest) & (not rough)
        best, prices = np.where(better[:, None], exposures, best), np.where(better, price, prices)
        # At the level of rounding no step gets closer.
        done |= ~better & (smallest < SHARE_TOLERANCE)
        smallest = np.where(better, residual, smallest)
        done |= smallest <= reached
        if done.all():
            break
        if slope is None:
            direction = correlations.solve(curvature, gradient, min(0.1, np.sqrt(residual.max())))
        change = np.abs(direction / exposures).max(axis=1)
        done |= ~np.isfinite(change)
        part = np.where(change > 0.5, 1 / (1 + change), 1.0)[:, None]
        exposures = np.where(done[:, None], exposures, exposures - part * direction)
    return best, prices


def _step_on_floor(
    correlations: _Correlations,
    curvature: FloatArray,
    gradient: FloatArray,
    exposures: FloatArray,
    slope: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Newton's step that keeps slope' x = 0, and the multiplier of the floor."""
    sides = np.stack([gradient[0], slope], axis=1)[None]
    plain, tilted = correlations.by_factors(curvature, sides)[0].T
    price = np.atleast_1d((slope @ plain - slope @ exposures[0]) / (slope @ tilted))
    return (plain - price * tilted)[None], price

"""Maxima of smooth one-dimensional functions, many at a time and to full precision.

Comparing values finds a maximum to the square root of the rounding error only. Both searches
here end at a root of a derivative instead, and follow smooth changes of the data smoothly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray

NODES = 12
FINE = np.linspace(-1.0, 1.0, 65)
LOGS = np.log(10.0) * np.linspace(-14, 2, 33)


@dataclass(frozen=True)
class Interpolant:
    """C functions around their maxima: Chebyshev series on [middle - half, middle + half].

    ``coefficients`` (12, C) are those of the functions less ``base`` (C,).
    """

    middle: FloatArray
    half: FloatArray
    coefficients: FloatArray
    base: FloatArray

    def maximum(self) -> tuple[FloatArray, FloatArray]:
        """Where the functions are largest, and how large, (C,) each."""
        chebyshev = np.polynomial.chebyshev
        start = FINE[np.argmax(chebyshev.chebval(FINE, self.coefficients), axis=-1)]
        point = _newton(self.coefficients, start)
        peak = chebyshev.chebval(point, self.coefficients, tensor=False) + self.base
        return self.middle + self.half * point, peak

    def curvature(self, where: FloatArray) -> FloatArray:
        """Second derivatives (C,) at ``where`` (C,)."""
        chebyshev = np.polynomial.chebyshev
        second = chebyshev.chebder(self.coefficients, 2)
        point = (where - self.middle) / self.half
        return np.asarray(chebyshev.chebval(point, second, tensor=False) / self.half**2)


def interpolate(
    objective: Callable[[FloatArray], FloatArray], grid: FloatArray, values: FloatArray
) -> Interpolant:
    """C functions at Chebyshev nodes between the neighbours of their best grid points.

    ``objective`` maps arguments (G, C) to values (G, C); ``values`` (G, C) are those on the
    ascending ``grid`` (G,).
    """
    best = values.argmax(axis=0)
    low = grid[np.maximum(best - 1, 0)]
    high = grid[np.minimum(best + 1, len(grid) - 1)]
    middle, half = (low + high) / 2, (high - low) / 2
    chebyshev = np.polynomial.chebyshev  # numpy loads it at its first use
    nodes = chebyshev.chebpts1(NODES)
    sampled = objective(middle + half * nodes[:, None])
    # Discrete orthogonality of the Chebyshev polynomials at their own nodes.
    weights = chebyshev.chebvander(nodes, NODES - 1).T * (2.0 / NODES)
    weights[0] /= 2
    base = sampled.max(axis=0)
    return Interpolant(middle, half, weights @ (sampled - base), base)


def maximise(
    objective: Callable[[FloatArray], FloatArray], grid: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where C functions are largest, and how large, (C,) each: see :func:`interpolate`.

    >>> grid = np.linspace(-2, 2, 5)
    >>> where, peak = maximise(lambda x: -((x - 0.3) ** 2), grid, -((grid[:, None] - 0.3) ** 2))
    >>> where.round(12).tolist()
    [0.3]
    """
    return interpolate(objective, grid, values).maximum()


def _newton(coefficients: FloatArray, start: FloatArray) -> FloatArray:
    """Roots of the derivatives next to ``start``, kept inside [-1, 1]."""
    chebyshev = np.polynomial.chebyshev
    first, second = chebyshev.chebder(coefficients), chebyshev.chebder(coefficients, 2)
    step = FINE[1] - FINE[0]
    low, high = np.maximum(start - step, -1.0), np.minimum(start + step, 1.0)
    point = start
    for _ in range(8):
        slope = chebyshev.chebval(point, first, tensor=False)
        bend = chebyshev.chebval(point, second, tensor=False)
        # Beside a maximum at an edge the function need not be concave: go uphill to the edge.
        move = np.where(bend < 0, -slope / np.where(bend < 0, bend, -1.0), np.sign(slope) * step)
        point = np.clip(point + move, low, high)
    return point


def bisect(
    value: Callable[[FloatArray], FloatArray],
    slope: Callable[[FloatArray], FloatArray],
    shape: tuple[int, ...],
) -> FloatArray:
    """Positive arguments where functions on ``shape`` are largest, between 1e-14 and 100.

    ``slope`` has the sign of the derivative; it is bisected beside the best of a grid.
    """
    values = np.stack([value(np.full(shape, np.exp(log))) for log in LOGS])
    best = values.argmax(axis=0)
    low = LOGS[np.maximum(best - 1, 0)]
    high = LOGS[np.minimum(best + 1, len(LOGS) - 1)]
    for _ in range(60):
        middle = (low + high) / 2
        rising = slope(np.exp(middle)) > 0
        low = np.where(rising, middle, low)
        high = np.where(rising, high, middle)
    return np.asarray(np.exp((low + high) / 2))

"""Maxima of functions whose maximum is known in closed form."""

import numpy as np
import pytest

from kfxl.arrays import FloatArray
from kfxl.statespace.maximum import bisect, maximise

GRID = np.linspace(-8.0, 2.0, 21)


def test_maxima_to_full_precision() -> None:
    centers = np.array([-7.3, -3.14159, -1.0, 0.77, 1.9])

    def bells(x: FloatArray) -> FloatArray:
        return 100 * np.exp(-((x - centers) ** 2) / 8)

    where, peak = maximise(bells, GRID, bells(GRID[:, None]))
    np.testing.assert_allclose(where, centers, atol=1e-11)
    np.testing.assert_allclose(peak, 100.0, rtol=1e-13)


def test_the_best_of_two_peaks() -> None:
    def two(x: FloatArray) -> FloatArray:
        return np.exp(-((x + 5) ** 2)) + 1.1 * np.exp(-((x - 0.2) ** 2))

    where = maximise(two, GRID, two(GRID[:, None]))[0]
    np.testing.assert_allclose(where, [0.2], atol=1e-7)


@pytest.mark.parametrize("slope", [1.0, -1.0])
def test_an_edge(slope: float) -> None:
    def line(x: FloatArray) -> FloatArray:
        return slope * x

    where, peak = maximise(line, GRID, line(GRID[:, None]))
    expected = GRID[-1] if slope > 0 else GRID[0]
    np.testing.assert_allclose(where, [expected], atol=1e-12)
    np.testing.assert_allclose(peak, [slope * expected], atol=1e-12)


def test_bisect_many() -> None:
    best = np.array([[1e-9, 1e-3], [0.37, 42.0]])
    found = bisect(lambda r: -(np.log(r / best) ** 2), lambda r: -2 * np.log(r / best), best.shape)
    np.testing.assert_allclose(found, best, rtol=1e-14)

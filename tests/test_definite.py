"""What is a covariance matrix, and what a factorisation in single precision can prove of it."""

from __future__ import annotations

import numpy as np
import pytest

from kfxl.arrays.definite import refuse_indefinite, surely_definite
from kfxl.errors import InputError


def with_smallest(size: int, smallest: float, seed: int, decades: float = 0.0) -> np.ndarray:
    """A correlation-like matrix whose smallest eigenvalue is known, then scaled by row."""
    generator = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(generator.normal(size=(size, size)))
    values = generator.uniform(0.5, 2.0, size)
    values[0] = smallest
    scale = 10 ** generator.uniform(-decades / 2, decades / 2, size)
    matrix = (vectors * values) @ vectors.T * np.outer(scale, scale)
    return np.asarray((matrix + matrix.T) / 2)


@pytest.mark.parametrize("size", [129, 200, 400])
@pytest.mark.parametrize("decades", [0.0, 4.0, 20.0])
@pytest.mark.parametrize("smallest", [-0.3, -1e-3, -1e-6, -1e-9])
def test_an_indefinite_matrix_is_never_proved(size: int, decades: float, smallest: float) -> None:
    for seed in range(5):
        assert not surely_definite(with_smallest(size, smallest, seed, decades))


@pytest.mark.parametrize("decades", [0.0, 4.0, 8.0])
def test_a_usual_matrix_is_proved(decades: float) -> None:
    for seed in range(5):
        assert surely_definite(with_smallest(300, 0.2, seed, decades))


@pytest.mark.parametrize("size", [3, 129, 300])
@pytest.mark.parametrize("smallest", [-1e-3, -1e-6, -1e-9])
def test_indefinite_matrices_are_refused(size: int, smallest: float) -> None:
    with pytest.raises(InputError, match=r"^c: is no covariance matrix \(smallest eigenvalue -"):
        refuse_indefinite(with_smallest(size, smallest, 7), "c")


@pytest.mark.parametrize("size", [3, 129, 300])
@pytest.mark.parametrize("smallest", [1.0, 1e-6, 1e-12, 0.0, -1e-11])
def test_others_pass_singular_ones_too(size: int, smallest: float) -> None:
    refuse_indefinite(with_smallest(size, smallest, 7), "c")
    refuse_indefinite(np.zeros((size, size)), "c")
    refuse_indefinite(np.ones((size, size)), "c")


@pytest.mark.parametrize("variance", [1e-20, 1e-310])
@pytest.mark.parametrize("places", [[(0, 5)], [(3, 150), (7, 150)], [(198, 199)]])
def test_covariances_that_overflow_beside_their_variances_prove_nothing(
    variance: float, places: list[tuple[int, int]]
) -> None:
    matrix = np.eye(200) * variance
    for sign, (row, column) in zip((1, -1), places, strict=False):
        matrix[row, column] = matrix[column, row] = sign * 1e25
    assert not surely_definite(matrix)
    with pytest.raises(InputError, match="is no covariance matrix"):
        refuse_indefinite(matrix, "c")

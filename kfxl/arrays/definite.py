"""Whether a symmetric matrix is a covariance matrix: positive semidefinite but for rounding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kfxl.errors import InputError

FloatArray = npt.NDArray[np.float64]
TOLERANCE = 1e-10  # of the largest variance
FEW = 128  # up to as many rows the proof in single precision saves nothing
HALF_UNIT = 2.0**-24  # rounding error of single precision
HOPELESS = 0.2  # loss of variance in the proof that few matrices can afford
STRIP = 64  # rows that are rounded at once


def refuse_indefinite(matrix: FloatArray, argument: str) -> None:
    """InputError where the symmetric ``matrix`` has an eigenvalue below zero, beyond rounding."""
    from scipy.linalg.lapack import dpotrf  # a cold start does without

    if surely_definite(matrix):
        return
    shift = TOLERANCE * matrix.diagonal().max()
    shifted = np.array(matrix.T, order="F")
    shifted.flat[:: len(matrix) + 1] += max(shift, np.finfo(float).tiny)
    if dpotrf(shifted, lower=1, clean=0, overwrite_a=1)[1]:
        smallest = np.linalg.eigvalsh(matrix)[0]
        raise InputError(
            argument,
            f"is no covariance matrix (smallest eigenvalue {smallest:.3g})",
            "estimate it from one set of complete rows",
        )


@np.errstate(over="ignore", invalid="ignore")  # what overflows is not proved
def surely_definite(matrix: FloatArray) -> bool:
    """Whether a factorisation in single precision, which takes half the time, proves it.

    Rounding changes an element by at most (N + 2) units of sqrt(a_ii a_jj), and so the matrix by
    at most N as many of its diagonal. If less that part it still has Cholesky factors, it is
    positive definite itself (S. M. Rump, Verification of positive definiteness, 2006).

    >>> bool(surely_definite(np.eye(200))), bool(surely_definite(np.ones((200, 200))))
    (True, False)
    """
    from scipy.linalg.lapack import spotrf

    size = len(matrix)
    lost = 1.1 * size * (size + 3) * HALF_UNIT
    largest = matrix.diagonal().max()
    if size <= FEW or lost > HOPELESS or not largest > 0:
        return False
    half = np.empty((size, size), np.float32)
    scale = 1 / largest
    for top in range(0, size, STRIP):
        part = slice(top, top + STRIP), slice(top, size)
        np.multiply(matrix[part], scale, out=half[part], casting="same_kind")
    half.flat[:: size + 1] *= np.float32(1 - lost)
    # The other half is not set and not read.
    factor, failed = spotrf(half.T, lower=1, clean=0, overwrite_a=1)
    # What is not a number fails no comparison, and so goes on to the last pivot.
    return not failed and bool(np.isfinite(factor.diagonal()).all())

"""Symmetric matrices in the solvers: products and factorisations, all of them on one thread.

Everything here is scipy's BLAS: numpy brings another one, and the threads of two that take turns
wait for each other. Even those of one do so, actively, several times in each factorisation: next
to other work on the machine that takes many times longer than the work itself, and for a few
hundred assets it saves nothing. It is imported where it is used, which spares a cold start.
"""

from __future__ import annotations

import math
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray

THREADED = 64  # rows; smaller matrices never leave the calling thread
STRIP = 32  # rows that stay in the cache while they are rounded


def one_thread(matrix: object) -> AbstractContextManager[Any]:
    """A context in which linear algebra on a ``matrix``, or others of its size, uses one thread."""
    shape = getattr(matrix, "shape", ())
    if isinstance(matrix, list | tuple):
        shape = (len(matrix),)
    rows = shape[0] if shape else 0  # a single number has none
    return LIMIT if rows > THREADED else nullcontext()


class _Limit:
    """One thread for all as long as any of the callers, each on a thread of its own, is inside."""

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0
        self.pools: Any = None
        self.limited: Any = None

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                self.pools = self.pools or _pools()
                self.limited = self.pools.limit(limits=1, user_api="blas")
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limited.restore_original_limits()


LIMIT = _Limit()  # made once, before any thread can ask for it


def _pools() -> Any:
    import scipy.linalg.blas  # noqa: F401  (only libraries that are loaded are found)
    from threadpoolctl import ThreadpoolController  # looks for them, which takes its time

    return ThreadpoolController()


def times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """``matrix @ vector`` for a symmetric matrix, of which one half is read."""
    from scipy.linalg.blas import dsymv

    return np.asarray(dsymv(1.0, matrix.T, vector))


@np.errstate(over="ignore")
def coarse(matrix: FloatArray, scale: float) -> npt.NDArray[np.float32]:
    """``scale * matrix`` to seven digits, the lower half of it: enough for :func:`coarse_times`."""
    half = np.empty(matrix.shape, np.float32)
    for top in range(0, len(matrix), STRIP):
        part = slice(top, top + STRIP), slice(0, top + STRIP)
        half[part] = scale * matrix[part]
    return half


def coarse_times(matrix: npt.NDArray[np.float32], vector: FloatArray) -> FloatArray:
    """:func:`times` to seven digits, in half the time."""
    from scipy.linalg.blas import ssymv

    return np.asarray(ssymv(1.0, matrix.T, vector), np.float64)


def cholesky(matrix: FloatArray) -> FloatArray:
    """Factor for :func:`solve`; LinAlgError where the symmetric ``matrix`` is not definite.

    >>> solve(cholesky(np.diag([4.0, 1.0])), np.ones(2)).tolist()
    [0.25, 1.0]
    """
    from scipy.linalg.lapack import dpotrf

    factor, failed = dpotrf(matrix.T, lower=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    return np.asarray(factor)


def solve(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Solution of matrix @ x = ``right``, one or several columns, by its factor."""
    from scipy.linalg.lapack import dpotrs

    return np.asarray(dpotrs(factor, right, lower=1)[0])


def exact_times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """``matrix @ vector`` rounded once, however much its terms cancel; slow.

    Each product is split into its rounded value and the rest (Dekker, 1971).

    >>> exact_times(np.array([[1e16, 1.0, -1e16]]), np.ones(3)).tolist()
    [1.0]
    """
    product = matrix * vector
    (high, low), (top, rest) = _halves(matrix), _halves(vector)
    lost = low * rest - (((product - high * top) - low * top) - high * rest)
    return np.array([math.fsum(row) for row in np.concatenate([product, lost], axis=1).tolist()])


def _halves(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two parts of half the digits each, whose products are exact."""
    shifted = values * (2.0**27 + 1)
    high = shifted - (shifted - values)
    return high, values - high

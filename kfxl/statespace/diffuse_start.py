"""The recursion of shared regressions from a diffuse start, without loss of digits.

While some directions of the state are unknown (variance 1e6) and others learnt (variance 1), a
covariance matrix keeps ten digits of the small ones at most. Its factors P = U D U', U unit upper
triangular and D diagonal, keep all: they are updated without a subtraction of large numbers.

Source: G. J. Bierman, Factorization Methods for Discrete Sequential Estimation, 1977 (update
after Bierman, prediction after Thornton).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.regression_recursion import Rows, recursion

LEARNT = 0.1  # least sum of squares of what is seen in any direction, on regressors of size 1


def careful_recursion(
    rows: Rows, transition: float, process: FloatArray, state: FloatArray, learnt: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """:func:`recursion` for one set of ratios, in factors for the first ``learnt`` rows.

    The covariance must be diagonal at the start.
    """
    yield from _factored(rows[:learnt], transition, process, state)
    yield from recursion(rows[learnt:], transition, process, state)


def rows_to_learn(rows: Rows, states: int) -> int:
    """Rows after which every group has seen all directions of its state well; T if never.

    A factor that is 0 or goes with another one for years tells nothing in that time.
    """
    periods = len(rows.seen)
    size = np.sqrt((rows.regressors**2).mean(axis=0))
    loads = rows.regressors / np.where(size > 0, size, 1.0)
    squares = (loads[:, :, None] * loads[:, None, :]).reshape(periods, -1)
    enough = np.asarray((rows.seen.cumsum(axis=0) >= 2 * states).all(axis=1))
    learnt = int(np.argmax(enough)) + 1 if enough.any() else periods
    while learnt < periods:
        gram = (rows.seen[:learnt].T.astype(np.float64) @ squares[:learnt]).reshape(
            -1, states, states
        )
        if np.linalg.eigvalsh(gram)[:, 0].min() >= LEARNT:
            return learnt
        learnt = min(2 * learnt, periods)
    return periods


def _factored(
    rows: Rows, transition: float, process: FloatArray, state: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    states, noise = len(process), process[:, 0]
    covariance, mean = state[:, :states, 0], state[:, states:, 0]
    diagonal = np.arange(states)
    variances = covariance[diagonal, diagonal].copy()
    upper = np.zeros(covariance.shape)
    upper[diagonal, diagonal] = 1.0
    for values, seen, regressor in zip(rows.values, rows.seen, rows.regressors, strict=True):
        mean *= transition
        upper, variances = _predict(upper, variances, transition, noise)
        loads = np.einsum("ijl,i->jl", upper, regressor)
        total = 1.0 + (loads**2 * variances).sum(axis=0)
        upper, variances, loaded = _update(upper, variances, loads * seen)
        covariance[...] = np.einsum("ijl,jl,kjl->ikl", upper, variances, upper)
        deviation = np.sqrt(total)
        innovation = (values - np.einsum("i,icl->cl", regressor, mean)) / deviation
        mean += (loaded / deviation)[:, None] * innovation
        yield innovation[:, None], total[None]


def _predict(
    upper: FloatArray, variances: FloatArray, transition: float, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Factors of f^2 U D U' + diag(noise), by weighted Gram-Schmidt from the last row up."""
    identity = np.broadcast_to(np.eye(len(noise))[:, :, None], upper.shape)
    rows = np.concatenate([transition * upper, identity], axis=1)
    weights = np.concatenate([variances, noise])
    upper, variances = np.array(identity), np.empty_like(noise)
    for j in range(len(noise) - 1, -1, -1):
        weighted = weights * rows[j]
        variances[j] = (weighted * rows[j]).sum(axis=0)
        # A state known exactly (variance 0) has no covariance to explain.
        safe = np.where(variances[j] > 0, variances[j], 1.0)
        upper[:j, j] = (rows[:j] * weighted).sum(axis=1) / safe
        rows[:j] -= upper[:j, j, None] * rows[j]
    return upper, variances


def _update(
    upper: FloatArray, variances: FloatArray, loads: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Factors after an observation with unit noise and U'h = ``loads``, and the old P h."""
    gains = variances * loads
    after = 1.0 + np.cumsum(loads * gains, axis=0)
    before = np.concatenate([np.ones_like(after[:1]), after[:-1]])
    partial = np.cumsum(upper * gains, axis=1)
    shifted = np.concatenate([np.zeros_like(partial[:, :1]), partial[:, :-1]], axis=1)
    return upper - (loads / before) * shifted, variances * (before / after), partial[:, -1]

"""Several rows of a regression with drifting coefficients as one update.

The rows of a block observe the state before it through h_j' f^j x, and the noise that has come in
since. With a_i = f^i and c_ij = sum over k <= min(i, j) of f^(i-k) f^(j-k) (what unit noises leave
in two rows), all over r,

    S = (a a') o (H P H') + c o (H Q H') + I        covariance of the rows' returns
    V_l = a_l a' o (P H') + c_l o (Q H')            covariance of the state after row l with them

With S = L L', row l's state is a_l x plus the part of V_l S^-1 that looks back: U_l = V_l L^-T, cut
after column l, times L^-1. So a block is one matrix, the same for all assets that share P, applied
to states and returns alike. It also gives the innovations, standardised: L^-1 (y - a o H x), whose
variances are the squares on the diagonal of L.

Source: derived from R. E. Kalman, 1960; P is lowered by an exact square, as row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray

STEP = 16  # rows of a block


@dataclass(frozen=True)
class Block:
    """What n rows do to the states of all assets that share G covariances.

    ``operator`` (G, n + k m, m + n) maps the state before the block and its n returns to the n
    innovations over their deviations and the states after k rows: all n, or the last alone.
    ``deviation`` (G, n) are the deviations over the root of r, ``variance`` (G, k, m) those of
    the k states over r, ``covariance`` (G, m, m) is that of the last.
    """

    rows: slice
    operator: FloatArray
    deviation: FloatArray
    variance: FloatArray
    covariance: FloatArray


def lifted(
    regressors: FloatArray,
    transition: float,
    process: FloatArray,
    covariance: FloatArray,
    *,
    every: bool,
) -> Iterator[Block]:
    """Blocks of (T, m) regressors, one after the other, for G sets of ratios at once.

    ``process`` (G, m) holds q / r, ``covariance`` (G, m, m) that of the state before the first
    row over r. A row that nobody observes is a row of zeros. ``every``: states after all rows of
    a block, not the last alone.
    """
    lags = np.subtract.outer(np.arange(STEP), np.arange(STEP))
    powers = np.power(transition, np.maximum(lags, 0.0), where=lags >= 0, out=np.zeros(lags.shape))
    carried, decay = powers @ powers.T, np.power(transition, np.arange(1.0, STEP + 1))
    for start in range(0, len(regressors), STEP):
        rows = slice(start, min(start + STEP, len(regressors)))
        size = rows.stop - start
        part = carried[:size, :size], decay[:size]
        block = _block(rows, regressors[rows], process, covariance, *part, every=every)
        yield block
        covariance = block.covariance


def _block(
    rows: slice,
    regressors: FloatArray,
    process: FloatArray,
    covariance: FloatArray,
    carried: FloatArray,
    decay: FloatArray,
    *,
    every: bool,
) -> Block:
    groups, states = process.shape
    size = len(regressors)
    of_state = (regressors @ covariance) * decay[:, None]
    of_noise = process[:, None] * regressors
    spread = (of_state @ regressors.T) * decay + carried * (of_noise @ regressors.T) + np.eye(size)
    factor = np.linalg.cholesky(spread)
    inverse = np.linalg.inv(factor)
    after = slice(0 if every else size - 1, size)
    kept = size - after.start
    gains = decay[after, None, None] * of_state.swapaxes(1, 2)[:, None]
    gains += carried[after, None] * of_noise.swapaxes(1, 2)[:, None]
    gains = gains.reshape(groups, kept * states, size) @ inverse.swapaxes(1, 2)
    looking_back = gains.reshape(groups, kept, states, size)
    looking_back *= np.tri(size)[after, None]
    moved = decay[:, None] * regressors
    operator = np.empty((groups, size + kept * states, states + size))
    operator[:, :size, states:] = inverse
    np.matmul(gains, inverse, out=operator[:, size:, states:])
    np.matmul(operator[:, :, states:], -moved, out=operator[:, :, :states])
    own = operator[:, size:, :states].reshape(groups, kept, states, states)
    own[...] += decay[after, None, None] * np.eye(states)
    variance = (looking_back**2).sum(axis=3)
    last = looking_back[:, -1]
    squared, noise = decay[-1] ** 2, carried[-1, -1] * process[:, :, None] * np.eye(states)
    following = squared * covariance + noise - last @ last.swapaxes(1, 2)
    diagonal = covariance.diagonal(axis1=1, axis2=2)[:, None]
    own_noise = carried.diagonal()[after, None] * process[:, None]
    return Block(
        rows,
        operator,
        factor.diagonal(axis1=1, axis2=2),
        decay[after, None] ** 2 * diagonal + own_noise - variance,
        (following + following.swapaxes(1, 2)) / 2,
    )

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
from itertools import pairwise

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError

BATCH = 32  # blocks whose matrices are held at once


@dataclass(frozen=True)
class Blocks:
    """What B blocks of n rows do to the states of all assets that share G covariances.

    Applied to the state before a block and its n returns, ``whitening`` (B, G, n, m + n) gives
    the innovations over their deviations, ``moving`` (B, G, k m, m + n) the states after k rows:
    all n, or the last alone. ``deviation`` (B, G, n) holds those deviations over the root of r,
    ``variance`` (B, G, k, m) the variances of the k states over r, and ``covariance`` (G, m, m)
    all of that after the last block. ``start`` is the first row.
    """

    start: int
    whitening: FloatArray
    moving: FloatArray
    deviation: FloatArray
    variance: FloatArray
    covariance: FloatArray


@dataclass(frozen=True)
class _Decay:
    """What n rows do to a state and to noise: a (n,) and c (n, n) of the module's formula."""

    own: FloatArray
    noise: FloatArray

    @classmethod
    def over(cls, rows: int, transition: float) -> _Decay:
        steps = np.arange(float(rows))
        lags = np.subtract.outer(steps, steps)
        powers = np.tril(np.power(transition, np.maximum(lags, 0.0)))
        return cls(np.power(transition, steps + 1), powers @ powers.T)


def lifted(
    regressors: FloatArray,
    transition: float,
    process: FloatArray,
    covariance: FloatArray,
    *,
    step: int,
    every: bool,
) -> Iterator[Blocks]:
    """Blocks of ``step`` of the (T, m) regressors, for G sets of ratios at once.

    ``process`` (G, m) holds q / r, ``covariance`` (G, m, m) that of the state before the first
    row over r. A row that nobody observes is a row of zeros. ``every``: states after all rows of
    a block, not the last alone.
    """
    periods, states = regressors.shape
    whole = periods - periods % step
    edges = [*range(0, whole, BATCH * step), whole, periods]
    for start, stop in pairwise(edges):
        if stop > start:
            size = min(step, stop - start)
            rows = regressors[start:stop].reshape(-1, size, states)
            decay = _Decay.over(size, transition)
            blocks = _blocks(start, rows, decay, process, covariance, every=every)
            covariance = blocks.covariance
            yield blocks


def _blocks(
    start: int,
    regressors: FloatArray,
    decay: _Decay,
    process: FloatArray,
    covariance: FloatArray,
    *,
    every: bool,
) -> Blocks:
    """From (B, n, m) regressors: first the covariances, block by block, then all the rest."""
    size = regressors.shape[1]
    weighted = decay.own[:, None] * regressors
    of_noise = process[:, :, None] * regressors.swapaxes(1, 2)[:, None]
    spread = decay.noise * (regressors[:, None] @ of_noise) + np.eye(size)
    before, factors, inverses = _covariances(weighted, of_noise, spread, decay, process, covariance)
    after = slice(0 if every else size - 1, size)
    own, noise = decay.own[after, None, None], decay.noise[after, None]
    # The covariance of each state with the block's returns, then its share of what they tell.
    shares = own * (before[:-1] @ weighted.swapaxes(1, 2)[:, None])[:, :, None]
    shares += noise * of_noise[:, :, None]
    # All states of a block as the rows of one matrix: one product, not one a state.
    flat = shares.reshape(*shares.shape[:2], -1, size) @ inverses.swapaxes(2, 3)
    shares = flat.reshape(shares.shape)
    shares *= np.tri(size)[after, None]
    variance = own[..., 0] ** 2 * before[:-1].diagonal(axis1=2, axis2=3)[:, :, None]
    variance = variance + decay.noise.diagonal()[after, None] * process[:, None]
    variance -= (shares**2).sum(axis=4)
    return Blocks(
        start,
        _operators(inverses, -weighted, None),
        _operators(flat @ inverses, -weighted, own),
        factors.diagonal(axis1=2, axis2=3),
        variance,
        before[-1],
    )


def _covariances(
    weighted: FloatArray,
    of_noise: FloatArray,
    spread: FloatArray,
    decay: _Decay,
    process: FloatArray,
    covariance: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(B + 1, G, m, m) before each block and after the last; L and its inverse of each block.

    ``weighted`` is a o H, ``of_noise`` Q H', and ``spread`` what of S is not the state's.
    """
    last_noise = decay.noise[-1] * of_noise
    fresh = decay.noise[-1, -1] * process[:, :, None] * np.eye(process.shape[1])
    before = np.empty((len(weighted) + 1, *covariance.shape))
    factors, inverses = np.empty_like(spread), np.empty_like(spread)
    for block, rows in enumerate(weighted):
        before[block] = covariance
        of_state = covariance @ rows.T
        factors[block], inverses[block] = _factors(spread[block] + rows @ of_state)
        last = decay.own[-1] * of_state + last_noise[block]
        last = last @ inverses[block].swapaxes(1, 2)
        covariance = decay.own[-1] ** 2 * covariance + fresh - last @ last.swapaxes(1, 2)
    before[-1] = covariance
    return before, factors, inverses


def _factors(spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cholesky factors and their inverses, lower ones; without any, the numbers are refused."""
    from scipy.linalg.lapack import dpotrf, dtrtri  # a cold start does without

    if len(spread) > 1:
        try:
            factors = np.asarray(np.linalg.cholesky(spread))
            return factors, np.asarray(np.linalg.inv(factors))
        except np.linalg.LinAlgError:
            pass  # it is said below
    else:  # numpy's take several times as long for a single one
        factor, failed = dpotrf(spread[0], lower=1)
        if not failed:
            return factor[None], dtrtri(factor, lower=1)[0][None]
    problem = "observation variances vanish beside those of the states"
    raise SolverError(problem, "use variances that are less far apart")


def _operators(weights: FloatArray, moved: FloatArray, own: FloatArray | None) -> FloatArray:
    """(B, G, rows, m + n): ``weights`` on the returns less what the state before had them be.

    With ``own`` (k, 1, 1) the rows are those of k states, of which so much is carried over.
    """
    states = moved.shape[2]
    operators = np.empty((*weights.shape[:3], states + weights.shape[3]))
    operators[..., states:] = weights
    np.matmul(weights, moved[:, None], out=operators[..., :states])
    if own is not None:
        carried = operators[..., :states].reshape(*weights.shape[:2], -1, states, states)
        carried += own * np.eye(states)
    return operators

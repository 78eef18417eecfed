"""Filtered regressions piece by piece: some assets over some rows, as they come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import UNTHREADED, IntArray
from kfxl.statespace.diffuse_start import careful_recursion, rows_to_learn
from kfxl.statespace.lifted_regression import STEP, Block, lifted
from kfxl.statespace.regression_recursion import Rows

BLOCKS = 64  # blocks of rows whose matrices are held at once
ROWS = 64  # rows that come out together where they are taken one by one


@dataclass(frozen=True)
class Part:
    """Some assets: their rows, q / r (m, 1, A), and the state before the first prediction.

    That is ``mean`` (m, 1, A, C) and ``covariance`` / r (m, m, 1, A), both changed in place.
    """

    assets: IntArray
    rows: Rows
    process: FloatArray
    mean: FloatArray
    covariance: FloatArray

    @property
    def shared(self) -> bool:
        """Whether one covariance is that of all."""
        return self.covariance.shape[-1] == 1


@dataclass(frozen=True)
class Piece:
    """States after some rows and the returns that led to them, in units of r; lanes A or 1.

    ``means`` (R, m, C), or after the last row alone (1, m, C); ``variances`` (R, m, A) likewise;
    ``errors`` (R, C) are the innovations over their deviations, ``totals`` (R, A) the squares of
    those, F; ``weights`` (R, A) 1 where a return is seen and ``late`` 1 where m were before it.
    """

    rows: slice
    columns: slice
    means: FloatArray
    variances: FloatArray
    errors: FloatArray
    totals: FloatArray
    weights: FloatArray
    late: FloatArray

    def sums(self) -> FloatArray:
        """(5, C) over rows: returns seen, log F, and with innovations v: v^2/F, (v/F)^2, late v^2.

        v / F is what a return differs by from the one expected after it.
        """
        lanes = np.stack([self.weights, self.weights * np.log(self.totals)]).sum(axis=1)
        scales = np.stack([self.weights, self.weights / self.totals, self.late * self.totals])
        squares = self.errors**2
        if scales.shape[2] == 1:
            scaled = scales[:, :, 0] @ squares
        else:
            scaled = (scales * squares).sum(axis=1)
        return np.concatenate([np.broadcast_to(lanes, (2, scaled.shape[1])), scaled])


def filtered_pieces(part: Part, transition: float, *, every: bool) -> Iterator[Piece]:
    """The filter over all rows, from the part's state; where shared, by blocks once it can be.

    Without ``every`` a block gives the state after its last row alone.
    """
    weights = part.rows.seen.astype(np.float64)
    late = weights * (part.rows.seen.cumsum(axis=0) > len(part.process))
    change = len(weights)
    if part.shared:
        change = min(rows_to_learn(part.rows, len(part.process)), change)
    yield from _one_by_one(part, transition, (weights, late), change)
    if change < len(weights):
        yield from _by_blocks(part, transition, (weights, late), change, every=every)


def _one_by_one(
    part: Part, transition: float, masks: tuple[FloatArray, FloatArray], stop: int
) -> Iterator[Piece]:
    """The rows before ``stop``, some at a time."""
    states, _, lanes, columns = part.mean.shape
    means = np.empty((ROWS, states, lanes * columns))
    variances, totals = np.empty((ROWS, states, lanes)), np.empty((ROWS, lanes))
    errors = np.empty((ROWS, lanes * columns))
    # Views of the state, which changes in place.
    mean = part.mean.reshape(states, -1)
    variance = part.covariance.reshape(states * states, lanes)[:: states + 1]
    state = part.process, part.mean, part.covariance
    for t, (error, total) in enumerate(careful_recursion(part.rows[:stop], transition, *state)):
        k = t % ROWS
        means[k], variances[k], errors[k], totals[k] = mean, variance, error.ravel(), total[0]
        if k == ROWS - 1 or t == stop - 1:
            rows, held = slice(t - k, t + 1), slice(0, k + 1)
            weights, late = (mask[rows] for mask in masks)
            found = means[held], variances[held], errors[held], totals[held]
            yield Piece(rows, slice(None), *found, weights, late)


def _by_blocks(
    part: Part, transition: float, masks: tuple[FloatArray, FloatArray], start: int, *, every: bool
) -> Iterator[Piece]:
    """The rows from ``start`` on, of assets that share a covariance."""
    state = part.mean[:, 0, 0].copy()
    process, covariance = part.process[:, :, 0].T, part.covariance[:, :, :, 0].transpose(2, 0, 1)
    # A row in which nothing is seen observes zero times the state.
    regressors = part.rows.regressors[start:] * masks[0][start:]
    blocks = lifted(regressors, transition, process, covariance, every=every)
    while held := list(islice(blocks, BLOCKS)):
        width = max(1, UNTHREADED // held[0].operator.size)
        for first in range(0, state.shape[1], width):
            columns = slice(first, min(first + width, state.shape[1]))
            yield from _through(held, part, masks, start, state, columns)
        part.covariance[:, :, 0, 0] = held[-1].covariance[0]


def _through(
    blocks: list[Block],
    part: Part,
    masks: tuple[FloatArray, FloatArray],
    start: int,
    state: FloatArray,
    columns: slice,
) -> Iterator[Piece]:
    """Some assets through some blocks; ``state`` (m, N) changes in place."""
    states = len(state)
    inputs = np.empty((states + STEP, columns.stop - columns.start))
    inputs[:states] = state[:, columns]
    outputs = np.empty((blocks[0].operator.shape[1], inputs.shape[1]))
    for block in blocks:
        rows = slice(start + block.rows.start, start + block.rows.stop)
        size, operator = rows.stop - rows.start, block.operator[0]
        inputs[states : states + size] = part.rows.values[rows, 0, columns]
        result = np.matmul(operator, inputs[: states + size], out=outputs[: len(operator)])
        means = result[size:].reshape(-1, states, inputs.shape[1])
        inputs[:states] = means[-1]
        variances, totals = block.variance[0, :, :, None], block.deviation[0, :, None] ** 2
        weights, late = (mask[rows] for mask in masks)
        yield Piece(rows, columns, means, variances, result[:size], totals, weights, late)
    state[:, columns] = inputs[:states]

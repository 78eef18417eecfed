"""Filtered regressions piece by piece: some assets over some rows, as they come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import UNTHREADED, BoolArray, IntArray
from kfxl.statespace.diffuse_start import careful_recursion, rows_to_learn
from kfxl.statespace.lifted_regression import Blocks, lifted
from kfxl.statespace.regression_recursion import Rows

ROWS = 64  # rows that come out together where they are taken one by one
STEP, FEW, MANY = 10, 32, 50  # rows of a block, and those for few assets
CACHE = 150_000  # numbers that stay in the processor's cache


@dataclass(frozen=True)
class Part:
    """Some assets: their rows, q / r (m, 1, A), and the state before the first prediction.

    That is ``state`` (m, m + C, 1, A), covariance / r and beside it means, changed in place.
    """

    assets: IntArray
    rows: Rows
    process: FloatArray
    state: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """(m, m, A), over r: a view of the state."""
        return self.state[:, : len(self.process), 0]

    @property
    def mean(self) -> FloatArray:
        """(m, C, A): a view of the state."""
        return self.state[:, len(self.process) :, 0]

    @property
    def shared(self) -> bool:
        """Whether one covariance is that of all."""
        return len(self.process[0, 0]) == 1

    @cached_property
    def late(self) -> BoolArray:
        """(T, A): which returns are seen after m others."""
        seen = self.rows.seen
        return np.asarray(seen & (seen.cumsum(axis=0, dtype=np.int32) > len(self.process)))


@dataclass(frozen=True)
class Piece:
    """What some rows tell: how sure the states are, and how the returns differed from expected.

    ``variances`` (R, m, A) over r, after all R rows or after the last of each block alone;
    ``errors`` (R, C) the innovations v over the root of F, r F being their variance; ``squares``
    (4, C) the sums over rows of v^2 / F, (v / F)^2, v^2 after each asset's first m returns, and
    log F. v / F is what a return differs by from the one expected after it.
    """

    rows: slice
    columns: slice
    variances: FloatArray
    errors: FloatArray
    squares: FloatArray


def filtered_pieces(part: Part, transition: float, means: FloatArray | None) -> Iterator[Piece]:
    """The filter over all rows, from the part's state; where shared, by blocks once it can be.

    The states after each row are written into ``means`` (T, C, m); without it, states and
    variances within a block are not worked out. The part's state ends as that after the last row.
    """
    learnt, periods = rows_to_learn(part.rows, len(part.process)), len(part.rows.seen)
    change = learnt if part.shared else periods
    yield from _one_by_one(part, transition, means, learnt, change)
    if change < periods:
        yield from _by_blocks(part, transition, None if means is None else means[change:], change)


def _scales(part: Part, rows: slice, totals: FloatArray) -> FloatArray:
    """(4, R, A): what the squares v^2 / F are worth in each sum, and the last sum's terms."""
    seen, late = part.rows.seen[rows], part.late[rows]
    return np.stack([seen, seen / totals, late * totals, seen * np.log(totals)])


def _squares(scales: FloatArray, errors: FloatArray) -> FloatArray:
    """The sums (4, C) of a piece, from innovations (R, C) over their deviations."""
    sums = np.empty((4, errors.shape[1]))
    if scales.shape[2] == 1:
        np.matmul(scales[:3, :, 0], errors**2, out=sums[:3])
    else:
        np.sum(scales[:3] * errors**2, axis=1, out=sums[:3])
    sums[3] = scales[3].sum(axis=0)
    return sums


def _one_by_one(
    part: Part, transition: float, means: FloatArray | None, learnt: int, stop: int
) -> Iterator[Piece]:
    """The rows before ``stop``, some at a time, the first ``learnt`` of them in factors."""
    states, columns, lanes = part.mean.shape
    variances, totals = np.empty((ROWS, states, lanes)), np.empty((ROWS, lanes))
    errors = np.empty((ROWS, lanes * columns))
    # A view of the state, which changes in place.
    variance = np.einsum("iia->ia", part.covariance)
    steps = careful_recursion(part.rows[:stop], transition, part.process, part.state, learnt)
    for t, (error, total) in enumerate(steps):
        k = t % ROWS
        if means is not None:
            means[t] = part.mean.reshape(states, -1).T
        variances[k], errors[k], totals[k] = variance, error.ravel(), total[0]
        if k == ROWS - 1 or t == stop - 1:
            rows, held = slice(t - k, t + 1), slice(0, k + 1)
            squares = _squares(_scales(part, rows, totals[held]), errors[held])
            yield Piece(rows, slice(None), variances[held], errors[held], squares)


def _by_blocks(
    part: Part, transition: float, means: FloatArray | None, start: int
) -> Iterator[Piece]:
    """The rows from ``start`` on, of assets that share a covariance."""
    assets, every = part.mean.shape[1], means is not None
    process, covariance = part.process[:, :, 0].T, part.covariance.transpose(2, 0, 1)
    # A row in which nothing is seen observes zero times the state.
    regressors = part.rows.regressors[start:] * part.rows.seen[start:]
    step = FEW if assets < MANY else STEP
    for blocks in lifted(regressors, transition, process, covariance, step=step, every=every):
        size, inputs = blocks.whitening.shape[2:]
        chunks = -(-assets * size * inputs // UNTHREADED)
        for columns in np.array_split(np.arange(assets), chunks):
            where = slice(int(columns[0]), int(columns[-1]) + 1)
            own = None if means is None else means[blocks.start :, where]
            yield from _through(blocks, part, start + blocks.start, own, where)
        part.covariance[:, :, 0] = blocks.covariance[0]


def _through(
    blocks: Blocks, part: Part, start: int, means: FloatArray | None, columns: slice
) -> Iterator[Piece]:
    """Some assets through all blocks, from row ``start``; their mean changes in place."""
    count, _, size, _ = blocks.whitening.shape
    states, width = len(part.process), columns.stop - columns.start
    kept = blocks.variance.shape[2]
    totals = blocks.deviation.reshape(-1, 1) ** 2
    scales = _scales(part, slice(start, start + len(totals)), totals)
    variances = blocks.variance.reshape(count * kept, states, 1)
    moving = blocks.moving.reshape(count, kept, states, -1).swapaxes(2, 3)
    together = max(1, CACHE // (size * width))
    inputs, errors = np.empty((states + size, width)), np.empty((together, size, width))
    inputs[:states] = part.mean[:, columns, 0]
    after = np.empty((kept, width, states))
    for first in range(0, count, together):
        last = min(first + together, count)
        for k, block in enumerate(range(first, last)):
            row = block * size
            inputs[states:] = part.rows.values[start + row : start + row + size, columns, 0]
            np.matmul(blocks.whitening[block, 0], inputs, out=errors[k])
            if means is not None:
                after = means[row : row + size]
            np.matmul(inputs.T, moving[block], out=after)
            inputs[:states] = after[-1].T
        done = slice(first * size, last * size)
        flat = errors[: last - first].reshape(-1, width)
        squares = _squares(scales[:, done], flat)
        rows = slice(start + done.start, start + done.stop)
        yield Piece(rows, columns, variances[first * kept : last * kept], flat, squares)
    part.mean[:, columns, 0] = inputs[:states]

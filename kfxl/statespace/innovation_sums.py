"""What the likelihood needs of all rows: sums of squared and crossed innovations.

For G sets of ratios at once, from a start that is known exactly. Beside each asset's innovations v
go those of m more returns, all zero, whose state starts at a unit: u_t says what one unit more in
the initial state would do to v_t. All are divided by their deviation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import UNTHREADED, BoolArray
from kfxl.statespace.lifted_regression import Blocks, lifted
from kfxl.statespace.regression_recursion import Rows, recursion

STEP = 12  # rows of a block
CACHE = 50_000  # numbers that stay in the processor's cache


@dataclass(frozen=True)
class Sums:
    """Sums over some rows for C assets in A lanes: all of them in one, or each in its own.

    ``count`` (A,) of returns, ``log_total`` (G, A) of log F, ``square`` (G, C) of v^2 / F,
    ``gram`` (G, A, m, m) of u u' / F, ``cross`` (G, C, m) of u v / F.
    """

    count: FloatArray
    log_total: FloatArray
    square: FloatArray
    gram: FloatArray
    cross: FloatArray

    @classmethod
    def none(cls, sets: int, lanes: int, assets: int, states: int) -> Sums:
        """Sums over no rows."""
        return cls(
            np.zeros(lanes),
            np.zeros((sets, lanes)),
            np.zeros((sets, assets)),
            np.zeros((sets, lanes, states, states)),
            np.zeros((sets, assets, states)),
        )

    def add_lanes(self, units: FloatArray, totals: FloatArray, mask: BoolArray) -> None:
        """Add rows (B, m + 1, G, A), v last, and their F (B, G, A) where ``mask`` (B, A)."""
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            return
        if len(rows) < len(mask) or not mask.all():
            mask, totals = mask[rows], totals[rows]
            units = units[rows] * mask[:, None, None]
        states = units.shape[1] - 1
        self.count[...] += mask.sum(axis=0)
        self.log_total[...] += (np.log(totals) * mask[:, None]).sum(axis=0)
        self.square[...] += np.einsum("bga,bga->ga", units[:, states], units[:, states])
        for k in range(states):
            products = np.einsum("bcga,bga->gac", units[:, k:], units[:, k])
            self.gram[..., k, k:] += products[..., :-1]
            self.gram[..., k + 1 :, k] += products[..., 1:-1]
            self.cross[..., k] += products[..., -1]


def shared_sums(
    rows: Rows, transition: float, process: FloatArray, start: FloatArray
) -> tuple[Sums, Sums]:
    """Over all rows and over the first m seen, for assets (``start`` (m, C)) in one lane.

    ``process`` (m, G) holds the ratios q / r.
    """
    states, sets = process.shape
    assets = start.shape[1]
    seen = rows.seen[:, 0]
    head = seen & (seen.cumsum() <= states)
    masks = seen, head
    sums = tuple(Sums.none(sets, 1, assets, states) for _ in masks)
    for one, mask in zip(sums, masks, strict=True):
        one.count[...] = mask.sum()
    unit = np.broadcast_to(np.eye(states), (sets, states, states))
    state = np.array(np.broadcast_to(start, (sets, states, assets)))
    regressors = rows.regressors * seen[:, None]
    none = np.zeros((sets, states, states))
    for blocks in lifted(regressors, transition, process.T, none, step=STEP, every=False):
        count, _, size, _ = blocks.whitening.shape
        part = slice(blocks.start, blocks.start + count * size)
        loads = np.empty((count, sets, size, states))
        for block in range(count):
            np.matmul(blocks.whitening[block, :, :, :states], unit, out=loads[block])
            unit = blocks.moving[block, :, :, :states] @ unit
        first = head[part].reshape(count, 1, size, 1)
        logs = 2 * np.log(blocks.deviation)
        for one, mask in zip(sums, (np.ones_like(first), first), strict=True):
            masked = loads * mask
            one.gram[:, 0] += (masked.swapaxes(2, 3) @ masked).sum(axis=0)
            one.log_total[:, 0] += (logs * mask[..., 0]).sum(axis=(0, 2))
        values = rows.values[part].reshape(count, size, assets)
        inputs = size + states
        width = max(1, min(CACHE // (sets * inputs), UNTHREADED // (size * inputs)))
        for left in range(0, assets, width):
            columns = slice(left, left + width)
            _cross(blocks, loads, first, values, state, sums, columns)
    return sums[0], sums[1]


def _cross(
    blocks: Blocks,
    loads: FloatArray,
    head: BoolArray,
    values: FloatArray,
    state: FloatArray,
    sums: tuple[Sums, ...],
    columns: slice,
) -> None:
    """Add some assets' squares and products; ``state`` (G, m, C) changes in place."""
    states = state.shape[1]
    every, first = sums
    size = values.shape[1]
    inputs = np.empty((len(state), states + size, state[:, :, columns].shape[2]))
    inputs[:, :states] = state[:, :, columns]
    errors = np.empty((len(state), *inputs[0, states:].shape))
    for block, returns in enumerate(values[:, :, columns]):
        inputs[:, states:] = returns
        np.matmul(blocks.whitening[block], inputs, out=errors)
        inputs[:, :states] = blocks.moving[block] @ inputs
        own = loads[block].swapaxes(1, 2)
        every.square[:, columns] += np.einsum("gnc,gnc->gc", errors, errors)
        every.cross[:, columns] += (own @ errors).swapaxes(1, 2)
        if head[block].any():
            errors *= head[block]
            first.square[:, columns] += np.einsum("gnc,gnc->gc", errors, errors)
            first.cross[:, columns] += (own @ errors).swapaxes(1, 2)
    state[:, :, columns] = inputs[:, :states]


def separate_sums(
    rows: Rows, transition: float, process: FloatArray, start: FloatArray, held: int
) -> tuple[Sums, Sums]:
    """The same for assets in lanes of their own: ``process`` (m, G, A), ``start`` (m, A).

    No more than about ``held`` numbers wait to be added up.
    """
    states, sets, lanes = process.shape
    heads = rows.seen & (rows.seen.cumsum(axis=0) <= states)
    sums = tuple(Sums.none(sets, lanes, lanes, states) for _ in range(2))
    # No covariance, the starts at a unit, and the assets' own.
    state = np.zeros((states, 2 * states + 1, sets, lanes))
    state[:, states : 2 * states] = np.eye(states)[..., None, None]
    state[:, 2 * states] = start[:, None]
    values = np.zeros((len(rows.values), states + 1, lanes))
    values[:, states:] = rows.values
    steps = recursion(Rows(values, rows.seen, rows.regressors), transition, process, state)
    for part, units, totals in _gathered(steps, len(values), (states + 1, sets, lanes), held):
        sums[0].add_lanes(units, totals, rows.seen[part])
        sums[1].add_lanes(units, totals, heads[part])
    return sums[0], sums[1]


def _gathered(
    steps: Iterator[tuple[FloatArray, FloatArray]], periods: int, size: tuple[int, ...], held: int
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Rows of a recursion some at a time: which, innovations (B, ...) and variances (B, G, A)."""
    length = min(periods, max(1, held // int(np.prod(size))))
    units, totals = np.empty((length, *size)), np.empty((length, *size[1:]))
    for t, (innovation, total) in enumerate(steps):
        k = t % length
        units[k], totals[k] = innovation, total
        if k == length - 1 or t == periods - 1:
            yield slice(t - k, t + 1), units[: k + 1], totals[: k + 1]

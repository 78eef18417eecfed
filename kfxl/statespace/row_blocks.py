"""x_t = c_t x_{t-1} + g_t z_t for many assets with the same c and g, many rows at a time."""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import UNTHREADED


def multiply(
    values: FloatArray, operators: FloatArray, state: FloatArray, states: FloatArray
) -> None:
    """Write the states (R, N) that follow ``state`` (N,), a block by one matrix product."""
    step, assets = operators.shape[1], len(state)
    inputs = np.empty((step + 1, assets))
    inputs[0] = state
    columns = UNTHREADED // (step * (step + 1))
    parts = [slice(first, first + columns) for first in range(0, assets, columns)]
    for operator, first in zip(operators, range(0, len(values), step), strict=False):
        out = states[first : first + step]
        count = len(out)
        inputs[1 : count + 1] = values[first : first + step]
        for part in parts:
            product = operator[:count, : count + 1], inputs[: count + 1, part]
            np.matmul(*product, out=out[:, part])
        inputs[0] = out[-1]


def operators_of(gain: FloatArray, carry: FloatArray, step: int) -> FloatArray:
    """(B, step, 1 + step): each block's states from the state before it and its values."""
    blocks = -(-len(gain) // step)
    padded = np.zeros((2, blocks * step))
    padded[:, : len(gain)] = gain, carry
    gains, carries = padded.reshape(2, blocks, step)
    operators = np.zeros((blocks, step, step + 1))
    row = np.zeros((blocks, step + 1))
    row[:, 0] = 1.0
    for k in range(step):
        row *= carries[:, k, None]
        row[:, k + 1] = gains[:, k]
        operators[:, k] = row
    return operators


def scan(
    values: FloatArray, gain: FloatArray, carry: FloatArray, state: FloatArray, states: FloatArray
) -> None:
    """Write the states of a few assets (T, N) over 1, 2, 4, ... rows back, all rows at once."""
    np.multiply(values, gain[:, None], out=states)
    states[0] += carry[0] * state
    over = carry[:, None].copy()
    back = 1
    while back < len(states):
        states[back:] += over[back:] * states[:-back]
        over[back:] = over[back:] * over[:-back]
        back *= 2

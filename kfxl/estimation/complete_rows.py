"""The last rows of a panel, without those in which a value is missing."""

from __future__ import annotations

import numpy as np

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel
from kfxl.errors import InputError


def complete_rows(panel: Panel, window: int | None, argument: str) -> FloatArray:
    """Complete rows among the last ``window`` (all of them if None), at least 2."""
    values = panel.values
    if window is not None:
        values = values[-arrays.whole(window, "window", low=2) :]
    complete = values if panel.complete else values[~np.isnan(values).any(axis=1)]
    if len(complete) < 2:
        raise InputError(
            argument,
            f"has {len(complete)} rows without a missing value among its last {len(values)}",
            "give at least 2",
        )
    return complete


def sample_covariance(rows: FloatArray) -> FloatArray:
    """Sample covariance (N, N) of complete rows (T, N), divided by T - 1."""
    # Measured from its first value, a constant has a variance of 0 and not of rounding squared.
    moves = rows - rows[0]
    moves -= moves.mean(axis=0)
    return np.asarray(moves.T @ moves / (len(rows) - 1))

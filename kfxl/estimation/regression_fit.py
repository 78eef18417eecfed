"""How well filtered regressions fit the returns they were estimated on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import BoolArray
from kfxl.statespace.shared_regression import RegressionBank


def regression_fit(bank: RegressionBank, assets: pd.Index | None) -> pd.DataFrame:
    """R2 and root-mean-square error per asset, filtered and one step ahead.

    Filtered: all observed returns against the loadings that have seen them. One step ahead:
    against the loadings of the period before, each asset's first K + 1 returns left out, since
    they only fix the loadings.
    """
    model = bank.model
    known = model.seen
    r2_filtered, rmse_filtered = _measures(model.observations, known, bank.filtered_squares)
    r2_one_step, rmse_one_step = _measures(model.observations, model.late, bank.one_step_squares)
    columns = {
        "r2_filtered": r2_filtered,
        "rmse_filtered": rmse_filtered,
        "r2_one_step": r2_one_step,
        "rmse_one_step": rmse_one_step,
    }
    return pd.DataFrame(columns, index=assets)


def _measures(
    returns: FloatArray, known: BoolArray, error: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """R2 about the mean, 0 where returns never change, and RMSE, NaN where there are none."""
    returns = np.where(known, returns, 0.0)
    count = known.sum(axis=0)
    some = np.maximum(count, 1)
    mean = returns.sum(axis=0) / some
    total = (np.where(known, returns - mean, 0.0) ** 2).sum(axis=0)
    # Rounding of the mean leaves a trace of variation in returns that never change.
    moves = total > 1e-28 * (returns**2).sum(axis=0)
    r2 = np.where(moves, 1.0 - error / np.where(moves, total, 1.0), 0.0)
    return r2, np.where(count > 0, np.sqrt(error / some), np.nan)

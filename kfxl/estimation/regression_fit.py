"""How well filtered regressions fit the returns they were estimated on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray
from kfxl.statespace.shared_regression import RegressionBank, RegressionModel


def regression_fit(
    model: RegressionModel, bank: RegressionBank, assets: pd.Index | None
) -> pd.DataFrame:
    """R2 and root-mean-square error per asset, filtered and one step ahead.

    Filtered: all observed returns against the loadings that have seen them. One step ahead:
    against the loadings of the period before, each asset's first K + 1 returns left out, since
    they only fix the loadings.
    """
    regressors = model.regressors
    complete = np.asarray(~np.isnan(regressors).any(axis=1))
    returns = np.where(complete[:, None], model.observations, np.nan)
    known = ~np.isnan(returns)
    late = np.where(known.cumsum(axis=0) > regressors.shape[1], returns, np.nan)
    filtered = np.einsum("tk,tnk->tn", regressors, bank.mean)
    r2_filtered, rmse_filtered = _measures(returns, filtered)
    r2_one_step, rmse_one_step = _measures(late, bank.predicted)
    columns = {
        "r2_filtered": r2_filtered,
        "rmse_filtered": rmse_filtered,
        "r2_one_step": r2_one_step,
        "rmse_one_step": rmse_one_step,
    }
    return pd.DataFrame(columns, index=assets)


def _measures(returns: FloatArray, fitted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """R2 about the mean, 0 where returns never change, and RMSE, NaN where there are none."""
    known = ~np.isnan(returns)
    count = known.sum(axis=0)
    some = np.maximum(count, 1)
    mean = np.where(known, returns, 0.0).sum(axis=0) / some
    spread = np.where(known, returns - mean, 0.0)
    total = (spread**2).sum(axis=0)
    error = (np.where(known, returns - fitted, 0.0) ** 2).sum(axis=0)
    # Rounding of the mean leaves a trace of variation in returns that never change.
    moves = total > 1e-28 * (np.where(known, returns, 0.0) ** 2).sum(axis=0)
    r2 = np.where(moves, 1.0 - error / np.where(moves, total, 1.0), 0.0)
    return r2, np.where(count > 0, np.sqrt(error / some), np.nan)

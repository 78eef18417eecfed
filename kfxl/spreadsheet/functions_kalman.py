"""Worksheet functions on Kalman filters of returns: expected returns, weights, risk shares."""

from __future__ import annotations

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.estimation.covariance import METHODS
from kfxl.estimation.expected_returns import ExpectedReturns, expected_returns
from kfxl.estimation.risk_tracking import track_risk_contributions
from kfxl.evaluation.strategies import KalmanMeanVariance
from kfxl.spreadsheet.arguments import number, option, whole
from kfxl.spreadsheet.bands import ENDS, end_of_band
from kfxl.spreadsheet.blocks import Block
from kfxl.spreadsheet.cells import Rows
from kfxl.spreadsheet.fits import cached_fit
from kfxl.spreadsheet.layout import history, table
from kfxl.spreadsheet.readers import (
    covariance_settings,
    filter_settings,
    held_weights,
    read_returns,
    variance,
)
from kfxl.spreadsheet.vectors import read_optional_vector, read_setting_per_asset
from kfxl.spreadsheet.worksheet import Range, Setting, worksheet_function

GROUP = "Kalman filters"
ROWS = ("forecast", "lower", "upper", "mean", "stderr", "loglik")
MEANS = (*ROWS, "history", "history_stderr", "smoothed", "parameters")
SHARES = ("filtered", "observed", "history")
PARAMETERS = ("process_variance", "observation_variance", "ratio", "log_likelihood")


@worksheet_function(GROUP)
def KF_EXPECTED_RETURNS(
    returns: Range,
    transition: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    calibration: Setting = None,
    as_of: Setting = None,
    output: Setting = None,
    rows: Setting = None,
) -> object:
    """Expected return of each asset per period, by a Kalman filter on its returns.

    Variances that are not given are estimated by maximum likelihood on all rows given, up to
    as_of.

    Parameters
    ----------
    returns : range
        Returns per period as decimals, one column for each asset, oldest first. A header and a
        date column are found by themselves; blanks and #N/A are missing.
    transition : number, optional
        How much of the mean lasts to the next period, -1 to 1. Blank or auto: 1.
    process_variance : number or range, optional
        Variance of the change of the mean per period: one number or one for each asset. Blank
        or auto: estimated on all rows given, up to as_of.
    observation_variance : number or range, optional
        Variance of returns around the mean: one number or one for each asset. Blank or auto:
        estimated on all rows given, up to as_of.
    calibration : text, optional
        How variances are estimated: pooled (one ratio of the two for all assets; the default)
        or per-asset.
    as_of : date, optional
        Later rows are ignored, for the estimated variances too. Needs a date column.
    output : text, optional
        forecast (default); lower or upper end of its 95 % band, 1.96 standard errors away; mean
        or stderr after the last row; loglik; history or history_stderr; smoothed (with
        hindsight); parameters (variances, ratio, log-likelihood).
    rows : number, optional
        Makes a history exactly this many last periods, padded with blanks above.

    Returns
    -------
    range
        1 x N, or one row a period for a history, or 4 x N parameters; under the assets' names
        if there are any.

    Examples
    --------
    =KF_EXPECTED_RETURNS(Returns!A1:M241)

    >>> names, means = KF_EXPECTED_RETURNS([["Gold", "Land"], [0.01, 0.02], [0.03, 0.06]])
    >>> names, [round(mean, 4) for mean in means]
    (['Gold', 'Land'], [0.02, 0.04])
    """
    block = read_returns(returns, "returns", as_of)
    fit = _fit(block, transition, process_variance, observation_variance, calibration)
    kind = option(output, "output", MEANS)
    length = whole(rows, "rows", None)
    names = block.names
    if kind == "parameters":
        found = [np.asarray(getattr(fit, name)) for name in PARAMETERS]
        return table(found, names, None if names is None else PARAMETERS)
    if kind in ROWS:
        return table(_row(fit, kind), names)
    if kind == "smoothed":
        return history(fit.smoothed().mean, names, block.labels, length)
    values = np.asarray(fit.mean) if kind == "history" else np.sqrt(np.asarray(fit.variance))
    return history(values, names, block.labels, length)


def _row(fit: ExpectedReturns, kind: str) -> FloatArray:
    """One number for each asset (N,)."""
    if kind in ENDS:
        error = np.sqrt(np.asarray(fit.forecast_mean_variance))
        return end_of_band(kind, fit.forecast, error)
    if kind == "mean":
        return np.asarray(np.asarray(fit.mean)[-1])
    if kind == "stderr":
        return np.asarray(np.sqrt(np.asarray(fit.variance)[-1]))
    return np.asarray(fit.forecast if kind == "forecast" else fit.log_likelihood)


def _fit(
    block: Block,
    transition: Rows,
    process_variance: Rows,
    observation_variance: Rows,
    calibration: Rows,
) -> ExpectedReturns:
    size = block.values.shape[1]
    settings = filter_settings(
        transition,
        calibration,
        variance(process_variance, "process_variance", block.names, size),
        variance(observation_variance, "observation_variance", block.names, size),
    )
    return cached_fit(expected_returns, block.frame(), **settings)


@worksheet_function(GROUP)
def KF_OPTIMAL_WEIGHTS(
    returns: Range,
    risk_aversion: Setting = None,
    previous_weights: Setting = None,
    cost: Setting = None,
    horizon: Setting = None,
    min_weight: Setting = None,
    max_weight: Setting = None,
    transition: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    calibration: Setting = None,
    lookback: Setting = None,
    covariance_method: Setting = None,
    half_life: Setting = None,
    as_of: Setting = None,
) -> object:
    """Mean-variance weights on Kalman-filtered expected returns, with trading costs.

    Filter, covariance and optimiser in one call, as a backtest's kalman strategy decides.
    Variances that are not given are estimated on all rows given, up to as_of.

    Parameters
    ----------
    returns : range
        Returns per period as decimals, one column for each asset, oldest first.
    risk_aversion : number, optional
        Penalty on variance, 0 or more. Blank or auto: 5.
    previous_weights : range, optional
        Weights held now, a row or a column, with or without names. Blank or auto: trading costs
        nothing.
    cost : number, optional
        Cost of trading as a fraction of the traded value. Blank or auto: 0.001.
    horizon : number, optional
        Periods to the next rebalance, over which the cost is spread. Blank or auto: 1.
    min_weight : number or range, optional
        Lowest weight, one number or one for each asset. Blank or auto: 0.
    max_weight : number or range, optional
        Highest weight, one number or one for each asset. Blank or auto: 1.
    transition : number, optional
        How much of the mean lasts to the next period, -1 to 1. Blank or auto: 1.
    process_variance : number or range, optional
        Variance of the change of the mean per period, one number or one for each asset. Blank
        or auto: estimated on all rows given, up to as_of.
    observation_variance : number or range, optional
        Variance of returns around the mean, one number or one for each asset. Blank or auto:
        estimated on all rows given, up to as_of.
    calibration : text, optional
        How variances are estimated: pooled (default) or per-asset.
    lookback : number, optional
        Last rows that enter the covariance (never the filter). Blank or auto: all rows.
    covariance_method : text, optional
        sample, ewma, ledoit_wolf (default), oas or kalman_factor (filtered betas to the assets'
        mean return, whose variance alone lookback limits).
    half_life : number, optional
        Periods in which an observation of the ewma covariance loses half its weight. Blank or
        auto: 60.
    as_of : date, optional
        Later rows are ignored, for the estimated variances too. Needs a date column.

    Returns
    -------
    range
        1 x N weights with sum 1, under the assets' names if there are any.

    Examples
    --------
    =KF_OPTIMAL_WEIGHTS(Returns!A1:M241,5,,0.001,1)

    >>> KF_OPTIMAL_WEIGHTS([["Gold"], [0.01], [0.03], [0.02]])
    [['Gold'], [1.0]]
    """
    block = read_returns(returns, "returns", as_of)
    names, size = block.names, block.values.shape[1]
    matrix = covariance_settings(lookback, covariance_method, half_life, METHODS[2])
    strategy = KalmanMeanVariance(
        lookback=matrix["window"],
        covariance_method=matrix["method"],
        half_life=matrix["half_life"],
        risk_aversion=number(risk_aversion, "risk_aversion", 5.0),
        cost=number(cost, "cost", 0.001),
        horizon=number(horizon, "horizon", 1.0),
        lower=read_setting_per_asset(min_weight, "min_weight", names, size, 0.0),
        upper=read_setting_per_asset(max_weight, "max_weight", names, size, 1.0),
        **filter_settings(
            transition,
            calibration,
            variance(process_variance, "process_variance", names, size),
            variance(observation_variance, "observation_variance", names, size),
        ),
    )
    previous = read_optional_vector(previous_weights, "previous_weights", names, size)
    return table(strategy.target(block.frame(), previous), names)


@worksheet_function(GROUP, {"window": "window"})
def KF_RISK_CONTRIBUTIONS(
    returns: Range,
    weights: Range,
    window: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    as_of: Setting = None,
    output: Setting = None,
    rows: Setting = None,
) -> object:
    """Each asset's share of portfolio risk, observed on a rolling window and Kalman-filtered.

    Shares are signed and sum to 1 where observed; an asset that hedges the others has a
    negative one.

    Parameters
    ----------
    returns : range
        Returns per period as decimals, one column for each asset, oldest first.
    weights : range
        Weights held: one row or column for all periods, or one row for each period; matched by
        name and date where both ranges have them.
    window : number, optional
        Periods before each period that its covariance looks back on, 2 or more. Blank or auto:
        20.
    process_variance : number or range, optional
        Variance of the change of a share per period, one number or one for each asset. Blank or
        auto: 0.0001.
    observation_variance : number or range, optional
        Variance of an observed share, one number or one for each asset. Blank or auto: 0.01.
    as_of : date, optional
        Later rows are ignored. Needs a date column.
    output : text, optional
        filtered (default) or observed shares of the last period, or the history of filtered
        ones.
    rows : number, optional
        Makes a history exactly this many last periods, padded with blanks above.

    Returns
    -------
    range
        1 x N, or one row a period for a history; under the assets' names if there are any.

    Examples
    --------
    =KF_RISK_CONTRIBUTIONS(Returns!A1:M241,Weights!B2:M3,20)

    >>> returns = [[0.01, 0.0], [-0.01, 0.01], [0.01, 0.02], [0.0, 0.0]]
    >>> shares = KF_RISK_CONTRIBUTIONS(returns, [[0.5, 0.5]], 2, output="observed")
    >>> [round(share, 4) for share in shares[0]]
    [0.6667, 0.3333]
    """
    block = read_returns(returns, "returns", as_of)
    names, size = block.names, block.values.shape[1]
    process = variance(process_variance, "process_variance", names, size)
    observation = variance(observation_variance, "observation_variance", names, size)
    kind = option(output, "output", SHARES)
    length = whole(rows, "rows", None)
    tracked = cached_fit(
        track_risk_contributions,
        block.frame(),
        held_weights(weights, block, as_of),
        window=whole(window, "window", 20),
        process_variance=1e-4 if process is None else process,
        observation_variance=0.01 if observation is None else observation,
    )
    if kind == "history":
        return history(np.asarray(tracked.filtered), names, block.labels, length)
    return table(np.asarray(getattr(tracked, kind))[-1], names)

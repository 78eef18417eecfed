"""Worksheet functions on covariances: weights and risk contributions."""

from __future__ import annotations

import numpy as np

from kfxl.estimation.covariance import covariance as covariance_of
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.risk import risk_contributions
from kfxl.portfolio.risk_budgeting import risk_budget, risk_parity_weights
from kfxl.spreadsheet.arguments import number, option
from kfxl.spreadsheet.fits import cached_fit
from kfxl.spreadsheet.layout import table
from kfxl.spreadsheet.matrices import read_covariance
from kfxl.spreadsheet.readers import covariance_in, covariance_settings, read_returns
from kfxl.spreadsheet.vectors import (
    read_optional_vector,
    read_setting_per_asset,
    read_vector,
)
from kfxl.spreadsheet.worksheet import Range, Setting, worksheet_function

GROUP = "Weights and risk"
BUDGET_OUTPUTS = {"weights": "weights", "shares": "shares", "error": "budget_error"}
DATA = {"returns": "data", "covariance": "data"}


@worksheet_function(GROUP)
def MEAN_VARIANCE_WEIGHTS(
    expected_returns: Range,
    covariance: Range,
    risk_aversion: Setting = None,
    previous_weights: Setting = None,
    cost: Setting = None,
    horizon: Setting = None,
    min_weight: Setting = None,
    max_weight: Setting = None,
) -> object:
    """Weights with the best expected return less penalty on variance less cost of trading.

    Parameters
    ----------
    expected_returns : range
        Expected return of each asset per period, a row or a column, with or without names.
    covariance : range
        Covariance matrix of returns per period, with or without names.
    risk_aversion : number, optional
        Penalty on variance, 0 or more. Blank or auto: 5.
    previous_weights : range, optional
        Weights held now, a row or a column, with or without names. Blank or auto: trading costs
        nothing.
    cost : number, optional
        Cost of trading as a fraction of the traded value. Blank or auto: 0.001.
    horizon : number, optional
        Periods over which the weights are held, so that the cost is paid once in that time.
        Blank or auto: 1.
    min_weight : number or range, optional
        Lowest weight, one number or one for each asset. Blank or auto: 0.
    max_weight : number or range, optional
        Highest weight, one number or one for each asset. Blank or auto: 1.

    Returns
    -------
    range
        1 x N weights with sum 1, under the assets' names if there are any.

    Examples
    --------
    =MEAN_VARIANCE_WEIGHTS(B2:M2,B5:M16,5)

    >>> weights = MEAN_VARIANCE_WEIGHTS([[0.02, 0.01]], [[0.04, 0], [0, 0.01]])
    >>> [round(weight, 4) for weight in weights[0]]
    [0.24, 0.76]
    """
    matrix = read_covariance(covariance, "covariance")
    known, size = matrix.names or matrix.side, len(matrix.values)
    means = read_vector(expected_returns, "expected_returns", known, kind="returns")
    names = known or means.names
    weights = mean_variance_weights(
        means.onto(known, size),
        matrix.frame(),
        risk_aversion=number(risk_aversion, "risk_aversion", 5.0),
        previous_weights=read_optional_vector(previous_weights, "previous_weights", names, size),
        cost=number(cost, "cost", 0.001),
        horizon=number(horizon, "horizon", 1.0),
        lower=read_setting_per_asset(min_weight, "min_weight", names, size, 0.0),
        upper=read_setting_per_asset(max_weight, "max_weight", names, size, 1.0),
    )
    return table(weights, names)


@worksheet_function(GROUP, DATA)
def RISK_PARITY_WEIGHTS(
    data: Range,
    lookback: Setting = None,
    covariance_method: Setting = None,
    half_life: Setting = None,
    as_of: Setting = None,
) -> object:
    """Long-only weights of which every asset carries the same share of portfolio risk.

    Parameters
    ----------
    data : range
        Returns per period (one column for each asset), or their covariance matrix.
    lookback : number, optional
        Last rows of returns that enter the covariance. Blank or auto: all rows.
    covariance_method : text, optional
        sample (default), ewma, ledoit_wolf, oas or kalman_factor (filtered betas to the assets'
        mean return, whose variance alone lookback limits); for returns only.
    half_life : number, optional
        Periods in which an observation of the ewma covariance loses half its weight. Blank or
        auto: 60.
    as_of : date, optional
        Later rows are ignored. Needs returns with a date column.

    Returns
    -------
    range
        1 x N weights with sum 1, under the assets' names if there are any.

    Examples
    --------
    =RISK_PARITY_WEIGHTS(Returns!A1:M241)

    >>> weights = RISK_PARITY_WEIGHTS([[0.04, 0], [0, 0.01]])
    >>> [round(weight, 4) for weight in weights[0]]
    [0.3333, 0.6667]
    """
    settings = covariance_settings(lookback, covariance_method, half_life)
    matrix, names = covariance_in(data, as_of, settings)
    return table(risk_parity_weights(matrix), names)


@worksheet_function(GROUP, DATA)
def RISK_BUDGET_WEIGHTS(
    data: Range,
    budgets: Range,
    expected_returns: Range = None,
    minimum_return: Setting = None,
    lookback: Setting = None,
    covariance_method: Setting = None,
    half_life: Setting = None,
    as_of: Setting = None,
    output: Setting = None,
) -> object:
    """Long-only weights whose shares of portfolio risk equal the budgets.

    Parameters
    ----------
    data : range
        Returns per period (one column for each asset), or their covariance matrix.
    budgets : range
        Wanted share of risk of each asset, 0 or more, a row or a column, with or without names;
        scaled to sum 1. An asset with budget 0 gets no weight.
    expected_returns : range, optional
        Expected return of each asset per period; needed with minimum_return.
    minimum_return : number, optional
        Floor on the portfolio's expected return per period, below the best asset's. It may cost
        accuracy of the budgets. Blank or auto: none.
    lookback : number, optional
        Last rows of returns that enter the covariance. Blank or auto: all rows.
    covariance_method : text, optional
        sample (default), ewma, ledoit_wolf, oas or kalman_factor (filtered betas to the assets'
        mean return, whose variance alone lookback limits); for returns only.
    half_life : number, optional
        Periods in which an observation of the ewma covariance loses half its weight. Blank or
        auto: 60.
    as_of : date, optional
        Later rows are ignored. Needs returns with a date column.
    output : text, optional
        weights (default), shares of risk that they carry, or error: share less budget.

    Returns
    -------
    range
        1 x N, under the assets' names if there are any.

    Examples
    --------
    =RISK_BUDGET_WEIGHTS(Returns!A1:M241,Settings!B2:B13)

    >>> weights = RISK_BUDGET_WEIGHTS([[0.04, 0], [0, 0.01]], [[80, 20]])
    >>> [round(weight, 4) for weight in weights[0]]
    [0.5, 0.5]
    """
    settings = covariance_settings(lookback, covariance_method, half_life)
    matrix, known = covariance_in(data, as_of, settings)
    wanted = read_vector(budgets, "budgets", known)
    names, size = known or wanted.names, len(matrix)
    kind = option(output, "output", tuple(BUDGET_OUTPUTS))
    result = risk_budget(
        matrix,
        wanted.onto(known, size),
        expected_returns=read_optional_vector(
            expected_returns, "expected_returns", names, size, "returns"
        ),
        minimum_return=number(minimum_return, "minimum_return", None),
    )
    return table(getattr(result, BUDGET_OUTPUTS[kind]), names)


@worksheet_function(GROUP, DATA)
def RISK_CONTRIBUTIONS(
    weights: Range,
    data: Range,
    lookback: Setting = None,
    covariance_method: Setting = None,
    half_life: Setting = None,
    as_of: Setting = None,
) -> object:
    """Each asset's signed share of portfolio variance; the shares sum to 1.

    Parameters
    ----------
    weights : range
        Weight of each asset, a row or a column, with or without names.
    data : range
        Returns per period (one column for each asset), or their covariance matrix.
    lookback : number, optional
        Last rows of returns that enter the covariance. Blank or auto: all rows.
    covariance_method : text, optional
        sample (default), ewma, ledoit_wolf, oas or kalman_factor (filtered betas to the assets'
        mean return, whose variance alone lookback limits); for returns only.
    half_life : number, optional
        Periods in which an observation of the ewma covariance loses half its weight. Blank or
        auto: 60.
    as_of : date, optional
        Later rows are ignored. Needs returns with a date column.

    Returns
    -------
    range
        1 x N, under the assets' names if there are any.

    Examples
    --------
    =RISK_CONTRIBUTIONS(Weights!B2:M2,Returns!A1:M241)

    >>> [round(share, 4) for share in RISK_CONTRIBUTIONS([[0.5, 0.5]], [[0.04, 0], [0, 0.01]])[0]]
    [0.8, 0.2]
    """
    settings = covariance_settings(lookback, covariance_method, half_life)
    matrix, known = covariance_in(data, as_of, settings)
    held = read_vector(weights, "weights", known)
    return table(risk_contributions(held.onto(known, len(matrix)), matrix), known or held.names)


@worksheet_function(GROUP)
def RISK_COVARIANCE(
    returns: Range,
    lookback: Setting = None,
    covariance_method: Setting = None,
    half_life: Setting = None,
    as_of: Setting = None,
) -> object:
    """Covariance matrix of returns per period, as the weight functions use it.

    Parameters
    ----------
    returns : range
        Returns per period as decimals, one column for each asset, oldest first. Rows with a
        missing return are left out (kalman_factor skips the missing returns alone).
    lookback : number, optional
        Last rows that enter. Blank or auto: all rows.
    covariance_method : text, optional
        sample (default), ewma (weighted, mean zero), ledoit_wolf or oas (shrunk), or
        kalman_factor (filtered betas to the assets' mean return, whose variance alone lookback
        limits).
    half_life : number, optional
        Periods in which an observation of the ewma covariance loses half its weight. Blank or
        auto: 60.
    as_of : date, optional
        Later rows are ignored. Needs a date column.

    Returns
    -------
    range
        N x N, under and beside the assets' names if there are any.

    Examples
    --------
    =RISK_COVARIANCE(Returns!A1:M241,60,"ledoit_wolf")

    >>> RISK_COVARIANCE([["Gold"], [0.25], [0.75]])
    [['', 'Gold'], ['Gold', 0.125]]
    """
    block = read_returns(returns, "returns", as_of)
    settings = covariance_settings(lookback, covariance_method, half_life)
    matrix = np.asarray(cached_fit(covariance_of, block.frame(), **settings))
    return table(matrix, block.names, block.names)

"""Worksheet functions on Kalman-filtered factor betas."""

from __future__ import annotations

import numpy as np

from kfxl.spreadsheet.arguments import option, whole
from kfxl.spreadsheet.bands import ENDS, end_of_band
from kfxl.spreadsheet.fitted_factors import fit_factors
from kfxl.spreadsheet.layout import table
from kfxl.spreadsheet.readers import STATE_VARIANCE
from kfxl.spreadsheet.vectors import is_given
from kfxl.spreadsheet.worksheet import Range, Setting, worksheet_function

GROUP = "Factor betas"
OUTPUTS = ("loadings", "lower", "upper", "stderr", "history", "fit", "loglik", "parameters")


@worksheet_function(GROUP)
def KF_FACTOR_BETAS(
    asset_returns: Range,
    factor_returns: Range,
    transition: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    calibration: Setting = None,
    as_of: Setting = None,
    output: Setting = None,
    rows: Setting = None,
) -> object:
    """Alpha and factor betas of each asset that change over time, by a Kalman filter.

    Variances that are not given are estimated by maximum likelihood on all rows given, up to
    as_of.

    Parameters
    ----------
    asset_returns : range
        Returns of the assets per period as decimals, one column for each asset, oldest first.
    factor_returns : range
        Returns of the factors for the same periods; matched by date where both ranges have
        dates.
    transition : number, optional
        How much of alpha and betas lasts to the next period, -1 to 1. Blank or auto: 1.
    process_variance : number or range, optional
        Variance of the change of alpha and betas per period: one number, one for each asset, or
        assets by alpha and betas. Blank or auto: estimated on all rows given, up to as_of.
    observation_variance : number or range, optional
        Variance of what the factors leave unexplained: one number or one for each asset. Blank
        or auto: estimated on all rows given, up to as_of.
    calibration : text, optional
        How variances are estimated: pooled (one ratio for all assets; the default) or
        per-asset.
    as_of : date, optional
        Later rows are ignored, for the estimated variances too. Needs a date column.
    output : text, optional
        loadings (default) after the last row; lower or upper end of their 95 % band, 1.96
        stderr away; stderr; history of loadings, asset by asset; fit (R2 and RMSE, filtered and
        one step ahead); loglik; parameters (variances, ratio).
    rows : number, optional
        Makes a history exactly this many last periods, padded with blanks above.

    Returns
    -------
    range
        N x (K+1), alpha first; N x 1 for loglik; one row a period for a history; with names if
        there are any.

    Examples
    --------
    =KF_FACTOR_BETAS(Returns!A1:M241,Factors!A1:D241)

    >>> fund, market = [[0.0151], [-0.0299], [0.046]], [[0.01], [-0.02], [0.03]]
    >>> betas = KF_FACTOR_BETAS(fund, market, 1, 0, 1e-8)
    >>> [round(cell, 2) for cell in betas[0]]
    [0.0, 1.52]
    """
    found = fit_factors(
        asset_returns,
        factor_returns,
        transition,
        process_variance,
        observation_variance,
        calibration,
        as_of,
    )
    kind = option(output, "output", OUTPUTS)
    length = whole(rows, "rows", None)
    if kind == "history":
        return found.history(length)
    assets, fit = found.assets.names, found.fit
    if kind == "loadings":
        return table(fit.latest, found.state_names, assets)
    if kind == "stderr" or kind in ENDS:
        last = np.asarray(fit.standard_errors)[-1].reshape(-1, len(found.states))
        values = last if kind == "stderr" else end_of_band(kind, fit.latest, last)
        return table(values, found.state_names, assets)
    names: list[str] = [str(name) for name in fit.fit.columns]
    values = fit.fit.to_numpy()
    if kind == "parameters":
        names = [f"{STATE_VARIANCE}{state}" for state in found.states]
        names += ["observation_variance", "ratio"]
        values = np.column_stack([fit.process_variance, fit.observation_variance, fit.ratio])
    if kind == "loglik":
        names, values = ["log_likelihood"], np.asarray(fit.log_likelihood)[:, None]
    return table(values, names if found.state_names else None, assets)


@worksheet_function(GROUP, {"factor_forecast": "factor_forecasts"})
def KF_FACTOR_FORECAST(
    asset_returns: Range,
    factor_returns: Range,
    factor_forecasts: Range,
    transition: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    calibration: Setting = None,
    as_of: Setting = None,
) -> object:
    """Expected return of each asset at given factor returns: alpha plus beta times forecast.

    Betas are those of KF_FACTOR_BETAS; variances that are not given are estimated on all rows
    given, up to as_of.

    Parameters
    ----------
    asset_returns : range
        Returns of the assets per period as decimals, one column for each asset, oldest first.
    factor_returns : range
        Returns of the factors for the same periods; matched by date where both have dates.
    factor_forecasts : range
        Forecast return of each factor, a row or a column, with or without names.
    transition : number, optional
        How much of alpha and betas lasts to the next period, -1 to 1. Blank or auto: 1.
    process_variance : number or range, optional
        Variance of the change of alpha and betas per period: one number, one for each asset, or
        assets by alpha and betas. Blank or auto: estimated on all rows given, up to as_of.
    observation_variance : number or range, optional
        Variance of what the factors leave unexplained: one number or one for each asset. Blank
        or auto: estimated on all rows given, up to as_of.
    calibration : text, optional
        How variances are estimated: pooled (default) or per-asset.
    as_of : date, optional
        Later rows are ignored, for the estimated variances too. Needs a date column.

    Returns
    -------
    range
        1 x N returns per period, under the assets' names if there are any.

    Examples
    --------
    =KF_FACTOR_FORECAST(Returns!A1:M241,Factors!A1:D241,Factors!B250:D250)

    >>> fund, market = [[0.0151], [-0.0299], [0.046]], [[0.01], [-0.02], [0.03]]
    >>> round(KF_FACTOR_FORECAST(fund, market, 0.02, 1, 0, 1e-8)[0][0], 3)
    0.031
    """
    found = fit_factors(
        asset_returns,
        factor_returns,
        transition,
        process_variance,
        observation_variance,
        calibration,
        as_of,
    )
    at = found.factors_at(factor_forecasts, "factor_forecasts")
    return table(found.fit.predict(at), found.assets.names)


@worksheet_function(GROUP)
def KF_FACTOR_CONTRIBUTIONS(
    asset_returns: Range,
    factor_returns: Range,
    at_factor_returns: Range = None,
    transition: Setting = None,
    process_variance: Setting = None,
    observation_variance: Setting = None,
    calibration: Setting = None,
    as_of: Setting = None,
) -> object:
    """Where each asset's return comes from: alpha and beta times return of each factor.

    Betas are those of KF_FACTOR_BETAS; variances that are not given are estimated on all rows
    given, up to as_of.

    Parameters
    ----------
    asset_returns : range
        Returns of the assets per period as decimals, one column for each asset, oldest first.
    factor_returns : range
        Returns of the factors for the same periods; matched by date where both have dates.
    at_factor_returns : range, optional
        Return of each factor, a row or a column, with or without names. Blank or auto: the last
        row of factor_returns, up to as_of.
    transition : number, optional
        How much of alpha and betas lasts to the next period, -1 to 1. Blank or auto: 1.
    process_variance : number or range, optional
        Variance of the change of alpha and betas per period: one number, one for each asset, or
        assets by alpha and betas. Blank or auto: estimated on all rows given, up to as_of.
    observation_variance : number or range, optional
        Variance of what the factors leave unexplained: one number or one for each asset. Blank
        or auto: estimated on all rows given, up to as_of.
    calibration : text, optional
        How variances are estimated: pooled (default) or per-asset.
    as_of : date, optional
        Later rows are ignored, for the estimated variances too. Needs a date column.

    Returns
    -------
    range
        N x (K+1), alpha first, with names if there are any; each row sums to the asset's
        return at these factor returns.

    Examples
    --------
    =KF_FACTOR_CONTRIBUTIONS(Returns!A1:M241,Factors!A1:D241)

    >>> fund, market = [[0.0151], [-0.0299], [0.046]], [[0.01], [-0.02], [0.03]]
    >>> [round(cell, 2) for cell in KF_FACTOR_CONTRIBUTIONS(fund, market, None, 1, 0, 1e-8)[0]]
    [0.0, 0.05]
    """
    found = fit_factors(
        asset_returns,
        factor_returns,
        transition,
        process_variance,
        observation_variance,
        calibration,
        as_of,
    )
    if is_given(at_factor_returns):
        at = found.factors_at(at_factor_returns, "at_factor_returns")
    else:
        at = found.last_factors()
    return table(found.fit.contributions(at), found.state_names, found.assets.names)

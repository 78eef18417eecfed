"""A backtest as tables and chart descriptions, without any spreadsheet program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from kfxl.spreadsheet.reporting import factors as factor_sheets
from kfxl.spreadsheet.reporting import holdings, trading
from kfxl.spreadsheet.reporting.model import Block, Chart, Report, ReportSheet, Series

if TYPE_CHECKING:
    from kfxl.evaluation.backtest import Backtest

__all__ = ["Block", "Chart", "Report", "ReportSheet", "Series", "build_report"]


def build_report(
    backtest: Backtest,
    returns: pd.DataFrame | None = None,
    factors: pd.DataFrame | None = None,
) -> Report:
    """The report of a backtest: numbers and, beside them, what to draw.

    Parameters
    ----------
    backtest : Backtest
        Result of :func:`kfxl.backtest` on labelled returns.
    returns : DataFrame, optional
        (T, N) asset returns of the backtest, per period.
    factors : DataFrame, optional
        (T, K) factor returns of the backtest. With both, and betas in the backtest, sheets
        of factor and asset returns, betas, contributions and fit are added.

    Returns
    -------
    Report
        Sheets Summary, Value, Weights, Expected returns (where the strategy estimates them),
        Sharpe, Trading, Risk, and with factors Factor returns, Betas, Contributions.
    """
    sheets = [
        holdings.summary(backtest),
        holdings.value(backtest),
        holdings.weights(backtest),
    ]
    if not backtest.estimates.empty:
        sheets.append(holdings.estimates(backtest))
    sheets += [
        trading.sharpe(backtest),
        trading.trading(backtest),
        trading.risk(backtest),
    ]
    if backtest.factor_betas is not None and returns is not None and factors is not None:
        sheets += factor_sheets.sheets(backtest.factor_betas, returns, factors)
    title = f"Backtest of {backtest.strategy} against {backtest.benchmark}"
    return Report(title, tuple(sheets))

"""Worksheet functions on whole portfolios: performance, backtests, returns from prices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.errors import InputError
from kfxl.evaluation.performance import performance
from kfxl.spreadsheet.arguments import flag, number
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import (
    LIMITS,
    Rows,
    to_number,
)
from kfxl.spreadsheet.layout import table
from kfxl.spreadsheet.readers import held_weights
from kfxl.spreadsheet.vectors import is_given
from kfxl.spreadsheet.worksheet import Range, Setting, worksheet_function

GROUP = "Portfolios"


@worksheet_function(GROUP)
def PORTFOLIO_PERFORMANCE(
    returns: Range,
    weights: Range = None,
    periods_per_year: Setting = None,
    risk_free: Setting = None,
) -> object:
    """Return, volatility, ratios, drawdown and losses of a portfolio.

    Parameters
    ----------
    returns : range
        Returns of the portfolio per period as decimals, or of its assets (one column each) with
        weights.
    weights : range, optional
        Weights at the start of each period: one row or column for all periods (rebalanced every
        period), or one row for each period. What is left to sum 1 earns nothing.
    periods_per_year : number, optional
        252 for days, 52 weeks, 12 months, 4 quarters. Blank or auto: from the dates, else 252.
    risk_free : number or range, optional
        Risk-free return per period, one number or one for each period. Blank or auto: 0.

    Returns
    -------
    range
        Two columns: name of the measure, value; blank where undefined.

    Examples
    --------
    =PORTFOLIO_PERFORMANCE(Returns!A1:M241,Weights!B2:M2,12)

    >>> measures = dict(PORTFOLIO_PERFORMANCE([[0.5], [-0.5], [0.25]], None, 12))
    >>> measures["total_return"], measures["max_drawdown"]
    (-0.0625, -0.5)
    """
    block = read_block(returns, "returns")
    portfolio, free = _portfolio_returns(block, weights), _risk_free(risk_free, block)
    year = number(periods_per_year, "periods_per_year", None)
    measures = performance(portfolio, periods_per_year=year, risk_free=free)
    return [[str(name), value] for name, value in zip(measures.index, measures, strict=True)]


def _portfolio_returns(block: Block, weights: Rows) -> pd.Series[float]:
    if is_given(weights):
        held = held_weights(weights, block, [])
        # What is not held may be missing.
        parts = np.where(held == 0, 0.0, block.values * held)
        missing = np.argwhere(np.isnan(parts))
        if len(missing):
            row, column = missing[0]
            when = arrays.place(block.index, int(row), "row")
            problem = f"value at {when}, {block.columns[column]} is missing"
            raise InputError("returns", problem, "give it, or give that asset no weight")
        return _plausible(pd.Series(parts.sum(axis=1), index=block.index))
    if block.values.shape[1] > 1:
        problem = f"has {block.values.shape[1]} columns but there are no weights"
        raise InputError("returns", problem, "give weights, or one column")
    return pd.Series(block.values[:, 0], index=block.index)


def _plausible(returns: pd.Series[float]) -> pd.Series[float]:
    """Returns of a mix, if they are some: weights in percent make them a hundredfold."""
    low, high = LIMITS["returns"]
    for row, value in enumerate(returns):
        if not low <= value <= high:
            when = arrays.place(returns.index, row, "row")
            problem = f"they make a return of {value:g} at {when}"
            raise InputError("weights", problem, "give weights as decimals, 60 % as 0.6")
    return returns


def _risk_free(rows: Rows, returns: Block) -> float | pd.Series[float]:
    if not rows or len(rows) == len(rows[0]) == 1:
        rate = number(rows, "risk_free", 0.0)
        return to_number(rate, "risk_free", kind="returns")
    block = read_block(rows, "risk_free").beside(returns)
    if block.values.shape[1] != 1:
        problem = f"has {block.values.shape[1]} columns"
        raise InputError("risk_free", problem, "give one number, or one column")
    return pd.Series(block.values[:, 0], index=block.index)


@worksheet_function(GROUP)
def PRICES_TO_RETURNS(
    prices: Range,
    log: Setting = None,
) -> object:
    """Returns per period from prices: price over the price before, less 1.

    Parameters
    ----------
    prices : range
        Prices above 0, one column for each asset, oldest first, with or without a header and
        dates; a missing price makes both returns beside it missing.
    log : truth value, optional
        TRUE for logarithms of the ratio. The other functions want simple returns: FALSE, the
        default.

    Returns
    -------
    range
        (T-1) x N, under the assets' names and beside the dates if there are any; blank where
        missing.

    Examples
    --------
    =PRICES_TO_RETURNS(Prices!A1:F300)

    >>> PRICES_TO_RETURNS([["Gold", "Land"], [100.0, None], [125.0, 50.0]])
    [['Gold', 'Land'], [0.25, '']]
    """
    block = read_block(prices, "prices", "prices")
    logarithm = flag(log, "log")
    if len(block.values) < 2:
        raise InputError("prices", "has one row", "give at least 2")
    with np.errstate(over="ignore"):
        ratio = block.values[1:] / block.values[:-1]
    if np.isinf(ratio).any():
        row = int(np.argwhere(np.isinf(ratio))[0][0])
        before, after = (arrays.place(block.index, row + i, "row") for i in (0, 1))
        problem = f"those of {after} over those of {before} are beyond all numbers"
        raise InputError("prices", problem, "mend them")
    values = np.log(ratio) if logarithm else ratio - 1
    return table(values, block.names, None if block.labels is None else block.labels[1:])


@worksheet_function("Help")
def KFXL_VERSION() -> object:
    """Version of kfxl that answers in this workbook.

    Returns
    -------
    text
        Such as 0.1.0.

    Examples
    --------
    =KFXL_VERSION()

    >>> isinstance(KFXL_VERSION(), str)
    True
    """
    from kfxl import __version__

    return __version__

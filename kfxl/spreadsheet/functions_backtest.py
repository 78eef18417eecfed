"""The worksheet function that runs a backtest, and its table of settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np

from kfxl.errors import InputError
from kfxl.estimation.expected_returns import expected_returns
from kfxl.evaluation.backtest import backtest
from kfxl.evaluation.strategies import STRATEGIES, SUM_TOLERANCE
from kfxl.spreadsheet.arguments import one_cell, option, whole
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import (
    Cell,
    Rows,
    describe,
    is_blank,
    is_text,
    ticker,
    to_number,
)
from kfxl.spreadsheet.fits import cached_fit
from kfxl.spreadsheet.functions_portfolio import GROUP
from kfxl.spreadsheet.layout import history, table
from kfxl.spreadsheet.vectors import is_given, read_vector
from kfxl.spreadsheet.worksheet import CORE_NAMES, Range, Setting, worksheet_function

BACKTEST_OUTPUTS = ("performance", "value", "weights")
FIXED = "fixed"


def _keywords(function: Callable[..., Any]) -> list[str]:
    """Settings that a cell can hold: no table, no function, nothing with its own argument."""
    elsewhere = {"returns", "strategy", "factors", "budgets", "progress"}
    return [
        name
        for name, item in inspect.signature(function).parameters.items()
        if name not in elsewhere and item.kind is not inspect.Parameter.VAR_KEYWORD
    ]


BACKTEST_SETTINGS = (*_keywords(backtest), *_keywords(expected_returns), "half_life")
TEXT_SETTINGS = ("covariance_method", "benchmark", "calibration")
OWN_ARGUMENTS = {"strategy": "strategy", "budgets": "budgets_or_weights"}
BACKTEST_NAMES = {"lower": "lower", "upper": "upper", "budgets": "budgets_or_weights"}


@worksheet_function(GROUP, BACKTEST_NAMES)
def PORTFOLIO_BACKTEST(
    returns: Range,
    strategy: Setting = None,
    budgets_or_weights: Range = None,
    settings: Range = None,
    output: Setting = None,
    rows: Setting = None,
) -> object:
    """Backtest of a strategy with trading costs and without look-ahead, beside a benchmark.

    Parameters
    ----------
    returns : range
        Returns per period as decimals, one column for each asset, oldest first; dates decide
        how often to rebalance and how far to look back.
    strategy : text, optional
        kalman (default), risk-parity, risk-budget, equal-weight, or fixed: the weights given
        next, at every rebalance.
    budgets_or_weights : range, optional
        Risk budgets for risk-budget, weights with sum 1 for fixed: a row or a column, with or
        without names. Leave blank for other strategies.
    settings : range, optional
        Two columns, name and value: rebalance_every, lookback, warmup, cost, risk_aversion,
        covariance_method, lower, upper, benchmark, transition and any other setting of
        kfxl.backtest. Blank or auto is the default.
    output : text, optional
        performance (default) of strategy and benchmark, or the history of the portfolio's value
        or weights.
    rows : number, optional
        Makes a history exactly this many last periods, padded with blanks above.

    Returns
    -------
    range
        A table of measures, or one row a period for a history.

    Examples
    --------
    =PORTFOLIO_BACKTEST(Returns!A1:M241,"risk-parity",,Settings!A1:B8)

    >>> returns = [[0.5, 0.0], [0.0, 0.25], [0.25, 0.0]]
    >>> settings = [["warmup", 0], ["cost", 0], ["initial_value", 100]]
    >>> PORTFOLIO_BACKTEST(returns, "fixed", [[1, 0]], settings, "value")
    [[150.0], [150.0], [187.5]]
    """
    block = read_block(returns, "returns")
    kind = option(output, "output", BACKTEST_OUTPUTS)
    length = whole(rows, "rows", None)
    keywords = _backtest_settings(settings)
    chosen = _strategy(strategy, budgets_or_weights, block)
    result = cached_fit(backtest, block.frame(), **chosen, **keywords)
    if kind == "performance":
        measures = result.performance
        return table(measures.to_numpy(), list(measures.columns), list(measures.index))
    if kind == "value":
        values = np.asarray(result.value)[:, None]
        return history(values, None if block.names is None else ["value"], block.labels, length)
    return history(np.asarray(result.weights), block.names, block.labels, length)


def _strategy(strategy: Rows, given: Rows, block: Block) -> dict[str, Any]:
    """Keywords ``strategy`` and ``budgets`` of a backtest."""
    name = option(strategy, "strategy", (*STRATEGIES, FIXED))
    argument = "budgets_or_weights"
    if name not in ("risk-budget", FIXED):
        if is_given(given):
            problem = f"is given, but the strategy {name} uses neither"
            raise InputError(argument, problem, "leave it out, or use risk-budget or fixed")
        return {"strategy": name}
    vector = read_vector(given if is_given(given) else [], argument, block.names)
    values = vector.onto(block.names, block.values.shape[1])
    if name != FIXED:
        return {"strategy": name, "budgets": values}
    if abs(values.sum() - 1) > SUM_TOLERANCE:
        raise InputError(argument, f"weights sum to {values.sum():.9g}", "make them sum to 1")
    return {"strategy": values}


def _backtest_settings(rows: Rows) -> dict[str, Any]:
    """Keywords of a backtest from two columns, name and value."""
    settings: dict[str, Any] = {}
    if not is_given(rows):
        return settings
    if len(rows[0]) > 2:
        problem = f"has {len(rows[0])} columns"
        raise InputError("settings", problem, "give two: name and value")
    for i, row in enumerate(rows):
        cell: Cell = row[1] if len(row) == 2 else None
        if is_blank(row[0]) and is_blank(cell):
            continue
        name = ticker(row[0]).lower().replace(" ", "_").replace("-", "_")
        if i == 0 and name in ("name", "setting") and is_text(cell):
            continue
        if name not in BACKTEST_SETTINGS:
            raise _unknown_setting(name, row[0], i + 1)
        if name in settings:
            raise InputError("settings", f"{name} is given twice", "give it once")
        value = one_cell([[cell]], name)
        if value is None or is_blank(value):
            continue
        if name in TEXT_SETTINGS:
            settings[name] = value.strip().lower() if isinstance(value, str) else value
        else:
            to_number(value, name, f"row {i + 1} of settings")
            settings[name] = value
    return settings


def _unknown_setting(name: str, cell: Cell, row: int) -> InputError:
    if name in OWN_ARGUMENTS:
        remedy = f"give it as {OWN_ARGUMENTS[name]} of the function"
        return InputError("settings", f"{describe(cell)} in row {row} has its own argument", remedy)
    worksheet_names = {worksheet: core for core, worksheet in CORE_NAMES.items()}
    close = [worksheet_names[name]] if name in worksheet_names else []
    close = close or get_close_matches(name, BACKTEST_SETTINGS, 1)
    remedy = f"did you mean {close[0]}?" if close else f"use {', '.join(BACKTEST_SETTINGS)}"
    return InputError("settings", f"{describe(cell)} in row {row} is not known", remedy)

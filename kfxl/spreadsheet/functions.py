"""The worksheet functions: plain cells in, plain cells out, the same on every host.

Each takes what a host sends (numbers, text, datetimes, None, rows of them) and returns rows of
equal length of float, int, str and bool, or one text; an error is one text that begins with
``#KFXL!``. The policy for cells is :mod:`kfxl.spreadsheet.cells`; every function comes from one
of the siblings of this module, its description is read by :mod:`kfxl.spreadsheet.catalogue`.

>>> sorted(FUNCTIONS)[:3]
['KFXL_VERSION', 'KF_EXPECTED_RETURNS', 'KF_FACTOR_BETAS']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kfxl.spreadsheet.functions_backtest import PORTFOLIO_BACKTEST
from kfxl.spreadsheet.functions_factors import (
    KF_FACTOR_BETAS,
    KF_FACTOR_CONTRIBUTIONS,
    KF_FACTOR_FORECAST,
)
from kfxl.spreadsheet.functions_kalman import (
    KF_EXPECTED_RETURNS,
    KF_OPTIMAL_WEIGHTS,
    KF_RISK_CONTRIBUTIONS,
)
from kfxl.spreadsheet.functions_portfolio import (
    KFXL_VERSION,
    PORTFOLIO_PERFORMANCE,
    PRICES_TO_RETURNS,
)
from kfxl.spreadsheet.functions_weights import (
    MEAN_VARIANCE_WEIGHTS,
    RISK_BUDGET_WEIGHTS,
    RISK_CONTRIBUTIONS,
    RISK_COVARIANCE,
    RISK_PARITY_WEIGHTS,
)

_ALL: tuple[Callable[..., Any], ...] = (
    KF_EXPECTED_RETURNS,
    KF_OPTIMAL_WEIGHTS,
    KF_RISK_CONTRIBUTIONS,
    KF_FACTOR_BETAS,
    KF_FACTOR_FORECAST,
    KF_FACTOR_CONTRIBUTIONS,
    MEAN_VARIANCE_WEIGHTS,
    RISK_PARITY_WEIGHTS,
    RISK_BUDGET_WEIGHTS,
    RISK_CONTRIBUTIONS,
    RISK_COVARIANCE,
    PORTFOLIO_PERFORMANCE,
    PORTFOLIO_BACKTEST,
    PRICES_TO_RETURNS,
    KFXL_VERSION,
)
FUNCTIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _ALL}

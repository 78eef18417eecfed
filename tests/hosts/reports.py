"""Reports for the tests of writing them: a small one and whole ones."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

import kfxl
from kfxl.spreadsheet.report import Report, build_report
from kfxl.spreadsheet.reporting.model import Block, Chart, ReportSheet, Series

DATES = pd.date_range("2015-01-31", periods=60, freq="ME")


@cache
def full_report(strategy: str = "kalman") -> Report:
    draw = np.random.default_rng(7)
    factors = pd.DataFrame(draw.normal(0.004, 0.03, (60, 2)), DATES, ["Growth", "Rates"])
    loadings = np.array([[1.0, 0.1, 0.4], [0.0, 0.8, 0.2]])
    noise = draw.normal(0.001, 0.01, (60, 3))
    names = ["Stocks", "=Bonds", "2020"]
    returns = pd.DataFrame(factors.to_numpy() @ loadings + noise, DATES, names)
    result = kfxl.backtest(returns, strategy, factors=factors, lookback=12)
    return build_report(result, returns, factors)


def small_report(*names: str) -> Report:
    rows = ((dt.datetime(2020, 1, 31), 0.5, None), (dt.datetime(2020, 2, 29), 0.25, 1.0))
    block = Block("Numbers", (4, 1), ("Date", "One", "Two"), rows, ("yyyy-mm-dd", "0%", "0.00"))
    series = (Series(0, 1, "One"), Series(0, 2, "Two", "#112233", "dash"))
    chart = Chart(
        "line", "Lines", (4, 6), 0, series, "Date", "Size", "0%", "Two lines.", dates=True
    )
    return Report("Small", tuple(ReportSheet(n, n, "A note.", (block,), (chart,)) for n in names))

"""The sheets of a report on how it went: Sharpe ratio, trading, risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray
from kfxl.spreadsheet.reporting.model import Block, Chart, ReportSheet
from kfxl.spreadsheet.reporting.tables import LEFT, STEP, TOP, frame_of, over_time, series_of, table
from kfxl.spreadsheet.styles import MONEY, NUMBER, PERCENT

if TYPE_CHECKING:
    from kfxl.evaluation.backtest import Backtest


def sharpe(backtest: Backtest) -> ReportSheet:
    """Rolling Sharpe ratio of strategy and benchmark."""
    periods = float(backtest.settings.get("periods_per_year") or 252)
    # A year of daily or weekly returns says something; twelve months do not.
    window = int(periods) if periods >= 52 else max(3, round(3 * periods))
    both = pd.DataFrame(
        {
            "Strategy": series_of(backtest.returns, backtest),
            "Benchmark": series_of(backtest.benchmark_returns, backtest),
        }
    )
    rolling = both.rolling(window)
    deviation = rolling.std()
    frame = rolling.mean() / deviation.where(deviation > 0) * np.sqrt(periods)
    block = table(f"Sharpe ratio of the last {window} periods", frame, NUMBER)
    chart = over_time(
        block,
        0,
        (1, 2),
        title=f"Sharpe ratio of the last {window} periods",
        y_title="Sharpe ratio per year",
        y_format="0.0",
        alt=f"Line chart: Sharpe ratio over the last {window} periods of strategy and benchmark.",
    )
    note = "Mean over standard deviation of net returns, times the root of periods per year."
    return ReportSheet("Sharpe", "Rolling Sharpe ratio", note, (block,), (chart,))


def trading(backtest: Backtest) -> ReportSheet:
    """Turnover and cost."""
    turnover = series_of(backtest.turnover, backtest)
    costs = series_of(backtest.costs, backtest)
    frame = pd.DataFrame({"Turnover": turnover, "Cost": costs, "Cost so far": costs.cumsum()})
    block = table("Turnover and cost", frame, (PERCENT, "#,##0.00", "#,##0.00"))
    return ReportSheet(
        "Trading",
        "Turnover and cost",
        "Turnover is the sum of all trades, bought and sold, over the portfolio's value.",
        (block,),
        (
            over_time(
                block,
                0,
                (1,),
                title="Turnover",
                y_title="Share of value traded",
                y_format="0%",
                alt="Columns: share of the portfolio's value traded in each period.",
                kind="column",
            ),
            over_time(
                block,
                0,
                (3,),
                title="Cost so far",
                y_title="Money",
                y_format=MONEY,
                alt="Line chart: trading costs paid so far.",
                anchor=(TOP + STEP, 0),
            ),
        ),
    )


def risk(backtest: Backtest) -> ReportSheet:
    """Tracked shares of risk against their target, and the tracking error."""
    shares = frame_of(backtest.risk_contributions, backtest)
    blocks = [table("Tracked share of portfolio risk", shares, PERCENT)]
    charts = [
        over_time(
            blocks[0],
            0,
            range(1, shares.shape[1] + 1),
            title="Tracked share of portfolio risk",
            y_title="Share of risk",
            y_format="0%",
            alt="Line chart: tracked share of portfolio risk of each asset over time.",
            size=(640, 380),
        )
    ]
    if backtest.budgets is not None:
        more_blocks, more_charts = _against_target(
            shares, np.asarray(backtest.budgets, dtype=float)
        )
        blocks += more_blocks
        charts += more_charts
    return ReportSheet(
        "Risk",
        "Risk contributions against target",
        "Kalman-tracked share of each asset in the risk of the weights held.",
        tuple(blocks),
        tuple(charts),
    )


def _against_target(shares: pd.DataFrame, budgets: FloatArray) -> tuple[list[Block], list[Chart]]:
    """The last period and the tracking error, as blocks 1 and 2 of the sheet, and their charts."""
    target = pd.Series(budgets, index=shares.columns)
    last = pd.DataFrame(
        {"Target": target, "Tracked": shares.iloc[-1], "Off": shares.iloc[-1] - target}
    )
    error = np.sqrt(((shares - target) ** 2).mean(axis=1, skipna=False))
    left = LEFT + shares.shape[1] + 2
    blocks = [
        table("Last period", last, PERCENT, (TOP, left), corner="Asset"),
        table(
            "Tracking error: root mean square off target",
            pd.DataFrame({"Tracking error": error}),
            PERCENT,
            (TOP, left + 5),
        ),
    ]
    charts = [
        over_time(
            blocks[0],
            1,
            (1, 2),
            title="Share of risk against target, last period",
            y_title="Share of risk",
            y_format="0%",
            alt="Clustered columns: target and tracked share of risk of each asset.",
            kind="column",
            anchor=(TOP + STEP + 3, 0),
        ),
        over_time(
            blocks[1],
            2,
            (1,),
            title="Tracking error",
            y_title="Root mean square off target",
            y_format="0%",
            alt="Line chart: root mean square difference of tracked shares from their targets.",
            anchor=(TOP + 2 * STEP + 3, 0),
        ),
    ]
    return blocks, charts

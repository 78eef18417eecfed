"""The sheets of a report on what was held: summary, value, weights, expected returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kfxl.spreadsheet.reporting.model import Block, ReportSheet, Series, Value
from kfxl.spreadsheet.reporting.tables import (
    LEFT,
    STEP,
    TOP,
    frame_of,
    over_time,
    plain,
    table,
    values_of,
)
from kfxl.spreadsheet.styles import MONEY, NUMBER, PERCENT, PERCENT_FINE, SERIES

if TYPE_CHECKING:
    from kfxl.evaluation.backtest import Backtest

MAX_SMALL_CHARTS = 30
RATIOS = ("Sharpe", "Sortino", "Calmar")


def summary(backtest: Backtest) -> ReportSheet:
    """Measures of strategy and benchmark side by side, the settings, the value."""
    measures = pd.DataFrame(backtest.performance)
    measures.index = pd.Index([str(name).replace("_", " ").capitalize() for name in measures.index])
    is_ratio = measures.index.isin(RATIOS)
    shares = table("Performance", measures[~is_ratio], PERCENT_FINE, (TOP, 0), "Measure")
    after = TOP + len(shares.rows) + 3
    ratios = table("Ratios", measures[is_ratio], NUMBER, (after, 0), "Measure")
    settings = tuple((str(name), _setting_text(value)) for name, value in backtest.settings.items())
    used = Block(
        "Settings used",
        (after + len(ratios.rows) + 3, 0),
        ("Setting", "Value"),
        settings,
        ("General", "General"),
    )
    values = values_of(backtest)[["Strategy", "Benchmark"]]
    history = table("Value", values, MONEY, (TOP, 16))
    chart = over_time(
        history,
        3,
        (1, 2),
        title="Value of the portfolio",
        y_title="Value",
        y_format=MONEY,
        alt="Line chart: value of strategy and benchmark over time, after costs.",
        anchor=(TOP - 1, 5),
        size=(640, 360),
    )
    index = values.index
    span = f"{_label(index[0])} to {_label(index[-1])}, {len(index)} periods"
    return ReportSheet(
        "Summary",
        f"Backtest: {backtest.strategy} against {backtest.benchmark}",
        f"{span}. Decisions use data up to their date only; costs are charged to both.",
        (shares, ratios, used, history),
        (chart,),
    )


def _label(label: object) -> str:
    return f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) else str(label)


def _setting_text(value: object) -> Value:
    """A setting as one cell: names with their numbers, one number where all are the same."""
    if isinstance(value, pd.Series | np.ndarray | list | tuple):
        numbers = pd.Series(value, dtype=float)
        if (numbers == numbers.iloc[0]).all():
            return f"{numbers.iloc[0]:.4g} each"
        labelled = isinstance(value, pd.Series)
        return ", ".join(
            f"{name} {number:.4g}" if labelled else f"{number:.4g}"
            for name, number in numbers.items()
        )
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return "auto" if value is None else plain(value)


def value(backtest: Backtest) -> ReportSheet:
    """Value and drawdown over time."""
    frame = values_of(backtest)
    block = table("Value and drawdown", frame, (MONEY, MONEY, PERCENT_FINE, PERCENT_FINE))
    return ReportSheet(
        "Value",
        "Portfolio value and drawdown",
        "Value at the end of each period after costs; drawdown is the loss from the best so far.",
        (block,),
        (
            over_time(
                block,
                0,
                (1, 2),
                title="Value of the portfolio",
                y_title="Value",
                y_format=MONEY,
                alt="Line chart: value of strategy and benchmark over time, after costs.",
            ),
            over_time(
                block,
                0,
                (3, 4),
                title="Drawdown",
                y_title="Below the best value so far",
                y_format="0%",
                alt="Line chart: drawdown of the strategy and of the benchmark over time.",
                anchor=(TOP + STEP, 0),
            ),
        ),
    )


def weights(backtest: Backtest) -> ReportSheet:
    """Weights held over time, stacked."""
    frame = frame_of(backtest.weights, backtest)
    block = table("Weights at the start of each period", frame, PERCENT)
    after = pd.DataFrame({"Weight": np.asarray(backtest.next_weights)}, index=frame.columns)
    last = table(
        "Held after the last close",
        after,
        PERCENT,
        (TOP, LEFT + frame.shape[1] + 2),
        "Asset",
    )
    stacked = bool((frame.to_numpy() >= 0).all())
    return ReportSheet(
        "Weights",
        "Weights over time",
        "Held at the start of each period; between trades they drift with returns.",
        (block, last),
        (
            over_time(
                block,
                0,
                range(1, frame.shape[1] + 1),
                title="Weights held",
                y_title="Weight",
                y_format="0%",
                alt="Stacked areas: weight of each asset over time.",
                kind="area-stacked" if stacked else "line",
                y_range=(0.0, 1.0) if stacked else None,
                size=(640, 420),
            ),
        ),
    )


def estimates(backtest: Backtest) -> ReportSheet:
    """Expected returns as known at each decision, one standard error either side."""
    mean = backtest.estimates["expected_return"]
    error = backtest.estimates["standard_error"]
    columns: dict[str, Any] = {}
    for name in mean.columns:
        columns[f"{name}"] = mean[name]
        columns[f"{name} low"] = mean[name] - error[name]
        columns[f"{name} high"] = mean[name] + error[name]
    frame = pd.DataFrame(columns, index=mean.index)
    block = table("Expected return per period", frame, PERCENT_FINE, (TOP, 16))
    charts = []
    for place, name in enumerate(list(mean.columns)[:MAX_SMALL_CHARTS]):
        first = 1 + 3 * place
        series = (
            Series(0, first, "Expected return", SERIES[0]),
            Series(0, first + 1, "Low", SERIES[8], "dash"),
            Series(0, first + 2, "High", SERIES[8], "dash"),
        )
        charts.append(
            over_time(
                block,
                0,
                (),
                title=str(name),
                y_title="Return per period",
                y_format="0.0%",
                alt=(
                    f"Line chart: expected return of {name} as known at each decision, with one "
                    "standard error either side."
                ),
                series=series,
                anchor=(TOP + 12 * (place // 3), 5 * (place % 3)),
                size=(315, 235),
                legend=False,
            )
        )
    return ReportSheet(
        "Expected returns",
        "Expected returns as known at each decision",
        "Kalman-filtered mean return per period; dashed: one standard error either side.",
        (block,),
        tuple(charts),
    )

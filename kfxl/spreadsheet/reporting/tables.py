"""How the tables and charts of a report are put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kfxl.spreadsheet.reporting.model import Block, Chart, Series, Value
from kfxl.spreadsheet.styles import DATE

if TYPE_CHECKING:
    from kfxl.evaluation.backtest import Backtest

TOP = 4  # header row of the tables
LEFT = 11  # first column of tables that stand to the right of charts
STEP = 17  # rows from one chart to the next


def plain(value: object) -> Value:
    """A cell's value: Python numbers, dates and text; missing and infinite numbers are None."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return None if value is None else str(value)


def dated(index: pd.Index) -> bool:
    """Whether rows carry dates."""
    return isinstance(index, pd.DatetimeIndex)


def table(
    title: str,
    frame: pd.DataFrame,
    formats: str | Sequence[str],
    anchor: tuple[int, int] = (TOP, LEFT),
    corner: str | None = None,
) -> Block:
    """A block from a frame; the index is its first column."""
    first = DATE if dated(frame.index) else "General"
    if corner is None:
        corner = "Date" if dated(frame.index) else "Period"
    widths = [formats] * frame.shape[1] if isinstance(formats, str) else list(formats)
    rows = tuple(
        (plain(label), *(plain(item) for item in row))
        for label, row in zip(frame.index, frame.to_numpy(dtype=object), strict=True)
    )
    header = (corner, *(str(name) for name in frame.columns))
    return Block(title, anchor, header, rows, (first, *widths))


def over_time(
    block: Block,
    number: int,
    columns: Iterable[int],
    *,
    title: str,
    y_title: str,
    y_format: str,
    alt: str,
    **options: Any,
) -> Chart:
    """A chart of some columns of a table against its first column."""
    series = tuple(Series(number, column, block.header[column]) for column in columns)
    return Chart(
        **{
            "kind": "line",
            "title": title,
            "anchor": (TOP, 0),
            "block": number,
            "series": series,
            "x_title": block.header[0],
            "y_title": y_title,
            "y_format": y_format,
            "alt": alt,
            "dates": bool(block.rows) and isinstance(block.rows[0][0], dt.datetime),
            **options,
        }
    )


def values_of(backtest: Backtest) -> pd.DataFrame:
    """Value of strategy and benchmark, and how far each is below its best."""
    start = float(backtest.settings["initial_value"])
    strategy = series_of(backtest.value, backtest)
    benchmark = series_of(backtest.benchmark_value, backtest)
    frame = pd.DataFrame({"Strategy": strategy, "Benchmark": benchmark})
    peak = frame.cummax().clip(lower=start)
    below = (frame / peak - 1.0).add_suffix(" drawdown")
    return pd.concat([frame, below], axis=1)


def index_of(backtest: Backtest) -> pd.Index:
    """Labels of the periods; 1, 2, ... where there are none."""
    value = backtest.value
    return value.index if isinstance(value, pd.Series) else pd.RangeIndex(1, len(value) + 1)


def series_of(values: Any, backtest: Backtest) -> pd.Series[float]:
    """One number per period, labelled."""
    return pd.Series(np.asarray(values, dtype=float), index=index_of(backtest))


def frame_of(values: Any, backtest: Backtest) -> pd.DataFrame:
    """One row per period and one column per asset, labelled."""
    if isinstance(values, pd.DataFrame):
        return values
    array = np.asarray(values, dtype=float)
    names = [f"asset {i + 1}" for i in range(array.shape[1])]
    return pd.DataFrame(array, index=index_of(backtest), columns=names)

"""The data of the tests of worksheet functions, in every dress that cells can wear."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from kfxl.spreadsheet.functions import FUNCTIONS

F = FUNCTIONS
PERIODS, ASSETS, FACTORS = 72, 3, 2
_rng = np.random.default_rng(7)
FACTOR_RETURNS = _rng.normal(0.005, 0.04, (PERIODS, FACTORS))
RETURNS = FACTOR_RETURNS @ [[1.0, 0.5, 0.2], [0.1, 0.4, -0.3]] + _rng.normal(
    0.003, 0.02, (PERIODS, ASSETS)
)
PRICES = 100 * np.cumprod(1 + RETURNS, axis=0)
WEIGHTS = np.array([0.5, 0.3, 0.2])
NAMES = ["Gold", "Land", "Bond"]
MONTHS = [200001 + i // 12 * 100 + i % 12 for i in range(PERIODS)]
LAST_DAYS = [
    datetime(2000 + (i + 1) // 12, (i + 1) % 12 + 1, 1).toordinal() - 1 for i in range(PERIODS)
]
DAYS = [datetime.fromordinal(day) for day in LAST_DAYS]
SERIALS = [float((day - datetime(1899, 12, 30)).days) for day in DAYS]
TICKERS = [600519, 300750.0, 700]
UNEXPECTED = "#KFXL! unexpected"

Cells = list[list[Any]]
Dress = Callable[[np.ndarray, list[Any]], Cells]


def plain(values: Any, _names: Any = None) -> Cells:
    return [list(row) for row in np.asarray(values).tolist()]


def named(values: Any, names: list[Any]) -> Cells:
    return [list(names), *plain(values)]


def dated(dates: list[Any], corner: Any = None) -> Dress:
    def dress(values: np.ndarray, names: list[Any]) -> Cells:
        return [[corner, *names]] + [
            [day, *row] for day, row in zip(dates, values.tolist(), strict=True)
        ]

    return dress


def padded(values: np.ndarray, names: list[Any]) -> Cells:
    rows = [[*row, None, ""] for row in dated(SERIALS)(values, names)]
    return rows + [[None] * len(rows[0])] * 2000 + [[""] * len(rows[0])] * 2000


def as_tuples(values: np.ndarray, names: list[Any]) -> Any:
    return tuple(tuple(row) for row in dated(DAYS, "Date")(values, names))


def numeric_tickers(values: np.ndarray, names: list[Any]) -> Cells:
    return dated(MONTHS, "Month")(values, TICKERS[: len(names)])


DRESSES: dict[str, Any] = {
    "numbers only": plain,
    "numpy array": lambda values, names: values,
    "names": named,
    "datetimes": dated(DAYS, "Date"),
    "serial numbers": dated(SERIALS),
    "YYYYMM": dated(MONTHS, "Month"),
    "period numbers": dated(list(range(1, PERIODS + 1)), "t"),
    "dates without names": lambda values, names: list(dated(DAYS)(values, names)[1:]),
    "row labels": dated([f"month {i}" for i in range(PERIODS)]),
    "numeric tickers": numeric_tickers,
    "whole columns": padded,
    "tuples of tuples": as_tuples,
}


def numbers_of(result: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The block of numbers at the lower right of a result; labels stand above and left."""
    assert isinstance(result, list), result
    height, width = shape
    block = [row[len(row) - width :] for row in result[len(result) - height :]]
    return np.array([[math.nan if cell == "" else cell for cell in row] for row in block], float)


def check_cells(result: Any) -> None:
    """Rows of equal length of plain finite cells, or one line of text."""
    if isinstance(result, str):
        assert result.startswith("#KFXL! ")
        assert not result.startswith(UNEXPECTED)
        assert len(result) <= 250
        assert result.isprintable()
        return
    assert isinstance(result, list)
    assert result
    assert {len(row) for row in result} == {len(result[0])}
    assert len(result[0]) > 0
    for row in result:
        for cell in row:
            assert type(cell) in (float, int, str, bool)
            assert not isinstance(cell, float) or math.isfinite(cell)

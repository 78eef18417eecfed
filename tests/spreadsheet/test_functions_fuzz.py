"""Whatever stands in the cells: rows of plain finite cells or one line, never a surprise."""

from __future__ import annotations

import inspect
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfxl.spreadsheet.functions import FUNCTIONS
from tests.spreadsheet.function_data import check_cells

returns = st.sampled_from([0.01, -0.02, 0.0, 0.03, -0.05, 0.25, 1e-9, -1.0])
weird = st.one_of(
    returns,
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 70000),
    st.sampled_from([None, "", " ", "#N/A", "#DIV/0!", "auto", "Gold", "Land", "0.5", True, False]),
    st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)),
    st.text(max_size=5),
    st.integers(),
)


def tables(cells: st.SearchStrategy[Any], rows: int = 8, columns: int = 4) -> Any:
    return st.integers(1, columns).flatmap(
        lambda width: st.lists(
            st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=rows
        )
    )


@st.composite
def data(draw: Any) -> Any:
    """A table of returns, often with names and dates, sometimes with one odd cell."""
    width = draw(st.integers(1, 3))
    rows = draw(
        st.lists(st.lists(returns, min_size=width, max_size=width), min_size=1, max_size=12)
    )
    if draw(st.booleans()):
        rows = [["Gold", "Land", "Bond"][:width], *rows]
        if draw(st.booleans()):
            rows = [
                ["" if i == 0 else 200000 + i, *row] if len(rows) < 13 else row
                for i, row in enumerate(rows)
            ]
    if draw(st.integers(0, 3)) == 0:
        row = draw(st.integers(0, len(rows) - 1))
        rows[row] = [*rows[row][:-1], draw(weird)]
    return rows


options = st.sampled_from(
    [
        *("history", "stderr", "parameters", "smoothed", "shares", "error", "fit", "value"),
        *("weights", "per-asset", "ewma", "oas", "risk-parity", "fixed", "risk-budget", "mean"),
        *("kalman_factor", "lower", "upper", "loglik"),
    ]
)
settings_tables = st.lists(
    st.tuples(st.sampled_from(["lookback", "warmup", "cost", "lower", "transition"]), weird).map(
        list
    ),
    min_size=1,
    max_size=3,
)
ranges = st.one_of(data(), data(), data(), tables(weird), weird)
scalars = st.one_of(st.none(), st.none(), st.none(), options, st.sampled_from([1, 2, 0.5]), weird)
anything = st.one_of(scalars, scalars, ranges, settings_tables)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"KFXL_VERSION"}))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=st.data())
def test_no_cells_lead_to_a_surprise(name: str, drawn: Any) -> None:
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    arguments = [
        drawn.draw(ranges if item.default is inspect.Parameter.empty else anything, item.name)
        for item in parameters
    ]
    if "asset_returns" in inspect.signature(FUNCTIONS[name]).parameters and drawn.draw(
        st.booleans()
    ):
        arguments[1] = [row[:1] for row in arguments[0]] if _is_table(arguments[0]) else None
    check_cells(FUNCTIONS[name](*arguments))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)

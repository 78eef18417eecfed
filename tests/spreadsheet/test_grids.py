"""Large ranges are read at once; whatever stands in them, the answer is that of cell by cell."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.spreadsheet import cells
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import tidy
from kfxl.spreadsheet.failures import error_text
from kfxl.spreadsheet.functions import FUNCTIONS
from kfxl.spreadsheet.grids import Grid, read_grid
from kfxl.spreadsheet.layout import clean, history, table
from kfxl.spreadsheet.matrices import Matrix, read_data, read_matrix

floats = st.sampled_from([0.01, -0.02, 0.0, -0.0, 1.0, 0.5, -1.0, 1e-300])
plain = st.one_of(floats, floats, floats, st.none())
odd = st.one_of(
    st.floats(),
    st.integers(-3, 70000),
    st.integers(),
    st.sampled_from(
        [
            *(None, "", " ", "#N/A", "#DIV/0!", "#KFXL! a: b", "auto", "Gold", "0.5", True, False),
            *(np.float64(0.5), np.float64("nan"), np.float32(0.25), np.int64(2), np.bool_(True)),
            *(np.str_("x"), Decimal("0.25"), Decimal("NaN"), 10**400, b"bytes", 1j),
            *(date(2001, 1, 31), pd.Timestamp("2001-01-31"), pd.NaT, np.datetime64("2001-01-31")),
            datetime(2001, 1, 31, tzinfo=timezone(timedelta(hours=1))),
        ]
    ),
    st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)),
)


@st.composite
def ranges(draw: Any) -> Any:
    """Mostly numbers, often under names and beside dates, often with a few odd cells."""
    width = draw(st.integers(1, 4))
    height = draw(st.integers(1, 6))
    rows = [[draw(plain) for _ in range(width)] for _ in range(height)]
    if draw(st.booleans()):
        days = [datetime(2001, 1, 1) + timedelta(days=i) for i in range(height)]
        first = draw(
            st.sampled_from([days, range(1, 9), [200101.0 + i for i in range(6)], "abcdef"])
        )
        rows = [[first[i], *row] for i, row in enumerate(rows)]
    if draw(st.booleans()):
        names = [*(["", "A", "B", "C", "D"][-len(rows[0]) :])]
        rows = [names, *rows]
    for _ in range(draw(st.integers(0, 2))):
        i, j = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows[0]) - 1))
        rows[i][j] = draw(odd)
    blank = draw(st.sampled_from([None, ""]))
    rows += [[blank] * len(rows[0])] * draw(st.integers(0, 2))
    rows = [row + [blank] * draw(st.just(0)) for row in rows]
    kind = draw(st.sampled_from([list, tuple]))
    return kind(map(kind, rows))


def _outcome(function: Any, *arguments: Any) -> Any:
    try:
        return _shown(function(*arguments))
    except InputError as error:
        return error_text(error)


def _shown(found: Any) -> Any:
    if isinstance(found, Block):
        return (
            *(found.names, found.labels, found.columns, found.values.tolist().__repr__()),
            *(list(found.index), found.values.flags["C_CONTIGUOUS"]),
        )
    if isinstance(found, Matrix):
        return found.names, found.side, repr(found.values.tolist())
    return repr([[(type(cell), cell) for cell in row] for row in found])


def _both_ways(function: Any, *arguments: Any) -> tuple[Any, Any]:
    fast = _outcome(function, *arguments)
    with patch.object(cells, "read_grid", return_value=None):
        return fast, _outcome(function, *arguments)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ranges())
def test_rows_are_the_same_as_cell_by_cell(value: Any) -> None:
    fast, slow = _both_ways(tidy, value, "x")
    assert fast == slow


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ranges(), st.sampled_from(["numbers", "returns", "prices"]))
def test_blocks_are_the_same_as_cell_by_cell(value: Any, kind: Any) -> None:
    fast, slow = _both_ways(lambda: read_block(tidy(value, "x"), "x", kind))
    assert fast == slow


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ranges(), st.sampled_from([datetime(2001, 1, 2), 200102.0, 2.0]))
def test_as_of_cuts_the_same_rows(value: Any, as_of: Any) -> None:
    fast, slow = _both_ways(lambda: read_block(tidy(value, "x"), "x", "returns", as_of))
    assert fast == slow


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ranges(), st.sampled_from([read_data, read_matrix]))
def test_matrices_are_the_same_as_cell_by_cell(value: Any, read: Any) -> None:
    def found() -> Any:
        rows = tidy(value, "x")
        return read(rows, "x") if rows else []

    fast, slow = _both_ways(found)
    assert fast == slow


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    ranges(), st.sampled_from(["KF_EXPECTED_RETURNS", "RISK_PARITY_WEIGHTS", "PRICES_TO_RETURNS"])
)
def test_functions_answer_the_same_as_cell_by_cell(value: Any, name: str) -> None:
    answer = FUNCTIONS[name](value)
    with patch.object(cells, "read_grid", return_value=None):
        assert FUNCTIONS[name](value) == answer


def _square(size: int) -> list[list[float]]:
    numbers = np.random.default_rng(1).normal(size=(20, size))
    return np.cov(numbers.T).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("change", [None, 1.0, 1e-9, math.inf])
def test_covariance_matrices_are_read_at_once(change: float | None) -> None:
    rows: list[list[Any]] = [
        ["", "A", "B", "C"],
        *([n, *r] for n, r in zip("ABC", _square(3), strict=True)),
    ]
    assert isinstance(tidy(rows, "x"), Grid)
    rows[1][2] = change
    fast, slow = _both_ways(lambda: read_data(tidy(rows, "x"), "x"))
    assert fast == slow


# Which ranges are read at once.

DAYS = [datetime(2001, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(4)]
TABLE = ((0.01, -0.0, 0.5), (None, 0.02, 0.0), (0.03, None, 1.0), (0.0, 0.1, 0.2))


@pytest.mark.parametrize(
    "rows",
    [
        TABLE,
        (("A", "B", "C"), *TABLE),
        tuple((day, *row) for day, row in zip(DAYS, TABLE, strict=True)),
        ((None, "A", "B", "C"), *((d, *r) for d, r in zip(DAYS, TABLE, strict=True))),
        ((600519.0, 1.0, 2.0), *TABLE),
        tuple((*row, None, None) for row in (*TABLE, (None,) * 3, (None,) * 3)),
    ],
    ids=["numbers", "names", "dates", "names and dates", "tickers", "blanks around"],
)
def test_tables_of_numbers_are_read_at_once(rows: Any) -> None:
    found = tidy(rows, "x")
    assert isinstance(found, Grid)
    with patch("kfxl.spreadsheet.blocks.to_number", side_effect=AssertionError("cell by cell")):
        block = read_block(found, "x", "numbers")
    np.testing.assert_array_equal(block.values[-4:], np.array(TABLE, dtype=float))


@pytest.mark.parametrize("cell", [True, 1, "0.5", math.nan, np.float64(0.5), datetime(2001, 1, 1)])
def test_anything_else_among_the_numbers_is_read_cell_by_cell(cell: Any) -> None:
    assert read_grid([[0.1, 0.2], [0.3, cell]]) is None


def test_a_host_may_exchange_cells_before_and_hand_over_the_grid() -> None:
    rows = (("", -2146826246, "B"), (DAYS[0], 0.1, 0.2), (-2146826281, 0.3, None))
    found = read_grid(rows)
    assert found is not None
    found.convert_border(lambda cell: "#N/A" if type(cell) is int else cell)
    expected = [["", "#N/A", "B"], [DAYS[0], 0.1, 0.2], ["#N/A", 0.3, None]]
    assert [list(row) for row in tidy(found, "x")] == expected
    assert rows[0][1] == -2146826246, "what the host gave stays as it was"
    row = tidy(found, "x")[2]
    assert (row[0], row[-3], row[2], row[:2], len(row)) == ("#N/A", "#N/A", None, ["#N/A", 0.3], 3)


def test_an_error_text_of_ours_is_found_beside_the_numbers() -> None:
    text = "#KFXL! returns: is blank; give a range of numbers"
    for rows in ([["", text], [1.0, 0.1], [2.0, 0.2]], [["", "A"], [text, 0.1], ["b", 0.2]]):
        assert isinstance(tidy(rows, "x"), Grid)
        assert FUNCTIONS["KF_EXPECTED_RETURNS"](rows) == text


# What leaves.


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 6)),
)
def test_tables_leave_as_cell_by_cell(
    values: Any, named: bool, labelled: bool, rows: int | None
) -> None:
    names = ["A", np.str_("B")] if named else None
    labels = [np.int64(i) for i in range(len(values))] if labelled else None
    for given_values in (values, np.array(values), np.array(values, dtype=np.float32)):
        expected = [[clean(cell) for cell in row] for row in np.asarray(given_values)]
        if labelled:
            expected = [[i, *row] for i, row in enumerate(expected)]
        head = [["", "A", "B"][-len(expected[0]) :]] if named else []
        assert _typed(table(given_values, names, labels)) == _typed(head + expected)
        if rows is not None:
            body = expected[-rows:]
            blank = [[""] * len(expected[0])] * (rows - len(body))
            found = history(given_values, names, labels, rows)
            assert _typed(found) == _typed(head + blank + body)


def _typed(rows: Any) -> str:
    return repr([[(type(cell), cell) for cell in row] for row in rows])

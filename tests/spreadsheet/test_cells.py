"""How ranges of cells are read: the shared cases, dates of every kind, size, odd host types."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kfxl.errors import InputError, SolverError
from kfxl.spreadsheet import dates
from kfxl.spreadsheet.arguments import flag, moment, number, option, whole
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import tidy
from kfxl.spreadsheet.failures import error_text, log_failure, log_path
from kfxl.spreadsheet.layout import clean, clean_rows, history, table
from kfxl.spreadsheet.matrices import Matrix, read_data
from kfxl.spreadsheet.vectors import read_vector
from tests.spreadsheet.cases import case_name, cases


def _read(case: dict[str, Any]) -> Any:
    cells = tidy(case["cells"], "range")
    known = None if case["known"] is None else tuple(case["known"])
    if case["read"] == "vector":
        return read_vector(cells, "range", known, kind=case["kind"])
    as_of = moment(tidy(case["as_of"], "as_of"))
    if case["read"] == "data":
        return read_data(cells, "range", as_of)
    return read_block(cells, "range", case["kind"], as_of)


def _listed(value: Any) -> Any:
    return None if value is None else list(value)


@pytest.mark.parametrize("case", [c for c in cases("ranges") if "error" in c], ids=case_name)
def test_what_is_not_understood_is_an_error_that_says_where(case: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        _read(case)
    assert error_text(caught.value) == case["error"]


@pytest.mark.parametrize("case", [c for c in cases("ranges") if "error" not in c], ids=case_name)
def test_ranges_are_read_as_the_policy_says(case: dict[str, Any]) -> None:
    found = _read(case)
    if case["read"] == "data":
        assert isinstance(found, Matrix if case["what"] == "covariance" else Block)
        assert _listed(found.names) == case["names"]
        return
    assert _listed(found.names) == case["names"]
    expected = np.array(case["values"], dtype=float)
    np.testing.assert_array_equal(found.values, expected)
    if case["read"] == "block":
        assert _listed(found.labels) == case["labels"]


# Dates: every dress of the same date has one canonical form.


@pytest.mark.parametrize(
    "cells",
    [
        [datetime(2001, 1, 31), datetime(2001, 2, 28)],
        [36922, 36950],
        [36922.0, 36950.0],
        [200101, 200102],
        [20010131, 20010228],
    ],
)
def test_the_same_dates_agree_in_every_dress(cells: list[Any]) -> None:
    expected = pd.DatetimeIndex(["2001-01-31", "2001-02-28"])
    assert dates.date_index(cells).equals(expected)


@pytest.mark.parametrize("day", ["1900-03-01", "1969-12-31", "2000-02-29", "2024-06-30"])
def test_serial_numbers_count_as_excel_does(day: str) -> None:
    # Day 61 is 1 March 1900 in Excel, whose 1900 wrongly has a 29 February.
    moment = datetime.fromisoformat(day)
    assert dates.serial(moment) == (moment - datetime(1900, 3, 1)).days + 61
    assert dates.from_serial(dates.serial(moment)) == moment


def test_dates_beyond_nanoseconds_are_read() -> None:
    cells = [["", "A"], [datetime(2001, 1, 31), 0.1], [datetime(9999, 12, 31), 0.2]]
    block = read_block(tidy(cells, "returns"), "returns")
    assert block.labels == (36922, 2958465)


@pytest.mark.parametrize("as_of", [datetime(2001, 2, 28), 36950, 200102, 20010228])
def test_nothing_after_as_of_is_looked_at(as_of: Any) -> None:
    days = [datetime(2001, 1, 31), datetime(2001, 2, 28), datetime(2001, 3, 31)]
    for later in (0.5, 99.0, "#DIV/0!", "text", True, None):
        cells = [["", "A"], [days[0], 0.1], [days[1], 0.2], [days[2], later]]
        block = read_block(tidy(cells, "returns"), "returns", as_of=as_of)
        assert block.values.tolist() == [[0.1], [0.2]]
        assert len(block.frame()) == 2


# What hosts send beyond plain Python.


def test_odd_types_of_hosts_become_plain_cells() -> None:
    row = (
        *(np.float64(0.5), np.int64(2), np.bool_(True), np.str_("x"), Decimal("0.25"), math.nan),
        *(pd.Timestamp("2001-01-31"), pd.NaT, date(2001, 1, 31), np.datetime64("2001-01-31")),
    )
    day = datetime(2001, 1, 31)
    assert tidy((row,), "x") == [[0.5, 2, True, "x", 0.25, None, day, None, day, day]]
    assert tidy(np.array([[0.5], [np.nan]]), "x") == [[0.5]]
    assert tidy(datetime(2001, 1, 31), "x") == [[day]]


@pytest.mark.parametrize("value", [{"a": 1}, [[object()]], [[[1], [2]]], [[1j]], b"bytes"])
def test_what_no_cell_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="x: holds a"):
        tidy(value, "x")


@pytest.mark.parametrize("value", [math.inf, -math.inf, 10**400])
def test_infinity_is_no_number(value: Any) -> None:
    with pytest.raises(InputError, match="row 1, column 1"):
        read_block(tidy([[value]], "x"), "x")


@pytest.mark.parametrize("value", [None, "", [], [[]], [[None]], (("", None),), "  ", math.nan])
def test_blank_arguments_have_no_rows(value: Any) -> None:
    assert tidy(value, "x") == []


@pytest.mark.parametrize("blank", [None, ""])
def test_whole_columns_equal_the_exact_range(blank: Any) -> None:
    exact = [["", "A", "B"], [200101, 0.1, 0.2], [200102, 0.3, None]]
    filler = (blank,) * 4
    whole_columns = tuple((*row, blank) for row in exact) + (filler,) * 1_048_573
    block = read_block(tidy(whole_columns, "returns"), "returns")
    expected = read_block(tidy(exact, "returns"), "returns")
    pd.testing.assert_frame_equal(block.frame(), expected.frame())
    assert block.labels == expected.labels


# Single settings.


@pytest.mark.parametrize("value", [None, "", " ", "auto", "AUTO ", [[None]], [["auto"]]])
def test_absent_settings_are_the_default(value: Any) -> None:
    rows = tidy(value, "x")
    assert number(rows, "x", 5.0) == 5.0
    assert whole(rows, "x", None) is None
    assert option(rows, "x", ("first", "second")) == "first"
    assert flag(rows, "x") is False
    assert moment(rows, "x") is None


def test_settings_are_read_from_scalars_and_single_cells() -> None:
    assert number(tidy([[0.5]], "x"), "x", 5.0) == 0.5
    assert whole(tidy(3.0, "x"), "x", None) == 3
    assert option(tidy(" Second", "x"), "x", ("first", "second")) == "second"
    assert [flag(tidy(v, "x"), "x") for v in (True, 1.0, "TRUE", False, 0)] == [1, 1, 1, 0, 0]
    assert moment(tidy(0, "x"), "x") is None
    assert moment(tidy(0.0, "x"), "x") is None


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (number, True),
        (number, "5"),
        (number, "#REF!"),
        (number, [[1, 2]]),
        (number, datetime(2001, 1, 31)),
        (number, math.inf),
        (whole, 2.5),
        (whole, 0),
        (whole, -1),
        (moment, True),
        (moment, "2001-01-31"),
    ],
)
def test_settings_of_the_wrong_kind_are_errors(read: Any, value: Any) -> None:
    arguments = (tidy(value, "x"), "x") if read is moment else (tidy(value, "x"), "x", None)
    with pytest.raises(InputError, match="x: "):
        read(*arguments)


@pytest.mark.parametrize("value", [2, "yes", "#N/A", [[True, False]]])
def test_truth_values_are_true_or_false(value: Any) -> None:
    with pytest.raises(InputError, match="x: "):
        flag(tidy(value, "x"), "x")


# What leaves.


def test_only_plain_finite_cells_leave() -> None:
    rows = clean_rows(
        [
            [np.float64(0.5), np.int64(1), np.bool_(True), np.str_("x"), -0.0],
            [math.nan, math.inf, None, np.nan, datetime(2001, 1, 31)],
        ]
    )
    assert rows == [[0.5, 1, True, "x", 0.0], ["", "", "", "", 36922]]
    assert {type(cell) for row in rows for cell in row} <= {float, int, bool, str}
    assert math.copysign(1, clean(-0.0)) == 1  # type: ignore[arg-type]


def test_histories_have_exactly_the_rows_asked_for() -> None:
    values = [[1.0, 2.0], [3.0, 4.0]]
    assert history(values, ["A", "B"], [7, 8], 1) == [["", "A", "B"], [8, 3.0, 4.0]]
    assert history(values, None, [7, 8], 3) == [["", "", ""], [7, 1.0, 2.0], [8, 3.0, 4.0]]
    assert history(values, None, None, None) == values
    assert table(np.array([1.0, 2.0])) == [[1.0, 2.0]]


# Errors as one line of text.


def test_errors_are_one_line_of_at_most_250_characters() -> None:
    long = "word " * 200
    for error in (
        InputError("returns", long, "mend it"),
        InputError("returns", "bad", long),
        InputError("x" * 400, "bad", "mend it"),
        SolverError("no answer\nin\ttime", long),
        RuntimeError(long),
    ):
        text = error_text(error)
        assert text.startswith("#KFXL! ")
        assert len(text) <= 250
        assert text.isprintable()
    assert error_text(InputError("returns", long, "mend it")).endswith("; mend it")
    assert error_text(SolverError("no\nanswer", "retry")) == "#KFXL! solver: no answer; retry"


def test_unexpected_failures_are_logged_without_data(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    try:
        tidy([[1.0]], "x")
        raise ValueError("secret 12345")
    except ValueError as error:
        text = error_text(error)
    assert text.startswith("#KFXL! unexpected: ValueError")
    assert "secret" not in text
    written = log_path().read_text(encoding="utf-8")
    assert "ValueError" in written
    assert "secret" not in written
    assert "12345" not in written


def test_the_log_names_the_place_in_kfxl(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(AttributeError) as caught:
        dates.serial(None)  # type: ignore[arg-type]
    log_failure(caught.value)
    line = log_path().read_text(encoding="utf-8")
    assert "AttributeError" in line
    assert "dates.py" in line
    assert "serial" in line


def test_a_log_that_cannot_be_written_disturbs_nothing(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(blocked))
    assert error_text(RuntimeError("x")).startswith("#KFXL! unexpected: RuntimeError")


def test_the_log_stays_small(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    log_failure(RuntimeError())
    path = log_path()
    path.write_bytes(b"x" * 999_990)
    log_failure(RuntimeError())
    assert path.stat().st_size < 1000
    assert len(list(path.parent.iterdir())) == 2

"""Returns from CSV files: what is read, and one line for what cannot be."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kfxl.errors import InputError
from kfxl.spreadsheet.panels import panel_of, read_returns_csv


def written(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "returns.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Date,A,B\n2020-01-31,0.01,-0.02\n2020-02-29,,0.03\n", "utf-8"),
        ("Date,A,B\n2020-01-31,0.01,-0.02\n2020-02-29,,0.03\n", "utf-8-sig"),
        ("Date;A;B\n2020-01-31;0,01;-0,02\n2020-02-29;;0,03\n", "utf-8"),
        ("Date\tA\tB\r\n2020-01-31\t0.01\t-0.02\r\n2020-02-29\tN/A\t0.03\r\n", "utf-8"),
        (",A,B\n202001,0.01,-0.02\n202002,#N/A,0.03\n\n", "utf-8"),
        ("Date,A,B\n20200131,0.01,-2e-2\n20200229,,0.03\n", "utf-8"),
        ("Date,A,B\n2020-01-31 00:00:00,0.01,-0.02\n2020-02-29T00:00:00,,0.03\n", "utf-8"),
    ],
)
def test_one_table_in_many_dresses(tmp_path, text, encoding):
    table = read_returns_csv(written(tmp_path, text, encoding))
    assert list(table.index) == [pd.Timestamp("2020-01-31"), pd.Timestamp("2020-02-29")]
    assert list(table) == ["A", "B"]
    assert np.array_equal(table, [[0.01, -0.02], [np.nan, 0.03]], equal_nan=True)


def test_a_file_without_dates_gets_periods(tmp_path):
    table = read_returns_csv(written(tmp_path, "A,B\n0.01,-0.02\n0.0,0.03\n0.02,0.01\n"))
    assert list(table.index) == [1, 2, 3]
    assert table["A"].tolist() == [0.01, 0.0, 0.02]


def test_a_file_may_have_numbers_for_names(tmp_path):
    for text in ("600519,5\n0.01,-0.02\n0.02,0\n", "Date,600519,5\n202001,0.01,-0.02\n"):
        assert list(read_returns_csv(written(tmp_path, text))) == ["600519", "5"]
    assert list(read_returns_csv(written(tmp_path, "Date,NAN\n202001,0.01\n"))) == ["NAN"]


def test_a_files_own_names_are_kept(tmp_path):
    table = read_returns_csv(written(tmp_path, 'Date,"Fund, Ltd",=X\n2020-01-31,0.01,0.02\n'))
    assert list(table) == ["Fund, Ltd", "=X"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "returns.csv: holds no returns; give names in row 1, then dates, returns"),
        ("Date,A\n", "returns.csv: holds no returns; give names in row 1, then dates, returns"),
        ("Date\n2020-01-31\n", "returns.csv: has one column; separate columns by commas"),
        ("Date,A\n2020-01-31,x\n", "returns.csv row 2, A: x is not a number; give a number, or"),
        ("Date,A\n2020-01-31,101.5\n", "returns.csv row 2, A: a return of 101.5 is not believable"),
        (
            "Date,A\n2020-01-31,0,01\n",
            "returns.csv row 2: has 3 cells, the first row 2; give every",
        ),
        (
            "Date,A\n31/01/2020,0.01\n",
            "returns.csv row 2, Date: '31/01/2020' is no date; write dates year first, as",
        ),
        ("Date,A\n2020-13-31,0.01\n", "returns.csv row 2, Date: '2020-13-31' is no date; write"),
        ("Date,A\n\n,0.01\n", "returns.csv row 3, Date: is blank; put a date or period number"),
        ("2020-01-31,0.01\n2020-02-29,0\n", "returns.csv row 1: holds numbers, no names; put a"),
        ("202001,1,2\n202002,0,0\n", "returns.csv row 1: holds numbers, no names; put a row of"),
        ("0.01,0.5\n0.02,0.5\n", "returns.csv row 1: holds numbers, no names; put a row of"),
        (
            "Date,A\n2020-01-31,1.5%\n",
            "returns.csv row 2, A: 1.5% is not a number; give decimals, 0",
        ),
        (
            'Date,A\n2020-01-31,"0,01"\n',
            "returns.csv row 2, A: 0,01 is not a number; write points, not commas, as",
        ),
        ("Date,A\n2020-02-29,0\n2020-01-31,0\n", "returns.csv row 3, Date: is not after the row"),
        ("Date,A,a\n2020-01-31,0.01,0\n", "returns.csv row 1, a: a occurs twice; give each name"),
        ("Date,,B\n2020-01-31,0.01,0\n", "returns.csv row 1, column 2: is blank; name every"),
        ("Date,A\n2020-01-31,inf\n", "returns.csv row 2, A: inf is not finite; give a finite"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        read_returns_csv(written(tmp_path, text))
    assert str(caught.value).startswith(words)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_returns_csv(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is not UTF-8 text; save it as CSV UTF-8"):
        read_returns_csv(written(tmp_path, "Date,Ä\n2020-01-31,0.1\n", "latin-1"))
    with pytest.raises(InputError, match="check the file"):
        read_returns_csv(tmp_path)


def test_numeric_names_become_text():
    rows = [["Date", 600519.0, 5.0], [1.0, 0.01, 0.02]]
    table = panel_of(rows, lambda row, column: f"{row},{column}")
    assert list(table) == ["600519", "5"]


@pytest.mark.parametrize("word", ["n/a", "NA", "nan", "Null"])
def test_words_for_missing_are_ones_of_text_files_and_text_in_a_sheet(tmp_path, word):
    table = read_returns_csv(
        written(tmp_path, f"Date,A,B\n2020-01-31,{word},0.1\n2020-02-29,0,0\n")
    )
    assert table["A"].isna().tolist() == [True, False]
    rows = [["Date", "A"], [1.0, word], [2.0, 0.1]]
    with pytest.raises(InputError, match=f"Returns!B2: {word} is not a number"):
        panel_of(rows, lambda row, column: f"Returns!{'AB'[column]}{row + 1}")


def test_nothing_but_a_heading_is_no_table():
    assert panel_of([["Date", None], [None, None]], lambda *_: "") is None


def test_a_period_number_among_dates_is_named():
    days = [dt.datetime(2020, 1, 31), 5.0, dt.datetime(2020, 3, 31)]
    rows = [["Date", "Gold"], *([day, 0.01] for day in days)]
    with pytest.raises(InputError) as caught:
        panel_of(rows, lambda row, column: f"Returns!{'AB'[column]}{row + 1}")
    assert str(caught.value) == (
        "Returns!A3: 5 is no date, as the other rows have; give that row a date"
    )
    rows[2][0] = 43890.0  # a serial number is one: 2020-02-29
    table = panel_of(rows, lambda row, column: "")
    assert list(table.index) == list(pd.to_datetime(["2020-01-31", "2020-02-29", "2020-03-31"]))

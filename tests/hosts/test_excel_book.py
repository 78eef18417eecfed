"""Cells of an open workbook as returns: whole numbers of money, dates, what is no date."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import kfxl
from tests.hosts.excel_books import fill, kfxl_book, put, returns_table, table_rows
from tests.hosts.excel_state import select
from tests.hosts.fake_excel import Application, Workbook, Worksheet
from tests.hosts.pywin32_stub import ComError, WindowsXlwings

DAYS_1904 = 1462
MONEY, DATE = "$#,##0.00", "yyyy-mm-dd"
FINE = 0.01234567  # cut at four decimals: 0.0123


@pytest.fixture
def excel() -> Application:
    return Application()


def read(windows: WindowsXlwings, excel: Application) -> Any:
    """The inputs of the active workbook, as the buttons read them."""
    source = windows.load("kfxl.hosts.excel_book")
    inputs = windows.load("kfxl.spreadsheet.book_inputs")
    cells = source.ExcelCells(windows.app(excel).books.active)
    return inputs.book_of(inputs.inputs_of(cells))


def selected(windows: WindowsXlwings, excel: Application) -> pd.DataFrame:
    found = windows.load("kfxl.hosts.excel_book").selection_of(windows.app(excel)).returns()
    assert isinstance(found, pd.DataFrame)
    return found


def count_from_1904(book: Workbook, *sheets: Worksheet) -> None:
    """Let a book count from 1904, with the same dates in its cells."""
    book.Date1904 = True
    for sheet in sheets:
        for place in sheet.loaded_formats:
            content = sheet.cells[place]
            put(sheet, *place, content.value - DAYS_1904)


def plain_book(excel: Application) -> tuple[Workbook, Worksheet]:
    book = Workbook(excel, "Prices.xlsx")
    (page,) = book.worksheets()
    fill(page, table_rows(returns_table()))
    return excel.open(book), page


def test_the_fake_cuts_money_and_refuses_what_is_no_date(excel: Application) -> None:
    _, page = plain_book(excel)
    with excel.calls.inside():
        cell = page.Range("B2")
        cell.NumberFormat, cell.Value = MONEY, FINE
        assert (cell.Value, cell.Value2) == (Decimal("0.0123"), FINE)
        cell.NumberFormat, cell.Value = DATE, -1.0
        assert page.Range("B2:B3").Value2[0] == (-1.0,)
        with pytest.raises(ComError):
            _ = page.Range("B2:B3").Value


def test_money_is_read_whole(windows: WindowsXlwings, excel: Application) -> None:
    page = kfxl_book(excel).sheet("Returns")
    put(page, 2, 2, FINE)
    with excel.calls.inside():
        page.Range("B2:B73").NumberFormat = MONEY
    assert read(windows, excel).returns.iloc[0, 0] == FINE
    _, page = plain_book(excel)
    put(page, 2, 2, FINE)
    with excel.calls.inside():
        page.Range("B2:B73").NumberFormat = MONEY
    select(excel, "Sheet1", "A1:C73")
    assert selected(windows, excel).iloc[0, 0] == FINE


def test_returns_formatted_as_dates_by_mistake_are_numbers(
    windows: WindowsXlwings, excel: Application
) -> None:
    page = kfxl_book(excel).sheet("Returns")
    put(page, 2, 2, -0.5)
    with excel.calls.inside():
        page.Range("B2:B73").NumberFormat = DATE
    assert read(windows, excel).returns.iloc[0, 0] == -0.5


def test_dates_are_those_of_the_cells(windows: WindowsXlwings, excel: Application) -> None:
    kfxl_book(excel, settings={"As_Of": dt.datetime(2025, 11, 30)})
    found = read(windows, excel).returns
    assert list(found.index) == list(returns_table().index[:71])
    plain_book(excel)
    select(excel, "Sheet1", "A1:C73")
    assert list(selected(windows, excel).index) == list(returns_table().index)


def test_a_book_that_counts_from_1904_has_the_same_dates(
    windows: WindowsXlwings, excel: Application
) -> None:
    book = kfxl_book(excel, settings={"As_Of": dt.datetime(2025, 11, 30)})
    count_from_1904(book, book.sheet("Returns"), book.sheet("Settings"))
    assert book.sheet("Returns").value(2, 1) == 43861 - DAYS_1904
    found = read(windows, excel).returns
    assert list(found.index) == list(returns_table().index[:71])
    book, page = plain_book(excel)
    count_from_1904(book, page)
    select(excel, "Sheet1", "A1:C73")
    assert list(selected(windows, excel).index) == list(returns_table().index)


def test_numbers_that_only_look_like_dates_stay_numbers(
    windows: WindowsXlwings, excel: Application
) -> None:
    # 20200131 in cells that Excel has formatted as dates shows as ######; Value fails on it.
    page = kfxl_book(excel).sheet("Returns")
    for row, moment in enumerate(returns_table().index, start=2):
        page.cells.pop((row, 1))
        put(page, row, 1, float(f"{moment:%Y%m%d}"))
        page.loaded_formats[row, 1] = DATE
    assert list(read(windows, excel).returns.index) == list(returns_table().index)


def test_an_impossible_date_is_named(windows: WindowsXlwings, excel: Application) -> None:
    page = kfxl_book(excel).sheet("Returns")
    put(page, 5, 1, -1.0)
    with pytest.raises(kfxl.InputError, match=r"^Returns!A5: is not after the row above; "):
        read(windows, excel)


def test_from_1904_an_impossible_date_leaves_no_date_certain(
    windows: WindowsXlwings, excel: Application
) -> None:
    book = kfxl_book(excel)
    count_from_1904(book, book.sheet("Returns"))
    put(book.sheet("Returns"), 73, 1, -1.0)
    with pytest.raises(kfxl.InputError) as caught:
        read(windows, excel)
    assert str(caught.value) == (
        "Returns!A1:A73: a cell is formatted as a date and holds none; correct it, or format "
        "the cells as numbers"
    )


def test_a_busy_excel_is_no_impossible_date(windows: WindowsXlwings, excel: Application) -> None:
    kfxl_book(excel)
    source = windows.load("kfxl.hosts.excel_book")
    cells = source.ExcelCells(windows.app(excel).books.active)
    cells.named("As_Of")
    excel.calls.error = lambda _: ComError(-2146777998, "Busy.")
    excel.calls.broken = {"Range.Value"}
    with pytest.raises(ComError):
        cells.rows("Returns")


def test_one_cell_of_a_protected_sheet(windows: WindowsXlwings, excel: Application) -> None:
    _, page = plain_book(excel)
    page.protected = True
    select(excel, "Sheet1", "B2")
    with pytest.raises(kfxl.InputError) as caught:
        selected(windows, excel)
    assert str(caught.value) == (
        "selection: is one cell of a protected sheet; select the whole block of returns, then "
        "press Run backtest"
    )
    select(excel, "Sheet1", "A1:C73")
    assert selected(windows, excel).shape == (72, 2)

"""Workbooks for tests of the ribbon, built in the fake Excel cell by cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.settings import ASSET_COLUMNS, SETTINGS
from tests.hosts.fake_cells import EPOCH, Typed, typed
from tests.hosts.fake_excel import Application, Name, Workbook, Worksheet


def returns_table(assets: Sequence[str] = ("Stocks", "Bonds"), periods: int = 72) -> pd.DataFrame:
    """Returns as a person would have them, to four decimals."""
    draw = np.random.default_rng(11)
    dates = pd.date_range("2020-01-31", periods=periods, freq="ME")
    values = draw.normal(0.005, 0.03, (periods, len(assets))).round(4)
    return pd.DataFrame(values, dates, list(assets))


def fill(sheet: Worksheet, rows: Sequence[Sequence[Any]], top: int = 1, left: int = 1) -> None:
    """Put rows of plain values onto a sheet; dates are formatted as such."""
    for row, cells in enumerate(rows, start=top):
        for column, value in enumerate(cells, start=left):
            put(sheet, row, column, value)


def put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    if isinstance(value, dt.datetime):
        value = (value - EPOCH).total_seconds() / 86400
        sheet.loaded_formats[row, column] = "yyyy-mm-dd"
    text = isinstance(value, str) and not value.startswith("#")
    content = Typed(value, "text") if text else typed(value, "General")
    sheet.cells.pop((row, column), None)
    if content is not None:
        sheet.cells[row, column] = content


def table_rows(frame: pd.DataFrame) -> list[list[Any]]:
    """A table with its header and its dates."""
    head = ["Date", *(str(name) for name in frame.columns)]
    pairs = zip(frame.index, frame.to_numpy().tolist(), strict=True)
    return [head, *([moment.to_pydatetime(), *values] for moment, values in pairs)]


def add_sheet(book: Workbook, name: str) -> Worksheet:
    sheet = Worksheet(book, name)
    book.sheets.append(sheet)
    return sheet


def kfxl_book(
    application: Application,
    returns: pd.DataFrame | None = None,
    settings: Mapping[str, object] | None = None,
) -> Workbook:
    """A workbook with the sheets and names of the template, and one sheet of the user's."""
    returns = returns_table() if returns is None else returns
    book = Workbook(application, "Plan.xlsx")
    book.sheets = []
    mine = add_sheet(book, "Mine")
    put(mine, 1, 1, "keep me")
    page = add_sheet(book, "Settings")
    chosen = {name: setting.default for name, setting in SETTINGS.items()} | dict(settings or {})
    for row, (name, value) in enumerate(chosen.items(), start=2):
        put(page, row, 3, value)
        book.names.append(Name(book, name, f"={Area('Settings', row - 1, 2).ref}"))
    first = len(chosen) + 4
    assets = [str(name) for name in returns.columns]
    columns = ("Asset_Names", *ASSET_COLUMNS.values())
    numbers = {"budget": 1 / len(assets), "minimum": 0.0, "maximum": 1.0, "held": 0.0}
    for row, asset in enumerate(assets, start=first):
        values = [asset, *(numbers[column] for column in ASSET_COLUMNS)]
        fill(page, [values], row, 2)
    for column, name in enumerate(columns, start=1):
        area = Area("Settings", first - 1, column, len(assets), 1)
        book.names.append(Name(book, name, f"={area.ref}"))
    fill(add_sheet(book, "Returns"), table_rows(returns))
    book.active_sheet, book.selected = mine, [mine]
    return application.open(book)


def contents(book: Workbook) -> dict[str, Any]:
    """What is on each sheet: cells with their kinds, and the series of its charts."""
    return {
        sheet.name: {
            "cells": [[*key, cell.value, cell.kind] for key, cell in sorted(sheet.cells.items())],
            "charts": [[line.Formula for line in frame.chart.series] for frame in sheet.charts],
        }
        for sheet in book.worksheets()
    }

"""Documents as LibreOffice's extension reads them, for tests without LibreOffice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from kfxl.spreadsheet.book_reader import FileCells
from kfxl.spreadsheet.dates import serial
from kfxl.spreadsheet.settings import ASSET_COLUMNS, SETTINGS
from tests.hosts.excel_books import returns_table, table_rows

Json = dict[str, Any]


def sheet_of(name: str, rows: Sequence[Sequence[Any]], days: int = 0) -> Json:
    """A sheet with inputs: its dates are numbers, and told apart by their places."""
    dates = [
        [number, column, 1]
        for number, row in enumerate(rows)
        for column, value in enumerate(row)
        if isinstance(value, dt.datetime)
    ]
    plain = [[_cell(value, days) for value in row] for row in rows]
    return {"name": name, "own": False, "rows": plain, "dates": dates}


def _cell(value: Any, days: int) -> Any:
    if isinstance(value, dt.datetime):
        return float(serial(value) - days)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return "" if value is None else value


def kfxl_book(
    returns: pd.DataFrame | None = None,
    settings: Mapping[str, object] | None = None,
    days: int = 0,
) -> Json:
    """A document with the sheets and names of the template, one of the user's, one of a report."""
    returns = returns_table() if returns is None else returns
    chosen = {name: setting.default for name, setting in SETTINGS.items()} | dict(settings or {})
    names: Json = {}
    rows: list[list[Any]] = [["Settings"]]
    for name, value in chosen.items():
        names[name] = ["Settings", len(rows), 2, 1, 1]
        rows.append([None, None, value])
    assets = [str(name) for name in returns.columns]
    numbers = {"budget": 1 / len(assets), "minimum": 0.0, "maximum": 1.0, "held": 0.0}
    for column, name in enumerate(("Asset_Names", *ASSET_COLUMNS.values()), start=1):
        names[name] = ["Settings", len(rows), column, len(assets), 1]
    rows += [[None, asset, *(numbers[column] for column in ASSET_COLUMNS)] for asset in assets]
    sheets = [
        {"name": "Mine", "own": False},
        sheet_of("Settings", rows, days),
        sheet_of("Returns", table_rows(returns), days),
        {"name": "Summary", "own": True},
    ]
    return {"name": "Plan.ods", "days": days, "sheets": sheets, "names": names}


def file_book(path: Path) -> Json:
    """A workbook file as the extension reads it once LibreOffice has opened it."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    cells = FileCells(book)
    names = {}
    for name in book.defined_names:
        area = cells.named(name)
        if area is not None:
            names[name] = [area.sheet, area.row, area.column, area.height, area.width]
    inputs = ("Settings", "Returns", "Factors")
    sheets = [
        sheet_of(name, cells.rows(name)) if name in inputs else {"name": name, "own": False}
        for name in cells.sheet_names()
    ]
    return {"name": path.name, "days": 0, "sheets": sheets, "names": names}


def selected(rows: Sequence[Sequence[Any]], blocks: int = 1, days: int = 0) -> Json:
    """A selection that begins at B3."""
    page = sheet_of("Sheet1", rows, days)
    return {
        "blocks": blocks,
        "address": f"Sheet1.B3:D{2 + len(rows)}",
        "rows": page["rows"],
        "dates": [place for place in page["dates"] if place[1] == 0],
    }

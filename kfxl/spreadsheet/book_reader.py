"""Reads a kfxl workbook back: returns, factors, settings. Never writes one."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from kfxl.errors import InputError
from kfxl.spreadsheet.areas import column_letters
from kfxl.spreadsheet.dates import rows_until
from kfxl.spreadsheet.panels import is_blank, panel_of, read_returns_csv
from kfxl.spreadsheet.settings import ASSET_COLUMNS, AUTO, SETTINGS, TEXTBOOK, Setting

__all__ = ["Book", "Inputs", "book_of", "open_book", "read_book", "read_inputs", "read_returns_csv"]

MAX_ROWS, MAX_COLUMNS = 5001, 101
RISK_FREE = "RF"
REMEDY = "make a workbook with: kfxl template"


@dataclass(frozen=True)
class Inputs:
    """What a person has put into a workbook, cell by cell.

    ``settings`` is keyed by the names of the cells; ``assets`` has a row per asset and the
    columns budget, minimum, maximum and held.
    """

    returns: pd.DataFrame
    factors: pd.DataFrame | None
    risk_free: pd.Series[float] | None
    settings: dict[str, object]
    assets: pd.DataFrame


@dataclass(frozen=True)
class Book:
    """A workbook ready for :func:`kfxl.backtest`.

    Attributes
    ----------
    returns, factors : DataFrame
        (T, N) and (T, K), up to the date As of; ``factors`` is None where there are none.
    risk_free : Series or None
        (T,) risk-free rate per period.
    settings : dict
        Keywords of :func:`kfxl.backtest`, without those that are ``auto``.
    """

    returns: pd.DataFrame
    factors: pd.DataFrame | None
    risk_free: pd.Series[float] | None
    settings: dict[str, Any]


def read_book(source: str | Path | bytes) -> Book:
    """Read a kfxl workbook: its returns, factors and settings.

    Parameters
    ----------
    source : path or bytes
        The .xlsx file or its content; it is not changed.

    Returns
    -------
    Book
        Returns, factors and settings as keywords of :func:`kfxl.backtest`.

    Raises
    ------
    InputError
        No such file, not a kfxl workbook, or a cell that cannot be used; names sheet and cell.
    """
    return book_of(read_inputs(source))


def open_book(source: str | Path | bytes) -> Any:
    """The workbook as openpyxl reads it, values instead of formulas."""
    if isinstance(source, bytes):
        name, content = "book", source
    else:
        name = Path(source).name
        try:
            content = Path(source).read_bytes()
        except FileNotFoundError:
            raise InputError(
                str(source), "there is no such file", "check its name and folder"
            ) from None
        except OSError as error:
            raise InputError(str(source), str(error.strerror), "check the file") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parts that openpyxl would not write back
            return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError):
        raise InputError(name, "is not an Excel workbook (.xlsx)", REMEDY) from None


def read_inputs(source: str | Path | bytes) -> Inputs:
    """Everything a person has put in, checked cell by cell."""
    book = open_book(source)
    for sheet in ("Settings", "Returns"):
        if sheet not in book.sheetnames:
            raise InputError("book", f"has no sheet {sheet}: not a kfxl workbook", REMEDY)
    settings_cells = _cells(book, "Settings")
    settings = {name: _setting(book, settings_cells, setting) for name, setting in SETTINGS.items()}
    returns = _panel(book, "Returns")
    if returns is None:
        raise InputError("Returns!B2", "there are no returns", "paste returns from A1")
    factors = _panel(book, "Factors") if "Factors" in book.sheetnames else None
    risk_free = None
    if factors is not None:
        _check_dates(returns, factors)
        if RISK_FREE in factors.columns:
            risk_free = factors[RISK_FREE]
            factors = factors.drop(columns=RISK_FREE)
        factors = factors if factors.shape[1] else None
    return Inputs(returns, factors, risk_free, settings, _assets(book, settings_cells))


def _cells(book: Any, sheet: str) -> list[list[object]]:
    page = book[sheet]
    # Programs that write files often state a sheet's size wrongly.
    page.reset_dimensions()
    rows = page.iter_rows(max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True)
    return [[_plain(cell) for cell in row] for row in rows]


def _plain(cell: object) -> object:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    return cell


def _panel(book: Any, sheet: str) -> pd.DataFrame | None:
    return panel_of(
        _cells(book, sheet), lambda row, column: f"{sheet}!{column_letters(column)}{row + 1}"
    )


def _check_dates(returns: pd.DataFrame, factors: pd.DataFrame) -> None:
    if len(returns) != len(factors):
        raise InputError(
            "Factors",
            f"has {len(factors)} rows, Returns has {len(returns)}",
            "give both for the same dates, or clear the sheet Factors",
        )
    other = returns.index != factors.index
    if other.any():
        row = int(other.argmax()) + 2
        raise InputError(f"Factors!A{row}", f"is not Returns!A{row}", "give both the same dates")


def _corner(book: Any, name: str) -> tuple[int, int, int]:
    """Row and column of the first cell of a defined name, from 0, and its height."""
    defined = book.defined_names.get(name)
    sheet, _, address = (defined.attr_text if defined else "").rpartition("!")
    if sheet.strip("'") != "Settings" or "#REF" in address:
        raise InputError("Settings", f"the name {name} is missing: not a kfxl workbook", REMEDY)
    left, top, _, bottom = range_boundaries(address)
    return top - 1, left - 1, bottom - top + 1


def _setting(book: Any, cells: list[list[object]], setting: Setting) -> object:
    row, column, _ = _corner(book, setting.name)
    value = cells[row][column] if row < len(cells) and column < len(cells[row]) else None
    where = f"Settings!{column_letters(column)}{row + 1} ({setting.label})"
    if isinstance(value, str):
        value = value.strip()
    if is_blank(value):
        raise InputError(where, "is blank", f"write {AUTO if setting.auto else setting.default}")
    if setting.auto and isinstance(value, str) and value.casefold() == AUTO:
        return AUTO
    return _checked(value, where, setting)


def _checked(value: object, where: str, setting: Setting) -> object:
    if setting.rule in ("text", "asset"):
        return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
    if setting.rule == "choice":
        known = {option.casefold(): option for option in setting.options}
        if str(value).casefold() not in known:
            options = ", ".join(setting.options)
            raise InputError(where, f"{value} is not known", f"use one of {options}")
        return known[str(value).casefold()]
    if setting.rule == "date":
        return _date(value, where)
    if isinstance(value, bool) or not isinstance(value, int | float):
        words = f"give a number or {AUTO}" if setting.auto else "give a number"
        raise InputError(where, f"{value} is not a number", words)
    allowed = {
        "positive": value > 0,
        "nonnegative": value >= 0,
        "whole": value >= 1 and value == int(value),
    }.get(setting.rule, True)
    if not allowed:
        need = {"positive": "more than 0", "nonnegative": "0 or more", "whole": "1, 2, 3, ..."}
        raise InputError(where, f"{value:g} does not do", f"give {need[setting.rule]}")
    return int(value) if setting.rule == "whole" else float(value)


def _date(value: object, where: str) -> object:
    if isinstance(value, dt.datetime | dt.date):
        return pd.Timestamp(value)
    if isinstance(value, float):
        return value
    raise InputError(where, f"{value} is no date", f"give a date or {AUTO}")


def _assets(book: Any, cells: list[list[object]]) -> pd.DataFrame:
    top, left, height = _corner(book, "Asset_Names")
    names: list[str] = []
    for row in range(top, top + height):
        name = cells[row][left] if row < len(cells) else None
        if is_blank(name):
            where = f"Settings!{column_letters(left)}{row + 1}"
            raise InputError(where, "is blank", "name each asset of the table")
        names.append(str(int(name)) if isinstance(name, float) else str(name).strip())
    columns: dict[str, list[float]] = {}
    for column, defined in ASSET_COLUMNS.items():
        first, at, _ = _corner(book, defined)
        values = [cells[row][at] for row in range(first, first + height)]
        for offset, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, float):
                where = f"Settings!{column_letters(at)}{first + offset + 1}"
                what = "is blank" if is_blank(value) else f"{value} is not a number"
                raise InputError(where, what, f"give the {column} of {names[offset]}")
        columns[column] = [float(value) for value in values if isinstance(value, float)]
    table = pd.DataFrame(columns, index=names)
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise InputError("Settings", f"asset {twice} occurs twice", "give each name once")
    return table


def book_of(inputs: Inputs) -> Book:
    """Settings as keywords of the backtest, rows up to As of."""
    returns, factors, risk_free = inputs.returns, inputs.factors, inputs.risk_free
    as_of = inputs.settings["As_Of"]
    if as_of != AUTO:
        returns, factors, risk_free = _until(as_of, returns, factors, risk_free)
    settings = {
        setting.keyword: inputs.settings[name]
        for name, setting in SETTINGS.items()
        if setting.keyword and inputs.settings[name] != AUTO
    }
    names = list(returns.columns)
    absent = [name for name in names if name not in inputs.assets.index]
    if absent:
        raise InputError(
            "Settings", f"asset {absent[0]} has no budget and bounds", "run kfxl fit first"
        )
    table = inputs.assets.loc[names]
    settings |= {"budgets": table["budget"], "lower": table["minimum"], "upper": table["maximum"]}
    return Book(returns, factors, risk_free, settings | _noise(inputs.settings))


def _until(
    as_of: object,
    returns: pd.DataFrame,
    factors: pd.DataFrame | None,
    risk_free: pd.Series[float] | None,
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.Series[float] | None]:
    moment = as_of.to_pydatetime() if isinstance(as_of, pd.Timestamp) else float(str(as_of))
    rows = rows_until(returns.index, moment, "Returns")
    return (
        returns.iloc[:rows],
        None if factors is None else factors.iloc[:rows],
        None if risk_free is None else risk_free.iloc[:rows],
    )


def _noise(settings: dict[str, object]) -> dict[str, object]:
    """The filter's own numbers in the modes Textbook and Manual."""
    keywords = ("transition", "process_variance", "observation_variance")
    if settings["Noise_Mode"] == "Textbook":
        return {keyword: TEXTBOOK[f"KF_{keyword.title()}"] for keyword in keywords}
    if settings["Noise_Mode"] == "Manual":
        given = {keyword: settings[f"Manual_{keyword.title()}"] for keyword in keywords}
        return {keyword: value for keyword, value in given.items() if value != AUTO}
    return {}

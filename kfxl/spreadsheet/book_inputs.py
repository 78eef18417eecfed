"""What a person has put into a kfxl workbook, from any source of cells.

A source is a file (:mod:`kfxl.spreadsheet.book_reader`) or a running spreadsheet program
(:mod:`kfxl.hosts`); what its cells mean, and what is wrong with them, is decided here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from kfxl.errors import InputError
from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.dates import rows_until
from kfxl.spreadsheet.panels import is_blank, panel_of
from kfxl.spreadsheet.settings import ASSET_COLUMNS, AUTO, SETTINGS, TEXTBOOK, Setting

MAX_ROWS, MAX_COLUMNS = 5001, 101
RISK_FREE = "RF"
REMEDY = "make a workbook with: kfxl template"
NEEDED_SHEETS = ("Settings", "Returns")

Cells = list[list[object]]


class BookCells(Protocol):
    """A workbook as cells, whatever holds it."""

    def sheet_names(self) -> Collection[str]:
        """Names of the sheets."""

    def rows(self, sheet: str) -> Cells:
        """Values of a sheet from A1 on, at most MAX_ROWS rows of MAX_COLUMNS.

        Plain cells: None, float, bool, str (also for error values, ``#N/A``), datetime.
        """

    def named(self, name: str) -> Area | None:
        """The cells that a defined name stands for, None where there is none."""


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


def is_kfxl_book(book: BookCells) -> bool:
    """Whether a workbook has the sheets and a named cell of the template."""
    present = book.sheet_names()
    if any(sheet not in present for sheet in NEEDED_SHEETS):
        return False
    place = book.named(next(iter(SETTINGS)))
    return place is not None and place.sheet == "Settings"


def inputs_of(book: BookCells) -> Inputs:
    """Everything a person has put in, checked cell by cell.

    Raises
    ------
    InputError
        Not a kfxl workbook, or a cell that cannot be used; names sheet and cell.
    """
    present = book.sheet_names()
    for sheet in NEEDED_SHEETS:
        if sheet not in present:
            raise InputError("book", f"has no sheet {sheet}: not a kfxl workbook", REMEDY)
    cells = book.rows("Settings")
    settings = {name: _setting(book, cells, setting) for name, setting in SETTINGS.items()}
    returns = _panel(book, "Returns")
    if returns is None:
        raise InputError("Returns!B2", "there are no returns", "paste returns from A1")
    factors = _panel(book, "Factors") if "Factors" in present else None
    risk_free = None
    if factors is not None:
        _check_dates(returns, factors)
        if RISK_FREE in factors.columns:
            risk_free = factors[RISK_FREE]
            factors = factors.drop(columns=RISK_FREE)
        factors = factors if factors.shape[1] else None
    return Inputs(returns, factors, risk_free, settings, _assets(book, cells))


def _panel(book: BookCells, sheet: str) -> pd.DataFrame | None:
    return panel_of(
        book.rows(sheet), lambda row, column: f"{sheet}!{column_letters(column)}{row + 1}"
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


def _area(book: BookCells, name: str) -> Area:
    """The cells of a defined name on the sheet Settings."""
    area = book.named(name)
    if area is None or area.sheet != "Settings":
        raise InputError("Settings", f"the name {name} is missing: not a kfxl workbook", REMEDY)
    return area


def _value(cells: Cells, row: int, column: int) -> object:
    return cells[row][column] if row < len(cells) and column < len(cells[row]) else None


def _setting(book: BookCells, cells: Cells, setting: Setting) -> object:
    area = _area(book, setting.name)
    value = _value(cells, area.row, area.column)
    where = f"Settings!{column_letters(area.column)}{area.row + 1} ({setting.label})"
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


def _assets(book: BookCells, cells: Cells) -> pd.DataFrame:
    area = _area(book, "Asset_Names")
    names: list[str] = []
    for row in range(area.row, area.bottom + 1):
        name = _value(cells, row, area.column)
        if is_blank(name):
            where = f"Settings!{column_letters(area.column)}{row + 1}"
            raise InputError(where, "is blank", "name each asset of the table")
        names.append(str(int(name)) if isinstance(name, float) else str(name).strip())
    columns = {
        column: _asset_numbers(cells, _area(book, defined), column, names)
        for column, defined in ASSET_COLUMNS.items()
    }
    table = pd.DataFrame(columns, index=names)
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise InputError("Settings", f"asset {twice} occurs twice", "give each name once")
    return table


def _asset_numbers(cells: Cells, area: Area, column: str, names: list[str]) -> list[float]:
    numbers: list[float] = []
    for row, name in enumerate(names, start=area.row):
        value = _value(cells, row, area.column)
        if isinstance(value, bool) or not isinstance(value, float):
            where = f"Settings!{column_letters(area.column)}{row + 1}"
            what = "is blank" if is_blank(value) else f"{value} is not a number"
            raise InputError(where, what, f"give the {column} of {name}")
        numbers.append(value)
    return numbers


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

"""What the buttons of the ribbon do; each gives one text for a message box.

Empty: nothing to say. After a question mark: a question; on Yes the add-in calls the action
``<name>_confirmed``. After ``#KFXL!``: what is wrong. Nothing here shows a window of its own, and
no traceback ever comes out.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.constants import CalculationState, WBATemplate

from kfxl.hosts.excel_book import ExcelCells, active_book, selection_of
from kfxl.hosts.excel_failures import RestoreError, message, tried
from kfxl.hosts.excel_quiet import Quiet, check_writable
from kfxl.hosts.excel_sheets import is_own, write_report
from kfxl.spreadsheet.cells import MARK
from kfxl.spreadsheet.commands import (
    backtest_report,
    function_report,
    offer,
    own_sheet_names,
    percents,
    what_was_fitted,
    where_to_look,
)

if TYPE_CHECKING:
    import pandas as pd

Action = Callable[[xw.App], str]

STALE = "Calculation is manual and some cells were not up to date: press F9, then run again."
FUNCTIONS_MARK = "kfxl_functions"


def _guarded(action: Action) -> Action:
    @functools.wraps(action)
    def guarded(app: xw.App) -> str:
        try:
            return action(app)
        except Exception as error:  # noqa: BLE001 (a message box shows text, never a traceback)
            return f"{MARK} {message(error)}"

    return guarded


def run_backtest(app: xw.App) -> str:
    """Backtest the workbook's returns by its settings; its report becomes sheets of it."""
    from kfxl.spreadsheet.book_inputs import book_of, inputs_of, is_kfxl_book

    book = active_book(app)
    cells = ExcelCells(book)
    if not is_kfxl_book(cells):
        return offer(lambda: selection_of(app))
    check_writable(book)
    with Quiet(app) as excel:
        excel.say("kfxl backtest: reading the workbook")
        inputs = book_of(inputs_of(cells))
        return _backtest(book, excel, inputs.returns, inputs.factors, inputs.settings)


def run_backtest_confirmed(app: xw.App) -> str:
    """Backtest the selected returns with default settings; the report becomes sheets."""
    book = active_book(app)
    returns = selection_of(app).returns()
    check_writable(book)
    with Quiet(app) as excel:
        return _backtest(book, excel, returns, None, {})


def _backtest(
    book: xw.Book,
    excel: Quiet,
    returns: pd.DataFrame,
    factors: pd.DataFrame | None,
    settings: dict[str, Any],
) -> str:
    # Asked before anything is written: that makes cells out of date, too.
    stale = excel.was_manual and book.app.api.CalculationState != CalculationState.xlDone
    report = backtest_report(returns, factors, settings, percents(excel.say), excel.say)
    written = write_report(book, report, excel.say)
    excel.follow({name: sheet.api for name, sheet in written.instead.items()})
    if written.left:
        raise RestoreError(list(written.left), None)
    text = where_to_look(report.title, written.names)
    return f"{text}\n{STALE}" if stale else text


def new_workbook(app: xw.App) -> str:
    """The template, as a new workbook that is not yet saved."""
    from kfxl.spreadsheet.workbook import build_template

    with Quiet(app, stay=True) as excel:
        excel.say("kfxl: building the workbook")
        _open(app, build_template())
    return ""


def fit_workbook(app: xw.App) -> str:
    """A new workbook with the data and settings of the active one, fitted to their size."""
    from kfxl.spreadsheet.book_inputs import inputs_of
    from kfxl.spreadsheet.workbook import build_template

    book = active_book(app)
    with Quiet(app, stay=True) as excel:
        excel.say("kfxl: reading the workbook")
        inputs = inputs_of(ExcelCells(book))
        made = [sheet.name for sheet in book.sheets if is_own(sheet)]
        own = own_sheet_names([sheet.name for sheet in book.sheets], made)
        excel.say("kfxl: building the fitted workbook")
        package = build_template(
            inputs.returns,
            inputs.factors,
            risk_free=inputs.risk_free,
            settings=inputs.settings,
            assets=inputs.assets,
        )
        name = _open(app, package)
    return what_was_fitted(name, book.name, own)


def _open(app: xw.App, package: bytes) -> str:
    """Open a package as a new workbook without a file; its name."""
    with tempfile.TemporaryDirectory(prefix="kfxl", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "kfxl.xlsx"
        path.write_bytes(package)
        return str(app.api.Workbooks.Add(str(path)).Name)


def function_list(app: xw.App) -> str:
    """All worksheet functions with their arguments, in a new workbook."""
    with Quiet(app, stay=True) as excel:
        excel.say("kfxl: listing the functions")
        api = app.api.Workbooks.Add(WBATemplate.xlWBATWorksheet)
        book = app.books.active
        try:
            blank = book.sheets[0]
            write_report(book, function_report(), excel.say, FUNCTIONS_MARK)
            blank.delete()
            book.sheets[0].api.Activate()
        except Exception as error:
            if not tried(functools.partial(api.Close, False)):
                raise RestoreError(["the new workbook (close it)"], error) from error
            raise
    return ""


def check(_: xw.App) -> str:
    """What is right and what is wrong with the installation, line by line."""
    from kfxl.hosts.excel_check import findings

    # What is wrong comes first: a message box shows about a thousand characters.
    found = sorted(findings(), key=lambda item: item.good)
    return "\n".join(
        f"{'OK' if item.good else 'WRONG'}  {item.what}: {item.found}" for item in found
    )


ACTIONS: dict[str, Action] = {
    action.__name__: _guarded(action)
    for action in (
        run_backtest,
        run_backtest_confirmed,
        new_workbook,
        fit_workbook,
        function_list,
        check,
    )
}

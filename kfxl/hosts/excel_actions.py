"""What the buttons of the ribbon do; each gives one text for a message box.

Empty: nothing to say. After a question mark: a question; on Yes the add-in calls the action
``<name>_confirmed``. After ``#KFXL!``: what is wrong. Nothing here shows a window of its own, and
no traceback ever comes out.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.constants import CalculationState, WBATemplate

from kfxl.errors import InputError
from kfxl.hosts.excel_book import ExcelCells, Selection, active_book, selection_of
from kfxl.hosts.excel_failures import RestoreError, message, tried
from kfxl.hosts.excel_quiet import Quiet, check_writable
from kfxl.hosts.excel_sheets import is_own, write_report
from kfxl.spreadsheet.cells import MARK

if TYPE_CHECKING:
    import pandas as pd

    from kfxl.spreadsheet.reporting.model import Report

Action = Callable[[xw.App], str]

NO_KFXL_BOOK = "this workbook is not a kfxl workbook"
STALE = "Calculation is manual and some cells were not up to date: press F9, then run again."
MOST_NAMES = 12
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
        return _offer_selection(app)
    check_writable(book)
    with Quiet(app) as excel:
        excel.say("kfxl backtest: reading the workbook")
        inputs = book_of(inputs_of(cells))
        return _backtest(book, excel, inputs.returns, inputs.factors, inputs.settings)


def _offer_selection(app: xw.App) -> str:
    """The question whether the selected cells are to be the returns."""
    try:
        selection = selection_of(app)
        periods, assets = selection.returns().shape
    except InputError as error:
        problem = f"{NO_KFXL_BOOK}, and the selection cannot be returns: {error.problem}"
        remedy = f"press New workbook, or {error.remedy}"
        raise InputError("Run backtest", problem, remedy) from None
    return (
        f"?This workbook is not a kfxl workbook. Run a backtest with the selection "
        f"{selection.address} as returns ({periods} periods of {assets} assets), "
        "with default settings?"
    )


def run_backtest_confirmed(app: xw.App) -> str:
    """Backtest the selected returns with default settings; the report becomes sheets."""
    book = active_book(app)
    selection: Selection = selection_of(app)
    returns = selection.returns()
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
    from kfxl.evaluation.backtest import backtest
    from kfxl.spreadsheet.report import build_report

    # Asked before anything is written: that makes cells out of date, too.
    stale = excel.was_manual and book.app.api.CalculationState != CalculationState.xlDone
    result = backtest(returns, factors=factors, progress=excel.progress, **settings)
    excel.say("kfxl report: tables and charts")
    report = build_report(result, returns, factors)
    written = write_report(book, report, excel.say)
    excel.follow({name: sheet.api for name, sheet in written.instead.items()})
    if written.left:
        raise RestoreError(list(written.left), None)
    text = f"{report.title}: see the sheets {_listed(written.names)}."
    return f"{text}\n{STALE}" if stale else text


def _listed(names: Sequence[str]) -> str:
    """Names for a message box, which has little room."""
    shown, rest = names[:MOST_NAMES], len(names) - MOST_NAMES
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


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
    from kfxl.spreadsheet.template.frame import SHEETS
    from kfxl.spreadsheet.workbook import build_template

    book = active_book(app)
    with Quiet(app, stay=True) as excel:
        excel.say("kfxl: reading the workbook")
        inputs = inputs_of(ExcelCells(book))
        own = [
            sheet.name for sheet in book.sheets if sheet.name not in SHEETS and not is_own(sheet)
        ]
        excel.say("kfxl: building the fitted workbook")
        package = build_template(
            inputs.returns,
            inputs.factors,
            risk_free=inputs.risk_free,
            settings=inputs.settings,
            assets=inputs.assets,
        )
        name = _open(app, package)
    text = f"{name} is fitted to the data of {book.name}, which is unchanged; save it."
    return f"{text}\nNot carried over: {_listed(own)}." if own else text


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
            write_report(book, _catalogue(), excel.say, FUNCTIONS_MARK)
            blank.delete()
            book.sheets[0].api.Activate()
        except Exception as error:
            if not tried(functools.partial(api.Close, False)):
                raise RestoreError(["the new workbook (close it)"], error) from error
            raise
    return ""


def _catalogue() -> Report:
    """The worksheet functions as a report of one sheet."""
    from kfxl.spreadsheet.catalogue import catalogue
    from kfxl.spreadsheet.reporting.model import Block, Report, ReportSheet

    entries = catalogue()
    # The last column of each table is the long one: it may run over the empty cells beside it.
    tables = {
        "Functions": (
            ("Function", "Group", "What it gives"),
            tuple((entry.name, entry.group, entry.summary) for entry in entries),
        ),
        "Arguments": (
            ("Function", "Argument", "Needed", "Meaning"),
            tuple(
                (entry.name, item.name, "optional" if item.optional else "yes", item.description)
                for entry in entries
                for item in entry.arguments
            ),
        ),
        "Examples": (
            ("Function", "Formula"),
            tuple((entry.name, entry.example) for entry in entries),
        ),
    }
    blocks, top = [], 4
    for title, (header, rows) in tables.items():
        blocks.append(Block(title, (top, 0), header, rows, ("General",) * len(header)))
        top += len(rows) + 3
    note = "Settings that are left out, blank or auto have their default."
    sheet = ReportSheet("kfxl functions", "Worksheet functions", note, tuple(blocks))
    return Report("Worksheet functions", (sheet,))


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

"""What kfxl's own process does for the menu of LibreOffice Calc.

The extension reads the document, asks for an action with what it has read, and writes what it
gets. Values come and go as plain JSON; what is wrong is raised, and becomes one line.
"""

from __future__ import annotations

import base64
import functools
import platform
import sys
from collections.abc import Callable
from typing import Any

from kfxl import __version__
from kfxl.errors import InputError
from kfxl.hosts.calc_book import CalcCells, selection_of
from kfxl.hosts.calc_report import plain_report
from kfxl.spreadsheet.cells import MARK
from kfxl.spreadsheet.commands import (
    Selection,
    backtest_report,
    function_report,
    in_words_of_the_menu,
    offer,
    own_sheet_names,
    percents,
    what_was_fitted,
    where_to_look,
)
from kfxl.spreadsheet.failures import error_text, log_path
from kfxl.spreadsheet.functions import FUNCTIONS
from kfxl.spreadsheet.self_test import self_test

Request = dict[str, Any]
Say = Callable[[str], None]
Action = Callable[[Request, Say], Any]

# LibreOffice does not tell whether cells are up to date.
MANUAL = "Calculation is manual: if some cells were not up to date, press F9, then run again."


def _in_words_of_the_menu(action: Action) -> Action:
    @functools.wraps(action)
    def reworded(request: Request, say: Say) -> Any:
        try:
            return action(request, say)
        except InputError as error:
            raise in_words_of_the_menu(error) from error

    return reworded


def run_backtest(request: Request, say: Say) -> Request:
    """The report of the document's returns by its settings.

    Where it is no kfxl workbook: ``{"wants": "selection"}``, or with a selection a question.
    """
    from kfxl.spreadsheet.book_inputs import book_of, inputs_of, is_kfxl_book

    book = request["book"]
    cells = CalcCells(book)
    if not is_kfxl_book(cells):
        if "selection" not in request:
            return {"wants": "selection"}
        return {"question": offer(lambda: _selection(request)).removeprefix("?")}
    inputs = book_of(inputs_of(cells))
    report = backtest_report(inputs.returns, inputs.factors, inputs.settings, percents(say), say)
    return {"report": plain_report(report, book["days"])}


def run_backtest_confirmed(request: Request, say: Say) -> Request:
    """The report of the selected returns with default settings."""
    if "selection" not in request:
        return {"wants": "selection"}
    returns = _selection(request).returns()
    report = backtest_report(returns, None, {}, percents(say), say)
    return {"report": plain_report(report, request["book"]["days"])}


def _selection(request: Request) -> Selection:
    return selection_of(request["selection"], request["book"]["days"])


def new_workbook(_: Request, say: Say) -> Request:
    """The template, as a package in base 64."""
    from kfxl.spreadsheet.workbook import build_template

    say("kfxl: building the workbook")
    return {"package": _as_text(build_template())}


def fit_workbook(request: Request, say: Say) -> Request:
    """A package with the document's data and settings, and the sheets that it leaves out."""
    from kfxl.spreadsheet.book_inputs import inputs_of
    from kfxl.spreadsheet.workbook import build_template

    inputs = inputs_of(CalcCells(request["book"]))
    sheets = request["book"]["sheets"]
    made = [sheet["name"] for sheet in sheets if sheet["own"]]
    own = own_sheet_names([sheet["name"] for sheet in sheets], made)
    say("kfxl: building the fitted workbook")
    package = build_template(
        inputs.returns,
        inputs.factors,
        risk_free=inputs.risk_free,
        settings=inputs.settings,
        assets=inputs.assets,
    )
    return {"package": _as_text(package), "own": own}


def _as_text(package: bytes) -> str:
    return base64.b64encode(package).decode("ascii")


def function_list(_: Request, say: Say) -> Request:
    """All worksheet functions with their arguments, as a report."""
    say("kfxl: listing the functions")
    return {"report": plain_report(function_report())}


def say_written(request: Request, _: Say) -> str:
    """What is said when a report is written."""
    text = where_to_look(request["title"], request["names"])
    return f"{text}\n{MANUAL}" if request["manual"] else text


def say_fitted(request: Request, _: Say) -> str:
    """What is said when a workbook has been fitted."""
    return what_was_fitted(request["name"], request["source"], request["own"])


def check(_: Request, say: Say) -> list[list[object]]:
    """What is right and what is wrong on kfxl's side: what, whether it is good, what was found."""
    say("kfxl: looking")
    looks: dict[str, Callable[[], object]] = {
        "kfxl": lambda: f"{__version__} in {sys.prefix}",
        "kfxl's Python": platform.python_version,
        "worksheet functions": lambda: f"{len(FUNCTIONS)} known",
        "self-test": self_test,
        "log": log_path,
    }
    found: list[list[object]] = []
    for what, look in looks.items():
        try:
            found.append([what, True, str(look())])
        except Exception as error:  # noqa: BLE001  (whatever it is, the user has to know it)
            found.append([what, False, error_text(error).removeprefix(f"{MARK} ")])
    return found


ACTIONS: dict[str, Action] = {
    action.__name__: _in_words_of_the_menu(action)
    for action in (
        run_backtest,
        run_backtest_confirmed,
        new_workbook,
        fit_workbook,
        function_list,
        say_written,
        say_fitted,
        check,
    )
}

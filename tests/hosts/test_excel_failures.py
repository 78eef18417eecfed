"""A failure at every single call of Excel: what is put back, what is said, what is left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kfxl
from kfxl.spreadsheet.reporting.model import Block, Report, ReportSheet
from tests.hosts.excel_books import kfxl_book, returns_table
from tests.hosts.excel_state import select, state
from tests.hosts.fake_excel import Application, Workbook
from tests.hosts.pywin32_stub import REJECTED, ComError, WindowsXlwings, windows_xlwings
from tests.hosts.reports import small_report

# These refuse cosmetics only: a computer without a printer, ticks finer than the dates, frozen
# panes, which cells of a replaced sheet were selected (what is not a range has no address either).
TOLERATED = (
    *("PageSetup.", "Application.PrintCommunication=", "Axis.MajorUnit"),
    *("Application.StatusBar=", "Range.Address", "Window.", "Application.ActiveWindow"),
)
RESTORED = {
    "Application.ScreenUpdating=": "ScreenUpdating",
    "Application.DisplayAlerts=": "DisplayAlerts",
    "Application.EnableEvents=": "EnableEvents",
    "Application.Calculation=": "calculation",
    "Application.StatusBar=": "status",
}


@pytest.fixture(scope="module")
def xlwings() -> Iterator[WindowsXlwings]:
    with windows_xlwings() as windows:
        yield windows


@pytest.fixture
def run(xlwings: WindowsXlwings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a backtest whose result is known already and whose report is small."""
    result = kfxl.backtest(returns_table(), "equal-weight")
    monkeypatch.setattr(xlwings.load("kfxl.hosts.excel_failures"), "PAUSE", 0.0)
    actions = xlwings.load("kfxl.hosts.excel_actions").ACTIONS

    def known(*_: object, progress: Callable[[int, int], None], **__: object) -> Any:
        progress(1, 2)
        return result

    def pressed(excel: Application, report: Report) -> str:
        monkeypatch.setattr("kfxl.evaluation.backtest.backtest", known)
        monkeypatch.setattr("kfxl.spreadsheet.report.build_report", lambda *_: report)
        with excel.calls.inside():
            app = xlwings.app(excel)
        return str(actions["run_backtest"](app)).removeprefix("#KFXL! ")

    return pressed


def report_of(number: float) -> Report:
    """Two sheets, one with a chart."""
    first = small_report("Value").sheets[0]
    rows = ((dt.datetime(2020, 1, 31), number),)
    block = Block("Numbers", (4, 0), ("Date", "Value"), rows, ("yyyy-mm-dd", "0"))
    return Report("Report", (first, ReportSheet("Weights", "Weights", "Note.", (block,))))


def contents(book: Workbook) -> list[tuple[Any, ...]]:
    """Every sheet by what is on it."""
    return [
        (frozenset((k, v.value) for k, v in sheet.cells.items()), len(sheet.charts))
        for sheet in book.worksheets()
    ]


def prepared(run: Callable[..., str]) -> tuple[Application, Workbook]:
    """A workbook with an earlier report, a selection on it, and calls not yet counted."""
    excel = Application()
    book = kfxl_book(excel)
    run(excel, report_of(1.0))
    select(excel, "Weights", "A5:B6")
    excel.calls.names.clear()
    excel.status[:] = [False]
    return excel, book


def test_every_call_may_fail(run: Callable[..., str]) -> None:
    excel, book = prepared(run)
    own, old = contents(book)[:3], contents(book)[3:]
    assert run(excel, report_of(2.0)).startswith("Report: see the sheets Value, Weights.")
    new = contents(book)[3:]
    assert old != new
    calls = list(excel.calls.names)
    assert len(calls) > 400
    seen = {"old": 0, "new": 0}
    for number, name in enumerate(calls):
        excel, book = prepared(run)
        before = state(excel)
        excel.calls.fail_at = number
        answer = run(excel, report_of(2.0))
        assert excel.calls.failed == [name], "calls come in the same order each time"
        where = f"call {number} ({name}): {answer}"
        found = contents(book)
        assert all(sheet in found for sheet in own), where
        is_new = all(sheet in found for sheet in new)
        assert is_new or all(sheet in found for sheet in old), where
        assert all(sheet in (*own, *old, *new) for sheet in found), f"half a sheet: {where}"
        seen["new" if is_new else "old"] += 1
        check_words(name, answer, is_new, where)
        after = state(excel)
        after["sheet"] = before["sheet"] if is_new else after["sheet"]
        after["selected sheet"] = before["selected sheet"] if is_new else after["selected sheet"]
        if name == "Range.Address":
            after["selection"] = before["selection"]
        if "set back" not in answer:
            assert after == before, where
        else:
            changed = {key for key in before if after[key] != before[key]}
            assert len(changed - {"sheet", "selection", "selected sheet", "book"}) <= 1, where
    assert seen["old"] > 300
    assert seen["new"] > 50


def check_words(name: str, answer: str, is_new: bool, where: str) -> None:
    assert "\n" not in answer
    assert len(answer) < 400
    assert "unexpected" not in answer, where
    if answer.startswith("Report: see the sheets"):
        assert is_new, where
        # Where Value fails, Value2 has the dates as numbers, which mean the same.
        assert name.startswith(TOLERATED) or name == "Range.Value", where
    else:
        assert f"{name} refused" in answer or "Could not be set back" in answer, where


@pytest.mark.parametrize("call", RESTORED)
def test_what_cannot_be_put_back_does_not_keep_the_rest(run: Callable[..., str], call: str) -> None:
    excel, _ = prepared(run)
    before = state(excel)
    run(excel, report_of(2.0))
    # The same calls again, of which the last of this name puts the setting back.
    last = max(i for i, name in enumerate(excel.calls.names) if name == call)
    excel, _ = prepared(run)
    excel.calls.fail_at = last
    answer = run(excel, report_of(2.0))
    assert answer.startswith("Done. Could not be set back: ")
    after = state(excel)
    different = {key for key in before if after[key] != before[key]}
    assert different <= {RESTORED[call]}


def test_a_busy_excel_is_waited_for_when_things_are_put_back(run: Callable[..., str]) -> None:
    excel, book = prepared(run)
    before, sheets = state(excel), contents(book)
    run(excel, report_of(2.0))
    first = excel.calls.names.index("Range.NumberFormatLocal=")
    excel, book = prepared(run)
    excel.calls.error = lambda _: ComError(REJECTED, "Call was rejected by callee.")
    excel.calls.fail_at, excel.calls.fail_for = first, 15
    answer = run(excel, report_of(2.0))
    assert answer == (
        "Excel: is busy; finish editing the cell (Enter or Esc), close any dialog, then try again"
    )
    assert len(excel.calls.failed) == 15
    assert state(excel) == before
    assert contents(book) == sheets


def test_a_failure_and_what_is_left_are_both_said(run: Callable[..., str]) -> None:
    excel, _ = prepared(run)
    excel.calls.broken = {"Range.NumberFormatLocal=", "Worksheet.Delete"}
    answer = run(excel, report_of(2.0))
    assert answer == (
        "Excel: Range.NumberFormatLocal= refused; nothing of yours was changed; try again. "
        "Could not be set back: the sheets of an unfinished report; do it by hand"
    )

"""The ribbon's buttons against a fake Excel: what they do, say, leave alone and put back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kfxl
from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.failures import log_path
from kfxl.spreadsheet.report import build_report
from kfxl.spreadsheet.settings import SETTINGS
from kfxl.spreadsheet.workbook import read_book
from tests.hosts.excel_books import add_sheet, fill, kfxl_book, put, returns_table, table_rows
from tests.hosts.excel_state import select, state
from tests.hosts.fake_excel import AUTOMATIC, MANUAL, Application, ChartSheet, Workbook, Worksheet
from tests.hosts.pywin32_stub import WindowsXlwings

TEMPLATE = Path(__file__).parents[2] / "workbook" / "kfxl.xlsx"
Press = Callable[[str], str]
REPORT = ["Summary", "Value", "Weights", "Sharpe", "Trading", "Risk"]


@pytest.fixture
def excel() -> Application:
    return Application()


@pytest.fixture
def press(windows: WindowsXlwings, excel: Application) -> Press:
    """Press a button as the add-in does: through xlwings' COM server."""

    def pressed(action: str) -> str:
        answer = windows.call("kfxl.hosts.excel", "run_action", action, excel)
        assert isinstance(answer, str)
        assert "Traceback" not in answer
        return answer.removeprefix("#KFXL! ")

    return pressed


# Run backtest


def test_backtest_of_the_workbook(press: Press, excel: Application) -> None:
    book = kfxl_book(excel, settings={"Strategy": "risk-parity", "Lookback": 12.0})
    select(excel, "Mine", "B2:C3")
    before = state(excel)
    answer = press("run_backtest")
    assert answer == (
        "Backtest of risk-parity against equal-weight: see the sheets "
        "Summary, Value, Weights, Sharpe, Trading, Risk."
    )
    assert book.sheet_names() == ["Mine", "Settings", "Returns", *REPORT]
    assert state(excel) == before
    wanted = kfxl.backtest(returns_table(), "risk-parity", lookback=12)
    page = book.sheet("Value")
    values = [page.value(6 + row, 13) for row in range(72)]
    assert values == pytest.approx(wanted.value.tolist(), rel=1e-12)


def test_progress_is_shown_and_then_taken_away(press: Press, excel: Application) -> None:
    kfxl_book(excel)
    press("run_backtest")
    said = [text for text in excel.status if isinstance(text, str)]
    percents = [text for text in said if text.endswith(" %")]
    assert percents[-1] == "kfxl backtest: 100 %"
    assert len(percents) == len(set(percents)) <= 101
    assert said[-1] == "kfxl report: sheet 7 of 7"
    assert excel.status[-1] is False


def test_a_text_that_was_in_the_status_bar_comes_back(press: Press, excel: Application) -> None:
    kfxl_book(excel)
    excel.status.append("Another add-in works")
    press("run_backtest")
    assert excel.status[-1] == "Another add-in works"


def test_settings_are_those_that_a_file_gives(windows: WindowsXlwings, excel: Application) -> None:
    excel.load("kfxl.xlsx", TEMPLATE.read_bytes())
    source = windows.load("kfxl.hosts.excel_book")
    inputs = windows.load("kfxl.spreadsheet.book_inputs")
    found = inputs.book_of(inputs.inputs_of(source.ExcelCells(windows.app(excel).books.active)))
    wanted = read_book(TEMPLATE)
    pd.testing.assert_frame_equal(found.returns, wanted.returns)
    pd.testing.assert_frame_equal(found.factors, wanted.factors)
    pd.testing.assert_series_equal(found.risk_free, wanted.risk_free)
    assert found.settings.keys() == wanted.settings.keys()
    for name, value in wanted.settings.items():
        if isinstance(value, pd.Series):
            pd.testing.assert_series_equal(found.settings[name], value)
        else:
            assert found.settings[name] == value
    assert found.returns.index[0].tzinfo is None


def test_template_with_factors_gives_the_whole_report(
    press: Press, windows: WindowsXlwings, excel: Application
) -> None:
    book = excel.load("kfxl.xlsx", TEMPLATE.read_bytes())
    with excel.calls.inside():
        (as_of,) = [name.refers_to for name in book.names if name.short == "As_Of"]
        until = book.sheet("Returns").Range("A71").Value2
        book.sheet("Settings").Range(as_of.rpartition("!")[2]).Value = until
    own = {name: book.sheet(name) for name in book.sheet_names()}
    source = windows.load("kfxl.hosts.excel_book")
    inputs = windows.load("kfxl.spreadsheet.book_inputs")
    read = inputs.book_of(inputs.inputs_of(source.ExcelCells(windows.app(excel).books.active)))
    assert len(read.returns) == 70
    result = kfxl.backtest(read.returns, factors=read.factors, **read.settings)
    report = build_report(result, read.returns, read.factors)
    press("run_backtest")
    taken = {"Expected returns", "Weights", "Risk"}  # sheets of the template
    wanted = [f"{s.name} (2)" if s.name in taken else s.name for s in report.sheets]
    assert book.sheet_names() == [*own, *wanted]
    assert all(book.sheet(name) is sheet for name, sheet in own.items())
    for sheet, name in zip(report.sheets, wanted, strict=True):
        check_numbers(book.sheet(name), sheet)


def check_numbers(page: Worksheet, sheet: Any) -> None:
    assert len(page.charts) == len(sheet.charts)
    for block in sheet.blocks:
        for row, line in enumerate(block.rows, start=block.anchor[0] + 2):
            for column, value in enumerate(line, start=block.anchor[1] + 1):
                if isinstance(value, float):
                    assert page.value(row, column) == pytest.approx(value, rel=1e-15)


def test_a_second_run_replaces_the_first(press: Press, excel: Application) -> None:
    book = kfxl_book(excel)
    press("run_backtest")
    first = {sheet.name: sheet for sheet in book.worksheets()}
    select(excel, "Value", "C7:D9")
    before = state(excel)
    book.sheet("Returns").cells[2, 2] = book.sheet("Returns").cells[3, 2]
    press("run_backtest")
    assert book.sheet_names() == list(first)
    assert book.sheet("Mine") is first["Mine"]
    assert book.sheet("Value") is not first["Value"]
    assert state(excel) == before  # on the new sheet of that name


def test_a_sheet_of_ones_own_stays_active_though_the_report_has_one_of_its_name(
    press: Press, excel: Application
) -> None:
    book = kfxl_book(excel)
    add_sheet(book, "Weights")
    press("run_backtest")
    select(excel, "Weights", "B2")
    before = state(excel)
    press("run_backtest")
    assert state(excel) == before
    select(excel, "Weights (2)", "B3")
    before = state(excel)
    press("run_backtest")
    assert state(excel) == before


def test_where_the_active_sheet_is_no_more_the_first_new_one_is_shown(
    press: Press, excel: Application
) -> None:
    book = kfxl_book(excel)  # kalman has a sheet of expected returns
    press("run_backtest")
    select(excel, "Expected returns", "B2")
    strategy = next(name.refers_to for name in book.names if name.short == "Strategy")
    with excel.calls.inside():
        page = book.sheet("Settings")
        page.Range(strategy.rpartition("!")[2]).Value = "'equal-weight"
    assert press("run_backtest").startswith("Backtest of equal-weight")
    assert excel.active_sheet.name == "Summary"


def test_cells_as_excel_sends_them(press: Press, excel: Application) -> None:
    book = kfxl_book(excel, returns_table())
    page = book.sheet("Returns")
    with excel.calls.inside():
        page.Range("B2:B73").NumberFormat = "$#,##0.0000"  # arrives as Decimal
        page.Range("B2").Value = Decimal("0.0123")
        assert isinstance(page.Range("B2").Value, Decimal)
    assert press("run_backtest").startswith("Backtest of kalman")
    put(page, 3, 3, "#N/A")  # missing, and no mistake of the sheet
    assert press("run_backtest").startswith("returns: value at 2020-02-29, Bonds is missing")


def test_one_clear_line_names_the_cell(press: Press, excel: Application) -> None:
    book = kfxl_book(excel)
    put(book.sheet("Returns"), 5, 3, "#DIV/0!")
    before = state(excel)
    assert press("run_backtest") == "Returns!C5: #DIV/0! is not a number; " + (
        "give a number, or leave it blank"
    )
    assert state(excel) == before
    assert book.sheet_names() == ["Mine", "Settings", "Returns"]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (
            lambda book: put(book.sheet("Returns"), 1, 4, "New"),
            "Settings: asset New has no budget and bounds; press Fit workbook to data",
        ),
        (
            lambda book: book.sheet("Returns").cells.clear(),
            "Returns!B2: there are no returns; paste returns from A1",
        ),
        (
            lambda book: book.names.pop(1),
            "Settings: the name Benchmark is missing: not a kfxl workbook; press New workbook",
        ),
        (
            lambda book: setattr(book, "structure_protected", True),
            "Plan.xlsx: its structure is protected; lift it with Review > Protect Workbook, or "
            "work in a copy",
        ),
        (
            lambda book: setattr(book, "MultiUserEditing", True),
            "Plan.xlsx: is a shared workbook (legacy), which takes no charts; stop sharing it",
        ),
    ],
    ids=["new asset", "no returns", "name gone", "protected", "shared"],
)
def test_what_stops_a_backtest(
    press: Press, excel: Application, change: Callable[[Workbook], Any], answer: str
) -> None:
    book = kfxl_book(excel)
    if answer.startswith("Settings: asset"):
        for row in range(2, 74):
            put(book.sheet("Returns"), row, 4, 0.01)
    change(book)
    before, sheets = state(excel), book.sheet_names()
    assert press("run_backtest") == answer
    assert state(excel) == before
    assert book.sheet_names() == sheets


def test_no_workbook_and_protected_view(press: Press, excel: Application) -> None:
    for action in ("run_backtest", "run_backtest_confirmed", "fit_workbook"):
        assert press(action) == "workbook: none is open; open one, or press New workbook"
    excel.protected_views = 1
    assert press("run_backtest") == "workbook: is in Protected View; press Enable Editing"


def test_manual_calculation_is_said_when_cells_are_stale(press: Press, excel: Application) -> None:
    kfxl_book(excel)
    excel.calculation = MANUAL
    assert "manual" not in press("run_backtest")
    excel.CalculationState = 2
    assert press("run_backtest").endswith(
        "Calculation is manual and some cells were not up to date: press F9, then run again."
    )
    assert excel.calculation == MANUAL
    excel.calculation = AUTOMATIC
    assert "manual" not in press("run_backtest")


# The selection as returns


def plain_book(excel: Application, rows: list[list[Any]] | None = None) -> Workbook:
    book = Workbook(excel, "Prices.xlsx")
    fill(book.worksheets()[0], table_rows(returns_table()) if rows is None else rows, 3, 2)
    return excel.open(book)


def test_the_selection_is_offered(press: Press, excel: Application) -> None:
    book = plain_book(excel)
    select(excel, "Sheet1", "B3:D75")
    before = state(excel)
    assert press("run_backtest") == (
        "?This workbook is not a kfxl workbook. Run a backtest with the selection Sheet1!B3:D75 "
        "as returns (72 periods of 2 assets), with default settings?"
    )
    assert book.sheet_names() == ["Sheet1"]
    answer = press("run_backtest_confirmed")
    assert answer.startswith("Backtest of kalman against equal-weight: see the sheets Summary,")
    assert state(excel) == before
    wanted = kfxl.backtest(returns_table())
    page = book.sheet("Value")
    found = [page.value(6 + row, 13) for row in range(72)]
    assert found == pytest.approx(wanted.value.tolist(), rel=1e-12)


@pytest.mark.parametrize("address", ["C4", "A1:XFD1048576", "B1:D1048576"])
def test_one_cell_or_whole_columns_are_enough(
    press: Press, excel: Application, address: str
) -> None:
    plain_book(excel)
    select(excel, "Sheet1", address)
    assert "the selection Sheet1!B3:D75 as returns (72 periods of 2 assets)" in press(
        "run_backtest"
    )


def test_numbers_alone_are_returns_too(press: Press, excel: Application) -> None:
    book = plain_book(excel, returns_table().to_numpy().tolist())
    select(excel, "Sheet1", "B3:C74")
    assert "72 periods of 2 assets" in press("run_backtest")
    assert press("run_backtest_confirmed").startswith("Backtest of kalman")
    assert "Weights" in book.sheet_names()


REMEDY = "press New workbook, or select the returns with their names and dates, then press "


@pytest.mark.parametrize(
    ("choose", "problem"),
    [
        (lambda excel: select(excel, "Sheet1", "H20"), "has 0 x 0 cells with content"),
        (lambda excel: select(excel, "Sheet1", "B3:C4"), "has 2 x 2 cells with content"),
        (lambda excel: setattr(excel, "selection", None), "no cells are selected"),
    ],
    ids=["blank", "small", "nothing"],
)
def test_without_a_usable_selection(
    press: Press, excel: Application, choose: Callable[[Application], None], problem: str
) -> None:
    plain_book(excel)
    choose(excel)
    wanted = (
        "Run backtest: this workbook is not a kfxl workbook, and the selection cannot be returns: "
        f"{problem}; {REMEDY}Run backtest"
    )
    assert press("run_backtest") == wanted


def test_several_blocks_are_refused(press: Press, excel: Application) -> None:
    plain_book(excel)
    select(excel, "Sheet1", "B3:D75")
    excel.selection.areas = 2
    assert "there are several blocks" in press("run_backtest")


def test_a_chart_or_shape_is_no_selection_and_stays_selected(
    press: Press, excel: Application
) -> None:
    book = kfxl_book(excel)
    with excel.calls.inside():
        shape = book.sheet("Mine").ChartObjects().Add(1, 1, 1, 1)
        shape.Select()
    before = state(excel)
    assert press("run_backtest").startswith("Backtest of kalman")
    assert state(excel) == before
    assert excel.selection is shape
    plain_book(excel)
    excel.selection = shape
    assert "no cells are selected" in press("run_backtest")


def test_a_chart_sheet_may_be_active(press: Press, excel: Application) -> None:
    book = kfxl_book(excel)
    book.sheets.append(ChartSheet(book, "Chart1"))
    with excel.calls.inside():
        book.sheets[-1].Activate()
    before = state(excel)
    assert press("run_backtest").startswith("Backtest of kalman")
    assert state(excel) == before


def test_several_selected_sheets_stay_selected(press: Press, excel: Application) -> None:
    book = kfxl_book(excel)
    press("run_backtest")
    with excel.calls.inside():
        book.Sheets(["Returns", "Value"]).Select()
        book.sheet("Value").Activate()
        book.sheet("Value").Range("B2:C3").Select()
    before = state(excel)
    assert before["group"] == ["Returns", "Value"]
    assert press("run_backtest").startswith("Backtest of kalman")
    assert state(excel) == before


def test_text_in_the_selection_is_named(press: Press, excel: Application) -> None:
    book = plain_book(excel)
    put(book.worksheets()[0], 6, 4, "n.a.")
    select(excel, "Sheet1", "B3:D75")
    assert 'text "n.a."' in press("run_backtest")


# The other buttons


@pytest.fixture
def ready_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed template, which takes seconds to build."""
    monkeypatch.setattr("kfxl.spreadsheet.workbook.build_template", TEMPLATE.read_bytes)


@pytest.mark.usefixtures("ready_template")
def test_new_workbook(press: Press, excel: Application) -> None:
    kfxl_book(excel)
    before = state(excel)
    assert press("new_workbook") == ""
    assert excel.active_book is not None
    assert excel.active_book.name == "kfxl2"
    assert set(SETTINGS) <= {name.short for name in excel.active_book.names}
    same = ("ScreenUpdating", "DisplayAlerts", "EnableEvents", "calculation", "status")
    assert {k: state(excel)[k] for k in same} == {k: before[k] for k in same}


@pytest.mark.usefixtures("ready_template")
def test_new_workbook_without_any_open_leaves_no_file(
    press: Press, excel: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert press("new_workbook") == ""
    assert excel.active_book is not None
    assert excel.active_book.name == "kfxl1"
    assert not list(tmp_path.iterdir())


def test_fit_workbook(press: Press, excel: Application) -> None:
    assets = ("Stocks", "Bonds", "Gold")
    book = kfxl_book(excel, returns_table(assets), {"Risk_Aversion": 3.0})
    before = [dict(sheet.cells) for sheet in book.worksheets()]
    assert press("fit_workbook") == (
        "kfxl2 is fitted to the data of Plan.xlsx, which is unchanged; save it.\n"
        "Not carried over: Mine."
    )
    new = excel.active_book
    assert new is not None
    assert new is not book
    assert [dict(sheet.cells) for sheet in book.worksheets()] == before
    (name,) = [name for name in new.names if name.short == "Risk_Aversion"]
    with excel.calls.inside():
        assert new.sheet("Settings").Range(name.refers_to.rpartition("!")[2]).Value == 3.0
    assert [new.sheet("Returns").value(1, c) for c in range(2, 6)] == [*assets, None]


def test_function_list(press: Press, excel: Application) -> None:
    book = kfxl_book(excel)
    before = book.sheet_names()
    assert press("function_list") == ""
    new = excel.active_book
    assert new is not None
    assert new is not book
    assert book.sheet_names() == before
    assert new.sheet_names() == ["kfxl functions"]
    texts = {content.value for content in new.sheet("kfxl functions").cells.values()}
    for entry in catalogue():
        assert {entry.name, entry.example, entry.summary} <= texts
        assert {argument.description for argument in entry.arguments} <= texts
    assert all(content.kind == "text" for content in new.sheet("kfxl functions").cells.values())


def test_function_list_that_fails_leaves_nothing(press: Press, excel: Application) -> None:
    kfxl_book(excel)
    before = state(excel)
    excel.calls.broken = {"Interior.Color="}
    answer = press("function_list")
    assert answer == "Excel: Interior.Color= refused; nothing of yours was changed; try again"
    assert len(excel.books) == 1
    assert state(excel) == before


def test_check_tells_the_findings(
    press: Press, windows: WindowsXlwings, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = windows.load("kfxl.hosts.excel_check")
    found = [checks.Finding("Python", True, "3.13"), checks.Finding("DLL", False, "missing")]
    monkeypatch.setattr(checks, "findings", lambda: found)
    assert press("check") == "WRONG  DLL: missing\nOK  Python: 3.13"


def test_unexpected_failures_are_logged_without_data(
    press: Press, excel: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret 42")

    kfxl_book(excel)
    before = state(excel)
    monkeypatch.setattr("kfxl.spreadsheet.report.build_report", fails)
    answer = press("run_backtest")
    assert answer.startswith("unexpected: ZeroDivisionError in spreadsheet/commands.py")
    assert "secret" not in answer
    assert "secret" not in log_path().read_text(encoding="utf-8")
    assert state(excel) == before


def test_an_action_that_does_not_exist(press: Press) -> None:
    assert "KeyError" in press("format_disk")


def test_what_is_wrong_is_marked_and_what_is_done_is_not(
    windows: WindowsXlwings, excel: Application
) -> None:
    # The add-in shows what is marked with a warning sign.
    def answer(action: str) -> str:
        return str(windows.call("kfxl.hosts.excel", "run_action", action, excel))

    assert answer("new_workbook") == ""
    assert answer("no_such_button").startswith("#KFXL! unexpected: KeyError")
    with excel.calls.inside():
        for book in list(excel.books):
            book.Close(False)
    assert answer("run_backtest").startswith("#KFXL! workbook: none is open; ")


def test_no_reference_to_excel_lingers_after_a_button(
    press: Press, windows: WindowsXlwings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[weakref.ref[Any]] = []

    class Holder:
        """Something that holds Excel, and itself."""

    def leaves_a_cycle(app: Any) -> str:
        holder: Any = Holder()
        holder.excel, holder.itself = app, holder
        kept.append(weakref.ref(holder))
        if len(kept) > 1:
            raise ValueError
        return ""

    monkeypatch.setitem(windows.load("kfxl.hosts.excel_actions").ACTIONS, "check", leaves_a_cycle)
    gc.disable()
    try:
        assert press("check") == ""
        assert press("check").startswith("unexpected: ValueError")
        assert [known() for known in kept] == [None, None]
    finally:
        gc.enable()

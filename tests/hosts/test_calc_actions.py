"""What kfxl's process does for the menu of LibreOffice, asked as the extension asks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kfxl
from kfxl.errors import InputError
from kfxl.hosts.calc import answer_to
from kfxl.hosts.calc_actions import ACTIONS
from kfxl.hosts.calc_book import CalcCells
from kfxl.spreadsheet.book_inputs import BookCells, book_of, inputs_of
from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.workbook import read_book
from tests.hosts.calc_books import file_book, kfxl_book, selected
from tests.hosts.excel_books import returns_table, table_rows

TEMPLATE = Path(__file__).parents[2] / "workbook" / "kfxl.xlsx"
REPORT = ["Summary", "Value", "Weights", "Sharpe", "Trading", "Risk"]
FAST = {"Strategy": "risk-parity", "Lookback": 12.0}
Ask = Callable[..., Any]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def ask(said: list[str]) -> Ask:
    """Ask for an action as LibreOffice does, over JSON; what is wrong is its one line."""

    def asked(action: str, **request: Any) -> Any:
        sent = json.loads(json.dumps({"action": action, **request}))
        answer = json.loads(json.dumps(answer_to(sent, said.append), allow_nan=False))
        return answer["result"] if "result" in answer else answer["error"]

    return asked


def sheet(report: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [page for page in report["sheets"] if page["name"] == name]
    return dict(found)


def column(page: dict[str, Any], row: int, place: int) -> list[Any]:
    """Values of a column of the numbers that begin in a row."""
    (found,) = [
        [line[place - cells["at"][1]] for line in cells["rows"]]
        for cells in page["numbers"]
        if cells["at"][0] == row and 0 <= place - cells["at"][1] < len(cells["rows"][0])
    ]
    return found


# Run backtest


def test_backtest_of_the_workbook(ask: Ask) -> None:
    answer = ask("run_backtest", book=kfxl_book(settings=FAST))
    report = answer["report"]
    assert report["title"] == "Backtest of risk-parity against equal-weight"
    assert [page["name"] for page in report["sheets"]] == REPORT
    wanted = kfxl.backtest(returns_table(), "risk-parity", lookback=12)
    values = column(sheet(report, "Value"), 5, 12)
    assert values == pytest.approx(wanted.value.tolist(), rel=1e-12)


def test_progress_is_told_each_per_cent_once(ask: Ask, said: list[str]) -> None:
    ask("run_backtest", book=kfxl_book(settings=FAST))
    percents = [text for text in said if text.endswith(" %")]
    assert percents[-1] == "kfxl backtest: 100 %"
    assert len(percents) == len(set(percents)) <= 101
    assert said[-1] == "kfxl report: tables and charts"


def test_settings_are_those_that_a_file_gives() -> None:
    cells: BookCells = CalcCells(file_book(TEMPLATE))
    found, wanted = book_of(inputs_of(cells)), read_book(TEMPLATE)
    pd.testing.assert_frame_equal(found.returns, wanted.returns)
    assert found.factors is not None
    assert wanted.factors is not None
    assert found.risk_free is not None
    assert wanted.risk_free is not None
    pd.testing.assert_frame_equal(found.factors, wanted.factors)
    pd.testing.assert_series_equal(found.risk_free, wanted.risk_free)
    assert found.settings.keys() == wanted.settings.keys()
    for name, value in wanted.settings.items():
        if isinstance(value, pd.Series):
            pd.testing.assert_series_equal(found.settings[name], value)
        else:
            assert found.settings[name] == value


@pytest.mark.parametrize("days", [0, 2, 1462])
def test_days_count_from_where_the_document_says(ask: Ask, days: int) -> None:
    until = returns_table().index[59].to_pydatetime()
    book = kfxl_book(settings={**FAST, "As_Of": until}, days=days)
    found = book_of(inputs_of(CalcCells(book)))
    wanted = returns_table().iloc[:60]
    assert list(found.returns.index) == list(wanted.index)
    first = column(sheet(ask("run_backtest", book=book)["report"], "Value"), 5, 11)[0]
    assert first == (wanted.index[0] - pd.Timestamp(1899, 12, 30)).days - days


def test_a_number_that_is_no_date_stays_one() -> None:
    frame = returns_table()
    for days in (0, 1462):
        book = kfxl_book(frame, days=days)
        for row, day in enumerate(frame.index, start=1):
            book["sheets"][2]["rows"][row][0] = float(f"{day:%Y%m%d}")
        if days:
            with pytest.raises(InputError, match=r"Returns!A2.*formatted as a date"):
                inputs_of(CalcCells(book))
        else:
            assert list(inputs_of(CalcCells(book)).returns.index) == list(frame.index)


def test_blank_and_not_available_are_missing_and_other_errors_are_named(ask: Ask) -> None:
    book = kfxl_book(settings=FAST)
    rows = book["sheets"][2]["rows"]
    rows[1][1], rows[2][1] = "", "#N/A"
    found = inputs_of(CalcCells(book)).returns
    assert np.isnan(found.iloc[:2, 0]).all()
    assert not found.iloc[2:].isna().any().any()
    rows[3][2] = "#DIV/0!"
    answer = ask("run_backtest", book=book)
    assert answer.startswith("#KFXL! Returns!C4: ")
    assert "#DIV/0!" in answer


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (
            lambda book: (
                [row.append(0.01) for row in book["sheets"][2]["rows"][1:]]
                and book["sheets"][2]["rows"][0].append("Gold")
            ),
            "Settings: asset Gold has no budget and bounds; press Fit workbook to data",
        ),
        (
            lambda book: book["sheets"][2].update(rows=[], dates=[]),
            "Returns!B2: there are no returns; paste returns from A1",
        ),
        (
            lambda book: book["names"].pop("Benchmark"),
            "Settings: the name Benchmark is missing: not a kfxl workbook; press New workbook",
        ),
    ],
    ids=["new asset", "no returns", "name gone"],
)
def test_what_stops_a_backtest(ask: Ask, change: Callable[[Any], Any], answer: str) -> None:
    book = kfxl_book()
    change(book)
    if "Gold" in answer:
        book["sheets"][2]["rows"][0] = ["Date", "Stocks", "Bonds", "Gold"]
    assert ask("run_backtest", book=book) == f"#KFXL! {answer}"


# The selection as returns

PLAIN = {"name": "Prices.ods", "days": 0, "sheets": [{"name": "Sheet1", "own": False}], "names": {}}


def test_the_selection_is_asked_for_and_offered(ask: Ask) -> None:
    assert ask("run_backtest", book=PLAIN) == {"wants": "selection"}
    assert ask("run_backtest_confirmed", book=PLAIN) == {"wants": "selection"}
    selection = selected(table_rows(returns_table()))
    answer = ask("run_backtest", book=PLAIN, selection=selection)
    assert answer == {
        "question": "This workbook is not a kfxl workbook. Run a backtest with the selection "
        "Sheet1.B3:D75 as returns (72 periods of 2 assets), with default settings?"
    }
    report = ask("run_backtest_confirmed", book=PLAIN, selection=selection)["report"]
    wanted = kfxl.backtest(returns_table())
    values = column(sheet(report, "Value"), 5, 12)
    assert values == pytest.approx(wanted.value.tolist(), rel=1e-12)


def test_numbers_alone_are_returns_too(ask: Ask) -> None:
    selection = selected(returns_table().to_numpy().tolist())
    assert "72 periods of 2 assets" in str(ask("run_backtest", book=PLAIN, selection=selection))


@pytest.mark.parametrize(
    ("selection", "problem"),
    [
        (selected([]), "has 0 x 0 cells with content"),
        (selected([[1.0, 2.0], [3.0, 4.0]]), "has 2 x 2 cells with content"),
        (selected([], blocks=0), "no cells are selected"),
        (selected([], blocks=2), "there are several blocks"),
    ],
    ids=["blank", "small", "nothing", "several"],
)
def test_without_a_usable_selection(ask: Ask, selection: Any, problem: str) -> None:
    assert ask("run_backtest", book=PLAIN, selection=selection) == (
        "#KFXL! Run backtest: this workbook is not a kfxl workbook, and the selection cannot be "
        f"returns: {problem}; press New workbook, or select the returns with their names and "
        "dates, then press Run backtest"
    )


# The other commands


def test_new_workbook_is_the_template(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfxl.spreadsheet.workbook.build_template", TEMPLATE.read_bytes)
    assert base64.b64decode(ask("new_workbook")["package"]) == TEMPLATE.read_bytes()


def test_fit_workbook(ask: Ask, tmp_path: Path) -> None:
    assets = ("Stocks", "Bonds", "Gold")
    book = kfxl_book(returns_table(assets), {"Risk_Aversion": 3.0})
    answer = ask("fit_workbook", book=book)
    assert answer["own"] == ["Mine"]
    path = tmp_path / "fitted.xlsx"
    path.write_bytes(base64.b64decode(answer["package"]))
    fitted = read_book(path)
    assert list(fitted.returns.columns) == list(assets)
    assert fitted.settings["risk_aversion"] == 3.0
    answer = ask("fit_workbook", book=PLAIN)
    assert answer == "#KFXL! book: has no sheet Settings: not a kfxl workbook; press New workbook"


def test_function_list_has_every_function_and_argument(ask: Ask) -> None:
    (page,) = ask("function_list")["report"]["sheets"]
    texts = {value for cells in page["texts"] for row in cells["rows"] for value in row}
    for entry in catalogue():
        assert {entry.name, entry.example, entry.summary} <= texts
        assert {argument.description for argument in entry.arguments} <= texts


def test_what_is_said_afterwards(ask: Ask) -> None:
    report = {"title": "Backtest of a against b", "names": ["Summary", "Value"]}
    text = "Backtest of a against b: see the sheets Summary, Value."
    assert ask("say_written", **report, manual=False) == text
    assert ask("say_written", **report, manual=True) == (
        f"{text}\nCalculation is manual: if some cells were not up to date, press F9, then run "
        "again."
    )
    assert ask("say_fitted", name="Untitled 2", source="Plan.ods", own=["Mine"]) == (
        "Untitled 2 is fitted to the data of Plan.ods, which is unchanged; save it.\n"
        "Not carried over: Mine."
    )


def test_check_tells_what_is_good_and_what_is_not(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {what: (good, text) for what, good, text in ask("check")}
    assert found["self-test"] == (True, "risk parity gives the known answer")
    assert found["kfxl"][1].startswith(kfxl.__version__)
    monkeypatch.setattr("kfxl.spreadsheet.self_test.KNOWN_WEIGHTS", (0.5, 0.5))
    found = {what: (good, text) for what, good, text in ask("check")}
    good, text = found["self-test"]
    assert not good
    assert text.startswith("unexpected: ArithmeticError")


def test_what_nobody_foresaw_is_one_line_without_data(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret 42")

    monkeypatch.setattr("kfxl.spreadsheet.report.build_report", fails)
    answer = ask("run_backtest", book=kfxl_book(settings=FAST))
    assert answer.startswith("#KFXL! unexpected: ZeroDivisionError in spreadsheet/commands.py")
    assert "secret" not in answer
    assert ask("no_such_command").startswith("#KFXL! unexpected: KeyError")


def test_the_menu_has_an_action_for_each_command() -> None:
    from kfxl_calc import book, menu

    from kfxl.spreadsheet.book_inputs import MAX_COLUMNS, MAX_ROWS, NEEDED_SHEETS

    assert set(menu.COMMANDS) <= set(ACTIONS)
    # What the extension knows of workbooks, so as not to send all of each.
    assert set(NEEDED_SHEETS) | {"Factors"} == set(book.INPUTS)
    assert (book.MOST_ROWS, book.MOST_COLUMNS) == (MAX_ROWS, MAX_COLUMNS)

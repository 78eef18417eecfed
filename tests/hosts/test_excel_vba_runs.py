"""The add-in's VBA, run: from ranges on a sheet through xlwings to the functions and back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pyopenvba.interpreter import MISSING as LEFT_OUT
from pyopenvba.interpreter import NOTHING, VBARuntimeError

from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.excel_cells import as_rows
from tests.hosts.pywin32_stub import MISSING, WindowsXlwings
from tests.hosts.vba_excel import DOCUMENTS, LOCAL, World
from tests.spreadsheet.function_calls import CALLS
from tests.spreadsheet.function_data import DAYS, NAMES, RETURNS, dated, named

FIRST = (
    'cmd.exe /D /C "".\\pythonw.exe" -I -c '
    "\"import xlwings; xlwings.serve('$(CLSID)')  # start 1\"\""
)  # fmt: skip


@pytest.fixture
def world(windows: WindowsXlwings, tmp_path: Path) -> World:
    return World(tmp_path, windows.call)


def on_sheet(world: World, arguments: tuple[Any, ...]) -> list[Any]:
    """Arguments as a formula has them: tables as ranges side by side, the rest as it is."""
    column, given = 1, []
    for argument in arguments:
        if isinstance(argument, list | tuple):
            given.append(world.fill("Sheet1", 1, column, argument))
            column += len(argument[0]) + 2
        else:
            given.append(argument)
    return given


def omitted(arguments: list[Any]) -> list[Any]:
    return [LEFT_OUT if argument is None else argument for argument in arguments]


@pytest.mark.parametrize("name", CALLS)
def test_every_wrapper_gives_the_functions_result(world: World, name: str) -> None:
    call = CALLS[name]
    arguments = call.arguments(named)
    result = world.run(call.function, *omitted(on_sheet(world, arguments)))
    assert as_rows(result) == as_rows(FUNCTIONS[call.function](*arguments))


def test_wrappers_without_a_case_above(world: World) -> None:
    assert world.run("KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()
    (returns,) = on_sheet(world, (named(RETURNS, NAMES),))
    result = world.run("PORTFOLIO_PERFORMANCE", returns)
    assert as_rows(result) == FUNCTIONS["PORTFOLIO_PERFORMANCE"](named(RETURNS, NAMES))
    called = {call.function for call in CALLS.values()}
    assert called | {"KFXL_VERSION", "PORTFOLIO_PERFORMANCE"} == set(FUNCTIONS)


def test_omitted_arguments_arrive_as_missing(world: World) -> None:
    (returns,) = on_sheet(world, (named(RETURNS, NAMES),))
    world.run("KF_EXPECTED_RETURNS", returns)
    name, sent = world.calls[-1]
    assert name == "KF_EXPECTED_RETURNS"
    assert sent[1:] == [MISSING] * 7


def test_whole_columns_are_cut_at_the_used_range(world: World) -> None:
    rows = dated(DAYS, "Date")(RETURNS, NAMES)
    world.fill("Sheet1", 1, 1, rows)
    result = world.run("KF_EXPECTED_RETURNS", world.range("A:F"))
    sent = world.calls[-1][1][0]
    assert (len(sent), len(sent[0])) == (len(rows), len(rows[0]))
    assert sent[1][0].replace(tzinfo=None) == DAYS[0]
    assert as_rows(result) == FUNCTIONS["KF_EXPECTED_RETURNS"](rows)


def test_a_range_keeps_its_first_cell_where_the_used_part_begins_later(world: World) -> None:
    rows = named(RETURNS, NAMES)
    world.fill("Sheet1", 3, 2, rows)
    text = world.run("KF_EXPECTED_RETURNS", world.range("A:D"))
    sent = world.calls[-1][1][0]
    assert sent[0] == (None, None, None, None)
    assert sent[2] == (None, *NAMES)
    assert text == FUNCTIONS["KF_EXPECTED_RETURNS"]([list(row) for row in sent])


def test_a_range_outside_the_used_part_is_blank(world: World) -> None:
    world.fill("Sheet1", 1, 1, [[0.1]])
    text = world.run("KF_EXPECTED_RETURNS", world.range("F10:G20"))
    assert world.calls[-1][1][0] is None
    assert text == FUNCTIONS["KF_EXPECTED_RETURNS"](None)


def test_errors_blanks_dates_truth_values_and_one_cell(world: World) -> None:
    day = dt.datetime(2024, 2, 29)
    world.fill("Sheet1", 1, 1, [["#N/A", "#DIV/0!", None], [day, True, "text"]])
    world.run("RISK_COVARIANCE", world.range("A1:C2"), world.range("A2"))
    block, one = world.calls[-1][1][:2]
    assert block[0] == (-2146826246, -2146826281, None)
    assert block[1][1:] == (True, "text")
    assert block[1][0].replace(tzinfo=None) == one.replace(tzinfo=None) == day


def test_a_book_that_counts_from_1904_sends_its_own_numbers(world: World) -> None:
    world.fill("Sheet1", 1, 1, [[dt.datetime(2024, 2, 29)]])
    world.from_1904 = True
    world.run("RISK_COVARIANCE", world.range("A1"))
    assert world.calls[-1][1][0] == 45351.0


def test_dates_of_the_first_column_are_dates_and_other_numbers_whole(world: World) -> None:
    day = dt.datetime(2024, 2, 29)
    world.fill("Sheet1", 1, 1, [[day, day], [0.123456789, 1.5]])
    world.run("RISK_COVARIANCE", world.range("A1:B2"), world.range("A1"), world.range("A1:B1"))
    block, one, row = world.calls[-1][1][:3]
    assert block[0][0].replace(tzinfo=None) == one.replace(tzinfo=None) == day
    assert row[0][0].replace(tzinfo=None) == day
    assert block[0][1] == 45351.0
    assert block[1] == (0.123456789, 1.5)


def test_a_date_that_is_none_comes_as_a_number(world: World) -> None:
    world.run("KFXL_VERSION")  # the server runs: its settings are read before Value fails
    world.fill("Sheet1", 1, 1, [[1.0, 2.0]])
    cells = world.range("A1:B1")
    plain = type(cells).vba_get

    def vba_get(self: Any, name: str, args: Any = (), named: Any = None) -> Any:
        if name.lower() == "value":
            raise VBARuntimeError(1004, "Application-defined or object-defined error")
        return plain(self, name, args, named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(cells), "vba_get", vba_get)
        world.run("RISK_COVARIANCE", cells)
    assert world.calls[-1][1][0] == ((1.0, 2.0),)


def test_several_blocks_are_refused_in_one_line(world: World) -> None:
    world.fill("Sheet1", 1, 1, named(RETURNS, NAMES))
    text = world.run("KF_EXPECTED_RETURNS", world.range("A1:A9,C1:C9"))
    assert text == "#KFXL! Excel: an argument is made of several blocks; select one block of cells"


def test_one_server_for_all_calls(world: World) -> None:
    for _ in range(3):
        world.run("KFXL_VERSION")
    assert world.activations == [(FIRST, 1)]
    assert len(world.loaded) == 1
    assert world.loaded[0].startswith(f"{LOCAL}\\kfxl\\xlwings64-")


def test_python_is_started_in_its_own_folder(world: World) -> None:
    # The DLL would garble a user's name of letters that its code page does not have.
    world.run("KFXL_VERSION")
    assert world.started_in == [f"{LOCAL}\\kfxl\\Scripts"]
    assert world.folder == DOCUMENTS


def test_python_in_a_network_is_started_by_its_whole_path(world: World) -> None:
    share = "\\\\server\\share\\kfxl"
    world.files = {name.replace(f"{LOCAL}\\kfxl", share) for name in world.files}
    world.set_interpreter(f"{share}\\Scripts\\pythonw.exe")
    assert world.run("KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()
    line = FIRST.replace(".\\pythonw.exe", f"{share}\\Scripts\\pythonw.exe")
    assert world.activations == [(line, 1)]


@pytest.mark.parametrize("death", [462, -2147023174, -2147023170, -2147417848, -2147418105])
def test_a_server_that_died_is_started_anew(world: World, death: int) -> None:
    world.run("KFXL_VERSION")
    world.killed, world.death = {1}, death
    assert world.run("KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()
    second = FIRST.replace("start 1", "start 2")
    assert world.activations == [(FIRST, 1), (FIRST, -1), (second, 1)]


def test_a_server_that_dies_again_and_again_is_named(world: World) -> None:
    world.killed = {1, 2, 3}
    text = world.run("KFXL_VERSION")
    assert text.startswith("#KFXL! Excel: the call failed (error -2147023174); ")
    assert len(world.activations) == 3  # start, stop, start


def test_another_error_starts_nothing(world: World) -> None:
    world.killed, world.death = {1}, -2147352567
    assert "error -2147352567" in world.run("KFXL_VERSION")
    assert len(world.activations) == 1


def test_a_missing_interpreter_is_named(world: World) -> None:
    world.files.clear()
    text = world.run("KFXL_VERSION")
    assert text.startswith(f"#KFXL! Python: {LOCAL}\\kfxl\\Scripts\\pythonw.exe is missing; ")
    assert text.endswith("run: kfxl excel check")


def test_a_missing_dll_is_named(world: World) -> None:
    world.files = {name for name in world.files if name.endswith(".exe")}
    text = world.run("KFXL_VERSION")
    assert text.startswith("#KFXL! Python: xlwings64-")
    assert "is missing beside" in text


def test_a_dll_that_does_not_load_is_named(world: World) -> None:
    world.unloadable = True
    assert "cannot be loaded" in world.run("KFXL_VERSION")


def test_python_that_cannot_start_is_asked_once_for_a_whole_sheet(world: World) -> None:
    world.broken = True
    world.app.freeze_clock(dt.datetime(2026, 1, 1, 12, 0, 0))
    texts = {world.run("KFXL_VERSION") for _ in range(50)}
    assert len(texts) == 1
    assert "Python process exited before" in texts.pop()
    assert len(world.activations) == 1
    world.app.freeze_clock(dt.datetime(2026, 1, 1, 12, 0, 11))
    world.broken = False
    assert world.run("KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()


def test_every_line_of_failure_is_one_short_line(world: World) -> None:
    world.broken = True
    text = world.run("KFXL_VERSION")
    assert text.isprintable()
    assert len(text) <= 250


def test_help_is_registered_once_a_book_is_open(world: World) -> None:
    world.run("RegisterHelp")
    for entry in catalogue():
        told = world.described.pop(f"'kfxl.xlsm'!{entry.name}")
        assert told["category"] == "kfxl"
        assert told["description"] == entry.summary
        texts = [item.description for item in entry.arguments]
        assert [*getattr(told.get("argumentdescriptions"), "items", [])] == texts
    assert not world.described
    world.run("RegisterHelp")
    assert not world.described


ASKED = {
    "RunBacktest": "run_backtest",
    "NewWorkbook": "new_workbook",
    "FitWorkbook": "fit_workbook",
    "FunctionList": "function_list",
    "CheckKfxl": "check",
}


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("", []),
        ("Wrote 7 sheets", [("Wrote 7 sheets", 64)]),
        ("#KFXL! returns: row 3; mend it", [("returns: row 3; mend it", 48)]),
    ],
)
@pytest.mark.parametrize("button", ASKED)
def test_buttons(world: World, button: str, answer: str, shown: list[tuple[str, int]]) -> None:
    world.answer = lambda _module, name, *_: answer if name == "run_action" else "0.1.0"
    world.run(button, NOTHING)
    assert world.calls[0][0] == "KFXL_VERSION"  # a server that has gone is started by this
    ((name, sent),) = world.calls[1:]
    assert (name, sent[0], sent[1]) == ("run_action", ASKED[button], world.app.application)
    boxes = [(text, style) for _, text, title, style in world.app.dialogs if title == "kfxl"]
    assert boxes == shown


@pytest.mark.parametrize(("reply", "calls"), [(6, 2), (7, 1)])
def test_a_question_is_asked_and_yes_goes_on(world: World, reply: int, calls: int) -> None:
    answers = iter(["?Take Sheet1!A1:D9 as returns?", ""])
    world.answer = lambda _module, name, *_: next(answers) if name == "run_action" else "0.1.0"
    world.app.answer_dialogs(reply)
    world.run("RunBacktest", NOTHING)
    asked = [sent[0] for name, sent in world.calls if name == "run_action"]
    assert asked == ["run_backtest", "run_backtest_confirmed"][:calls]
    assert [text for _, text, _, _ in world.app.dialogs] == ["Take Sheet1!A1:D9 as returns?"]


@pytest.mark.parametrize(
    ("status", "rebuilt"),
    [("not loaded in this program: use kfxl recalc", 1), ("kfxl 0.1.0 answers", 0), (None, 0)],
)
def test_the_formulas_of_a_kfxl_book_are_connected(
    world: World, status: str | None, rebuilt: int
) -> None:
    if status is not None:
        world.fill("Sheet1", 4, 2, [[status]])
        world.book.vba_get("Names").vba_get("Add", ["Addin_Status", "=Sheet1!$B$4"])
    world.run("WakeFormulas", world.book)
    assert world.rebuilt == rebuilt


def test_recalculate_computes_all_anew(world: World) -> None:
    world.broken = True
    world.run("KFXL_VERSION")
    world.broken = False
    world.run("RecalculateAll", NOTHING)
    assert world.rebuilt == 1
    assert world.run("KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()


def test_an_action_whose_server_dies_is_not_done_twice(world: World) -> None:
    application = world.app.application
    before = application.vba_get("Calculation")

    def dies(_module: str, name: str, *_: Any) -> str:
        if name != "run_action":
            return "0.1.0"
        application.vba_set("Calculation", -4135)
        application.vba_set("EnableEvents", False)
        raise VBARuntimeError(-2147023170, "The remote procedure call failed.")

    world.answer = dies
    world.run("RunBacktest", NOTHING)
    assert [name for name, _ in world.calls] == ["KFXL_VERSION", "run_action"]
    ((_, text, _, style),) = world.app.dialogs
    assert text.startswith("Excel: the call failed (error -2147023170)")
    assert style == 48
    assert application.vba_get("Calculation") == before
    assert application.vba_get("EnableEvents") is True


def test_a_cell_that_is_not_yet_computed_keeps_python_out(world: World) -> None:
    world.fill("Sheet1", 1, 1, named(RETURNS, NAMES))
    cells = world.range("A1:C9")
    plain = type(cells).vba_get

    def not_yet(self: Any, name: str, args: Any = (), named: Any = None) -> Any:
        # As Excel shows a cell with a formula before it is computed.
        return True if name.lower() == "hasformula" else plain(self, name, args, named)

    world.fill("Sheet1", 1, 5, [[0.5, 0.25]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(cells), "vba_get", not_yet)
        assert world.run("RISK_COVARIANCE", world.range("E1:F2")) == -2146826245  # #GETTING_DATA
        assert world.run("RISK_COVARIANCE", world.range("E2")) == -2146826245
        assert not world.calls
        world.run("RISK_COVARIANCE", cells)
    assert len(world.calls) == 1


def test_the_path_of_another_users_addin_is_mended(world: World) -> None:
    own = world.app.application.vba_get("ThisWorkbook").vba_get("FullName")
    other = "C:\\Users\\Ann\\AppData\\Roaming\\Microsoft\\AddIns\\KFXL.xlam"
    world.links = [other, "C:\\Data\\prices.xlsx", str(own)]
    world.run("WakeFormulas", world.book)
    assert world.changed_links == [(other, own, 1.0)]
    assert world.run("IsOtherKfxl", "https://example.org/kfxl.xlam", own) is True
    assert world.run("IsOtherKfxl", "C:\\notkfxl.xlam", own) is False


def test_help_that_a_hidden_book_refuses_is_given_in_the_open(world: World) -> None:
    world.refuses_help = True
    world.run("RegisterHelp")
    assert len(world.described) == len(FUNCTIONS)
    assert world.hidden
    assert world.app.application.vba_get("EnableEvents") is True
    world.described.clear()
    world.run("RegisterHelp")
    assert not world.described

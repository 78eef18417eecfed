"""Every worksheet function through xlwings' own code for Windows, as Excel would call it."""

from __future__ import annotations

import inspect
import io
import math
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.excel_cells import ERROR_CODES, as_rows, as_sent, cell
from tests.hosts.pywin32_stub import MISSING, WindowsXlwings, com_error, com_time
from tests.spreadsheet.cases import case_name, cases
from tests.spreadsheet.function_calls import CALLS
from tests.spreadsheet.function_data import DAYS, DRESSES, NAMES, RETURNS, WEIGHTS, dated, plain

EXCEL = "kfxl.hosts.excel"
MIX = [WEIGHTS.tolist()]
SETTINGS = [["lookback", 36], ["cost", 0.002], ["benchmark", "equal-weight"]]


def host_free(name: str, arguments: tuple[Any, ...]) -> Any:
    """The function itself, called without any host."""
    return FUNCTIONS[name](*arguments)


def checked(result: Any) -> Any:
    """A result, after a look at every cell of it."""
    for row in [[result]] if isinstance(result, str) else as_rows(result):
        for value in row:
            assert type(value) in (float, str, bool), repr(value)
            assert not isinstance(value, float) or math.isfinite(value)
    return result if isinstance(result, str) else as_rows(result)


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", CALLS)
def test_every_function_equals_the_host_free_one(
    windows: WindowsXlwings, name: str, dress: str
) -> None:
    call = CALLS[name]
    arguments = call.arguments(DRESSES[dress])
    sent = [as_sent(argument, omitted=True) for argument in arguments]
    result = checked(windows.call(EXCEL, call.function, *sent))
    assert result == as_rows(host_free(call.function, arguments))


@pytest.mark.parametrize("case", cases("calls"), ids=case_name)
def test_shared_cases(windows: WindowsXlwings, case: dict[str, Any]) -> None:
    sent = [as_sent(argument) for argument in case["arguments"]]
    result = checked(windows.call(EXCEL, case["function"], *sent))
    assert result == as_rows(host_free(case["function"], tuple(case["arguments"])))
    if isinstance(case.get("result"), str):
        assert result == case["result"]


@pytest.mark.parametrize("dress", DRESSES)
def test_performance_and_backtest(windows: WindowsXlwings, dress: str) -> None:
    returns = DRESSES[dress](RETURNS, NAMES)
    for name, settings in (
        ("PORTFOLIO_PERFORMANCE", (MIX, 12.0, 0.001)),
        ("PORTFOLIO_BACKTEST", ("fixed", MIX, SETTINGS)),
        ("PORTFOLIO_BACKTEST", ("risk-parity", None, SETTINGS, "weights", 12.0)),
    ):
        sent = [as_sent(argument, omitted=True) for argument in (returns, *settings)]
        result = checked(windows.call(EXCEL, name, *sent))
        assert not isinstance(result, str)
        assert result == as_rows(host_free(name, (returns, *settings)))


def test_a_call_of_each_function_is_made() -> None:
    called = {call.function for call in CALLS.values()} | {c["function"] for c in cases("calls")}
    assert set(FUNCTIONS) - called == {"KFXL_VERSION", "PORTFOLIO_PERFORMANCE"}


def test_the_version_is_one_text(windows: WindowsXlwings) -> None:
    assert windows.call(EXCEL, "KFXL_VERSION") == FUNCTIONS["KFXL_VERSION"]()


def test_error_values_are_kept_apart_from_blanks(windows: WindowsXlwings) -> None:
    rows = dated([float(i) for i in range(1, 73)], "Period")(RETURNS, NAMES)
    rows[5][2] = None
    blank = windows.call(EXCEL, "KF_EXPECTED_RETURNS", as_sent(rows))
    rows[5][2] = "#N/A"
    missing = windows.call(EXCEL, "KF_EXPECTED_RETURNS", as_sent(rows))
    assert as_rows(blank) == as_rows(missing)
    for name in set(ERROR_CODES) - {"#N/A"}:
        rows[5][2] = name
        text = windows.call(EXCEL, "KF_EXPECTED_RETURNS", as_sent(rows))
        assert text.startswith("#KFXL! returns: ")
        assert name in text
        assert "row 6" in text


def test_a_number_of_the_size_of_an_error_code_is_a_number(windows: WindowsXlwings) -> None:
    code = float(ERROR_CODES["#DIV/0!"])
    text = windows.call(EXCEL, "KF_EXPECTED_RETURNS", ((0.01, 0.02), (code, 0.01)))
    assert "#DIV/0!" not in text
    assert "percent, prices" in text


@pytest.mark.parametrize("code", [-2146826288 + 2045 - 2000, -2146826288 + 77])
def test_every_code_of_an_error_has_a_name(windows: WindowsXlwings, code: int) -> None:
    text = windows.call(EXCEL, "KF_EXPECTED_RETURNS", ((0.01, 0.02), (code, 0.01)))
    assert text.startswith("#KFXL! returns: #")


def test_omitted_blank_and_auto_are_the_default(windows: WindowsXlwings) -> None:
    returns = as_sent(plain(RETURNS))
    default = windows.call(EXCEL, "RISK_PARITY_WEIGHTS", returns)
    for setting in (MISSING, None, "", "auto"):
        assert windows.call(EXCEL, "RISK_PARITY_WEIGHTS", returns, *[setting] * 4) == default


def test_dates_of_com_are_dates(windows: WindowsXlwings) -> None:
    rows = dated(DAYS, "Date")(RETURNS, NAMES)
    as_of = com_time(DAYS[40])
    result = windows.call(EXCEL, "KF_EXPECTED_RETURNS", as_sent(rows), *[MISSING] * 4, as_of)
    expected = FUNCTIONS["KF_EXPECTED_RETURNS"](rows, *[None] * 4, DAYS[40])
    assert as_rows(result) == expected


def test_one_row_and_one_cell_come_as_vba_wants_them(windows: WindowsXlwings) -> None:
    row = windows.call(EXCEL, "RISK_PARITY_WEIGHTS", ((0.01, 0.0), (0.0, 0.04)))
    assert list(row) == pytest.approx([2 / 3, 1 / 3])
    one = windows.call(EXCEL, "RISK_COVARIANCE", ((0.01,), (0.03,)))
    assert one == pytest.approx(2e-4)


def test_no_failure_reaches_the_cell_as_an_exception(windows: WindowsXlwings) -> None:
    for name in FUNCTIONS:
        text = windows.call(EXCEL, name, *["nonsense"] * len(signature_of(windows, name)))
        assert isinstance(text, str), name
        assert "\n" not in text


def signature_of(windows: WindowsXlwings, name: str) -> list[str]:
    function = getattr(windows.load(EXCEL), name)
    return [argument["name"] for argument in function.__xlfunc__["args"]]


def test_excel_is_told_names_order_help_and_category(windows: WindowsXlwings) -> None:
    excel = windows.load(EXCEL)
    for entry in catalogue():
        known = getattr(excel, entry.name).__xlfunc__
        assert known["category"] == "kfxl"
        assert known["ret"]["doc"] == entry.summary
        assert len(entry.summary) <= 255
        told = [(item["name"], item["doc"], "optional" in item) for item in known["args"]]
        meant = [(item.name, item.description, item.optional) for item in entry.arguments]
        assert told == meant
        assert all(len(item["doc"]) <= 255 for item in known["args"])
        assert not known["volatile"]
        assert known["async_mode"] is None


def test_xlwings_own_generator_takes_every_function(windows: WindowsXlwings) -> None:
    # Its wrapper states the names and the order that `call_udf` will assume.
    stream = io.StringIO()
    excel = windows.load(EXCEL)
    windows.udfs.generate_vba_wrapper(EXCEL, excel, stream, SimpleNamespace(Name="kfxl.xlam"))
    wrappers = dict(re.findall(r"Function (\w+)\((.*?)\)\n", stream.getvalue()))
    for entry in catalogue():
        declared = [part.removeprefix("Optional ") for part in wrappers[entry.name].split(", ")]
        assert [name for name in declared if name] == [item.name for item in entry.arguments]


def test_an_action_gets_excel_and_answers_one_text(windows: WindowsXlwings) -> None:
    excel, actions = windows.load(EXCEL), windows.load("kfxl.hosts.excel_actions")
    application = type("Application", (), {"Hwnd": 1})()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(actions.ACTIONS, "check", lambda app: f"Excel {app.impl.xl is application}")
        assert windows.call(EXCEL, "run_action", "check", application) == "Excel True"
        patch.setitem(actions.ACTIONS, "check", failing)
        text = windows.call(EXCEL, "run_action", "check", application)
    assert text == "#KFXL! Excel: Excel is busy; nothing of yours was changed; try again"
    assert excel.run_action.__xlfunc__["args"][1]["options"] == {"convert": "raw"}


def failing(_app: Any) -> str:
    raise com_error("Excel is busy")


def test_off_windows_the_functions_are_plain_ones() -> None:
    from kfxl.hosts import excel

    assert list(excel.UDFS) == [entry.name for entry in catalogue()]
    for entry in catalogue():
        names = list(inspect.signature(excel.UDFS[entry.name]).parameters)
        assert names == [argument.name for argument in entry.arguments]
    weights = excel.RISK_PARITY_WEIGHTS(((0.01, 0.0), (0.0, 0.04)))
    np.testing.assert_allclose(weights, [[2 / 3, 1 / 3]])


def test_ranges_without_errors_are_not_copied() -> None:
    from kfxl.hosts.excel_cells import from_excel

    mixed = ((0.5, None), ("a", True))
    assert from_excel(mixed) is mixed
    numbers = ((0.5, None), (0.25, 0.75))
    assert all(kept is row for kept, row in zip(from_excel(numbers), numbers, strict=True))
    assert from_excel(cell("#REF!")) == "#REF!"


def test_errors_are_found_wherever_they_stand() -> None:
    from kfxl.hosts.excel_cells import from_excel

    code, name = cell("#NUM!"), "#NUM!"
    for height, width in ((1, 1), (1, 3), (3, 1), (3, 3)):
        for i in range(height):
            for j in range(width):
                rows = [[float(10 * r + c) for c in range(width)] for r in range(height)]
                rows[i][j] = code
                found = [[*row] for row in from_excel(tuple(map(tuple, rows)))]
                rows[i][j] = name  # type: ignore[call-overload]
                assert found == rows


def test_importing_the_host_starts_no_excel() -> None:
    code = "import sys, kfxl.hosts.excel; print('win32com' in sys.modules)"
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip() == "False"

"""Every worksheet function through COM, from Excel's types to Excel's types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kfxl.hosts.excel_addin import build_addin, dll_name
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.wine.addin import answer_of, interpreter_of, source_of
from tests.hosts.wine.session import Wine
from tests.hosts.wine.stand_in import EXACT, MISSING, StandIn, same
from tests.spreadsheet.cases import case_name, cases
from tests.spreadsheet.function_calls import CALLS
from tests.spreadsheet.function_data import DRESSES, NAMES, RETURNS, WEIGHTS, plain

pytestmark = pytest.mark.host

MIX = [WEIGHTS.tolist()]
# Where the likelihood has its maximum is found by a search, whose last digits depend on the
# libraries of the system; what follows from it differed by 3e-11 at most.
SEARCHED = 1e-9


@pytest.fixture(scope="module")
def server(wine: Wine, excel: StandIn) -> Iterator[StandIn]:
    """The add-in's server, started once for all calls."""
    addin = build_addin()
    folder, _, name = interpreter_of(addin).rpartition("\\")
    line = answer_of(wine, source_of(addin), "ServerCommandLine", f".\\{name}", 1)
    assert excel.ask("load", path=f"%LOCALAPPDATA%\\kfxl\\{dll_name()}")["loaded"]
    excel.ask("folder", path=folder)
    answer = excel.ask("activate", line=line, mode=1)
    assert answer["object"], answer
    yield excel
    excel.ask("activate", line=line, mode=-1)


def as_rows(result: Any) -> Any:
    """What Excel shows of a result: text of one cell as it is, else rows."""
    return result if isinstance(result, str | list) else [[result]]


def check(server: StandIn, name: str, arguments: tuple[Any, ...], sent: list[Any]) -> None:
    """A result through COM is the host-free one, in cells that Excel knows."""
    result = as_rows(server.call(name, *sent))
    expected = as_rows(FUNCTIONS[name](*arguments))
    tolerance = SEARCHED if name.startswith("KF_FACTOR") else EXACT
    assert same(result, expected, tolerance), (result, expected)
    for row in result if isinstance(result, list) else [[result]]:
        assert all(type(value) in (float, str, bool) for value in row), row


def omitted(arguments: tuple[Any, ...]) -> list[Any]:
    """Arguments that are left out, as Excel sends them."""
    return [MISSING if argument is None else argument for argument in arguments]


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", CALLS)
def test_every_function_in_every_dress(server: StandIn, name: str, dress: str) -> None:
    call = CALLS[name]
    arguments = call.arguments(DRESSES[dress])
    check(server, call.function, arguments, omitted(arguments))


@pytest.mark.parametrize("case", cases("calls"), ids=case_name)
def test_shared_cases(server: StandIn, case: dict[str, Any]) -> None:
    arguments = tuple(case["arguments"])
    check(server, case["function"], arguments, list(arguments))


@pytest.mark.parametrize("dress", DRESSES)
def test_performance(server: StandIn, dress: str) -> None:
    arguments = (DRESSES[dress](RETURNS, NAMES), MIX, 12, 0.001)
    check(server, "PORTFOLIO_PERFORMANCE", arguments, list(arguments))


def test_no_function_is_left_out() -> None:
    called = {call.function for call in CALLS.values()}
    called |= {case["function"] for case in cases("calls")}
    assert called | {"PORTFOLIO_PERFORMANCE", "KFXL_VERSION"} == set(FUNCTIONS)


def test_without_arguments(server: StandIn) -> None:
    check(server, "KFXL_VERSION", (), [])


@pytest.mark.parametrize("error", ["#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"])
def test_error_values_are_named(server: StandIn, error: str) -> None:
    cells = plain(RETURNS)
    cells[5][1] = error
    check(server, "RISK_COVARIANCE", (cells,), [cells])
    assert error in server.call("RISK_COVARIANCE", cells)


def test_not_available_and_blanks_are_missing(server: StandIn) -> None:
    cells = plain(RETURNS)
    cells[5][1], cells[7][0] = "#N/A", None
    check(server, "KF_EXPECTED_RETURNS", (cells,), [cells])


def test_one_cell_and_numbers_formatted_as_money(server: StandIn) -> None:
    check(server, "PRICES_TO_RETURNS", ([[4.0], [5.0]],), [[[4.0], [{"currency": 5.0}]]])
    check(server, "RISK_COVARIANCE", (plain(RETURNS), [[24]]), [plain(RETURNS), 24.0])
    check(server, "RISK_COVARIANCE", (0.5,), [0.5])


def test_letters_of_any_language(server: StandIn) -> None:
    cells = [["株", "Łódź", "é😀"], *plain(RETURNS)]
    check(server, "RISK_PARITY_WEIGHTS", (cells,), [cells])


def test_a_failure_is_one_line_of_text(server: StandIn) -> None:
    result = server.call("RISK_COVARIANCE", [["x", 1.0], [0.1, 0.2], [0.3, "text"]])
    assert result.startswith("#KFXL! ")
    assert "\n" not in result
    assert len(result) <= 250


def test_an_unexpected_failure_is_one_line_without_a_log(server: StandIn) -> None:
    # The DLL narrows the variables of the server's environment to the code page, so that the
    # folder of the log does not exist and cannot be made for this user.
    result = server.call("run_action", "no such action", 1.0)
    assert result.startswith("#KFXL! unexpected: ")
    assert "\n" not in result

"""The cases of cells that every host must read alike, in LibreOffice's cells.

Every case is a call of a worksheet function on ranges. Where LibreOffice does not hand over what is
in the cells, the case is named here, and what the cell shows instead is pinned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.calc.office import Office
from tests.hosts.calc.shown import CLOSE, REFUSAL, Cells, in_area, largest
from tests.hosts.calc.worksheet import Worksheet, cell, rows_of
from tests.spreadsheet.cases import cases

pytestmark = pytest.mark.host
# An argument with an error value does not reach any add-in, whatever the cell policy says of it.
ERRORS = {
    *("missing values", "a first row of missing values is no header", "later rows ignored"),
    *("as_of a datetime on datetimes", "as_of a serial number on datetimes"),
    *("as_of YYYYMM on datetimes", "as_of YYYYMMDD on datetimes", "as_of on period numbers"),
    *("division by zero", "division by zero under a datetime", "reference error among numbers"),
    *("error among the names", "a missing weight without name", "an error among weights"),
    "a setting with an error",
}
# Nor does a call without one of the ranges that it must have.
REFUSED = {*ERRORS, "missing argument"}
# TRUE and FALSE arrive as 1 and 0: then there is nothing wrong with them as numbers.
TRUTH_VALUES = {
    *("truth value in the data", "truth value among weights", "a truth value as a number"),
}
# Dates arrive as numbers, which are dates only by their place and by looking like a calendar.
DATES = {
    *("date in the data", "datetimes with time of day", "dates and serial numbers in one column"),
    *("as_of of another kind", "a dated row without names"),
}
DIFFERENT = REFUSED | TRUTH_VALUES | DATES
NOT_IN_A_SHEET = {"rows of different length"}


def call_of(case: dict[str, Any]) -> tuple[str, list[Any]]:
    """The worksheet function that reads a case's range, and its arguments."""
    if "function" in case:
        return case["function"], [*case["arguments"]]
    cells = case["cells"] if isinstance(case["cells"], list) else [[case["cells"]]]
    if case["kind"] == "prices":
        return "PRICES_TO_RETURNS", [cells]
    if case["read"] == "vector":
        names = case["known"] or []
        count = len(names) or len(case.get("values", [0, 0]))
        matrix = [[0.04 if i == j else 0.01 for j in range(count)] for i in range(count)]
        if names:
            numbers = [int(name) for name in names]
            rows = [[name, *row] for name, row in zip(numbers, matrix, strict=True)]
            matrix = [["", *numbers], *rows]
        return "RISK_CONTRIBUTIONS", [cells, matrix]
    function = "RISK_PARITY_WEIGHTS" if case["read"] == "data" else "RISK_COVARIANCE"
    return function, [cells, None, None, None, case["as_of"]]


EVERY = {
    case["name"]: call_of(case)
    for part in ("ranges", "calls")
    for case in cases(part)
    if case["name"] not in NOT_IN_A_SHEET
}


def as_sent(argument: Any) -> Any:
    """An argument as LibreOffice hands it over: dates and truth values as numbers."""
    if isinstance(argument, list | tuple):
        return [[as_sent(value) for value in row] for row in rows_of(argument)]
    return float(argument) if isinstance(argument, bool) else cell(argument)


def must_show(name: str) -> Any:
    """What a case's cells show: the function's own result, unless LibreOffice calls none."""
    function, arguments = EVERY[name]
    if name in REFUSED:
        return REFUSAL
    return FUNCTIONS[function](*[as_sent(argument) for argument in arguments])


@pytest.fixture(scope="module")
def found(office: Office) -> Iterator[dict[str, tuple[Cells, Cells]]]:
    """What each case shows, and must show."""
    with office.open() as document:
        sheet, expected, numbers = Worksheet(document), {}, {}
        for name, (function, arguments) in EVERY.items():
            result = must_show(name)
            rows = result if isinstance(result, list) else [[result]]
            expected[name] = in_area(result, len(rows), len(rows[0]))
            # Errors are no constants of formulas; they stand in a cell.
            sent = [[[value]] if value == "#N/A" else value for value in arguments]
            numbers[name] = sheet.call(function, sent, len(rows), len(rows[0]))
        shown = sheet.results()
        yield {name: (shown[numbers[name]], expected[name]) for name in EVERY}


@pytest.mark.parametrize("name", EVERY)
def test_a_case_of_the_cell_policy(found: dict[str, tuple[Cells, Cells]], name: str) -> None:
    shown, expected = found[name]
    assert largest(shown, expected) <= CLOSE, (shown, expected)


def test_every_other_case_is_as_on_all_hosts() -> None:
    own = {name: FUNCTIONS[function](*arguments) for name, (function, arguments) in EVERY.items()}
    assert {name for name in EVERY if must_show(name) != own[name]} == DIFFERENT

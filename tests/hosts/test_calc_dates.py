"""Documents that count days from 1904: ``as_of`` means the same day as in any other."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from kfxl.hosts.calc import answer_to
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.spreadsheet.function_data import (
    FACTOR_RETURNS,
    MONTHS,
    NAMES,
    PERIODS,
    RETURNS,
    SERIALS,
    Dress,
    dated,
)

DAYS_1904 = 1462
LATER = [serial - DAYS_1904 for serial in SERIALS]  # the same days, as such documents count
MIDDLE = 2 * PERIODS // 3
YYYYMM = float(MONTHS[MIDDLE])
YYYYMMDD = 20040630.0
FACTOR_NAMES = ["Market", "Size"]


def calls(assets: Dress, factors: Dress, as_of: Any) -> dict[str, list[Any]]:
    """A call of every function that has an ``as_of``."""
    data, beside = assets(RETURNS, NAMES), factors(FACTOR_RETURNS, FACTOR_NAMES)
    weights = [[0.5, 0.3, 0.2]]
    return {
        "KF_EXPECTED_RETURNS": [data, *[None] * 4, as_of],
        "KF_OPTIMAL_WEIGHTS": [data, *[None] * 13, as_of],
        "KF_RISK_CONTRIBUTIONS": [data, weights, *[None] * 3, as_of],
        "KF_FACTOR_BETAS": [data, beside, *[None] * 4, as_of],
        "KF_FACTOR_FORECAST": [data, beside, [[0.01, 0.02]], *[None] * 4, as_of],
        "KF_FACTOR_CONTRIBUTIONS": [data, beside, *[None] * 5, as_of],
        "RISK_PARITY_WEIGHTS": [data, *[None] * 3, as_of],
        "RISK_BUDGET_WEIGHTS": [data, weights, *[None] * 5, as_of],
        "RISK_CONTRIBUTIONS": [weights, data, *[None] * 3, as_of],
        "RISK_COVARIANCE": [data, *[None] * 3, as_of],
    }


def shown(name: str, arguments: list[Any], days: int = DAYS_1904) -> Any:
    """What a cell of a document shows."""
    (text,) = answer_to({"call": name, "arguments": arguments, "days": days}, print).values()
    return text


def test_every_function_with_an_as_of_is_called_here() -> None:
    known = {name for name, f in FUNCTIONS.items() if "as_of" in inspect.signature(f).parameters}
    assert set(calls(dated(SERIALS), dated(SERIALS), None)) == known


@pytest.mark.parametrize("as_of", [YYYYMM, YYYYMMDD, [[YYYYMM]], 199012.0, 20991231.0])
def test_a_calendar_number_is_the_same_day_as_in_other_documents(as_of: Any) -> None:
    plain, later = dated(SERIALS, "Date"), dated(LATER, "Date")
    others = calls(plain, plain, as_of)
    for name, arguments in calls(later, later, as_of).items():
        expected = FUNCTIONS[name](*others[name])
        found = shown(name, arguments)
        if as_of == 199012.0:
            assert "before the first date" in expected
            assert "before the first date" in found
        else:
            assert isinstance(expected, list)
            assert found == expected, name


@pytest.mark.parametrize("day", [LATER[MIDDLE], LATER[MIDDLE] + 0.5, [[LATER[MIDDLE]]]])
def test_a_date_cell_is_a_date_of_the_document(day: Any) -> None:
    plain, later, months = dated(SERIALS, "Date"), dated(LATER, "Date"), dated(MONTHS, "Month")
    expected = calls(plain, plain, SERIALS[MIDDLE])
    for dress in (later, months):
        for name, arguments in calls(dress, dress, day).items():
            assert shown(name, arguments) == FUNCTIONS[name](*expected[name]), name


@pytest.mark.parametrize("as_of", [None, "", 0.0, "auto", YYYYMM, YYYYMMDD])
def test_calendar_numbers_agree_with_each_other(as_of: Any) -> None:
    months = dated(MONTHS, "Month")
    for name, arguments in calls(months, months, as_of).items():
        assert shown(name, arguments) == FUNCTIONS[name](*arguments), name


def test_what_cannot_be_told_is_refused() -> None:
    months, later, counted = dated(MONTHS), dated(LATER), dated([*range(1, PERIODS + 1)], "t")
    text = shown("KF_FACTOR_BETAS", calls(later, months, YYYYMM)["KF_FACTOR_BETAS"])
    assert text.startswith("#KFXL! as_of: this document counts dates from 1904-01-01, one range")
    text = shown("RISK_COVARIANCE", calls(counted, counted, YYYYMM)["RISK_COVARIANCE"])
    assert text.startswith(f"#KFXL! as_of: {YYYYMM:g} is no number as the rows have")
    number = calls(counted, counted, 40.0)["RISK_COVARIANCE"]
    assert shown("RISK_COVARIANCE", number) == FUNCTIONS["RISK_COVARIANCE"](*number)


@pytest.mark.parametrize("wrong", ["2004-06", True, [[1.0, 2.0]], "#N/A", float(10**9)])
def test_mistakes_are_told_as_in_other_documents(wrong: Any) -> None:
    later = dated(LATER)
    arguments = calls(later, later, wrong)["RISK_COVARIANCE"]
    assert shown("RISK_COVARIANCE", arguments) == FUNCTIONS["RISK_COVARIANCE"](*arguments)
    plain = [[[0.01, 0.02], [0.03, 0.01], [0.02, 0.05]], *[None] * 3, YYYYMM]
    assert shown("RISK_COVARIANCE", plain) == FUNCTIONS["RISK_COVARIANCE"](*plain)


@pytest.mark.parametrize("days", [0, 2])
def test_documents_that_count_from_elsewhere(days: int) -> None:
    counted = dated([serial - days for serial in SERIALS])
    arguments = calls(counted, counted, YYYYMM)["RISK_PARITY_WEIGHTS"]
    expected = calls(dated(SERIALS), dated(SERIALS), YYYYMM)["RISK_PARITY_WEIGHTS"]
    assert shown("RISK_PARITY_WEIGHTS", arguments, days) == (
        FUNCTIONS["RISK_PARITY_WEIGHTS"](*expected)
    )

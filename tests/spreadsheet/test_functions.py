"""Every worksheet function in every dress of its input: the core's result on clean data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kfxl.evaluation.backtest import backtest
from kfxl.evaluation.performance import performance
from tests.spreadsheet.cases import case_name, cases
from tests.spreadsheet.function_calls import CALLS, FACTOR_NAMES
from tests.spreadsheet.function_data import (
    ASSETS,
    DAYS,
    DRESSES,
    FACTOR_RETURNS,
    MONTHS,
    NAMES,
    PERIODS,
    RETURNS,
    SERIALS,
    WEIGHTS,
    F,
    check_cells,
    dated,
    numbers_of,
    plain,
)


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", CALLS)
def test_every_function_gives_the_cores_result_in_every_dress(name: str, dress: str) -> None:
    call = CALLS[name]
    result = F[call.function](*call.arguments(DRESSES[dress]))
    check_cells(result)
    expected = np.atleast_2d(np.asarray(call.expected(), dtype=float))
    np.testing.assert_allclose(numbers_of(result, expected.shape), expected, rtol=1e-9, atol=1e-14)


LABELLED = {
    "names": (NAMES, None),
    "datetimes": (NAMES, SERIALS),
    "serial numbers": (NAMES, SERIALS),
    "YYYYMM": (NAMES, MONTHS),
    "numeric tickers": (["600519", "300750", "700"], MONTHS),
    "whole columns": (NAMES, SERIALS),
    "dates without names": (None, SERIALS),
    "numbers only": (None, None),
}


@pytest.mark.parametrize("dress", LABELLED)
def test_labels_in_labels_out(dress: str) -> None:
    names, dates = LABELLED[dress]
    returns, factors = DRESSES[dress](RETURNS, NAMES), DRESSES[dress](FACTOR_RETURNS, FACTOR_NAMES)
    row = F["KF_EXPECTED_RETURNS"](returns)
    assert (row[0] if names else None) == names
    assert len(row) == (2 if names else 1)
    square = F["RISK_COVARIANCE"](returns)
    assert len(square) == len(square[0]) == ASSETS + bool(names)
    if names:
        assert square[0] == ["", *names]
        assert [line[0] for line in square[1:]] == names
    history = F["KF_EXPECTED_RETURNS"](returns, output="history")
    assert len(history) == PERIODS + bool(names)
    assert len(history[0]) == ASSETS + bool(dates)
    if dates:
        assert [line[0] for line in history[-PERIODS:]] == dates
    betas = F["KF_FACTOR_BETAS"](returns, factors)
    if names:
        states = ["alpha", *FACTOR_NAMES] if dress != "numeric tickers" else betas[0][1:]
        assert betas[0] == ["", *states]
        assert [line[0] for line in betas[1:]] == names
        long = F["KF_FACTOR_BETAS"](returns, factors, output="history")
        wanted = [f"{asset} {state}" for asset in names for state in states]
        assert long[0][1 if dates else 0 :] == wanted
        kinds = F["KF_EXPECTED_RETURNS"](returns, output="parameters")
        assert [line[0] for line in kinds[1:]] == [
            *("process_variance", "observation_variance", "ratio", "log_likelihood")
        ]
        found = F["KF_FACTOR_BETAS"](returns, factors, output="parameters")
        assert found[0] == [
            "",
            *(f"process_variance {state}" for state in states),
            "observation_variance",
            "ratio",
        ]


@pytest.mark.parametrize("case", cases("calls"), ids=case_name)
def test_shared_cases(case: dict[str, Any]) -> None:
    result = F[case["function"]](*case["arguments"])
    if "error" in case:
        assert result == case["error"]
        return
    check_cells(result)
    assert len(result) == len(case["result"])
    for row, expected in zip(result, case["result"], strict=True):
        assert (
            row == pytest.approx(expected, abs=1e-12)
            if _numeric(expected)
            else row
            == [
                pytest.approx(cell, abs=1e-12) if isinstance(cell, float) else cell
                for cell in expected
            ]
        )


def _numeric(row: list[Any]) -> bool:
    return all(isinstance(cell, float | int) for cell in row)


# Performance and backtest tables: always text and numbers.


@pytest.mark.parametrize("dress", DRESSES)
def test_performance_of_a_mix(dress: str) -> None:
    result = F["PORTFOLIO_PERFORMANCE"](
        DRESSES[dress](RETURNS, NAMES), [WEIGHTS.tolist()], 12, 0.001
    )
    expected = performance(RETURNS @ WEIGHTS, periods_per_year=12, risk_free=0.001)
    assert [row[0] for row in result] == list(expected.index)
    np.testing.assert_allclose([row[1] for row in result], expected, rtol=1e-9)


@pytest.mark.parametrize("dress", ["datetimes", "serial numbers", "YYYYMM"])
def test_periods_per_year_come_from_the_dates(dress: str) -> None:
    result = F["PORTFOLIO_PERFORMANCE"](DRESSES[dress](RETURNS, NAMES), [WEIGHTS.tolist()])
    expected = performance(RETURNS @ WEIGHTS, periods_per_year=12)
    np.testing.assert_allclose([row[1] for row in result], expected, rtol=1e-9)


def test_performance_with_weights_and_cash_of_each_period() -> None:
    weights = np.abs(RETURNS) + 0.1
    free = np.linspace(0.001, 0.002, PERIODS)
    dress = dated(DAYS)
    result = F["PORTFOLIO_PERFORMANCE"](
        dress(RETURNS, NAMES),
        dress(weights[:, ::-1], NAMES[::-1]),
        12,
        dress(free[:, None], ["RF"]),
    )
    expected = performance((RETURNS * weights).sum(axis=1), periods_per_year=12, risk_free=free)
    np.testing.assert_allclose([row[1] for row in result], expected, rtol=1e-9)


def test_undefined_measures_are_blank() -> None:
    result = dict(F["PORTFOLIO_PERFORMANCE"]([[0.0], [0.0], [0.0]]))
    assert result["sharpe"] == ""
    assert result["total_return"] == 0.0


def test_backtest_performance_stands_side_by_side() -> None:
    result = F["PORTFOLIO_BACKTEST"](DRESSES["datetimes"](RETURNS, NAMES), "risk-parity")
    expected = backtest(RETURNS, "risk-parity", periods_per_year=12).performance
    assert result[0] == ["", "strategy", "benchmark"]
    np.testing.assert_allclose(numbers_of(result, expected.shape), expected, rtol=1e-9)


def test_backtest_settings_are_those_of_the_core() -> None:
    settings = [
        ["Name", "Value"],
        ["rebalance every", 3],
        ["Lookback", 24.0],
        ["warmup", 30],
        [None, None],
        ["cost", 0.002],
        ["covariance-method", "OAS"],
        ["benchmark", "Risk-parity"],
        ["process_variance", 1e-5],
        ["half_life", None],
        ["upper", 0.7],
    ]
    result = F["PORTFOLIO_BACKTEST"](plain(RETURNS), None, None, settings, "value", 5)
    expected = backtest(
        RETURNS,
        rebalance_every=3,
        lookback=24,
        warmup=30,
        cost=0.002,
        covariance_method="oas",
        benchmark="risk-parity",
        process_variance=1e-5,
        upper=0.7,
    )
    np.testing.assert_allclose([row[0] for row in result], expected.value[-5:], rtol=1e-12)

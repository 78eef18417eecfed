"""What worksheet functions see: nothing after as_of, and ranges matched by name and date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.spreadsheet.function_calls import FACTOR_NAMES
from tests.spreadsheet.function_data import (
    ASSETS,
    DAYS,
    DRESSES,
    FACTOR_RETURNS,
    FACTORS,
    NAMES,
    PERIODS,
    RETURNS,
    WEIGHTS,
    F,
    check_cells,
    numbers_of,
    plain,
)

# as_of: nothing later is seen.

AS_OF: dict[str, tuple[Any, ...]] = {
    "KF_EXPECTED_RETURNS": (None, None, None, None),
    "KF_FACTOR_BETAS": (None, None, None, None),
    "KF_FACTOR_CONTRIBUTIONS": (None, None, None, None, None),
    "KF_OPTIMAL_WEIGHTS": (None,) * 13,
    "RISK_PARITY_WEIGHTS": (None, None, None),
    "RISK_COVARIANCE": (None, "kalman_factor", None),
}


@pytest.mark.parametrize("later", [0.9, 99.0, "#DIV/0!", "text", None])
@pytest.mark.parametrize("name", AS_OF)
def test_later_rows_change_nothing(name: str, later: Any) -> None:
    returns = DRESSES["datetimes"](RETURNS, NAMES)
    cut = [row[:] for row in returns[:51]]
    changed = [row[:] for row in returns]
    for row in changed[51:]:
        row[1:] = [later] * ASSETS
    factors = DRESSES["serial numbers"](FACTOR_RETURNS, FACTOR_NAMES)
    two = name.startswith("KF_FACTOR")
    settings = AS_OF[name]
    expected = F[name](cut, *([factors[:51]] if two else []), *settings)
    result = F[name](changed, *([factors] if two else []), *settings, cut[-1][0])
    check_cells(expected)
    assert isinstance(expected, list)
    assert result == expected


@pytest.mark.parametrize("method", [None, "kalman_factor"])
def test_optimal_weights_equal_the_backtests(method: str | None) -> None:
    returns = DRESSES["datetimes"](RETURNS, NAMES)
    settings = [["lookback", 24], ["rebalance_every", 3], ["cost", 0.002], ["risk_aversion", 3]]
    settings += [["covariance_method", method]]
    weights = F["PORTFOLIO_BACKTEST"](returns, None, None, settings, "weights")
    held = numbers_of(weights, (PERIODS, ASSETS))
    for t in (23, 26, 44, 68):
        drifted = held[t] * (1 + RETURNS[t])
        found = F["KF_OPTIMAL_WEIGHTS"](
            *(returns, 3, [(drifted / drifted.sum()).tolist()], 0.002, 3),
            *(None, None, None, None, None, None, 24, method, None, DAYS[t]),
        )
        np.testing.assert_allclose(found[1], held[t + 1], atol=1e-12)


# Alignment by name and date.


def test_labelled_ranges_are_aligned_by_name_and_date() -> None:
    returns = DRESSES["datetimes"](RETURNS, NAMES)
    order = [2, 0, 1]
    shuffled = [[NAMES[i] for i in order], [float(WEIGHTS[i]) for i in order]]
    assert F["RISK_CONTRIBUTIONS"](shuffled, returns) == F["RISK_CONTRIBUTIONS"](
        [WEIGHTS.tolist()], returns
    )
    serials = DRESSES["serial numbers"](FACTOR_RETURNS, FACTOR_NAMES)
    months = DRESSES["YYYYMM"](FACTOR_RETURNS, FACTOR_NAMES)
    assert F["KF_FACTOR_BETAS"](returns, serials) == F["KF_FACTOR_BETAS"](returns, months)
    backwards = [row[:1] + row[1:][::-1] for row in serials]
    found = F["KF_FACTOR_FORECAST"](returns, serials, [["Size", "Market"], [0.02, 0.01]])
    assert found == F["KF_FACTOR_FORECAST"](returns, serials, [[0.01, 0.02]])
    other = F["KF_FACTOR_FORECAST"](returns, backwards, [["Market", 0.01], ["Size", 0.02]])
    np.testing.assert_allclose(other[1], found[1], rtol=1e-6)


def test_a_date_or_name_on_one_side_only_is_named() -> None:
    returns = DRESSES["datetimes"](RETURNS, NAMES)
    factors = DRESSES["datetimes"](FACTOR_RETURNS, FACTOR_NAMES)
    result = F["KF_FACTOR_BETAS"](returns, factors[:-1])
    assert result.startswith("#KFXL! factor_returns: date ")
    assert "is missing" in result
    result = F["RISK_CONTRIBUTIONS"]([["Gold", "Land", "Iron"], [0.5, 0.3, 0.2]], returns)
    assert result.startswith("#KFXL! weights: name Bond is missing")
    result = F["KF_FACTOR_BETAS"](plain(RETURNS), plain(FACTOR_RETURNS[:-1]))
    assert result == (
        "#KFXL! factor_returns: has 71 rows, asset_returns has 72; give the same periods in both"
    )


def test_parameters_fed_back_reproduce_the_fit() -> None:
    for dress in ("datetimes", "numbers only"):
        put = DRESSES[dress]
        returns, factors = put(RETURNS, NAMES), put(FACTOR_RETURNS, FACTOR_NAMES)
        found = F["KF_FACTOR_BETAS"](returns, factors, output="parameters")
        states = FACTORS + 1 + (dress == "datetimes")
        process = [row[:states] for row in found]
        noise = [row[states] for row in found][dress == "datetimes" :]
        again = F["KF_FACTOR_BETAS"](returns, factors, None, process, [[x] for x in noise])
        expected = F["KF_FACTOR_BETAS"](returns, factors)
        shape = (ASSETS, FACTORS + 1)
        np.testing.assert_allclose(numbers_of(again, shape), numbers_of(expected, shape), rtol=1e-9)
        names = len(found) - ASSETS
        found = F["KF_EXPECTED_RETURNS"](returns, output="parameters")
        again = F["KF_EXPECTED_RETURNS"](returns, 1, [found[names][-3:]], [found[names + 1][-3:]])
        assert again == F["KF_EXPECTED_RETURNS"](returns)

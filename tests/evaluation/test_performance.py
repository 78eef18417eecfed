"""Measures of performance: by hand, recorded, defined cases, refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.evaluation.performance import performance
from tests.references import record, table

MONTHS = pd.date_range("2024-01-31", periods=4, freq="ME")
RETURNS = pd.Series([0.10, -0.20, 0.05, 0.02], index=MONTHS)


def test_by_hand():
    measures = performance(RETURNS, risk_free=0.01)
    total = 1.1 * 0.8 * 1.05 * 1.02 - 1
    assert measures["total_return"] == pytest.approx(total)
    assert measures["annualized_return"] == pytest.approx((1 + total) ** 3 - 1)
    mean = (0.10 - 0.20 + 0.05 + 0.02) / 4
    squares = sum((r - mean) ** 2 for r in RETURNS)
    volatility = math.sqrt(squares / 3) * math.sqrt(12)
    assert measures["annualized_volatility"] == pytest.approx(volatility)
    assert measures["sharpe"] == pytest.approx((mean - 0.01) * 12 / volatility)
    assert measures["sortino"] == pytest.approx((mean - 0.01) * 12 / math.sqrt(0.21**2 / 4 * 12))
    assert measures["max_drawdown"] == pytest.approx(-0.20)
    assert measures["calmar"] == pytest.approx(((1 + total) ** 3 - 1) / 0.20)
    # The 5 % quantile of four values lies 0.15 of the way from the lowest to the next.
    assert measures["value_at_risk"] == pytest.approx(0.20 - 0.15 * 0.22)
    assert measures["expected_shortfall"] == pytest.approx(0.20)
    assert measures["hit_rate"] == 0.75


def test_recorded_metrics():
    """ddof 0, arithmetic Sharpe ratio, drawdown of the compounded value."""
    recorded = record("metrics_last_252")
    weights = table("expected_returns_weights_same_day").to_numpy()[-1]
    returns = table("expected_returns_input").to_numpy()[-252:] @ weights
    measures = performance(returns, ddof=0)
    assert returns[-1] == pytest.approx(recorded["return (last day)"], rel=1e-12)
    for ours, name in [
        ("annualized_volatility", "volatility (annualised, population std)"),
        ("sharpe", "sharpe_ratio (annualised, population std)"),
        ("max_drawdown", "max_drawdown"),
    ]:
        assert measures[ours] == pytest.approx(recorded[name], rel=1e-12)


@pytest.mark.parametrize(
    "name", ["same_day_weights (look-ahead)", "lagged_weights", "equal_weight"]
)
def test_recorded_performance(name):
    recorded = record("performance")[name]
    returns = table("expected_returns_input").to_numpy()
    weights = table("expected_returns_weights_same_day").to_numpy()
    if name == "lagged_weights":
        weights = np.vstack([np.full(4, 0.25), weights[:-1]])
    if name == "equal_weight":
        weights = np.full_like(returns, 0.25)
    measures = performance((weights * returns).sum(axis=1), ddof=0)
    assert 1e5 * (1 + measures["total_return"]) == pytest.approx(recorded["final_value"], rel=1e-12)
    for measure in ("total_return", "annualized_return", "annualized_volatility", "sharpe"):
        assert measures[measure] == pytest.approx(recorded[measure], rel=1e-12), measure


def test_drawdown_is_that_of_the_values_at_ends_of_periods():
    """As recorded in metrics_last_252: there, the start included would give -0.298."""
    assert performance([-0.1, 0.05, -0.2, 0.1])["max_drawdown"] == pytest.approx(-0.2)
    assert performance([-0.1, 0.05])["max_drawdown"] == 0
    assert performance([0.1, 0.05])["max_drawdown"] == 0


def test_undefined_ratios_are_missing_and_nothing_warns():
    constant = performance([0.001] * 7)
    assert constant["annualized_volatility"] == 0
    assert constant[["sharpe", "sortino", "calmar"]].isna().all()
    assert constant.drop(["sharpe", "sortino", "calmar"]).notna().all()
    assert math.isnan(performance([0.1])["annualized_volatility"])
    assert performance([0.1], ddof=0)["annualized_volatility"] == 0


def test_no_loss_is_a_plain_zero():
    measures = performance([0.0, 0.0])
    assert not np.signbit(measures[["value_at_risk", "expected_shortfall"]]).any()


def test_total_loss():
    measures = performance([0.1, -1.0, 0.5])
    assert measures["total_return"] == -1
    assert measures["annualized_return"] == -1
    assert measures["max_drawdown"] == -1
    assert measures["calmar"] == -1
    assert performance([-1.0, 0.5])["max_drawdown"] == -1


def test_risk_free_series_is_aligned_by_date():
    free = pd.Series([0.004, 0.003, 0.002, 0.001], index=MONTHS[::-1])
    measures = performance(RETURNS, risk_free=free)
    excess = RETURNS - free
    deviation = RETURNS.std() * math.sqrt(12)
    assert measures["sharpe"] == pytest.approx(excess.mean() * 12 / deviation)
    with pytest.raises(InputError, match="risk_free: date 2024-04-30 is missing"):
        performance(RETURNS, risk_free=free.iloc[1:])


def test_several_columns_and_plain_arrays():
    frame = pd.DataFrame({"A": RETURNS, "B": 2 * RETURNS})
    both = performance(frame)
    assert both.columns.tolist() == ["A", "B"]
    pd.testing.assert_series_equal(both["B"], performance(2 * RETURNS), check_names=False)
    plain = performance(frame.to_numpy(), periods_per_year=12)
    np.testing.assert_array_equal(plain.to_numpy(), both.to_numpy())
    assert isinstance(performance(RETURNS.to_numpy()), pd.Series)


@pytest.mark.parametrize(
    ("returns", "settings_", "words"),
    [
        ([0.1, np.nan], {}, "returns: value at row 2, .* is missing"),
        ([0.1, -1.5], {}, "returns: value at row 2 is -1.5"),
        ([0.1, 0.2], {"periods_per_year": 0}, "periods_per_year"),
        ([0.1, 0.2], {"risk_free": [0.1]}, "risk_free: has 1 rows, not 2"),
        ([0.1, 0.2], {"risk_free": np.nan}, "risk_free"),
    ],
)
def test_refusals(returns, settings_, words):
    with pytest.raises(InputError, match=words):
        performance(returns, **settings_)


@settings(deadline=None)
@given(st.lists(st.floats(-0.9, 2), min_size=2, max_size=40))
def test_bounds(returns):
    measures = performance(returns)
    assert -1 <= measures["max_drawdown"] <= 0
    assert measures["expected_shortfall"] >= measures["value_at_risk"] - 1e-12
    assert 0 <= measures["hit_rate"] <= 1
    assert measures["total_return"] > -1 - 1e-12


def test_growth_beyond_all_numbers_is_said():
    with pytest.raises(InputError, match="the return of a year is too large"):
        performance([10.0] * 3, periods_per_year=10_000)
    with pytest.raises(InputError, match="compound to more than a number holds"):
        performance([10.0] * 400)

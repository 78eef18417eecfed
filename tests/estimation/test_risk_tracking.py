"""Tracked risk shares against the textbook's figures, brute force and the general filter."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.estimation import risk_tracking
from kfxl.estimation.risk_tracking import track_risk_contributions
from kfxl.portfolio.risk import risk_contributions
from kfxl.statespace import StateSpace, kalman_filter
from tests.portfolio.references import shares_as_fractions
from tests.references import table

RETURNS = table("risk_budget_returns")
HELD = table("risk_budget_weights_held")
DAYS = pd.bdate_range("2024-01-01", periods=len(RETURNS))


def brute_force(returns, weights, window, signed=True):
    """Period by period, with pandas' complete-row covariance written out."""
    shares = []
    for t, held in enumerate(weights):
        if t < window:
            shares.append(held / held.sum())
            continue
        past = returns[t - window : t]
        past = past[~np.isnan(past).any(axis=1)]
        if len(past) < 2:
            shares.append(np.full(len(held), np.nan))
            continue
        parts = held * (np.cov(past.T) @ held)
        parts = parts if signed else np.abs(parts)
        shares.append(parts / parts.sum())
    return np.array(shares)


# --- Recorded figures ---------------------------------------------------------------------


def test_textbook_shares_and_filter():
    tracked = track_risk_contributions(RETURNS, HELD, signed=False)
    recorded = table("risk_budget_observed_contributions").to_numpy()
    np.testing.assert_allclose(tracked.observed, recorded, rtol=0, atol=1e-10)
    recorded = table("risk_budget_filtered_mean").to_numpy()
    np.testing.assert_allclose(tracked.filtered, recorded, rtol=0, atol=1e-10)


# --- Independent references ---------------------------------------------------------------


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("window", [2, 7, 20])
@pytest.mark.parametrize("block", [1, 300, 1_000_000])
def test_observed_equals_brute_force(signed, window, block, monkeypatch):
    monkeypatch.setattr(risk_tracking, "BLOCK", block)
    rng = np.random.default_rng(1)
    returns = rng.normal(scale=0.01, size=(60, 5))
    returns[rng.random(returns.shape) < 0.08] = np.nan
    weights = rng.normal(size=(60, 5)) + 0.7
    tracked = track_risk_contributions(returns, weights, window=window, signed=signed)
    expected = brute_force(returns, weights, window, signed)
    np.testing.assert_allclose(tracked.observed, expected, rtol=1e-8, atol=1e-10)


def test_observed_share_is_that_of_risk_contributions():
    weights = np.array([0.5, 0.3, 0.4, -0.2])
    tracked = track_risk_contributions(RETURNS, weights, window=30)
    shares = risk_contributions(weights, RETURNS.iloc[100:130].cov())
    np.testing.assert_allclose(tracked.observed.iloc[130], shares, rtol=1e-9)


def exact_shares(past, weights):
    rows = np.array([[Fraction(x) for x in row] for row in past.tolist()])
    moves = rows - rows.sum(axis=0) / len(rows)
    return shares_as_fractions(np.array(weights), moves.T @ moves)


def test_a_nearly_perfect_hedge_has_shares_and_one_but_for_rounding_has_none():
    rng = np.random.default_rng(4)
    moves, rest = rng.normal(size=(2, 30))
    nearly = np.column_stack([moves, -3 * moves + 1e-6 * rest])
    tracked = track_risk_contributions(nearly, [0.3, 0.1], window=25)
    expected = [exact_shares(nearly[t - 25 : t], [0.3, 0.1]) for t in range(25, 30)]
    np.testing.assert_allclose(tracked.observed[25:], expected, rtol=1e-6)
    with pytest.raises(InputError, match="those of row 26 have no variance"):
        track_risk_contributions(np.column_stack([moves, -3 * moves]), [0.3, 0.1], window=25)


def test_filter_equals_the_general_one():
    returns = RETURNS.to_numpy(copy=True)
    returns[50:75, 1] = np.nan
    tracked = track_risk_contributions(
        returns, HELD.to_numpy(), process_variance=[1e-4, 2e-4, 0, 1e-3], initial_mean=0.3
    )
    assert np.isnan(tracked.observed[71]).all()
    model = StateSpace(
        np.eye(4),
        np.eye(4),
        np.diag([1e-4, 2e-4, 0, 1e-3]),
        0.01 * np.eye(4),
        np.full(4, 0.3),
        0.01 * np.eye(4),
    )
    general = kalman_filter(model, tracked.observed)
    np.testing.assert_allclose(tracked.filtered, general.filtered_mean, rtol=1e-10)
    variance = general.filtered_covariance.diagonal(axis1=1, axis2=2)
    np.testing.assert_allclose(tracked.variance, variance, rtol=1e-10)


# --- Properties ---------------------------------------------------------------------------


def test_without_an_observation_the_filter_predicts():
    returns = RETURNS.to_numpy(copy=True)
    returns[50:75] = np.nan
    tracked = track_risk_contributions(returns, HELD.to_numpy())
    missing = np.flatnonzero(np.isnan(tracked.observed).all(axis=1))
    assert missing.tolist() == list(range(69, 77))
    assert (tracked.filtered[missing] == tracked.filtered[68]).all()
    growth = tracked.variance[missing] - tracked.variance[missing - 1]
    np.testing.assert_allclose(growth, 1e-4, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 39), signed=st.booleans())
def test_the_past_does_not_know_the_future(seed, cut, signed):
    rng = np.random.default_rng(seed)
    returns, weights = rng.normal(size=(40, 3)), rng.random((40, 3)) + 0.1
    changed = returns.copy()
    changed[cut:] *= -1.7
    one = track_risk_contributions(returns, weights, window=5, signed=signed)
    two = track_risk_contributions(changed, weights, window=5, signed=signed)
    # A period's own return does not enter its share either.
    assert (one.observed[: cut + 1] == two.observed[: cut + 1]).all()
    assert (one.filtered[: cut + 1] == two.filtered[: cut + 1]).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), unit=st.sampled_from([1e-3, 100.0]))
def test_shares_sum_to_one_whatever_the_units(seed, unit):
    rng = np.random.default_rng(seed)
    returns, weights = rng.normal(size=(40, 3)), rng.random((40, 3)) + 0.1
    one = track_risk_contributions(returns, weights, window=5)
    two = track_risk_contributions(returns * unit, weights * 7, window=5)
    np.testing.assert_allclose(one.observed.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(one.filtered.sum(axis=1), 1, rtol=1e-9)
    np.testing.assert_allclose(two.filtered, one.filtered, rtol=1e-9, atol=1e-12)


# --- Labels -------------------------------------------------------------------------------


def test_labels_go_by_name_and_date():
    returns, held = RETURNS.set_axis(DAYS), HELD.set_axis(DAYS)
    tracked = track_risk_contributions(returns, held)
    plain = track_risk_contributions(RETURNS.to_numpy(), HELD.to_numpy())
    mixed = track_risk_contributions(returns, held[held.columns[::-1]])
    assert isinstance(plain.filtered, np.ndarray)
    for part in ("observed", "filtered", "variance"):
        frame = getattr(tracked, part)
        assert frame.index.equals(DAYS)
        assert frame.columns.equals(RETURNS.columns)
        np.testing.assert_array_equal(frame.to_numpy(), getattr(plain, part))
        pd.testing.assert_frame_equal(getattr(mixed, part), frame)


@pytest.mark.parametrize(
    "one_row",
    [
        lambda row: row,
        lambda row: row[::-1],
        lambda row: row.to_frame().T,
        lambda row: row.to_numpy(),
        lambda row: row.to_numpy()[None, :],
        lambda row: row.tolist(),
    ],
)
def test_one_row_of_weights_is_held_in_every_period(one_row):
    row = pd.Series([0.4, 0.3, 0.2, 0.1], RETURNS.columns)
    every = pd.DataFrame([row] * len(RETURNS), index=RETURNS.index)
    expected = track_risk_contributions(RETURNS, every).filtered
    pd.testing.assert_frame_equal(
        track_risk_contributions(RETURNS, one_row(row)).filtered, expected
    )


def test_one_asset_carries_all_risk():
    tracked = track_risk_contributions(RETURNS[["Stocks"]], [1.0])
    np.testing.assert_allclose(tracked.filtered, 1.0, rtol=1e-12)


# --- Refusals -----------------------------------------------------------------------------

STALE, NOTHING, GAP = RETURNS.set_axis(DAYS), HELD.copy(), HELD.copy()
STALE.iloc[:30] = 0.01
NOTHING.iloc[40] = 0.0
GAP.iloc[40] = np.nan


@pytest.mark.parametrize(
    ("returns", "weights", "options", "words"),
    [
        (
            STALE,
            np.full(4, 0.25),
            {},
            "weights: those of 2024-01-29 have no variance in the 20 rows",
        ),
        (RETURNS, np.zeros(4), {}, "weights: those of row 1 sum to zero"),
        (RETURNS, [0.5, -0.5, 0.1, -0.1], {}, "weights: those of row 1 sum to zero"),
        (
            RETURNS,
            NOTHING,
            {},
            "weights: those of row 41 have no variance",
        ),
        (RETURNS, GAP, {}, "weights: value at row 41, Stocks is missing"),
        (RETURNS, HELD[:-1], {}, "weights: date 251 is missing"),
        (RETURNS.to_numpy(), HELD.to_numpy()[:-1], {}, "weights: has 251 rows, not 252"),
        (RETURNS.to_numpy(), HELD.to_numpy()[:, :3], {}, "weights: has 3 columns, not 4"),
        (RETURNS, HELD.rename(columns={"Bonds": "Gold"}), {}, "weights: name Bonds is missing"),
        (RETURNS, [0.5, 0.5], {}, "weights: has 2 values, not 4"),
        (RETURNS, HELD, {"window": 1}, "window: 1 is too small"),
        (RETURNS, HELD, {"process_variance": -1.0}, "process_variance: "),
        (RETURNS, HELD, {"observation_variance": 0.0}, "observation_variance: "),
        (RETURNS, HELD, {"initial_variance": [1.0, 1.0, 1.0, -1.0]}, "initial_variance: "),
        (RETURNS, HELD, {"initial_mean": [0.5, 0.5]}, "initial_mean: has 2 values, not 4"),
    ],
)
def test_refusals(returns, weights, options, words):
    with pytest.raises(InputError) as caught:
        track_risk_contributions(returns, weights, **options)
    assert words in str(caught.value)

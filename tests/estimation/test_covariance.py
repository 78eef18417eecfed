"""Covariances against numpy, pandas, scikit-learn and the papers' formulas written out."""

import numpy as np
import pandas as pd
import pytest
import sklearn.covariance
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.estimation.covariance import KALMAN_FACTOR, METHODS, covariance, covariance_report
from tests.references import table

RETURNS = table("expected_returns_input").select_dtypes("number")
ROWS = RETURNS.to_numpy()
ON_COMPLETE_ROWS = [method for method in METHODS if method != KALMAN_FACTOR]
WITH_GAPS = RETURNS.copy()
WITH_GAPS.iloc[3, 0] = WITH_GAPS.iloc[500, 2] = np.nan


# --- Independent references ---------------------------------------------------------------


def test_sample_equals_numpy_and_pandas():
    np.testing.assert_allclose(covariance(ROWS), np.cov(ROWS.T), rtol=1e-12)
    pd.testing.assert_frame_equal(covariance(RETURNS), RETURNS.cov(), rtol=1e-12)


def test_recorded_sample_covariance():
    recorded = table("risk_parity_covariance").to_numpy()
    np.testing.assert_allclose(covariance(ROWS, window=252), recorded, rtol=1e-12)


def test_ewma_equals_brute_force():
    expected, total = np.zeros((4, 4)), 0.0
    for age, row in enumerate(ROWS[::-1]):
        expected += 0.5 ** (age / 20) * np.outer(row, row)
        total += 0.5 ** (age / 20)
    actual = covariance(ROWS, method="ewma", half_life=20)
    np.testing.assert_allclose(actual, expected / total, rtol=1e-12)


def test_ewma_variances_equal_pandas():
    expected = (RETURNS**2).ewm(halflife=20).mean().iloc[-1]
    actual = np.diag(covariance(ROWS, method="ewma", half_life=20))
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("method", "estimator"),
    [("ledoit_wolf", sklearn.covariance.LedoitWolf), ("oas", sklearn.covariance.OAS)],
)
def test_shrinkage_equals_scikit_learn(method, estimator):
    fitted = estimator().fit(ROWS[-50:])
    report = covariance_report(ROWS, method=method, window=50)
    np.testing.assert_allclose(report.covariance, fitted.covariance_, rtol=1e-12)
    assert report.shrinkage == pytest.approx(fitted.shrinkage_, rel=1e-12)


def test_ledoit_wolf_formula():
    """Ledoit and Wolf (2004), equations 14 to 17: m, d^2, b-bar^2, b^2 and the estimate."""
    rows = ROWS[-40:]
    n, p = rows.shape
    centred = rows - rows.mean(axis=0)
    sample = centred.T @ centred / n
    m = np.trace(sample) / p
    d2 = ((sample - m * np.eye(p)) ** 2).sum() / p
    b2 = sum(((np.outer(x, x) - sample) ** 2).sum() / p for x in centred) / n**2
    shrinkage = min(b2, d2) / d2
    report = covariance_report(rows, method="ledoit_wolf")
    assert report.shrinkage == pytest.approx(shrinkage, rel=1e-9)
    expected = shrinkage * m * np.eye(p) + (1 - shrinkage) * sample
    np.testing.assert_allclose(report.covariance, expected, rtol=1e-9)


def test_oas_formula():
    """Chen et al. (2010), equation 23, with scikit-learn's terms 2 / p left out."""
    rows = ROWS[-40:]
    n, p = rows.shape
    sample = np.cov(rows.T, ddof=0)
    trace, squares = np.trace(sample), np.trace(sample @ sample)
    shrinkage = min(1.0, (squares + trace**2) / ((n + 1) * (squares - trace**2 / p)))
    report = covariance_report(rows, method="oas")
    assert report.shrinkage == pytest.approx(shrinkage, rel=1e-9)
    expected = shrinkage * trace / p * np.eye(p) + (1 - shrinkage) * sample
    np.testing.assert_allclose(report.covariance, expected, rtol=1e-9)


# --- Properties ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    method=st.sampled_from(ON_COMPLETE_ROWS),
    rows=st.integers(2, 40),
    assets=st.integers(1, 6),
    seed=st.integers(0, 1000),
    unit=st.sampled_from([1e-4, 100.0]),
)
def test_semidefinite_and_scales_with_the_returns(method, rows, assets, seed, unit):
    returns = np.random.default_rng(seed).normal(scale=0.01, size=(rows, assets))
    one = covariance_report(returns, method=method)
    two = covariance_report(returns * unit, method=method)
    size = np.abs(one.covariance).max()
    np.testing.assert_allclose(
        two.covariance, one.covariance * unit**2, rtol=1e-9, atol=1e-14 * size * unit**2
    )
    assert two.shrinkage == pytest.approx(one.shrinkage, rel=1e-9, abs=1e-12)
    assert (one.covariance == one.covariance.T).all()
    assert np.linalg.eigvalsh(one.covariance).min() >= -1e-12 * size
    assert 0 <= one.shrinkage <= 1
    assert one.condition_number >= 1
    assert one.rows_used == rows


@pytest.mark.parametrize("method", ON_COMPLETE_ROWS)
def test_rows_with_a_gap_are_left_out(method):
    complete = WITH_GAPS.dropna()
    expected = covariance_report(complete, method=method)
    report = covariance_report(WITH_GAPS, method=method)
    assert report.rows_used == len(complete) == 502
    pd.testing.assert_frame_equal(report.covariance, expected.covariance)


def test_window_counts_rows_with_gaps():
    report = covariance_report(WITH_GAPS, window=10)
    assert report.rows_used == 9
    expected = np.cov(WITH_GAPS.iloc[-10:].dropna().T)
    np.testing.assert_allclose(report.covariance, expected, rtol=1e-12)
    assert covariance_report(RETURNS, window=10_000).rows_used == len(RETURNS)


def test_half_life_is_the_age_of_half_the_weight():
    returns = np.zeros((200, 1))
    returns[-1] = 1.0
    newest = covariance(returns, method="ewma", half_life=5)[0, 0]
    returns[-1], returns[-6] = 0.0, 1.0
    assert covariance(returns, method="ewma", half_life=5)[0, 0] == pytest.approx(newest / 2)


@pytest.mark.parametrize("method", ["sample", "ledoit_wolf", "oas"])
def test_a_constant_has_exactly_no_variance(method):
    returns = np.full((60, 2), 0.01)
    np.testing.assert_array_equal(covariance(returns, method=method), np.zeros((2, 2)))
    assert covariance_report(returns, method=method).condition_number == np.inf


def test_condition_number():
    report = covariance_report(ROWS)
    assert report.condition_number == pytest.approx(np.linalg.cond(np.cov(ROWS.T)), rel=1e-9)
    assert covariance_report(ROWS[:4]).condition_number == np.inf
    assert covariance_report(ROWS[:4]).shrinkage == 0.0


def test_labels_come_back():
    matrix = covariance(RETURNS, method="ledoit_wolf")
    assert matrix.index.equals(RETURNS.columns)
    assert matrix.columns.equals(RETURNS.columns)
    assert isinstance(covariance(ROWS), np.ndarray)


# --- Refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returns", "settings", "words"),
    [
        (ROWS[:1], {}, "returns: has 1 rows without a missing value"),
        (np.full((5, 2), np.nan), {}, "returns: has 0 rows without a missing value"),
        (WITH_GAPS[:4], {"window": 2}, "has 1 rows without a missing value among its last 2"),
        (ROWS, {"method": "shrunk"}, "method: 'shrunk' is not known; use one of sample, ewma, led"),
        (ROWS, {"factors": ROWS}, "factors: are given, but the method sample uses none; leave"),
        (ROWS, {"window": 1}, "window: 1 is too small"),
        (ROWS, {"window": 2.5}, "window: 2.5 is not a whole number"),
        (ROWS, {"half_life": 0.0}, "half_life: 0 is too small"),
        (np.full((5, 2), np.inf), {}, "infinite"),
    ],
)
def test_refusals(returns, settings, words):
    with pytest.raises(InputError) as caught:
        covariance(returns, **settings)
    assert words in str(caught.value)

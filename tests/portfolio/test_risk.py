"""Risk shares against published figures, derivatives of the volatility, and their properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.portfolio.risk import risk_contributions
from tests.references import table

NAMES = ["A", "B", "C"]
DEVIATIONS = np.array([0.30, 0.20, 0.15])
CORRELATIONS = np.array([[1.0, 0.8, 0.5], [0.8, 1.0, 0.3], [0.5, 0.3, 1.0]])
COVARIANCE = CORRELATIONS * np.outer(DEVIATIONS, DEVIATIONS)


def test_published_budgets():
    """Roncalli (2013), Introduction to Risk Parity and Budgeting: budgets 50/20/30 %."""
    shares = risk_contributions([0.3115, 0.2190, 0.4696], COVARIANCE)
    np.testing.assert_allclose(shares, [0.5, 0.2, 0.3], atol=2e-4)


def test_recorded_risk_parity_shares():
    weights = table("risk_parity_weights").to_numpy().ravel()
    covariance = table("risk_parity_covariance").to_numpy()
    recorded = table("risk_parity_contributions").to_numpy().ravel()
    np.testing.assert_allclose(risk_contributions(weights, covariance), recorded, atol=1e-10)


@settings(deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_is_the_elasticity_of_volatility(weights):
    """w_i / vol * d vol / d w_i, by central differences."""
    weights = np.array(weights)
    variance = weights @ COVARIANCE @ weights
    if variance < 1e-4:
        return
    step = 1e-6
    slopes = np.array(
        [
            (
                np.sqrt((weights + step * e) @ COVARIANCE @ (weights + step * e))
                - np.sqrt((weights - step * e) @ COVARIANCE @ (weights - step * e))
            )
            / (2 * step)
            for e in np.eye(3)
        ]
    )
    shares = risk_contributions(weights, COVARIANCE)
    np.testing.assert_allclose(shares, weights * slopes / np.sqrt(variance), atol=1e-5)
    assert shares.sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("unit", [1e-8, 1e4])
def test_units_and_leverage_do_not_matter(unit):
    weights = np.array([0.7, -0.2, 0.5])
    expected = risk_contributions(weights, COVARIANCE)
    np.testing.assert_allclose(
        risk_contributions(weights * 3, COVARIANCE * unit), expected, rtol=1e-12
    )


def test_labels_go_by_name():
    square = pd.DataFrame(COVARIANCE, NAMES, NAMES)
    weights = pd.Series([0.2, 0.3, 0.5], NAMES)
    expected = pd.Series(risk_contributions(weights.to_numpy(), COVARIANCE), NAMES)
    pd.testing.assert_series_equal(risk_contributions(weights[::-1], square), expected)
    pd.testing.assert_series_equal(risk_contributions(weights.to_numpy(), square), expected)
    pd.testing.assert_series_equal(risk_contributions(weights, COVARIANCE), expected)
    assert isinstance(risk_contributions(weights.to_numpy(), COVARIANCE), np.ndarray)


def test_an_asset_that_never_moves_carries_nothing():
    np.testing.assert_array_equal(risk_contributions([0.5, 0.5], np.diag([0.04, 0.0])), [1, 0])


@pytest.mark.parametrize(
    ("weights", "covariance", "words"),
    [
        ([0.0, 0.0], np.eye(2), "weights: the portfolio has no variance"),
        ([0.0, 1.0], np.diag([1.0, 0.0]), "weights: the portfolio has no variance"),
        ([0.1, -0.3], [[0.09, 0.03], [0.03, 0.01]], "weights: the portfolio has no variance"),
        ([0.5, 0.5, 0.0], np.eye(2), "weights: has 3 values, not 2"),
        ([0.5, np.nan], np.eye(2), "weights: value at place 2 is missing"),
        ([0.5, 0.5], [[1.0, 2.0], [2.0, 1.0]], "covariance: is no covariance matrix"),
        (
            pd.Series([1.0, 1.0], ["A", "X"]),
            pd.DataFrame(np.eye(2), ["A", "B"], ["A", "B"]),
            "name B is missing",
        ),
    ],
)
def test_refusals(weights, covariance, words):
    with pytest.raises(InputError) as caught:
        risk_contributions(weights, covariance)
    assert words in str(caught.value)

"""The factor model's covariance against statsmodels, least squares, the truth; refusals."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from kfxl.arrays import FloatArray
from kfxl.errors import InputError, SolverError
from kfxl.estimation.covariance import covariance, covariance_report
from kfxl.estimation.factor_betas import factor_betas
from kfxl.estimation.factor_covariance import FactorModel
from kfxl.portfolio.risk import risk_contributions
from kfxl.portfolio.risk_budgeting import risk_parity_weights
from tests.statespace.regressions import statsmodels_regression

NAMES = ["Gold", "Land", "Bond", "Corn"]


def book(
    assets: int = 4, periods: int = 90, factors: int = 2, moving: float = 0.1, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Returns whose betas walk by ``moving`` a period, and the factors' returns."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.005, 0.04, (periods, factors))
    steps = rng.normal(0, moving, (periods, assets, factors))
    betas = rng.normal(1, 0.3, (assets, factors)) + steps.cumsum(axis=0)
    noise = rng.uniform(0.01, 0.03, assets) * rng.normal(size=(periods, assets))
    return np.einsum("tk,tnk->tn", moves, betas) + noise, moves


def kalman_factor(returns: Any, factors: Any = None, **settings: Any) -> Any:
    return covariance(returns, method="kalman_factor", factors=factors, **settings)


# --- Independent references ---------------------------------------------------------------


def brute_force(returns: FloatArray, factors: FloatArray, window: int) -> FloatArray:
    """Variance of the next returns by statsmodels' forecast states, one pair at a time."""
    given = factor_betas(returns, factors)  # for the maximum-likelihood variances alone
    regressors = np.column_stack([np.ones(len(factors)), factors])
    last = [row for row in factors[-window:] if not np.isnan(row).any()]
    mean = sum(last) / len(last)
    spread = sum(np.outer(row - mean, row - mean) for row in last) / (len(last) - 1)
    size = np.sqrt(np.nanmean(regressors**2, axis=0))
    states, specific = [], []
    for i, r in enumerate(given.observation_variance):
        found = statsmodels_regression(
            returns[:, i],
            regressors,
            transition=1.0,
            process=given.process_variance[i],
            r=r,
            mean=np.zeros(len(size)),
            variance=1e6 * r / size**2,
        )
        ahead = found.predicted_state_cov[:, :, -1]
        h = np.append(1.0, mean)
        states.append(found.predicted_state[1:, -1])
        specific.append(r + h @ ahead @ h + np.trace(ahead[1:, 1:] @ spread))
    size = len(states)
    return np.array(
        [
            [states[i] @ spread @ states[j] + specific[i] * (i == j) for j in range(size)]
            for i in range(size)
        ]
    )


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_equals_brute_force_on_statsmodels_states(count: int, missing: bool) -> None:
    returns, factors = book(factors=count)
    if missing:
        returns[np.random.default_rng(1).random(returns.shape) < 0.1] = np.nan
        factors[[20, 85], 0] = np.nan
    expected = brute_force(returns, factors, 30)
    np.testing.assert_allclose(kalman_factor(returns, factors, window=30), expected, rtol=1e-7)


def still_book() -> tuple[FloatArray, FloatArray]:
    """Returns with constant betas, in which the calibrated filter finds no movement."""
    for seed in range(30):
        returns, _ = book(assets=6, factors=1, moving=0.0, seed=seed)
        index = returns.mean(axis=1, keepdims=True)
        if not factor_betas(returns, index).ratio.any():
            return returns, index
    raise AssertionError("no seed has a ratio of 0")


def test_constant_betas_are_the_single_index_model_of_least_squares() -> None:
    returns, index = still_book()
    matrix = kalman_factor(returns)
    off = ~np.eye(6, dtype=bool)
    # The target of Ledoit and Wolf (2003), "Improved estimation of the covariance matrix of
    # stock returns with an application to portfolio selection": s_im s_jm / s_mm.
    joint = np.cov(np.column_stack([returns, index]).T)
    target = np.outer(joint[:-1, -1], joint[:-1, -1]) / joint[-1, -1]
    np.testing.assert_allclose(matrix[off], target[off], rtol=1e-5)
    # On the diagonal, the variance of the prediction error of least squares.
    periods = len(returns)
    residuals = returns - LinearRegression().fit(index, returns).predict(index)
    variance = (residuals**2).sum(axis=0) / (periods - 2)
    design = np.column_stack([np.ones(periods), index])
    leverage = np.linalg.inv(design.T @ design)
    h = np.array([1.0, index.mean()])
    error = h @ leverage @ h + leverage[1, 1] * joint[-1, -1]
    np.testing.assert_allclose(np.diag(matrix), np.diag(target) + variance * (1 + error), rtol=1e-5)


@pytest.mark.parametrize(("assets", "periods"), [(60, 40), (200, 60)])
def test_many_assets_are_nearer_the_truth_than_without_a_model(assets: int, periods: int) -> None:
    rng = np.random.default_rng(assets)
    betas = rng.normal(1, 0.4, (assets, 2))
    specific = rng.uniform(0.02, 0.06, assets) ** 2
    factors = 0.04 * rng.normal(size=(periods, 2))
    returns = factors @ betas.T + np.sqrt(specific) * rng.normal(size=(periods, assets))
    truth = 0.04**2 * betas @ betas.T + np.diag(specific)
    weights = risk_parity_weights(truth)

    def errors(matrix: FloatArray) -> tuple[float, float]:
        """Of the matrix under the truth's scale, and of its minimum-variance portfolio."""
        held = np.linalg.solve(matrix, np.ones(assets))
        held /= held.sum()
        log = np.log((weights @ matrix @ weights) / (weights @ truth @ weights))
        return abs(log), held @ truth @ held

    model = errors(kalman_factor(returns, factors))
    shrunk = errors(covariance(returns, method="ledoit_wolf"))
    assert model[0] < 0.5
    assert model[1] < shrunk[1]


# --- Properties ---------------------------------------------------------------------------


def test_units_do_not_matter() -> None:
    returns, factors = book()
    one = kalman_factor(returns, factors, window=40)
    np.testing.assert_allclose(kalman_factor(100 * returns, 100 * factors, window=40), 1e4 * one)
    np.testing.assert_allclose(kalman_factor(returns, 100 * factors, window=40), one, rtol=1e-9)
    np.testing.assert_allclose(kalman_factor(100 * returns), 1e4 * kalman_factor(returns))


def test_the_order_of_assets_does_not_matter() -> None:
    returns, factors = book(assets=7)
    order = np.random.default_rng(0).permutation(7)
    for given in (factors, None):
        moved = kalman_factor(returns[:, order], given)
        expected = np.asarray(kalman_factor(returns, given))[np.ix_(order, order)]
        np.testing.assert_allclose(moved, expected, rtol=1e-9)


def test_the_window_limits_the_factors_covariance_alone() -> None:
    returns, factors = book()
    whole = covariance_report(returns, method="kalman_factor", factors=factors).factor_model
    part = covariance_report(returns, method="kalman_factor", window=20, factors=factors)
    np.testing.assert_array_equal(part.factor_model.loadings, whole.loadings)
    np.testing.assert_allclose(part.factor_model.factor_covariance, np.cov(factors[-20:].T))
    assert part.rows_used == 20
    assert part.shrinkage == 0.0
    b, f, d = (np.asarray(x) for x in vars(part.factor_model).values() if np.ndim(x))
    np.testing.assert_allclose(part.covariance, b @ f @ b.T + np.diag(d), rtol=1e-12)
    eigenvalues = np.linalg.eigvalsh(part.covariance)
    assert part.condition_number == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=1e-9)
    assert covariance_report(returns, method="kalman_factor").factor_model is not None
    assert covariance_report(returns).factor_model is None


@pytest.mark.parametrize("periods", [4, 12, 60])
@pytest.mark.parametrize("seed", range(2))
def test_positive_definite_with_more_assets_than_periods(periods: int, seed: int) -> None:
    returns, factors = book(assets=80, periods=periods, seed=seed)
    for given in (factors, None):
        matrix = kalman_factor(returns, given, window=3)
        assert (matrix == matrix.T).all()
        deviation = np.sqrt(np.diag(matrix))
        assert np.linalg.eigvalsh(matrix / np.outer(deviation, deviation))[0] > 0
    shares = risk_contributions(risk_parity_weights(matrix), matrix)
    np.testing.assert_allclose(shares, 1 / 80, atol=1e-10)


def test_missing_returns_are_skipped_and_not_their_rows() -> None:
    returns, factors = book()
    returns[60:, 0] = np.nan  # nothing in the window
    returns[10, 1:3] = returns[30] = np.nan
    report = covariance_report(returns, method="kalman_factor", window=20, factors=factors)
    assert report.rows_used == 20
    others = covariance_report(returns[:, 1:], method="kalman_factor", window=20, factors=factors)
    betas = np.asarray(report.factor_model.loadings)
    np.testing.assert_allclose(betas, factor_betas(returns, factors).latest[:, 1:])
    assert np.abs(betas[1:] - others.factor_model.loadings).max() < 0.2
    # An asset unseen for long is less known: that is part of its variance.
    seen, _ = book()
    known = covariance_report(seen, method="kalman_factor", window=20, factors=factors)
    assert report.factor_model.specific_variance[0] > 1.2 * known.factor_model.specific_variance[0]


def test_the_index_is_the_mean_of_the_returns_that_are_known() -> None:
    returns, _ = book()
    returns[5, 0] = returns[80, 1:] = returns[20] = np.nan
    index = [[np.nan if np.isnan(row).all() else np.nanmean(row)] for row in returns]
    expected = kalman_factor(returns, np.array(index), window=30)
    np.testing.assert_allclose(kalman_factor(returns, window=30), expected, rtol=1e-9)


# --- Labels and refusals ------------------------------------------------------------------


def test_labels_come_back_and_dates_are_aligned() -> None:
    returns, factors = book()
    dates = pd.bdate_range("2020-01-01", periods=len(returns))
    left = pd.DataFrame(returns, dates, NAMES)
    right = pd.DataFrame(factors, dates, ["Market", "Size"])
    report = covariance_report(left, method="kalman_factor", factors=right.iloc[::-1])
    np.testing.assert_array_equal(report.covariance, kalman_factor(returns, factors))
    for axis in (report.covariance.index, report.covariance.columns):
        assert list(axis) == NAMES
    assert list(report.factor_model.loadings.columns) == ["Market", "Size"]
    assert list(report.factor_model.factor_covariance.index) == ["Market", "Size"]
    assert list(report.factor_model.specific_variance.index) == NAMES
    alone = covariance_report(left, method="kalman_factor").factor_model
    assert list(alone.loadings.columns) == ["index"]
    unnamed = covariance_report(left, method="kalman_factor", factors=factors).factor_model
    assert list(unnamed.loadings.columns) == ["factor 1", "factor 2"]
    assert isinstance(kalman_factor(returns, right), np.ndarray)
    with pytest.raises(InputError, match=r"factors: date .* is missing"):
        kalman_factor(left, right.iloc[1:])


def replaced(column: Any) -> FloatArray:
    returns, _ = book()
    returns[:, 1] = column
    return returns


RETURNS, FACTORS = book()
FEW = np.where(np.arange(90) < 3, 0.01 * np.arange(90), np.nan)


@pytest.mark.parametrize(
    ("returns", "factors", "settings", "words"),
    [
        (RETURNS, FACTORS[1:], {}, "factors: has 89 rows, not 90"),
        (RETURNS, 0 * FACTORS, {}, "factors: factor 1 is always 0; leave that factor out"),
        (RETURNS, np.nan * FACTORS, {}, "factors: has 0 rows without a missing value"),
        (RETURNS, FACTORS, {"window": 1}, "window: 1 is too small"),
        (RETURNS, FACTORS, {"half_life": 0}, "half_life: 0 is too small"),
        (RETURNS, FACTORS, {"method": "oas"}, "factors: are given, but the method oas uses none"),
        (RETURNS[:, :1], None, {}, "returns: has one asset, which would be its own index"),
        (RETURNS[:1], FACTORS[:1], {}, "factors: has 1 rows without a missing value"),
        (RETURNS[:1], None, {}, "returns: has 1 rows without a missing value"),
        (0 * RETURNS, None, {}, "returns: have a mean over the assets that is always 0"),
        (
            np.outer(RETURNS[:, 0], [1, -1]),
            None,
            {},
            "returns: have a mean over the assets that is always 0",
        ),
        (replaced(0.02), FACTORS, {}, "returns: asset 2 is constant or an exact combination"),
        (replaced(FACTORS[:, 0]), FACTORS, {}, "leave it out, or use another method"),
        (replaced(np.nan), None, {}, "returns: asset 2 has no usable values; leave it out"),
        (replaced(FEW), FACTORS, {}, "returns: asset 2 has 3 usable values; leave it out"),
    ],
)
def test_refusals(returns: Any, factors: Any, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        covariance(returns, **{"method": "kalman_factor", "factors": factors} | settings)
    assert words in str(caught.value)


def test_a_model_that_leaves_nothing_is_no_answer() -> None:
    with pytest.raises(SolverError, match="give fewer factors, or use another method"):
        FactorModel(np.ones((3, 1)), np.eye(1), np.zeros(3), 2).matrix()

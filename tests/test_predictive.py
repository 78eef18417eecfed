"""Predictions out of sample and their scores, against joint densities and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from kfxl.arrays import FloatArray
from tests.benchmarks.predictive import (
    Data,
    Parameters,
    Predictions,
    filtered,
    least_squares,
    log_score_gain,
    squared_error_ratio,
)


def moving(rows: int = 60, *, factors: int = 1, start: int = 30, every: int = 7) -> Data:
    """Returns of three assets on factors, with loadings that move."""
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(rows), 0.04 * rng.normal(size=(rows, factors))])
    steps = rng.normal(size=(rows, 3, factors + 1)) * [0.001, *[0.1] * factors]
    loads = np.array([0.002, *[1.0] * factors]) + steps.cumsum(axis=0)
    returns = np.einsum("tnk,tk->tn", loads, x) + [0.02, 0.01, 0.03] * rng.normal(size=(rows, 3))
    return Data("moving", returns, x, start, every)


def by_variance(data: Data) -> Parameters:
    """Parameters that differ by asset and refit, from all that has been seen."""
    r = data.returns.var(axis=0)
    states = data.regressors.shape[1]
    centre = data.returns.mean(axis=0)[:, None] * np.arange(1, states + 1)
    return Parameters(
        transition=0.9 + len(data.returns) / 1000,
        process=r[:, None] * 0.02 * np.arange(1, states + 1),
        observation=r,
        centre=centre,
        mean=centre / 2 + 0.1,
        variance=np.full_like(centre, 0.3),
    )


def joint_gaussian(data: Data, row: int, asset: int, p: Parameters) -> tuple[float, float]:
    """Mean and variance of a return given all before it, from the joint density of them all."""
    rows, f = row + 1, p.transition
    x, c, b = data.regressors[:rows], p.centre[asset], p.mean[asset]
    lag = np.arange(1, rows + 1)
    mean = np.array([x[t] @ (c + f ** (t + 1) * (b - c)) for t in range(rows)])
    covariance = p.observation[asset] * np.eye(rows)
    for i in range(rows):
        for j in range(rows):
            steps = sum(f ** (i - k) * f ** (j - k) for k in range(min(i, j) + 1))
            state = f ** (lag[i] + lag[j]) * p.variance[asset] + steps * p.process[asset]
            covariance[i, j] += x[i] * state @ x[j]
    known, cross = covariance[:row, :row], covariance[row, :row]
    gain = np.linalg.solve(known, cross)
    seen = data.returns[:row, asset] - mean[:row]
    return mean[row] + gain @ seen, covariance[row, row] - gain @ cross


@pytest.mark.parametrize("factors", [0, 2])
def test_predictions_are_those_of_the_joint_density_at_the_last_refit(factors: int) -> None:
    data = moving(14, factors=factors, start=5, every=4)
    found = filtered(data, by_variance)
    assert found.mean.shape == found.variance.shape == (9, 3)
    for row in range(5, 14):
        settled = by_variance(data.before(5 + (row - 5) // 4 * 4))
        for asset in range(3):
            mean, variance = joint_gaussian(data, row, asset, settled)
            assert found.mean[row - 5, asset] == pytest.approx(mean, rel=1e-10)
            assert found.variance[row - 5, asset] == pytest.approx(variance, rel=1e-10)


@pytest.mark.parametrize("window", [None, 12])
@pytest.mark.parametrize("recent", [False, True])
def test_least_squares_is_that_of_statsmodels(window: int | None, recent: bool) -> None:
    data = moving(factors=2, every=100)
    found = least_squares(data, window, recent=recent)
    asset, m = 1, 3
    settled: dict[int, float] = {}
    errors = []
    for row in range(2 * m, 60):
        rows = slice(max(0, row - (window or row)), row)
        fit = sm.OLS(data.returns[rows, asset], data.regressors[rows]).fit()
        ahead = fit.get_prediction(data.regressors[row])
        leverage = ahead.var_pred_mean[0] / fit.scale + 1
        settled[row] = fit.scale if window is None or recent else np.mean(errors or [np.nan])
        errors.append((data.returns[row, asset] - ahead.predicted_mean[0]) ** 2 / leverage)
        if row >= 30:
            variance = settled[row if recent else 30] * leverage
            assert found.mean[row - 30, asset] == pytest.approx(ahead.predicted_mean[0])
            assert found.variance[row - 30, asset] == pytest.approx(variance)


def test_scores_are_averages_of_densities_and_errors() -> None:
    data = moving()
    found, base = filtered(data, by_variance), least_squares(data)
    actual = data.returns[30:]

    def density(p: Predictions) -> FloatArray:
        return np.asarray(stats.norm.logpdf(actual, p.mean, np.sqrt(p.variance)))

    gains = density(found) - density(base)
    assert log_score_gain(data, found, base).value == pytest.approx(gains.mean())
    check_error(log_score_gain(data, found, base).error, gains.mean(axis=1))
    errors, of_base = ((actual - p.mean) ** 2 / base.variance for p in (found, base))
    ratio = squared_error_ratio(data, found, base)
    assert ratio.value == pytest.approx(errors.mean() / of_base.mean())
    check_error(ratio.error, (errors - ratio.value * of_base).mean(axis=1) / of_base.mean())
    assert squared_error_ratio(data, base, base).error == 0


def check_error(error: float, dates: FloatArray) -> None:
    """Against statsmodels' standard error of a mean, lags up to 1.3 sqrt(T)."""
    lags = int(np.ceil(1.3 * np.sqrt(len(dates)))) - 1
    fit = sm.OLS(dates, np.ones(len(dates))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
    )
    assert error == pytest.approx(fit.bse[0])

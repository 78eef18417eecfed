"""What fitted filters say of themselves, against statsmodels and the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.diagnostic import acorr_ljungbox

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.expected_returns import ExpectedReturns, expected_returns
from kfxl.estimation.factor_betas import FactorBetas, factor_betas
from tests.statespace.regressions import statsmodels_regression

ASSETS = 10
Fitted = ExpectedReturns | FactorBetas


def data(missing: float = 0.0, reversion: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Returns whose means and betas wander, and those of two factors."""
    rng = np.random.default_rng(12)
    steps = rng.normal(size=(150, ASSETS, 3)) * [0.003, 0.1, 0.1]
    steps *= 1.0 if reversion == 1 else 5.0
    states = np.zeros_like(steps)
    for t in range(1, 150):
        states[t] = reversion * states[t - 1] + steps[t]
    factors = 0.03 * rng.normal(size=(150, 2))
    regressors = np.column_stack([np.ones(150), factors])
    returns = np.einsum("tk,tnk->tn", regressors, states) + 0.02 * rng.normal(size=(150, ASSETS))
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns, factors


def fit(kind: str, missing: float = 0.0, **settings: Any) -> Fitted:
    returns, factors = data(missing)
    if kind == "means":
        return expected_returns(returns, **settings)
    return factor_betas(returns, factors, **settings)


def reference(found: Fitted, i: int, ahead: int = 0) -> Any:
    """statsmodels' result for one asset with the variances that were found."""
    model = found._model
    nothing = np.full(ahead, np.nan)
    more = np.ones((ahead, model.regressors.shape[1]))
    return statsmodels_regression(
        np.concatenate([model.observations[:, i], nothing]),
        np.concatenate([model.regressors, more]),
        transition=found.transition,
        process=model.process_variance[i],
        r=model.observation_variance[i],
        mean=model.initial_mean[i],
        variance=model.initial_variance[i],
    )


@pytest.mark.parametrize("kind", ["means", "betas"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_innovations_equal_statsmodels(kind: str, missing: float) -> None:
    found = fit(kind, missing)
    innovations = np.asarray(found.innovations())
    states = found._model.regressors.shape[1]
    for i in range(ASSETS):
        result = reference(found, i)
        seen = np.flatnonzero(~np.isnan(result.forecasts_error[0]))[states:]
        assert np.flatnonzero(~np.isnan(innovations[:, i])).tolist() == seen.tolist()
        expected = result.standardized_forecasts_error[0, seen]
        np.testing.assert_allclose(innovations[seen, i], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", ["means", "betas"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_whiteness_equals_statsmodels(kind: str, missing: float) -> None:
    found = fit(kind, missing)
    innovations, tests = np.asarray(found.innovations()), found.whiteness(7)
    for i in range(ASSETS):
        values = innovations[:, i]
        expected = acorr_ljungbox(values[~np.isnan(values)], lags=[7]).iloc[0]
        assert tests["statistic"][i] == pytest.approx(expected["lb_stat"], rel=1e-9)
        assert tests["p_value"][i] == pytest.approx(expected["lb_pvalue"], rel=1e-9)


def test_whiteness_tells_a_right_model_from_a_wrong_one() -> None:
    constant = fit("betas", process_variance=0.0)
    assert (fit("betas").whiteness()["p_value"] < 0.01).sum() <= 1
    assert (constant.whiteness()["p_value"] < 0.01).sum() >= 5


def test_whiteness_of_too_few_values_is_unknown() -> None:
    found = expected_returns(data()[0][:8])
    assert found.whiteness(10).isna().all(axis=None)
    with pytest.raises(InputError, match="lags: 0 is too small"):
        found.whiteness(0)


@pytest.mark.parametrize("kind", ["means", "betas"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_information_equals_statsmodels(kind: str, missing: float) -> None:
    found = fit(kind, missing)
    states = found._model.regressors.shape[1]
    likelihood, count = 0.0, 0
    for i in range(ASSETS):
        result = reference(found, i)
        seen = np.flatnonzero(~np.isnan(result.forecasts_error[0]))[states:]
        likelihood += result.llf_obs[seen].sum()
        count += len(seen)
    information = found.information
    assert information["log_likelihood"] == pytest.approx(likelihood, rel=1e-9)
    assert found.calibration is not None
    assert found.calibration["log_likelihood"].sum() == pytest.approx(likelihood, rel=1e-9)
    assert information["observations"] == count
    assert information["aic"] == pytest.approx(2 * 11 - 2 * likelihood)
    assert information["bic"] == pytest.approx(11 * np.log(count) - 2 * likelihood)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({}, 11),
        ({"calibration": "per-asset"}, 20),
        ({"transition": None}, 12),
        ({"process_variance": 1e-6}, 10),
        ({"observation_variance": 1e-4}, 1),
        ({"process_variance": 1e-6, "observation_variance": 1e-4}, 0),
    ],
)
def test_parameters_are_those_estimated(settings: dict[str, Any], count: int) -> None:
    assert fit("means", **settings).information["parameters"] == count


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_forecasts_equal_statsmodels(missing: float) -> None:
    means = fit("means", missing, transition=0.9, long_run_mean=0.01)
    ahead = means.forecasts(5)
    for i in range(ASSETS):
        result = reference(means, i, ahead=5)
        expected = result.filtered_state[0, -5:] + 0.01
        np.testing.assert_allclose(ahead.mean[:, i], expected, rtol=1e-6)
        spread = result.filtered_state_cov[0, 0, -5:]
        np.testing.assert_allclose(ahead.mean_variance[:, i], spread, rtol=1e-6)
        np.testing.assert_allclose(
            ahead.return_variance[:, i], result.forecasts_error_cov[0, 0, -5:], rtol=1e-6
        )
    np.testing.assert_allclose(ahead.mean[0], means.forecast, rtol=1e-13)
    betas = fit("betas", missing, transition=0.9)
    further = betas.forecasts(5)
    for i in range(ASSETS):
        result = reference(betas, i, ahead=5)
        np.testing.assert_allclose(
            further.loadings[:, i], result.filtered_state.T[-5:], rtol=1e-6, atol=1e-12
        )
        spread = result.filtered_state_cov.diagonal(axis1=0, axis2=1)[-5:]
        np.testing.assert_allclose(further.standard_errors[:, i], np.sqrt(spread), rtol=1e-6)


def test_bands_hold_what_they_say() -> None:
    means, betas = fit("means"), fit("betas")
    low, high = means.band(0.95)
    np.testing.assert_allclose((low + high) / 2, means.mean)
    half = 1.959963984540054 * np.sqrt(np.asarray(means.variance))
    np.testing.assert_allclose(high - means.mean, half, rtol=1e-12)
    lower, upper = betas.band(0.5)
    errors = np.asarray(betas.standard_errors)
    np.testing.assert_allclose(upper - lower, 2 * 0.674489750196082 * errors, rtol=1e-12)
    for level, words in ((0.0, "too small"), (1.0, "too large"), ("x", "not a number")):
        with pytest.raises(InputError, match=f"level: .*{words}"):
            means.band(level)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="horizon: 0 is too small"):
        betas.forecasts(0)


@pytest.mark.parametrize("kind", ["means", "betas"])
def test_a_transition_found_reproduces_the_fit(kind: str) -> None:
    returns, factors = data(reversion=0.9)
    inputs = (returns,) if kind == "means" else (returns, factors)
    estimate: Any = expected_returns if kind == "means" else factor_betas
    found = estimate(*inputs, transition=None)
    assert 0.8 < found.transition < 0.97
    again = estimate(
        *inputs,
        transition=found.transition,
        process_variance=found.process_variance,
        observation_variance=found.observation_variance,
    )
    assert again.calibration is None
    np.testing.assert_allclose(again.log_likelihood, found.log_likelihood, rtol=1e-11)
    assert found.information["log_likelihood"] > estimate(*inputs).information["log_likelihood"]
    assert found.information["aic"] < estimate(*inputs).information["aic"]


def test_labels_of_all_reports() -> None:
    returns, factors = data(0.05)
    days = pd.date_range("2020-01-01", periods=150)
    names = [f"asset {i}" for i in range(ASSETS)]
    frame = pd.DataFrame(returns, days, names)
    means = expected_returns(frame, history=False)
    betas = factor_betas(frame, pd.DataFrame(factors, days, ["x", "y"]), history=False)
    for found in (means, betas):
        assert found.innovations().index.equals(days)
        assert list(found.whiteness().index) == names
        assert found.calibration is not None
        assert list(found.calibration.index) == names
        assert list(found.calibration.columns) == [
            *("sought", "standard_error", "at_bound", "gain", "log_likelihood")
        ]
        assert set(found.calibration["sought"]) == {"ratio"}
        assert found.band()[0].index.tolist() == [days[-1]]
    ahead = means.forecasts(3).mean
    assert list(ahead.index) == [1, 2, 3]
    assert list(ahead.columns) == names
    assert list(betas.forecasts(2).loadings.columns.names) == ["asset", "factor"]

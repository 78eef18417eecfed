"""Expected returns: textbook numbers, statsmodels, definitions, units, labels, failures."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.expected_returns import expected_returns
from kfxl.statespace import StateSpace, kalman_filter, smooth
from tests.references import table

TEXTBOOK: dict[str, Any] = {
    "transition": 0.99,
    "process_variance": 0.001,
    "observation_variance": 0.01,
    "initial_variance": 1,
}


def wandering(seed: int = 3, periods: int = 240, assets: int = 4) -> FloatArray:
    """Returns whose means are random walks with ratio 0.01."""
    rng = np.random.default_rng(seed)
    steps = 0.1 * rng.normal(size=(periods, assets))
    return (
        0.02
        * np.linspace(1, 2, assets)
        * (steps.cumsum(axis=0) + rng.normal(size=(periods, assets)))
    )


def test_textbook_means_and_variances() -> None:
    result = expected_returns(table("expected_returns_input"), **TEXTBOOK)
    mean, variance = (table(f"expected_returns_filtered_{name}") for name in ("mean", "variance"))
    assert (result.mean - mean).abs().max(axis=None) < 1e-12
    assert (result.variance - variance).abs().max(axis=None) < 1e-12


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_equals_the_general_filter_and_smoother(calibration: str, missing: float) -> None:
    returns = wandering()
    returns[np.random.default_rng(0).random(returns.shape) < missing] = np.nan
    result = expected_returns(
        returns, calibration=calibration, transition=0.98, long_run_mean=0.01, initial_mean=0.02
    )
    smoothed = result.smoothed()
    for i, (q, r) in enumerate(
        zip(result.process_variance, result.observation_variance, strict=True)
    ):
        model = StateSpace([[0.98]], [[1.0]], [[q]], [[r]], [0.01], [[1e6 * r]])
        reference = kalman_filter(model, returns[:, [i]] - 0.01)
        close = np.testing.assert_allclose
        close(result.mean[:, i], reference.filtered_mean[:, 0] + 0.01, atol=1e-9)
        close(result.variance[:, i], reference.filtered_covariance[:, 0, 0], rtol=1e-8)
        close(result.log_likelihood[i], reference.log_likelihood, rtol=1e-9)
        back = smooth(model, returns[:, [i]] - 0.01)
        close(smoothed.mean[:, i], back.smoothed_mean[:, 0] + 0.01, atol=1e-9)
        close(smoothed.variance[:, i], back.smoothed_covariance[:, 0, 0], rtol=1e-6)


def test_ratio_per_asset_equals_statsmodels_local_level() -> None:
    returns = wandering() * 100
    result = expected_returns(returns, calibration="per-asset")
    for i in range(4):
        model = UnobservedComponents(returns[:, i], "local level")
        fitted = model.fit(disp=False, method="nm", maxiter=2000, xtol=1e-8, ftol=1e-12)
        irregular, level = fitted.params
        assert result.observation_variance[i] == pytest.approx(irregular, rel=1e-3)
        assert result.process_variance[i] == pytest.approx(level, rel=1e-2)


def test_pooled_is_one_ratio() -> None:
    result = expected_returns(wandering())
    assert np.ptp(result.ratio) <= 1e-15
    assert 0.003 < result.ratio[0] < 0.03
    assert np.ptp(result.observation_variance) > 0


def test_noise_alone_gives_expanding_averages() -> None:
    returns = np.random.default_rng(4).normal(0.01, 0.05, size=(240, 3))
    result = expected_returns(returns)
    assert not np.any(result.ratio)
    average = returns.cumsum(axis=0) / np.arange(1, 241)[:, None]
    np.testing.assert_allclose(result.mean, average, rtol=1e-5)
    np.testing.assert_allclose(result.forecast, returns.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(result.observation_variance, returns.var(axis=0, ddof=1), rtol=1e-6)


def test_the_threshold_keeps_means_constant_on_noise() -> None:
    kept = 0
    for seed in range(40):
        returns = np.random.default_rng(seed).normal(size=(120, 1))
        kept += int(not np.any(expected_returns(returns).ratio))
    assert kept >= 34  # 5 % error level: 38 expected of 40


def test_forecast_is_one_step_ahead() -> None:
    returns = wandering()
    result = expected_returns(
        returns,
        transition=0.9,
        long_run_mean=0.01,
        process_variance=1e-4,
        observation_variance=0.01,
    )
    np.testing.assert_allclose(result.forecast, 0.01 + 0.9 * (result.mean[-1] - 0.01))
    np.testing.assert_allclose(result.forecast_mean_variance, 0.81 * result.variance[-1] + 1e-4)
    np.testing.assert_allclose(
        result.forecast_variance, np.asarray(result.forecast_mean_variance) + 0.01
    )
    longer = expected_returns(
        np.vstack([returns, np.full((1, 4), np.nan)]),
        transition=0.9,
        long_run_mean=0.01,
        process_variance=1e-4,
        observation_variance=0.01,
    )
    np.testing.assert_allclose(longer.mean[-1], result.forecast, rtol=1e-12)


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
@pytest.mark.parametrize("seed", range(5))
def test_units_do_not_matter(calibration: str, seed: int) -> None:
    returns = wandering(seed, periods=60)
    one = expected_returns(returns, calibration=calibration)
    hundred = expected_returns(returns * 100, calibration=calibration)
    np.testing.assert_allclose(hundred.mean, one.mean * 100, rtol=1e-9)
    np.testing.assert_allclose(hundred.variance, one.variance * 1e4, rtol=1e-9)
    np.testing.assert_allclose(hundred.ratio, one.ratio, rtol=1e-9)
    np.testing.assert_allclose(hundred.smoothed().mean, one.smoothed().mean * 100, rtol=1e-8)


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
def test_reported_variances_reproduce_the_fit(calibration: str) -> None:
    returns = pd.DataFrame(wandering(), columns=list("abcd"))
    first = expected_returns(returns, calibration=calibration)
    again = expected_returns(
        returns,
        process_variance=first.process_variance,
        observation_variance=first.observation_variance,
    )
    pd.testing.assert_frame_equal(again.mean, first.mean, rtol=1e-12)
    pd.testing.assert_series_equal(again.log_likelihood, first.log_likelihood, rtol=1e-12)


def test_labels_in_labels_out() -> None:
    dates = pd.date_range("2000-01-31", periods=240, freq="ME")
    returns = pd.DataFrame(wandering(), dates, list("abcd"))
    q = pd.Series([1e-4, 2e-4, 3e-4, 4e-4], list("abcd"))
    result = expected_returns(returns, process_variance=q[list("dbca")])
    assert result.mean.index.equals(dates)
    assert list(result.forecast.index) == list("abcd")
    pd.testing.assert_series_equal(result.process_variance, q)
    assert result.fitted_through == dates[-1]
    assert result.smoothed().mean.shape == (240, 4)
    plain = expected_returns(wandering())
    assert isinstance(plain.mean, np.ndarray)
    assert plain.fitted_through == 239


def test_only_the_asset_with_missing_returns_changes_when_variances_are_given() -> None:
    returns = wandering()
    holes = returns.copy()
    holes[5:10, 1] = np.nan
    full, part = expected_returns(returns, **TEXTBOOK), expected_returns(holes, **TEXTBOOK)
    np.testing.assert_allclose(part.mean[:, [0, 2, 3]], full.mean[:, [0, 2, 3]], atol=1e-15)
    np.testing.assert_allclose(part.mean[5:10, 1], full.mean[4, 1] * 0.99 ** np.arange(1, 6))
    assert np.isfinite(part.mean).all()


def test_given_variances_need_no_data() -> None:
    returns = wandering()
    returns[:, 2] = np.nan
    returns[:, 3] = 0.0
    result = expected_returns(returns, **TEXTBOOK)
    assert not result.mean[:, 2].any()
    assert result.log_likelihood[2] == 0
    assert np.isfinite(result.forecast_variance).all()


def column(index: int, values: Any) -> FloatArray:
    returns = wandering()
    returns[:, index] = values
    return returns


ONE_VALUE = np.where(np.arange(240) == 7, 0.01, np.nan)


@pytest.mark.parametrize(
    ("returns", "settings", "words"),
    [
        (column(1, 0.01), {}, "returns: asset 2 never changes"),
        (column(1, 0.0), {}, "returns: asset 2 never changes"),
        (column(1, 0.0), {"process_variance": 0.0}, "returns: asset 2 never changes"),
        (column(2, np.nan), {}, "returns: asset 3 has no usable values"),
        (column(2, ONE_VALUE), {}, "returns: asset 3 has 1 usable value;"),
        (column(0, np.inf), {}, "returns: value at row 1, column 1 is infinite"),
        (wandering(), {"calibration": "best"}, "calibration: 'best' is not known"),
        (wandering(), {"transition": 1.5}, "transition: 1.5 is too large"),
        (wandering(), {"transition": -2}, "transition: -2 is too small"),
        (wandering(), {"process_variance": -1e-9}, "process_variance: that of asset 1 is negative"),
        (wandering(), {"observation_variance": [1, 1, 0, 1]}, "that of asset 3 is not positive"),
        (wandering(), {"initial_variance": -1}, "initial_variance: that of asset 1 is negative"),
        (wandering(), {"initial_mean": [0, 1]}, "initial_mean: has 2 values, not 4"),
        (wandering(), {"long_run_mean": "zero"}, "long_run_mean: 'zero' is not a number"),
        (np.zeros((0, 2)), {}, "returns: has 0 rows"),
    ],
)
def test_failures_name_the_argument(
    returns: FloatArray, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        expected_returns(returns, **settings)
    assert words in str(caught.value)


def test_two_returns_are_enough() -> None:
    result = expected_returns(np.array([[0.01], [0.03]]))
    np.testing.assert_allclose(result.forecast, [0.02], rtol=1e-5)
    assert not np.any(result.ratio)

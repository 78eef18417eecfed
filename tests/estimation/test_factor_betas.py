"""Factor betas: textbook numbers, true loadings, least squares, units, labels, failures."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.factor_betas import FactorBetas, factor_betas
from kfxl.statespace import StateSpace, kalman_filter, smooth
from tests.references import record, table

FACTORS = ["Market", "Size", "Value"]


def golden() -> tuple[pd.DataFrame, pd.DataFrame]:
    return table("factor_betas_asset_returns"), table("factor_betas_factor_returns")


def textbook() -> FactorBetas:
    start = table("factor_betas_initial_state").to_numpy().reshape(5, 4)
    return factor_betas(
        *golden(),
        transition=0.99,
        process_variance=1e-5,
        observation_variance=0.01,
        initial_mean=start,
        initial_variance=0.1,
    )


def simulated(
    seed: int, *, periods: int = 240, assets: int = 12, ratio: float = 1e-3
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Returns of assets and factors, true loadings, process and observation variances."""
    rng = np.random.default_rng(seed)
    volatility = np.array([0.045, 0.03, 0.03])
    factors = volatility * rng.normal(size=(periods, 3))
    r = rng.uniform(0.01, 0.04, size=assets) ** 2
    scale = np.concatenate([[1.0], volatility])
    q = ratio * r[:, None] / scale**2
    start = np.column_stack([np.zeros(assets), rng.normal([1, 0, 0], 0.4, size=(assets, 3))])
    loadings = start + (np.sqrt(q) * rng.normal(size=(periods, assets, 4))).cumsum(axis=0)
    regressors = np.column_stack([np.ones(periods), factors])
    noise = np.sqrt(r) * rng.normal(size=(periods, assets))
    return np.einsum("tk,tnk->tn", regressors, loadings) + noise, factors, loadings, q, r


def test_textbook_loadings_and_covariance() -> None:
    result = textbook()
    expected = table("factor_betas_filtered_mean").to_numpy()
    assert abs(result.loadings.to_numpy() - expected).max() < 1e-12
    covariance = table("factor_betas_final_covariance_first_asset").to_numpy()
    assert abs(result.latest_covariance[0] - covariance).max() < 1e-12
    errors = result.standard_errors.to_numpy()[-1].reshape(5, 4)
    np.testing.assert_allclose(errors[0], np.sqrt(covariance.diagonal()), rtol=1e-10)


def test_textbook_predictions_and_contributions() -> None:
    result, last = textbook(), golden()[1].iloc[-1]
    recorded = record("factor_betas_last")
    expected = recorded["predict_returns at last factors"]
    assert abs(result.predict(last).to_numpy() - expected).max() < 1e-12
    contributions = result.contributions(last[FACTORS[::-1]])
    expected = list(recorded["contributions asset 0 at last factors"].values())
    assert abs(contributions.iloc[0].to_numpy() - expected).max() < 1e-12
    assert list(contributions.columns) == ["alpha", *FACTORS]
    pd.testing.assert_series_equal(contributions.sum(axis=1), result.predict(last))


def test_defaults_find_the_true_loadings() -> None:
    """The README's figures: errors of the default, of least squares and of the textbook."""
    true = table("factor_betas_true").to_numpy().reshape(5, 4)[:, 1:]
    returns, factors = golden()
    regressors = np.column_stack([np.ones(len(factors)), factors])
    least_squares = np.linalg.lstsq(regressors, returns.to_numpy(), rcond=None)[0].T
    found = factor_betas(returns, factors).latest.to_numpy(), least_squares, textbook().latest
    errors = [np.sqrt(((np.asarray(b)[:, 1:] - true) ** 2).mean()) for b in found]
    assert [round(error, 3) for error in errors] == [0.071, 0.067, 0.639]


def test_simulated_betas_are_tracked_as_with_the_true_variances() -> None:
    ratios = []
    for seed in range(40):
        returns, factors, loadings, q, r = simulated(seed)
        found = factor_betas(returns, factors)
        known = factor_betas(returns, factors, process_variance=q, observation_variance=r)
        errors = [
            np.sqrt(((b.loadings - loadings)[24:, :, 1:] ** 2).mean()) for b in (found, known)
        ]
        ratios.append(errors)
    median = np.median(ratios, axis=0)
    assert median[0] <= 1.1 * median[1]


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
@pytest.mark.parametrize("missing", [False, True])
def test_equals_the_general_filter_and_smoother(calibration: str, missing: bool) -> None:
    returns, factors, *_ = simulated(1, periods=60, assets=3)
    if missing:
        returns[np.random.default_rng(2).random(returns.shape) < 0.1] = np.nan
    result = factor_betas(returns, factors, calibration=calibration, transition=0.98)
    smoothed = result.smoothed()
    scale = np.concatenate([[1.0], np.sqrt((factors**2).mean(axis=0))])
    regressors = np.column_stack([np.ones(60), factors])[:, None, :]
    for i, r in enumerate(result.observation_variance):
        q = np.asarray(result.process_variance)[i]
        np.testing.assert_allclose(q, result.ratio[i] * r / scale**2, rtol=1e-12)
        model = StateSpace(
            0.98 * np.eye(4),
            regressors,
            np.diag(q),
            [[r]],
            np.zeros(4),
            np.diag(1e6 * r / scale**2),
        )
        reference = kalman_filter(model, returns[:, [i]])
        close = np.testing.assert_allclose
        close(result.loadings[:, i], reference.filtered_mean, atol=1e-7)
        close(result.loadings[-1, i], reference.filtered_mean[-1], atol=1e-9)
        close(result.log_likelihood[i], reference.log_likelihood, rtol=1e-8)
        back = smooth(model, returns[:, [i]])
        close(smoothed.loadings[:, i], back.smoothed_mean, atol=1e-6)


def test_ratio_zero_is_least_squares() -> None:
    returns, factors, *_ = simulated(3, ratio=0.0)
    result = factor_betas(returns, factors, process_variance=0.0)
    regressors = np.column_stack([np.ones(240), factors])
    expected, squares, *_ = np.linalg.lstsq(regressors, returns, rcond=None)
    np.testing.assert_allclose(result.latest, expected.T, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(result.observation_variance, squares / 236, rtol=1e-5)
    assert not np.any(result.ratio)


def test_ratio_zero_is_reached_where_loadings_are_constant() -> None:
    zeros = sum(
        not np.any(factor_betas(*simulated(seed, ratio=0.0)[:2]).ratio) for seed in range(10)
    )
    assert zeros >= 4


def test_pooled_is_one_ratio_near_the_truth() -> None:
    result = factor_betas(*simulated(5)[:2])
    assert np.ptp(result.ratio) <= 1e-15
    assert 3e-4 < result.ratio[0] < 3e-3
    apart = factor_betas(*simulated(5)[:2], calibration="per-asset")
    assert np.ptp(apart.ratio) > 0


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
@pytest.mark.parametrize("seed", range(4))
def test_units_do_not_matter(calibration: str, seed: int) -> None:
    returns, factors, *_ = simulated(seed, periods=60, assets=4)
    one = factor_betas(returns, factors, calibration=calibration)
    hundred = factor_betas(100 * returns, 100 * factors, calibration=calibration)
    scale = np.array([100.0, 1.0, 1.0, 1.0])
    largest = abs(one.loadings).max(axis=(0, 1))
    assert (abs(hundred.loadings / scale - one.loadings) <= 1e-9 * largest).all()
    np.testing.assert_allclose(hundred.latest, one.latest * scale, rtol=1e-9)
    np.testing.assert_allclose(hundred.standard_errors, one.standard_errors * scale, rtol=1e-9)
    np.testing.assert_allclose(hundred.ratio, one.ratio, rtol=1e-9)
    np.testing.assert_allclose(hundred.process_variance, one.process_variance * scale**2, rtol=1e-9)
    np.testing.assert_allclose(
        hundred.smoothed().standard_errors, one.smoothed().standard_errors * scale, rtol=1e-8
    )


@pytest.mark.parametrize("calibration", ["pooled", "per-asset"])
def test_reported_variances_reproduce_the_fit(calibration: str) -> None:
    first = factor_betas(*golden(), calibration=calibration)
    again = factor_betas(
        *golden(),
        process_variance=first.process_variance,
        observation_variance=first.observation_variance,
    )
    pd.testing.assert_frame_equal(again.loadings, first.loadings, rtol=1e-9)
    pd.testing.assert_series_equal(again.log_likelihood, first.log_likelihood, rtol=1e-9)
    pd.testing.assert_series_equal(again.ratio, first.ratio, rtol=1e-9)


def test_labels_in_labels_out() -> None:
    returns, factors = golden()
    dates = pd.bdate_range("2020-01-01", periods=252)
    returns.index = factors.index = dates
    result = factor_betas(returns, factors.iloc[::-1])
    columns = pd.MultiIndex.from_product(
        [returns.columns, ["alpha", *FACTORS]], names=["asset", "factor"]
    )
    pd.testing.assert_index_equal(result.loadings.columns, columns)
    pd.testing.assert_index_equal(result.loadings.index, dates)
    asset, factor = returns.columns[2], FACTORS[1]
    assert result.latest.loc[asset, factor] == result.loadings.iloc[-1][asset, factor]
    assert result.process_variance.shape == (5, 4)
    assert result.fitted_through == dates[-1]
    assert list(result.fit.index) == list(returns.columns)
    assert result.smoothed().standard_errors.columns.equals(columns)
    plain = factor_betas(returns.to_numpy(), factors.to_numpy())
    assert plain.loadings.shape == (252, 5, 4)
    np.testing.assert_array_equal(plain.loadings.reshape(252, -1), result.loadings)
    assert isinstance(plain.fit, pd.DataFrame)
    half = factor_betas(returns, factors.to_numpy())
    assert list(half.latest.columns) == ["alpha", "factor 1", "factor 2", "factor 3"]


def test_labelled_settings_go_by_name() -> None:
    returns, factors = golden()
    q = factor_betas(returns, factors).process_variance
    turned = q.iloc[::-1, ::-1]
    first = factor_betas(returns, factors, process_variance=q, observation_variance=1e-4)
    second = factor_betas(returns, factors, process_variance=turned, observation_variance=1e-4)
    pd.testing.assert_frame_equal(first.loadings, second.loadings)


@pytest.mark.parametrize("missing", [False, True])
def test_fit_measures_by_their_definitions(missing: bool) -> None:
    returns, factors, *_ = simulated(7, periods=50, assets=2)
    if missing:  # then the assets share no covariance
        returns[3, 0] = np.nan
    result = factor_betas(returns, factors)
    regressors = np.column_stack([np.ones(50), factors])
    loadings = np.asarray(result.loadings)
    for i in range(2):
        seen = np.flatnonzero(~np.isnan(returns[:, i]))
        for name, rows, delay in (("filtered", seen, 0), ("one_step", seen[4:], 1)):
            y = returns[rows, i]
            error = y - (regressors[rows] * loadings[rows - delay, i]).sum(axis=1)
            assert result.fit[f"rmse_{name}"][i] == pytest.approx(np.sqrt((error**2).mean()))
            r2 = 1 - (error**2).sum() / ((y - y.mean()) ** 2).sum()
            assert result.fit[f"r2_{name}"][i] == pytest.approx(r2)


def test_the_ratio_is_the_mean_over_regressors_of_size_1() -> None:
    returns, factors, _, _, r = simulated(7, periods=50, assets=3)
    q = r[:, None] * np.array([[0.1, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    result = factor_betas(returns, factors, process_variance=q, observation_variance=r)
    squares = np.append(1.0, (factors**2).mean(axis=0))
    np.testing.assert_allclose(result.ratio, (q * squares).sum(axis=1) / 4 / r, rtol=1e-12)


def test_missing_returns_touch_their_asset_only() -> None:
    returns, factors, _, q, r = simulated(8, periods=60, assets=3)
    given = {"process_variance": q, "observation_variance": r}
    holes = returns.copy()
    holes[10:14, 1] = np.nan
    full, part = factor_betas(returns, factors, **given), factor_betas(holes, factors, **given)
    np.testing.assert_allclose(part.loadings[:, [0, 2]], full.loadings[:, [0, 2]], atol=1e-13)
    np.testing.assert_array_equal(part.loadings[13, 1], part.loadings[9, 1])


def test_a_row_with_a_missing_factor_is_skipped_for_all() -> None:
    returns, factors, *_ = simulated(9, periods=60, assets=3)
    factors[20, 1] = np.nan
    empty = returns.copy()
    empty[20] = np.nan
    one, two = factor_betas(returns, factors), factor_betas(empty, factors)
    np.testing.assert_array_equal(one.loadings, two.loadings)
    assert np.isfinite(one.loadings).all()
    assert np.isfinite(one.fit.to_numpy()).all()


def with_asset(values: Any) -> tuple[FloatArray, FloatArray]:
    returns, factors, *_ = simulated(10, periods=60, assets=3)
    returns[:, 1] = values(factors) if callable(values) else values
    return returns, factors


def with_factor(values: Any) -> tuple[FloatArray, FloatArray]:
    returns, factors, *_ = simulated(10, periods=60, assets=3)
    factors[:, 2] = values
    return returns, factors


FOUR_VALUES = np.where(np.arange(60) % 15 == 0, 0.01, np.nan)
PLAIN = with_asset(0.01 * np.sin(np.arange(60)))


@pytest.mark.parametrize(
    ("data", "settings", "words"),
    [
        (with_asset(0.0), {}, "asset_returns: asset 2 is constant or an exact combination"),
        (with_asset(0.02), {}, "asset_returns: asset 2 is constant or an exact combination"),
        (with_asset(lambda f: f[:, 0] - f[:, 2]), {}, "asset 2 is constant or an exact"),
        (with_asset(np.nan), {}, "asset_returns: asset 2 has no usable values"),
        (
            with_asset(FOUR_VALUES),
            {},
            "asset_returns: asset 2 has 4 usable values; give at least 5",
        ),
        (with_factor(0.0), {}, "factor_returns: factor 3 is always 0"),
        (with_factor(np.nan), {}, "factor_returns: has no complete row"),
        ((PLAIN[0], PLAIN[1][1:]), {}, "factor_returns: has 59 rows, not 60"),
        (PLAIN, {"calibration": "both"}, "calibration: 'both' is not known"),
        (PLAIN, {"transition": 1.01}, "transition: 1.01 is too large"),
        (PLAIN, {"process_variance": np.ones((3, 3))}, "process_variance: has shape (3, 3)"),
        (PLAIN, {"process_variance": [1, -1, 1]}, "process_variance: that of asset 2 is negative"),
        (PLAIN, {"observation_variance": 0}, "observation_variance: that of asset 1 is not pos"),
        (PLAIN, {"initial_variance": -1}, "initial_variance: that of asset 1 is negative"),
        (PLAIN, {"initial_mean": np.nan}, "initial_mean: nan is no usable number"),
    ],
)
def test_failures_name_the_argument(
    data: tuple[FloatArray, FloatArray], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        factor_betas(*data, **settings)
    assert words in str(caught.value)


def test_failures_of_labels() -> None:
    returns, factors = golden()
    with pytest.raises(InputError, match="a factor is named alpha"):
        factor_betas(returns, factors.rename(columns={"Size": "alpha"}))
    with pytest.raises(InputError, match=r"factor_returns: date .* is missing"):
        factor_betas(returns, factors.iloc[1:])
    with pytest.raises(InputError, match="name Value is missing"):
        textbook().predict(pd.Series([0.0, 0.0], ["Market", "Size"]))
    with pytest.raises(InputError, match="has 2 values, not 3"):
        textbook().contributions([0.01, 0.02])


def test_given_variances_need_no_data() -> None:
    returns, factors = with_asset(np.nan)
    returns[:, 2] = 0.1  # whose mean rounds to a little less
    result = factor_betas(returns, factors, process_variance=1e-5, observation_variance=1e-4)
    assert not result.latest[1].any()
    assert np.isfinite(result.loadings).all()
    assert result.fit["r2_filtered"].tolist()[1:] == [0.0, 0.0]


def test_more_assets_than_periods() -> None:
    returns, factors, *_ = simulated(12, periods=8, assets=30)
    assert np.isfinite(factor_betas(returns, factors).loadings).all()

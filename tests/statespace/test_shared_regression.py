"""Shared regressions against the textbook, statsmodels, exact fractions and the general filter."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from kfxl.arrays import FloatArray
from kfxl.errors import SolverError
from kfxl.statespace import StateSpace, kalman_filter, smooth
from kfxl.statespace.lifted_regression import lifted
from kfxl.statespace.regression_smoother import smooth_regressions
from kfxl.statespace.shared_regression import RegressionModel, filter_regressions
from tests.references import table
from tests.statespace.regressions import (
    decaying_regression,
    exact_regression,
    put_gaps,
    statsmodels_regression,
)

MISSING = ["nothing", "whole rows", "single returns", "regressors", "a late start"]


def simulated(missing: str, *, alike: bool, transition: float = 1.0) -> RegressionModel:
    rng = np.random.default_rng(11)
    periods, assets, states = 60, 4, 3
    regressors = np.column_stack([np.ones(periods), rng.normal(size=(periods, states - 1))])
    observations = rng.normal(size=(periods, assets)) + regressors @ rng.normal(size=(3, assets))
    if missing == "whole rows":
        observations[[0, 7, 8]] = np.nan
    elif missing == "single returns":
        observations[rng.random(observations.shape) < 0.2] = np.nan
    elif missing == "regressors":
        regressors[[1, 30], [1, 2]] = np.nan
    elif missing == "a late start":
        observations[:40, 2] = np.nan
        observations[:, 3] = np.nan
    spread = np.ones(assets) if alike else np.array([0.5, 1.0, 3.0, 2.0])
    return RegressionModel(
        observations,
        regressors,
        transition,
        np.outer(spread, [0.01, 0.1, 0.0]),
        0.5 * spread**2 if not alike else np.full(assets, 0.5),
        np.outer(spread, [0.1, 1.0, -1.0]),
        np.outer(spread, [1.0, 2.0, 0.5]),
    )


def by_statsmodels(model: RegressionModel, asset: int) -> Any:
    return statsmodels_regression(
        model.observations[:, asset],
        model.regressors,
        transition=model.transition,
        process=model.process_variance[asset],
        r=model.observation_variance[asset],
        mean=model.initial_mean[asset],
        variance=model.initial_variance[asset],
    )


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("transition", [1.0, 0.9, -0.5])
def test_equals_statsmodels(missing: str, alike: bool, transition: float) -> None:
    model = simulated(missing, alike=alike, transition=transition)
    bank = filter_regressions(model)
    smoothed_mean, smoothed_variance = smooth_regressions(model)
    for i in range(4):
        reference = by_statsmodels(model, i)
        close = np.testing.assert_allclose
        close(bank.mean[:, i], reference.filtered_state.T, atol=1e-11)
        variance = reference.filtered_state_cov.diagonal(axis1=0, axis2=1)
        close(bank.variance[:, i], variance, rtol=1e-10)
        close(bank.latest_covariance[i], reference.filtered_state_cov[..., -1], atol=1e-12)
        close(bank.log_likelihood[i], reference.llf, rtol=1e-11)
        close(smoothed_mean[:, i], reference.smoothed_state.T, atol=1e-10)
        variance = reference.smoothed_state_cov.diagonal(axis1=0, axis2=1)
        close(smoothed_variance[:, i], variance, rtol=1e-8)


def test_equals_the_general_filter_and_smoother() -> None:
    model = simulated("single returns", alike=False, transition=0.97)
    bank = filter_regressions(model)
    smoothed = smooth_regressions(model)[0]
    for i in range(4):
        general = StateSpace(
            0.97 * np.eye(3),
            model.regressors[:, None, :],
            np.diag(model.process_variance[i]),
            model.observation_variance[[i], None],
            model.initial_mean[i],
            np.diag(model.initial_variance[i]),
        )
        result = kalman_filter(general, model.observations[:, [i]])
        np.testing.assert_allclose(bank.mean[:, i], result.filtered_mean, atol=1e-12)
        np.testing.assert_allclose(bank.log_likelihood[i], result.log_likelihood, rtol=1e-12)
        mean = smooth(general, model.observations[:, [i]]).smoothed_mean
        np.testing.assert_allclose(smoothed[:, i], mean, atol=1e-10)


def textbook_model() -> RegressionModel:
    factors = table("factor_betas_factor_returns").to_numpy()
    return RegressionModel(
        table("factor_betas_asset_returns").to_numpy(),
        np.column_stack([np.ones(len(factors)), factors]),
        0.99,
        np.full((5, 4), 1e-5),
        np.full(5, 0.01),
        table("factor_betas_initial_state").to_numpy().reshape(5, 4),
        np.full((5, 4), 0.1),
    )


def test_textbook_loadings_and_covariance() -> None:
    bank = filter_regressions(textbook_model())
    mean = table("factor_betas_filtered_mean").to_numpy().reshape(-1, 5, 4)
    covariance = table("factor_betas_final_covariance_first_asset").to_numpy()
    assert abs(bank.mean - mean).max() < 1e-12
    assert abs(bank.latest_covariance - covariance).max() < 1e-12


def test_shared_covariance_equals_separate_ones() -> None:
    model = textbook_model()
    together = filter_regressions(model)
    # Another start for one asset puts every asset into a group of its own.
    variance = model.initial_variance.copy()
    variance[4] *= 2
    apart = filter_regressions(dataclasses.replace(model, initial_variance=variance))
    np.testing.assert_allclose(apart.mean[:, :4], together.mean[:, :4], atol=1e-14)
    np.testing.assert_allclose(apart.variance[:, :4], together.variance[:, :4], rtol=1e-12)
    reference = by_statsmodels(apart.model, 4)
    np.testing.assert_allclose(apart.mean[:, 4], reference.filtered_state.T, atol=1e-12)


def test_assets_that_differ_in_their_start_alone_equal_statsmodels() -> None:
    rng = np.random.default_rng(15)
    model = diffuse(rng.normal(size=(40, 20)), rng.normal(size=(40, 2)), 0.01)
    # Eight that share a start, eight that share another, and four with one each.
    start = np.repeat([1.0, 5.0, 0.1, 0.2, 0.3, 0.4], [8, 8, 1, 1, 1, 1])
    bank = filter_regressions(
        dataclasses.replace(model, initial_variance=np.outer(start, [1.0, 0.5]))
    )
    for i in (0, 7, 8, 15, 16, 19):
        reference = by_statsmodels(bank.model, i)
        variance = reference.filtered_state_cov.diagonal(axis1=0, axis2=1)
        np.testing.assert_allclose(bank.mean[:, i], reference.filtered_state.T, atol=1e-12)
        np.testing.assert_allclose(bank.variance[:, i], variance, rtol=1e-10)


def diffuse(observations: FloatArray, regressors: FloatArray, ratio: float) -> RegressionModel:
    size = (observations.shape[1], regressors.shape[1])
    return RegressionModel(
        observations,
        regressors,
        1.0,
        np.full(size, ratio),
        np.ones(size[0]),
        np.zeros(size),
        np.full(size, 1e6),
    )


@pytest.mark.parametrize("ratio", [0.0, 2.0**-10])
def test_a_diffuse_start_keeps_its_digits(ratio: float) -> None:
    rng = np.random.default_rng(5)
    regressors = np.column_stack([np.ones(9), rng.normal(size=(9, 2))])
    regressors[2] = regressors[1] + 0.01 * rng.normal(size=3)
    observations = rng.normal(size=(9, 1))
    exact = exact_regression(observations[:, 0], regressors, ratio, 1e6)
    bank = filter_regressions(diffuse(observations, regressors, ratio))
    error = abs(bank.mean[:, 0] - exact).max(axis=1) / abs(exact).max(axis=1)
    assert error.max() < 1e-12


@pytest.mark.parametrize("prior", [1e6, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("early", ["nothing", "a constant", "another factor"])
@pytest.mark.parametrize("ratio", [0.0, 2.0**-10])
def test_a_factor_that_tells_nothing_for_long_costs_no_digits(
    prior: float, early: str, ratio: float
) -> None:
    rng = np.random.default_rng(9)
    # Eighths and few rows keep the fractions short.
    factors = rng.integers(-16, 17, (50, 2)) / 8
    factors[:30, 1] = {"nothing": 0.0, "a constant": 0.5}.get(early, factors[:30, 0])
    regressors = np.column_stack([np.ones(50), factors])
    observations = np.repeat(rng.integers(-16, 17, (50, 1)) / 8, 12, axis=1)
    observations[40, 11] = np.nan  # the others share one covariance
    exact = exact_regression(observations[:, 0], regressors, ratio, prior)
    model = diffuse(observations, regressors, ratio)
    model = dataclasses.replace(model, initial_variance=np.full((12, 3), prior))
    mean = filter_regressions(model).mean
    # As long as two factors are one, their shares of its beta are known no better than before.
    first = 0 if early == "nothing" else 30
    for asset, last in ((0, 50), (10, 50), (11, 40)):
        rows = slice(first, last)
        error = abs(mean[rows, asset] - exact[rows]).max(axis=1) / abs(exact[rows]).max(axis=1)
        assert error.max() < 1e-12


def test_no_process_noise_is_least_squares() -> None:
    rng = np.random.default_rng(6)
    regressors = np.column_stack([np.ones(80), rng.normal(size=(80, 3))])
    observations = rng.normal(size=(80, 5))
    model = dataclasses.replace(
        diffuse(observations, regressors, 0.0), initial_variance=np.full((5, 4), 1e12)
    )
    bank = filter_regressions(model)
    for t in (10, 40, 80):
        expected = np.linalg.lstsq(regressors[:t], observations[:t], rcond=None)[0].T
        np.testing.assert_allclose(bank.mean[t - 1], expected, atol=1e-9)
    inverse = np.linalg.inv(regressors.T @ regressors)
    np.testing.assert_allclose(bank.latest_covariance[0], inverse, rtol=1e-8, atol=1e-12)
    smoothed, variance = smooth_regressions(model)
    np.testing.assert_allclose(smoothed, np.broadcast_to(bank.mean[-1], (80, 5, 4)), atol=1e-12)
    np.testing.assert_allclose(variance[0], bank.variance[-1], rtol=1e-10)


@pytest.mark.parametrize(("f", "periods"), [(0.5, 1200), (0.9, 4000), (-0.5, 700), (0.02, 100)])
def test_a_state_that_dies_away_is_smoothed_by_what_was_seen_of_it(f: float, periods: int) -> None:
    rng = np.random.default_rng(periods)
    h, y = rng.normal(size=(periods, 2)), rng.normal(size=(periods, 1))
    ones = np.ones((1, 2))
    model = RegressionModel(y, h, f, 0 * ones, np.ones(1), ones, ones)
    means, variances = smooth_regressions(model)
    expected, deviation = decaying_regression(y[:, 0], h, f, 1.0)
    np.testing.assert_allclose(means[:, 0], expected, rtol=1e-9, atol=1e-140)
    np.testing.assert_allclose(np.sqrt(variances[:, 0]), deviation, rtol=1e-9, atol=1e-140)


def test_a_state_known_exactly_stays() -> None:
    model = dataclasses.replace(
        simulated("nothing", alike=True),
        process_variance=np.zeros((4, 3)),
        initial_variance=np.zeros((4, 3)),
    )
    bank = filter_regressions(model)
    mean, variance = smooth_regressions(model)
    np.testing.assert_allclose(bank.mean, np.broadcast_to(model.initial_mean, (60, 4, 3)))
    np.testing.assert_allclose(mean, bank.mean)
    assert not bank.variance.any()
    assert not variance.any()


def of_four_kinds(periods: int, assets: int, transition: float) -> RegressionModel:
    """Gaps of four kinds, two ratios, and a row without a factor."""
    rng = np.random.default_rng(14)
    regressors = np.column_stack([np.ones(periods), rng.normal(size=(periods, 2))])
    observations = rng.normal(size=(periods, assets)) + regressors @ rng.normal(size=(3, assets))
    put_gaps(observations, rng)
    regressors[60, 1] = np.nan
    r = 0.5 + 0.1 * (np.arange(assets) % 7)
    ratio = np.where(np.arange(assets) < 40, 0.01, 0.02)
    return RegressionModel(
        observations,
        regressors,
        transition,
        np.outer(r * ratio, [0.1, 1.0, 0.0]),
        r,
        np.outer(r, [0.1, 1.0, -1.0]),
        np.outer(r, [1.0, 2.0, 1e4]),
    )


@pytest.mark.parametrize("transition", [1.0, 0.9, 0.0])
def test_many_assets_of_several_patterns_equal_statsmodels(
    transition: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfxl.statespace.lifted_regression.BATCH", 3)
    monkeypatch.setattr("kfxl.statespace.regression_pieces.UNTHREADED", 10_000)
    monkeypatch.setattr("kfxl.statespace.regression_pieces.CACHE", 1_000)
    model = of_four_kinds(220, 48, transition)
    bank, last = filter_regressions(model), filter_regressions(model, history=False)
    np.testing.assert_allclose(last.mean, bank.mean[-1:], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(last.variance, bank.variance[-1:], rtol=1e-10)
    np.testing.assert_allclose(last.latest_covariance, bank.latest_covariance, atol=1e-14)
    np.testing.assert_allclose(last.log_likelihood, bank.log_likelihood, rtol=1e-12)
    smoothed_mean, smoothed_variance = smooth_regressions(model)
    for i in (0, 1, 2, 3, 36, 40, 41, 43, 47):
        reference = by_statsmodels(model, i)
        close = np.testing.assert_allclose
        close(bank.mean[:, i], reference.filtered_state.T, atol=1e-10)
        variance = reference.filtered_state_cov.diagonal(axis1=0, axis2=1)
        close(bank.variance[:, i], variance, rtol=1e-9)
        close(bank.latest_covariance[i], reference.filtered_state_cov[..., -1], atol=1e-12)
        close(bank.log_likelihood[i], reference.llf, rtol=1e-11)
        ahead = reference.forecasts_error[0]
        late = np.flatnonzero(~np.isnan(ahead))[3:]
        close(bank.one_step_squares[i], (ahead[late] ** 2).sum(), rtol=1e-10)
        expected = (model.regressors * reference.filtered_state.T).sum(axis=1)
        close(
            bank.filtered_squares[i],
            np.nansum((model.observations[:, i] - expected) ** 2),
            rtol=1e-10,
        )
        close(smoothed_mean[:, i], reference.smoothed_state.T, atol=1e-9)
        variance = reference.smoothed_state_cov.diagonal(axis1=0, axis2=1)
        close(smoothed_variance[:, i], variance, rtol=1e-7)


def test_a_covariance_that_rounding_has_ruined_is_refused() -> None:
    ruined = -np.eye(1)[None]
    with pytest.raises(SolverError, match="vanish beside those of the states; use variances"):
        next(lifted(np.ones((9, 1)), 1.0, np.zeros((1, 1)), ruined, step=4, every=True))

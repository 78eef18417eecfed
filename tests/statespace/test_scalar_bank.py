"""Scalar filters against the textbook's numbers, statsmodels, and a plain loop."""

from typing import Any

import numpy as np
import pytest

from kfxl.arrays import FloatArray
from kfxl.statespace.scalar_bank import filter_bank, smooth_bank
from tests.references import table
from tests.statespace.regressions import (
    decaying_regression,
    put_gaps,
    statsmodels_regression,
)


def parameters(size: int, **given: Any) -> dict[str, Any]:
    values = {
        "process_variance": 0.001,
        "observation_variance": 0.01,
        "initial_mean": 0.0,
        "initial_variance": 1.0,
    } | given
    return {"transition": 0.99} | {
        name: value if name == "transition" else np.broadcast_to(value, size).astype(float)
        for name, value in values.items()
    }


def by_statsmodels(observations: FloatArray, p: dict[str, Any], asset: int) -> Any:
    """A scalar filter is a regression on 1."""
    return statsmodels_regression(
        observations[:, asset],
        np.ones((len(observations), 1)),
        transition=p["transition"],
        process=p["process_variance"][[asset]],
        r=p["observation_variance"][asset],
        mean=p["initial_mean"][[asset]],
        variance=p["initial_variance"][[asset]],
    )


def test_textbook_filtered_means_and_variances() -> None:
    observations = table("expected_returns_input").to_numpy()
    bank = filter_bank(observations, **parameters(4))
    assert abs(bank.mean - table("expected_returns_filtered_mean").to_numpy()).max() < 1e-12
    assert abs(bank.variance - table("expected_returns_filtered_variance").to_numpy()).max() < 1e-12


@pytest.mark.parametrize("transition", [1.0, 0.9, -0.5])
@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_equals_statsmodels(transition: float, alike: bool, missing: float) -> None:
    rng = np.random.default_rng(7)
    observations = rng.normal(size=(120, 3))
    observations[rng.random(observations.shape) < missing] = np.nan
    spread = np.ones(3) if alike else np.array([0.5, 1.0, 4.0])
    p = parameters(
        3,
        transition=transition,
        process_variance=0.1 * spread,
        observation_variance=0.7 * spread**2,
        initial_mean=0.3,
        initial_variance=2.0 * spread,
    )
    bank = filter_bank(observations, **p)
    smoothed_mean, smoothed_variance = smooth_bank(bank)
    for i in range(3):
        reference = by_statsmodels(observations, p, i)
        np.testing.assert_allclose(bank.mean[:, i], reference.filtered_state[0], atol=1e-12)
        np.testing.assert_allclose(bank.variance[:, i], reference.filtered_state_cov[0, 0])
        np.testing.assert_allclose(bank.log_likelihood[i], reference.llf, rtol=1e-12)
        np.testing.assert_allclose(smoothed_mean[:, i], reference.smoothed_state[0], atol=1e-12)
        np.testing.assert_allclose(smoothed_variance[:, i], reference.smoothed_state_cov[0, 0])


def test_shared_variances_equal_separate_ones() -> None:
    observations = np.random.default_rng(1).normal(size=(400, 3))
    together = filter_bank(observations, **parameters(3))
    for i in range(3):
        alone = filter_bank(observations[:, [i]], **parameters(1))
        np.testing.assert_array_equal(together.mean[:, [i]], alone.mean)
        np.testing.assert_array_equal(together.variance[:, [i]], alone.variance)


def test_diffuse_start_without_process_noise_is_the_expanding_average() -> None:
    observations = np.random.default_rng(2).normal(size=(50, 2))
    bank = filter_bank(
        observations,
        **parameters(2, transition=1.0, process_variance=0.0, initial_variance=1e12),
    )
    average = observations.cumsum(axis=0) / np.arange(1, 51)[:, None]
    np.testing.assert_allclose(bank.mean, average, atol=1e-12)


def test_a_column_without_values_keeps_the_prediction() -> None:
    observations = np.full((5, 2), np.nan)
    observations[:, 1] = 1.0
    bank = filter_bank(observations, **parameters(2, initial_mean=1.0, transition=0.5))
    np.testing.assert_allclose(bank.mean[:, 0], 0.5 ** np.arange(1, 6))
    assert bank.log_likelihood[0] == 0.0
    assert np.isfinite(bank.variance).all()


def test_a_known_constant_is_smoothed_to_itself() -> None:
    bank = filter_bank(
        np.ones((4, 1)),
        **parameters(1, transition=1.0, process_variance=0.0, initial_variance=0.0),
    )
    mean, variance = smooth_bank(bank)
    assert not mean.any()
    assert not variance.any()


@pytest.mark.parametrize(("f", "periods"), [(0.5, 1200), (0.9, 4000), (-0.5, 700), (0.02, 100)])
def test_a_state_that_dies_away_is_smoothed_by_what_was_seen_of_it(f: float, periods: int) -> None:
    z = np.random.default_rng(periods).normal(size=(periods, 1))
    one = {"process_variance": 0.0, "observation_variance": 1.0, "initial_mean": 1.0}
    mean, variance = smooth_bank(filter_bank(z, **parameters(1, transition=f, **one)))
    expected, deviation = decaying_regression(z[:, 0], np.ones((periods, 1)), f, 1.0)
    np.testing.assert_allclose(mean, expected, rtol=1e-9, atol=1e-140)
    np.testing.assert_allclose(np.sqrt(variance), deviation, rtol=1e-9, atol=1e-140)


@pytest.mark.parametrize("transition", [1.0, 0.9, 0.0])
def test_many_assets_of_several_patterns_equal_statsmodels(transition: float) -> None:
    rng = np.random.default_rng(8)
    observations = rng.normal(size=(250, 48))
    put_gaps(observations, rng)
    spread = 1.0 + np.arange(48) // 40
    p = parameters(48, transition=transition, process_variance=0.01 * spread, initial_mean=0.2)
    bank = filter_bank(observations, **p)
    last = filter_bank(observations, **p, history=False)
    np.testing.assert_allclose(last.mean, bank.mean[-1:], rtol=1e-12)
    np.testing.assert_allclose(last.variance, bank.variance[-1:], rtol=1e-12)
    np.testing.assert_allclose(last.log_likelihood, bank.log_likelihood, rtol=1e-12)
    for i in (0, 1, 2, 3, 36, 40, 41, 42, 43, 47):
        reference = by_statsmodels(observations, p, i)
        np.testing.assert_allclose(bank.mean[:, i], reference.filtered_state[0], atol=1e-12)
        np.testing.assert_allclose(bank.variance[:, i], reference.filtered_state_cov[0, 0])
        np.testing.assert_allclose(bank.log_likelihood[i], reference.llf, rtol=1e-12)


def test_assets_that_differ_in_their_start_alone_equal_statsmodels() -> None:
    observations = np.random.default_rng(11).normal(size=(60, 20))
    # Eight that share a start, eight that share another, and four with one each.
    start = np.repeat([1.0, 5.0, 0.1, 0.2, 0.3, 0.4], [8, 8, 1, 1, 1, 1])
    p = parameters(20, initial_variance=start)
    bank = filter_bank(observations, **p)
    for i in (0, 7, 8, 15, 16, 19):
        reference = by_statsmodels(observations, p, i)
        np.testing.assert_allclose(bank.mean[:, i], reference.filtered_state[0], atol=1e-12)
        np.testing.assert_allclose(bank.variance[:, i], reference.filtered_state_cov[0, 0])


def test_products_cut_by_columns_and_rows_equal_whole_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    observations = np.random.default_rng(9).normal(size=(333, 30))
    whole = filter_bank(observations, **parameters(30))
    monkeypatch.setattr("kfxl.statespace.row_blocks.UNTHREADED", 10_000)
    monkeypatch.setattr("kfxl.statespace.scalar_bank.CACHE", 1_000)
    cut = filter_bank(observations, **parameters(30))
    np.testing.assert_allclose(cut.mean, whole.mean, rtol=0, atol=1e-15)
    np.testing.assert_allclose(cut.log_likelihood, whole.log_likelihood, rtol=1e-13)


@pytest.mark.parametrize(("q", "r"), [(1e12, 1.0), (1.0, 1e-14)])
def test_noise_far_below_the_signal_costs_no_digits(q: float, r: float) -> None:
    observations = np.random.default_rng(10).normal(size=(50, 9)) * np.sqrt(q)
    p = parameters(9, transition=1.0, process_variance=q, observation_variance=r)
    bank = filter_bank(observations, **p)
    reference = by_statsmodels(observations, p, 4)
    np.testing.assert_allclose(bank.mean[:, 4], reference.filtered_state[0], rtol=1e-12)
    np.testing.assert_allclose(bank.log_likelihood[4], reference.llf, rtol=1e-12)

"""The smoother against statsmodels, a joint Gaussian, and what smoothing can only do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.statespace import StateSpace, kalman_filter, smooth
from tests.statespace.models import (
    condition_jointly,
    from_statsmodels,
    random_model,
    random_observations,
)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("periods", [None, 60])
def test_equals_statsmodels(seed, missing, periods):
    model = random_model(seed, n=4, m=3, periods=periods)
    observations = random_observations(seed, 60, m=3, missing=missing)
    ours, theirs = smooth(model, observations), from_statsmodels(model, observations)
    np.testing.assert_allclose(ours.smoothed_mean, theirs.smoothed_state.T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        ours.smoothed_covariance,
        np.moveaxis(theirs.smoothed_state_cov, -1, 0),
        rtol=1e-9,
        atol=1e-9,
    )
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("singular", [False, True])
def test_equals_the_joint_gaussian(seed, singular):
    """Singular: no process noise, and a transition without inverse."""
    model = random_model(seed, singular=singular, periods=6 if seed % 3 == 0 else None)
    observations = random_observations(seed, 6, missing=0.3)
    result = smooth(model, observations)
    mean, covariance, _ = condition_jointly(model, observations, 6)
    np.testing.assert_allclose(result.smoothed_mean, mean, atol=1e-8)
    np.testing.assert_allclose(result.smoothed_covariance, covariance, atol=1e-8)


def test_states_in_very_different_units():
    """Level in trillions, slope in trillionths: nothing may be taken for rounding."""
    rng = np.random.default_rng(0)
    observations = np.cumsum(rng.normal(size=(40, 1)), axis=0)
    unit = np.array([1e12, 1e-12])
    plain = StateSpace(
        [[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], np.diag([0.1, 0.01]), [[1.0]], [0, 0], np.eye(2)
    )
    rescaled = StateSpace(
        plain.transition * np.outer(unit, 1 / unit),
        plain.observation / unit,
        plain.process_noise * np.outer(unit, unit),
        plain.observation_noise,
        plain.initial_mean,
        plain.initial_covariance * np.outer(unit, unit),
    )
    one, two = smooth(plain, observations), smooth(rescaled, observations)
    np.testing.assert_allclose(two.smoothed_mean / unit, one.smoothed_mean, rtol=1e-9)


def test_settled_gains_equal_statsmodels_over_many_periods():
    model, observations = random_model(4), random_observations(4, 1500)
    observations[700] = np.nan
    ours, theirs = smooth(model, observations), from_statsmodels(model, observations)
    np.testing.assert_allclose(ours.smoothed_mean, theirs.smoothed_state.T, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    singular=st.booleans(),
)
def test_smoothing_only_adds_certainty(seed, missing, singular):
    model = random_model(seed, singular=singular)
    observations = random_observations(seed, 15, missing=missing)
    forwards, both = kalman_filter(model, observations), smooth(model, observations)
    scale = np.abs(forwards.filtered_covariance).max()
    covariances = both.smoothed_covariance
    assert (covariances == covariances.swapaxes(1, 2)).all()
    assert np.linalg.eigvalsh(covariances).min() >= -1e-10 * scale
    gained = forwards.filtered_covariance - covariances
    assert np.linalg.eigvalsh(gained).min() >= -1e-9 * scale
    np.testing.assert_array_equal(both.smoothed_mean[-1], forwards.filtered_mean[-1])


def test_nothing_observed_is_the_prior():
    model = random_model(8)
    result = smooth(model, np.full((5, 2), np.nan))
    mean = model.initial_mean
    for smoothed in result.smoothed_mean:
        mean = model.transition @ mean
        np.testing.assert_allclose(smoothed, mean, atol=1e-10)
    assert result.log_likelihood == 0


def test_labels_come_back():
    days = pd.date_range("2024-01-31", periods=5, freq="ME")
    frame = pd.DataFrame(random_observations(1, 5), index=days, columns=["A", "B"])
    result = smooth(random_model(1), frame)
    assert list(result.smoothed_mean.columns) == ["state 1", "state 2", "state 3"]
    assert result.smoothed_mean.index.equals(days)
    assert isinstance(smooth(random_model(1), frame.to_numpy()).smoothed_mean, np.ndarray)

"""The smoother against statsmodels, a joint Gaussian, and what smoothing can only do."""

import itertools
from fractions import Fraction

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


def trend_exactly(observations, start):
    """Means and covariances (T, 2) and (T, 2, 2) of a local linear trend, in fractions.

    Process noise 1/10 and 1/100, observation noise 1, N(0, ``start``) before the first
    prediction: the joint precision of all states, inverted by Gauss and Jordan.
    """
    transition, noise = ((1, 1), (0, 1)), (Fraction(1, 10), Fraction(1, 100))
    size = 2 * (len(observations) + 1)
    system = [[Fraction(0)] * (2 * size + 1) for _ in range(size)]
    for i in range(2):
        system[i][i] += 1 / Fraction(start)
    for t, seen in enumerate(observations, start=1):
        for e in range(2):
            loads = {2 * t - 2 + j: Fraction(-transition[e][j]) for j in range(2)}
            loads[2 * t + e] = Fraction(1)
            for i, j in itertools.product(loads, repeat=2):
                system[i][j] += loads[i] * loads[j] / noise[e]
        if seen is not None:
            system[2 * t][2 * t] += 1
            system[2 * t][size] += Fraction(seen)
    for i in range(size):
        system[i][size + 1 + i] = Fraction(1)
    for column in range(size):
        pivot = [value / system[column][column] for value in system[column]]
        for i, row in enumerate(system):
            if i != column and row[column]:
                system[i] = [a - row[column] * b for a, b in zip(row, pivot, strict=True)]
        system[column] = pivot
    solved = np.array(system, dtype=float)[2:, size:]
    mean, inverse = solved[:, 0].reshape(-1, 2), solved[:, 3:]
    blocks = [inverse[i : i + 2, i : i + 2] for i in range(0, len(inverse), 2)]
    return mean, np.array(blocks)


@pytest.mark.parametrize("start", [1, 10**7, 10**8, 10**10, 10**12, 10**15])
def test_a_wide_start_costs_no_digits(start):
    seen = [1.0, 2.5, None, 2.0, 4.0, 3.5, 5.0, 7.0]
    model = StateSpace(
        [[1, 1], [0, 1]], [[1, 0]], np.diag([0.1, 0.01]), [[1.0]], [0, 0], start * np.eye(2)
    )
    result = smooth(model, np.array([[np.nan if z is None else z] for z in seen]))
    mean, covariance = trend_exactly(seen, start)
    np.testing.assert_allclose(result.smoothed_mean, mean, rtol=1e-11)
    np.testing.assert_allclose(result.smoothed_covariance, covariance, rtol=1e-11)


def test_a_wide_start_that_is_never_seen_stays_wide():
    """Two walks, of which one is seen; a start of which one direction is certain."""
    start = 1e9 * np.array([[1.0, 1.0], [1.0, 1.0]])
    model = StateSpace(np.eye(2), [[1.0, 0.0]], np.zeros((2, 2)), [[1.0]], [0, 0], start)
    result = smooth(model, np.array([[2.0], [4.0]]))
    # The states are equal, and seen twice: variance 1 / (1e-9 + 2).
    np.testing.assert_allclose(result.smoothed_mean, 6 / (2 + 1e-9), rtol=1e-9)
    np.testing.assert_allclose(result.smoothed_covariance, 1 / (2 + 1e-9), rtol=1e-6)
    apart = StateSpace(np.eye(2), [[1.0, 0.0]], np.zeros((2, 2)), [[1.0]], [0, 0], 1e9 * np.eye(2))
    covariance = smooth(apart, np.array([[2.0], [4.0]])).smoothed_covariance[0]
    np.testing.assert_allclose(covariance, np.diag([1 / (2 + 1e-9), 1e9]), rtol=1e-12, atol=1e-6)


def test_a_start_that_alone_makes_an_observation_uncertain():
    """Seen without noise: a start that is known would leave the innovation none."""
    model = StateSpace([[1.0]], [[1.0]], [[0.0]], [[0.0]], [0.0], [[4.0]])
    result = smooth(model, np.array([[3.0], [np.nan]]))
    np.testing.assert_allclose(result.smoothed_mean, 3.0)
    np.testing.assert_allclose(result.smoothed_covariance, 0.0, atol=1e-15)


@pytest.mark.parametrize(("transition", "periods"), [(2.0, 600), (1.05, 7500)])
def test_a_state_that_grows_beyond_all_numbers_from_a_known_start_is_still_learnt(
    transition, periods
):
    """With f = 2 and no process noise the filtered variance settles at (f^2 - 1) / f^2."""
    observations = np.random.default_rng(0).normal(size=(periods, 1))
    model = StateSpace([[transition]], [[1.0]], [[0.0]], [[1.0]], [0.0], [[1.0]])
    result = smooth(model, observations)
    settled = 1 - transition**-2
    assert result.smoothed_covariance[-1].item() == pytest.approx(settled, rel=1e-9)
    assert result.smoothed_covariance[0].item() < 1e-100


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
    last = both.smoothed_mean[-1], forwards.filtered_mean[-1]
    np.testing.assert_allclose(*last, rtol=1e-12, atol=1e-10 * np.sqrt(scale))


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

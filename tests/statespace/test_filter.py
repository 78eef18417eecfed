"""The filter against statsmodels, a joint Gaussian, published numbers, and its own steps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError, SolverError
from kfxl.statespace import StateSpace, kalman_filter
from kfxl.statespace.filter import predict, update
from tests.references import table
from tests.statespace.models import (
    condition_jointly,
    from_statsmodels,
    random_model,
    random_observations,
)

CASES = [
    (seed, missing, periods) for seed in range(4) for missing in (0.0, 0.4) for periods in (0, 60)
]


# --- Independent solvers ------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "missing", "periods"), CASES)
def test_equals_statsmodels(seed, missing, periods):
    model = random_model(seed, n=4, m=3, periods=periods or None)
    observations = random_observations(seed, 60, m=3, missing=missing)
    observations[7] = np.nan if missing else observations[7]
    ours, theirs = kalman_filter(model, observations), from_statsmodels(model, observations)
    close = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(ours.filtered_mean, theirs.filtered_state.T, **close)
    np.testing.assert_allclose(
        ours.filtered_covariance, np.moveaxis(theirs.filtered_state_cov, -1, 0), **close
    )
    np.testing.assert_allclose(ours.predicted_mean, theirs.predicted_state[:, :-1].T, **close)
    np.testing.assert_allclose(
        ours.predicted_covariance, np.moveaxis(theirs.predicted_state_cov, -1, 0)[:-1], **close
    )
    np.testing.assert_allclose(ours.log_likelihood_by_period, theirs.llf_obs, **close)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)


def test_settled_gains_equal_statsmodels_over_many_periods():
    model = random_model(11, n=3, m=3)
    observations = random_observations(11, 3000, m=3)
    observations[1500, 0] = np.nan
    ours, theirs = kalman_filter(model, observations), from_statsmodels(model, observations)
    assert (ours.filtered_covariance[1000] == ours.filtered_covariance[999]).all()
    np.testing.assert_allclose(ours.filtered_mean, theirs.filtered_state.T, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(
        ours.filtered_covariance, np.moveaxis(theirs.filtered_state_cov, -1, 0), rtol=1e-9
    )
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)


def test_slow_convergence_is_not_cut_short():
    """A gain that falls for thousands of periods ends at the closed form's limit."""
    ratio, periods = 1e-5, 6_000
    model = StateSpace([[1.0]], [[1.0]], [[ratio]], [[1.0]], [0.0], [[1.0]])
    result = kalman_filter(model, np.zeros((periods, 1)))
    limit = (ratio + np.sqrt(ratio**2 + 4 * ratio)) / 2
    assert result.predicted_covariance[-1, 0, 0] == pytest.approx(limit, rel=1e-11)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("known", [0, 1, 5])
def test_equals_the_joint_gaussian(seed, known):
    model = random_model(seed, singular=seed % 2 == 1, periods=6 if seed > 3 else None)
    observations = random_observations(seed, 6, missing=0.3)
    result = kalman_filter(model, observations)
    mean, covariance, _ = condition_jointly(model, observations, known + 1)
    np.testing.assert_allclose(result.filtered_mean[known], mean[known], atol=1e-9)
    np.testing.assert_allclose(result.filtered_covariance[known], covariance[known], atol=1e-9)
    mean, covariance, _ = condition_jointly(model, observations, known)
    np.testing.assert_allclose(result.predicted_mean[known], mean[known], atol=1e-9)
    np.testing.assert_allclose(result.predicted_covariance[known], covariance[known], atol=1e-9)
    density = condition_jointly(model, observations, 6)[2]
    assert result.log_likelihood == pytest.approx(density, rel=1e-9)


# --- Published numbers --------------------------------------------------------------------


def test_textbook_expected_returns():
    """Four assets at once; the recorded figures are in tests/references."""
    returns = table("expected_returns_input").select_dtypes("number")
    unit = np.eye(4)
    model = StateSpace(0.99 * unit, unit, 0.001 * unit, 0.01 * unit, np.zeros(4), unit)
    result = kalman_filter(model, returns)
    variance = result.filtered_covariance.diagonal(axis1=1, axis2=2)
    mean, spread = (
        table("expected_returns_filtered_mean"),
        table("expected_returns_filtered_variance"),
    )
    np.testing.assert_allclose(result.filtered_mean, mean, rtol=0, atol=1e-10)
    np.testing.assert_allclose(variance, spread, rtol=0, atol=1e-10)


def test_textbook_factor_betas():
    """A regression is the model whose observation matrix is the period's row [1, factors]."""
    assets = table("factor_betas_asset_returns").select_dtypes("number")
    factors = table("factor_betas_factor_returns").select_dtypes("number").to_numpy()
    start = table("factor_betas_initial_state").to_numpy().reshape(-1, 4)
    recorded = table("factor_betas_filtered_mean").to_numpy().reshape(len(assets), -1, 4)
    rows = np.column_stack([np.ones(len(factors)), factors])[:, None, :]
    unit = np.eye(4)
    for k, name in enumerate(assets):
        model = StateSpace(0.99 * unit, rows, 1e-5 * unit, [[0.01]], start[k], 0.1 * unit)
        result = kalman_filter(model, assets[name].to_numpy())
        np.testing.assert_allclose(result.filtered_mean, recorded[:, k], rtol=0, atol=1e-10)
    last = table("factor_betas_final_covariance_first_asset").to_numpy()
    np.testing.assert_allclose(result.filtered_covariance[-1], last, rtol=0, atol=1e-10)


# --- Properties ---------------------------------------------------------------------------

SEEDS = st.integers(0, 10_000)


@settings(max_examples=40)
@given(seed=SEEDS, missing=st.sampled_from([0.0, 0.3, 1.0]), singular=st.booleans())
def test_covariances_stay_symmetric_and_semidefinite(seed, missing, singular):
    model = random_model(seed, singular=singular)
    result = kalman_filter(model, random_observations(seed, 20, missing=missing))
    for covariances in (result.filtered_covariance, result.predicted_covariance):
        assert (covariances == covariances.swapaxes(1, 2)).all()
        scale = np.abs(covariances).max()
        assert np.linalg.eigvalsh(covariances).min() >= -1e-12 * scale
    # An observation never makes anything less certain.
    gained = result.predicted_covariance - result.filtered_covariance
    assert np.linalg.eigvalsh(gained).min() >= -1e-10 * np.abs(result.predicted_covariance).max()


@settings(max_examples=25)
@given(seed=SEEDS, unit=st.sampled_from([1e-4, 100.0, 1e6]))
def test_units_do_not_matter(seed, unit):
    model, observations = random_model(seed), random_observations(seed, 15, missing=0.2)
    rescaled = StateSpace(
        model.transition,
        model.observation,
        model.process_noise * unit**2,
        model.observation_noise * unit**2,
        model.initial_mean * unit,
        model.initial_covariance * unit**2,
    )
    one, two = kalman_filter(model, observations), kalman_filter(rescaled, observations * unit)
    np.testing.assert_allclose(
        two.filtered_mean, one.filtered_mean * unit, rtol=1e-9, atol=1e-12 * unit
    )
    shift = np.isfinite(observations).sum() * np.log(unit)
    assert two.log_likelihood == pytest.approx(one.log_likelihood - shift, rel=1e-9)


@settings(max_examples=25)
@given(seed=SEEDS, cut=st.integers(1, 19))
def test_the_past_does_not_know_the_future(seed, cut):
    model, observations = random_model(seed), random_observations(seed, 20, missing=0.1)
    changed = observations.copy()
    changed[cut:] += 1.0
    one, two = kalman_filter(model, observations), kalman_filter(model, changed)
    assert (one.filtered_mean[:cut] == two.filtered_mean[:cut]).all()
    assert (one.filtered_covariance[:cut] == two.filtered_covariance[:cut]).all()


def test_the_run_is_predict_and_update_period_by_period():
    model, observations = random_model(5), random_observations(5, 30, missing=0.3)
    mean, covariance, total = model.initial_mean, model.initial_covariance, 0.0
    result = kalman_filter(model, observations)
    for t, values in enumerate(observations):
        mean, covariance = predict(mean, covariance, model.transition, model.process_noise)
        mean, covariance, density = update(
            mean, covariance, values, model.observation, model.observation_noise
        )
        total += density
        np.testing.assert_allclose(result.filtered_mean[t], mean, rtol=1e-12)
        np.testing.assert_allclose(result.filtered_covariance[t], covariance, rtol=1e-12)
    assert result.log_likelihood == pytest.approx(total, rel=1e-12)


def test_a_period_without_observations_is_a_prediction():
    model, observations = random_model(2), random_observations(2, 5)
    observations[3] = np.nan
    result = kalman_filter(model, observations)
    np.testing.assert_array_equal(result.filtered_mean[3], result.predicted_mean[3])
    np.testing.assert_allclose(
        result.filtered_covariance[3], result.predicted_covariance[3], rtol=1e-15
    )
    assert result.log_likelihood_by_period[3] == 0


# --- Labels and failures ------------------------------------------------------------------


def test_labels_come_back():
    days = pd.date_range("2024-01-31", periods=5, freq="ME")
    observations = random_observations(1, 5)
    frame = pd.DataFrame(observations, index=days, columns=["A", "B"])
    result, plain = (
        kalman_filter(random_model(1), frame),
        kalman_filter(random_model(1), observations),
    )
    assert list(result.filtered_mean.columns) == ["state 1", "state 2", "state 3"]
    assert result.predicted_mean.index.equals(days)
    assert result.log_likelihood_by_period.index.equals(days)
    np.testing.assert_array_equal(result.filtered_mean.to_numpy(), plain.filtered_mean)
    assert isinstance(result.filtered_covariance, np.ndarray)
    assert isinstance(plain.filtered_mean, np.ndarray)


def test_exact_observations_work_while_the_state_is_uncertain():
    model = StateSpace([[1.0]], [[1.0]], [[1.0]], [[0.0]], [0.0], [[1.0]])
    result = kalman_filter(model, [[2.0], [3.0]])
    np.testing.assert_allclose(result.filtered_mean, [[2.0], [3.0]], rtol=1e-15)
    np.testing.assert_allclose(result.filtered_covariance.ravel(), [0.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(
    ("noise", "seen", "words"),
    [
        (np.zeros((1, 1)), [[1.0]], "not positive definite at 2024-02-29"),
        (np.zeros((2, 2)), [[1.0], [1.0]], "not positive definite at 2024-01-31"),
        (np.full((2, 2), 1e-20), [[1.0], [0.1]], "not positive definite at 2024-01-31"),
        (np.diag([0.0, 2.0**-51]), [[1.0], [1.0]], "not positive definite at 2024-01-31"),
    ],
)
def test_a_singular_innovation_is_refused(noise, seen, words):
    model = StateSpace([[1.0]], seen, [[0.0]], noise, [0.0], [[1.0]])
    days = pd.date_range("2024-01-31", periods=3, freq="ME")
    names = [f"series {i}" for i in range(len(seen))]
    with pytest.raises(InputError, match="observation_noise") as caught:
        kalman_filter(model, pd.DataFrame(1.0, index=days, columns=names))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("observations", "words"),
    [
        (np.zeros((5, 3)), "has 3 columns, not 2"),
        (np.zeros((4, 2)), "has 4 rows, not 5"),
        (np.full((5, 2), np.inf), "infinite"),
        (np.zeros((0, 2)), "has 0 rows"),
    ],
)
def test_refuses_observations_that_do_not_fit(observations, words):
    with pytest.raises(InputError, match="observations") as caught:
        kalman_filter(random_model(1, periods=5), observations)
    assert words in str(caught.value)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_a_state_that_overflows_is_refused(start):
    model = StateSpace([[1e10]], [[1.0]], [[0.0]], [[1.0]], [1.0], [[start]])
    with pytest.raises(SolverError, match="grows beyond all numbers"):
        kalman_filter(model, np.full((60, 1), np.nan))

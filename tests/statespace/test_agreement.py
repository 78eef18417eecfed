"""One claim, held for every filter: results agree with independent ones to 1e-9, relative.

Relative to the largest number of a result, values missing, statsmodels without its shortcut for
gains that hardly move; and a brute-force joint Gaussian of all states and observations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.datasets import nile

from kfxl import expected_returns, factor_betas
from kfxl.arrays import FloatArray
from kfxl.statespace import StateSpace, kalman_filter, smooth
from tests.statespace.models import (
    condition_jointly,
    from_statsmodels,
    random_model,
    random_observations,
)


def assert_agree(found: Any, expected: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert np.abs(found - expected).max() <= 1e-9 * np.abs(expected).max()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("changing", [False, True])
def test_general_filter_and_smoother(seed: int, missing: float, changing: bool) -> None:
    model = random_model(seed, periods=8 if changing else None)
    observations = random_observations(seed, 8, missing=missing)
    forwards, both = kalman_filter(model, observations), smooth(model, observations)
    theirs = from_statsmodels(model, observations)
    mean, covariance, density = condition_jointly(model, observations, 8)
    for means, covariances in (
        (mean, covariance),
        (theirs.smoothed_state.T, np.moveaxis(theirs.smoothed_state_cov, -1, 0)),
    ):
        assert_agree(both.smoothed_mean, means)
        assert_agree(both.smoothed_covariance, covariances)
    assert_agree(forwards.log_likelihood, density)
    assert_agree(forwards.log_likelihood, theirs.llf)
    assert_agree(forwards.filtered_mean, theirs.filtered_state.T)
    assert_agree(forwards.filtered_covariance, np.moveaxis(theirs.filtered_state_cov, -1, 0))
    for known in range(8):
        mean, covariance, _ = condition_jointly(model, observations, known + 1)
        assert_agree(forwards.filtered_mean[known], mean[known])
        assert_agree(forwards.filtered_covariance[known], covariance[known])


def regression(returns: FloatArray, rows: FloatArray, f: float, found: Any, i: int) -> StateSpace:
    """The general model of one asset of a fitted filter."""
    states = rows.shape[1]
    q = np.broadcast_to(np.asarray(found.process_variance)[i], states)
    r = np.asarray(found.observation_variance)[[i], None]
    return StateSpace(
        f * np.eye(states), rows[:, None, :], np.diag(q), r, np.zeros(states), 0.5 * np.eye(states)
    )


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("transition", [1.0, 0.9])
def test_means_and_betas(missing: float, transition: float) -> None:
    """Against the joint Gaussian of eight periods, and statsmodels."""
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(8, 1))
    returns = rng.normal(size=(8, 9))
    returns[rng.random(returns.shape) < missing] = np.nan
    given: dict[str, Any] = {
        "transition": transition,
        "process_variance": 0.3,
        "observation_variance": 0.7,
        "initial_variance": 0.5,
    }
    ones = np.ones((8, 1))
    means = expected_returns(returns, **given)
    betas = factor_betas(returns, factors, **given)
    for found, rows, ours, smoothed in (
        (means, ones, means.mean[..., None], means.smoothed().mean[..., None]),
        (betas, np.hstack([ones, factors]), betas.loadings, betas.smoothed().loadings),
    ):
        for i in range(9):
            model = regression(returns, rows, transition, found, i)
            column = returns[:, [i]]
            mean, _, density = condition_jointly(model, column, 8)
            assert_agree(smoothed[:, i], mean)
            assert_agree(smoothed[:, i], from_statsmodels(model, column).smoothed_state.T)
            assert_agree(ours[:, i], from_statsmodels(model, column).filtered_state.T)
            assert_agree(found.log_likelihood[i], density)


def test_nile_by_every_filter() -> None:
    """Flow of the Nile, 1871-1970, with Durbin and Koopman's variances (2012, section 2.2.5)."""
    flow = nile.load_pandas().data[["volume"]].to_numpy()
    before = 1e7 - 1469.1  # so that the first predicted state has variance 1e7
    level = StateSpace([[1.0]], [[1.0]], [[1469.1]], [[15099.0]], [0.0], [[before]])
    means = expected_returns(
        flow, process_variance=1469.1, observation_variance=15099.0, initial_variance=before
    )
    for likelihood in (kalman_filter(level, flow).log_likelihood, means.log_likelihood[0]):
        assert likelihood == pytest.approx(-641.585578, abs=1e-5)

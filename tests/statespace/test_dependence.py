"""What assets that move together add to a pooled calibration: nothing that is not there."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from kfxl.arrays import FloatArray
from kfxl.data import FRENCH_INDUSTRIES, french_monthly
from kfxl.statespace.calibration import calibrate, calibrate_transition
from kfxl.statespace.dependence import exaggeration
from kfxl.statespace.likelihood import Regressions


def together(periods: int, assets: int, share: float, seed: int = 0) -> FloatArray:
    """Constant means and noise, of whose variance a ``share`` is common to all assets."""
    rng = np.random.default_rng(seed)
    common = np.sqrt(share) * rng.normal(size=(periods, 1))
    return 0.1 + common + np.sqrt(1 - share) * rng.normal(size=(periods, assets))


def means_of(observations: FloatArray) -> Regressions:
    assets = observations.shape[1]
    start = np.zeros((assets, 1))
    return Regressions(observations, np.ones((len(observations), 1)), 1.0, start, None)


@pytest.mark.parametrize("shape", [(200, 5), (40, 60)])
def test_equals_adjusted_squared_correlations_of_statsmodels_residuals(
    shape: tuple[int, int],
) -> None:
    """Ezekiel's adjusted R2 of each asset's residuals on each other's, summed over all pairs."""
    periods, assets = shape
    regressors = sm.add_constant(np.random.default_rng(1).normal(size=(periods, 2)))
    observations = together(periods, assets, 0.4) + regressors[:, 1:2]
    model = sm.OLS(observations, regressors).fit()
    squares = np.corrcoef(observations - model.predict(regressors), rowvar=False) ** 2
    freedom = periods - 3
    adjusted = 1 - (1 - squares) * freedom / (freedom - 1)
    np.fill_diagonal(adjusted, 1.0)
    known = np.ones(shape, dtype=bool)
    expected = adjusted.sum() / assets
    assert expected > 1.2
    assert exaggeration(observations, regressors, known) == pytest.approx(expected, rel=1e-10)


def test_missing_values_leave_what_is_known_of_both() -> None:
    observations = together(100, 3, 0.8)
    observations[:30, 0] = np.nan
    observations[90:, 1] = np.nan
    known = ~np.isnan(observations)
    rest = np.where(known, observations - np.nanmean(observations, axis=0), 0.0)
    total = 3.0
    for i, j in np.argwhere(~np.eye(3, dtype=bool)):
        square = (rest[:, i] @ rest[:, j]) ** 2 / (rest[:, i] ** 2).sum() / (rest[:, j] ** 2).sum()
        freedom = known.sum() / 3 - 1
        total += (freedom * square - 1) / (freedom - 1)
    found = exaggeration(observations, np.ones((100, 1)), known)
    assert found == pytest.approx(total / 3, rel=1e-12)


def test_copies_of_an_asset_are_no_more_evidence_than_the_asset() -> None:
    rng = np.random.default_rng(4)
    moving = np.cumsum(0.3 * rng.normal(size=(150, 1)), axis=0) + rng.normal(size=(150, 1))
    one, five = (calibrate(means_of(np.repeat(moving, n, axis=1))) for n in (1, 5))
    assert one.gain[0] > 2.71
    np.testing.assert_allclose(five.gain, one.gain[0], rtol=1e-8)
    np.testing.assert_allclose(five.deviation, one.deviation[0], rtol=1e-6)


def test_an_asset_that_never_moves_counts_for_nothing() -> None:
    observations = together(80, 4, 0.5)
    still = np.column_stack([observations, np.full(80, 0.1)])
    factors = [
        exaggeration(values, np.ones((80, 1)), np.ones(values.shape, dtype=bool))
        for values in (observations, still)
    ]
    assert factors[1] == pytest.approx(factors[0], rel=1e-12)


def test_too_few_rows_say_nothing() -> None:
    known = np.ones((2, 3), dtype=bool)
    assert exaggeration(together(2, 3, 0.5), np.ones((2, 1)), known) == 1.0


def test_constant_means_pass_for_moving_ones_as_often_as_promised() -> None:
    """Of 300 books of twelve industries without any drift; as if independent it is one in six."""
    industries = french_monthly()[list(FRENCH_INDUSTRIES)].corr()
    root, rng, gains = np.linalg.cholesky(industries), np.random.default_rng(0), []
    for _ in range(300):
        observations = 0.1 + rng.normal(size=(240, 12)) @ root.T
        gain = calibrate(means_of(observations)).gain[0]
        known = np.ones(observations.shape, dtype=bool)
        gains.append([gain, gain * exaggeration(observations, np.ones((240, 1)), known)])
    ours, naive = (np.array(gains) > 2.71).mean(axis=0)
    assert 0.02 < ours < 0.06
    assert 0.14 < naive < 0.22


def test_a_transition_needs_more_than_one_asset_s_evidence_told_five_times() -> None:
    rng = np.random.default_rng(12)
    mean = np.zeros((120, 1))
    for t in range(1, 120):
        mean[t] = 0.9 * mean[t - 1] + 0.4 * rng.normal()
    seen = mean + rng.normal(size=mean.shape)
    found = [calibrate_transition(means_of(np.repeat(seen, n, axis=1)))[1] for n in (1, 5)]
    still = [calibrate(means_of(np.repeat(seen, n, axis=1))) for n in (1, 5)]
    gains = [
        2 * (f.log_likelihood - s.log_likelihood).sum() for f, s in zip(found, still, strict=True)
    ]
    assert gains[0] > 0
    assert gains[1] == pytest.approx(5 * gains[0], rel=1e-4)
    between = 2 * gains[0]  # above the evidence, below five times it
    for n in (1, 5):
        model = means_of(np.repeat(seen, n, axis=1))
        assert calibrate_transition(model, threshold=between)[0] == 1.0
        assert calibrate_transition(model, threshold=gains[0] / 2)[0] < 1.0

"""Sums of random walks behind noise, against the covariance matrix of the returns."""

from __future__ import annotations

import numpy as np
import pytest

from kfxl.estimation.expected_returns import expected_returns
from kfxl.statespace.calibration import calibrate
from kfxl.statespace.innovation_sums import Sums
from kfxl.statespace.likelihood import Likelihood, Regressions
from kfxl.statespace.random_walks import RandomWalks, runs

RATIOS = np.array([0.0, 1e-8, 1e-3, 0.7, 100.0])


def by_covariance(values: np.ndarray, delay: int, ratio: float) -> list[np.ndarray]:
    """Log determinant, squares, units and crossed products under r I + q min(s, t), r = 1."""
    times = np.arange(1, len(values) + 1) + delay
    matrix = np.eye(len(values)) + ratio * np.minimum.outer(times, times)
    ones = np.ones(len(values))
    solved = np.linalg.solve(matrix, np.column_stack([values, ones]))
    return [
        np.linalg.slogdet(matrix)[1],
        np.einsum("tc,tc->c", values, solved[:, :-1]),
        ones @ solved[:, -1],
        ones @ solved[:, :-1],
    ]


def fields(sums: Sums, one: int) -> list[np.ndarray]:
    return [sums.log_total[one], sums.square[one], sums.gram[one, :, 0, 0], sums.cross[one, :, 0]]


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 252])
@pytest.mark.parametrize("delay", [0, 1, 40])
@pytest.mark.parametrize("lanes", [1, 5])
def test_sums_are_those_of_the_covariance_matrix(rows: int, delay: int, lanes: int) -> None:
    values = np.random.default_rng(rows).normal(0.5, 1.0, (rows, 5))
    ratios = np.repeat(RATIOS[:, None], lanes, axis=1)
    full, head = RandomWalks.of(values, delay).sums(ratios)
    assert full.count.tolist() == [rows] * lanes
    assert head.count.tolist() == [1] * lanes
    for one, ratio in enumerate(RATIOS):
        for sums, seen in ((full, values), (head, values[:1])):
            expected = by_covariance(seen, delay, ratio)
            for got, right in zip(fields(sums, one), expected, strict=True):
                np.testing.assert_allclose(got, np.broadcast_to(right, got.shape), 1e-9, 1e-12)


def test_a_ratio_for_each_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfxl.statespace.random_walks.HELD", 100)  # one asset at a time
    values = np.random.default_rng(5).normal(size=(60, 4))
    ratios = np.array([[0.0, 0.1, 1.0, 10.0], [0.2, 0.0, 3.0, 1e-3]])
    full, _ = RandomWalks.of(values, 2).sums(ratios)
    for one, row in enumerate(ratios):
        for asset, ratio in enumerate(row):
            right = by_covariance(values[:, [asset]], 2, ratio)
            got = [part[asset] for part in fields(full, one)]
            np.testing.assert_allclose(got, [np.squeeze(part) for part in right], 1e-10)


def test_runs_are_found_and_gaps_are_not_runs() -> None:
    known = np.ones((6, 7), dtype=bool)
    known[:2, [1, 4]] = False  # begin later
    known[5:, 2] = False  # ends earlier
    known[3, 3] = False  # has a gap
    known[:, 5] = False  # never seen
    found, others = runs(known)
    assert [(rows, assets.tolist()) for rows, assets in found] == [
        (slice(0, 5), [2]),
        (slice(0, 6), [0, 6]),
        (slice(2, 6), [1, 4]),
    ]
    assert others.tolist() == [3, 5]


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("variance", [None, 2e-4])
def test_the_likelihood_is_the_recursion_s(pooled: bool, variance: float | None) -> None:
    """A regressor that is not exactly one keeps an asset from being taken for a random walk."""
    generator = np.random.default_rng(8)
    returns = (
        0.01 + generator.normal(0, 0.04, (120, 9)) + generator.normal(0, 0.01, (120, 9)).cumsum(0)
    )
    returns[:30, [1, 4]] = np.nan
    returns[110:, 2] = np.nan
    returns[50, 3] = np.nan
    spread = None if variance is None else np.full((9, 1), variance)
    start = np.full((9, 1), 0.002)
    walks = Regressions(returns, np.ones((120, 1)), 1.0, start, spread)
    scale = np.ones((120, 1))
    scale[-1] = 1 + 2.0**-50
    plain = Regressions(returns, scale, 1.0, start, spread)
    assert len(Likelihood(walks).walks) == 3
    assert Likelihood(walks).others.tolist() == [3]
    assert not Likelihood(plain).walks
    got, right = (calibrate(model, pooled=pooled) for model in (walks, plain))
    np.testing.assert_allclose(got.process, right.process, 1e-7)
    np.testing.assert_allclose(got.observation, right.observation, 1e-8)
    np.testing.assert_allclose(got.log_likelihood, right.log_likelihood, 1e-11)
    np.testing.assert_allclose(got.deviation, right.deviation, 1e-5)


def test_the_optimum_does_not_depend_on_how_assets_begin() -> None:
    """An asset's own ratio is the same beside assets with other rows."""
    returns = np.random.default_rng(3).normal(0.01, 0.04, (90, 3))
    returns[:, 1] += np.random.default_rng(4).normal(0, 0.02, 90).cumsum()
    alone = expected_returns(returns[:, [1]], calibration="per-asset").ratio
    returns[:20, 0] = np.nan
    returns[40, 2] = np.nan
    beside = expected_returns(returns, calibration="per-asset").ratio
    assert alone[0] > 0.01
    assert beside[1] == pytest.approx(alone[0], rel=1e-7)

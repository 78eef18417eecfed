"""Expected returns of many assets: kfxl's filters and calibration beside other packages'."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from kfxl import expected_returns
from tests.benchmarks.frame import Contender, Measurement
from tests.benchmarks.peers import (
    Settings,
    filterpy_states,
    simdkalman_states,
    statsmodels_states,
)

SIZES = ((4, 504), (50, 504), (50, 2520), (500, 2520))
LARGE = (500, 2520)
SETTINGS = Settings()
CLOSE = 1e-8  # statsmodels takes a gain for settled that still moves a little


def measurements(sizes: Iterable[tuple[int, int]] = SIZES) -> Iterable[Measurement]:
    """Filters with known variances, and with variances to be found, at N assets and T periods."""
    for assets, periods in sizes:
        yield _known(assets, periods)
        yield _calibrated(assets, periods)


def returns_of(assets: int, periods: int, missing: float = 0.0) -> Any:
    """Returns whose means wander a little, some of them missing."""
    rng = np.random.default_rng(0)
    means = 0.0005 * rng.normal(size=(periods, assets)).cumsum(axis=0)
    returns = means + 0.01 * rng.normal(size=means.shape)
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns


def _known(assets: int, periods: int) -> Measurement:
    returns, gaps = returns_of(assets, periods), returns_of(assets, periods, 0.05)
    ones = np.ones((periods, 1))
    large = (assets, periods) == LARGE
    contenders = [
        Contender("kfxl", partial(_filtered, returns)),
        Contender("a copy of the input", returns.copy, least=0.1 if large else None),
        Contender("kfxl, 5 % missing", partial(_filtered, gaps)),
        Contender(
            "simdkalman",
            partial(simdkalman_states, returns, SETTINGS),
            needs=("simdkalman",),
            least=40 if large else None,
        ),
        Contender(
            "statsmodels, asset by asset",
            partial(statsmodels_states, returns, ones, SETTINGS),
            needs=("statsmodels",),
            least=150 if large else None,
        ),
    ]
    if assets < 50:
        work = partial(filterpy_states, returns, ones, SETTINGS)
        contenders.append(Contender("filterpy, asset by asset", work, needs=("filterpy",)))
    name = f"Expected returns, {assets} assets, {periods} periods, known variances"
    return Measurement(name, tuple(contenders), partial(_same_means, returns, gaps), repeats=7)


def _calibrated(assets: int, periods: int) -> Measurement:
    returns = returns_of(assets, periods)
    plain = partial(statsmodels_states, returns, np.ones((periods, 1)), SETTINGS)
    return Measurement(
        f"Expected returns, {assets} assets, {periods} periods, calibrated",
        (
            Contender("kfxl, pooled", partial(expected_returns, returns)),
            Contender(
                "kfxl, per asset", partial(expected_returns, returns, calibration="per-asset")
            ),
            Contender(
                "statsmodels' plain filter, known variances",
                plain,
                needs=("statsmodels",),
                least=1 if (assets, periods) == LARGE else None,
            ),
        ),
        partial(_same_at_the_optimum, returns),
        repeats=5,
    )


def _filtered(returns: Any) -> Any:
    return expected_returns(returns, **SETTINGS.for_kfxl())


def _same_means(returns: Any, gaps: Any, ours: Any, copy: Any, holes: Any, *others: Any) -> None:
    """kfxl's means are those of every other package; with missing values, statsmodels'."""
    np.testing.assert_array_equal(copy, returns)
    for theirs in others:
        np.testing.assert_allclose(ours.mean, theirs.reshape(ours.mean.shape), atol=CLOSE)
    if importlib.util.find_spec("statsmodels") is not None:
        column = statsmodels_states(gaps[:, :1], np.ones((len(gaps), 1)), SETTINGS, exact=True)[
            :, :, 0
        ]
        np.testing.assert_allclose(holes.mean[:, :1], column, atol=CLOSE)


def _same_at_the_optimum(returns: Any, pooled: Any, own: Any, *_plain: Any) -> None:
    """With the variances that were found, another filter has the same means."""
    if importlib.util.find_spec("statsmodels") is None:
        return
    for found in (pooled, own):
        r = found.observation_variance[0]
        settings = Settings(1.0, found.process_variance[0], r, 1e6 * r)
        theirs = statsmodels_states(
            returns[:, :1], np.ones((len(returns), 1)), settings, exact=True
        )
        np.testing.assert_allclose(found.mean[:, :1], theirs[:, :, 0], atol=1e-8)

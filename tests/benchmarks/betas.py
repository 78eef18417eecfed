"""Factor betas of many assets: kfxl's filters and calibration beside other packages'."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from kfxl import factor_betas
from tests.benchmarks.frame import Contender, Measurement
from tests.benchmarks.peers import Settings, filterpy_states, statsmodels_states

SIZES = ((4, 504, 3), (50, 2520, 3), (500, 2520, 5))
LARGE = (500, 2520, 5)
SETTINGS = Settings(process=1e-5, initial=0.1)
CLOSE = 1e-8  # statsmodels takes a gain for settled that still moves a little


def measurements(sizes: Iterable[tuple[int, int, int]] = SIZES) -> Iterable[Measurement]:
    """Known variances, and variances to be found, at N assets, T periods and K factors."""
    for size in sizes:
        yield _known(*size)
        yield _calibrated(*size)


def data_of(assets: int, periods: int, factors: int, missing: float = 0.0) -> tuple[Any, Any]:
    """Returns of assets, some of them missing, and of the factors."""
    rng = np.random.default_rng(0)
    of_factors = 0.01 * rng.normal(size=(periods, factors))
    returns = of_factors @ rng.normal(1.0, 0.3, (factors, assets))
    returns += 0.01 * rng.normal(size=returns.shape)
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns, of_factors


def _known(assets: int, periods: int, factors: int) -> Measurement:
    size = assets, periods, factors
    data, gaps = data_of(*size), data_of(*size, missing=0.05)
    regressors = np.column_stack([np.ones(periods), data[1]])
    contenders = [
        Contender("kfxl", partial(_filtered, *data)),
        Contender("kfxl, the latest state alone", partial(_filtered, *data, history=False)),
        Contender("kfxl, 5 % missing", partial(_filtered, *gaps)),
        Contender(
            "statsmodels, asset by asset",
            partial(statsmodels_states, data[0], regressors, SETTINGS),
            needs=("statsmodels",),
            least=40 if size == LARGE else None,
        ),
    ]
    if assets < 50:
        work = partial(filterpy_states, data[0], regressors, SETTINGS)
        contenders.append(Contender("filterpy, asset by asset", work, needs=("filterpy",)))
    return Measurement(
        f"Betas, {assets} assets, {periods} periods, {factors} factors, known variances",
        tuple(contenders),
        partial(_same_loadings, gaps),
        repeats=5,
    )


def _calibrated(assets: int, periods: int, factors: int) -> Measurement:
    data = data_of(assets, periods, factors)
    regressors = np.column_stack([np.ones(periods), data[1]])
    return Measurement(
        f"Betas, {assets} assets, {periods} periods, {factors} factors, calibrated",
        (
            Contender("kfxl, pooled", partial(factor_betas, *data)),
            Contender("kfxl, per asset", partial(factor_betas, *data, calibration="per-asset")),
            Contender(
                "statsmodels' plain filter, known variances",
                partial(statsmodels_states, data[0], regressors, SETTINGS),
                needs=("statsmodels",),
                least=1 if (assets, periods, factors) == LARGE else None,
            ),
        ),
        partial(_same_at_the_optimum, data[0], regressors),
        repeats=3,
    )


def _filtered(returns: Any, factors: Any, *, history: bool = True) -> Any:
    return factor_betas(returns, factors, history=history, **SETTINGS.for_kfxl())


def _same_loadings(gaps: Any, ours: Any, latest: Any, holes: Any, *others: Any) -> None:
    """kfxl's loadings are those of every other package; with missing values, statsmodels'."""
    np.testing.assert_allclose(latest.loadings, ours.loadings[-1:], atol=CLOSE)
    for theirs in others:
        np.testing.assert_allclose(ours.loadings, theirs, atol=CLOSE)
    if importlib.util.find_spec("statsmodels") is not None:
        regressors = np.column_stack([np.ones(len(gaps[1])), gaps[1]])
        first = statsmodels_states(gaps[0][:, :1], regressors, SETTINGS, exact=True)
        np.testing.assert_allclose(holes.loadings[:, :1], first, atol=CLOSE)


def _same_at_the_optimum(
    returns: Any, regressors: Any, pooled: Any, own: Any, *_plain: Any
) -> None:
    """With the variances that were found, another filter has the same latest loadings."""
    if importlib.util.find_spec("statsmodels") is None:
        return
    for found in (pooled, own):
        r = found.observation_variance[0]
        diffuse = 1e6 * r / (regressors**2).mean(axis=0)
        settings = Settings(1.0, found.process_variance[0], r, diffuse)
        theirs = statsmodels_states(returns[:, :1], regressors, settings, exact=True)
        np.testing.assert_allclose(found.latest[0], theirs[-1, 0], atol=1e-6)

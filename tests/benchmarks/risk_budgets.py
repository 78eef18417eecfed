"""Risk parity by kfxl and by other packages; of very many assets beside one factorisation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import cholesky

from kfxl import risk_parity_weights
from kfxl.arrays import FloatArray
from tests.benchmarks.frame import Contender, Measurement
from tests.portfolio.references import risk_budget_by_cvxpy, shares_of

SIZES = (4, 50, 500)
LARGE, VERY_LARGE = 500, 2000
EXACT = 1e-10  # largest error of a share that kfxl may make


def measurements(sizes: Iterable[int] = SIZES, most: int = VERY_LARGE) -> Iterable[Measurement]:
    """Equal shares of risk for N assets, and for ``most``."""
    for size in sizes:
        yield _beside_others(size)
    covariance = covariance_of(most)
    yield Measurement(
        f"Risk parity, {most} assets",
        (
            Contender("one Cholesky factorisation (scipy)", partial(cholesky, covariance)),
            Contender("kfxl", partial(risk_parity_weights, covariance), limit=0.5),
            Contender(
                "riskparityportfolio",
                partial(by_riskparityportfolio, covariance),
                needs=("riskparityportfolio",),
            ),
        ),
        lambda _factor, *weights: _same_shares(covariance, *weights),
        repeats=7,
    )


def covariance_of(size: int) -> FloatArray:
    """Sample covariance of 2 N + 100 daily returns that share a market."""
    rng = np.random.default_rng(size)
    rows = 2 * size + 100
    market = rng.normal(size=(rows, 1)) * rng.uniform(0.5, 1.5, size)
    spread = 10 ** rng.uniform(-2.3, -1.5, size)
    return np.asarray(np.cov(((market + rng.normal(size=(rows, size))) * spread).T))


def _beside_others(size: int) -> Measurement:
    covariance = covariance_of(size)
    return Measurement(
        f"Risk parity, {size} assets",
        (
            Contender("kfxl", partial(risk_parity_weights, covariance)),
            Contender(
                "cvxpy with Clarabel",
                partial(risk_budget_by_cvxpy, covariance, np.full(size, 1 / size)),
                needs=("cvxpy", "clarabel"),
                least=100 if size == LARGE else None,
            ),
            Contender(
                "riskparityportfolio",
                partial(by_riskparityportfolio, covariance),
                needs=("riskparityportfolio",),
            ),
            Contender("skfolio", partial(by_skfolio, covariance), needs=("skfolio",)),
            Contender("Riskfolio-Lib", partial(by_riskfolio, covariance), needs=("riskfolio",)),
        ),
        partial(_same_shares, covariance),
        repeats=5,
    )


def _same_shares(covariance: FloatArray, ours: Any, *others: Any) -> None:
    """kfxl's shares are equal to 1e-10; those of the others as far as their tolerances go."""
    size = len(covariance)
    assert np.abs(shares_of(ours, covariance) - 1 / size).max() <= EXACT
    for theirs in others:
        np.testing.assert_allclose(shares_of(theirs, covariance), 1 / size, atol=0.02 / size)


def by_riskparityportfolio(covariance: FloatArray) -> FloatArray:
    """Cyclical coordinate descent in C++."""
    import riskparityportfolio

    size = len(covariance)
    weights = riskparityportfolio.vanilla.design(covariance, np.full(size, 1 / size))
    return np.asarray(weights).ravel()


def by_skfolio(covariance: FloatArray) -> FloatArray:
    """Its optimiser on a covariance that is given."""
    from skfolio.moments import BaseCovariance
    from skfolio.optimization import RiskBudgeting
    from skfolio.prior import EmpiricalPrior

    class Given(BaseCovariance):  # type: ignore[misc]
        def __init__(self, matrix: Any = None) -> None:
            super().__init__(nearest=False)
            self.matrix = matrix

        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803
            self._set_covariance(self.matrix)
            return self

    model = RiskBudgeting(prior_estimator=EmpiricalPrior(covariance_estimator=Given(covariance)))
    blank = np.random.default_rng(0).normal(size=(2, len(covariance)))
    return np.asarray(model.fit(blank).weights_)


def by_riskfolio(covariance: FloatArray) -> FloatArray:
    """Its optimiser on a covariance that is given."""
    import pandas as pd
    import riskfolio

    names = [f"A{i}" for i in range(len(covariance))]
    blank = pd.DataFrame(np.random.default_rng(0).normal(size=(3, len(names))), columns=names)
    portfolio = riskfolio.Portfolio(returns=blank)
    portfolio.assets_stats(method_mu="hist", method_cov="hist")
    portfolio.cov = pd.DataFrame(covariance, index=names, columns=names)
    return np.asarray(portfolio.rp_optimization(model="Classic", rm="MV")["weights"])

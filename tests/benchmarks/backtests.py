"""Backtests of 20 stocks over ten years of days, equal shares of risk, beside bt and skfolio."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from kfxl import backtest
from tests.benchmarks.frame import Contender, Measurement

EVERY, WINDOW = 21, 252
CLOSE = 1e-4  # how far apart weights of solvers with tolerances of their own may be


def measurements(periods: int = 2520, assets: int = 20, months: int = 240) -> Iterable[Measurement]:
    """Equal shares of risk every 21 days on 252; kfxl's Kalman strategy, month by month."""
    returns = returns_of(periods, assets)
    prices = _prices(returns)
    yield Measurement(
        f"Backtest, {assets} stocks, {periods} days, equal risk every {EVERY} days on {WINDOW}",
        (
            Contender("kfxl", partial(by_kfxl, returns)),
            Contender("bt", partial(by_bt, prices, periods), needs=("bt",), least=20),
            Contender("skfolio", partial(by_skfolio, returns), needs=("skfolio",), least=50),
            Contender("kfxl, shrunk covariances", partial(by_kfxl, returns, "ledoit_wolf")),
        ),
        partial(_same_weights, returns, prices),
        repeats=5,
    )
    monthly = returns_of(months, 12, "ME")
    yield Measurement(
        f"Backtest, 12 assets, {months} months, calibrated means and costs every month",
        (Contender("kfxl", partial(backtest, monthly)),),
        repeats=3,
    )


def returns_of(periods: int, assets: int, frequency: str = "B") -> pd.DataFrame:
    """Returns that share a market."""
    rng = np.random.default_rng(0)
    market = rng.normal(size=(periods, 1)) * rng.uniform(0.5, 1.5, assets)
    moves = 0.0003 + 0.008 * market + 0.012 * rng.normal(size=(periods, assets))
    dates = pd.date_range("2014-01-01", periods=periods, freq=frequency)
    return pd.DataFrame(moves, dates, [f"Stock {j + 1}" for j in range(assets)])


def _prices(returns: pd.DataFrame) -> pd.DataFrame:
    """Prices that start a day before the returns."""
    before = returns.index[:1] - pd.offsets.BDay(1)
    first = pd.DataFrame(1.0, before, returns.columns)
    return 100 * pd.concat([first, (1 + returns).cumprod()])


def by_kfxl(returns: pd.DataFrame, method: str = "sample") -> Any:
    """With the benchmark, risk tracking and measures that a Backtest holds."""
    return backtest(
        returns,
        "risk-parity",
        rebalance_every=EVERY,
        lookback=WINDOW,
        covariance_method=method,
        cost=0.0,
    )


def by_bt(prices: pd.DataFrame, periods: int) -> Any:
    """Its own algorithms, on the same days and windows."""
    import bt

    days = prices.index[1:][range(WINDOW - 1, periods, EVERY)]
    weigh = bt.algos.WeighERC(
        lookback=pd.offsets.BDay(WINDOW), covar_method="standard", maximum_iterations=1000
    )
    algorithms = [bt.algos.RunOnDate(*days), bt.algos.SelectAll(), weigh, bt.algos.Rebalance()]
    plan = bt.Backtest(
        bt.Strategy("equal risk", algorithms), prices, integer_positions=False, progress_bar=False
    )
    return bt.run(plan)


def by_skfolio(returns: pd.DataFrame) -> Any:
    """Its walk-forward, which holds weights constant between decisions."""
    from skfolio.model_selection import WalkForward, cross_val_predict
    from skfolio.optimization import RiskBudgeting

    return cross_val_predict(
        RiskBudgeting(), returns, cv=WalkForward(test_size=EVERY, train_size=WINDOW)
    )


def _same_weights(returns: pd.DataFrame, prices: pd.DataFrame, ours: Any, *others: Any) -> None:
    """The weights after each decision; with bt also the growth since the first one."""
    after = [row + 1 for row in range(WINDOW - 1, len(returns) - 1, EVERY)]
    weights = ours.weights.iloc[after].to_numpy()
    for theirs in others:
        if hasattr(theirs, "get_security_weights"):
            held = theirs.get_security_weights().reindex(returns.index[[row - 1 for row in after]])
            np.testing.assert_allclose(held[returns.columns], weights, atol=CLOSE)
            path = theirs.prices.iloc[:, 0].reindex(returns.index[WINDOW - 1 :])
            growth = ours.value.iloc[WINDOW - 1 :] / ours.value.iloc[WINDOW - 1]
            np.testing.assert_allclose(path / path.iloc[0], growth, rtol=1e-4)
        elif hasattr(theirs, "portfolios"):
            found = np.array([portfolio.weights for portfolio in theirs.portfolios])
            np.testing.assert_allclose(found, weights[: len(found)], atol=CLOSE)

"""Backtests without look-ahead: decide and trade at the close of t, hold from t + 1.

What is decided at the close of t rests on data up to t, calibration and scaling included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Row, Table
from kfxl.errors import InputError
from kfxl.estimation.factor_betas import FactorBetas
from kfxl.estimation.risk_tracking import shares_while_held
from kfxl.evaluation.backtest_run import BacktestRun
from kfxl.evaluation.backtest_settings import (
    check_keywords,
    given_budgets,
    plan_of,
    settings_used,
    target_shares,
)
from kfxl.evaluation.performance import performance
from kfxl.evaluation.strategies import (
    KalmanMeanVariance,
    Strategy,
    by_name,
    strategy_from,
    strategy_name,
)


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a strategy would have earned, held and paid; T periods, N assets, D decisions.

    pandas objects where the returns were labelled, else arrays; tables of decisions and
    ``performance`` are always pandas.

    Attributes
    ----------
    value : (T,)
        Portfolio value at the end of each period, after costs.
    returns, benchmark_returns : (T,)
        Net of costs; the first one carries the first purchase.
    benchmark_value : (T,)
        The benchmark's value.
    weights : (T, N)
        Held at the start of each period.
    next_weights : (N,)
        Held after the last close, its trade included.
    turnover, costs : (T,)
        Sum of absolute changes of weight at each close (1 for the first purchase, booked in the
        first period), and its cost in money.
    estimates : DataFrame (D, 2 N)
        Expected returns and standard errors as known at each decision, columns (measure,
        asset); no columns for strategies that estimate none.
    risk_contributions : (T, N)
        Tracked shares of risk of the weights held (:func:`kfxl.track_risk_contributions`); where
        the portfolio has not moved for a whole window they are carried on.
    performance : DataFrame
        Measures of "strategy" and "benchmark" over all periods.
    strategy, benchmark : str
        Their names.
    budgets : (N,) or None
        Risk shares to compare with: equal ones for risk parity, else the budgets given.
    decisions : Index
        Dates (positions) of the D decisions.
    settings : dict
        Every setting as used.
    factor_betas : FactorBetas or None
        Betas over all rows, for looking back: calibrated with hindsight.
    loadings : DataFrame (D, N (K+1)) or None
        Alpha and betas as known at each decision, columns (asset, factor).
    """

    value: Row
    returns: Row
    benchmark_returns: Row
    benchmark_value: Row
    weights: Table
    next_weights: Row
    turnover: Row
    costs: Row
    estimates: pd.DataFrame
    risk_contributions: Table
    performance: pd.DataFrame
    strategy: str
    benchmark: str
    budgets: Row | None
    decisions: pd.Index
    settings: dict[str, Any]
    factor_betas: FactorBetas | None
    loadings: pd.DataFrame | None


def backtest(
    returns: object,
    strategy: object = "kalman",
    *,
    factors: object = None,
    rebalance_every: int | None = None,
    lookback: int | None = None,
    warmup: int | None = None,
    cost: float = 0.001,
    risk_aversion: float = 5.0,
    covariance_method: str = "ledoit_wolf",
    budgets: object = None,
    lower: object = 0.0,
    upper: object = 1.0,
    initial_value: float = 100_000.0,
    benchmark: object = "equal-weight",
    periods_per_year: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    **estimator_settings: Any,
) -> Backtest:
    """Trade a strategy through the past, with costs, beside a benchmark that pays them too.

    Before its first decision the portfolio holds the benchmark's mix. Between trades weights
    drift with returns.

    Parameters
    ----------
    returns : (T, N)
        Simple returns per period. A return of an asset that is held must not be missing.
    strategy, benchmark : str, mapping, Series or object
        "kalman", "risk-parity", "risk-budget" (with ``budgets``) or "equal-weight"; fixed
        weights by name; or an object with ``target(history, previous_weights) -> weights``.
        A benchmark that needs data starts with equal weights.
    factors : (T, K), optional
        Factor returns: adds each asset's betas to the result. Of the strategies only those with
        covariance method "kalman_factor" use them.
    rebalance_every : int, optional
        Periods from one decision to the next, also the horizon over which "kalman" spreads
        costs. Inferred from the dates: daily 10, weekly 4, else 1.
    lookback : int, optional
        Rows in covariances (never in the filter). Inferred: daily 50, weekly 52, monthly 60,
        else 20.
    warmup : int, optional
        Rows seen before the first decision; ``lookback`` unless given. 0 only for strategies
        that need no data: these then make the first purchase.
    cost : float
        Fraction of the traded value.
    risk_aversion, lower, upper
        Of "kalman": see :func:`kfxl.mean_variance_weights`.
    covariance_method : str
        See :func:`kfxl.covariance`.
    budgets : (N,), optional
        Risk budgets, by name or position.
    initial_value : float
        Cash at the start.
    periods_per_year : float, optional
        Inferred from the dates (252, 52, 12, 4, 1), else 252.
    progress : callable, optional
        Called as ``progress(done, total)`` after each decision.
    **estimator_settings
        Of :func:`kfxl.expected_returns` (``transition``, ``process_variance``, ...), and
        ``half_life`` of the "ewma" covariance.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        For too few rows, an unknown strategy or keyword, a missing return of an asset that is
        held, or weights that do not sum to 1.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0.001, 0.01, (120, 3))
    >>> result = backtest(returns, "risk-parity", cost=0.002)
    >>> result.weights.shape, round(float(result.turnover[0]), 12), list(result.performance)
    ((120, 3), 1.0, ['strategy', 'benchmark'])
    """
    check_keywords(estimator_settings)
    data = arrays.panel(returns, "returns")
    size, labels = data.values.shape[1], data.columns
    plan = plan_of(
        data,
        periods_per_year=periods_per_year,
        rebalance_every=rebalance_every,
        lookback=lookback,
        warmup=warmup,
        cost=cost,
        initial_value=initial_value,
    )
    aligned = None if factors is None else _aligned(factors, data)
    kalman = KalmanMeanVariance(
        lookback=plan.lookback,
        covariance_method=covariance_method,
        risk_aversion=risk_aversion,
        cost=plan.cost,
        horizon=plan.rebalance_every,
        lower=by_name(lower, "lower", labels),
        upper=by_name(upper, "upper", labels),
        factors=None if aligned is None else aligned.table(aligned.values),
        **estimator_settings,
    )
    shares = given_budgets(budgets, size, labels)
    chosen, rival = (
        strategy_from(spec, argument, size, labels, budgets=shares, kalman=kalman)
        for spec, argument in ((strategy, "strategy"), (benchmark, "benchmark"))
    )
    if plan.warmup == 0 and getattr(chosen, "needs_data", True):
        raise InputError("warmup", "is 0 but the strategy needs data", "give 2 or more")
    run = BacktestRun(data, plan, aligned, progress)
    names = (strategy_name(strategy), strategy_name(benchmark))
    settings = settings_used(plan, kalman, names, None if shares is None else data.row(shares))
    return _result(run, chosen, rival, settings, target_shares(shares, strategy, size))


def _aligned(factors: object, data: Panel) -> Panel:
    return arrays.align_rows(arrays.panel(factors, "factors", any_order=True), data, "factors")


def _result(
    run: BacktestRun,
    strategy: Strategy,
    benchmark: Strategy,
    settings: dict[str, Any],
    budgets: FloatArray | None,
) -> Backtest:
    """Let both strategies pass through the past, and put their books side by side."""
    data, plan = run.data, run.plan
    mix = run.first_weights(benchmark, "benchmark")
    own = run.first_weights(strategy, "strategy") if plan.warmup == 0 else mix
    books, decisions = run.books(strategy, "strategy", own)
    rival, _ = run.books(benchmark, "benchmark", mix)
    net, rival_net = (_net_returns(path.value, plan.initial_value) for path in (books, rival))
    return Backtest(
        value=_series(data, books.value),
        returns=_series(data, net),
        benchmark_returns=_series(data, rival_net),
        benchmark_value=_series(data, rival.value),
        weights=data.table(books.weights),
        next_weights=data.row(books.next_weights),
        turnover=_series(data, books.turnover),
        costs=_series(data, books.costs),
        estimates=run.estimates(decisions),
        risk_contributions=data.table(shares_while_held(data, books.weights)),
        performance=_side_by_side(data, net, rival_net, plan.periods_per_year),
        strategy=settings["strategy"],
        benchmark=settings["benchmark"],
        budgets=None if budgets is None else data.row(budgets),
        decisions=run.labels(),
        settings=settings,
        factor_betas=run.betas(),
        loadings=run.loadings(),
    )


def _net_returns(value: FloatArray, initial_value: float) -> FloatArray:
    return np.asarray(value / np.append(initial_value, value[:-1]) - 1)


def _series(data: Panel, values: FloatArray) -> Row:
    return values if data.index is None else pd.Series(values, index=data.index)


def _side_by_side(
    data: Panel, net: FloatArray, rival: FloatArray, periods_per_year: float
) -> pd.DataFrame:
    both = pd.DataFrame({"strategy": net, "benchmark": rival}, index=data.index)
    measures = performance(both, periods_per_year=periods_per_year)
    assert isinstance(measures, pd.DataFrame)  # noqa: S101 - two columns came in
    return measures

"""Settings of a backtest: checked, inferred from dates where they are None, and listed as used."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Row
from kfxl.errors import InputError
from kfxl.evaluation.calendar import defaults_for, periods_per_year_of
from kfxl.evaluation.strategies import KalmanMeanVariance, by_name
from kfxl.portfolio.risk_budgeting import normalised_budgets

ESTIMATOR_SETTINGS = (
    "transition",
    "process_variance",
    "observation_variance",
    "calibration",
    "long_run_mean",
    "initial_mean",
    "initial_variance",
    "half_life",
)


@dataclass(frozen=True)
class Plan:
    """The numbers that say when to trade and what it costs."""

    periods_per_year: float
    rebalance_every: int
    lookback: int
    warmup: int
    cost: float
    initial_value: float

    def trade_rows(self, periods: int) -> range:
        """Rows at whose close a decision is made; they do not depend on where the data end.

        >>> list(Plan(12, 3, 20, 2, 0.001, 1.0).trade_rows(8))
        [1, 4, 7]
        """
        first = (self.warmup or self.rebalance_every) - 1
        return range(first, periods, self.rebalance_every)


def plan_of(
    data: Panel,
    *,
    periods_per_year: object,
    rebalance_every: object,
    lookback: object,
    warmup: object,
    cost: object,
    initial_value: object,
) -> Plan:
    """Check the settings and infer from the dates those that are None."""
    year: float = periods_per_year_of(data.index)
    if periods_per_year is not None:
        year = arrays.number(periods_per_year, "periods_per_year", above=0)
    usual = defaults_for(year)
    every, rows = usual.rebalance_every, usual.lookback
    if rebalance_every is not None:
        every = arrays.whole(rebalance_every, "rebalance_every")
    if lookback is not None:
        rows = arrays.whole(lookback, "lookback", low=2)
    first = rows if warmup is None else arrays.whole(warmup, "warmup", low=0)
    if len(data.values) < max(first, 1):
        raise InputError(
            "returns",
            f"has {len(data.values)} rows, the first decision needs {first}",
            "give more rows, or a shorter " + ("lookback" if warmup is None else "warmup"),
        )
    return Plan(
        year,
        every,
        rows,
        first,
        arrays.number(cost, "cost", low=0),
        arrays.number(initial_value, "initial_value", above=0),
    )


def check_keywords(given: dict[str, Any]) -> None:
    """InputError that names the first keyword which is no setting of an estimator."""
    for name in given:
        if name not in ESTIMATOR_SETTINGS:
            listed = [field.name for field in fields(Plan)] + list(ESTIMATOR_SETTINGS)
            close = get_close_matches(name, [*listed, "risk_aversion", "covariance_method"], 1)
            remedy = f"did you mean {close[0]}?" if close else "use " + ", ".join(listed)
            raise InputError(name, "is no setting of a backtest", remedy)


def given_budgets(budgets: object, size: int, labels: pd.Index | None) -> FloatArray | None:
    """Risk budgets (N,) with sum 1, or None."""
    if budgets is None:
        return None
    return normalised_budgets(by_name(budgets, "budgets", labels), size, labels)


def target_shares(budgets: FloatArray | None, strategy: object, size: int) -> FloatArray | None:
    """Risk shares to hold a strategy against: equal ones for risk parity, else the budgets."""
    if isinstance(strategy, str) and strategy == "risk-parity":
        return np.full(size, 1 / size)
    return budgets


def settings_used(
    plan: Plan, kalman: KalmanMeanVariance, names: tuple[str, str], budgets: Row | None
) -> dict[str, Any]:
    """Every keyword of the backtest as used."""
    used = {item.name: getattr(kalman, item.name) for item in fields(kalman)}
    del used["horizon"], used["factors"]  # the one is rebalance_every, the other is data
    used |= {item.name: getattr(plan, item.name) for item in fields(plan)}
    return {"strategy": names[0], "benchmark": names[1], "budgets": budgets, **used}

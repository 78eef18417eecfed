"""Strategies: objects that turn the history of returns into target weights.

Anything with ``target(history, previous_weights) -> weights`` is a strategy; ``history`` ends at
the close at which the decision is made, so that no strategy can look ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Row, Table
from kfxl.errors import InputError, KfxlError, SolverError
from kfxl.estimation.covariance import KALMAN_FACTOR, METHODS, covariance
from kfxl.estimation.expected_returns import expected_returns
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.risk_budgeting import (
    normalised_budgets,
    risk_budget_weights,
    weights_by_budget,
)

STRATEGIES = {
    "kalman": "mean-variance weights on Kalman-filtered expected returns, trading costs included",
    "risk-parity": "every asset carries the same share of risk",
    "risk-budget": "every asset carries its budgeted share of risk",
    "equal-weight": "every asset gets the same weight",
}
FIXED_WEIGHTS = "fixed weights"
SUM_TOLERANCE = 1e-8
TOGETHER = 64  # assets up to which all decisions of a risk budget are made at once


class Strategy(Protocol):
    """What :func:`kfxl.backtest` asks at the close of each rebalancing period.

    An attribute ``needs_data = False`` says that the first history may be empty.
    """

    def target(self, history: Table, previous_weights: Row) -> object:
        """Weights (N,) with sum 1 to hold from the next period on.

        ``history`` holds the returns (t, N) up to the close; ``previous_weights`` (N,) are those
        held at it, drifted since the last trade.
        """


@dataclass(frozen=True)
class Decision:
    """Target weights (N,), and what they rest on where the strategy says so."""

    weights: FloatArray
    expected_return: FloatArray | None = None
    standard_error: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class KalmanMeanVariance:
    """Filtered expected returns and a covariance of the last rows, into mean-variance weights.

    The variances of the filter are calibrated on the history alone unless they are given. The
    settings are those of :func:`kfxl.expected_returns`, :func:`kfxl.covariance` (``lookback``
    is its window; of ``factors`` it sees the rows of the history) and
    :func:`kfxl.mean_variance_weights`.

    Examples
    --------
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, (60, 3))
    >>> weights = KalmanMeanVariance(horizon=10).target(returns, np.full(3, 1 / 3))
    >>> round(float(weights.sum()), 12)
    1.0
    """

    needs_data: ClassVar[bool] = True

    lookback: int | None = None
    covariance_method: str = "ledoit_wolf"
    half_life: float = 60
    risk_aversion: object = 5.0
    cost: object = 0.001
    horizon: object = 1
    lower: object = 0.0
    upper: object = 1.0
    transition: float | None = 1.0
    process_variance: object = None
    observation_variance: object = None
    calibration: str = "pooled"
    long_run_mean: object = 0.0
    initial_mean: object = 0.0
    initial_variance: object = None
    factors: Table | None = None

    def __post_init__(self) -> None:
        arrays.choice(self.covariance_method, "covariance_method", METHODS)

    @property
    def by_position(self) -> bool:
        """Whether no setting goes by the assets' names, so that plain arrays will do."""
        settings = (getattr(self, item.name) for item in fields(self))
        return not any(isinstance(value, pd.Series | pd.DataFrame) for value in settings)

    def target(self, history: Table, previous_weights: object = None) -> Row:
        """Weights (N,) after the history; without previous weights trading costs nothing."""
        return self._optimise(history, previous_weights)[0]

    def decide(self, history: Table, previous_weights: object = None) -> Decision:
        """The target with the expected returns it rests on and their standard errors."""
        weights, forecast, variance = self._optimise(history, previous_weights)
        return Decision(np.asarray(weights), np.asarray(forecast), np.sqrt(np.asarray(variance)))

    def _optimise(self, history: Table, previous_weights: object) -> tuple[Row, Row, Row]:
        estimate = expected_returns(
            history,
            transition=self.transition,
            process_variance=self.process_variance,
            observation_variance=self.observation_variance,
            calibration=self.calibration,
            long_run_mean=self.long_run_mean,
            initial_mean=self.initial_mean,
            initial_variance=self.initial_variance,
            history=False,
        )
        weights = mean_variance_weights(
            estimate.forecast,
            _covariance(self, history),
            risk_aversion=self.risk_aversion,
            previous_weights=previous_weights,
            cost=self.cost,
            horizon=self.horizon,
            lower=self.lower,
            upper=self.upper,
        )
        return weights, estimate.forecast, estimate.forecast_mean_variance


@dataclass(frozen=True, eq=False)
class RiskBudgeting:
    """Risk shares by budget on a covariance of the last rows; equal shares without budgets."""

    needs_data: ClassVar[bool] = True

    budgets: object = None
    lookback: int | None = None
    covariance_method: str = "ledoit_wolf"
    half_life: float = 60
    factors: Table | None = None

    def target(self, history: Table, previous_weights: object = None) -> Row:  # noqa: ARG002
        """Weights (N,) after the history."""
        matrix = _covariance(self, history)
        budgets = np.ones(len(matrix)) if self.budgets is None else self.budgets
        return risk_budget_weights(matrix, budgets)

    def targets(self, returns: FloatArray, rows: Sequence[int]) -> FloatArray | None:
        """Weights (D, N) at the closes of ``rows``, each from what is known there, all at once.

        None where they are better asked for one by one: for many assets, whose matrices take
        room, with labels or a model of factors, or where one of them has no answer.
        """
        size = returns.shape[1]
        modelled = self.covariance_method == KALMAN_FACTOR
        if size > TOGETHER or modelled or isinstance(self.budgets, pd.Series):
            return None
        try:
            matrices = np.array([_covariance(self, returns[: row + 1]) for row in rows])
            if not (np.diagonal(matrices, axis1=1, axis2=2) > 0).all():
                return None
            given = np.ones(size) if self.budgets is None else self.budgets
            return weights_by_budget(matrices, normalised_budgets(given, size))[0]
        except KfxlError:
            return None


def _covariance(settings: KalmanMeanVariance | RiskBudgeting, history: Table) -> Table:
    """Covariance at the end of the history; of the factors no later row is looked at."""
    factors = settings.factors if settings.covariance_method == KALMAN_FACTOR else None
    if factors is not None:
        rows = slice(len(history))
        factors = factors.iloc[rows] if isinstance(factors, pd.DataFrame) else factors[rows]
    return covariance(
        history,
        method=settings.covariance_method,
        window=settings.lookback,
        half_life=settings.half_life,
        factors=factors,
    )


@dataclass(frozen=True, eq=False)
class FixedWeights:
    """The same weights at every rebalance, whatever happened."""

    needs_data: ClassVar[bool] = False

    weights: FloatArray

    def target(self, history: Table, previous_weights: object = None) -> FloatArray:  # noqa: ARG002
        """The weights (N,)."""
        return self.weights.copy()

    def targets(self, returns: FloatArray, rows: Sequence[int]) -> FloatArray:  # noqa: ARG002
        """The weights (D, N)."""
        return np.array([self.weights] * len(rows)).reshape(len(rows), len(self.weights))


def strategy_name(spec: object) -> str:
    """How reports call the strategy that ``spec`` describes."""
    if isinstance(spec, str):
        return spec
    if callable(getattr(spec, "target", None)):
        return str(getattr(spec, "name", type(spec).__name__))
    return FIXED_WEIGHTS


def strategy_from(
    spec: object,
    argument: str,
    size: int,
    labels: pd.Index | None,
    *,
    budgets: object,
    kalman: KalmanMeanVariance,
) -> Strategy:
    """The strategy that ``spec`` describes.

    Parameters
    ----------
    spec
        A name in ``STRATEGIES``; fixed weights by name (mapping, Series) or by position; or any
        object with ``target``.
    argument
        What errors call it: "strategy" or "benchmark".
    size, labels
        Number of assets, and their names where they have any.
    budgets
        Budgets of "risk-budget".
    kalman
        Strategy "kalman", whose covariance settings the risk strategies share.
    """
    if callable(getattr(spec, "target", None)):  # a Series may hold an asset named target
        return spec  # type: ignore[return-value]
    if not isinstance(spec, str):
        return FixedWeights(_fixed_weights(spec, argument, size, labels))
    if spec not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise InputError(argument, f"{spec!r} is not known", f"use {known} or fixed weights")
    if spec == "kalman":
        return kalman
    if spec == "equal-weight":
        return FixedWeights(np.full(size, 1 / size))
    if spec == "risk-budget" and budgets is None:
        raise InputError("budgets", "are not given", f"give them with {argument} 'risk-budget'")
    wanted = budgets if spec == "risk-budget" else None
    return RiskBudgeting(
        wanted, kalman.lookback, kalman.covariance_method, kalman.half_life, kalman.factors
    )


def by_name(values: object, argument: str, labels: pd.Index | None) -> object:
    """A mapping as a Series where assets have names; anything else as it is."""
    if not isinstance(values, Mapping):
        return values
    if labels is None:
        raise InputError(argument, "has names but the returns have none", "give a plain list")
    return pd.Series(dict(values))


def _fixed_weights(spec: object, argument: str, size: int, labels: pd.Index | None) -> FloatArray:
    if not isinstance(spec, Mapping | pd.Series | np.ndarray | Sequence):
        raise InputError(
            argument, f"{spec!r} is no strategy", "give a name, fixed weights or a target method"
        )
    weights = arrays.vector(by_name(spec, argument, labels), argument, size, labels)
    return _with_sum_one(weights, argument)


def _with_sum_one(weights: FloatArray, argument: str) -> FloatArray:
    total = float(weights.sum())
    if abs(total - 1) > SUM_TOLERANCE:
        raise InputError(argument, f"weights sum to {total:.9g}", "make them sum to 1")
    # Scaling weights that sum to 1 up to rounding would only add rounding of its own.
    return weights if abs(total - 1) <= 1e-12 else weights / total


def decide(
    strategy: Strategy,
    history: Table,
    previous_weights: Row,
    argument: str,
    when: str,
) -> Decision:
    """Ask ``strategy`` and check what it says; errors name ``argument`` and the date ``when``."""
    size = history.shape[1]
    labels = history.columns if isinstance(history, pd.DataFrame) else None
    try:
        if isinstance(strategy, KalmanMeanVariance):
            return strategy.decide(history, previous_weights)
        answer = strategy.target(history, previous_weights)
        return Decision(_with_sum_one(arrays.vector(answer, argument, size, labels), argument))
    except InputError as error:
        raise InputError(error.argument, f"at {when}, {error.problem}", error.remedy) from error
    except SolverError as error:
        raise SolverError(f"at {when}, {error.problem}", error.remedy) from error

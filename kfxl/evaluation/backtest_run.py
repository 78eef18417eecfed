"""Strategies pass through the past: what each decision may see, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Table
from kfxl.errors import KfxlError
from kfxl.estimation.factor_betas import FactorBetas, factor_betas
from kfxl.evaluation.accounting import Books, keep_books
from kfxl.evaluation.backtest_settings import Plan
from kfxl.evaluation.strategies import (
    Decision,
    FixedWeights,
    KalmanMeanVariance,
    RiskBudgeting,
    Strategy,
    decide,
)


@dataclass
class BacktestRun:
    """Data and plan of a backtest, and its progress; each strategy passes through by ``books``."""

    data: Panel
    plan: Plan
    factors: Panel | None = None
    progress: Callable[[int, int], None] | None = None
    done: int = field(default=0, init=False)

    @property
    def rows(self) -> range:
        """Rows at whose close decisions are made."""
        return self.plan.trade_rows(len(self.data.values))

    def first_weights(self, strategy: Strategy, argument: str) -> FloatArray:
        """Weights bought before the first row: a strategy's own if it needs no data, else equal."""
        if getattr(strategy, "needs_data", True):
            size = self.data.values.shape[1]
            return np.full(size, 1 / size)
        cash = np.zeros(self.data.values.shape[1])
        history = _before(self.data, 0)
        return decide(strategy, history, self.data.row(cash), argument, "the start").weights

    def books(
        self, strategy: Strategy, argument: str, first: FloatArray
    ) -> tuple[Books, list[Decision]]:
        """Books of ``strategy`` that starts with ``first``, and its decisions."""
        decisions: list[Decision] = []
        known = None
        if isinstance(strategy, FixedWeights | RiskBudgeting):
            known = strategy.targets(self.data.values, self.rows)

        def target(row: int, drifted: FloatArray) -> FloatArray:
            if known is not None:
                decisions.append(Decision(known[len(decisions)]))
            else:
                decisions.append(self._decision(strategy, argument, row, drifted))
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, 2 * len(self.rows))
            return decisions[-1].weights

        books = keep_books(
            self.data,
            first,
            self.rows,
            target,
            cost=self.plan.cost,
            initial_value=self.plan.initial_value,
        )
        return books, decisions

    def _decision(
        self, strategy: Strategy, argument: str, row: int, drifted: FloatArray
    ) -> Decision:
        """What ``strategy`` decides at the close of ``row``, holding the weights ``drifted``."""
        if isinstance(strategy, KalmanMeanVariance) and strategy.by_position:
            try:
                return strategy.decide(self.data.values[: row + 1], drifted)
            except KfxlError:
                pass  # it is said again below, with names and the date
        history = _before(self.data, row + 1)
        when = arrays.place(self.data.index, row, "row")
        return decide(strategy, history, self.data.row(drifted.copy()), argument, when)

    def labels(self) -> pd.Index:
        """Dates of the decisions; positions where rows are unlabelled."""
        return pd.Index(self.rows) if self.data.index is None else self.data.index[self.rows]

    def estimates(self, decisions: list[Decision]) -> pd.DataFrame:
        """Expected returns and standard errors (D, 2 N); no columns where there are none."""
        columns = self._assets()
        parts = {
            "expected_return": [decision.expected_return for decision in decisions],
            "standard_error": [decision.standard_error for decision in decisions],
        }
        known = {
            name: pd.DataFrame(np.array(rows), self.labels(), columns)
            for name, rows in parts.items()
            if rows and rows[0] is not None
        }
        if not known:
            return pd.DataFrame(index=self.labels())
        return pd.concat(known, axis=1, names=["measure", "asset"])

    def betas(self) -> FactorBetas | None:
        """Betas over all rows; None without factors."""
        if self.factors is None:
            return None
        return factor_betas(
            self.data.table(self.data.values), self.factors.table(self.factors.values)
        )

    def loadings(self) -> pd.DataFrame | None:
        """Alpha and betas as known at each decision, columns (asset, factor)."""
        if self.factors is None:
            return None
        known = [
            factor_betas(
                _before(self.data, row + 1), _before(self.factors, row + 1), history=False
            ).latest
            for row in self.rows
        ]
        count = self.factors.values.shape[1]
        names = self.factors.columns
        listed = [f"factor {k + 1}" for k in range(count)] if names is None else list(names)
        columns = pd.MultiIndex.from_product(
            [list(self._assets()), ["alpha", *listed]], names=["asset", "factor"]
        )
        flat = np.array([np.asarray(latest).ravel() for latest in known])
        return pd.DataFrame(flat.reshape(-1, len(columns)), self.labels(), columns)

    def _assets(self) -> pd.Index:
        size = self.data.values.shape[1]
        return pd.RangeIndex(size) if self.data.columns is None else self.data.columns


def _before(data: Panel, row: int) -> Table:
    """A copy of the rows before ``row``: nothing in it leads to later ones."""
    index = None if data.index is None else data.index[:row]
    values = data.values[:row].copy()
    return Panel(values, index, data.columns).table(values)

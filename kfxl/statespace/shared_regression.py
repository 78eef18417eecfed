"""Time-varying regressions that share regressors: one state vector and one return per asset.

    b_t = f b_{t-1} + w_t,  w ~ N(0, diag(q))        y_t = h_t' b_t + v_t,  v ~ N(0, r)

Everything is divided by r, so that assets with the same ratios q / r, the same P_0 / r and the
same missing values share one covariance and one gain. For those, what happens in a block of rows
is one matrix; the others go row by row, side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import BoolArray, IntArray, alike, columns_of
from kfxl.statespace.regression_pieces import Part, filtered_pieces
from kfxl.statespace.regression_recursion import Rows

TOGETHER = 256  # assets with covariances of their own that go side by side


@dataclass(frozen=True)
class RegressionModel:
    """N regressions with m states each, and all their variances.

    ``observations`` (T, N) and ``regressors`` (T, m), NaN where missing: a missing observation is
    skipped for its asset, a row with a missing regressor for all assets. ``process_variance``
    (N, m), ``observation_variance`` (N,) positive; ``initial_mean`` and ``initial_variance``
    (N, m) are the state before the first prediction. ``complete``: it is known that nothing is
    missing.
    """

    observations: FloatArray
    regressors: FloatArray
    transition: float
    process_variance: FloatArray
    observation_variance: FloatArray
    initial_mean: FloatArray
    initial_variance: FloatArray
    complete: bool = False

    @cached_property
    def seen(self) -> BoolArray:
        """(T, N): where an observation and all its regressors are given."""
        if self.complete:
            return np.ones(self.observations.shape, dtype=bool)
        known = ~np.isnan(self.regressors).any(axis=1, keepdims=True)
        return np.asarray(~np.isnan(self.observations) & known)

    @cached_property
    def late(self) -> BoolArray:
        """(T, N): observations after each asset's first m, which only fix its state."""
        return np.asarray(self.seen & (self.seen.cumsum(axis=0) > self.regressors.shape[1]))

    def groups(self) -> list[tuple[IntArray, bool]]:
        """All assets: those that share a covariance (True), and some of the others at a time."""
        over = self.observation_variance[:, None]
        ratios = self.process_variance / over, self.initial_variance / over
        groups, rest = alike(self.seen, *(ratio.T for ratio in ratios))
        pieces = [rest[i : i + TOGETHER] for i in range(0, len(rest), TOGETHER)]
        return [(group, True) for group in groups] + [(piece, False) for piece in pieces]

    def parts(self) -> Iterator[Part]:
        """The same with all that the filter needs of them, one after the other."""
        return (self.part(assets, shared=shared) for assets, shared in self.groups())

    def part(self, assets: IntArray, *, shared: bool) -> Part:
        """What the filter needs of some assets."""
        lanes = assets[:1] if shared else assets
        over = self.observation_variance[lanes, None]
        process = (self.process_variance[lanes] / over).T
        own = columns_of(assets)
        seen = self.seen[:, own]
        rows = Rows.of(self.observations[:, own], self.regressors, seen, shared=shared)
        states, columns = len(process), rows.values.shape[1]
        state = np.zeros((states, states + columns, 1, len(lanes)))
        np.einsum("iia->ia", state[:, :states, 0])[...] = (self.initial_variance[lanes] / over).T
        state[:, states:, 0] = self.initial_mean[assets].T.reshape(states, columns, -1)
        return Part(assets, rows, process[:, None], state)


@dataclass(frozen=True)
class RegressionBank:
    """Filtered states of N regressions with m states each over T periods.

    ``mean`` (T, N, m) is b_{t|t}, or (1, N, m) after the last row alone; ``relative_variance``
    the diagonal of its covariance over r, with one asset where all share it;
    ``latest_covariance`` (N, m, m) the whole covariance after the last period;
    ``log_likelihood`` (N,) the sum over all observed values, the 2 pi constant included;
    ``filtered_squares``, ``one_step_squares`` (N,) the sums of squared differences from the
    returns expected with, and (each asset's first m left out) before each of them.
    """

    model: RegressionModel
    mean: FloatArray
    relative_variance: FloatArray
    latest_covariance: FloatArray
    log_likelihood: FloatArray
    filtered_squares: FloatArray
    one_step_squares: FloatArray

    @property
    def variance(self) -> FloatArray:
        """Variances of the states, shaped as their means."""
        return self.relative_variance * self.model.observation_variance[:, None]


def filter_regressions(model: RegressionModel, *, history: bool = True) -> RegressionBank:
    """Run N regressions on the same regressors: each period one prediction, then one update.

    Without ``history`` the state after the last row alone is kept.

    Examples
    --------
    >>> h = np.array([[1.0], [2.0], [3.0]])
    >>> still = RegressionModel(2 * h, h, 1.0, np.zeros((1, 1)), np.ones(1), np.zeros((1, 1)),
    ...                         np.full((1, 1), 1e9))
    >>> filter_regressions(still).mean.round(6).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    (periods, assets), states = model.observations.shape, model.regressors.shape[1]
    kept, groups = periods if history else 1, model.groups()
    mean = np.empty((kept, assets, states))
    variance = np.empty((kept, 1 if len(groups) == 1 and groups[0][1] else assets, states))
    covariance = np.empty((assets, states, states))
    count, sums = np.empty(assets), np.zeros((4, assets))
    for group, shared in groups:
        part = model.part(group, shared=shared)
        means = mean[:, columns_of(group)]  # a copy where the columns do not lie side by side
        for piece in filtered_pieces(part, model.transition, means if history else None):
            columns = columns_of(group[piece.columns])
            rows = piece.rows if history else slice(0, 1)
            own = columns if variance.shape[1] > 1 else slice(0, 1)
            variance[rows, own] = piece.variances[-kept:].swapaxes(1, 2)
            sums[:, columns] += piece.squares
        if not history:
            means[0] = part.mean.reshape(states, -1).T
        if means.base is not mean:
            mean[:, group] = means
        count[group] = part.rows.seen.sum(axis=0)
        covariance[group] = part.covariance.transpose(2, 0, 1)
    r = model.observation_variance
    squares, filtered, one_step, logs = sums
    return RegressionBank(
        model=model,
        mean=mean,
        relative_variance=variance,
        latest_covariance=covariance * r[:, None, None],
        log_likelihood=-0.5 * (count * np.log(2 * np.pi * r) + logs + squares / r),
        filtered_squares=filtered,
        one_step_squares=one_step,
    )

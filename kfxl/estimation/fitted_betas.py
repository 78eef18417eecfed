"""What filtered factor betas are, and what can be asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray, Panel, Row, Table, vector, whole
from kfxl.estimation.diagnostics import Diagnostics, deviations
from kfxl.estimation.regression_fit import regression_fit
from kfxl.estimation.state_labels import History, StateLabels
from kfxl.statespace.regression_smoother import smooth_regressions
from kfxl.statespace.shared_regression import RegressionBank, RegressionModel


@dataclass(frozen=True)
class SmoothedBetas:
    """Loadings and standard errors, shaped (T, N, K+1), given the returns of ALL periods."""

    loadings: History
    standard_errors: History


@dataclass(frozen=True)
class LoadingForecasts:
    """Loadings 1 to H periods ahead and their standard errors (H, N, K+1)."""

    loadings: History
    standard_errors: History


@dataclass(frozen=True)
class FactorBetas(Diagnostics):
    """What :func:`factor_betas` found; alpha comes first among the K + 1 states.

    Attributes
    ----------
    loadings, standard_errors
        (T, N, K+1) filtered states and the roots of their variances: what was known at the close
        of t. For labelled returns a DataFrame of T rows with column levels (asset, factor).
        Without ``history`` the last row alone.
    latest, latest_covariance
        (N, K+1) loadings after the last row, and their covariance (N, K+1, K+1), a plain array.
    fit
        DataFrame, assets by ``r2_filtered``, ``rmse_filtered`` (all observed returns against the
        loadings that have seen them), ``r2_one_step``, ``rmse_one_step`` (against the loadings
        of the period before; each asset's first K + 1 returns, which only fix the loadings, are
        left out). R2 of returns that never change is 0; a measure of no returns is NaN.
    log_likelihood
        (N,) over all observed returns, the 2 pi constant included.
    ratio
        (N,) q_k s_k^2 / r with s_k the root mean square of regressor k; the mean over k where
        process variances of another shape were given.
    transition
        f, as given or as estimated.
    process_variance, observation_variance
        (N, K+1) and (N,), as given or as estimated on all rows.
    calibration
        DataFrame, assets by what was ``sought``, the ``standard_error`` of its logarithm,
        whether it is ``at_bound`` (then without one), the ``gain`` (twice the log-likelihood over
        that of constant betas) and the ``log_likelihood`` of all but the first K + 1 returns.
        Error and gain of a pooled ratio allow for the assets' correlations (Varin, Reid and
        Firth, 2011). None if all was given.
    fitted_through
        Label of the last row used; its position where rows are unlabelled.
    """

    loadings: History
    latest: Table
    latest_covariance: FloatArray
    transition: float
    process_variance: Table
    observation_variance: Row
    ratio: Row
    calibration: pd.DataFrame | None
    log_likelihood: Row
    fitted_through: Any
    _bank: RegressionBank = field(repr=False)
    _model: RegressionModel = field(repr=False)
    _data: Panel = field(repr=False)
    _labels: StateLabels = field(repr=False)
    _parameters: int = field(repr=False)

    @cached_property
    def standard_errors(self) -> History:
        """Roots of the states' variances, from one path for all assets that share it."""
        return self._labels.history(self._errors())

    def _errors(self) -> FloatArray:
        r = self._model.observation_variance
        roots = _roots(self._bank.relative_variance)
        return np.asarray(roots * np.sqrt(r)[:, None])

    @cached_property
    def fit(self) -> pd.DataFrame:
        """R2 and root-mean-square error of each asset, filtered and one step ahead."""
        return regression_fit(self._bank, self._labels.assets.columns)

    def predict(self, factor_forecast: object) -> Row:
        """Return of each asset (N,), alpha included, at factor returns (K,) by latest loadings."""
        parts = self._contributions(factor_forecast, "factor_forecast")
        return self._labels.assets.row(parts.sum(axis=1))

    def contributions(self, factor_returns: object) -> Table:
        """(N, K+1): alpha and beta_k f_k at factor returns (K,), by the latest loadings."""
        return self._labels.matrix(self._contributions(factor_returns, "factor_returns"))

    def _contributions(self, factor_returns: object, argument: str) -> FloatArray:
        latest = np.asarray(self.latest)
        size = latest.shape[1] - 1
        factors = vector(factor_returns, argument, size, self._labels.factors)
        return np.asarray(latest * np.concatenate([[1.0], factors]))

    def smoothed(self) -> SmoothedBetas:
        """Loadings with hindsight, for looking back only: they must not feed decisions."""
        mean, variance = smooth_regressions(self._model)
        history = self._labels.history
        return SmoothedBetas(history(mean), history(_roots(variance)))

    def band(self, level: float = 0.95) -> tuple[History, History]:
        """Lower and upper end (T, N, K+1) of what holds a loading at a level of confidence."""
        half = deviations(level) * self._errors()
        history = self._labels.history
        return history(self._bank.mean - half), history(self._bank.mean + half)

    def forecasts(self, horizon: int) -> LoadingForecasts:
        """Loadings 1 to ``horizon`` periods after the last row, and how sure they are."""
        steps = np.arange(1.0, whole(horizon, "horizon") + 1)[:, None, None]
        f = self._model.transition
        last = self._bank.latest_covariance.diagonal(axis1=1, axis2=2)
        fresh = np.cumsum((f**2) ** (steps - 1), axis=0) * self._model.process_variance
        errors = _roots((f**2) ** steps * last + fresh)
        ahead = pd.RangeIndex(1, len(steps) + 1, name="periods ahead")
        history = self._labels.history
        mean = f**steps * self._bank.mean[-1]
        return LoadingForecasts(history(mean, ahead), history(errors, ahead))


def _roots(variances: FloatArray) -> FloatArray:
    """Roots; a variance that is nothing but rounding can be below 0."""
    return np.asarray(np.sqrt(np.maximum(variances, 0.0)))

"""Factor betas: each asset's alpha and loadings as hidden states that drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl.arrays import FloatArray, Panel, Row, Table, align_rows, panel, place, vector
from kfxl.errors import InputError
from kfxl.estimation.regression_fit import regression_fit
from kfxl.estimation.settings import is_pooled, refuse_few, transition_of, variances
from kfxl.estimation.state_labels import History, StateLabels
from kfxl.statespace.calibration import calibrate
from kfxl.statespace.likelihood import DIFFUSE, Regressions
from kfxl.statespace.regression_smoother import smooth_regressions
from kfxl.statespace.shared_regression import RegressionBank, RegressionModel, filter_regressions


@dataclass(frozen=True)
class SmoothedBetas:
    """Loadings and standard errors, shaped (T, N, K+1), given the returns of ALL periods."""

    loadings: History
    standard_errors: History


@dataclass(frozen=True)
class FactorBetas:
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
    process_variance, observation_variance
        (N, K+1) and (N,), as given or as estimated on all rows.
    fitted_through
        Label of the last row used; its position where rows are unlabelled.
    """

    loadings: History
    latest: Table
    latest_covariance: FloatArray
    log_likelihood: Row
    ratio: Row
    process_variance: Table
    observation_variance: Row
    fitted_through: Any
    _bank: RegressionBank = field(repr=False)
    _labels: StateLabels = field(repr=False)

    @cached_property
    def standard_errors(self) -> History:
        """Roots of the states' variances, from one path for all assets that share it."""
        r = self._bank.model.observation_variance
        errors = np.sqrt(self._bank.relative_variance) * np.sqrt(r)[:, None]
        return self._labels.history(errors)

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
        mean, variance = smooth_regressions(self._bank.model)
        history = self._labels.history
        return SmoothedBetas(history(mean), history(np.sqrt(np.maximum(variance, 0.0))))


def factor_betas(
    asset_returns: object,
    factor_returns: object,
    *,
    transition: float = 1.0,
    process_variance: object = None,
    observation_variance: object = None,
    calibration: str = "pooled",
    initial_mean: object = 0.0,
    initial_variance: object = None,
    history: bool = True,
) -> FactorBetas:
    """Alpha and factor loadings of each asset over time, by a Kalman filter.

    With h_t = [1, factor returns] and b_t the asset's [alpha, betas], y_t = h_t' b_t + v_t,
    v ~ N(0, r), and b_t = f b_{t-1} + w_t, w_k ~ N(0, q_k); each period is one prediction, then
    one update. Variances that are not given are estimated by maximum likelihood on all rows
    given, so a result is free of look-ahead only if the rows are: see ``fitted_through``.

    Parameters
    ----------
    asset_returns, factor_returns
        (T, N) and (T, K) returns per period, decimals, aligned by date where both have dates.
        NaN is missing: an asset's return is skipped for that asset, a row with a missing factor
        return for all assets.
    transition
        f, from -1 to 1. Below 1 all loadings, alpha included, are drawn to 0.
    process_variance
        q >= 0 per period: one number, (N,), (N, K+1), or None to estimate: q_k = ratio r / s_k^2
        with s_k the root mean square of regressor k over the rows given (1 for alpha), so that
        alpha and each beta move by the same amount in return units.
    observation_variance
        r > 0 per period: one number, (N,), or None to estimate.
    calibration
        "pooled": one ratio for all assets; "per-asset": a ratio each. Ratio 0 is least squares.
        With q given, each asset's own r is estimated either way.
    initial_mean, initial_variance
        State before the first period, one number, (N,) or (N, K+1). A variance of None is
        diffuse: 1e6 r / s_k^2.
    history
        False keeps the last row's state alone, for books of many assets.

    Raises
    ------
    InputError
        Where an argument cannot be used; to estimate variances each asset needs K + 2 returns
        that are no exact combination of the factors.

    Notes
    -----
    Textbook: "Applications of Kalman Filtering in Portfolio Management", with transition 0.99,
    process variance 1e-5, observation variance 0.01 and initial variance 0.1.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> noise = np.array([1e-4, -1e-4, 0.0, 1e-4, -1e-4])
    >>> result = factor_betas(0.001 + 1.5 * market + noise, market)
    >>> result.latest.round(2).tolist()
    [[0.0, 1.5]]
    >>> result.predict([0.04]).round(3).tolist()
    [0.061]
    """
    assets = panel(asset_returns, "asset_returns")
    factors = panel(factor_returns, "factor_returns", any_order=True)
    factors = align_rows(factors, assets, "factor_returns")
    labels = StateLabels.of(assets, factors)
    regressors = np.column_stack([np.ones(len(factors.values)), factors.values])
    size = _sizes(regressors, factors)
    f = transition_of(transition)
    start = labels.per_state(initial_mean, "initial_mean", len(size))
    spread = None
    if initial_variance is not None:
        spread = labels.state_variances(initial_variance, "initial_variance", len(size))
    scaled = Regressions(
        assets.values,
        regressors / size,
        f,
        start * size,
        None if spread is None else spread * size**2,
    )
    settings = process_variance, observation_variance, calibration
    process, r = _variances(scaled, labels, size, settings)
    if spread is None:
        spread = DIFFUSE * r[:, None] / size**2
    model = RegressionModel(
        assets.values, regressors, f, process, r, initial_mean=start, initial_variance=spread
    )
    bank = filter_regressions(model, history=history)
    return _result(bank, labels, (process * size**2).mean(axis=1) / r)


def _result(bank: RegressionBank, labels: StateLabels, ratio: FloatArray) -> FactorBetas:
    row = labels.assets.row
    return FactorBetas(
        loadings=labels.history(bank.mean),
        latest=labels.matrix(bank.mean[-1]),
        latest_covariance=bank.latest_covariance,
        log_likelihood=row(bank.log_likelihood),
        ratio=row(ratio),
        process_variance=labels.matrix(bank.model.process_variance),
        observation_variance=row(bank.model.observation_variance),
        fitted_through=labels.assets.last,
        _bank=bank,
        _labels=labels,
    )


def _sizes(regressors: FloatArray, factors: Panel) -> FloatArray:
    """Root mean square of each regressor over the complete rows, (K+1,)."""
    complete = regressors[~np.isnan(regressors).any(axis=1)]
    if not len(complete):
        raise InputError("factor_returns", "has no complete row", "give every factor's returns")
    size = np.sqrt((complete**2).mean(axis=0))
    if (size == 0).any():
        factor = place(factors.columns, int(np.argmax(size == 0)) - 1, "factor")
        raise InputError("factor_returns", f"{factor} is always 0", "leave that factor out")
    return np.asarray(size)


def _variances(
    model: Regressions, labels: StateLabels, size: FloatArray, given: tuple[object, object, str]
) -> tuple[FloatArray, FloatArray]:
    """Variances q (N, K+1) in raw units and r (N,): as given, else estimated on ``model``."""
    process_variance, observation_variance, calibration = given
    pooled = is_pooled(calibration)
    q = r = None
    if process_variance is not None:
        q = labels.state_variances(process_variance, "process_variance", len(size))
    if observation_variance is not None:
        r = variances(observation_variance, "observation_variance", labels.assets, zero=False)
    if q is not None and r is not None:
        return q, r
    refuse_few(model.known(), "asset_returns", labels.assets.columns, len(size) + 1)
    found = calibrate(
        model,
        process_variance=None if q is None else q * size**2,
        observation_variance=r,
        pooled=pooled,
    )
    if r is None:
        _refuse_exact(found.exact, labels.assets)
    return found.process / size**2 if q is None else q, found.observation


def _refuse_exact(exact: npt.NDArray[np.bool_], assets: Panel) -> None:
    if exact.any():
        asset = place(assets.columns, int(np.argmax(exact)), "asset")
        raise InputError(
            "asset_returns",
            f"{asset} is constant or an exact combination of the factors",
            "leave it out or give observation_variance",
        )

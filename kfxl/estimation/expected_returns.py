"""Expected returns: each asset's mean as a hidden state behind noisy returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl.arrays import FloatArray, Panel, Row, Table, panel, per_asset, place, whole
from kfxl.errors import InputError
from kfxl.estimation.diagnostics import Diagnostics, deviations
from kfxl.estimation.search import Found, Search, calibrate
from kfxl.estimation.settings import is_pooled, refuse_few, transition_of, variances
from kfxl.statespace.likelihood import DIFFUSE, Regressions
from kfxl.statespace.scalar_bank import ScalarBank, filter_bank, smooth_bank
from kfxl.statespace.shared_regression import RegressionModel

# Twice the gain in log-likelihood that a moving mean must bring over a constant one: the 5 %
# critical value for a variance at the edge of its range (half a chi-squared with 1 degree).
THRESHOLD = 2.71


@dataclass(frozen=True)
class SmoothedMeans:
    """Means and their variances (T, N) given the returns of ALL periods."""

    mean: Table
    variance: Table


@dataclass(frozen=True)
class MeanForecasts:
    """Means 1 to H periods ahead, their variances, and those of the returns around them (H, N)."""

    mean: Table
    mean_variance: Table
    return_variance: Table


@dataclass(frozen=True)
class ExpectedReturns(Diagnostics):
    """What :func:`expected_returns` found; returns per period, variances their squares.

    Attributes
    ----------
    mean, variance
        (T, N) filtered mean x_{t|t} and its variance: what was known at the close of t. Without
        ``history`` the last row alone.
    forecast
        (N,) mean one step after the last row.
    forecast_mean_variance, forecast_variance
        (N,) variance of that mean, and of the return itself around it.
    transition
        f, as given or as estimated.
    process_variance, observation_variance, ratio
        (N,) q, r and q / r, as given or as estimated on all rows.
    calibration
        DataFrame, assets by what was ``sought``, the ``standard_error`` of its logarithm,
        whether it is ``at_bound`` (then without one), the ``gain`` (twice the log-likelihood over
        that of a constant mean) and the ``log_likelihood`` of all but the first return. Error
        and gain of a pooled ratio allow for the assets' correlations (Varin, Reid and Firth,
        2011). None if all was given.
    log_likelihood
        (N,) over all observed returns, the 2 pi constant included.
    fitted_through
        Label of the last row used; its position where rows are unlabelled.
    """

    mean: Table
    forecast: Row
    forecast_mean_variance: Row
    forecast_variance: Row
    transition: float
    process_variance: Row
    observation_variance: Row
    ratio: Row
    calibration: pd.DataFrame | None
    log_likelihood: Row
    fitted_through: Any
    _bank: ScalarBank = field(repr=False)
    _model: RegressionModel = field(repr=False)
    _data: Panel = field(repr=False)
    _long_run_mean: FloatArray = field(repr=False)
    _parameters: int = field(repr=False)

    @property
    def _labels(self) -> Panel:
        return self._data.labels(last=len(self._bank.mean) < len(self._data.values))

    @cached_property
    def variance(self) -> Table:
        """Variance of the filtered mean, made from one path for all assets when asked for."""
        return self._labels.table(self._bank.variance)

    def smoothed(self) -> SmoothedMeans:
        """Means with hindsight, for looking back only: they must not feed decisions."""
        if len(self._bank.mean) < len(self._data.values):
            problem = "was False: the last state alone was kept"
            raise InputError("history", problem, "leave it out to look back")
        mean, variance = smooth_bank(self._bank)
        table = self._labels.table
        return SmoothedMeans(table(mean + self._long_run_mean), table(variance))

    def band(self, level: float = 0.95) -> tuple[Table, Table]:
        """Lower and upper end (T, N) of what holds the mean at a level of confidence."""
        half = deviations(level) * np.sqrt(self._bank.variance)
        mean, table = np.asarray(self.mean), self._labels.table
        return table(mean - half), table(mean + half)

    def forecasts(self, horizon: int) -> MeanForecasts:
        """Means 1 to ``horizon`` periods after the last row, and how sure they are."""
        steps = np.arange(1.0, whole(horizon, "horizon") + 1)[:, None]
        f, r = self._bank.transition, self._bank.observation_variance
        mean = self._long_run_mean + f**steps * self._bank.mean[-1]
        last = self._bank.relative_variance[-1] * r
        fresh = np.cumsum((f**2) ** (steps - 1), axis=0) * self._bank.process_variance
        variance = (f**2) ** steps * last + fresh
        index = pd.RangeIndex(1, len(steps) + 1, name="periods ahead")
        table = Panel(mean, index, self._data.columns).table
        return MeanForecasts(table(mean), table(variance), table(variance + r))


def expected_returns(
    returns: object,
    *,
    transition: float | None = 1.0,
    process_variance: object = None,
    observation_variance: object = None,
    calibration: str = "pooled",
    long_run_mean: object = 0.0,
    initial_mean: object = 0.0,
    initial_variance: object = None,
    history: bool = True,
) -> ExpectedReturns:
    """Expected return of each asset by a Kalman filter on its returns.

    With m the long-run mean, x_t - m = f (x_{t-1} - m) + w_t, w ~ N(0, q), is the expected
    return and z_t = x_t + v_t, v ~ N(0, r), the return; each period is one prediction, then one
    update. Variances that are not given are estimated by maximum likelihood on all rows given,
    so a result is free of look-ahead only if the rows are: see ``fitted_through``.

    Parameters
    ----------
    returns
        (T, N) simple returns per period, decimals; NaN is a missing return and is skipped.
    transition
        f, from -1 to 1. Below 1 the mean is drawn to ``long_run_mean``. None to estimate one for
        all assets, from 0 to 1; 1 unless twice the gain in log-likelihood exceeds 2.71.
    process_variance, observation_variance
        q >= 0 and r > 0 per period: one number, (N,), or None to estimate.
    calibration
        "pooled": one ratio q / r for all assets; "per-asset": a ratio each. The ratio is 0 (a
        constant mean) unless twice the gain in log-likelihood exceeds 2.71, the 5 % point for a
        variance that cannot be negative; what assets say together that move together counts
        less than their sum. With q given, each asset's own r is estimated either way.
    long_run_mean, initial_mean
        m and the mean before the first period, one number or (N,).
    initial_variance
        Variance of the mean before the first period, one number or (N,); None is diffuse,
        1e6 x the observation variance.
    history
        False keeps the last row's state alone, for books of many assets.

    Raises
    ------
    InputError
        Where an argument cannot be used; to estimate variances each asset needs two returns that
        are not all the same.

    Notes
    -----
    Textbook: "Applications of Kalman Filtering in Portfolio Management", with transition 0.99,
    process variance 0.001, observation variance 0.01 and initial variance 1.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.array([[0.01, 0.00], [0.03, -0.01], [0.02, 0.01], [0.00, 0.02]])
    >>> expected_returns(returns).forecast.round(4).tolist()
    [0.015, 0.005]
    >>> result = expected_returns(returns, process_variance=1e-4, observation_variance=1e-4)
    >>> result.forecast.round(4).tolist()
    [0.0081, 0.0138]
    """
    data = panel(returns, "returns", copy=False)
    assets = data.values.shape[1]
    center = per_asset(long_run_mean, "long_run_mean", assets, data.columns)
    start = per_asset(initial_mean, "initial_mean", assets, data.columns) - center
    spread = None
    if initial_variance is not None:
        spread = variances(initial_variance, "initial_variance", data)
    regressions = Regressions(
        data.values - center if center.any() else data.values,
        np.ones((len(data.values), 1)),
        1.0,
        start[:, None],
        None if spread is None else spread[:, None],
    )
    wanted = _wanted(data, transition, process_variance, observation_variance, calibration)
    if wanted.sought:
        refuse_few(regressions.known(), "returns", data.columns, 2)
    found = calibrate(regressions, wanted, data.columns)
    if wanted.observation is None:
        _refuse_constant(found.exact, data)
    model = RegressionModel(
        regressions.observations,
        regressions.regressors,
        found.transition,
        found.process,
        found.observation,
        start[:, None],
        (DIFFUSE * found.observation if spread is None else spread)[:, None],
    )
    return _result(model, found, wanted, data, center, history=history)


def _wanted(
    data: Panel,
    transition: object,
    process_variance: object,
    observation_variance: object,
    calibration: object,
) -> Search:
    """What is given, checked, and how the rest is to be found."""
    q = r = None
    if process_variance is not None:
        q = variances(process_variance, "process_variance", data)[:, None]
    if observation_variance is not None:
        r = variances(observation_variance, "observation_variance", data, zero=False)
    f = None if transition is None else transition_of(transition)
    return Search(f, q, r, is_pooled(calibration), THRESHOLD)


def _result(
    model: RegressionModel,
    found: Found,
    wanted: Search,
    data: Panel,
    center: FloatArray,
    *,
    history: bool,
) -> ExpectedReturns:
    f, q, r = found.transition, found.process[:, 0], found.observation
    bank = filter_bank(
        model.observations,
        transition=f,
        process_variance=q,
        observation_variance=r,
        initial_mean=model.initial_mean[:, 0],
        initial_variance=model.initial_variance[:, 0],
        history=history,
        complete=data.complete,
    )
    ahead = f * f * bank.relative_variance[-1] * r + q
    labels = data.labels(last=not history)
    row = labels.row
    return ExpectedReturns(
        mean=labels.table(bank.mean + center if center.any() else bank.mean),
        forecast=row(f * bank.mean[-1] + center),
        forecast_mean_variance=row(ahead),
        forecast_variance=row(ahead + r),
        transition=f,
        process_variance=row(q),
        observation_variance=row(r),
        ratio=row(q / r),
        calibration=found.report,
        log_likelihood=row(bank.log_likelihood),
        fitted_through=data.last,
        _bank=bank,
        _model=model,
        _data=data,
        _long_run_mean=center,
        _parameters=wanted.parameters(len(r)),
    )


def _refuse_constant(exact: npt.NDArray[np.bool_], data: Panel) -> None:
    if exact.any():
        asset = place(data.columns, int(np.argmax(exact)), "asset")
        raise InputError(
            "returns",
            f"{asset} never changes, or next to nothing beside its mean",
            "leave it out or give observation_variance",
        )

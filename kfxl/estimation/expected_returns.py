"""Expected returns: each asset's mean as a hidden state behind noisy returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray, Panel, Row, Table, panel, per_asset, place
from kfxl.errors import InputError
from kfxl.estimation.settings import is_pooled, refuse_few, transition_of, variances
from kfxl.statespace.calibration import calibrate
from kfxl.statespace.likelihood import DIFFUSE, Regressions
from kfxl.statespace.scalar_bank import ScalarBank, filter_bank, smooth_bank

# Twice the gain in log-likelihood that a moving mean must bring over a constant one: the 5 %
# critical value for a variance at the edge of its range (half a chi-squared with 1 degree).
THRESHOLD = 2.71


@dataclass(frozen=True)
class SmoothedMeans:
    """Means and their variances (T, N) given the returns of ALL periods."""

    mean: Table
    variance: Table


@dataclass(frozen=True)
class ExpectedReturns:
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
    process_variance, observation_variance, ratio
        (N,) q, r and q / r, as given or as estimated on all rows.
    log_likelihood
        (N,) over all observed returns, the 2 pi constant included.
    fitted_through
        Label of the last row used; its position where rows are unlabelled.
    """

    mean: Table
    forecast: Row
    forecast_mean_variance: Row
    forecast_variance: Row
    process_variance: Row
    observation_variance: Row
    ratio: Row
    log_likelihood: Row
    fitted_through: Any
    _bank: ScalarBank = field(repr=False)
    _labels: Panel = field(repr=False)
    _long_run_mean: FloatArray = field(repr=False)
    _last_alone: bool = field(repr=False)

    @cached_property
    def variance(self) -> Table:
        """Variance of the filtered mean, made from one path for all assets when asked for."""
        return self._labels.table(self._bank.variance)

    def smoothed(self) -> SmoothedMeans:
        """Means with hindsight, for looking back only: they must not feed decisions."""
        if self._last_alone:
            problem = "was False: the last state alone was kept"
            raise InputError("history", problem, "leave it out to look back")
        mean, variance = smooth_bank(self._bank)
        table = self._labels.table
        return SmoothedMeans(table(mean + self._long_run_mean), table(variance))


def expected_returns(
    returns: object,
    *,
    transition: float = 1.0,
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
        f, from -1 to 1. Below 1 the mean is drawn to ``long_run_mean``.
    process_variance, observation_variance
        q >= 0 and r > 0 per period: one number, (N,), or None to estimate.
    calibration
        "pooled": one ratio q / r for all assets; "per-asset": a ratio each. The ratio is 0 (a
        constant mean) unless twice the gain in log-likelihood exceeds 2.71. With q given, each
        asset's own r is estimated either way.
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
    f = transition_of(transition)
    center = per_asset(long_run_mean, "long_run_mean", assets, data.columns)
    start = per_asset(initial_mean, "initial_mean", assets, data.columns) - center
    spread = None
    if initial_variance is not None:
        spread = variances(initial_variance, "initial_variance", data)
    model = Regressions(
        data.values - center if center.any() else data.values,
        np.ones((len(data.values), 1)),
        f,
        start[:, None],
        None if spread is None else spread[:, None],
    )
    q, r = _variances(model, data, process_variance, observation_variance, calibration)
    bank = filter_bank(
        model.observations,
        transition=f,
        process_variance=q,
        observation_variance=r,
        initial_mean=start,
        initial_variance=DIFFUSE * r if spread is None else spread,
        history=history,
    )
    return _result(bank, center, data.labels(last=not history), data.last, last_alone=not history)


def _result(
    bank: ScalarBank, center: FloatArray, labels: Panel, last: Any, *, last_alone: bool
) -> ExpectedReturns:
    f, q, r = bank.transition, bank.process_variance, bank.observation_variance
    ahead = f * f * bank.relative_variance[-1] * r + q
    row = labels.row
    return ExpectedReturns(
        mean=labels.table(bank.mean + center if center.any() else bank.mean),
        forecast=row(f * bank.mean[-1] + center),
        forecast_mean_variance=row(ahead),
        forecast_variance=row(ahead + r),
        process_variance=row(q),
        observation_variance=row(r),
        ratio=row(q / r),
        log_likelihood=row(bank.log_likelihood),
        fitted_through=last,
        _bank=bank,
        _labels=labels,
        _long_run_mean=center,
        _last_alone=last_alone,
    )


def _variances(
    model: Regressions,
    data: Panel,
    process_variance: object,
    observation_variance: object,
    calibration: str,
) -> tuple[FloatArray, FloatArray]:
    """Variances q and r, (N,) each: as given, else estimated."""
    pooled = is_pooled(calibration)
    q = r = None
    if process_variance is not None:
        q = variances(process_variance, "process_variance", data)
    if observation_variance is not None:
        r = variances(observation_variance, "observation_variance", data, zero=False)
    if q is not None and r is not None:
        return q, r
    refuse_few(model.known(), "returns", data.columns, 2)
    found = calibrate(
        model,
        process_variance=None if q is None else q[:, None],
        observation_variance=r,
        pooled=pooled,
        threshold=THRESHOLD,
    )
    if r is None:
        _refuse_constant(found.exact, data)
    return found.process[:, 0], found.observation


def _refuse_constant(exact: npt.NDArray[np.bool_], data: Panel) -> None:
    if exact.any():
        asset = place(data.columns, int(np.argmax(exact)), "asset")
        raise InputError(
            "returns", f"{asset} never changes", "leave it out or give observation_variance"
        )

"""Factor betas: each asset's alpha and loadings as hidden states that drift."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray, Panel, align_rows, panel, place
from kfxl.errors import InputError
from kfxl.estimation.fitted_betas import FactorBetas, SmoothedBetas
from kfxl.estimation.search import Found, Search, calibrate
from kfxl.estimation.settings import is_pooled, refuse_few, transition_of, variances
from kfxl.estimation.state_labels import StateLabels
from kfxl.statespace.likelihood import DIFFUSE, Regressions
from kfxl.statespace.shared_regression import RegressionModel, filter_regressions

__all__ = ["FactorBetas", "SmoothedBetas", "factor_betas"]


def factor_betas(
    asset_returns: object,
    factor_returns: object,
    *,
    transition: float | None = 1.0,
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
        f, from -1 to 1. Below 1 all loadings, alpha included, are drawn to 0. None to estimate
        one for all assets, from 0 to 1.
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
    start = labels.per_state(initial_mean, "initial_mean", len(size))
    spread = None
    if initial_variance is not None:
        spread = labels.state_variances(initial_variance, "initial_variance", len(size))
    scaled = Regressions(
        assets.values,
        regressors / size,
        1.0,
        start * size,
        None if spread is None else spread * size**2,
    )
    f = None if transition is None else transition_of(transition)
    q = r = None
    if process_variance is not None:
        q = labels.state_variances(process_variance, "process_variance", len(size))
    if observation_variance is not None:
        r = variances(observation_variance, "observation_variance", assets, zero=False)
    wanted = Search(f, None if q is None else q * size**2, r, is_pooled(calibration))
    found = _search(scaled, wanted, assets)
    model = RegressionModel(
        assets.values,
        regressors,
        found.transition,
        found.process / size**2 if q is None else q,
        found.observation,
        start,
        DIFFUSE * found.observation[:, None] / size**2 if spread is None else spread,
        assets.complete and factors.complete,
    )
    return _result(model, labels, found, wanted, history=history)


def _search(scaled: Regressions, wanted: Search, assets: Panel) -> Found:
    """What is sought, on scaled regressors; assets without noise are refused by name."""
    if wanted.sought:
        least = scaled.regressors.shape[1] + 1
        refuse_few(scaled.known(), "asset_returns", assets.columns, least)
    found = calibrate(scaled, wanted, assets.columns)
    if wanted.observation is None:
        _refuse_exact(found.exact, assets)
    return found


def _result(
    model: RegressionModel, labels: StateLabels, found: Found, wanted: Search, *, history: bool
) -> FactorBetas:
    bank = filter_regressions(model, history=history)
    row = labels.assets.row
    return FactorBetas(
        loadings=labels.history(bank.mean),
        latest=labels.matrix(bank.mean[-1]),
        latest_covariance=bank.latest_covariance,
        transition=found.transition,
        process_variance=labels.matrix(model.process_variance),
        observation_variance=row(model.observation_variance),
        ratio=row(found.process.mean(axis=1) / found.observation),
        calibration=found.report,
        log_likelihood=row(bank.log_likelihood),
        fitted_through=labels.assets.last,
        _bank=bank,
        _model=model,
        _data=labels.assets,
        _labels=labels,
        _parameters=wanted.parameters(len(found.observation)),
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


def _refuse_exact(exact: npt.NDArray[np.bool_], assets: Panel) -> None:
    if exact.any():
        asset = place(assets.columns, int(np.argmax(exact)), "asset")
        raise InputError(
            "asset_returns",
            f"{asset} is constant or an exact combination of the factors",
            "leave it out or give observation_variance",
        )

"""How well a fitted filter describes its data: innovations, whiteness, information criteria."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray, Panel, Row, Table, number, whole
from kfxl.errors import InputError
from kfxl.statespace.alike import columns_of
from kfxl.statespace.likelihood import Likelihood, Regressions
from kfxl.statespace.regression_pieces import filtered_pieces
from kfxl.statespace.shared_regression import RegressionModel, filter_regressions

LAGS = 10


class Diagnostics:
    """What every fitted filter can say of itself, from its model and its data.

    It goes through the data once more. They may be the caller's own array: if that has been
    changed since, an InputError says so.
    """

    log_likelihood: Row
    _model: RegressionModel
    _data: Panel
    _parameters: int

    def _refuse_changed(self) -> None:
        again = filter_regressions(self._model, history=False).log_likelihood
        if not np.allclose(again, np.asarray(self.log_likelihood), rtol=1e-8, atol=1e-8):
            problem = "have been changed since they were filtered"
            raise InputError("returns", problem, "filter them again")

    def innovations(self) -> Table:
        """(T, N) returns less what was expected of them one step before, over their deviation.

        If the model is right they are independent with mean 0 and variance 1. NaN where a return
        is missing, and for each asset's first m, which only fix its m states.
        """
        self._refuse_changed()
        return self._data.labels().table(standardised_innovations(self._model))

    def whiteness(self, lags: int = LAGS) -> pd.DataFrame:
        """Ljung and Box's test (1978) that an asset's innovations are not autocorrelated.

        Returns a DataFrame, assets by ``statistic`` and ``p_value`` (chi-squared with ``lags``
        degrees); a small p-value says that the filter leaves something predictable. Missing
        values are left out before the lags are counted.
        """
        lags = whole(lags, "lags")
        self._refuse_changed()
        columns = standardised_innovations(self._model).T
        tests = [_ljung_box(column[~np.isnan(column)], lags) for column in columns]
        index = self._data.columns
        return pd.DataFrame(tests, columns=["statistic", "p_value"], index=index)

    @property
    def information(self) -> pd.Series[float]:
        """Akaike's and Schwarz's criteria of all assets together: less is better.

        ``log_likelihood`` leaves out each asset's first m returns, so that models with other
        states can be compared on the same data; ``parameters`` are those estimated.
        """
        self._refuse_changed()
        likelihood = float(conditional_log_likelihood(self._model).sum())
        count = int(self._model.late.sum())
        penalty = self._parameters
        return pd.Series(
            {
                "log_likelihood": likelihood,
                "observations": float(count),
                "parameters": float(penalty),
                "aic": 2 * penalty - 2 * likelihood,
                "bic": penalty * np.log(max(count, 1)) - 2 * likelihood,
            }
        )


def standardised_innovations(model: RegressionModel) -> FloatArray:
    """(T, N) innovations over their deviations; NaN where missing and for each asset's first m."""
    found = np.empty(model.observations.shape)
    for part in model.parts():
        for piece in filtered_pieces(part, model.transition, None):
            found[piece.rows, columns_of(part.assets[piece.columns])] = piece.errors
    return np.where(model.late, found / np.sqrt(model.observation_variance), np.nan)


def conditional_log_likelihood(model: RegressionModel) -> FloatArray:
    """(N,) log density of all but each asset's first m returns, given those."""
    r = model.observation_variance
    start = model.initial_mean, model.initial_variance
    likelihood = Likelihood(
        Regressions(model.observations, model.regressors, model.transition, *start)
    )
    process = (model.process_variance / r[:, None]).T[:, None]
    value = likelihood.given(process, r / likelihood.unit**2)[0]
    return likelihood.as_given(value)


def deviations(level: object) -> float:
    """How many standard deviations to either side hold ``level`` of a normal distribution."""
    from statistics import NormalDist

    share = number(level, "level", above=0.0)
    if share >= 1:
        raise InputError("level", f"{share:g} is too large", "give less than 1, such as 0.95")
    return NormalDist().inv_cdf((1 + share) / 2)


def _ljung_box(values: FloatArray, lags: int) -> tuple[float, float]:
    """Statistic and p-value; NaN for values that are too few or never change."""
    from scipy.special import chdtrc

    count, centered = len(values), values - values.mean() if len(values) else values
    square = float(centered @ centered)
    if count <= lags or square == 0:
        return float("nan"), float("nan")
    products = [float(centered[k:] @ centered[:-k]) / square for k in range(1, lags + 1)]
    terms = (rho**2 / (count - k) for k, rho in enumerate(products, start=1))
    statistic = count * (count + 2) * sum(terms)
    return statistic, float(chdtrc(lags, statistic))

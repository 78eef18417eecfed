"""Covariance of a factor model, B F B' + D, from Kalman-filtered betas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Row, Table
from kfxl.errors import InputError, SolverError
from kfxl.estimation.complete_rows import complete_rows, sample_covariance
from kfxl.estimation.factor_betas import FactorBetas, factor_betas

INDEX = "index"


@dataclass(frozen=True, eq=False)
class FactorModel:
    """What a covariance B F B' + D is made of; N assets, K factors.

    Attributes
    ----------
    loadings : (N, K)
        B: betas after the last row, as filtered.
    factor_covariance : (K, K)
        F: sample covariance of the factors over the window.
    specific_variance : (N,)
        D: variance of the next return around what the factors explain, positive.
    rows_used : int
        Complete rows of factor returns in F.
    """

    loadings: Table
    factor_covariance: Table
    specific_variance: Row
    rows_used: int

    def matrix(self) -> FloatArray:
        """(N, N) covariance, proved to be positive definite by a Cholesky factorisation."""
        loadings = np.asarray(self.loadings)
        common = loadings @ np.asarray(self.factor_covariance) @ loadings.T
        matrix: FloatArray = (common + common.T) / 2
        matrix[np.diag_indices(len(matrix))] += np.asarray(self.specific_variance)
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            problem = "the factors explain all but rounding: their covariance is singular"
            raise SolverError(problem, "give fewer factors, or use another method") from None
        return matrix


def factor_model(returns: Panel, factors: object, window: int | None) -> FactorModel:
    """The factor model of returns (T, N) on factors (T, K), or on the mean of the assets.

    The betas are those of :func:`kfxl.factor_betas` at its defaults, on all rows. With h = [1, f]
    the next return is h'b + v, so that given the factors' mean and covariance its variance is
    b'F b + D with D = r + tr(P E[h h']): the observation variance, and what the uncertainty of
    alpha and betas one step ahead (P) adds. It is never 0, needs no row of an asset in the
    window, and is no residual of betas that have seen the return, which would be too small.
    """
    index = _index_of(returns) if factors is None else None
    known = index or arrays.panel(factors, "factors", any_order=True)
    known = arrays.align_rows(known, returns, "factors")
    rows = complete_rows(known, window, "factors" if index is None else "returns")
    betas = _betas(returns, known)
    mean, covariance = rows.mean(axis=0), sample_covariance(rows)
    names = None if returns.columns is None else _names(betas)
    loadings = np.asarray(betas.latest)[:, 1:]
    specific = np.asarray(betas.observation_variance) + _uncertainty(betas, mean, covariance)
    return FactorModel(
        Panel(loadings, returns.columns, names).table(loadings),
        Panel(covariance, names, names).table(covariance),
        returns.row(specific),
        len(rows),
    )


def _index_of(returns: Panel) -> Panel:
    """The mean over the assets whose return is known, (T, 1); NaN where none is."""
    values = returns.values
    if values.shape[1] == 1:
        problem = "has one asset, which would be its own index"
        raise InputError("returns", problem, "use another method, or give factors")
    seen = ~np.isnan(values)
    count = seen.sum(axis=1)
    total = np.where(seen, values, 0.0).sum(axis=1)
    if not total.any():
        problem = "have a mean over the assets that is always 0"
        raise InputError("returns", problem, "use another method, or give factors")
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Panel(mean[:, None], returns.index, pd.Index([INDEX]))


def _betas(returns: Panel, factors: Panel) -> FactorBetas:
    """Factor betas; errors in the words of a covariance's caller."""
    try:
        return factor_betas(
            returns.table(returns.values), factors.table(factors.values), history=False
        )
    except InputError as error:
        if error.argument == "factor_returns":
            raise InputError("factors", error.problem, error.remedy) from None
        remedy = "leave it out, or use another method"
        raise InputError("returns", error.problem, remedy) from None


def _names(betas: FactorBetas) -> pd.Index:
    """Names of the factors, where the returns have names."""
    latest = betas.latest
    assert isinstance(latest, pd.DataFrame)  # noqa: S101 - labelled returns came in
    return latest.columns[1:].rename(None)


def _uncertainty(betas: FactorBetas, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    """tr(P E[h h']) (N,): variance of h'b by that of b one step ahead, h = [1, factors]."""
    ahead = betas.latest_covariance.copy()
    states = np.arange(ahead.shape[1])
    ahead[:, states, states] += np.asarray(betas.process_variance)
    average = np.append(1.0, mean)
    moments = np.outer(average, average)
    moments[1:, 1:] += covariance
    return np.asarray(np.einsum("nij,ij->n", ahead, moments))

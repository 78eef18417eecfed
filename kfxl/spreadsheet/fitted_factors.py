"""Factor betas of two ranges: the fit that several worksheet functions start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.factor_betas import FactorBetas, factor_betas
from kfxl.spreadsheet.blocks import Block
from kfxl.spreadsheet.cells import Rows
from kfxl.spreadsheet.fits import cached_fit
from kfxl.spreadsheet.layout import OutRows, history
from kfxl.spreadsheet.readers import (
    filter_settings,
    read_factors,
    read_returns,
    state_variances,
    variance,
)
from kfxl.spreadsheet.vectors import read_vector


@dataclass(frozen=True)
class FittedFactors:
    """A fit with the ranges it rests on and the names of its K + 1 states."""

    assets: Block
    factors: Block
    states: tuple[str, ...]
    fit: FactorBetas

    @property
    def state_names(self) -> tuple[str, ...] | None:
        """Names over the columns of results; None where numbers alone came in."""
        named = self.assets.names is not None or self.factors.names is not None
        return self.states if named else None

    def history(self, length: int | None) -> OutRows:
        """Loadings over time, asset by asset, alpha and betas of each."""
        names = [f"{asset} {state}" for asset in self.assets.names or () for state in self.states]
        values = np.asarray(self.fit.loadings).reshape(len(self.assets.values), -1)
        return history(values, names or None, self.assets.labels, length)

    def factors_at(self, rows: Rows, argument: str) -> FloatArray:
        """(K,) factor returns from a row or a column."""
        vector = read_vector(rows, argument, self.factors.names, kind="returns")
        return vector.onto(self.factors.names, self.factors.values.shape[1])

    def last_factors(self) -> FloatArray:
        """(K,) factor returns of the assets' last period."""
        last: FloatArray = self.factors.frame().reindex(self.assets.index).to_numpy()[-1]
        if np.isnan(last).any():
            name = self.factors.columns[int(np.argmax(np.isnan(last)))]
            problem = f"the last return of {name} is missing"
            raise InputError("factor_returns", problem, "give it, or give at_factor_returns")
        return last


def fit_factors(
    asset_returns: Rows,
    factor_returns: Rows,
    transition: Rows,
    process_variance: Rows,
    observation_variance: Rows,
    calibration: Rows,
    as_of: Rows,
) -> FittedFactors:
    """Factor betas from the arguments that all functions on them share."""
    assets = read_returns(asset_returns, "asset_returns", as_of)
    factors = read_factors(factor_returns, as_of, assets)
    size = assets.values.shape[1]
    count = factors.values.shape[1]
    states = ("alpha", *(factors.names or (f"factor {k + 1}" for k in range(count))))
    settings = filter_settings(
        transition,
        calibration,
        state_variances(process_variance, "process_variance", assets.names, states, size),
        variance(observation_variance, "observation_variance", assets.names, size),
    )
    fit = cached_fit(factor_betas, assets.frame(), factors.frame(), **settings)
    return FittedFactors(assets, factors, states, fit)

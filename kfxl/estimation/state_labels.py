"""Names of assets and of the K + 1 states of each, in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kfxl.arrays import FloatArray, Panel, Table, panel, per_asset, reorder
from kfxl.errors import InputError
from kfxl.estimation.settings import refuse_negative

History: TypeAlias = "FloatArray | pd.DataFrame"


@dataclass(frozen=True)
class StateLabels:
    """The panel of asset returns, and the names of the K + 1 states, of the K factors."""

    assets: Panel
    states: pd.Index | None
    factors: pd.Index | None

    @classmethod
    def of(cls, assets: Panel, factors: Panel) -> StateLabels:
        """Labels of results: none where the assets have none."""
        names, count = factors.columns, factors.values.shape[1]
        if names is not None and "alpha" in names:
            raise InputError("factor_returns", "a factor is named alpha", "give it another name")
        if assets.columns is None:
            return cls(assets, None, names)
        listed = [f"factor {k + 1}" for k in range(count)] if names is None else list(names)
        return cls(assets, pd.Index(["alpha", *listed], name="factor"), names)

    def history(self, values: FloatArray, index: pd.Index | None = None) -> History:
        """(T, N, K+1), or a DataFrame of T rows under (asset, factor) columns.

        The rows are those of the assets, or the last of them; or others by ``index``.
        """
        if self.assets.columns is None:
            return values
        if index is None and self.assets.index is not None:
            index = self.assets.index[-len(values) :]
        sides: list[Any] = [self.assets.columns, self.states]
        columns: pd.MultiIndex = pd.MultiIndex.from_product(sides, names=["asset", "factor"])
        flat = values.reshape(len(values), -1)
        return pd.DataFrame(flat, index, columns, copy=False)

    def matrix(self, values: FloatArray) -> Table:
        """(N, K+1), or a DataFrame of assets by states."""
        if self.assets.columns is None:
            return values
        return pd.DataFrame(values, self.assets.columns, self.states)

    def per_state(self, values: Any, argument: str, states: int) -> FloatArray:
        """(N, K+1) numbers from one number, one for each asset, or all of them."""
        names, count = self.assets.columns, self.assets.values.shape[1]
        if np.shape(values) != (count, states):
            if np.ndim(values) == 2 and 1 not in np.shape(values):
                raise InputError(
                    argument,
                    f"has shape {np.shape(values)}, not {(count, states)}",
                    "give one row for each asset, alpha first",
                )
            column = per_asset(values, argument, count, names)
            return np.repeat(column[:, None], states, axis=1)
        given = panel(values, argument, missing=False)
        table = given.values
        if given.index is not None and given.columns is not None:
            if names is not None:
                table = table[reorder(given.index, names, argument, "name")]
            if self.states is not None:
                table = table[:, reorder(given.columns, self.states, argument, "name")]
        return table

    def state_variances(self, values: Any, argument: str, states: int) -> FloatArray:
        """(N, K+1) variances, 0 or more, in the forms of :meth:`per_state`."""
        result = self.per_state(values, argument, states)
        refuse_negative(result, argument, self.assets.columns)
        return result

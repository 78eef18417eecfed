"""Groups of arguments that several worksheet functions share, read into what the core takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.covariance import METHODS, covariance
from kfxl.estimation.settings import CALIBRATIONS
from kfxl.spreadsheet.arguments import moment, number, option, whole
from kfxl.spreadsheet.blocks import Block, read_block
from kfxl.spreadsheet.cells import Rows
from kfxl.spreadsheet.fits import cached_fit
from kfxl.spreadsheet.matrices import Matrix, read_data, read_matrix
from kfxl.spreadsheet.vectors import Names, is_vector, read_vector

STATE_VARIANCE = "process_variance "


def read_returns(rows: Rows, argument: str, as_of: Rows) -> Block:
    """Returns up to ``as_of``."""
    return read_block(rows, argument, as_of=moment(as_of))


def read_factors(rows: Rows, as_of: Rows, assets: Block) -> Block:
    """Factor returns for the periods of ``assets``."""
    return read_returns(rows, "factor_returns", as_of).beside(assets)


def variance(rows: Rows, argument: str, names: Names, size: int) -> float | FloatArray | None:
    """A variance: one for all assets, one for each, or None to estimate it."""
    if not rows or len(rows) == len(rows[0]) == 1:
        return number(rows, argument, None)
    return read_vector(rows, argument, names).onto(names, size)


def state_variances(
    rows: Rows, argument: str, names: Names, states: tuple[str, ...], size: int
) -> Any:
    """Variances of the states of a regression: also a matrix of assets by alpha and betas."""
    if not rows or len(rows) == len(rows[0]) == 1:
        return number(rows, argument, None)
    if is_vector(rows, names):
        vector = read_vector(rows, argument, names)
        if size == 1 and len(vector.values) == len(states):
            return vector.onto(states, len(states))[None, :]
        return vector.onto(names, size)
    matrix = read_matrix(rows, argument)
    values = matrix.values
    if values.shape != (size, len(states)):
        problem = f"is {values.shape[0]} x {values.shape[1]}"
        raise InputError(argument, problem, f"give {size} x {len(states)}, alpha first")
    if matrix.side is not None and names is not None:
        side = arrays.reorder(pd.Index(matrix.side), pd.Index(names), argument, "name")
        values = values[side]
    if matrix.names is not None:
        # Our own table of parameters says before the state what its columns hold.
        given = [name.removeprefix(STATE_VARIANCE) for name in matrix.names]
        values = values[:, arrays.reorder(pd.Index(given), pd.Index(states), argument, "name")]
    return values


def filter_settings(
    transition: Rows, calibration: Rows, process_variance: Any, observation_variance: Any
) -> dict[str, Any]:
    """Keywords of the estimators."""
    return {
        "transition": number(transition, "transition", 1.0),
        "process_variance": process_variance,
        "observation_variance": observation_variance,
        "calibration": option(calibration, "calibration", CALIBRATIONS),
    }


def covariance_settings(
    lookback: Rows, covariance_method: Rows, half_life: Rows, default: str = "sample"
) -> dict[str, Any]:
    """Keywords of :func:`kfxl.covariance`."""
    return {
        "window": whole(lookback, "lookback", None),
        "method": option(covariance_method, "covariance_method", METHODS, default),
        "half_life": number(half_life, "half_life", 60.0),
    }


def covariance_in(data: Rows, as_of: Rows, settings: dict[str, Any]) -> tuple[pd.DataFrame, Names]:
    """The covariance matrix that ``data`` is, or that its returns have, and the assets' names."""
    until = moment(as_of)
    found = read_data(data, "data", until)
    if isinstance(found, Matrix):
        if until is not None:
            problem = "is a covariance matrix, which has no dates for as_of"
            raise InputError("data", problem, "give returns, or leave as_of out")
        return found.frame(), found.names or found.side
    # Several functions of a sheet ask for the same matrix.
    return pd.DataFrame(cached_fit(covariance, found.frame(), **settings)), found.names


def held_weights(rows: Rows, returns: Block, as_of: Rows) -> FloatArray:
    """(T, N) weights of each period: one row for all of them, or one row a period."""
    periods, size = returns.values.shape
    if is_vector(rows, returns.names):
        vector = read_vector(rows, "weights", returns.names)
        if size == 1 and vector.names is None and len(vector.values) == periods:
            return vector.values[:, None]
        return np.tile(vector.onto(returns.names, size), (periods, 1))
    block = read_block(rows, "weights", "numbers", moment(as_of)).beside(returns)
    given = arrays.panel(block.frame(), "weights", missing=False)
    if given.values.shape[1] != size:
        problem = f"has {given.values.shape[1]} columns, not {size}"
        raise InputError("weights", problem, "give one for each asset")
    values = arrays.align_rows(given, arrays.panel(returns.frame(), "returns"), "weights").values
    if block.names is not None and returns.names is not None:
        names = pd.Index(returns.names)
        values = values[:, arrays.reorder(pd.Index(block.names), names, "weights", "name")]
    return values

"""A linear Gaussian state-space model: what moves, what is seen, and where it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Table
from kfxl.errors import InputError


@dataclass(frozen=True, eq=False)
class StateSpace:
    """x_t = F x_{t-1} + w_t, z_t = H x_t + v_t with w ~ N(0, Q) and v ~ N(0, R).

    The initial state is the state *before* the first prediction: every period is one
    predict, then one update. Q and R may be singular, as long as the covariance of what is
    seen, H P H' + R, is positive definite in every period.

    Parameters
    ----------
    transition : array or DataFrame, shape (n, n)
        F. Row and column labels of a DataFrame name the states.
    observation : array or DataFrame, shape (m, n) or (T, m, n)
        H, one for all periods or one a period (a regression on changing regressors). Row
        labels of a DataFrame name the observed series.
    process_noise : array or DataFrame, shape (n, n)
        Q, symmetric positive semidefinite.
    observation_noise : array or DataFrame, shape (m, m)
        R, symmetric positive semidefinite.
    initial_mean : array or Series, shape (n,)
        Mean of x_0.
    initial_covariance : array or DataFrame, shape (n, n)
        Covariance of x_0, symmetric positive semidefinite.

    Attributes
    ----------
    states, series : Index or None
        Names of the states and of the observed series, where labels were given. Labelled
        matrices are aligned by them, the rest goes by position. Arrays are read-only copies.

    Raises
    ------
    InputError
        For a wrong shape, a value that is not finite, a matrix that is no covariance matrix,
        or labels that do not match.

    References
    ----------
    Durbin and Koopman (2012), Time Series Analysis by State Space Methods, section 4.3.

    Examples
    --------
    A level that wanders, seen through noise:

    >>> level = StateSpace([[1.0]], [[1.0]], [[0.1]], [[1.0]], [0.0], [[10.0]])
    >>> level.state_count, level.series_count
    (1, 1)
    """

    transition: FloatArray
    observation: FloatArray
    process_noise: FloatArray
    observation_noise: FloatArray
    initial_mean: FloatArray
    initial_covariance: FloatArray
    states: pd.Index | None = field(init=False, default=None)
    series: pd.Index | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        states = _names(self.transition)
        series = _names(self.observation, self.observation_noise)
        n, m = _sizes(self.transition, self.observation)
        start, noise = self.initial_covariance, self.observation_noise
        checked = {
            "transition": _matrix(self.transition, "transition", (n, n), (states, states)),
            "observation": _observation(self.observation, (m, n), (series, states)),
            "process_noise": _covariance(self.process_noise, "process_noise", n, states),
            "observation_noise": _covariance(noise, "observation_noise", m, series),
            "initial_mean": _vector(self.initial_mean, "initial_mean", n, states),
            "initial_covariance": _covariance(start, "initial_covariance", n, states),
        }
        for name, array in checked.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "states", states)
        object.__setattr__(self, "series", series)

    @property
    def state_count(self) -> int:
        """n, the number of states."""
        return len(self.transition)

    @property
    def series_count(self) -> int:
        """m, the number of observed series."""
        return len(self.observation_noise)

    def observation_at(self, period: int) -> FloatArray:
        """H of one period, counted from 0."""
        return self.observation if self.observation.ndim == 2 else self.observation[period]


def observed(model: StateSpace, observations: object) -> Panel:
    """The observations checked, their columns in the order of the model's series."""
    panel = arrays.panel(observations, "observations")
    periods, count = panel.values.shape
    if count != model.series_count:
        raise InputError(
            "observations",
            f"has {count} columns, not {model.series_count}",
            "give one column for each row of the observation matrix",
        )
    if model.observation.ndim == 3 and len(model.observation) != periods:
        raise InputError(
            "observations",
            f"has {periods} rows, not {len(model.observation)}",
            "give one row for each observation matrix of the model",
        )
    if not isinstance(observations, pd.DataFrame) or model.series is None:
        return panel
    table = _aligned(observations, "observations", (None, model.series))
    return arrays.panel(table, "observations")


def states_table(values: FloatArray, model: StateSpace, panel: Panel) -> Table:
    """(T, n) means of the states, labelled where the observations are."""
    if not panel.labelled:
        return values
    numbered = pd.Index([f"state {k + 1}" for k in range(model.state_count)])
    names = numbered if model.states is None else model.states
    return pd.DataFrame(values, index=panel.index, columns=names)


def _names(*matrices: object) -> pd.Index | None:
    """Row labels of the first labelled matrix; numbers from 0 are no names."""
    frames = (matrix.index for matrix in matrices if isinstance(matrix, pd.DataFrame))
    return next((index for index in frames if not isinstance(index, pd.RangeIndex)), None)


def _shape(values: Any, argument: str) -> tuple[int, ...]:
    try:
        return tuple(np.shape(values))
    except ValueError:  # rows of different lengths
        raise InputError(argument, "has rows of different lengths", "give equal rows") from None


def _sizes(transition: Any, observation: Any) -> tuple[int, int]:
    """Number of states and of observed series."""
    sides = _shape(transition, "transition"), _shape(observation, "observation")
    for argument, shape, dimensions in zip(
        ("transition", "observation"), sides, ((2,), (2, 3)), strict=True
    ):
        if len(shape) not in dimensions or 0 in shape:
            raise InputError(argument, f"has shape {shape}", "give a matrix: a list of equal rows")
    return sides[0][0], sides[1][-2]


def _check_shape(values: Any, argument: str, expected: tuple[int, ...]) -> None:
    shape = _shape(values, argument)
    if shape != expected:
        remedy = "make it fit the other matrices of the model"
        raise InputError(argument, f"has shape {shape}, not {expected}", remedy)


def _aligned(values: Any, argument: str, axes: tuple[pd.Index | None, pd.Index | None]) -> Any:
    """A DataFrame with its named rows and columns brought into the order of the model's."""
    if isinstance(values, pd.DataFrame):
        rows, columns = (
            np.arange(len(labels))
            if names is None or isinstance(labels, pd.RangeIndex)
            else arrays.reorder(labels, names, argument, "name")
            for labels, names in zip(values.axes, axes, strict=True)
        )
        return values.iloc[rows, columns]
    return values


def _matrix(
    values: Any,
    argument: str,
    shape: tuple[int, ...],
    axes: tuple[pd.Index | None, pd.Index | None],
) -> FloatArray:
    _check_shape(values, argument, shape)
    values = np.asarray(_aligned(values, argument, axes))
    return arrays.panel(values, argument, missing=False).values


def _covariance(values: Any, argument: str, size: int, names: pd.Index | None) -> FloatArray:
    _check_shape(values, argument, (size, size))
    values = np.asarray(_aligned(values, argument, (names, names)))
    return arrays.covariance_matrix(values, argument, positive_diagonal=False).values.copy()


def _vector(values: Any, argument: str, size: int, names: pd.Index | None) -> FloatArray:
    _check_shape(values, argument, (size,))
    if isinstance(values, pd.Series) and isinstance(values.index, pd.RangeIndex):
        names = None
    return arrays.vector(values, argument, size, names)


def _observation(
    values: Any, shape: tuple[int, int], axes: tuple[pd.Index | None, pd.Index | None]
) -> FloatArray:
    """H, or one H a period: those are checked as a table with one row a period."""
    if np.ndim(values) == 2:
        return _matrix(values, "observation", shape, axes)
    full = (len(values), *shape)
    _check_shape(values, "observation", full)
    table = np.reshape(values, (len(values), -1))
    return arrays.panel(table, "observation", missing=False).values.reshape(full)

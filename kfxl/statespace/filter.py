"""The Kalman filter of any linear Gaussian model: predict, update, and the run over all periods."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Row, Table
from kfxl.errors import InputError, SolverError
from kfxl.statespace.conditioning import (
    EPSILON,
    Conditioning,
    condition,
    log_densities,
    symmetric,
)
from kfxl.statespace.model import StateSpace, observed, states_table


@dataclass(frozen=True, eq=False)
class FilteredStates:
    """What the Kalman filter knows after each period, and just before it.

    Attributes
    ----------
    filtered_mean : (T, n)
        Mean of the state given the observations up to and including each period.
    filtered_covariance : (T, n, n) array
        Its covariance; an array also where means are labelled.
    predicted_mean : (T, n)
        Mean of the state given the observations before each period.
    predicted_covariance : (T, n, n) array
        Its covariance.
    log_likelihood : float
        Log density of all observed values, with the 2 pi constant.
    log_likelihood_by_period : (T,)
        Its terms: the log density of each period's values given all earlier ones.
    """

    filtered_mean: Table
    filtered_covariance: FloatArray
    predicted_mean: Table
    predicted_covariance: FloatArray
    log_likelihood: float
    log_likelihood_by_period: Row


@dataclass(frozen=True, eq=False)
class FilterRun:
    """The filter's arrays, the innovations (T, m; NaN where missing), every period's update."""

    filtered_mean: FloatArray
    filtered_covariance: FloatArray
    predicted_mean: FloatArray
    predicted_covariance: FloatArray
    innovations: FloatArray
    steps: list[Conditioning]


def predict(
    mean: FloatArray, covariance: FloatArray, transition: FloatArray, process_noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Move the state one period on: F x and F P F' + Q.

    Parameters
    ----------
    mean, covariance : (n,) and (n, n) arrays
        The state before.
    transition, process_noise : (n, n) arrays
        F and Q.

    Examples
    --------
    >>> mean, covariance = predict(
    ...     np.array([2.0]), np.array([[1.0]]), np.array([[0.5]]), np.array([[0.25]]))
    >>> float(mean[0]), float(covariance[0, 0])
    (1.0, 0.5)
    """
    return transition @ mean, predict_covariance(covariance, transition, process_noise)


def predict_covariance(
    covariance: FloatArray, transition: FloatArray, process_noise: FloatArray
) -> FloatArray:
    """F P F' + Q."""
    return symmetric(transition @ covariance @ transition.T) + process_noise


def update(
    mean: FloatArray,
    covariance: FloatArray,
    values: FloatArray,
    observation: FloatArray,
    observation_noise: FloatArray,
) -> tuple[FloatArray, FloatArray, float]:
    """Learn from one period's observations; those that are NaN are left out.

    Parameters
    ----------
    mean, covariance : (n,) and (n, n) arrays
        The predicted state.
    values : (m,) array
        z, NaN where missing; if all are, the state stays as predicted.
    observation, observation_noise : (m, n) and (m, m) arrays
        H and R.

    Returns
    -------
    mean, covariance, log_likelihood : (n,) array, (n, n) array, float
        The updated state, and the log density of the observed values (0 if there are none).

    Examples
    --------
    Two readings of one state, the second missing:

    >>> mean, covariance, density = update(
    ...     np.array([0.0]), np.array([[1.0]]), np.array([2.0, np.nan]),
    ...     np.array([[1.0], [1.0]]), np.eye(2))
    >>> mean.round(4).tolist(), covariance.round(4).tolist(), round(density, 4)
    ([1.0], [[0.5]], -2.2655)
    """
    seen = ~np.isnan(values)
    step = condition(covariance, observation[seen], observation_noise[np.ix_(seen, seen)])
    innovation = values[seen] - step.observation @ mean
    density = log_densities(innovation[None, :], step.factor)
    return mean + step.gain @ innovation, step.covariance, float(density[0])


def kalman_filter(model: StateSpace, observations: object) -> FilteredStates:
    """Run the Kalman filter over all periods: each is one predict, then one update.

    Parameters
    ----------
    model : StateSpace
        F, H, Q, R and the state before the first prediction.
    observations : array, DataFrame or Series, shape (T, m)
        One row a period, NaN where missing (any part of a row). Columns go by name where
        both they and the model's series are named, else by position.

    Returns
    -------
    FilteredStates
        Means are DataFrames where ``observations`` is labelled, with the model's names of the
        states as columns, else ``state 1`` to ``state n``; covariances are arrays always.

    Raises
    ------
    InputError
        If shapes or names do not match, or an innovation covariance is singular.
    SolverError
        If the state grows until it overflows.

    Notes
    -----
    Covariances do not depend on the values observed. Once they have settled (no change above
    rounding, the same series observed), the last gain is used again.

    References
    ----------
    Kalman (1960), A New Approach to Linear Filtering and Prediction Problems.

    Examples
    --------
    >>> level = StateSpace([[1.0]], [[1.0]], [[0.0]], [[1.0]], [0.0], [[1.0]])
    >>> result = kalman_filter(level, [[2.0], [2.0]])
    >>> result.filtered_mean.ravel().round(4).tolist()
    [1.0, 1.3333]
    >>> round(result.log_likelihood, 4)
    -3.7205
    """
    panel = observed(model, observations)
    run = filter_run(model, panel.values, panel.index)
    terms = log_likelihood(run)
    return FilteredStates(
        states_table(run.filtered_mean, model, panel),
        run.filtered_covariance,
        states_table(run.predicted_mean, model, panel),
        run.predicted_covariance,
        float(terms.sum()),
        pd.Series(terms, index=panel.index) if panel.labelled else terms,
    )


@np.errstate(over="ignore", invalid="ignore")
def filter_run(model: StateSpace, values: FloatArray, index: pd.Index | None) -> FilterRun:
    """The filter on checked values; ``index`` names the periods in messages."""
    periods, n = len(values), model.state_count
    filtered, predicted = np.empty((periods, n)), np.empty((periods, n))
    after, before = np.empty((periods, n, n)), np.empty((periods, n, n))
    innovations, steps = np.full_like(values, np.nan), []
    mean, seen = model.initial_mean, ~np.isnan(values)
    for t, (forecast, step) in enumerate(_covariances(model, seen, index)):
        predicted[t] = model.transition @ mean
        innovation = values[t, seen[t]] - step.observation @ predicted[t]
        mean = predicted[t] + step.gain @ innovation
        filtered[t], before[t], after[t] = mean, forecast, step.covariance
        innovations[t, seen[t]] = innovation
        steps.append(step)
    if not (np.isfinite(after).all() and np.isfinite(filtered).all()):
        raise SolverError("the state grows beyond all numbers", "use a transition that is stable")
    return FilterRun(filtered, after, predicted, before, innovations, steps)


def log_likelihood(run: FilterRun) -> FloatArray:
    """(T,) log densities; periods that share one update are evaluated together."""
    terms, start = [], 0
    for _, same in itertools.groupby(run.steps, key=id):
        block = run.innovations[start : start + len(list(same))]
        seen = block[:, ~np.isnan(block[0])]
        terms.append(log_densities(seen, run.steps[start].factor))
        start += len(block)
    return np.concatenate(terms)


def _covariances(
    model: StateSpace, seen: npt.NDArray[np.bool_], index: pd.Index | None
) -> Iterator[tuple[FloatArray, Conditioning]]:
    """Each period's predicted covariance and its update; settled ones are used again."""
    covariance, step, settled = model.initial_covariance, None, False
    forecast = covariance
    for t, row in enumerate(seen):
        same = t > 0 and model.observation.ndim == 2 and bool((row == seen[t - 1]).all())
        if step is None or not (same and settled):
            forecast = predict_covariance(covariance, model.transition, model.process_noise)
            noise = model.observation_noise[np.ix_(row, row)]
            try:
                step = condition(forecast, model.observation_at(t)[row], noise)
            except InputError as error:
                where = arrays.place(index, t, "row")
                raise InputError(
                    error.argument, f"{error.problem} at {where}", error.remedy
                ) from None
            settled = same and _unchanged(covariance, step.covariance)
            covariance = step.covariance
        yield forecast, step


def _unchanged(old: FloatArray, new: FloatArray) -> bool:
    """No element moved by more than rounding, measured against its own two variances.

    The covariance contracts geometrically to its limit, so a change this small within T
    periods leaves at most about T times as much still to come.
    """
    deviation = np.sqrt(new.diagonal())
    return bool((np.abs(new - old) <= 4 * EPSILON * np.outer(deviation, deviation)).all())

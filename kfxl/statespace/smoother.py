"""The Rauch-Tung-Striebel smoother, in Bryson and Frazier's form that inverts no covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kfxl.arrays import FloatArray, Table
from kfxl.errors import KfxlError, SolverError
from kfxl.statespace.conditioning import symmetric
from kfxl.statespace.filter import FilterRun, filter_run, log_likelihood
from kfxl.statespace.model import StateSpace, observed, states_table


@dataclass(frozen=True, eq=False)
class SmoothedStates:
    """What all observations together say about each period's state.

    Smoothed states look ahead: they describe the past and must not feed decisions.

    Attributes
    ----------
    smoothed_mean : (T, n)
        Mean of the state given all observations.
    smoothed_covariance : (T, n, n) array
        Its covariance; an array also where means are labelled.
    log_likelihood : float
        Log density of all observed values, as of the filter.
    """

    smoothed_mean: Table
    smoothed_covariance: FloatArray
    log_likelihood: float


def smooth(model: StateSpace, observations: object) -> SmoothedStates:
    """Filter forwards, then correct each state by what came after it.

    Parameters
    ----------
    model : StateSpace
        F, H, Q, R and the state before the first prediction.
    observations : array, DataFrame or Series, shape (T, m)
        One row a period, NaN where missing, as for :func:`~kfxl.statespace.kalman_filter`.

    Returns
    -------
    SmoothedStates

    Raises
    ------
    InputError
        As :func:`~kfxl.statespace.kalman_filter`.

    Notes
    -----
    Rauch, Tung and Striebel step back by P_{t|t} F' P_{t+1|t}^-1, which does not exist where a
    prediction is certain (no process noise, a transition without inverse) and multiplies
    rounding where the state dies away. Bryson and Frazier carry the score r and the information
    N of all later innovations instead: with S = H P H' + R, innovation v and gain K,
    r_t = H' S^-1 v + (I - K H)' F' r_{t+1} and N_t = H' S^-1 H + (I - K H)' F' N_{t+1} F (I - K H);
    the mean is x_{t|t} + P_{t|t} F' r_{t+1}, the covariance P_{t|t} - P_{t|t} F' N_{t+1} F P_{t|t}.
    The results are the same.

    With a wide start that difference would cancel. So the start is taken as known, what it is
    off by, d, is carried along as further columns, and its distribution given all observations
    is put in at the end (de Jong). Only where an innovation would then be without noise, or d
    grow beyond all numbers, does the start's covariance stay in the filter; a wide one costs
    digits there.

    References
    ----------
    Rauch, Tung and Striebel (1965), Maximum Likelihood Estimates of Linear Dynamic Systems.
    Bierman (1973), Fixed Interval Smoothing with Discrete Measurements. de Jong (1991), The
    Diffuse Kalman Filter.

    Examples
    --------
    A constant seen twice: at both times the mean of the two and the start (0) is best.

    >>> constant = StateSpace([[1.0]], [[1.0]], [[0.0]], [[1.0]], [0.0], [[1.0]])
    >>> smooth(constant, [[2.0], [4.0]]).smoothed_mean.ravel().round(6).tolist()
    [2.0, 2.0]
    """
    panel = observed(model, observations)
    run = filter_run(model, panel.values, panel.index)
    start = model.initial_covariance
    none = np.zeros_like(start)
    try:
        known = filter_run(replace(model, initial_covariance=none), panel.values, panel.index)
        mean, covariance = _smoothed(model, known, start)
    except KfxlError:
        mean, covariance = _smoothed(model, run, none)
    likelihood = float(log_likelihood(run).sum())
    return SmoothedStates(states_table(mean, model, panel), covariance, likelihood)


@np.errstate(over="ignore", invalid="ignore")
def _smoothed(
    model: StateSpace, run: FilterRun, outside: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Means (T, n) and covariances; ``outside`` is the start's covariance that ``run`` lacks.

    Means and scores have a column for the observations, and one for each element of d.
    """
    states = model.state_count
    shift = np.eye(states)  # what d adds to the state
    filtered, added = [], []
    for mean, step in zip(run.filtered_mean, run.steps, strict=True):
        ahead = model.transition @ shift
        added.append(step.observation @ ahead)
        shift = ahead - step.gain @ added[-1]
        filtered.append(np.column_stack([mean, shift]))
    smoothed, covariance = np.array(filtered), run.filtered_covariance.copy()
    score, information = np.zeros((states, 1 + states)), np.zeros((states, states))
    tells, about = np.zeros(states), np.zeros((states, states))  # all innovations on d
    for t in range(len(smoothed) - 1, -1, -1):
        # What later periods say about this one's filtered state ...
        score = model.transition.T @ score
        information = model.transition.T @ information @ model.transition
        own, step = run.filtered_covariance[t], run.steps[t]
        smoothed[t] += own @ score
        covariance[t] = symmetric(own - own @ information @ own)
        # ... and, with this one's innovation, about its predicted state.
        innovation = run.innovations[t, ~np.isnan(run.innovations[t])]
        surprises = np.column_stack([innovation, -added[t]])
        scaled = np.linalg.solve(step.factor, surprises)
        tells -= scaled[:, 1:].T @ scaled[:, 0]
        about += scaled[:, 1:].T @ scaled[:, 1:]
        rest = np.eye(states) - step.gain @ step.observation
        score = step.weight @ surprises + rest.T @ score
        information = symmetric(step.weight @ step.observation + rest.T @ information @ rest)
    mean, shifts = smoothed[:, :, 0], smoothed[:, :, 1:]
    if outside.any():
        spread = _posterior(outside, about)
        wide = shifts @ spread @ shifts.swapaxes(1, 2)
        covariance += (wide + wide.swapaxes(1, 2)) / 2
        mean = mean + shifts @ (spread @ tells)
    _refuse_overflow(mean, covariance)
    return mean, covariance


def _posterior(prior: FloatArray, information: FloatArray) -> FloatArray:
    """(prior^-1 + information)^-1, also where the prior has no inverse or is wide."""
    _refuse_overflow(information)
    scale = np.sqrt(prior.diagonal())
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(prior / np.outer(safe, safe))
    root = scale[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
    inner = np.eye(len(prior)) + root.T @ information @ root
    return symmetric(root @ np.linalg.solve(inner, root.T))


def _refuse_overflow(*arrays: FloatArray) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise SolverError("the state grows beyond all numbers", "use a transition that is stable")

"""The Rauch-Tung-Striebel smoother, in Bryson and Frazier's form that inverts no covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray, Table
from kfxl.statespace.conditioning import symmetric
from kfxl.statespace.filter import filter_run, log_likelihood
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

    References
    ----------
    Rauch, Tung and Striebel (1965), Maximum Likelihood Estimates of Linear Dynamic Systems.
    Bierman (1973), Fixed Interval Smoothing with Discrete Measurements.

    Examples
    --------
    A constant seen twice: at both times the mean of the two and the start (0) is best.

    >>> constant = StateSpace([[1.0]], [[1.0]], [[0.0]], [[1.0]], [0.0], [[1.0]])
    >>> smooth(constant, [[2.0], [4.0]]).smoothed_mean.ravel().round(6).tolist()
    [2.0, 2.0]
    """
    panel = observed(model, observations)
    run = filter_run(model, panel.values, panel.index)
    mean, covariance = run.filtered_mean.copy(), run.filtered_covariance.copy()
    score = np.zeros(model.state_count)
    information = np.zeros((model.state_count, model.state_count))
    for t in range(len(mean) - 1, -1, -1):
        # What later periods say about this one's filtered state ...
        score = model.transition.T @ score
        information = model.transition.T @ information @ model.transition
        own, step = run.filtered_covariance[t], run.steps[t]
        mean[t] += own @ score
        covariance[t] = symmetric(own - own @ information @ own)
        # ... and, with this one's innovation, about its predicted state.
        innovation = run.innovations[t, ~np.isnan(run.innovations[t])]
        rest = np.eye(len(score)) - step.gain @ step.observation
        score = step.weight @ innovation + rest.T @ score
        information = symmetric(step.weight @ step.observation + rest.T @ information @ rest)
    table = states_table(mean, model, panel)
    return SmoothedStates(table, covariance, float(log_likelihood(run).sum()))

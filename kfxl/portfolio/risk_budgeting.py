"""Long-only portfolios whose risk is split by budget: risk budgeting and risk parity.

The weights solve Spinu's convex problem in x = sigma * weight (up to scale),

    minimise  1/2 x' C x - sum_i b_i log x_i      (C: correlation matrix, b: budgets),

whose optimality condition x_i (C x)_i = b_i says that asset i carries the share b_i of the
variance. A floor m on the expected return adds the linear constraint (mu - m 1)' w >= 0; the
problem stays convex, and the shares give way as little as possible. The arguments are checked
here; :mod:`kfxl.portfolio.risk_budget_problem` solves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Row, Square
from kfxl.errors import InputError, SolverError
from kfxl.portfolio import dense
from kfxl.portfolio.labels import adopt_labels
from kfxl.portfolio.risk_budget_problem import (
    MORE_ROWS,
    SHARE_TOLERANCE,
    free_weights,
    weights_on_floor,
)

ROUNDING = 100 * np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class RiskBudget:
    """Weights by risk budget, and what they achieve.

    Attributes
    ----------
    weights : (N,)
        Long-only, sum 1; exactly 0 where the budget is 0.
    shares : (N,)
        Share of the portfolio variance that each asset carries, sum 1.
    budget_error : (N,)
        ``shares`` minus the (normalised) budgets: at most 1e-8 in size without a binding
        floor; with one, what the floor costs.
    floor_binding : bool
        Whether the floor on the expected return changed the weights.
    """

    weights: Row
    shares: Row
    budget_error: Row
    floor_binding: bool


def risk_budget(
    covariance: object,
    budgets: object,
    *,
    expected_returns: object = None,
    minimum_return: object = None,
) -> RiskBudget:
    """Long-only weights whose shares of the portfolio variance equal the budgets.

    Parameters
    ----------
    covariance : (N, N)
        Covariance matrix of returns per period.
    budgets : (N,)
        Wanted shares of the variance, 0 or more; only their proportions matter (they are
        normalised to sum 1). An asset with budget 0 gets weight 0.
    expected_returns : (N,), optional
        Expected returns per period; needed with ``minimum_return``, else without effect.
    minimum_return : float, optional
        Floor on the portfolio's expected return per period.

    Returns
    -------
    RiskBudget
        ``weights``, ``shares``, ``budget_error`` (share minus budget, per asset) and
        ``floor_binding``. Without a binding floor every share is certified to 1e-8; with one,
        the optimality conditions of the convex problem are.

    Raises
    ------
    InputError
        For a negative budget, budgets that are all 0, or a floor at or above the highest
        expected return among assets with a positive budget.
    SolverError
        Where no accurate answer exists, as for a nearly singular covariance.

    References
    ----------
    Spinu, F. (2013), An Algorithm for Computing Risk Parity Weights.

    Examples
    --------
    >>> import numpy as np
    >>> deviations = np.array([0.30, 0.20, 0.15])
    >>> correlation = np.array([[1, 0.8, 0.5], [0.8, 1, 0.3], [0.5, 0.3, 1]])
    >>> result = risk_budget(correlation * np.outer(deviations, deviations), [50, 20, 30])
    >>> (100 * result.weights).round(2).tolist()
    [31.15, 21.9, 46.96]
    """
    with dense.one_thread(covariance):
        matrix = arrays.covariance_matrix(covariance, "covariance", whole=False)
        matrix = adopt_labels(matrix, budgets, expected_returns)
        wanted = normalised_budgets(budgets, len(matrix.values), matrix.labels)
        return _solved(matrix, wanted, expected_returns, minimum_return)


def risk_budget_weights(
    covariance: object,
    budgets: object,
    *,
    expected_returns: object = None,
    minimum_return: object = None,
) -> Row:
    """The weights of :func:`risk_budget`, which documents the arguments.

    Returns
    -------
    (N,)
        Long-only weights, sum 1.

    Examples
    --------
    Without correlation, weights go with the square root of budget over variance:

    >>> import numpy as np
    >>> risk_budget_weights(np.diag([0.04, 0.01]), [0.5, 0.5]).round(4).tolist()
    [0.3333, 0.6667]
    """
    return risk_budget(
        covariance, budgets, expected_returns=expected_returns, minimum_return=minimum_return
    ).weights


def risk_parity_weights(covariance: object) -> Row:
    """Long-only weights with which every asset carries the same share of the variance.

    Parameters
    ----------
    covariance : (N, N)
        Covariance matrix of returns per period.

    Returns
    -------
    (N,)
        Weights, sum 1; the shares are certified equal to 1e-8.

    Raises
    ------
    SolverError
        Where no accurate answer exists, as for a nearly singular covariance.

    References
    ----------
    Maillard, S., Roncalli, T. and Teiletche, J. (2010), The Properties of Equally Weighted
    Risk Contribution Portfolios.

    Examples
    --------
    >>> import numpy as np
    >>> risk_parity_weights(np.diag([0.04, 0.01])).round(4).tolist()
    [0.3333, 0.6667]
    """
    with dense.one_thread(covariance):
        matrix = arrays.covariance_matrix(covariance, "covariance", whole=False)
        size = len(matrix.values)
        return _solved(matrix, np.full(size, 1 / size), None, None).weights


def weights_by_budget(
    covariances: FloatArray, budgets: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Certified weights and shares (D, N) of D covariance matrices (D, N, N) known to be valid.

    SolverError where one of them has no accurate answer; ``budgets`` (N,) sum to 1.

    >>> weights_by_budget(np.array([np.eye(2), np.diag([0.04, 0.01])]), np.array([0.5, 0.5]))[0]
    array([[0.5       , 0.5       ],
           [0.33333333, 0.66666667]])
    """
    held = np.flatnonzero(budgets)
    weights = np.zeros(covariances.shape[:2])
    whole = len(held) == len(budgets)
    part = covariances if whole else covariances[:, held[:, None], held]
    weights[:, held] = free_weights(part, budgets[held])
    shares = _shares(weights, covariances)
    missed = np.abs(shares - budgets).max()
    if not missed <= SHARE_TOLERANCE:
        raise SolverError(f"risk budgets missed by {missed:.1g}", MORE_ROWS)
    return weights, shares


def _solved(
    matrix: Square, wanted: FloatArray, expected_returns: object, minimum_return: object
) -> RiskBudget:
    """The result for checked arguments."""
    held = np.flatnonzero(wanted)
    tilt = _tilt(expected_returns, minimum_return, matrix, held)
    found, found_shares = weights_by_budget(matrix.values[None], wanted)
    weights, shares = found[0], found_shares[0]
    binding = tilt is not None and bool(tilt @ weights[held] < 0)
    if tilt is not None and binding:
        part = matrix.values[np.ix_(held, held)]
        weights[held] = weights_on_floor(part, wanted[held], tilt, weights[held])
        shares = _shares(weights[None], matrix.values[None])[0]
    row = matrix.row
    return RiskBudget(row(weights), row(shares), row(shares - wanted), binding)


def normalised_budgets(budgets: object, size: int, labels: pd.Index | None = None) -> FloatArray:
    """(N,) budgets in proportion, sum 1; InputError for a negative one or for none at all.

    >>> normalised_budgets([50, 20, 30], 3).tolist()
    [0.5, 0.2, 0.3]
    """
    wanted = arrays.vector(budgets, "budgets", size, labels)
    if (wanted < 0).any():
        asset = arrays.place(labels, int(np.argmin(wanted)), "asset")
        raise InputError("budgets", f"{asset} is negative", "give 0 or more")
    if not wanted.any():
        raise InputError("budgets", "are all 0", "give at least one asset a budget")
    wanted = wanted / wanted.max()  # so that even huge ones have a finite sum
    return np.asarray(wanted / wanted.sum())


def _tilt(
    expected_returns: object, minimum_return: object, matrix: Square, held: np.ndarray
) -> FloatArray | None:
    """Expected return above the floor of each held asset, scaled to size 1; None: no floor."""
    if expected_returns is None and minimum_return is not None:
        raise InputError("expected_returns", "are not given", "give them with minimum_return")
    if expected_returns is None:
        return None
    size = len(matrix.values)
    mean = arrays.vector(expected_returns, "expected_returns", size, matrix.labels)[held]
    if minimum_return is None:
        return None
    floor = arrays.number(minimum_return, "minimum_return")
    if floor >= mean.max():
        raise InputError(
            "minimum_return",
            f"{floor:g} is not below the best asset's expected return {mean.max():g}",
            f"give less than {mean.max():g}",
        )
    return np.asarray((mean - floor) / np.abs(mean - floor).max())


def _shares(weights: FloatArray, covariances: FloatArray) -> FloatArray:
    """Shares (D, N) of the variance, accurate also for portfolios of hedges.

    Their small shares are differences of large terms, which for weights of one sign are at most
    sigma (sigma' w); where rounding of these could show, they are added up exactly.
    """
    if len(weights) == 1:
        parts = weights * dense.times(covariances[0], weights[0])
    else:
        parts = weights * (covariances @ weights[..., None])[..., 0]
    alone = weights * np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    largest = ROUNDING * alone.max(axis=1) * alone.sum(axis=1)
    for k in np.flatnonzero(~(largest <= SHARE_TOLERANCE * parts.sum(axis=1))):
        parts[k] = weights[k] * dense.exact_times(covariances[k], weights[k])
    variance = parts.sum(axis=1, keepdims=True)
    if not (variance > 0).all():
        raise SolverError("the portfolio by risk budget has no risk", MORE_ROWS)
    return np.asarray(parts / variance)

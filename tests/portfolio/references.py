"""Portfolio problems solved by cvxpy, and what makes weights right, written out again."""

from fractions import Fraction

import numpy as np

EDGE = 1e-9


def solve_by_clarabel(problem, gap):
    """Solve a cvxpy ``problem`` to tolerances of ``gap``; its own ones where that is None."""
    names = ("tol_gap_abs", "tol_gap_rel", "tol_feas")
    problem.solve(solver="CLARABEL", **({} if gap is None else dict.fromkeys(names, gap)))


# --- mean-variance problems: keywords of mean_variance_weights --------------------------------


def utility(
    weights, *, expected_returns, covariance, risk_aversion, previous_weights, cost, horizon, **_
):
    """The objective."""
    gain = weights @ expected_returns - risk_aversion / 2 * weights @ covariance @ weights
    return horizon * gain - cost * np.abs(weights - previous_weights).sum()


def mean_variance_by_cvxpy(
    expected_returns,
    covariance,
    *,
    risk_aversion,
    previous_weights,
    cost,
    horizon=1,
    lower=0,
    upper=None,
    gap=None,
):
    """The problem as one writes it down; lower bounds of 0 need no upper ones."""
    import cvxpy as cp

    w = cp.Variable(len(expected_returns))
    gain = expected_returns @ w - risk_aversion / 2 * cp.quad_form(w, cp.psd_wrap(covariance))
    limits = [cp.sum(w) == 1, w >= lower, *([] if upper is None else [w <= upper])]
    trading = cost * cp.norm1(w - previous_weights)
    solve_by_clarabel(cp.Problem(cp.Maximize(horizon * gain - trading), limits), gap)
    return np.asarray(w.value)


def best_exchange(weights, problem):
    """Largest gain per unit that moving weight from one asset to another promises."""
    previous, cost = problem["previous_weights"], problem["cost"]
    risk = problem["risk_aversion"] * problem["covariance"] @ weights
    slope = problem["horizon"] * (problem["expected_returns"] - risk)
    bought = slope - np.where(weights > previous - EDGE, cost, -cost)
    sold = slope - np.where(weights < previous + EDGE, -cost, cost)
    gain = bought[weights < problem["upper"] - EDGE].max(initial=-np.inf)
    gain -= sold[weights > problem["lower"] + EDGE].min(initial=np.inf)
    return max(gain, 0.0)


def distance_from_optimum(weights, problem):
    """The best exchange over the size of the terms.

    Infinite where the weights leave the bounds or do not sum to 1.
    """
    inside = (weights >= problem["lower"]) & (weights <= problem["upper"])
    if not inside.all() or abs(weights.sum() - 1) > 1e-12:
        return np.inf
    risk = problem["risk_aversion"] * np.abs(problem["covariance"]).max() * np.abs(weights).sum()
    size = problem["horizon"] * max(np.ptp(problem["expected_returns"]), risk)
    return best_exchange(weights, problem) / max(size, problem["cost"])


# --- shares of risk ---------------------------------------------------------------------------


def shares_of(weights, covariance):
    """The definition, in extended precision."""
    weights, covariance = np.asarray(weights, np.longdouble), np.asarray(covariance, np.longdouble)
    parts = weights * (covariance @ weights)
    return parts / parts.sum()


def shares_as_fractions(weights, covariance):
    """The same without rounding."""
    weights = [Fraction(w) for w in weights.tolist()]
    rows = [[Fraction(c) for c in row] for row in covariance.tolist()]
    moves = [sum(c * w for c, w in zip(row, weights, strict=True)) for row in rows]
    parts = [w * move for w, move in zip(weights, moves, strict=True)]
    return np.array([float(part / sum(parts)) for part in parts])


def risk_budget_by_cvxpy(covariance, budgets, slope=None, *, gap=None):
    """Spinu's convex problem in exposures; with ``slope``, slope' w >= 0."""
    import cvxpy as cp

    deviations = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    x = cp.Variable(len(budgets))
    risk = cp.quad_form(x, cp.psd_wrap(correlation)) / 2
    limits = [] if slope is None else [(slope / deviations) @ x >= 0]
    solve_by_clarabel(cp.Problem(cp.Minimize(risk - budgets @ cp.log(x)), limits), gap)
    weights = x.value / deviations
    return weights / weights.sum()

"""Mean-variance weights with proportional trading costs, as an exact quadratic programme.

    maximise  h (w' mu - gamma/2 w' Sigma w) - c sum_i |w_i - p_i|
    subject to  sum_i w_i = 1,  lower_i <= w_i <= upper_i

The arguments are checked here; :mod:`kfxl.portfolio.mean_variance_problem` solves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Row
from kfxl.errors import InputError
from kfxl.portfolio import dense
from kfxl.portfolio.labels import adopt_labels
from kfxl.portfolio.mean_variance_problem import solve
from kfxl.portfolio.mean_variance_programme import SUM_ROUNDING, MeanVarianceProblem

SMALL = 1e-6  # risk aversion from which everything can be divided by it


def mean_variance_weights(
    expected_returns: object,
    covariance: object,
    *,
    risk_aversion: object = 5.0,
    previous_weights: object = None,
    cost: object = 0.001,
    horizon: object = 1,
    lower: object = 0.0,
    upper: object = 1.0,
) -> Row:
    """Weights that maximise expected return less variance less the cost of trading there.

    Maximises ``horizon * (w'mu - risk_aversion/2 * w'Sigma w) - cost * sum|w - previous|`` over
    weights with sum 1 between the bounds.

    Parameters
    ----------
    expected_returns : (N,)
        Expected returns mu per period.
    covariance : (N, N)
        Covariance Sigma of returns per period; may be singular.
    risk_aversion : float
        0 or more; with 0 only returns and costs count.
    previous_weights : (N,), optional
        Weights held before the trade (all 0: from cash). Without them nothing costs.
    cost : float
        Cost of trading as a fraction of the traded value.
    horizon : float
        Periods over which the weights are held, so that the cost is paid once in that time.
    lower, upper : float or (N,)
        Bounds of the weights.

    Returns
    -------
    (N,)
        Weights, sum 1, certified by the optimality conditions of the problem.

    Raises
    ------
    InputError
        Where no weights fit the bounds; the message names the asset or the sum.
    SolverError
        Where no certified answer was found.

    References
    ----------
    Markowitz, H. (1952), Portfolio Selection. Solvers: Hintermueller, M., Ito, K. and Kunisch, K.
    (2002), The Primal-Dual Active Set Strategy as a Semismooth Newton Method; where that fails,
    Schwan, R. et al. (2023), PIQP: A Proximal Interior-Point Quadratic Programming Solver.

    Examples
    --------
    >>> import numpy as np
    >>> mean_variance_weights([0.02, 0.01], np.diag([0.04, 0.01])).round(4).tolist()
    [0.24, 0.76]

    A small gain is not worth its cost: the previous weights stay.

    >>> mean_variance_weights([0.02, 0.01], np.diag([0.04, 0.01]), previous_weights=[0.25, 0.75],
    ...                       cost=0.01).tolist()
    [0.25, 0.75]
    """
    with dense.one_thread(covariance):
        matrix = arrays.covariance_matrix(covariance, "covariance", positive_diagonal=False)
    matrix = adopt_labels(matrix, expected_returns, previous_weights, lower, upper)
    size, labels = len(matrix.values), matrix.labels
    periods = arrays.number(horizon, "horizon", above=0)
    aversion = arrays.number(risk_aversion, "risk_aversion", low=0)
    rate = arrays.number(cost, "cost", low=0)
    mean = arrays.vector(expected_returns, "expected_returns", size, labels)
    low = arrays.per_asset(lower, "lower", size, labels)
    high = arrays.per_asset(upper, "upper", size, labels)
    _check_bounds(low, high, labels)
    if previous_weights is None:
        previous, rate = np.zeros(size), 0.0
    else:
        previous = arrays.vector(previous_weights, "previous_weights", size, labels)
    risk = matrix.values
    # What all expected returns have in common counts for nothing but rounding.
    mean = mean - (mean.min() + mean.max()) / 2
    # Over the risk aversion, the problem is the same and its matrix needs no copy.
    if aversion >= SMALL:
        mean, rate = mean / aversion, rate / (periods * aversion)
    else:
        mean, risk = periods * mean, periods * aversion * risk
    problem = MeanVarianceProblem(mean, risk, previous, rate, low, high)
    with dense.one_thread(matrix.values):
        return matrix.row(solve(problem))


def _check_bounds(low: FloatArray, high: FloatArray, labels: pd.Index | None) -> None:
    if (low > high).any():
        asset = int(np.argmax(low > high))
        name = arrays.place(labels, asset, "asset")
        problem = f"{low[asset]:g} is above the upper bound {high[asset]:g} of {name}"
        raise InputError("lower", problem, "lower it or raise the upper bound")
    if low.sum() > 1 + SUM_ROUNDING:
        raise InputError("lower", f"bounds sum to {low.sum():.9g}", "lower them to sum 1 at most")
    if high.sum() < 1 - SUM_ROUNDING:
        raise InputError("upper", f"bounds sum to {high.sum():.9g}", "raise them to sum 1 at least")

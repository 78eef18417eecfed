"""Two hundred hard matrices, near-singular ones, and many assets: every share is right or refused.

Shares are computed again in extended precision or as fractions, so that rounding hides nothing.
"""

import numpy as np
import pytest
from scipy.optimize import root

from kfxl.errors import InputError, SolverError
from kfxl.portfolio import risk_budget_problem
from kfxl.portfolio.risk_budgeting import (
    risk_budget_weights,
    risk_parity_weights,
    weights_by_budget,
)
from tests.portfolio.references import shares_as_fractions, shares_of

SIZES = (4, 12, 30, 65, 130)  # factors up to 64 assets, conjugate gradients beyond


def alike(size, correlation):
    return np.full((size, size), correlation) + (1 - correlation) * np.eye(size)


def spectrum(rng, size):
    """Condition number 1e10 in a random basis."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = basis * np.logspace(0, -10, size) @ basis.T
    return (matrix + matrix.T) / 2


def hard(rng, size, kind):
    spread = 10 ** rng.uniform(-3, 0, size)
    equal, uneven = np.ones(size), 10 ** rng.uniform(-4, 0, size)
    if kind == "high correlation":
        return alike(size, 1 - 10 ** rng.uniform(-6, -1)) * np.outer(spread, spread), equal
    if kind == "near the negative limit":
        return alike(size, -(1 - 10 ** rng.uniform(-6, -1)) / (size - 1)), equal
    if kind == "condition 1e10":
        return spectrum(rng, size), equal
    if kind == "variances over eight decades":
        return np.diag(10 ** rng.uniform(-8, 0, size)), equal
    if kind == "heavy tails":
        return np.cov(rng.standard_t(2.1, size=(3 * size, size)).T * spread[:, None]), equal
    if kind == "budgets over four decades":
        return np.cov(rng.normal(size=(3 * size, size)).T), uneven
    return spectrum(rng, size), uneven


KINDS = (
    "high correlation",
    "near the negative limit",
    "condition 1e10",
    "variances over eight decades",
    "heavy tails",
    "budgets over four decades",
    "condition 1e10, budgets over four decades",
)


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_hard_matrices(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(6):
        for size in SIZES:
            covariance, budgets = hard(rng, size, kind)
            try:
                weights = risk_budget_weights(covariance, budgets)
            except SolverError:
                # Among four assets a hedge can be so close that rounding the right weights to
                # floating-point numbers moves the shares by more than 1e-8.
                assert size == 4
                assert kind.startswith("condition")
                continue
            assert weights.min() > 0
            np.testing.assert_allclose(
                shares_of(weights, covariance), budgets / budgets.sum(), atol=1e-8, rtol=0
            )


def test_near_singular_matrices_are_solved_or_refused():
    """Fewer rows than assets, down to two; a hedge that leaves next to nothing."""
    rng, solved, refused = np.random.default_rng(9), 0, 0
    matrices = [np.cov(rng.normal(size=(rows, 30)).T) for rows in range(2, 40)]
    matrices += [alike(30, -(1 - 10.0**-gap) / 29) for gap in range(5, 16)]
    matrices.append(alike(12, -(1 - 1e-10) / 11))  # sums in floating point may call it solved
    for covariance in matrices:
        try:
            weights = risk_parity_weights(covariance)
        except (SolverError, InputError):
            refused += 1
            continue
        solved += 1
        shares = shares_as_fractions(weights, covariance)
        np.testing.assert_allclose(shares, 1 / len(shares), atol=1e-8, rtol=0)
    assert solved >= 10
    assert refused >= 10


@pytest.mark.parametrize("size", [3, 5])
def test_equal_weights_that_leave_next_to_nothing_are_certified_by_exact_sums(size):
    """Products in floating point would miss these shares by 1e-6 and more, right as they are."""
    covariance = alike(size, -(1 - 1e-12) / (size - 1))
    shares = shares_as_fractions(risk_parity_weights(covariance), covariance)
    np.testing.assert_allclose(shares, 1 / size, atol=1e-8, rtol=0)


def test_a_singular_matrix_spoils_no_other_that_is_solved_with_it(monkeypatch):
    solve = np.linalg.solve

    def refuse_several(matrices, right):
        """As if the hedge were singular from the first step on, not at the fiftieth."""
        if len(matrices) > 1:
            raise np.linalg.LinAlgError
        return solve(matrices, right)

    monkeypatch.setattr(np.linalg, "solve", refuse_several)
    matrices, budgets = np.array([alike(2, 0.5), alike(2, -1.0), alike(2, -0.9)]), [0.3, 0.7]
    weights = risk_budget_problem.free_weights(matrices, np.array(budgets))
    for k in (0, 2):
        np.testing.assert_allclose(shares_of(weights[k], matrices[k]), budgets, atol=1e-12)
    with pytest.raises(SolverError, match=r"no risk; use more rows than assets"):
        weights_by_budget(matrices, np.full(2, 0.5))


@pytest.mark.parametrize("size", [65, 300])
def test_conjugate_gradients_and_factors_agree(size, monkeypatch):
    rng = np.random.default_rng(size)
    moves = rng.normal(size=(3 * size, 1)) + rng.normal(size=(3 * size, size))
    covariance, budgets = np.cov(moves.T) / 1e4, rng.uniform(0.2, 1, size)
    weights = risk_budget_weights(covariance, budgets)
    monkeypatch.setattr(risk_budget_problem, "FACTORED", size)
    np.testing.assert_allclose(risk_budget_weights(covariance, budgets), weights, rtol=1e-10)
    np.testing.assert_allclose(
        shares_of(weights, covariance), budgets / budgets.sum(), atol=1e-12, rtol=0
    )


def test_a_general_root_finder_gives_the_same():
    """MINPACK on x_i (C x)_i = b_i, from equal exposures."""
    rng = np.random.default_rng(1)
    covariance = np.cov(rng.normal(size=(8, 60)) + rng.normal(size=60))
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    start = np.full(8, 1 / np.sqrt(8 * correlation.sum() / 8))
    found = root(lambda x: x * (correlation @ x) - 1 / 8, start, method="hybr", tol=1e-14)
    weights = found.x / deviations
    np.testing.assert_allclose(risk_parity_weights(covariance), weights / weights.sum(), rtol=1e-9)


def test_very_many_assets():
    """Of more than 250, blocks of the matrix are checked to be semidefinite."""
    size = 1100
    loads = np.random.default_rng(0).uniform(0.5, 1.5, size)
    covariance = np.outer(loads, loads) + np.diag(loads)
    weights = risk_parity_weights(covariance)
    np.testing.assert_allclose(shares_of(weights, covariance), 1 / size, atol=1e-12, rtol=0)
    covariance[0, 1] = covariance[1, 0] = 9.0
    with pytest.raises(InputError, match="no covariance matrix"):
        risk_parity_weights(covariance)

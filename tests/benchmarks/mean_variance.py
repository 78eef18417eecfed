"""Mean-variance weights with costs by kfxl, by solvers called directly, and by cvxpy."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from kfxl import mean_variance_weights
from kfxl.arrays import FloatArray
from tests.benchmarks.frame import Contender, Measurement
from tests.portfolio.random_problems import random_problem
from tests.portfolio.references import distance_from_optimum, mean_variance_by_cvxpy, utility

SIZES = (4, 50, 500)
LARGE = 500
AVERSION, COST = 5.0, 0.001
CERTIFIED = 1e-8


def measurements(sizes: Iterable[int] = SIZES, problems: int = 2000) -> Iterable[Measurement]:
    """One problem of N assets by several solvers; many random ones by kfxl, each certified."""
    for size in sizes:
        yield _beside_others(size)
    rng = np.random.default_rng(2000)
    several = [random_problem(rng, 200) for _ in range(problems)]
    yield Measurement(
        f"Mean-variance, {problems:,} random problems of 4 to 200 assets, all certified",
        (Contender("kfxl", partial(_all_of, several)),),
        partial(_certified, several),
        repeats=1,
    )


def problem_of(size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expected returns, covariance and previous weights (equal ones)."""
    rng = np.random.default_rng(size)
    rows = 2 * size + 100
    market = rng.normal(size=(rows, 1)) * rng.uniform(0.5, 1.5, size)
    moves = 0.01 * market + 0.015 * rng.normal(size=(rows, size))
    return rng.normal(0.0005, 0.001, size), np.cov(moves.T), np.full(size, 1 / size)


def _beside_others(size: int) -> Measurement:
    problem = problem_of(size)
    names = ("expected_returns", "covariance", "previous_weights")
    keywords = dict(zip(names, problem, strict=True)) | {"risk_aversion": AVERSION, "cost": COST}
    return Measurement(
        f"Mean-variance, {size} assets",
        (
            Contender("kfxl", partial(mean_variance_weights, **keywords)),
            Contender(
                "clarabel, called directly",
                partial(by_clarabel, *problem),
                needs=("clarabel",),
                least=50 if size == LARGE else None,
            ),
            Contender("piqp, called directly", partial(by_piqp, *problem), needs=("piqp",)),
            Contender(
                "cvxpy with Clarabel",
                partial(mean_variance_by_cvxpy, **keywords),
                needs=("cvxpy", "clarabel"),
            ),
        ),
        partial(_never_worse, keywords),
    )


def _sparse_programme(mean: FloatArray, covariance: FloatArray, previous: FloatArray) -> Any:
    """P, q, A, b of the programme in [w, u] with u >= |w - previous|; the first row is a sum."""
    import scipy.sparse as sp

    size = len(mean)
    risk = sp.block_diag([np.triu(AVERSION * covariance), sp.csc_matrix((size, size))], "csc")
    one, none = sp.eye(size), sp.csc_matrix((size, size))
    rows = [
        sp.hstack([np.ones((1, size)), sp.csc_matrix((1, size))]),
        *(sp.hstack(pair) for pair in ((one, -one), (-one, -one), (-one, none), (one, none))),
    ]
    bounds = np.concatenate([[1.0], previous, -previous, np.zeros(size), np.ones(size)])
    linear = np.append(-mean, np.full(size, COST))
    return risk, linear, sp.vstack(rows, "csc"), bounds


def by_clarabel(mean: FloatArray, covariance: FloatArray, previous: FloatArray) -> FloatArray:
    """Clarabel on the sparse programme at its own tolerances, building it included."""
    import clarabel

    size = len(mean)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(4 * size)]
    programme = _sparse_programme(mean, covariance, previous)
    solution = clarabel.DefaultSolver(*programme, cones, settings).solve()
    return np.array(solution.x)[:size]


def by_piqp(mean: FloatArray, covariance: FloatArray, previous: FloatArray) -> FloatArray:
    """piqp on the dense programme at its own tolerances."""
    import piqp

    size = len(mean)
    one, none = np.eye(size), np.zeros((size, size))
    solver = piqp.DenseSolver()
    solver.setup(
        np.asfortranarray(np.block([[AVERSION * covariance, none], [none, none]])),
        np.append(-mean, np.full(size, COST)),
        A=np.asfortranarray(np.append(np.ones(size), np.zeros(size))[None, :]),
        b=np.ones(1),
        G=np.asfortranarray(np.block([[one, -one], [-one, -one]])),
        h_u=np.append(previous, -previous),
        x_l=np.zeros(2 * size),
        x_u=np.append(np.ones(size), np.full(size, np.inf)),
    )
    solver.solve()
    return np.asarray(solver.result.x[:size])


def _never_worse(problem: dict[str, Any], ours: Any, *others: Any) -> None:
    """kfxl's utility is the highest, up to what the others gain by leaving their bounds."""
    highest = utility(ours, **problem, horizon=1)
    assert abs(ours.sum() - 1) < 1e-12
    for theirs in others:
        assert highest >= utility(theirs, **problem, horizon=1) - 1e-9
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def _all_of(several: list[dict[str, Any]]) -> list[Any]:
    return [mean_variance_weights(**problem) for problem in several]


def _certified(several: list[dict[str, Any]], answers: list[Any]) -> None:
    for weights, problem in zip(answers, several, strict=True):
        assert distance_from_optimum(weights, problem) < CERTIFIED

"""Mean-variance weights: recorded rebalances, another solver, optimality checked again."""

import sys
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from kfxl.errors import InputError, SolverError
from kfxl.portfolio import mean_variance_problem
from kfxl.portfolio.descent import descend
from kfxl.portfolio.interior_point import polished
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.mean_variance_programme import MeanVarianceProblem
from tests.portfolio.random_problems import random_problem
from tests.portfolio.references import (
    best_exchange,
    distance_from_optimum,
    mean_variance_by_cvxpy,
    utility,
)
from tests.references import table


def recorded_rebalances():
    returns = table("expected_returns_input").to_numpy()
    means = table("expected_returns_filtered_mean").to_numpy()
    for row in table("mean_variance_rebalances").to_numpy():
        t = int(row[0])
        rows = returns[t - 49 : t + 1]
        covariance = np.cov(rows.T) if t >= 49 else 0.01 * np.eye(4)
        problem = {
            "expected_returns": means[t],
            "covariance": covariance,
            "risk_aversion": 5.0,
            "previous_weights": row[1:5],
            "cost": 0.001,
            "horizon": 1.0,
            "lower": np.zeros(4),
            "upper": np.ones(4),
        }
        yield t, problem, row[5:9], row[9]


def test_recorded_rebalances_are_never_worse():
    count = 0
    for t, problem, slsqp, recorded in recorded_rebalances():
        assert utility(slsqp, **problem) == pytest.approx(recorded, abs=1e-15), (
            f"day {t} is read as recorded"
        )
        weights = mean_variance_weights(  # by default with the textbook's settings
            problem["expected_returns"],
            problem["covariance"],
            previous_weights=problem["previous_weights"],
        )
        assert utility(weights, **problem) >= recorded - 1e-12
        assert best_exchange(weights, problem) < 1e-12
        assert weights.min() >= 0
        assert weights.max() <= 1
        assert abs(weights.sum() - 1) < 1e-14
        count += 1
    assert count == 48


# --- another solver ---------------------------------------------------------------------------


def case(seed):
    """One problem: covariance singular or not, bounds tight or loose, from cash or not."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 16))
    rows = int(rng.choice([2, size + 3, 8 * size]))
    sample = rng.normal(size=(rows, size)) * 10 ** rng.uniform(-3, -1, size)
    mean = rng.normal(size=size) * 10 ** rng.uniform(-5, -1)
    low = np.full(size, rng.choice([0.0, 0.0, -0.2, 0.5 / size]))
    high = np.full(size, rng.choice([1.0, 1.0, 1.5 / size, 2 / size]))
    if rng.random() < 0.2:
        high[0] = max(low[0], 1 - high[1:].sum())
    previous = [np.zeros(size), np.full(size, 1 / size), rng.dirichlet(np.full(size, 0.3))]
    return {
        "expected_returns": mean,
        "covariance": sample.T @ sample / rows,
        "risk_aversion": float(rng.choice([0.0, 0.5, 5.0, 50.0])),
        "previous_weights": previous[rng.integers(3)],
        "cost": float(rng.choice([0.0, 1e-4, 1e-3, 1e-2])),
        "horizon": float(rng.choice([1, 10])),
        "lower": low,
        "upper": high,
    }


@pytest.mark.parametrize("seed", range(40))
def test_never_worse_than_cvxpy(seed):
    problem = case(seed)
    weights = mean_variance_weights(**problem)
    other = mean_variance_by_cvxpy(**problem, gap=1e-12)
    # Clarabel's weights may leave the bounds by its tolerance, and gain by that.
    size = np.abs(problem["expected_returns"]).max() * problem["horizon"] + problem["cost"]
    assert utility(weights, **problem) >= utility(other, **problem) - 1e-8 * size


@settings(max_examples=150)
@given(seed=st.integers(0, 10**7))
def test_every_answer_is_optimal_and_feasible(seed):
    problem = case(seed)
    weights = mean_variance_weights(**problem)
    risk = problem["risk_aversion"] * problem["covariance"] @ weights
    slope = problem["horizon"] * (problem["expected_returns"] - risk)
    size = max(np.abs(slope).max(), problem["cost"])
    assert best_exchange(weights, problem) <= 2e-9 * size
    assert (weights >= problem["lower"] - 1e-12).all()
    assert (weights <= problem["upper"] + 1e-12).all()
    assert abs(weights.sum() - 1) < 1e-12


def programme_of(problem):
    """What kfxl solves, in the units of the horizon."""
    horizon = problem["horizon"]
    return MeanVarianceProblem(
        horizon * problem["expected_returns"],
        horizon * problem["risk_aversion"] * problem["covariance"],
        *(problem[name] for name in ("previous_weights", "cost", "lower", "upper")),
    )


def test_the_residual_is_half_the_best_exchange():
    rng = np.random.default_rng(5)
    for seed in range(50):
        problem = case(seed)
        weights = rng.dirichlet(np.ones(len(problem["upper"])))
        residual = programme_of(problem).kkt_residual(weights)
        assert 2 * residual == pytest.approx(best_exchange(weights, problem), abs=1e-15)


@pytest.mark.parametrize("risk_aversion", [5, 0], ids=["active set", "interior point"])
@pytest.mark.parametrize("gap", [1e-6, -1e-6, 1e-8, -1e-8])
def test_previous_weights_that_are_rounded_still_have_an_optimum(gap, risk_aversion, monkeypatch):
    """The best asset buys what the sum lacks, or the worst of those held sells it."""
    if risk_aversion:  # active sets end there by themselves: there is nothing else to try
        monkeypatch.setattr("kfxl.portfolio.active_set.descend", lambda *_: None)
        monkeypatch.setattr(mean_variance_problem, "interior_point", lambda *_: np.full(4, np.nan))
    previous = np.array([0.4 - gap, 0.3, 0.3, 0.0])
    weights = mean_variance_weights(
        [0.001, 0.002, 0.0015, -0.01],
        1e-4 * np.eye(4),
        previous_weights=previous,
        risk_aversion=risk_aversion,
        cost=0.05,
    )
    trade = [0, gap, 0, 0] if gap > 0 else [gap, 0, 0, 0]
    np.testing.assert_allclose(weights - previous, trade, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("gap", [1e-8, -1e-8])
def test_where_all_weights_rest_the_best_asset_trades_the_rounding_of_their_sum(seed, gap):
    """Two at their previous weights, two at upper bounds, two at lower ones; each is tried."""
    rest = np.array([0.3, 0.3 - gap, 0.2, 0.2, 0.0, 0.0])
    problem = {
        "expected_returns": np.random.default_rng(seed).normal(scale=0.01, size=6),
        "covariance": 0.01 * np.eye(6),
        "risk_aversion": 1.0,
        "previous_weights": rest - [0.0, 0.0, 0.1, 0.0, 0.0, -0.1],
        "cost": 0.005,
        "horizon": 1.0,
        "lower": np.zeros(6),
        "upper": np.array([1, 1, 0.2, 0.2, 1, 1]),
    }
    trades = [rest + gap * unit for unit in np.eye(6)]
    allowed = [w for w in trades if w.min() >= 0 and (w <= problem["upper"]).all()]
    best = max(allowed, key=lambda weights: utility(weights, **problem))
    found = polished(programme_of(problem), rest + gap / 6, 1e-7)
    np.testing.assert_allclose(found, best, rtol=0, atol=1e-15)


# --- closed forms and properties --------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_where_gains_just_equal_costs_rounding_moves_no_asset(seed):
    rng = np.random.default_rng(seed)
    covariance, previous = np.cov(rng.normal(size=(5, 15))), rng.dirichlet(np.ones(5))
    mean = covariance @ previous + 0.1 * rng.choice([-1, 1], 5)
    weights = mean_variance_weights(
        mean, covariance, risk_aversion=1, previous_weights=previous, cost=0.1
    )
    assert weights.tolist() == previous.tolist()


def test_unconstrained_closed_form():
    """Wide bounds, no cost: w = S^-1 (mu - lambda) / gamma with lambda from the sum."""
    rng = np.random.default_rng(11)
    covariance, mean = np.cov(rng.normal(size=(6, 40))) / 1e4, rng.normal(size=6) / 1e3
    inverse = np.linalg.inv(covariance)
    price = (inverse.sum(axis=1) @ mean - 3) / inverse.sum()
    np.testing.assert_allclose(
        mean_variance_weights(mean, covariance, risk_aversion=3, lower=-100, upper=100),
        inverse @ (mean - price) / 3,
        rtol=1e-10,
    )


def test_units_of_returns_do_not_matter():
    rng = np.random.default_rng(4)
    covariance, mean = np.cov(rng.normal(size=(8, 60))) / 1e4, rng.normal(size=8) / 1e3
    previous = rng.dirichlet(np.ones(8))
    plain = mean_variance_weights(mean, covariance, previous_weights=previous)
    percent = mean_variance_weights(
        100 * mean, 1e4 * covariance, risk_aversion=0.05, previous_weights=previous, cost=0.1
    )
    np.testing.assert_allclose(percent, plain, atol=1e-11)


def test_a_longer_horizon_trades_more_and_no_previous_weights_costs_nothing():
    mean, covariance = np.array([0.003, 0.001]), np.diag([4e-4, 1e-4])
    previous = np.array([0.1, 0.9])
    short, long = (
        mean_variance_weights(
            mean, covariance, previous_weights=previous, cost=0.01, horizon=horizon
        )
        for horizon in (1, 250)
    )
    np.testing.assert_array_equal(short, previous)
    assert long[0] > 0.5
    free = mean_variance_weights(mean, covariance, cost=0.01)
    np.testing.assert_allclose(
        free, mean_variance_weights(mean, covariance, previous_weights=previous, cost=0), atol=1e-14
    )


def test_first_purchase_from_cash_costs_every_asset_the_same():
    mean, covariance = np.array([0.003, 0.001, 0.002]), np.diag([4e-4, 1e-4, 2e-4])
    np.testing.assert_allclose(
        mean_variance_weights(mean, covariance, previous_weights=np.zeros(3)),
        mean_variance_weights(mean, covariance),
        atol=1e-13,
    )


@pytest.mark.parametrize(
    ("mean", "scale", "aversion"), [(0.05, 1.0, 1e-14), (0.05, 1e-8, 1e-3), (1e4, 1.0, 1e-6)]
)
def test_what_expected_returns_have_in_common_hides_no_risk(mean, scale, aversion):
    """Weights of least variance, by the inverse of variances 1, 2 and 4."""
    weights = mean_variance_weights(
        np.full(3, mean), scale * np.diag([0.01, 0.02, 0.04]), risk_aversion=aversion
    )
    np.testing.assert_allclose(weights, np.array([4, 2, 1]) / 7, rtol=1e-12)


@pytest.mark.parametrize("lower", [-1.0, 0.0])
@pytest.mark.parametrize("aversion", [1e4, 1e6, 1e8])
def test_where_risk_cancels_the_rest_of_the_utility_counts(aversion, lower):
    """With one source of risk and much aversion, all but the best hedge is wrong, or refused."""
    answers = 0
    for seed in [*range(25), 125, 271]:
        rng = np.random.default_rng(seed)
        exposures, mean = np.round(rng.normal(size=6), 1), np.round(0.01 * rng.normal(size=6), 4)
        bounds = {"lower": lower, "upper": 2.0}
        constraints = np.array([np.ones(6), exposures]), [1.0, 0.0]
        hedge = linprog(-mean, None, None, *constraints, bounds=[tuple(bounds.values())] * 6)
        if not hedge.success:
            continue
        risk = 0.01 * np.outer(exposures, exposures)
        try:
            weights = mean_variance_weights(mean, risk, risk_aversion=aversion, **bounds)
        except SolverError:
            assert aversion > 1e7
            continue
        answers += 1
        earned = weights @ mean - aversion / 2 * weights @ risk @ weights
        assert earned >= -hedge.fun - 5e-9  # the hedge meets its constraints to 1e-7 only
    assert answers >= (3 if aversion > 1e7 else 15)


@pytest.mark.parametrize("previous", [[0.5, -0.5], [-0.4, 0.2], [1e-12, 1e-12]])
def test_previous_weights_that_sum_to_nothing_are_no_place_to_start(previous):
    problem = {
        "expected_returns": np.array([0.05, 0.02]),
        "covariance": np.diag([0.04, 0.02]),
        "risk_aversion": 5.0,
        "previous_weights": np.array(previous),
        "cost": 0.01,
        "lower": np.full(2, -1.0),
        "upper": np.full(2, 2.0),
    }
    weights = mean_variance_weights(**problem)
    np.testing.assert_allclose(weights, mean_variance_by_cvxpy(**problem, gap=1e-12), atol=1e-5)


def test_labels_are_kept_and_aligned():
    covariance = pd.DataFrame(np.diag([4e-4, 1e-4]), index=["A", "B"], columns=["A", "B"])
    mean = pd.Series({"B": 0.001, "A": 0.003})
    weights = mean_variance_weights(mean, covariance, upper=pd.Series({"B": 1.0, "A": 0.4}))
    assert weights.index.tolist() == ["A", "B"]
    assert weights["A"] == 0.4
    plain = mean_variance_weights([0.003, 0.001], covariance.to_numpy(), upper=[0.4, 1])
    np.testing.assert_array_equal(weights, plain)
    half = mean_variance_weights(mean[["A", "B"]], covariance.to_numpy())
    assert half.index.tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"lower": [0.6, 0.5]}, "lower: bounds sum to 1.1; lower them to sum 1 at most"),
        ({"upper": 0.4}, "upper: bounds sum to 0.8; raise them to sum 1 at least"),
        ({"lower": [0, 0.5], "upper": [1, 0.3]}, "above the upper bound 0.3 of B"),
        ({"risk_aversion": -1}, "risk_aversion"),
        ({"cost": -1}, "cost"),
        ({"horizon": 0}, "horizon"),
        ({"previous_weights": [1]}, "previous_weights: has 1 values, not 2"),
        ({"previous_weights": [1, np.nan]}, "previous_weights: .* missing"),
    ],
)
def test_refusals(settings_, words):
    frame = pd.DataFrame(np.eye(2), index=["A", "B"], columns=["A", "B"])
    with pytest.raises(InputError, match=words):
        mean_variance_weights([0.1, 0.2], frame, **settings_)


def test_bounds_that_leave_one_point():
    third = np.full(3, 1 / 3)
    np.testing.assert_array_equal(mean_variance_weights([1, 2, 3], np.eye(3), upper=third), third)
    fixed = mean_variance_weights([1, 2, 3], np.eye(3), lower=[0.2, 0, 0], upper=[0.2, 1, 1])
    assert fixed[0] == 0.2


@pytest.mark.parametrize(("apart", "refused"), [(0.1, True), (1e-8, True), (1e-10, False)])
def test_no_uncertified_answer(apart, refused, monkeypatch):
    """Answers are passed on to 1e-9, and not from further off: w = 1/3 + (mu - 0.2) / 5 is best."""
    answer = 1 / 3 + np.array([-0.02 + apart, 0.0, 0.02 - apart])
    monkeypatch.setattr(mean_variance_problem, "active_set", lambda problem: answer)
    monkeypatch.setattr(
        mean_variance_problem, "interior_point", lambda problem, accuracy: np.full(3, np.nan)
    )
    with pytest.raises(SolverError, match="optimality conditions") if refused else nullcontext():
        assert mean_variance_weights([0.1, 0.2, 0.3], np.eye(3)).tolist() == answer.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_a_portfolio_without_any_risk_is_found_where_there_is_one(seed):
    """Three rows of five assets: a linear programme says whether weights with X w = 0 exist."""
    rng = np.random.default_rng(seed)
    moves = 10.0 ** rng.uniform(-4, -1) * rng.normal(size=(2, 5))
    sums = np.vstack([moves / np.abs(moves).max(), np.ones(5)])
    hedged = linprog(np.zeros(5), A_eq=sums, b_eq=[0, 0, 1]).status == 0
    covariance = moves.T @ moves
    weights = mean_variance_weights(np.zeros(5), covariance, risk_aversion=5, horizon=60)
    variance = weights @ covariance @ weights / covariance.max()
    assert (variance < 1e-12) == hedged


def test_labelled_arguments_are_aligned_also_without_labels_on_mean_and_covariance():
    mean, covariance = np.array([0.02, 0.01]), np.diag([0.04, 0.01])
    previous = pd.Series({"A": 1.0, "B": 0.0})
    upper = pd.Series({"B": 0.9, "A": 0.3})
    named = mean_variance_weights(mean, covariance, previous_weights=previous, upper=upper)
    plain = mean_variance_weights(mean, covariance, previous_weights=[1, 0], upper=[0.3, 0.9])
    assert named.to_dict() == dict(zip("AB", plain, strict=True))


# --- active sets ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_random_problems_of_all_sizes(seed):
    """A part of the 2,000 that tests/benchmarks/mean_variance.py solves."""
    rng = np.random.default_rng(seed)
    for _ in range(60):
        problem = random_problem(rng, 80)
        assert distance_from_optimum(mean_variance_weights(**problem), problem) < 1e-8


@pytest.mark.parametrize("seed", range(30))
def test_active_sets_and_the_interior_point_agree(seed, monkeypatch):
    problem = case(seed)
    full = np.linalg.matrix_rank(problem["covariance"]) == len(problem["upper"])
    weights = mean_variance_weights(**problem)
    monkeypatch.setattr(mean_variance_problem, "active_set", lambda problem: None)
    other = mean_variance_weights(**problem)
    if full and problem["risk_aversion"] > 0:  # one optimum, and one only
        np.testing.assert_allclose(weights, other, atol=1e-7)
    size = np.abs(problem["expected_returns"]).max() * problem["horizon"] + problem["cost"]
    assert utility(weights, **problem) == pytest.approx(utility(other, **problem), abs=1e-9 * size)


@pytest.mark.parametrize("seed", range(20))
def test_walking_from_any_start_ends_at_the_optimum(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, 40)
    problem["covariance"] += 1e-6 * np.eye(len(problem["covariance"]))
    programme = programme_of(problem)
    size = len(problem["covariance"])
    for start in (np.zeros(size), np.ones(size), rng.normal(size=size)):
        assert distance_from_optimum(descend(programme, start), problem) < 1e-8


def test_assets_that_are_all_the_same():
    """Every place is a tie: any weights of a single factor are as good as any others."""
    ones = np.full((6, 6), 1e-4)
    for cost in (0.0, 0.01):
        weights = mean_variance_weights(
            np.full(6, 0.01), ones, previous_weights=np.full(6, 1 / 6), cost=cost, upper=0.4
        )
        assert abs(weights.sum() - 1) < 1e-12


def test_without_piqp_there_is_an_answer_or_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "piqp", None)
    np.testing.assert_allclose(mean_variance_weights([0.2, 0.1], np.eye(2)), [0.51, 0.49])
    with pytest.raises(SolverError, match="optimality conditions"):
        mean_variance_weights([0.2, 0.1, 0.1], np.eye(3), risk_aversion=0, upper=0.6)

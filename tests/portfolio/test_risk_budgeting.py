"""Risk budgets: recorded numbers, another solver, hard matrices, properties, refusals."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError, SolverError
from kfxl.portfolio import risk_budget_problem
from kfxl.portfolio.risk_budget_problem import weights_on_floor
from kfxl.portfolio.risk_budgeting import risk_budget, risk_budget_weights, risk_parity_weights
from tests.portfolio.references import risk_budget_by_cvxpy, shares_of, solve_by_clarabel
from tests.references import record, table

NAMES = ["Stocks", "Bonds", "Gold"]
DEVIATIONS = np.array([0.30, 0.20, 0.15])
CORRELATION = np.array([[1, 0.8, 0.5], [0.8, 1, 0.3], [0.5, 0.3, 1]])
COVARIANCE = pd.DataFrame(
    CORRELATION * np.outer(DEVIATIONS, DEVIATIONS), index=NAMES, columns=NAMES
)


def random_covariance(rng, size, rows=None):
    return np.cov(rng.normal(size=(size, rows or 4 * size))).reshape(size, size)


# --- recorded and published numbers -----------------------------------------------------------


def test_recorded_risk_parity():
    covariance = table("risk_parity_covariance").to_numpy()
    weights = risk_parity_weights(covariance)
    np.testing.assert_allclose(weights, table("risk_parity_weights").to_numpy()[0], atol=1e-6)
    np.testing.assert_allclose(shares_of(weights, covariance), 0.25, atol=1e-10)
    returns = table("expected_returns_input").to_numpy()[-252:]
    np.testing.assert_allclose(np.cov(returns.T), covariance, rtol=1e-12)


@pytest.mark.parametrize("last", [0, 1], ids=["to the day before", "to the day"])
def test_budgets_are_met_where_the_textbook_misses_them(last):
    returns = table("risk_budget_returns").to_numpy()
    wanted = np.array(record("risk_budget_inputs")["target_budget"])
    days = table("risk_budget_slsqp_rebalances")["t"]
    assert len(days) == 10
    for t in days:
        covariance = np.cov(returns[t + last - 40 : t + last].T)
        weights = risk_budget_weights(covariance, wanted)
        np.testing.assert_allclose(shares_of(weights, covariance), wanted, atol=1e-10)
        assert weights.min() > 0
        assert abs(weights.sum() - 1) < 1e-15


def test_which_rows_the_recorded_shares_come_from():
    """The last 40 days, t among them: only they reproduce the recorded contributions."""
    returns = table("risk_budget_returns").to_numpy()
    recorded = table("risk_budget_slsqp_rebalances").to_numpy()
    for row in recorded:
        t = int(row[0])
        covariance = np.cov(returns[t - 39 : t + 1].T)
        np.testing.assert_allclose(shares_of(row[1:5], covariance), row[5:9], atol=1e-6)


def test_three_assets_of_the_article():
    result = risk_budget(COVARIANCE, [50, 20, 30])
    assert (100 * result.weights).round(2).tolist() == [31.15, 21.90, 46.96]
    np.testing.assert_allclose(result.shares, [0.5, 0.2, 0.3], atol=1e-15)
    assert result.weights.index.tolist() == NAMES
    assert not result.floor_binding


def test_diagonal_covariance_has_a_closed_form():
    variances = np.logspace(0, -8, 9)
    inverse = 1 / np.sqrt(variances)
    np.testing.assert_allclose(
        risk_parity_weights(np.diag(variances)), inverse / inverse.sum(), rtol=1e-13
    )


# --- another solver ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_equals_cvxpy(size):
    rng = np.random.default_rng(size)
    covariance = random_covariance(rng, size, 60)
    budgets = rng.dirichlet(np.ones(size))
    weights = risk_budget_weights(covariance, budgets)
    other = risk_budget_by_cvxpy(covariance, budgets, gap=1e-10)
    np.testing.assert_allclose(weights, other, atol=1e-5)


@pytest.mark.parametrize("floor", [0.03, 0.05, 0.07, 0.09, 0.099])
def test_floor_equals_cvxpy(floor):
    rng = np.random.default_rng(7)
    covariance = random_covariance(rng, 5)
    budgets = np.array([0.3, 0.3, 0.2, 0.1, 0.1])
    mean = np.array([0.10, 0.05, 0.02, 0.01, 0.04])
    result = risk_budget(covariance, budgets, expected_returns=mean, minimum_return=floor)
    free = risk_budget(covariance, budgets)
    assert result.floor_binding == (free.weights @ mean < floor)
    assert result.weights @ mean >= floor - 1e-15
    other = risk_budget_by_cvxpy(covariance, budgets, mean - floor, gap=1e-10)
    np.testing.assert_allclose(result.weights, other, atol=1e-5)
    np.testing.assert_allclose(
        result.budget_error, shares_of(result.weights, covariance) - budgets, atol=1e-15
    )
    assert (np.abs(result.budget_error).max() > 1e-3) == result.floor_binding


@pytest.mark.parametrize("tiny", [1e-9, 1e-12, 1e-20, 1e-50, 1e-100])
def test_floor_lifts_an_asset_with_a_tiny_budget(tiny):
    """The limit of budget 0, in which the asset may still serve the floor, by Clarabel."""
    mean, floor = np.array([0.03, 0.02, 0.01]), 0.019
    covariance = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.01]])
    x = cp.Variable(3, nonneg=True)
    risk = cp.quad_form(x, covariance) / 2
    utility = cp.log(x[1]) / 2 + cp.log(x[2]) / 2
    problem = cp.Problem(cp.Minimize(risk - utility), [(mean - floor) @ x >= 0])
    solve_by_clarabel(problem, 1e-10)
    result = risk_budget(covariance, [2 * tiny, 1, 1], expected_returns=mean, minimum_return=floor)
    np.testing.assert_allclose(result.weights, x.value / x.value.sum(), atol=1e-5)


def test_tiny_budgets_give_tiny_weights_without_a_warning():
    """Two uncorrelated assets: weights go with the root of budget over variance."""
    for tiny in (1e-12, 1e-100, 1e-300):
        weights = risk_budget_weights(np.diag([0.04, 0.01]), [tiny, 1])
        assert 0 <= weights[0] <= 1.01 * np.sqrt(tiny) / 2
        assert weights[1] == pytest.approx(1)


def test_binding_floor_satisfies_its_optimality_conditions():
    """In x = w / sqrt(w'Sw): Sx - b/x is one multiple (the price, positive) of mu - m."""
    covariance, budgets = COVARIANCE.to_numpy(), np.array([0.5, 0.2, 0.3])
    mean = np.array([0.004, 0.006, 0.001])
    result = risk_budget(COVARIANCE, budgets, expected_returns=mean, minimum_return=0.005)
    weights = result.weights.to_numpy()
    x = weights / np.sqrt(weights @ covariance @ weights)
    prices = (covariance @ x - budgets / x) / (mean - 0.005)
    assert prices.min() > 0
    np.testing.assert_allclose(prices, prices[0], rtol=1e-9)


def test_an_answer_on_the_floor_that_is_not_optimal_is_refused(monkeypatch):
    """Uncorrelated assets need no step without a floor, and more than two with this one."""
    monkeypatch.setattr(risk_budget_problem, "MAX_STEPS", 2)
    risk_budget(np.diag([0.04, 0.01]), [1, 1])
    with pytest.raises(SolverError, match=r"missed by .* with the floor; lower minimum_return"):
        risk_budget(
            np.diag([0.04, 0.01, 0.09]),
            [1, 1, 1],
            expected_returns=[0.03, 0.01, 0.02],
            minimum_return=0.027,
        )


def test_a_floor_below_the_free_weights_return_has_no_price():
    """The weights with just that return are not the best that have as much."""
    args = np.diag([0.04, 0.01]), np.full(2, 0.5)
    above, free = np.array([1.0, -1.0]), np.array([1, 2]) / 3
    np.testing.assert_allclose(weights_on_floor(*args, above, free), 0.5, rtol=1e-12)
    with pytest.raises(SolverError, match="with the floor"):
        weights_on_floor(*args, -above, free)


# --- hard matrices ----------------------------------------------------------------------------


def hard_cases():
    rng = np.random.default_rng(3)
    size = 30
    for correlation in (0.9, 0.999, 0.99999):
        matrix = np.full((size, size), correlation) + (1 - correlation) * np.eye(size)
        deviations = 10 ** rng.uniform(-3, 0, size)
        covariance = matrix * np.outer(deviations, deviations)
        yield f"correlation {correlation}", covariance, rng.dirichlet(np.ones(size))
    for gap in (1e-2, 1e-4, 1e-6):
        low = -(1 - gap) / (size - 1)
        yield f"{gap} from the limit", np.full((size, size), low) + (1 - low) * np.eye(size), None
    for condition in (6, 10):
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        matrix = basis * np.logspace(0, -condition, size) @ basis.T
        yield f"condition 1e{condition}", (matrix + matrix.T) / 2, 10 ** rng.uniform(-4, 0, size)
    yield "variances over 8 decades", np.diag(np.logspace(0, -8, size)), None
    yield "one asset, tiny scale", np.array([[1e-14]]), None
    yield "perfect correlation", np.ones((4, 4)), np.array([1.0, 2, 3, 4])


@pytest.mark.parametrize(
    ("covariance", "budgets"), [pytest.param(*case[1:], id=case[0]) for case in hard_cases()]
)
def test_hard_matrices(covariance, budgets):
    budgets = np.ones(len(covariance)) if budgets is None else budgets
    weights = risk_budget_weights(covariance, budgets)
    np.testing.assert_allclose(
        shares_of(weights, covariance), budgets / budgets.sum(), atol=1e-10, rtol=0
    )
    assert weights.min() > 0


@pytest.mark.parametrize("rows", [4, 8])
def test_no_uncertified_answer_from_fewer_rows_than_assets(rows):
    covariance = random_covariance(np.random.default_rng(rows), 30, rows)
    with pytest.raises(SolverError, match="use more rows than assets"):
        risk_parity_weights(covariance)


def test_a_perfect_hedge_has_no_risk_to_budget():
    with pytest.raises(SolverError, match=r"no risk|missed"):
        risk_parity_weights(np.array([[1.0, -1.0], [-1.0, 1.0]]))


# --- properties -------------------------------------------------------------------------------


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), size=st.integers(1, 12), power=st.floats(-6, 6))
def test_shares_equal_budgets_in_any_unit_and_order(seed, size, power):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size, 3 * size + 2)
    budgets = rng.uniform(0.01, 1, size)
    weights = np.asarray(risk_budget_weights(covariance, budgets))
    np.testing.assert_allclose(
        shares_of(weights, covariance), budgets / budgets.sum(), atol=1e-10, rtol=0
    )
    scaled = risk_budget_weights(covariance * 10**power, budgets * 7)
    np.testing.assert_allclose(scaled, weights, rtol=1e-9)
    order = rng.permutation(size)
    shuffled = risk_budget_weights(covariance[np.ix_(order, order)], budgets[order])
    np.testing.assert_allclose(shuffled, weights[order], rtol=1e-9)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 8), part=st.floats(0.01, 0.99))
def test_floor_is_kept_and_only_binds_when_needed(seed, size, part):
    rng = np.random.default_rng(seed)
    covariance, budgets = random_covariance(rng, size), rng.uniform(0.05, 1, size)
    mean = rng.normal(size=size) / 100
    free = risk_budget_weights(covariance, budgets)
    floor = mean.min() + part * (mean.max() - mean.min())
    result = risk_budget(covariance, budgets, expected_returns=mean, minimum_return=floor)
    assert result.weights @ mean >= floor - 1e-12
    assert result.weights.min() >= 0
    assert abs(result.weights.sum() - 1) < 1e-12
    if not result.floor_binding:
        np.testing.assert_array_equal(result.weights, free)


# --- zero budgets, labels, refusals -----------------------------------------------------------


def test_zero_budget_is_zero_weight():
    result = risk_budget(COVARIANCE, [0.5, 0.0, 0.5])
    assert result.weights["Bonds"] == 0
    np.testing.assert_allclose(result.shares, [0.5, 0, 0.5], atol=1e-15)
    two = risk_parity_weights(COVARIANCE.drop("Bonds").drop(columns="Bonds"))
    np.testing.assert_allclose(result.weights.drop("Bonds"), two, rtol=1e-14)


def test_arguments_are_aligned_by_name():
    budgets = pd.Series({"Gold": 30, "Stocks": 50, "Bonds": 20})
    mean = pd.Series({"Bonds": 0.006, "Gold": 0.001, "Stocks": 0.004})
    plain = risk_budget(
        COVARIANCE.to_numpy(), [50, 20, 30], expected_returns=[0.004, 0.006, 0.001],
        minimum_return=0.005,
    )  # fmt: skip
    named = risk_budget(COVARIANCE, budgets, expected_returns=mean, minimum_return=0.005)
    np.testing.assert_array_equal(named.weights, plain.weights)
    assert isinstance(plain.weights, np.ndarray)
    assert named.budget_error.index.tolist() == NAMES
    half = risk_budget_weights(COVARIANCE.to_numpy(), pd.Series([50, 20, 30], index=NAMES))
    assert half.index.tolist() == NAMES


@pytest.mark.parametrize(
    ("budgets", "settings_", "words"),
    [
        ([0.5, -0.1, 0.6], {}, "budgets: Bonds is negative; give 0 or more"),
        ([0, 0, 0], {}, "budgets: are all 0"),
        ([1, 1], {}, "budgets: has 2 values, not 3"),
        ([1, 1, np.nan], {}, "budgets: .*Gold is missing"),
        ([1, 1, 1], {"minimum_return": 0.1}, "expected_returns: are not given"),
        ([1, 1, 1], {"expected_returns": [0.1, 0, 0], "minimum_return": 0.1}, "not below the best"),
        ([0, 1, 1], {"expected_returns": [0.2, 0, 0.1], "minimum_return": 0.15}, "best .* 0.1;"),
    ],
)
def test_refusals(budgets, settings_, words):
    with pytest.raises(InputError, match=words):
        risk_budget(COVARIANCE, budgets, **settings_)

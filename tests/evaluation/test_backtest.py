"""Backtests: no look-ahead, the accounting by brute force, inferred settings, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfxl.errors import InputError, SolverError
from kfxl.estimation.covariance import covariance
from kfxl.estimation.expected_returns import expected_returns
from kfxl.estimation.factor_betas import factor_betas
from kfxl.estimation.risk_tracking import track_risk_contributions
from kfxl.evaluation.backtest import backtest
from kfxl.evaluation.performance import performance
from kfxl.evaluation.strategies import STRATEGIES
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.risk_budgeting import risk_budget_weights
from tests.references import record, table

ASSETS = ["Stocks", "Bonds", "Gold"]
BUDGETS = {"Gold": 0.2, "Stocks": 0.5, "Bonds": 0.3}


def market(periods=90, seed=0, frequency="B"):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2020-01-01", periods=periods, freq=frequency)
    moves = rng.normal(0.0005, [0.012, 0.004, 0.009], size=(periods, 3))
    return pd.DataFrame(moves, index=dates, columns=ASSETS)


def factors_of(returns, seed=1):
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.01, size=(len(returns), 2))
    return pd.DataFrame(moves, index=returns.index, columns=["Market", "Size"])


class Momentum:
    """A custom strategy: everything in what rose most in the last 20 rows it was shown."""

    def target(self, history, previous_weights):
        return (history.iloc[-20:].sum() == history.iloc[-20:].sum().max()).astype(float)


SPECS = {
    **{name: {"strategy": name} for name in STRATEGIES},
    "per-asset": {"strategy": "kalman", "calibration": "per-asset"},
    "textbook": {
        "strategy": "kalman",
        "transition": 0.99,
        "process_variance": 0.001,
        "observation_variance": 0.01,
        "initial_variance": 1.0,
    },
    "fixed": {"strategy": {"Stocks": 0.6, "Bonds": 0.4, "Gold": 0.0}},
    "custom": {"strategy": Momentum()},
    "against kalman": {"strategy": "risk-parity", "benchmark": "kalman"},
}


def run(returns, spec, **more):
    """A backtest cautious enough for weights between the bounds, where every input shows."""
    options = {"budgets": BUDGETS, "rebalance_every": 7, "lookback": 30, "risk_aversion": 100.0}
    options |= {**SPECS[spec], **more}
    return backtest(returns, **options)


# --- no look-ahead ----------------------------------------------------------------------------


def assert_same_until(one, other, last):
    """Everything known at the close of row ``last`` is the same, bit for bit."""
    for name in ("value", "returns", "benchmark_returns", "turnover", "costs", "weights"):
        left, right = getattr(one, name).iloc[: last + 1], getattr(other, name).iloc[: last + 1]
        np.testing.assert_array_equal(left, right, err_msg=name)
    np.testing.assert_array_equal(
        one.risk_contributions.iloc[: last + 1], other.risk_contributions.iloc[: last + 1]
    )
    until = one.weights.index[last]
    for name in ("estimates", "loadings"):
        left, right = getattr(one, name), getattr(other, name)
        if left is not None:
            np.testing.assert_array_equal(left.loc[:until], right.loc[:until], err_msg=name)


@settings(max_examples=8)
@given(last=st.integers(30, 88), seed=st.integers(0, 999))
@pytest.mark.parametrize("spec", SPECS)
def test_later_returns_change_nothing_before(spec, last, seed):
    returns, rng = market(), np.random.default_rng(seed)
    changed = returns.copy()
    changed.iloc[last + 1 :] = rng.normal(0, 0.05, size=(len(returns) - last - 1, 3))
    assert_same_until(run(returns, spec), run(changed, spec), last)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("last", [30, 36, 37, 60])
def test_data_that_end_earlier_give_the_same_rows(spec, last):
    returns = market()
    whole, part = run(returns, spec), run(returns.iloc[: last + 1], spec)
    assert_same_until(whole, part, last)
    if last + 1 < len(returns):
        np.testing.assert_array_equal(part.next_weights, whole.weights.iloc[last + 1])


def test_later_factors_change_no_loadings_before():
    returns = market()
    factors = factors_of(returns)
    changed = factors.copy()
    changed.iloc[61:] = 0.03
    one, other = (run(returns, "kalman", factors=f) for f in (factors, changed))
    assert_same_until(one, other, 60)
    assert not np.array_equal(one.loadings.iloc[-1], other.loadings.iloc[-1])


@pytest.mark.parametrize("spec", ["kalman", "risk-parity", "risk-budget"])
@pytest.mark.parametrize("with_factors", [False, True])
def test_nothing_later_enters_the_factor_models_covariance(spec, with_factors):
    returns = market()
    factors = factors_of(returns)
    changed, later = returns.copy(), factors.copy()
    changed.iloc[61:] *= -3
    later.iloc[61:] = factors.iloc[61:].to_numpy() ** 2 - 0.01

    def result(returns, factors):
        more = {"factors": factors} if with_factors else {}
        return run(returns, spec, covariance_method="kalman_factor", **more)

    whole = result(returns, factors)
    assert_same_until(whole, result(changed, later), 60)
    part = result(returns.iloc[:58], factors.iloc[:58])
    assert_same_until(whole, part, 57)
    np.testing.assert_array_equal(part.next_weights, whole.weights.iloc[58])
    assert not np.array_equal(whole.weights.iloc[-1], result(changed, later).weights.iloc[-1])


def test_the_check_catches_a_strategy_that_looks_ahead():
    class Oracle:
        def __init__(self, returns):
            self.returns = returns

        def target(self, history, previous_weights):
            later = self.returns.iloc[len(history)].to_numpy()
            return (later == later.max()).astype(float)

    returns = market()
    changed = returns.copy()
    changed.iloc[51] = [0.0, 0.0, 0.1]
    changed.iloc[52:] *= -1
    one, other = (run(r, "custom", strategy=Oracle(r)) for r in (returns, changed))
    with pytest.raises(AssertionError, match=r"turnover|value"):
        assert_same_until(one, other, 50)


def test_a_decision_does_see_its_own_close():
    """The other side: a change at the close of a decision moves the weights after it."""
    returns = market()
    changed = returns.copy()
    changed.iloc[36] = [0.05, -0.03, 0.02]
    one, other = run(returns, "kalman"), run(changed, "kalman")
    assert not np.allclose(one.weights.iloc[37], other.weights.iloc[37], atol=1e-6)


def test_a_strategy_cannot_reach_the_future_or_change_the_past():
    seen = []

    class Vandal:
        def target(self, history, previous_weights):
            seen.append((history.index[-1], len(history)))
            base = history.to_numpy()
            assert base.base is None or base.base.size <= history.size
            history.iloc[:] = 9.0
            previous_weights[:] = 0.0
            return [1, 0, 0]

    returns = market()
    result = run(returns, "kalman", strategy=Vandal())
    assert seen[:2] == [(returns.index[29], 30), (returns.index[36], 37)]
    np.testing.assert_allclose(result.weights.iloc[-1], [1, 0, 0])
    assert result.value.iloc[-1] < 1e6


# --- accounting -------------------------------------------------------------------------------


def brute_force(returns, targets, first, cost, initial):
    """The accounting of the design, one period and one asset at a time, in money."""
    cash = initial - cost * initial * sum(abs(w) for w in first)
    turnover, costs = [sum(abs(w) for w in first)], [initial - cash]
    holdings = [w * cash for w in first]
    values, weights = [], []
    for t, row in enumerate(returns):
        before = sum(holdings)
        weights.append([h / before for h in holdings])
        holdings = [h * (1 + r) for h, r in zip(holdings, row, strict=True)]
        value = sum(holdings)
        if t > 0:
            turnover.append(0.0)
            costs.append(0.0)
        if t in targets:
            traded = sum(abs(w - h / value) for w, h in zip(targets[t], holdings, strict=True))
            bill = cost * value * traded
            turnover[t] += traded
            costs[t] += bill
            value -= bill
            holdings = [w * value for w in targets[t]]
        values.append(value)
    return values, weights, turnover, costs


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("every", [1, 7, 60])
def test_books_equal_a_loop_over_every_holding(spec, every):
    returns = market()
    result = run(returns, spec, rebalance_every=every, cost=0.004, initial_value=500.0)
    rows = list(range(29, len(returns), every))
    assert result.decisions.tolist() == returns.index[rows].tolist()
    after = np.vstack([result.weights, result.next_weights])
    values, weights, turnover, costs = brute_force(
        returns.to_numpy(), {t: after[t + 1] for t in rows}, [1 / 3] * 3, 0.004, 500.0
    )
    np.testing.assert_allclose(result.value, values, rtol=1e-12)
    np.testing.assert_allclose(result.weights, weights, atol=1e-13)
    np.testing.assert_allclose(result.turnover, turnover, atol=1e-12)
    np.testing.assert_allclose(result.costs, costs, atol=1e-10)
    net = np.diff(np.append(500.0, values)) / np.append(500.0, values[:-1])
    np.testing.assert_allclose(result.returns, net, atol=1e-13)


def test_first_purchase_and_warmup():
    returns = market()
    result = run(returns, "kalman", cost=0.01)
    assert result.turnover.iloc[0] == pytest.approx(1.0)
    assert result.costs.iloc[0] == pytest.approx(1000.0)
    assert result.returns.iloc[0] == pytest.approx(0.99 * (1 + returns.iloc[0].mean()) - 1)
    np.testing.assert_allclose(result.weights.iloc[0], 1 / 3)
    assert (result.turnover.iloc[1:29] == 0).all()
    pd.testing.assert_series_equal(
        result.returns.iloc[:29], result.benchmark_returns.iloc[:29], check_names=False
    )


def test_warmup_holds_the_benchmarks_mix():
    mix = {"Gold": 0.1, "Bonds": 0.7, "Stocks": 0.2}
    result = run(market(), "kalman", benchmark=mix)
    assert result.weights.iloc[0].to_dict() == mix
    assert result.benchmark == "fixed weights"


def test_benchmark_is_the_same_strategy_run_alone():
    returns = market()
    both = run(returns, "kalman", benchmark={"Stocks": 0.6, "Bonds": 0.4, "Gold": 0.0})
    alone = run(returns, "fixed", benchmark=SPECS["fixed"]["strategy"])
    np.testing.assert_array_equal(both.benchmark_returns, alone.returns)
    np.testing.assert_allclose(
        both.benchmark_value, 1e5 * (1 + both.benchmark_returns).cumprod(), rtol=1e-12
    )


def test_without_costs_and_trades_growth_is_that_of_the_holdings():
    returns = market()
    result = run(returns, "equal-weight", cost=0, rebalance_every=1000, warmup=0)
    held = (1 + returns).cumprod().mean(axis=1)
    np.testing.assert_allclose(result.value, 1e5 * held, rtol=1e-12)
    assert result.turnover.sum() == 1


def test_costs_only_ever_cost():
    values = [run(market(), "risk-parity", cost=c).value.iloc[-1] for c in (0, 0.001, 0.01)]
    assert values == sorted(values, reverse=True)


def test_recorded_equal_weights():
    """Rebalanced every day without costs: what the textbook records."""
    returns = table("expected_returns_input").to_numpy()
    result = backtest(returns, "equal-weight", cost=0, rebalance_every=1, warmup=0)
    recorded = record("performance")["equal_weight"]
    assert result.value[-1] == pytest.approx(recorded["final_value"], rel=1e-12)


def test_recorded_weights_held_from_the_next_day():
    """The textbook's weights without its look-ahead: 34 %, not 90 %."""
    weights = table("expected_returns_weights_same_day").to_numpy()

    class Recorded:
        needs_data = False

        def target(self, history, previous_weights):
            return weights[max(len(history) - 1, 0)]

    returns = table("expected_returns_input").to_numpy()
    result = backtest(returns, Recorded(), cost=0, rebalance_every=1, warmup=0)
    recorded = record("performance")["lagged_weights"]
    assert result.value[-1] == pytest.approx(recorded["final_value"], rel=1e-10)


# --- strategies by their parts ----------------------------------------------------------------


def test_kalman_is_filter_covariance_and_optimiser_on_history_alone():
    returns = market()
    result = run(returns, "kalman", cost=0.002, risk_aversion=8.0, upper=0.7)
    for when in result.decisions[[0, 3, 6]]:
        t = returns.index.get_loc(when)
        history = returns.iloc[: t + 1]
        value = result.weights.iloc[t] * (1 + returns.iloc[t])
        estimate = expected_returns(history)
        weights = mean_variance_weights(
            estimate.forecast,
            covariance(history, method="ledoit_wolf", window=30),
            risk_aversion=8.0,
            previous_weights=value / value.sum(),
            cost=0.002,
            horizon=7,
            upper=0.7,
        )
        np.testing.assert_allclose(result.weights.iloc[t + 1], weights, atol=1e-12)
        np.testing.assert_array_equal(
            result.estimates.loc[when, "expected_return"], estimate.forecast
        )
        np.testing.assert_allclose(
            result.estimates.loc[when, "standard_error"] ** 2, estimate.forecast_mean_variance
        )


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_named_bounds_in_any_order_hold_for_their_assets(kind):
    caps, floors = (
        {"Gold": 0.9, "Stocks": 0.9, "Bonds": 0.2},
        {"Gold": 0.0, "Bonds": 0, "Stocks": 0.4},
    )
    result = run(market(), "kalman", upper=kind(caps), lower=kind(floors))
    bought = result.weights.iloc[30::7]
    assert bought["Bonds"].max() == pytest.approx(0.2, abs=1e-15)
    assert bought["Stocks"].min() == pytest.approx(0.4, abs=1e-15)


@pytest.mark.parametrize("method", ["sample", "ewma", "oas"])
def test_risk_budget_is_met_on_the_covariance_of_the_lookback(method):
    returns = market()
    result = run(returns, "risk-budget", covariance_method=method, half_life=15)
    matrix = covariance(returns.iloc[6 : 36 + 1].iloc[-30:], method=method, half_life=15)
    np.testing.assert_allclose(
        result.weights.iloc[37], risk_budget_weights(matrix, pd.Series(BUDGETS)), atol=1e-14
    )
    assert result.budgets.to_dict() == {"Stocks": 0.5, "Bonds": 0.3, "Gold": 0.2}


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_risk_parity_on_the_factor_model_as_known_at_each_decision(labelled, named):
    returns = market()
    factors = factors_of(returns).iloc[::-1] if labelled and named else factors_of(returns)
    given = returns if labelled else returns.to_numpy()
    regressors = factors if named else factors.to_numpy()
    settings = {"covariance_method": "kalman_factor", "budgets": None}
    result = run(given, "risk-parity", factors=regressors, **settings)
    assert "factors" not in result.settings
    assert result.settings["covariance_method"] == "kalman_factor"
    for t in (29, 57):
        known = factors_of(returns).to_numpy()[: t + 1]
        matrix = covariance(
            returns.to_numpy()[: t + 1], method="kalman_factor", window=30, factors=known
        )
        held = np.asarray(result.weights)[t + 1]
        np.testing.assert_allclose(held * (matrix @ held), np.full(3, held @ matrix @ held / 3))
    alone = run(given, "risk-parity", **settings)
    matrix = covariance(returns.to_numpy()[:58], method="kalman_factor", window=30)
    held = np.asarray(alone.weights)[58]
    np.testing.assert_allclose(held * (matrix @ held), np.full(3, held @ matrix @ held / 3))


def test_budgets_aimed_at():
    assert run(market(), "risk-parity", budgets=None).budgets.tolist() == [1 / 3] * 3
    assert run(market(), "risk-parity", budgets=[2, 2, 4]).budgets.tolist() == [1 / 3] * 3
    assert run(market(), "equal-weight", budgets=None).budgets is None
    assert run(market(), "kalman", budgets=[2, 2, 4]).budgets.tolist() == [0.25, 0.25, 0.5]


def test_risk_contributions_are_tracked_on_the_weights_held():
    returns = market()
    result = run(returns, "risk-parity")
    pd.testing.assert_frame_equal(
        result.risk_contributions, track_risk_contributions(returns, result.weights).filtered
    )


def test_factors_give_betas_as_known_and_with_hindsight():
    returns = market()
    factors = factors_of(returns)
    result = run(returns, "equal-weight", factors=factors)
    plain = run(returns, "equal-weight")
    np.testing.assert_array_equal(result.weights, plain.weights)
    assert plain.factor_betas is None
    when = result.decisions[2]
    known = factor_betas(returns.loc[:when], factors.loc[:when]).latest
    for asset in ASSETS:
        np.testing.assert_array_equal(result.loadings.loc[when, asset], known.loc[asset])
    assert result.loadings.columns.names == ["asset", "factor"]
    assert result.loadings["Gold"].columns.tolist() == ["alpha", "Market", "Size"]
    assert result.factor_betas.fitted_through == returns.index[-1]
    shuffled = run(returns, "equal-weight", factors=factors.iloc[::-1])
    np.testing.assert_array_equal(shuffled.loadings, result.loadings)
    with pytest.raises(InputError, match=r"factors: date .* is missing"):
        run(returns, "equal-weight", factors=factors.iloc[:-1])


def test_weights_that_sum_to_1_but_for_rounding_are_scaled():
    mix = [0.6, 0.4 + 1e-9, 0.0]
    bought = backtest(market(), mix, benchmark=mix).weights.iloc[0]
    np.testing.assert_allclose(bought, [0.6 - 0.6e-9, 0.4 + 0.6e-9, 0], rtol=0, atol=1e-15)


def test_an_asset_may_be_named_target():
    returns = market().rename(columns={"Gold": "target"})
    mix = pd.Series({"target": 0.5, "Stocks": 0.5, "Bonds": 0.0})
    assert backtest(returns, mix).weights.iloc[-1]["Bonds"] == 0


# --- shape of the result ----------------------------------------------------------------------


def test_performance_is_side_by_side_over_all_rows():
    result = run(market(), "kalman")
    assert result.performance.columns.tolist() == ["strategy", "benchmark"]
    pd.testing.assert_series_equal(
        result.performance["strategy"], performance(result.returns), check_names=False
    )


def test_arrays_in_arrays_out():
    returns = market()
    plain = backtest(returns.to_numpy(), "kalman", factors=factors_of(returns).to_numpy())
    named = backtest(returns, "kalman", factors=factors_of(returns))
    for name in ("value", "weights", "turnover", "benchmark_returns", "risk_contributions"):
        assert isinstance(getattr(plain, name), np.ndarray), name
        np.testing.assert_array_equal(getattr(plain, name), getattr(named, name))
    assert plain.decisions.tolist() == list(range(49, 90, 10))
    np.testing.assert_array_equal(plain.loadings, named.loadings)
    np.testing.assert_array_equal(plain.estimates, named.estimates)


@pytest.mark.parametrize(
    ("frequency", "every", "lookback", "year"),
    [("B", 10, 50, 252), ("W-FRI", 4, 52, 52), ("ME", 1, 60, 12), ("QE", 1, 20, 4)],
)
def test_settings_are_inferred_from_dates(frequency, every, lookback, year):
    result = backtest(market(70, frequency=frequency), "risk-parity")
    used = result.settings
    assert (used["rebalance_every"], used["lookback"], used["warmup"]) == (
        every,
        lookback,
        lookback,
    )
    assert used["periods_per_year"] == year
    assert used["strategy"] == "risk-parity"
    assert used["cost"] == 0.001
    assert "horizon" not in used


def test_progress():
    steps = []
    run(market(), "kalman", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(k + 1, 18) for k in range(18)]


def test_more_assets_than_rows_and_one_asset():
    rng = np.random.default_rng(2)
    wide = backtest(rng.normal(0, 0.01, (60, 80)), "kalman")
    np.testing.assert_allclose(wide.weights.sum(axis=1), 1, atol=1e-12)
    for name in ("kalman", "risk-parity", "equal-weight"):
        one = backtest(market()[["Gold"]], name)
        np.testing.assert_array_equal(one.weights, 1.0)


# --- refusals ---------------------------------------------------------------------------------


class Answer:
    def __init__(self, answer):
        self.answer = answer

    def target(self, history, previous_weights):
        return self.answer


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "markowitz"}, r"strategy: 'markowitz' is not known; use kalman, risk-par"),
        ({"strategy": 3}, r"strategy: 3 is no strategy"),
        ({"benchmark": "spy"}, r"benchmark: 'spy' is not known"),
        ({"strategy": {"Stocks": 0.5, "Bonds": 0.5}}, r"strategy: name Gold is missing"),
        ({"strategy": {"Stocks": 60, "Bonds": 40, "Gold": 0}}, r"weights sum to 100"),
        ({"strategy": [0.6, 0.4, 1e-7]}, r"strategy: weights sum to 1.0000001;"),
        ({"strategy": "risk-budget", "budgets": None}, r"budgets: are not given"),
        ({"budgets": {"Stocks": 1, "Bonds": -1, "Gold": 1}}, r"budgets: Bonds is negative"),
        ({"budgets": {"Stocks": 1, "Silver": 1, "Gold": 1}}, r"budgets: name Bonds is missing"),
        ({"lokback": 20}, r"lokback: is no setting of a backtest; did you mean lookback"),
        ({"zzz": 20}, r"zzz: is no setting of a backtest; use .*calibration"),
        ({"strategy": "kalman", "warmup": 0}, r"warmup: is 0 but the strategy needs data"),
        ({"lookback": 91}, r"returns: has 90 rows, the first decision needs 91; .* lookback"),
        ({"warmup": 95}, r"returns: has 90 rows, the first decision needs 95; .* warmup"),
        ({"rebalance_every": 0}, r"rebalance_every"),
        ({"cost": -0.1}, r"cost"),
        ({"cost": 1.5}, r"cost: 1.5 of the traded value takes the whole portfolio at 2020-01-01"),
        ({"initial_value": 0}, r"initial_value"),
        ({"covariance_method": "shrunk"}, r"^covariance_method: 'shrunk' is not known"),
        ({"strategy": "equal-weight", "covariance_method": "x"}, r"^covariance_method: 'x' is not"),
        (
            {"covariance_method": "kalman_factor", "warmup": 2},
            r"returns: at 2020-01-02, Stocks has",
        ),
        ({"strategy": Answer([0.5, 0.5])}, r"strategy: at 2020-02-11, has 2 values, not 3"),
        ({"strategy": Answer([0.5, 0.4, 0])}, r"strategy: at 2020-02-11, weights sum to 0.9;"),
        ({"strategy": Answer([0.5, np.nan, 0.5])}, r"strategy: at 2020-02-11, .*Bonds is missing"),
        ({"strategy": Answer({"A": 1})}, r"strategy: at 2020-02-11"),
        ({"lower": 0.5}, r"lower: at 2020-02-11, bounds sum to 1.5"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(InputError, match=words):
        run(market(), "kalman", **options)


def test_a_missing_return_of_a_held_asset_is_named():
    returns = market()
    returns.iloc[50, 1] = np.nan
    with pytest.raises(InputError, match=r"2020-03-11, Bonds is missing and held"):
        run(returns, "equal-weight")
    without = {"Stocks": 0.5, "Bonds": 0.0, "Gold": 0.5}
    result = run(returns, "equal-weight", strategy=without, benchmark=without)
    assert np.isfinite(result.value).all()


def test_ruin_is_named():
    returns = market()
    returns.iloc[40] = -1.0
    with pytest.raises(InputError, match=r"worth nothing at 2020-02-26"):
        run(returns, "equal-weight")


def test_growth_beyond_all_numbers_is_named():
    returns = market()
    returns.iloc[40:60] = 1e25
    with pytest.raises(InputError, match=r"grows beyond all numbers at 2020-0"):
        run(returns, "equal-weight")


def test_a_stock_that_stands_still_for_a_whole_lookback_is_named_with_the_date():
    """One line, and no warnings of divisions by its variance."""
    returns = np.random.default_rng(0).normal(0, 0.01, (100, 3))
    returns[20:80, 1] = 0.0
    with pytest.raises(InputError, match=r"at row 40, variance of asset 2 is not positive"):
        backtest(returns, "risk-parity", covariance_method="sample", lookback=20)


def test_solver_errors_name_the_date():
    rng = np.random.default_rng(0)
    with pytest.raises(SolverError, match=r"at row 5, risk budgets missed"):
        backtest(rng.normal(size=(60, 30)), "risk-parity", lookback=5, covariance_method="sample")


def test_a_portfolio_that_never_moves_is_no_error():
    returns = np.column_stack([np.full(80, 0.001), np.random.default_rng(3).normal(0, 0.01, 80)])
    result = backtest(returns, [1.0, 0.0], benchmark=[1.0, 0.0], cost=0.0, lookback=20)
    assert np.isfinite(result.risk_contributions).all()
    np.testing.assert_allclose(result.returns, 0.001, rtol=1e-9)

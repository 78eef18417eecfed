"""What worksheet functions cannot use: one line that says where and what to do."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from kfxl.estimation.covariance import covariance
from kfxl.estimation.expected_returns import expected_returns
from kfxl.estimation.factor_betas import factor_betas
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.spreadsheet.function_calls import _covariance
from tests.spreadsheet.function_data import (
    FACTOR_RETURNS,
    NAMES,
    PERIODS,
    PRICES,
    RETURNS,
    WEIGHTS,
    Cells,
    F,
    check_cells,
    named,
    plain,
)

# What cannot be used: one line.

MAIN_RANGE = {
    "KF_EXPECTED_RETURNS": lambda r: (r,),
    "KF_FACTOR_BETAS": lambda r: (r, plain(FACTOR_RETURNS)),
    "KF_FACTOR_FORECAST": lambda r: (r, plain(FACTOR_RETURNS), [[0.01, 0.02]]),
    "KF_FACTOR_CONTRIBUTIONS": lambda r: (r, plain(FACTOR_RETURNS)),
    "KF_RISK_CONTRIBUTIONS": lambda r: (r, [WEIGHTS.tolist()]),
    "KF_OPTIMAL_WEIGHTS": lambda r: (r,),
    "MEAN_VARIANCE_WEIGHTS": lambda r: ([[0.01, 0.02, 0.03]], r),
    "RISK_PARITY_WEIGHTS": lambda r: (r,),
    "RISK_BUDGET_WEIGHTS": lambda r: (r, [WEIGHTS.tolist()]),
    "RISK_CONTRIBUTIONS": lambda r: ([WEIGHTS.tolist()], r),
    "RISK_COVARIANCE": lambda r: (r,),
    "PORTFOLIO_PERFORMANCE": lambda r: (r, [WEIGHTS.tolist()]),
    "PORTFOLIO_BACKTEST": lambda r: (r,),
    "PRICES_TO_RETURNS": lambda r: (r,),
}


def _spoilt(cell: Any, row: int = 5, column: int = 1) -> Cells:
    cells = named(RETURNS if cell != "prices" else PRICES, NAMES)
    cells[row][column] = cell
    return cells


@pytest.mark.parametrize("name", MAIN_RANGE)
@pytest.mark.parametrize("cell", ["#DIV/0!", "#REF!", "n/a", "0.05", True, datetime(2001, 1, 31)])
def test_a_bad_cell_is_named(name: str, cell: Any) -> None:
    cells = named(PRICES if name == "PRICES_TO_RETURNS" else RETURNS, NAMES)
    if name == "MEAN_VARIANCE_WEIGHTS":
        cells = named(_covariance(), NAMES)
        place = "row 3, column 2"
        cells[2][1] = cell
    else:
        place = "row 6, column Land"
        cells[5][1] = cell
    result = F[name](*MAIN_RANGE[name](cells))
    check_cells(result)
    assert isinstance(result, str)
    assert place in result


@pytest.mark.parametrize("name", set(MAIN_RANGE) - {"MEAN_VARIANCE_WEIGHTS", "PRICES_TO_RETURNS"})
def test_percent_by_mistake_is_told(name: str) -> None:
    result = F[name](*MAIN_RANGE[name](named(RETURNS * 100, NAMES)))
    check_cells(result)
    assert "percent, prices or a numeric header?" in result


PASSED_ON = "#KFXL! budgets: Gold is negative; give 0 or more"


@pytest.mark.parametrize("name", set(FUNCTIONS) - {"KFXL_VERSION"})
def test_an_error_text_is_passed_on(name: str) -> None:
    count = len(F[name].__signature__.parameters)  # type: ignore[attr-defined]
    for i in range(count):
        arguments: list[Any] = [None] * count
        for given in (PASSED_ON, [[1.0, 2.0], [None, PASSED_ON]]):
            arguments[i] = given
            assert F[name](*arguments) == PASSED_ON


SHAPES: dict[str, Any] = {
    "nothing": None,
    "blank": [[None, None], ["", ""]],
    "text": "returns",
    "one number": 0.01,
    "one row": [[0.01, 0.02, 0.03]],
    "one column": [[0.01], [0.02], [-0.03]],
    "names alone": [["A", "B", "C"]],
    "ragged": [[0.01, 0.02], [0.01]],
    "missing only": [[None, "#N/A"], ["#N/A", None]],
    "constant": [["A", "B", "C"], *[[0.01, 0.01, 0.01]] * 30],
    "one constant": [["A", "B", "C"], *[[x, y, 0.01] for x, y, _ in RETURNS.tolist()]],
    "zero": [[0.0, 0.0, 0.0]] * 30,
    "more assets than periods": RETURNS[:2].tolist(),
    "one asset": named(RETURNS[:, :1], ["A"]),
    "many gaps": [[None, *row[1:]] if i % 2 else row for i, row in enumerate(plain(RETURNS))],
    "a missing column": [["A", "B", "C"], *[[x, y, None] for x, y, _ in RETURNS.tolist()]],
    "identical assets": [[x, x, x] for x, _, _ in RETURNS.tolist()],
    "infinite": [[math.inf, 0.1, 0.2], [0.1, 0.2, 0.3]],
    "extreme": [[1e-300, 1e-300, 1e-300], [2e-300, -1e-300, 0.0], [1e-300, 0.0, 1e-300]],
    "total losses": [[-1.0, -1.0, -1.0]] * 40,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", MAIN_RANGE)
def test_odd_shapes_give_cells_or_one_line(name: str, shape: str) -> None:
    check_cells(F[name](*MAIN_RANGE[name](SHAPES[shape])))


@pytest.mark.parametrize("shape", SHAPES)
def test_odd_shapes_of_the_factor_model_give_cells_or_one_line(shape: str) -> None:
    check_cells(F["RISK_COVARIANCE"](SHAPES[shape], None, "kalman_factor"))


@pytest.mark.parametrize("name", MAIN_RANGE)
@pytest.mark.parametrize("shape", ["nothing", "blank", "text", "names alone", "ragged", "infinite"])
def test_useless_ranges_are_one_line(name: str, shape: str) -> None:
    result = F[name](*MAIN_RANGE[name](SHAPES[shape]))
    assert isinstance(result, str)


def test_one_asset_works_throughout() -> None:
    one, names = RETURNS[:, :1], ["A"]
    cells = named(one, names)
    factors = plain(FACTOR_RETURNS)
    assert F["RISK_PARITY_WEIGHTS"](cells) == [["A"], [1.0]]
    assert F["RISK_BUDGET_WEIGHTS"](cells, 5) == [["A"], [1.0]]
    assert F["RISK_CONTRIBUTIONS"](1, cells) == [["A"], [1.0]]
    assert F["KF_OPTIMAL_WEIGHTS"](cells) == [["A"], [1.0]]
    assert F["MEAN_VARIANCE_WEIGHTS"](0.01, 0.04) == [[1.0]]
    variance = np.var(one, ddof=1)
    assert F["RISK_COVARIANCE"](cells)[1][1] == pytest.approx(variance, rel=1e-12)
    expected = expected_returns(one).forecast
    assert F["KF_EXPECTED_RETURNS"](cells)[1] == pytest.approx(expected.tolist())
    betas = factor_betas(one, FACTOR_RETURNS).latest
    assert F["KF_FACTOR_BETAS"](cells, factors)[1][1:] == pytest.approx(betas[0].tolist())
    states = [[1e-5, 2e-5, 3e-5]]
    betas = factor_betas(one, FACTOR_RETURNS, process_variance=states).latest
    found = F["KF_FACTOR_BETAS"](cells, factors, None, states)
    assert found[1][1:] == pytest.approx(betas[0].tolist())
    held = [[1.0]] * PERIODS
    assert F["KF_RISK_CONTRIBUTIONS"](cells, held)[1] == pytest.approx([1.0])


def test_missing_values_reach_the_core_as_missing() -> None:
    gaps = RETURNS.copy()
    gaps[3:6, 1] = np.nan
    cells = [[None if math.isnan(x) else x for x in row] for row in gaps.tolist()]
    cells[4][1] = "#N/A"
    cells[5][1] = ""
    expected = expected_returns(gaps).forecast
    assert F["KF_EXPECTED_RETURNS"](cells)[0] == pytest.approx(expected.tolist())
    matrix = covariance(gaps)
    np.testing.assert_allclose(F["RISK_COVARIANCE"](cells), matrix, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "arguments", "start"),
    [
        ("KF_EXPECTED_RETURNS", (RETURNS, None, None, None, "pool"), "calibration: "),
        ("KF_EXPECTED_RETURNS", (RETURNS, None, None, None, None, None, "all"), "output: "),
        ("KF_EXPECTED_RETURNS", (RETURNS, None, -1), "process_variance: "),
        ("KF_EXPECTED_RETURNS", (RETURNS, 2), "transition: "),
        ("KF_EXPECTED_RETURNS", (RETURNS, None, None, None, None, 36922), "returns: has no date"),
        ("KF_EXPECTED_RETURNS", (RETURNS, None, [[1e-5, 1e-5]]), "process_variance: has 2"),
        ("KF_FACTOR_BETAS", (RETURNS, FACTOR_RETURNS, None, np.ones((2, 3))), "process_variance: "),
        ("KF_FACTOR_FORECAST", (RETURNS, FACTOR_RETURNS), "factor_forecasts: is blank"),
        ("KF_FACTOR_FORECAST", (RETURNS, FACTOR_RETURNS, [[1, 2, 3]]), "factor_forecasts: has 3"),
        ("KF_FACTOR_FORECAST", (RETURNS, FACTOR_RETURNS, [[20, 1]]), "factor_forecasts: 20"),
        ("KF_RISK_CONTRIBUTIONS", (RETURNS,), "weights: is blank"),
        ("KF_RISK_CONTRIBUTIONS", (RETURNS, [[1, 0]]), "weights: has 2"),
        ("KF_RISK_CONTRIBUTIONS", (RETURNS, [[1, None, 0]]), "weights: the value of place 2"),
        ("KF_RISK_CONTRIBUTIONS", (RETURNS, [WEIGHTS], 1), "window: "),
        ("KF_RISK_CONTRIBUTIONS", (RETURNS, RETURNS[:9]), "weights: has 9 rows"),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, -1), "risk_aversion: "),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, 5, [[0.5, 0.5]]), "previous_weights: has 2"),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, 5, None, None, None, 0.5), "min_weight: "),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, 5, None, None, None, None, 0.2), "max_weight: "),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, *[None] * 10, 1), "lookback: "),
        ("KF_OPTIMAL_WEIGHTS", (RETURNS, *[None] * 11, "lw"), "covariance_method: "),
        ("MEAN_VARIANCE_WEIGHTS", ([[1, 1, 1]], RETURNS[:3]), "covariance: "),
        ("MEAN_VARIANCE_WEIGHTS", ([[1, 1, 1]], RETURNS), "covariance: is 72 x 3"),
        ("MEAN_VARIANCE_WEIGHTS", ([[1, 1]], _covariance()), "expected_returns: has 2"),
        ("RISK_PARITY_WEIGHTS", (RETURNS, 1), "lookback: "),
        ("RISK_PARITY_WEIGHTS", (RETURNS, None, "ewma", 0), "half_life: "),
        ("RISK_PARITY_WEIGHTS", (_covariance(), None, None, None, 36922), "data: is a covariance"),
        ("RISK_PARITY_WEIGHTS", ([["A", "B"], [0.1, 0], [0.2, 0]],), "data: "),
        ("RISK_BUDGET_WEIGHTS", (RETURNS,), "budgets: is blank"),
        ("RISK_BUDGET_WEIGHTS", (RETURNS, [[1, -1, 1]]), "budgets: "),
        ("RISK_BUDGET_WEIGHTS", (RETURNS, [[0, 0, 0]]), "budgets: "),
        ("RISK_BUDGET_WEIGHTS", (RETURNS, [[1, 1, 1]], None, 0.1), "expected_returns: "),
        ("RISK_BUDGET_WEIGHTS", (RETURNS, [[1, 1, 1]], [[0.1, 0.1, 0.1]], 0.2), "minimum_return"),
        ("RISK_CONTRIBUTIONS", ([[0, 0, 0]], RETURNS), "weights: "),
        ("PORTFOLIO_PERFORMANCE", (RETURNS,), "returns: has 3 columns but there are no weights"),
        ("PORTFOLIO_PERFORMANCE", (RETURNS, [WEIGHTS], 0), "periods_per_year: "),
        ("PORTFOLIO_PERFORMANCE", (RETURNS, [WEIGHTS * 1e4]), "weights: they make a return of"),
        ("PORTFOLIO_PERFORMANCE", (0.5, None, 5000), "periods_per_year: the return of a year"),
        ("PORTFOLIO_PERFORMANCE", (0.5, None, 12, 20), "risk_free: 20: percent, prices or"),
        ("KF_EXPECTED_RETURNS", (RETURNS, None, [["Gold"], [1], [1]]), "process_variance: has 2"),
        ("PORTFOLIO_PERFORMANCE", (RETURNS, [WEIGHTS], 12, RETURNS), "risk_free: has 3 columns"),
        ("PORTFOLIO_PERFORMANCE", ([[0.1], [None], [0.1]],), "returns: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, "best"), "strategy: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, "risk-budget"), "budgets_or_weights: is blank"),
        ("PORTFOLIO_BACKTEST", (RETURNS, "fixed", [[1, 1, 1]]), "budgets_or_weights: weights sum"),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, [[1, 1, 1]]), "budgets_or_weights: is given, but"),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["lookbak", 9]]), "settings: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["lookback", 1]]), "lookback: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["lookback", "x"]]), "lookback: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["factors", 1]]), "settings: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["cost", 0], ["Cost", 0]]), "settings: "),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [[1, 2, 3]]), "settings: has 3 columns"),
        ("PORTFOLIO_BACKTEST", (RETURNS, None, None, [["lower", 0.9]]), "lower: "),
        ("PRICES_TO_RETURNS", ([[1.0]],), "prices: has one row"),
        ("PRICES_TO_RETURNS", (PRICES, "maybe"), "log: "),
        ("PRICES_TO_RETURNS", ([[1e-300], [1e300]],), "prices: those of row 2 over those of row 1"),
        (
            "RISK_CONTRIBUTIONS",
            (None, RETURNS),
            "weights: is blank; give one number for each asset",
        ),
        (
            "KF_FACTOR_FORECAST",
            (RETURNS, FACTOR_RETURNS),
            "factor_forecasts: is blank; give one number for each factor",
        ),
        ("RISK_COVARIANCE", (RETURNS, 2.5), "lookback: 2.5 is no whole number; give a whole"),
    ],
)
def test_wrong_settings_are_named(name: str, arguments: tuple[Any, ...], start: str) -> None:
    result = F[name](*arguments)
    check_cells(result)
    assert result.startswith(f"#KFXL! {start}"), result


def test_a_mistyped_setting_is_guessed() -> None:
    result = F["PORTFOLIO_BACKTEST"](RETURNS, None, None, [["look_bak", 9]])
    assert result == (
        '#KFXL! settings: text "look_bak" in row 1 is not known; did you mean lookback?'
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            [["Max weight", 0.5]],
            'settings: text "Max weight" in row 1 is not known; did you mean upper?',
        ),
        (
            [["min_weight", 0]],
            'settings: text "min_weight" in row 1 is not known; did you mean lower?',
        ),
        ([["Strategy", "x"]], 'settings: text "Strategy" in row 1 has its own argument; give it'),
        (
            [["lookback", "24"]],
            'lookback: text "24" in row 1 of settings is not a number; enter it',
        ),
        ([["cost", 0], ["lookback", True]], "lookback: TRUE in row 2 of settings is not a number"),
        ([["warmup", datetime(2001, 1, 1)]], "warmup: date 2001-01-01 in row 1 of settings is"),
    ],
)
def test_a_line_of_settings_is_named(settings: Any, text: str) -> None:
    result = F["PORTFOLIO_BACKTEST"](RETURNS, None, None, settings)
    check_cells(result)
    assert result.startswith(f"#KFXL! {text}"), result


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (["2001-01-31", "2001-02-28", "2001-03-31"], "has text in its first column, asset_returns"),
        ([1, 2, 3], "has numbers in its first column, asset_returns has dates; enter both alike"),
    ],
)
def test_dates_of_another_kind_are_told(days: list[Any], words: str) -> None:
    assets = [["Date", "A"], [36922, 0.25], [36950, 0.5], [36981, 0.75]]
    factors = [["Date", "M"], *([day, 0.5 * i] for i, day in enumerate(days))]
    result = F["KF_FACTOR_BETAS"](assets, factors)
    assert result.startswith(f"#KFXL! factor_returns: {words}"), result


def test_a_blank_among_dates_is_called_blank() -> None:
    cells = [["Date", "A"], [36922, 0.25], ["", 0.5], [36981, 0.75]]
    assert F["RISK_COVARIANCE"](cells) == (
        "#KFXL! returns: row 3 has blank where the other rows have dates; "
        "give that row a date, or leave it out of the range"
    )


def test_too_many_arguments_are_one_line() -> None:
    assert F["KFXL_VERSION"](1) == "#KFXL! arguments: there are more than 0; leave some out"


def test_unexpected_failures_are_one_line(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("kfxl.spreadsheet.functions_kalman.cached_fit", broken)
    result = F["KF_EXPECTED_RETURNS"](RETURNS)
    assert result.startswith("#KFXL! unexpected: ZeroDivisionError")
    assert "secret" not in result

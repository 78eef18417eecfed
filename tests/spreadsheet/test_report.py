"""The report of a backtest: its numbers against the backtest's, its charts against its tables."""

import io
import re
from functools import cache

import numpy as np
import openpyxl
import pandas as pd
import pytest

import kfxl
from kfxl.spreadsheet.report import Report, build_report
from kfxl.spreadsheet.workbook import write_report
from tests.spreadsheet import template_xml

DATES = pd.date_range("2010-01-31", periods=120, freq="ME")
NAMES = ["Stocks", "Bonds", "Gold"]
BUDGETS = {"Stocks": 0.5, "Bonds": 0.3, "Gold": 0.2}


@cache
def data() -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(2)
    factors = pd.DataFrame(draw.normal(0.004, 0.03, (120, 2)), DATES, ["Growth", "Rates"])
    loadings = np.array([[1.0, 0.1, 0.4], [0.0, 0.8, 0.2]])
    noise = draw.normal(0.001, 0.01, (120, 3))
    return pd.DataFrame(factors.to_numpy() @ loadings + noise, DATES, NAMES), factors


@cache
def result(strategy: str) -> kfxl.evaluation.backtest.Backtest:
    returns, factors = data()
    budgets = BUDGETS if strategy == "risk-budget" else None
    return kfxl.backtest(returns, strategy, factors=factors, budgets=budgets)


@cache
def report(strategy: str) -> Report:
    return build_report(result(strategy), *data())


def block(strategy: str, sheet: str, number: int = 0) -> pd.DataFrame:
    (page,) = [page for page in report(strategy).sheets if page.name == sheet]
    table = page.blocks[number]
    frame = pd.DataFrame([row[1:] for row in table.rows], columns=list(table.header[1:]))
    return frame.set_axis([row[0] for row in table.rows])


def test_sheets():
    assert [sheet.name for sheet in report("kalman").sheets] == [
        "Summary",
        "Value",
        "Weights",
        "Expected returns",
        "Sharpe",
        "Trading",
        "Risk",
        "Factor returns",
        "Betas",
        "Contributions",
    ]
    plain = build_report(result("risk-budget"))
    assert [sheet.name for sheet in plain.sheets][-1] == "Risk"
    assert "Expected returns" not in [sheet.name for sheet in plain.sheets]


def test_value_and_drawdown():
    values = block("kalman", "Value")
    expected = result("kalman").value
    assert values["Strategy"].to_numpy() == pytest.approx(expected.to_numpy())
    worst = values["Strategy drawdown"].min()
    assert worst == pytest.approx(result("kalman").performance.loc["max_drawdown", "strategy"])


def test_summary_holds_both_columns_and_the_settings():
    shares = block("kalman", "Summary")
    performance = result("kalman").performance
    assert shares.loc["Total return"].tolist() == pytest.approx(
        performance.loc["total_return"].tolist()
    )
    assert block("kalman", "Summary", 1).loc["Sharpe"].tolist() == pytest.approx(
        performance.loc["sharpe"].tolist()
    )
    assert block("kalman", "Summary", 2).loc["rebalance_every", "Value"] == 1


def test_rolling_sharpe_is_that_of_each_window():
    rolling = block("kalman", "Sharpe")["Strategy"]
    last = result("kalman").returns.iloc[-36:]
    wanted = last.mean() / last.std() * np.sqrt(12)
    assert rolling.iloc[-1] == pytest.approx(wanted)
    assert rolling.iloc[:35].isna().all()


def test_bands_are_one_standard_error_wide():
    table = block("kalman", "Expected returns")
    error = result("kalman").estimates["standard_error"]["Gold"].to_numpy()
    width = (table["Gold high"] - table["Gold low"]).to_numpy()
    assert width == pytest.approx(2 * error)


def test_tracking_error_is_the_root_mean_square_off_target():
    shares = np.asarray(result("risk-budget").risk_contributions)
    off = shares - np.array([0.5, 0.3, 0.2])
    found = block("risk-budget", "Risk", 2)["Tracking error"].to_numpy()
    assert found == pytest.approx(np.sqrt((off**2).mean(axis=1)))
    assert block("risk-budget", "Risk", 1).loc["Stocks", "Target"] == 0.5


def test_contributions_of_the_last_period():
    returns, factors = data()
    betas = kfxl.factor_betas(returns, factors)
    table = block("kalman", "Contributions")
    assert table.loc["Gold", "Growth"] == pytest.approx(
        betas.latest.loc["Gold", "Growth"] * factors["Growth"].iloc[-1]
    )


@pytest.mark.parametrize("strategy", ["kalman", "risk-budget"])
def test_charts_point_at_columns_that_exist(strategy):
    for sheet in report(strategy).sheets:
        assert sheet.charts
        for chart in sheet.charts:
            assert chart.alt
            assert chart.x_title
            assert chart.y_title
            for series in chart.series:
                table = sheet.blocks[series.block]
                assert 0 < series.column < len(table.header)
                values = [row[series.column] for row in table.rows]
                assert any(isinstance(value, float) for value in values)


def test_cells_are_plain():
    for sheet in report("kalman").sheets:
        for table in sheet.blocks:
            assert all(len(row) == len(table.header) == len(table.formats) for row in table.rows)
            for row in table.rows:
                for value in row:
                    assert type(value).__module__ in ("builtins", "datetime")
                    assert not isinstance(value, float) or np.isfinite(value)


def test_workbook_is_the_same_each_time_and_opens():
    package = write_report(report("risk-budget"))
    assert package == write_report(build_report(result("risk-budget"), *data()))
    book = openpyxl.load_workbook(io.BytesIO(package))
    assert book["Value"]["L6"].value == DATES[0].to_pydatetime()
    assert book["Value"]["M6"].value == pytest.approx(result("risk-budget").value.iloc[0])
    charts = 0
    for name, data_ in template_xml.parts(package).items():
        if name.startswith("xl/drawings/drawing"):
            frames = re.findall(rb"<xdr:cNvPr [^>]*>", data_)
            charts += len(frames)
            assert all(b'descr="' in frame for frame in frames)
    assert charts == sum(len(sheet.charts) for sheet in report("risk-budget").sheets)
    assert not any(page.merged_cells.ranges for page in book)


def test_returns_without_labels():
    returns = np.random.default_rng(5).normal(0.001, 0.01, (120, 3))
    plain = build_report(kfxl.backtest(returns, "risk-parity"))
    rows = plain.sheets[1].blocks[0].rows
    assert (rows[0][0], rows[-1][0]) == (1, 120)
    assert write_report(plain)


def test_names_that_look_like_formulas_are_text():
    returns, _ = data()
    odd = returns.set_axis(["=1+1", "+Bonds", "@Gold"], axis=1)
    package = write_report(build_report(kfxl.backtest(odd, "equal-weight")))
    sheet = openpyxl.load_workbook(io.BytesIO(package))["Weights"]
    assert [sheet.cell(5, column).data_type for column in (13, 14, 15)] == ["s"] * 3

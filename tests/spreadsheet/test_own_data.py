"""A person's own data in the template: more rows, more assets, fit, reading back."""

import io
from functools import cache

import numpy as np
import openpyxl
import pandas as pd
import pytest

import kfxl
from kfxl.errors import InputError
from kfxl.spreadsheet.recalculate import recalculate
from kfxl.spreadsheet.workbook import build_template, fit, own_sheets, read_book
from tests.spreadsheet import template_xml
from tests.spreadsheet.built_template import FACTORS, RETURNS, named, template


def opened(package: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(package), data_only=True)


def simulated(rows: int, assets: int, start: str = "2000-01-31", step: str = "ME") -> pd.DataFrame:
    numbers = np.random.default_rng(assets).normal(0.005, 0.04, (rows, assets)).round(6)
    dates = pd.date_range(start, periods=rows, freq=step)
    return pd.DataFrame(numbers, dates, [f"Fund {i + 1}" for i in range(assets)])


@cache
def thirteen() -> bytes:
    """The template with a 13th asset pasted beside the twelve."""
    extra = np.random.default_rng(13).normal(0.005, 0.04, 240).round(4)
    package = template_xml.with_column(template(), "Returns", 13, ["Gold", *map(float, extra)])
    return recalculate(package)


def test_one_row_more_needs_nothing_else():
    row = [42826.0, *([0.01] * 12)]  # 2017-04-01
    package = template_xml.with_row(template(), "Returns", 241, row)
    package = template_xml.with_row(package, "Factors", 241, [42826.0, 0.01, 0.0, 0.0, 0.0003])
    book = opened(recalculate(package))
    longer = RETURNS.copy()
    longer.loc[pd.Timestamp("2017-04-01")] = 0.01
    assert named(book, "All_Checks") == [[True]]
    weights = kfxl.risk_parity_weights(kfxl.covariance(longer, method="ledoit_wolf", window=60))
    found = np.array(named(book, "Weights_Risk_Parity")[1], dtype=float)
    assert found == pytest.approx(weights.to_numpy(), rel=0, abs=1e-12)


def test_a_thirteenth_asset_is_not_dropped_in_silence():
    book = opened(thirteen())
    message = "data have 13 assets, sheet is fitted to 12: Fit workbook"
    for sheet in ("Expected returns", "Factor betas", "Weights", "Risk"):
        assert book[sheet]["A3"].value == message
    assert named(book, "All_Checks") == [[False]]
    for name in ("Weights_Mean_Variance", "Weights_Risk_Parity", "Weights_Risk_Budget"):
        assert all(f"#KFXL! {message}" == cell for row in named(book, name) for cell in row)


def test_reading_an_unfitted_book_says_what_to_do():
    with pytest.raises(InputError, match="Gold has no budget and bounds; run kfxl fit first"):
        read_book(thirteen())


def test_fit_keeps_settings_and_budgets_by_name():
    package = template_xml.with_cell(thirteen(), "Returns", "B1", "Staples")
    place = opened(package).defined_names["Risk_Aversion"].attr_text.split("!")[1]
    package = template_xml.with_cell(package, "Settings", place.replace("$", ""), 7.5)
    fitted = fit(package)
    book = opened(fitted)
    assert named(book, "All_Checks") == [[True]]
    assert named(book, "Risk_Aversion") == [[7.5]]
    names = [name for (name,) in named(book, "Asset_Names")]
    budgets = dict(zip(names, (budget for (budget,) in named(book, "Asset_Budgets")), strict=True))
    old = {name: value for name, value in budgets.items() if name not in ("Staples", "Gold")}
    assert names[0] == "Staples"
    assert names[-1] == "Gold"
    assert (old["Hlth"], old["Other"], old["Durbl"]) == (0.12, 0.06, 0.06)
    mean = np.mean(list(old.values()))
    assert budgets["Staples"] == budgets["Gold"] == pytest.approx(mean)
    used = [value for (value,) in named(book, "Budgets_Used")]
    assert used == pytest.approx(np.array(list(budgets.values())) / sum(budgets.values()))


@pytest.mark.parametrize(("rows", "assets", "step"), [(60, 5, "ME"), (1000, 30, "B")])
def test_own_data_of_any_size(rows, assets, step):
    returns = simulated(rows, assets, step=step)
    returns.columns = ["Hlth", "Money", *returns.columns[2:]]
    package = build_template(returns)
    # The same data pasted into the template, then fitted.
    pasted = template_xml.with_sheets_of(template(), package, ["Returns", "Factors"])
    fitted = fit(pasted)
    for book in (opened(package), opened(fitted)):
        assert named(book, "All_Checks") == [[True]]
        assert "No factors" in book["Factor betas"]["A3"].value
    assert named(opened(fitted), "Asset_Budgets")[:2] == [[0.12], [0.08]]
    covariance = kfxl.covariance(returns, method="ledoit_wolf", window=60)
    found = np.array(named(opened(fitted), "Weights_Risk_Parity")[1], dtype=float)
    wanted = kfxl.risk_parity_weights(covariance).to_numpy()
    assert found == pytest.approx(wanted, rel=0, abs=1e-12)
    again = read_book(fitted)
    assert again.factors is None
    pd.testing.assert_frame_equal(
        again.returns, returns, check_freq=False, check_names=False, check_index_type=False
    )


def test_what_the_data_are_is_said_of_the_data_that_are_there():
    def source(package):
        (row,) = named(opened(package), "Data_Source")
        return row[0]

    assert source(template()).startswith("12 US industries")
    assert source(fit(template())) == source(template())
    assert source(fit(thirteen())) == "Your own data"
    own = {"Data_Source": "From the depot"}
    assert source(fit(build_template(simulated(60, 5), settings=own))) == "From the depot"


def test_fit_to_fewer_assets_and_other_factors():
    returns = simulated(60, 5)
    factors = simulated(60, 2).set_axis(["Growth", "Rates"], axis=1)
    package = fit(build_template(returns, factors))
    book = opened(package)
    assert named(book, "All_Checks") == [[True]]
    assert named(book, "Factor_Betas")[0] == ["", "alpha", "Growth", "Rates"] or named(
        book, "Factor_Betas"
    )[0] == [None, "alpha", "Growth", "Rates"]
    assert package == build_template(returns, factors, settings=None)


def test_book_gives_the_backtests_keywords():
    book = read_book(template())
    pd.testing.assert_frame_equal(
        book.returns, RETURNS, check_names=False, check_freq=False, check_index_type=False
    )
    assert list(book.factors) == list(FACTORS)
    assert book.risk_free.iloc[-1] == pytest.approx(0.0003)
    assert book.settings["strategy"] == "kalman"
    assert book.settings["budgets"]["Hlth"] == 0.12
    assert "rebalance_every" not in book.settings
    result = kfxl.backtest(book.returns, factors=book.factors, **book.settings)
    assert result.benchmark == "equal-weight"


def test_as_of_ends_the_data():
    place = opened(template()).defined_names["As_Of"].attr_text.split("!")[1].replace("$", "")
    package = template_xml.with_cell(template(), "Settings", place, 42735.0)  # 2016-12-31
    assert read_book(package).returns.index[-1] == pd.Timestamp("2016-12-01")
    book = opened(recalculate(package))
    wanted = kfxl.expected_returns(RETURNS.loc[:"2016-12-31"]).forecast.to_numpy()
    found = np.array(named(book, "Expected_Returns")[1], dtype=float)
    assert found == pytest.approx(wanted, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("sheet", "place", "value", "words"),
    [
        ("Returns", "C7", "abc", "Returns!C7: abc is not a number; give a number"),
        ("Returns", "C7", 12.5, "Returns!C7: a return of 12.5 is not believable"),
        ("Returns", "A9", "later", "Returns!A9: 'later' is no date"),
        ("Returns", "C1", "NoDur", "Returns!C1: NoDur occurs twice"),
        ("Factors", "B3", "4.5%", "Factors!B3: 4.5% is not a number; give decimals"),
        ("Settings", "G5", "much", "Settings!G5: much is not a number"),
    ],
)
def test_unusable_cells_are_named(sheet, place, value, words):
    with pytest.raises(InputError) as caught:
        read_book(template_xml.with_cell(template(), sheet, place, value))
    assert str(caught.value).startswith(words)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_book(tmp_path / "absent.xlsx")
    with pytest.raises(InputError, match="not an Excel workbook"):
        read_book(b"text")
    other = openpyxl.Workbook()
    stream = io.BytesIO()
    other.save(stream)
    with pytest.raises(InputError, match="not a kfxl workbook"):
        read_book(stream.getvalue())


def test_own_sheets_are_named():
    book = openpyxl.load_workbook(io.BytesIO(template()))
    book.create_sheet("My notes")
    stream = io.BytesIO()
    book.save(stream)
    assert own_sheets(stream.getvalue()) == ["My notes"]


def test_names_that_look_like_formulas_are_text():
    returns = simulated(60, 3).set_axis(["=SUM(A1)", "+Gold", "@Oil"], axis=1)
    book = openpyxl.load_workbook(io.BytesIO(build_template(returns)))
    assert [book["Returns"].cell(1, column).data_type for column in (2, 3, 4)] == ["s"] * 3


def test_too_large_or_ambiguous_data_are_refused():
    with pytest.raises(InputError, match="has 101 assets; give 1 to 100"):
        build_template(simulated(10, 101))
    with pytest.raises(InputError, match="two columns named a"):
        build_template(simulated(60, 2).set_axis(["a", "A"], axis=1))
    with pytest.raises(InputError, match="other dates than returns: only "):
        build_template(simulated(60, 2), simulated(60, 1, "2001-01-31"))


def test_factors_of_other_dates_are_told_the_first_that_is_alone():
    returns, factors = simulated(12, 3), simulated(12, 1).set_axis(["Growth"], axis=1)
    first = returns.index[0].date()
    with pytest.raises(InputError, match=f"only returns have {first} and 1 more; give both"):
        build_template(returns, factors.iloc[2:])
    with pytest.raises(InputError, match=f"only factors have {first}; give both"):
        build_template(returns.iloc[1:], factors)


def test_long_names_are_not_clipped():
    names = ["Gold", "European Equity", "Treasury Inflation-Protected Securities, long"]
    book = openpyxl.load_workbook(
        io.BytesIO(build_template(simulated(24, 3).set_axis(names, axis=1)))
    )
    page = book["Returns"]
    widths = [page.column_dimensions[column].width for column in "BCD"]
    assert widths[0] < len(names[1]) < widths[1] < widths[2] < len(names[2])
    assert page.row_dimensions[1].height > 30
    for sheet, column in (
        ("Settings", "F"),
        ("Expected returns", "A"),
        ("Factor betas", "A"),
        ("Weights", "A"),
        ("Risk", "A"),
    ):
        assert book[sheet].column_dimensions[column].width > 35

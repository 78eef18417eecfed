"""The README keeps its word: its Python runs, its table lists every function."""

import doctest
import re
from pathlib import Path

from kfxl import backtest
from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.workbook import read_book

README = Path(__file__).parents[1] / "README.md"


def test_its_python_runs():
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted >= 10
    assert result.failed == 0


def test_its_table_has_every_function_with_a_formula():
    rows = re.findall(r"^\| `(\w+)` \|.*\| `=(\w+)\(.*\)` \|$", README.read_text("utf-8"), re.M)
    assert [name for name, _ in rows] == [formula for _, formula in rows]
    assert {name for name, _ in rows} == {entry.name for entry in catalogue()}


def test_its_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (README.parent / target).exists(), target


def test_the_gate_of_the_template_s_backtest_opens_as_often_as_it_says():
    """Where it is shut, expected returns are the averages of all months so far."""
    book = read_book(README.parent / "workbook" / "kfxl.xlsx")
    result = backtest(book.returns, **book.settings)
    forecasts = result.estimates["expected_return"]
    averages = book.returns.expanding().mean().loc[result.decisions]
    apart = (forecasts - averages).abs().max(axis=1)
    opened = apart.index[apart > 1e-4]
    assert len(result.decisions) == 181
    assert [f"{month:%Y-%m}" for month in opened] == [
        *("2002-09", "2008-11", "2008-12", "2009-01", "2009-02", "2009-03")
    ]
    assert round(float(forecasts.min().min()), 2) == -0.06
    assert 1 / 3 < result.turnover[opened].sum() / result.turnover.sum() < 0.4

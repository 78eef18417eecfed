"""``kfxl backtest``: settings from the workbook and the options, a table, a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from kfxl._cli_output import console, note, progress_console, say, working
from kfxl._cli_remarks import remark_undated
from kfxl.errors import InputError
from kfxl.evaluation.backtest import Backtest, backtest
from kfxl.spreadsheet.files import write_whole
from kfxl.spreadsheet.report import build_report
from kfxl.spreadsheet.workbook import read_book, read_returns_csv, write_report

CASH = "RF"  # the column that French's files of factors give to the risk-free rate

MEASURES = {
    "total_return": ("Total return", "{:.2%}"),
    "annualized_return": ("Return a year", "{:.2%}"),
    "annualized_volatility": ("Volatility a year", "{:.2%}"),
    "sharpe": ("Sharpe ratio", "{:.3f}"),
    "sortino": ("Sortino ratio", "{:.3f}"),
    "max_drawdown": ("Largest drawdown", "{:.2%}"),
    "calmar": ("Calmar ratio", "{:.3f}"),
    "value_at_risk": ("Value at risk, 95 %", "{:.2%}"),
    "expected_shortfall": ("Expected shortfall, 95 %", "{:.2%}"),
    "hit_rate": ("Periods that gained", "{:.1%}"),
}


@dataclass(frozen=True)
class Choices:
    """What the command line says about a backtest; None and absent mean: not said."""

    strategy: str | None = None
    benchmark: str | None = None
    weights: str | None = None
    budgets: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


def run_backtest(source: Path, factors: Path | None, choices: Choices, output: Path | None) -> None:
    """Read, run, print, and write the report if one is wanted."""
    settings: dict[str, Any]
    with working(f"Reading {source.name}"):
        returns, own_factors, settings = read_source(source)
        if factors is not None:
            own_factors = factors_of(factors)
    settings.update(chosen(choices, [str(name) for name in returns.columns]))
    if settings.get("periods_per_year") is None:
        remark_undated(returns, "--periods-per-year 12 for monthly ones")
    mixes = (settings.get("strategy"), settings.get("benchmark"))
    if choices.budgets is not None and "risk-budget" not in mixes:
        note("budgets: only the strategy risk-budget uses them; give --strategy risk-budget")
    with progress_bar() as progress:
        result = backtest(returns, factors=own_factors, progress=progress, **settings)
    console().print(summary_table(result))
    say(closing_words(result))
    if output is not None:
        with working("Writing the report"):
            write_whole(output, write_report(build_report(result, returns, own_factors)))
        say(f"Wrote {output}")


def read_source(source: Path) -> tuple[pd.DataFrame, pd.DataFrame | None, dict[str, Any]]:
    """Returns, factors and settings of a workbook; returns alone of a CSV file."""
    if not source.exists():
        raise InputError(
            source.name, f"there is no such file in {source.parent.absolute()}", "check the name"
        )
    if source.suffix.lower() in {".csv", ".txt"}:
        return read_returns_csv(source), None, {}
    if source.suffix.lower() not in {".xlsx", ".xlsm"}:
        problem = "neither an Excel workbook nor a CSV file"
        raise InputError(source.name, problem, "give .xlsx or .csv; save others as .xlsx")
    book = read_book(source)
    return book.returns, book.factors, dict(book.settings)


def factors_of(path: Path) -> pd.DataFrame:
    """Factor returns of a CSV file; the risk-free rate is no factor."""
    table = read_returns_csv(path)
    if CASH in table.columns:
        note(f"{path.name}: {CASH} is the risk-free rate and is not used as a factor")
        table = table.drop(columns=CASH)
    return table


def chosen(choices: Choices, assets: Sequence[str]) -> dict[str, object]:
    """The options as keywords of :func:`kfxl.backtest`; assets that are not named get 0."""

    def named(argument: str, text: str) -> dict[str, float]:
        numbers = named_numbers(argument, text)
        for name in numbers:
            if name not in assets:
                raise InputError(argument, f"there is no asset {name}", nearest(name, assets))
        return dict.fromkeys(assets, 0.0) | numbers

    keywords: dict[str, object] = dict(choices.settings)
    if choices.weights is not None:
        if choices.strategy is not None:
            raise InputError("weights", "given beside a strategy", "give one of the two")
        keywords["strategy"] = named("weights", choices.weights)
    for name in ("strategy", "benchmark"):
        text = getattr(choices, name)
        if text is not None:
            keywords[name] = named(name, text) if "=" in text else text
    if choices.budgets is not None:
        keywords["budgets"] = named("budgets", choices.budgets)
    return keywords


def nearest(name: str, assets: Sequence[str]) -> str:
    """The remedy for a name that is none.

    Examples
    --------
    >>> nearest("gold", ["US Equity", "Gold"])
    'did you mean Gold?'
    """
    known = {asset.casefold(): asset for asset in assets}
    close = get_close_matches(name.casefold(), known, n=1)
    return f"did you mean {known[close[0]]}?" if close else f"as in: {assets[0]}=0.4"


def named_numbers(argument: str, text: str) -> dict[str, float]:
    """Read ``Stocks=0.6,Bonds=40%``.

    Examples
    --------
    >>> named_numbers("weights", "Stocks=0.6, Long bonds=40%")
    {'Stocks': 0.6, 'Long bonds': 0.4}
    """
    numbers: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.rpartition("="))
        if not equals or not name:
            raise InputError(argument, f"{part.strip()!r} is not NAME=NUMBER", "as in: Gold=0.4")
        if name in numbers:
            raise InputError(argument, f"{name} occurs twice", "give each name once")
        numbers[name] = _number(argument, name, value)
    return numbers


def _number(argument: str, name: str, value: str) -> float:
    try:
        number = float(value.removesuffix("%")) / (100.0 if value.endswith("%") else 1.0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(argument, f"{name} has no number ({value!r})", "as in: Gold=0.4")
    return number


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; elsewhere one line at the end, so that failures stay one line."""
    screen = progress_console()
    columns = (TextColumn("Backtest"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    seen = (0, 0)
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task("backtest", total=None)

        def step(done: int, total: int) -> None:
            nonlocal seen
            seen = (done, total)
            bar.update(task, completed=done, total=total)

        yield step
    if not screen.is_terminal and seen[1]:
        note(f"backtest: {seen[0]} of {seen[1]} steps done")


def summary_table(result: Backtest) -> Table:
    """Strategy beside benchmark."""
    table = Table(title=Text(f"Backtest {span(result)}"), title_justify="left")
    table.add_column("")
    for name in (result.strategy, result.benchmark):
        table.add_column(Text(name), justify="right")
    for measure, row in result.performance.iterrows():
        if str(measure) in MEASURES:
            label, form = MEASURES[str(measure)]
            table.add_row(Text(label), *(shown(form, value) for value in row))
    return table


def shown(form: str, value: float) -> str:
    """A number, or a dash where a measure is not defined."""
    return form.format(value) if math.isfinite(value) else "-"


def span(result: Backtest) -> str:
    """First and last period, and how many."""
    rows = pd.Series(result.value).index
    first, last = (day(label) for label in (rows[0], rows[-1]))
    return f"from {first} to {last}, {len(rows)} periods"


def day(label: object) -> str:
    """A date without its time; any other label as it is."""
    isoformat = getattr(label, "date", None)
    return str(isoformat() if callable(isoformat) else label)


def closing_words(result: Backtest) -> str:
    """Money, trades and their cost in a sentence."""
    value, turnover = np.asarray(result.value), np.asarray(result.turnover)
    trades = int((turnover > 0).sum())
    return (
        f"Final value {value[-1]:,.2f}; {trades} trades with a mean turnover of "
        f"{turnover.sum() / max(trades, 1):.1%}; costs {np.sum(result.costs):,.2f} in all."
    )

"""The commands of ``kfxl``: options in, files and tables out; the work is done elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kfxl import __version__
from kfxl._cli_backtest import Choices, run_backtest
from kfxl._cli_calc import calc
from kfxl._cli_check import run_checks
from kfxl._cli_excel import excel
from kfxl._cli_functions import show_function, show_functions
from kfxl._cli_output import (
    book_target,
    fresh_target,
    note,
    say,
    working,
)
from kfxl._cli_remarks import remark, remark_undated
from kfxl.errors import InputError
from kfxl.spreadsheet import files, workbook
from kfxl.spreadsheet.recalculate import recalculate_file

BookPath = Annotated[Path, typer.Argument(metavar="BOOK", help="A kfxl workbook (.xlsx).")]

app = typer.Typer(
    name="kfxl",
    help="Returns in, weights out: Kalman filters, risk budgets and honest backtests in workbooks.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(excel)
app.add_typer(calc)


def run(words: Sequence[str]) -> int:
    """Run the command that the words spell; exceptions are the caller's."""
    command = typer.main.get_command(app)
    code = command.main(list(words) or ["--help"], prog_name="kfxl", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _version(wanted: bool) -> None:
    if wanted:
        say(f"kfxl {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _shown: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Returns in, weights out: Kalman filters, risk budgets and honest backtests in workbooks."""


@app.command()
def template(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The workbook to write.", show_default=True)
    ] = Path("kfxl.xlsx"),
    returns: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Your returns: dates, then one column an asset."),
    ] = None,
    factors: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Factor returns for the same dates.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write the template workbook, with real data or with your own."""
    target = fresh_target(path, "give another name, or --force to replace it", force=force)
    if factors is not None and returns is None:
        raise InputError("factors", "given without returns", "give --returns as well")
    own_returns = None if returns is None else workbook.read_returns_csv(returns)
    own_factors = None if factors is None else workbook.read_returns_csv(factors)
    with working("Writing the template"):
        data = workbook.build_template(own_returns, own_factors)
        files.write_whole(target, data)
    say(f"Wrote {target}")
    if own_returns is not None:
        remark_undated(own_returns, "set Periods per year on the sheet Settings")
    remark(target)


@app.command()
def fit(
    book: BookPath,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="NEW", help="The workbook to write.")
    ],
) -> None:
    """Rebuild a workbook's result sheets for the assets and factors it now holds."""
    target = book_target(output)
    package = files.read_whole(book)
    with working("Fitting the workbook to its data"):
        data = workbook.fit(package)
        left_out = workbook.own_sheets(package)
        files.write_whole(target, data)
    say(f"Wrote {target}")
    remark(target)
    if left_out:
        note(f"sheets of your own are not in it: {', '.join(left_out)}; copy them over")


@app.command()
def recalc(
    book: BookPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The workbook to write; may be BOOK itself (else BOOK-recalculated.xlsx).",
        ),
    ] = None,
) -> None:
    """Recompute every formula of a workbook without a spreadsheet program."""
    # Excel opens no file whose ending does not tell whether macros are in it.
    ending = ".xlsm" if book.suffix.lower() == ".xlsm" else ".xlsx"
    if output is None:
        beside = book.with_name(f"{book.stem}-recalculated{ending}")
        remedy = f"say which file to write, as in: -o {beside.name}"
        target = fresh_target(beside, remedy, ending=ending)
    else:
        target = book_target(output, ending)
    with working("Recomputing"):
        done = recalculate_file(book, target)
    say(
        f"Wrote {target}: {done.formulas} formulas computed, "
        f"{done.changed_cells} cells have another value"
    )
    remark(target)
    if output is None:
        note(f"{book.name} itself is unchanged; name it with -o to update it")


@app.command()
def backtest(
    source: Annotated[
        Path, typer.Argument(metavar="BOOK|CSV", help="A kfxl workbook, or dates and returns.")
    ],
    *,
    factors: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Factor returns for the same dates.")
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="kalman, risk-parity, risk-budget, equal-weight or NAME=0.6,..."),
    ] = None,
    benchmark: Annotated[str | None, typer.Option(help="The same choices as --strategy.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=0.6,...", help="Fixed weights as the strategy; assets not named get 0."
        ),
    ] = None,
    budgets: Annotated[
        str | None,
        typer.Option(metavar="NAME=0.4,...", help="Risk budgets; assets not named get 0."),
    ] = None,
    rebalance_every: Annotated[int | None, typer.Option(help="Periods between trades.")] = None,
    lookback: Annotated[int | None, typer.Option(help="Rows used for covariances.")] = None,
    warmup: Annotated[int | None, typer.Option(help="Rows before the first decision.")] = None,
    cost: Annotated[float | None, typer.Option(help="Fraction of traded value.")] = None,
    risk_aversion: Annotated[float | None, typer.Option(help="Higher: less risk.")] = None,
    covariance_method: Annotated[
        str | None, typer.Option(help="sample, ewma, ledoit_wolf, oas or kalman_factor.")
    ] = None,
    half_life: Annotated[float | None, typer.Option(help="Periods; ewma only.")] = None,
    lower: Annotated[float | None, typer.Option(help="Least weight of an asset.")] = None,
    upper: Annotated[float | None, typer.Option(help="Greatest weight of an asset.")] = None,
    initial_value: Annotated[float | None, typer.Option(help="Money at the start.")] = None,
    periods_per_year: Annotated[float | None, typer.Option(help="252, 52, 12, 4 or 1.")] = None,
    transition: Annotated[float | None, typer.Option(help="Of the Kalman filter.")] = None,
    process_variance: Annotated[float | None, typer.Option(help="Of the filter.")] = None,
    observation_variance: Annotated[float | None, typer.Option(help="Of the filter.")] = None,
    calibration: Annotated[str | None, typer.Option(help="pooled or per-asset.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="REPORT.xlsx", help="Write the report, with charts."
        ),
    ] = None,
) -> None:
    """Backtest a workbook's settings, or a file of returns; options override the workbook's."""
    given = {
        "rebalance_every": rebalance_every,
        "lookback": lookback,
        "warmup": warmup,
        "cost": cost,
        "risk_aversion": risk_aversion,
        "covariance_method": covariance_method,
        "half_life": half_life,
        "lower": lower,
        "upper": upper,
        "initial_value": initial_value,
        "periods_per_year": periods_per_year,
        "transition": transition,
        "process_variance": process_variance,
        "observation_variance": observation_variance,
        "calibration": calibration,
    }
    target = None if output is None else book_target(output)
    if target is not None and target.exists() and source.exists() and target.samefile(source):
        raise InputError("output", f"{output} is what is tested", "give the report another name")
    settings = {name: value for name, value in given.items() if value is not None}
    run_backtest(source, factors, Choices(strategy, benchmark, weights, budgets, settings), target)


@app.command()
def functions(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Explain this function.")
    ] = None,
) -> None:
    """List the worksheet functions, or explain one."""
    if name is None:
        show_functions()
    else:
        show_function(name)


@app.command()
def check() -> None:
    """Say whether kfxl is installed well and computes right."""
    raise typer.Exit(run_checks())

"""The command line: what it prints, what it writes, and how it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import typer

import kfxl
from kfxl import _cli_backtest, _cli_check, _cli_commands, _cli_remarks, cli
from kfxl._cli_backtest import Choices, chosen, named_numbers
from kfxl.errors import InputError, SolverError
from kfxl.spreadsheet.failures import log_path
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.console import Console
from tests.spreadsheet.books import members, one_sheet, with_macros
from tests.spreadsheet.template_xml import with_cell


@pytest.fixture(autouse=True)
def _own_log(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capsys)


@pytest.fixture
def returns_csv(tmp_path: Path) -> Path:
    dates = pd.date_range("2020-01-31", periods=90, freq="ME", name="date")
    values = np.random.default_rng(7).normal(0.005, 0.04, (90, 3))
    path = tmp_path / "returns.csv"
    pd.DataFrame(values, index=dates, columns=["Gold", "Stocks", "Bonds"]).to_csv(path)
    return path


@pytest.fixture
def factors_csv(tmp_path: Path, returns_csv: Path) -> Path:
    returns = pd.read_csv(returns_csv, index_col=0)
    path = tmp_path / "factors.csv"
    pd.DataFrame({"Mkt": returns.mean(axis=1), "RF": 0.001}).to_csv(path)
    return path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "kfxl.xlsx"
    assert cli.main(["template", str(path)]) == 0
    return path


# Help and usage


def test_returns_without_dates_are_said_to_count_as_daily(
    run: Console, returns_csv: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.csv"
    pd.read_csv(returns_csv, index_col=0).to_csv(plain, index=False)
    told = "note: the returns have no dates and are taken as daily ones"
    words = "backtest", plain, "--strategy", "risk-parity"
    assert run(*words) == 0
    assert told in run.err
    assert "--periods-per-year 12" in run.err
    assert run(*words, "--periods-per-year", "12") == 0
    assert told not in run.err
    assert run("backtest", returns_csv, "--strategy", "risk-parity") == 0
    assert told not in run.err
    assert run("template", tmp_path / "book.xlsx", "--returns", plain) == 0
    assert told in run.err
    assert "Periods per year" in run.err


def test_version(run: Console) -> None:
    assert run("--version") == 0
    assert run.out == f"kfxl {kfxl.__version__}\n"


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("backtest", "--help")])
def test_help(run: Console, words: tuple[str, ...]) -> None:
    assert run(*words) == 0
    assert "Usage" in run.out
    assert not run.err


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""

    def walk(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield words, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk((*words, name), inner)

    return walk((), typer.main.get_command(_cli_commands.app))


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_help_shows_all_that_is_written(
    run: Console, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    # What is in square brackets is taken for markup and vanishes.
    monkeypatch.setenv("COLUMNS", "200")
    assert run(*words, "--help") == 0
    assert "[[" not in run.out
    command = dict(commands())[words]
    for text in (command.help, *(getattr(option, "help", None) for option in command.params)):
        assert text is None or " ".join(text.split()) in " ".join(run.out.split())


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("--nonsense",),
        ("fit", "book.xlsx"),
        ("recalc",),
        ("backtest", "r.csv", "--cost", "much"),
        ("backtest", "r.csv", "--lookback", "1.5"),
        ("template", "a", "b"),
    ],
)
def test_a_command_that_is_not_understood_exits_with_2(
    run: Console, words: tuple[str, ...]
) -> None:
    line = run.fails(*words, code=2)
    assert "; see kfxl --help" in line
    assert ".;" not in line


def test_commands_of_later_versions_are_not_pretended() -> None:
    names = {
        command.callback.__name__
        for command in _cli_commands.app.registered_commands
        if command.callback
    }
    assert names == {"template", "fit", "recalc", "backtest", "functions", "check"}


# Failures


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputError("budgets", "Gold is negative", "give 0 or more"), "budgets: Gold is negative"),
        (SolverError("not met", "use more rows"), "not met; use more rows"),
        (PermissionError(13, "Permission denied", "a.xlsx"), "a.xlsx: Permission denied; check"),
        (MemoryError(), "memory: there is not enough"),
        (InputError("a", "two\nlines", "x"), "a: two lines; x"),
    ],
)
def test_errors_are_one_line(
    run: Console, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def fail(_words: object) -> int:
        raise error

    monkeypatch.setattr(_cli_commands, "run", fail)
    assert line in run.fails("check")


def test_what_nobody_foresaw_is_logged_and_named(
    run: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_words: object) -> int:
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr(_cli_commands, "run", fail)
    line = run.fails("check")
    assert "unexpected: ZeroDivisionError" in line
    assert str(log_path()) in line
    assert "ZeroDivisionError" in log_path().read_text(encoding="utf-8")


def test_an_interruption_is_one_line(run: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_words: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(_cli_commands, "run", interrupt)
    assert "interrupted" in run.fails("check", code=130)


@pytest.mark.parametrize("package", ["typer", "openpyxl", "xlsxwriter", "formulon"])
def test_a_missing_extra_names_its_remedy(
    run: Console, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    def fail(_words: object) -> int:
        raise ModuleNotFoundError(f"No module named {package!r}", name=f"{package}.sub")

    monkeypatch.setattr(_cli_commands, "run", fail)
    assert run.fails("check") == (
        f"kfxl: {package}: this package is missing; run the installer of kfxl again "
        '(python3 install, on Windows py -m install), or: pip install "kfxl[files]"\n'
    )


def test_without_the_extra_the_command_still_answers(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['typer'] = sys.modules['rich'] = None; "
        "from kfxl.cli import main; sys.exit(main(['check']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(kfxl.__file__).parent.parent)},
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert 'pip install "kfxl[files]"' in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise on Windows")
def test_a_reader_that_leaves_is_no_failure_worth_words() -> None:
    done = subprocess.run(
        f"'{sys.executable}' -m kfxl functions | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_from_the_keyboard(tmp_path: Path) -> None:
    program = (
        "import os, signal, kfxl.cli, kfxl._cli_commands as c\n"
        # A parent in the background may have had interrupts ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"c.run = lambda words: os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "raise SystemExit(kfxl.cli.main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "kfxl: interrupted; no output was written\n"


# Where outputs go


def test_an_output_that_cannot_be_is_refused_before_the_work(run: Console, tmp_path: Path) -> None:
    assert "no .xlsx file" in run.fails("template", tmp_path / "book.pdf")
    assert "there is no folder" in run.fails("template", tmp_path / "none" / "book.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    assert "is a folder" in run.fails("template", tmp_path / "folder.xlsx")


def test_a_template_replaces_nothing_unless_told(
    run: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cli_commands.workbook, "build_template", lambda *_: b"new")
    book = tmp_path / "kfxl.xlsx"
    book.write_bytes(b"mine")
    monkeypatch.chdir(tmp_path)
    assert "kfxl.xlsx exists already" in run.fails("template")
    assert book.read_bytes() == b"mine"
    assert run("template", "--force") == 0
    assert book.read_bytes() == b"new"


@pytest.mark.parametrize("word", ["template", "fit", "recalc"])
def test_a_failure_writes_nothing(
    run: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    def fail(*_arguments: object) -> bytes:
        raise InputError("Weights!B7", "cannot be computed", "mend it")

    for name in ("build_template", "fit"):
        monkeypatch.setattr(_cli_commands.workbook, name, fail)
    monkeypatch.setattr(_cli_commands, "recalculate_file", fail)
    book, new = tmp_path / "book.xlsx", tmp_path / "new.xlsx"
    book.write_bytes(b"mine")
    words = ("template", new) if word == "template" else (word, book, "-o", new)
    assert "Weights!B7" in run.fails(*words)
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]
    assert book.read_bytes() == b"mine"


@pytest.mark.parametrize("word", ["fit", "recalc", "backtest"])
def test_a_file_that_is_not_there(run: Console, tmp_path: Path, word: str) -> None:
    line = run.fails(word, tmp_path / "none.xlsx", "-o", tmp_path / "new.xlsx")
    assert "none.xlsx: there is no such file" in line


@pytest.mark.parametrize("word", ["fit", "recalc", "backtest"])
def test_a_file_that_is_no_workbook(run: Console, tmp_path: Path, word: str) -> None:
    (tmp_path / "bad.xlsx").write_text("not a workbook")
    run.fails(word, tmp_path / "bad.xlsx", "-o", tmp_path / "new.xlsx")
    assert not (tmp_path / "new.xlsx").exists()


# Whole runs


def test_template_and_recalc(run: Console, tmp_path: Path, template: Path) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(template.read_bytes())
    assert run("recalc", book) == 0
    beside = tmp_path / "book-recalculated.xlsx"
    assert str(beside) in run.out
    assert "book.xlsx itself is unchanged" in run.err
    assert book.read_bytes() == template.read_bytes()
    assert "exists already" in run.fails("recalc", book)
    assert run("recalc", book, "-o", book) == 0
    assert book.read_bytes() == beside.read_bytes()


def test_a_book_with_errors_is_remarked_upon(run: Console, tmp_path: Path, template: Path) -> None:
    package = template.read_bytes()
    assert run("recalc", template, "-o", tmp_path / "good.xlsx") == 0
    assert not run.err
    book = tmp_path / "book.xlsx"
    book.write_bytes(with_cell(package, "Returns", "C9", 42))
    assert run("recalc", book, "-o", book) == 0
    lines = run.err.splitlines()
    assert lines[0].startswith("note: Expected returns!")
    assert "#KFXL! returns: 42 in row 9" in lines[0]
    assert "more errors like these" not in run.err or len(lines) == 5
    assert lines[-1] == "note: not every check is TRUE: see the sheet Checks of book.xlsx"


def test_a_remark_fails_nothing(run: Console, tmp_path: Path) -> None:
    _cli_remarks.remark(tmp_path / "not there.xlsx")
    assert not run.err


def test_a_book_with_macros_stays_one(run: Console, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsm"
    book.write_bytes(with_macros(one_sheet(lambda sheet: sheet.write_formula("A1", "=1+1"))))
    assert run("recalc", book) == 0
    beside = tmp_path / "book-recalculated.xlsm"
    assert members(beside.read_bytes())["xl/vbaProject.bin"] == b"macros"
    assert run("recalc", book, "-o", book) == 0
    assert book.read_bytes() == beside.read_bytes()
    # Excel opens no file whose ending does not tell what is in it.
    assert "give a name ending in .xlsm" in run.fails("recalc", book, "-o", tmp_path / "b.xlsx")


def test_an_old_book_is_told_from_its_output(run: Console, tmp_path: Path) -> None:
    book = tmp_path / "book.xls"
    book.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
    assert "book.xls: this is an encrypted or an old .xls file" in run.fails("recalc", book)


def test_a_template_of_ones_own_is_fitted(
    run: Console, tmp_path: Path, returns_csv: Path, factors_csv: Path
) -> None:
    book, new = tmp_path / "mine.xlsx", tmp_path / "fitted.xlsx"
    assert run("template", book, "--returns", returns_csv, "--factors", factors_csv) == 0
    assert run("fit", book, "-o", new) == 0
    assert f"Wrote {new}" in run.out
    sheet = openpyxl.load_workbook(new, data_only=True)["Returns"]
    assert [cell.value for cell in sheet[1]][1:4] == ["Gold", "Stocks", "Bonds"]
    assert "give --returns" in run.fails("template", tmp_path / "x.xlsx", "--factors", factors_csv)


def test_backtest_of_a_book_with_its_report(run: Console, tmp_path: Path, template: Path) -> None:
    report = tmp_path / "report.xlsx"
    assert run("backtest", template, "--strategy", "risk-parity", "-o", report) == 0
    assert "Sharpe ratio" in run.out
    assert "risk-parity" in run.out
    assert "equal-weight" in run.out
    assert f"Wrote {report}" in run.out
    assert "Summary" in openpyxl.load_workbook(report).sheetnames


def test_a_report_does_not_replace_the_book(run: Console, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"mine")
    assert "give the report another name" in run.fails("backtest", book, "-o", book)
    assert book.read_bytes() == b"mine"


def test_backtest_of_a_csv_prints_what_the_core_computes(run: Console, returns_csv: Path) -> None:
    code = run(
        *("backtest", returns_csv, "--strategy", "risk-budget", "--cost", "0.002"),
        *("--budgets", "Gold=20%,Stocks=0.3,Bonds=0.5", "--lookback", "24"),
        *("--benchmark", "Stocks=0.6,Bonds=0.4"),
    )
    assert code == 0
    expected = kfxl.backtest(
        pd.read_csv(returns_csv, index_col=0, parse_dates=True),
        "risk-budget",
        budgets={"Gold": 0.2, "Stocks": 0.3, "Bonds": 0.5},
        cost=0.002,
        lookback=24,
        benchmark={"Stocks": 0.6, "Bonds": 0.4, "Gold": 0.0},
    )
    for column in expected.performance:
        assert f"{expected.performance.loc['sharpe', column]:.3f}" in run.out
    assert "90 periods" in run.out
    assert "2020-01-31 to 2027-06-30" in run.out
    assert "steps done" in run.err


def test_backtest_with_factors_leaves_out_the_risk_free_rate(
    run: Console, returns_csv: Path, factors_csv: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.xlsx"
    words = ("backtest", returns_csv, "--factors", factors_csv, "--lookback", 24, "-o", report)
    assert run(*words) == 0
    assert "RF is the risk-free rate" in run.err
    assert "Betas" in openpyxl.load_workbook(report).sheetnames


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--strategy", "magic"), "strategy"),
        (("--budgets", "Gold"), "budgets: 'Gold' is not NAME=NUMBER"),
        (("--weights", "Gold=a"), "weights: Gold has no number"),
        (("--weights", "Gold=1", "--strategy", "kalman"), "give one of the two"),
        (("--weights", "Silver=1"), "weights: there is no asset Silver; as in: "),
        (("--budgets", "gold=1"), "budgets: there is no asset gold; did you mean Gold?"),
        (("--lookback", "1"), "lookback"),
        (("--warmup", "500"), "90 rows"),
        (("--cost", "-1"), "cost"),
    ],
)
def test_settings_that_cannot_be(
    run: Console, returns_csv: Path, words: tuple[str, ...], line: str
) -> None:
    assert line in run.fails("backtest", returns_csv, *words)


def test_budgets_that_nothing_uses_are_remarked_upon(run: Console, returns_csv: Path) -> None:
    words = ("backtest", returns_csv, "--strategy", "equal-weight", "--budgets", "Gold=1")
    assert run(*words) == 0
    assert "note: budgets: only the strategy risk-budget uses them" in run.err
    assert run(*words, "--benchmark", "risk-budget") == 0
    assert "note: budgets" not in run.err


def test_a_source_of_another_kind(run: Console, tmp_path: Path) -> None:
    (tmp_path / "returns.ods").write_text("")
    said = run.fails("backtest", tmp_path / "returns.ods")
    assert "neither an Excel workbook nor a CSV file; give .xlsx or .csv; save others as" in said


def test_options_override_the_book() -> None:
    keywords = chosen(
        Choices("Stocks=60%,Bonds=40%", "risk-parity", settings={"cost": 0.0}),
        ["Gold", "Stocks", "Bonds"],
    )
    assert keywords == {
        "strategy": {"Gold": 0.0, "Stocks": 0.6, "Bonds": 0.4},
        "benchmark": "risk-parity",
        "cost": 0.0,
    }


def test_names_may_hold_an_equals_sign() -> None:
    assert named_numbers("weights", "A=B=0.5") == {"A=B": 0.5}
    with pytest.raises(InputError, match="occurs twice"):
        named_numbers("weights", "A=0.5,A=0.5")


def test_a_measure_that_is_not_defined_is_a_dash() -> None:
    assert _cli_backtest.shown("{:.2f}", float("nan")) == "-"


# The catalogue and the check


def test_functions_lists_all(run: Console) -> None:
    assert run("functions") == 0
    for name in ("KF_EXPECTED_RETURNS", "RISK_PARITY_WEIGHTS", "KFXL_VERSION"):
        assert name in run.out


@pytest.mark.parametrize(
    "name", ["RISK_BUDGET_WEIGHTS", "risk_budget_weights", "=RISK_BUDGET_WEIGHTS"]
)
def test_one_function_is_explained(run: Console, name: str) -> None:
    assert run("functions", name) == 0
    for word in ("RISK_BUDGET_WEIGHTS(data, budgets, [expected_returns]", "budgets", "Example"):
        assert word in run.out


def test_help_fits_the_terminal(run: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in FUNCTIONS:
        assert run("functions", name) == 0
        assert max(map(len, run.out.splitlines())) <= 80, name


def test_an_unknown_function_is_answered_with_the_nearest(run: Console) -> None:
    assert "did you mean RISK_PARITY_WEIGHTS?" in run.fails("functions", "RISKPARITY_WEIGHTS")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("KF_RISK", "did you mean KF_RISK_CONTRIBUTIONS?"),
        ("=kf_factor", "KF_FACTOR_BETAS, KF_FACTOR_FORECAST or KF_FACTOR_CONTRIBUTIONS?"),
        ("covariance", "did you mean RISK_COVARIANCE?"),
        ("RISK", "RISK_PARITY_WEIGHTS, RISK_BUDGET_WEIGHTS or RISK_CONTRIBUTIONS?"),
        ("PORTFOLIO_PERFORMANSE", "did you mean PORTFOLIO_PERFORMANCE?"),
        ("XYZ", "kfxl functions lists them all"),
        (" ", "kfxl functions lists them all"),
    ],
)
def test_names_that_begin_with_or_hold_the_word_come_first(
    run: Console, asked: str, words: str
) -> None:
    assert words in run.fails("functions", asked)


def test_check_says_that_all_is_well(run: Console) -> None:
    assert run("check") == 0, run.out
    for word in (kfxl.__version__, sys.executable, str(log_path()), "numpy", "All is well."):
        assert word in run.out


def test_check_fails_when_an_answer_is_wrong(run: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfxl.spreadsheet.self_test.KNOWN_WEIGHTS", (0.5, 0.5))
    assert run("check") == 1
    assert "BROKEN" in run.out
    assert "self-test" in run.out.splitlines()[-1]


def test_check_fails_when_a_package_is_missing(
    run: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cli_check, "PACKAGES", ("numpy", "no-such-package"))
    assert run("check") == 1
    closing = run.out.splitlines()[-1]
    assert "no-such-package" in closing
    assert "Remedy: run the installer of kfxl again" in closing
    assert closing.endswith('or: pip install "kfxl[files]"')

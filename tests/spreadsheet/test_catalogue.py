"""The catalogue says what design and hosts need: every function, every argument, short texts."""

from __future__ import annotations

import inspect
import keyword
import re

import pytest

import kfxl.spreadsheet.functions as module
from kfxl.spreadsheet.catalogue import FunctionEntry, catalogue
from kfxl.spreadsheet.functions import FUNCTIONS

TAIL = ("lookback", "covariance_method", "half_life", "as_of", "output", "rows")
FILTER = ("transition", "process_variance", "observation_variance", "calibration")
# The contract: required arguments first, then the optional ones, in this order.
SIGNATURES = {
    "KF_EXPECTED_RETURNS": ("returns", "|", *FILTER, "as_of", "output", "rows"),
    "KF_FACTOR_BETAS": (
        *("asset_returns", "factor_returns", "|", *FILTER, "as_of", "output", "rows"),
    ),
    "KF_FACTOR_FORECAST": (
        *("asset_returns", "factor_returns", "factor_forecasts", "|", *FILTER, "as_of"),
    ),
    "KF_FACTOR_CONTRIBUTIONS": (
        *("asset_returns", "factor_returns", "|", "at_factor_returns", *FILTER, "as_of"),
    ),
    "KF_RISK_CONTRIBUTIONS": (
        *("returns", "weights", "|", "window", "process_variance", "observation_variance"),
        *("as_of", "output", "rows"),
    ),
    "KF_OPTIMAL_WEIGHTS": (
        *("returns", "|", "risk_aversion", "previous_weights", "cost", "horizon", "min_weight"),
        *("max_weight", *FILTER, *TAIL[:4]),
    ),
    "MEAN_VARIANCE_WEIGHTS": (
        *("expected_returns", "covariance", "|", "risk_aversion", "previous_weights", "cost"),
        *("horizon", "min_weight", "max_weight"),
    ),
    "RISK_PARITY_WEIGHTS": ("data", "|", *TAIL[:4]),
    "RISK_BUDGET_WEIGHTS": (
        *("data", "budgets", "|", "expected_returns", "minimum_return", *TAIL[:5]),
    ),
    "RISK_CONTRIBUTIONS": ("weights", "data", "|", *TAIL[:4]),
    "RISK_COVARIANCE": ("returns", "|", *TAIL[:4]),
    "PORTFOLIO_PERFORMANCE": ("returns", "|", "weights", "periods_per_year", "risk_free"),
    "PORTFOLIO_BACKTEST": (
        *("returns", "|", "strategy", "budgets_or_weights", "settings", "output", "rows"),
    ),
    "PRICES_TO_RETURNS": ("prices", "|", "log"),
    "KFXL_VERSION": ("|",),
}
VBA_WORDS = {
    *("and", "as", "boolean", "byref", "byte", "byval", "call", "case", "class", "const", "date"),
    *("dim", "do", "double", "each", "else", "end", "enum", "erase", "error", "event", "exit"),
    *(
        "false",
        "for",
        "friend",
        "function",
        "get",
        "global",
        "goto",
        "if",
        "in",
        "input",
        "integer",
    ),
    *("is", "let", "like", "line", "long", "loop", "me", "mod", "name", "new", "next", "not"),
    *("nothing", "null", "object", "on", "open", "option", "optional", "or", "print", "private"),
    *("public", "put", "random", "rem", "resume", "return", "select", "set", "single", "static"),
    *("step", "stop", "string", "sub", "then", "time", "to", "true", "type", "until", "variant"),
    *("wend", "while", "width", "with", "write", "xor"),
}
ENTRIES = {entry.name: entry for entry in catalogue()}


def test_the_fifteen_functions_are_there() -> None:
    assert set(FUNCTIONS) == set(ENTRIES) == set(SIGNATURES)
    for name, function in FUNCTIONS.items():
        assert getattr(module, name) is function
        assert function.__name__ == name


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_are_those_of_the_contract(name: str) -> None:
    wanted = SIGNATURES[name]
    cut = wanted.index("|")
    arguments = ENTRIES[name].arguments
    assert tuple(item.name for item in arguments) == (*wanted[:cut], *wanted[cut + 1 :])
    assert [item.optional for item in arguments] == [
        *([False] * cut),
        *([True] * (len(wanted) - cut - 1)),
    ]


@pytest.mark.parametrize("name", SIGNATURES)
def test_hosts_can_register_every_signature(name: str) -> None:
    for item in inspect.signature(FUNCTIONS[name]).parameters.values():
        assert item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert item.default in (inspect.Parameter.empty, None)
        assert item.name.lower() not in VBA_WORDS
        assert not keyword.iskeyword(item.name)
    # Some hosts read signatures the old way.
    old = inspect.getfullargspec(FUNCTIONS[name])
    assert old.args == [item.name for item in ENTRIES[name].arguments]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.name)
def test_texts_are_short_whole_and_printable(entry: FunctionEntry) -> None:
    texts = [entry.summary, entry.returns, *(item.description for item in entry.arguments)]
    for text in texts:
        assert 5 < len(text) <= 255
        assert text.isprintable()
        assert text.endswith((".", ")"))
        assert "  " not in text
    assert entry.group


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.name)
def test_examples_are_formulas_of_the_function(entry: FunctionEntry) -> None:
    match = re.fullmatch(rf"={entry.name}\((.*)\)", entry.example)
    assert match
    given = [part for part in match[1].split(",") if match[1]]
    required = sum(not item.optional for item in entry.arguments)
    assert required <= len(given) <= len(entry.arguments)


@pytest.mark.parametrize("name", [n for n in SIGNATURES if "calibration" in SIGNATURES[n]])
def test_help_says_on_which_rows_variances_are_estimated(name: str) -> None:
    entry = ENTRIES[name]
    assert "all rows given, up to as_of" in entry.summary
    for item in entry.arguments:
        if item.name in ("process_variance", "observation_variance"):
            assert "all rows given, up to as_of" in item.description

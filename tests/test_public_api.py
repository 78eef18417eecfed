"""The names that `import kfxl` gives, and what importing it costs."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kfxl

ROOT = Path(__file__).resolve().parent.parent
NAMES = {
    *("expected_returns", "factor_betas", "track_risk_contributions"),
    *("covariance", "covariance_report"),
    *("risk_contributions", "risk_parity_weights", "risk_budget", "risk_budget_weights"),
    *("mean_variance_weights", "performance", "backtest", "statespace"),
    *("ExpectedReturns", "FactorBetas", "TrackedRisk", "CovarianceReport"),
    *("RiskBudget", "Backtest"),
    *("KfxlError", "InputError", "SolverError", "__version__"),
}
HEAVY = (
    *("sklearn", "piqp", "xlsxwriter", "openpyxl", "lxml", "formulon", "wasmtime"),
    *("typer", "rich", "xlwings", "cvxpy", "statsmodels", "matplotlib"),
)
# The contract's signatures, word for word.
CONTRACT = """
expected_returns(returns, *, transition=1.0, process_variance=None, observation_variance=None,
    calibration="pooled", long_run_mean=0.0, initial_mean=0.0, initial_variance=None)
factor_betas(asset_returns, factor_returns, *, transition=1.0, process_variance=None,
    observation_variance=None, calibration="pooled", initial_mean=0.0, initial_variance=None)
track_risk_contributions(returns, weights, *, window=20, process_variance=1e-4,
    observation_variance=0.01, initial_mean=None, initial_variance=0.01, signed=True)
covariance(returns, *, method="sample", window=None, half_life=60)
covariance_report(returns, *, method="sample", window=None, half_life=60)
risk_contributions(weights, covariance)
risk_parity_weights(covariance)
risk_budget(covariance, budgets, *, expected_returns=None, minimum_return=None)
risk_budget_weights(covariance, budgets, *, expected_returns=None, minimum_return=None)
mean_variance_weights(expected_returns, covariance, *, risk_aversion=5.0, previous_weights=None,
    cost=0.001, horizon=1, lower=0.0, upper=1.0)
performance(returns, *, periods_per_year=None, risk_free=0.0, ddof=1)
backtest(returns, strategy="kalman", *, factors=None, rebalance_every=None, lookback=None,
    warmup=None, cost=0.001, risk_aversion=5.0, covariance_method="ledoit_wolf", budgets=None,
    lower=0.0, upper=1.0, initial_value=100_000.0, benchmark="equal-weight",
    periods_per_year=None)
"""
SIGNATURES = {text.partition("(")[0]: text for text in re.findall(r"\w+\([^)]*\)", CONTRACT)}


def parameters_of(signature: str) -> tuple[list[str], dict[str, object]]:
    """Positional names, and the default of every parameter that has one."""
    (function,) = ast.parse(f"def {signature}: ...").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    positional = [argument.arg for argument in arguments.args]
    by_place = positional[len(positional) - len(arguments.defaults) :]
    keywords = [argument.arg for argument in arguments.kwonlyargs]
    values = [*arguments.defaults, *arguments.kw_defaults]
    assert None not in values
    defaults = {
        name: ast.literal_eval(value)
        for name, value in zip([*by_place, *keywords], values, strict=True)
        if value is not None
    }
    return positional, defaults


def test_exported_names() -> None:
    assert set(kfxl.__all__) == NAMES
    for name in NAMES:
        assert getattr(kfxl, name) is not None


def test_functions_are_functions_though_modules_have_their_names() -> None:
    for name in SIGNATURES:
        assert inspect.isfunction(getattr(kfxl, name)), name


def test_statespace_is_an_attribute() -> None:
    for name in ("StateSpace", "kalman_filter", "smooth"):
        assert callable(getattr(kfxl.statespace, name))


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    positional, defaults = parameters_of(SIGNATURES[name])
    found = inspect.signature(getattr(kfxl, name)).parameters
    by_position = [
        p.name for p in found.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert by_position == positional
    for parameter, default in defaults.items():
        assert found[parameter].default == default, parameter
        if parameter not in positional:
            assert found[parameter].kind is inspect.Parameter.KEYWORD_ONLY, parameter


@pytest.mark.parametrize("name", sorted(NAMES - {"__version__", "statespace"}))
def test_everything_public_is_documented(name: str) -> None:
    documentation = inspect.getdoc(getattr(kfxl, name)) or ""
    assert documentation
    if name in SIGNATURES:
        assert ">>>" in documentation, f"{name}: no example"


def loaded_by(program: str) -> set[str]:
    """Names of all modules that a fresh Python holds after a program."""
    program = f"import json, sys; {program}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_import_is_light() -> None:
    assert not {*HEAVY, "kfxl.spreadsheet", "kfxl.hosts", "kfxl.cli"} & loaded_by("import kfxl")


def test_worksheet_functions_are_light() -> None:
    assert not set(HEAVY) & loaded_by("import kfxl.spreadsheet.functions")


def test_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert kfxl.__version__ == project["version"]

"""Kalman filters, risk budgets and honest backtests for portfolios kept in spreadsheets."""

from kfxl import statespace
from kfxl.errors import InputError, KfxlError, SolverError
from kfxl.estimation.covariance import CovarianceReport, covariance, covariance_report
from kfxl.estimation.expected_returns import ExpectedReturns, expected_returns
from kfxl.estimation.factor_betas import FactorBetas, factor_betas
from kfxl.estimation.risk_tracking import TrackedRisk, track_risk_contributions
from kfxl.evaluation.backtest import Backtest, backtest
from kfxl.evaluation.performance import performance
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.risk import risk_contributions
from kfxl.portfolio.risk_budgeting import (
    RiskBudget,
    risk_budget,
    risk_budget_weights,
    risk_parity_weights,
)

__version__ = "0.1.0"

__all__ = [
    "Backtest",
    "CovarianceReport",
    "ExpectedReturns",
    "FactorBetas",
    "InputError",
    "KfxlError",
    "RiskBudget",
    "SolverError",
    "TrackedRisk",
    "__version__",
    "backtest",
    "covariance",
    "covariance_report",
    "expected_returns",
    "factor_betas",
    "mean_variance_weights",
    "performance",
    "risk_budget",
    "risk_budget_weights",
    "risk_contributions",
    "risk_parity_weights",
    "statespace",
    "track_risk_contributions",
]

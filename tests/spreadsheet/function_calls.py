"""Calls of worksheet functions, each with the core's own answer from plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from kfxl.estimation.covariance import covariance
from kfxl.estimation.expected_returns import expected_returns
from kfxl.estimation.factor_betas import factor_betas
from kfxl.estimation.risk_tracking import track_risk_contributions
from kfxl.evaluation.backtest import backtest
from kfxl.evaluation.strategies import KalmanMeanVariance
from kfxl.portfolio.mean_variance import mean_variance_weights
from kfxl.portfolio.risk import risk_contributions
from kfxl.portfolio.risk_budgeting import risk_budget, risk_parity_weights
from tests.spreadsheet.function_data import (
    FACTOR_RETURNS,
    NAMES,
    PERIODS,
    PRICES,
    RETURNS,
    WEIGHTS,
    plain,
)


@dataclass(frozen=True)
class Call:
    """A call of a worksheet function on a dress of the data, and the core's own answer."""

    function: str
    arguments: Callable[[Callable[[Any, list[str]], Any]], tuple[Any, ...]]
    expected: Callable[[], Any]


def _betas() -> Any:
    return factor_betas(RETURNS, FACTOR_RETURNS)


def _covariance(method: str = "sample", window: int | None = None) -> Any:
    return covariance(RETURNS, method=method, window=window)


def _forecast_end(chance: float) -> Any:
    """Where the forecast of the expected return lies below with this chance."""
    found = expected_returns(RETURNS, process_variance=1e-4, observation_variance=1e-3)
    return norm.ppf(chance, found.forecast, np.sqrt(found.forecast_mean_variance))


def _loadings_end(chance: float) -> Any:
    return norm.ppf(chance, _betas().latest, _betas().standard_errors[-1])


FACTOR_NAMES = ["Market", "Size"]
CALLS = {
    "forecast": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES),),
        lambda: expected_returns(RETURNS).forecast,
    ),
    "mean": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), 0.9, 1e-4, 1e-3, None, None, "mean"),
        lambda: expected_returns(
            RETURNS, transition=0.9, process_variance=1e-4, observation_variance=1e-3
        ).mean[-1],
    ),
    "stderr": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), 0.9, 1e-4, 1e-3, None, None, "stderr"),
        lambda: np.sqrt(
            expected_returns(
                RETURNS, transition=0.9, process_variance=1e-4, observation_variance=1e-3
            ).variance[-1]
        ),
    ),
    "lower": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, 1e-4, 1e-3, None, None, "lower"),
        lambda: _forecast_end(0.025),
    ),
    "upper": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, 1e-4, 1e-3, None, None, "Upper"),
        lambda: _forecast_end(0.975),
    ),
    "loglik": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, None, None, None, None, "loglik"),
        lambda: expected_returns(RETURNS).log_likelihood,
    ),
    "history": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, [[1e-4, 2e-4, 3e-4]], None, None, None, "history"),
        lambda: expected_returns(RETURNS, process_variance=[1e-4, 2e-4, 3e-4]).mean,
    ),
    "history_stderr": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, None, None, "per-asset", None, "history_stderr"),
        lambda: np.sqrt(expected_returns(RETURNS, calibration="per-asset").variance),
    ),
    "smoothed": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, 1e-4, None, None, None, "smoothed"),
        lambda: expected_returns(RETURNS, process_variance=1e-4).smoothed().mean,
    ),
    "parameters": Call(
        "KF_EXPECTED_RETURNS",
        lambda d: (d(RETURNS, NAMES), None, None, None, None, None, "parameters"),
        lambda: [
            getattr(expected_returns(RETURNS), name)
            for name in ("process_variance", "observation_variance", "ratio", "log_likelihood")
        ],
    ),
    "loadings": Call(
        "KF_FACTOR_BETAS",
        lambda d: (d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
        lambda: _betas().latest,
    ),
    "loadings stderr": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "stderr"),
        ),
        lambda: _betas().standard_errors[-1],
    ),
    "loadings lower": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "lower"),
        ),
        lambda: _loadings_end(0.025),
    ),
    "loadings upper": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "upper"),
        ),
        lambda: _loadings_end(0.975),
    ),
    "loadings loglik": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "loglik"),
        ),
        lambda: _betas().log_likelihood[:, None],
    ),
    "loadings history": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "history"),
        ),
        lambda: _betas().loadings.reshape(PERIODS, -1),
    ),
    "fit": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "fit"),
        ),
        lambda: np.asarray(_betas().fit),
    ),
    "beta parameters": Call(
        "KF_FACTOR_BETAS",
        lambda d: (
            *(d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
            *(None, None, None, None, None, "parameters"),
        ),
        lambda: np.column_stack(
            [_betas().process_variance, _betas().observation_variance, _betas().ratio]
        ),
    ),
    "factor forecast": Call(
        "KF_FACTOR_FORECAST",
        lambda d: (d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES), [[0.01, -0.02]]),
        lambda: _betas().predict([0.01, -0.02]),
    ),
    "factor contributions": Call(
        "KF_FACTOR_CONTRIBUTIONS",
        lambda d: (d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES)),
        lambda: _betas().contributions(FACTOR_RETURNS[-1]),
    ),
    "factor contributions at": Call(
        "KF_FACTOR_CONTRIBUTIONS",
        lambda d: (d(RETURNS, NAMES), d(FACTOR_RETURNS, FACTOR_NAMES), [[0.01], [0.02]]),
        lambda: _betas().contributions([0.01, 0.02]),
    ),
    "tracked": Call(
        "KF_RISK_CONTRIBUTIONS",
        lambda d: (d(RETURNS, NAMES), [WEIGHTS.tolist()]),
        lambda: track_risk_contributions(RETURNS, WEIGHTS).filtered[-1],
    ),
    "observed": Call(
        "KF_RISK_CONTRIBUTIONS",
        lambda d: (d(RETURNS, NAMES), [[w] for w in WEIGHTS], 12, 1e-3, 0.02, None, "observed"),
        lambda: track_risk_contributions(RETURNS, WEIGHTS, window=12).observed[-1],
    ),
    "tracked history": Call(
        "KF_RISK_CONTRIBUTIONS",
        lambda d: (
            *(d(RETURNS, NAMES), d(np.abs(RETURNS) + 0.1, NAMES)),
            *(12, [[1e-3, 2e-3, 3e-3]], 0.02, None, "history"),
        ),
        lambda: (
            track_risk_contributions(
                RETURNS,
                np.abs(RETURNS) + 0.1,
                window=12,
                process_variance=[1e-3, 2e-3, 3e-3],
                observation_variance=0.02,
            ).filtered
        ),
    ),
    "optimal": Call(
        "KF_OPTIMAL_WEIGHTS",
        lambda d: (d(RETURNS, NAMES),),
        lambda: KalmanMeanVariance().target(RETURNS),
    ),
    "optimal with settings": Call(
        "KF_OPTIMAL_WEIGHTS",
        lambda d: (
            *(d(RETURNS, NAMES), 3, [WEIGHTS.tolist()], 0.002, 6, [[0.1, "auto", 0.0]], 0.8),
            *(0.9, 1e-5, 1e-3, "pooled", 24, "OAS", 30),
        ),
        lambda: KalmanMeanVariance(
            lookback=24,
            covariance_method="oas",
            half_life=30,
            risk_aversion=3,
            cost=0.002,
            horizon=6,
            lower=[0.1, 0, 0],
            upper=0.8,
            transition=0.9,
            process_variance=1e-5,
            observation_variance=1e-3,
        ).target(RETURNS, WEIGHTS),
    ),
    "optimal of kalman_factor": Call(
        "KF_OPTIMAL_WEIGHTS",
        lambda d: (
            *(d(RETURNS, NAMES), 30, None, None, None, None, None, None, None, None, None),
            *(24, "kalman_factor"),
        ),
        lambda: mean_variance_weights(
            expected_returns(RETURNS).forecast,
            covariance(
                RETURNS,
                method="kalman_factor",
                window=24,
                factors=RETURNS.mean(axis=1, keepdims=True),
            ),
            risk_aversion=30,
        ),
    ),
    "mean-variance": Call(
        "MEAN_VARIANCE_WEIGHTS",
        lambda d: ([[0.01, 0.02, 0.03]], plain(_covariance()), 4, [WEIGHTS.tolist()], 0.002, 3),
        lambda: mean_variance_weights(
            [0.01, 0.02, 0.03],
            _covariance(),
            risk_aversion=4,
            previous_weights=WEIGHTS,
            cost=0.002,
            horizon=3,
        ),
    ),
    "parity": Call(
        "RISK_PARITY_WEIGHTS",
        lambda d: (d(RETURNS, NAMES),),
        lambda: risk_parity_weights(_covariance()),
    ),
    "parity of ledoit_wolf": Call(
        "RISK_PARITY_WEIGHTS",
        lambda d: (d(RETURNS, NAMES), 24, "Ledoit_Wolf"),
        lambda: risk_parity_weights(_covariance("ledoit_wolf", 24)),
    ),
    "parity of kalman_factor": Call(
        "RISK_PARITY_WEIGHTS",
        lambda d: (d(RETURNS, NAMES), 24, "kalman_factor"),
        lambda: risk_parity_weights(_covariance("kalman_factor", 24)),
    ),
    "budget": Call(
        "RISK_BUDGET_WEIGHTS",
        lambda d: (d(RETURNS, NAMES), [[50], [30], [20]]),
        lambda: risk_budget(_covariance(), WEIGHTS).weights,
    ),
    "budget with floor": Call(
        "RISK_BUDGET_WEIGHTS",
        lambda d: (
            *(d(RETURNS, NAMES), [[5, 3, 2]], [[0.01, 0.02, 0.03]], 0.025),
            *(None, "oas", None, None, "shares"),
        ),
        lambda: (
            risk_budget(
                _covariance("oas"),
                WEIGHTS,
                expected_returns=[0.01, 0.02, 0.03],
                minimum_return=0.025,
            ).shares
        ),
    ),
    "budget error": Call(
        "RISK_BUDGET_WEIGHTS",
        lambda d: (
            *(d(RETURNS, NAMES), [[5, 3, 2]], [[0.01, 0.02, 0.03]], 0.025),
            *(None, None, None, None, "error"),
        ),
        lambda: (
            risk_budget(
                _covariance(), WEIGHTS, expected_returns=[0.01, 0.02, 0.03], minimum_return=0.025
            ).budget_error
        ),
    ),
    "contributions": Call(
        "RISK_CONTRIBUTIONS",
        lambda d: ([WEIGHTS.tolist()], d(RETURNS, NAMES), None, "ewma", 20),
        lambda: risk_contributions(WEIGHTS, covariance(RETURNS, method="ewma", half_life=20)),
    ),
    "covariance": Call(
        "RISK_COVARIANCE",
        lambda d: (d(RETURNS, NAMES), 30, "oas"),
        lambda: _covariance("oas", 30),
    ),
    "covariance of kalman_factor": Call(
        "RISK_COVARIANCE",
        lambda d: (d(RETURNS, NAMES), 30, "Kalman_Factor"),
        lambda: _covariance("kalman_factor", 30),
    ),
    "returns": Call(
        "PRICES_TO_RETURNS",
        lambda d: (d(PRICES, NAMES),),
        lambda: RETURNS[1:],
    ),
    "log returns": Call(
        "PRICES_TO_RETURNS",
        lambda d: (d(PRICES, NAMES), True),
        lambda: np.log1p(RETURNS[1:]),
    ),
    "backtest weights": Call(
        "PORTFOLIO_BACKTEST",
        lambda d: (
            *(d(RETURNS, NAMES), "risk-budget", [WEIGHTS.tolist()]),
            *([["periods_per_year", 12], ["Lookback", 24], ["cost", "auto"]], "weights"),
        ),
        lambda: (
            backtest(
                RETURNS, "risk-budget", budgets=WEIGHTS, periods_per_year=12, lookback=24
            ).weights
        ),
    ),
    "backtest value": Call(
        "PORTFOLIO_BACKTEST",
        lambda d: (
            *(d(RETURNS, NAMES), None, None, [["periods_per_year", 12], ["lookback", 36]]),
            "value",
        ),
        lambda: backtest(RETURNS, periods_per_year=12, lookback=36).value[:, None],
    ),
    "backtest of fixed weights": Call(
        "PORTFOLIO_BACKTEST",
        lambda d: (
            *(d(RETURNS, NAMES), "Fixed", [WEIGHTS.tolist()]),
            *([["periods_per_year", 12], ["lookback", 36]], "weights"),
        ),
        lambda: backtest(RETURNS, WEIGHTS, periods_per_year=12, lookback=36).weights,
    ),
}

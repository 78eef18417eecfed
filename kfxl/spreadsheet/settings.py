"""The settings of the template: their names, defaults, choices and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AUTO = "auto"
Rule = Literal["choice", "positive", "nonnegative", "whole", "number", "date", "text", "asset"]


@dataclass(frozen=True)
class Setting:
    """One named cell on the sheet Settings.

    ``auto`` says whether the word ``auto`` is accepted; ``keyword`` is the keyword of
    :func:`kfxl.backtest` that the cell feeds, None where it feeds formulas only.
    """

    name: str
    label: str
    default: object
    rule: Rule
    meaning: str
    options: tuple[str, ...] = ()
    auto: bool = True
    keyword: str | None = None
    number_format: str = "General"


STRATEGIES = ("kalman", "risk-parity", "risk-budget", "equal-weight")
MIXES = ("Mean-variance", "Risk parity", "Risk budget", "Equal")
COVARIANCES = ("sample", "ewma", "ledoit_wolf", "oas", "kalman_factor")
NOISE_MODES = ("Calibrated", "Textbook", "Manual")
TEXTBOOK = {
    "KF_Transition": 0.99,
    "KF_Process_Variance": 0.001,
    "KF_Observation_Variance": 0.01,
    "KF_Beta_Transition": 0.99,
    "KF_Beta_Process_Variance": 1e-5,
    "KF_Beta_Observation_Variance": 0.01,
}


def _manual(name: str, label: str, rule: Rule) -> Setting:
    return Setting(
        name,
        label,
        AUTO,
        rule,
        "Used in mode Manual; auto: 1 for a transition, estimated from the data for a variance",
    )


GROUPS: dict[str, tuple[Setting, ...]] = {
    "Backtest": (
        Setting(
            "Strategy",
            "Strategy",
            "kalman",
            "choice",
            "What the backtest runs: kalman is mean-variance on filtered expected returns",
            STRATEGIES,
            auto=False,
            keyword="strategy",
        ),
        Setting(
            "Benchmark",
            "Benchmark",
            "equal-weight",
            "choice",
            "What it is compared with; pays the same costs",
            STRATEGIES,
            auto=False,
            keyword="benchmark",
        ),
        Setting(
            "Initial_Value",
            "Initial value",
            100_000.0,
            "positive",
            "Money at the start of the backtest",
            auto=False,
            keyword="initial_value",
            number_format="#,##0",
        ),
        Setting(
            "Rebalance_Every",
            "Rebalance every",
            AUTO,
            "whole",
            "Periods between trades; auto: daily 10, weekly 4, monthly 1",
            keyword="rebalance_every",
        ),
        Setting(
            "Warmup",
            "Warm-up",
            AUTO,
            "whole",
            "Periods before the first decision; auto: the lookback",
            keyword="warmup",
        ),
        Setting(
            "As_Of",
            "As of",
            AUTO,
            "date",
            "A date: all later rows are ignored; auto: use all rows",
            number_format="yyyy-mm-dd",
        ),
        Setting(
            "Periods_Per_Year",
            "Periods per year",
            AUTO,
            "positive",
            "252 daily, 52 weekly, 12 monthly; auto: from the dates",
            keyword="periods_per_year",
        ),
    ),
    "Mean-variance weights": (
        Setting(
            "Risk_Aversion",
            "Risk aversion",
            5.0,
            "positive",
            "Higher: less risk. Weights maximise return - risk aversion / 2 x variance - cost",
            auto=False,
            keyword="risk_aversion",
        ),
        Setting(
            "Cost",
            "Trading cost",
            0.001,
            "nonnegative",
            "Fraction of traded value; 0.10% is ten basis points",
            auto=False,
            keyword="cost",
            number_format="0.00%",
        ),
        Setting(
            "Horizon",
            "Horizon",
            AUTO,
            "whole",
            "Periods over which a cost is earned back; auto: 1 (backtests: to next trade)",
        ),
        Setting(
            "Use_Weights_Held",
            "Trade from weights held",
            "No",
            "choice",
            "Yes: trades from the column Weight held, and their cost, count",
            ("Yes", "No"),
            auto=False,
        ),
    ),
    "Risk budget": (
        Setting(
            "Minimum_Return",
            "Minimum return",
            AUTO,
            "number",
            "Floor on the expected return per period; budgets then give way; auto: no floor",
            number_format="0.00%",
        ),
    ),
    "Covariance": (
        Setting(
            "Lookback",
            "Lookback",
            60,
            "whole",
            "Last rows for covariances; auto: all in cells, by frequency in backtests",
            keyword="lookback",
        ),
        Setting(
            "Covariance_Method",
            "Covariance method",
            "ledoit_wolf",
            "choice",
            "Shrinkage: ledoit_wolf, oas. Filtered betas (to Factors in backtests): kalman_factor",
            COVARIANCES,
            auto=False,
            keyword="covariance_method",
        ),
        Setting(
            "Half_Life",
            "Half-life",
            60,
            "positive",
            "Periods after which a row counts half; ewma only",
            auto=False,
            keyword="half_life",
        ),
    ),
    "Noise of the Kalman filters": (
        Setting(
            "Noise_Mode",
            "Noise",
            "Calibrated",
            "choice",
            "Calibrated: variances estimated from the data. Textbook: fixed. Manual: below",
            NOISE_MODES,
            auto=False,
        ),
        Setting(
            "Calibration",
            "Calibration",
            "pooled",
            "choice",
            "pooled: one signal-to-noise ratio for all assets; per-asset: one each",
            ("pooled", "per-asset"),
            auto=False,
            keyword="calibration",
        ),
        _manual("Manual_Transition", "Returns: transition", "number"),
        _manual("Manual_Process_Variance", "Returns: process variance", "nonnegative"),
        _manual("Manual_Observation_Variance", "Returns: observation variance", "positive"),
        _manual("Manual_Beta_Transition", "Betas: transition", "number"),
        _manual("Manual_Beta_Process_Variance", "Betas: process variance", "nonnegative"),
        _manual("Manual_Beta_Observation_Variance", "Betas: observation variance", "positive"),
    ),
    "Risk tracking": (
        Setting(
            "Tracked_Weights",
            "Weights to track",
            "Risk budget",
            "choice",
            "Which column of sheet Weights the sheet Risk follows",
            MIXES,
            auto=False,
        ),
        Setting("Risk_Window", "Window", AUTO, "whole", "Periods before each row; auto: 20"),
        Setting(
            "Risk_Process_Variance",
            "Process variance",
            AUTO,
            "nonnegative",
            "How fast shares may move; auto: 0.0001",
        ),
        Setting(
            "Risk_Observation_Variance",
            "Observation variance",
            AUTO,
            "positive",
            "How noisy observed shares are; auto: 0.01",
        ),
    ),
    "Shown": (
        Setting(
            "Shown_Asset",
            "Asset to show",
            AUTO,
            "asset",
            "Whose history the sheets Expected returns, Factor betas and Risk draw",
            auto=False,
        ),
        Setting(
            "Data_Source",
            "Data",
            "Your own data",
            "text",
            "",
            auto=False,
        ),
    ),
}

SETTINGS: dict[str, Setting] = {
    setting.name: setting for group in GROUPS.values() for setting in group
}
ASSET_COLUMNS: dict[str, str] = {
    "budget": "Asset_Budgets",
    "minimum": "Asset_Minimums",
    "maximum": "Asset_Maximums",
    "held": "Asset_Held",
}

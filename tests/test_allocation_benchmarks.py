"""The benchmarks of weights and backtests at a tiny size: results agree before the clock runs."""

from __future__ import annotations

import pytest

from tests.benchmarks import backtests, mean_variance, risk_budgets
from tests.benchmarks.frame import Measurement, measure

TINY = [
    *risk_budgets.measurements([4, 70], 300),
    *mean_variance.measurements([4, 20], 20),
    *backtests.measurements(320, 4, 70),
]


@pytest.mark.parametrize("measurement", TINY, ids=lambda measurement: measurement.name)
def test_results_agree_at_a_tiny_size(measurement: Measurement) -> None:
    """With whichever other packages are installed: cvxpy is, with the tests."""
    measure(measurement, repeats=1)

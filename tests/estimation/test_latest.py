"""The latest state alone, and what estimators take of memory beside their results."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kfxl.arrays import FloatArray
from kfxl.errors import InputError
from kfxl.estimation.expected_returns import expected_returns
from kfxl.estimation.factor_betas import factor_betas

GIVEN: dict[str, Any] = {"process_variance": 1e-6, "observation_variance": 1e-4}


def returns_and_factors(
    periods: int, assets: int, missing: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(6)
    factors = 0.01 * rng.normal(size=(periods, 3))
    returns = factors @ rng.normal(1, 0.3, (3, assets))
    returns += 0.01 * rng.normal(size=returns.shape)
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns, factors


@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("labelled", [False, True])
def test_the_latest_state_is_that_of_the_whole_history(missing: float, labelled: bool) -> None:
    returns, factors = returns_and_factors(90, 12, missing)
    data: tuple[Any, Any] = (returns, factors)
    if labelled:
        days = pd.date_range("2024-01-01", periods=90)
        names = [f"asset {i}" for i in range(12)]
        data = pd.DataFrame(returns, days, names), pd.DataFrame(factors, days, ["a", "b", "c"])
    for estimate, inputs, parts in (
        (expected_returns, data[:1], ("mean", "variance")),
        (factor_betas, data, ("loadings", "standard_errors")),
    ):
        full, last = estimate(*inputs), estimate(*inputs, history=False)
        for name in parts:
            whole, row = np.asarray(getattr(full, name)), getattr(last, name)
            np.testing.assert_allclose(np.asarray(row), whole[-1:], rtol=1e-9, atol=1e-13)
            assert not labelled or row.index.tolist() == [days[-1]]
        np.testing.assert_allclose(last.log_likelihood, full.log_likelihood, rtol=1e-11)
        assert last.fitted_through == full.fitted_through
    full, last = factor_betas(*data), factor_betas(*data, history=False)
    np.testing.assert_allclose(last.latest, full.latest, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(last.fit, full.fit, rtol=1e-9)
    np.testing.assert_allclose(last.smoothed().loadings, full.smoothed().loadings)


def test_means_without_history_cannot_be_smoothed() -> None:
    returns = returns_and_factors(30, 2)[0]
    with pytest.raises(InputError, match="history: was False"):
        expected_returns(returns, history=False).smoothed()


def test_changing_the_input_later_changes_no_result() -> None:
    returns, factors = returns_and_factors(60, 3)
    means, betas = expected_returns(returns), factor_betas(returns, factors)
    before = means.smoothed().mean.copy(), betas.smoothed().loadings.copy(), betas.fit
    returns[...] = factors[...] = 7.0
    np.testing.assert_array_equal(means.smoothed().mean, before[0])
    np.testing.assert_array_equal(betas.smoothed().loadings, before[1])
    pd.testing.assert_frame_equal(betas.fit, before[2])
    betas.whiteness()
    with pytest.raises(InputError, match="returns: have been changed since"):
        means.whiteness()


def peak(work: Callable[[], object]) -> int:
    """Bytes held at once, beyond what was held before."""
    work()  # what is loaded and kept at first use is no part of it
    tracemalloc.start()
    try:
        result = work()
        assert result is not None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("missing", "labelled"), [(0.0, False), (0.0, True), (0.02, False)])
def test_betas_take_less_than_three_times_their_result(missing: float, labelled: bool) -> None:
    returns, factors = returns_and_factors(800, 640, missing)
    data: tuple[Any, Any] = (returns, factors)
    if labelled:
        data = pd.DataFrame(returns), pd.DataFrame(factors)
    size = 800 * 640 * 4 * 8
    assert peak(lambda: factor_betas(*data, **GIVEN)) < 3 * size
    assert peak(lambda: factor_betas(*data, **GIVEN).standard_errors) < 3 * (2 * size)
    assert peak(lambda: factor_betas(*data, history=False, **GIVEN)) < 1.2 * size

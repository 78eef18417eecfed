"""One fit for several outputs, in one store that threads share."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import kfxl.estimation.expected_returns as means
import kfxl.estimation.factor_betas as betas
from kfxl.spreadsheet.fits import FITS, FitStore, cached_fit
from tests.spreadsheet.function_data import DAYS, DRESSES, NAMES, RETURNS, F

# The cache.


def test_several_outputs_of_one_model_cost_one_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    FITS.clear()
    counted: list[int] = []
    original = means.calibrate

    def counting(*args: Any, **kwargs: Any) -> Any:
        counted.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(means, "calibrate", counting)
    cells = DRESSES["datetimes"](RETURNS, NAMES)
    for output in ("forecast", "lower", "stderr", "history", "smoothed", "loglik", "parameters"):
        F["KF_EXPECTED_RETURNS"](cells, output=output)
    F["KF_EXPECTED_RETURNS"](DRESSES["YYYYMM"](RETURNS, NAMES))
    assert len(counted) == 1
    cells[5][1] += 1e-12
    F["KF_EXPECTED_RETURNS"](cells)
    F["KF_EXPECTED_RETURNS"](cells, None, None, None, "per-asset")
    F["KF_EXPECTED_RETURNS"](cells, None, None, None, None, DAYS[40])
    assert len(counted) == 4


def test_functions_of_one_covariance_cost_one_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    FITS.clear()
    counted: list[int] = []
    original = betas.calibrate

    def counting(*args: Any, **kwargs: Any) -> Any:
        counted.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(betas, "calibrate", counting)
    cells = DRESSES["datetimes"](RETURNS, NAMES)
    model = (24, "kalman_factor")
    parity = F["RISK_PARITY_WEIGHTS"](cells, *model)
    assert F["RISK_BUDGET_WEIGHTS"](cells, [[1, 1, 1]], None, None, *model) == parity
    shares = F["RISK_CONTRIBUTIONS"](parity, cells, *model)
    assert shares[1] == pytest.approx([1 / 3] * 3)
    first = F["RISK_COVARIANCE"](cells, *model)
    assert F["RISK_COVARIANCE"](cells, *model) == first
    assert len(counted) == 1


def test_the_store_keeps_the_last_32_and_computes_once_across_threads() -> None:
    store = FitStore()
    for key in range(40):
        store.get(key, lambda key=key: [key])  # type: ignore[misc]
    assert len(store) == 32
    computed: list[int] = []
    release = threading.Event()

    def slow() -> list[int]:
        computed.append(1)
        release.wait(5)
        return [1]

    threads = [threading.Thread(target=store.get, args=("slow", slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert len(computed) == 1
    assert len(store) == 32


def test_a_failed_fit_is_not_kept() -> None:
    calls: list[int] = []

    def fails(_: Any) -> Any:
        calls.append(1)
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011 (only that it passes through)
            cached_fit(fails, RETURNS)
    assert len(calls) == 2

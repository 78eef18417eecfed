"""Settings that the estimators share, checked in one place: variances, transition, calibration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl.arrays import FloatArray, Panel, choice, number, per_asset, place
from kfxl.errors import InputError

CALIBRATIONS = ("pooled", "per-asset")


def variances(values: object, argument: str, panel: Panel, *, zero: bool = True) -> FloatArray:
    """(N,) variances from one number or one for each asset; 0 only where it means something."""
    result = per_asset(values, argument, panel.values.shape[1], panel.columns)
    refuse_negative(result, argument, panel.columns, zero=zero)
    return result


def refuse_negative(
    values: FloatArray, argument: str, assets: pd.Index | None, *, zero: bool = True
) -> None:
    """InputError that names the first asset of (N, ...) variances that is too small."""
    low = values < 0 if zero else values <= 0
    if low.any():
        asset = place(assets, int(np.argwhere(low)[0, 0]), "asset")
        problem = f"that of {asset} is {'negative' if zero else 'not positive'}"
        raise InputError(argument, problem, "give 0 or more" if zero else "give more than 0")


def transition_of(value: object) -> float:
    """The transition f, between -1 and 1: beyond, the state explodes."""
    result = number(value, "transition", low=-1.0)
    if result > 1:
        raise InputError("transition", f"{result:g} is too large", "give 1 or less")
    return result


def is_pooled(calibration: object) -> bool:
    """Whether all assets get one ratio of process to observation variance."""
    return choice(calibration, "calibration", CALIBRATIONS) == "pooled"


def refuse_few(
    known: npt.NDArray[np.bool_], argument: str, assets: pd.Index | None, least: int
) -> None:
    """InputError that names the first asset with fewer than ``least`` values to calibrate on."""
    counts = known.sum(axis=0)
    if (counts < least).any():
        first = int(np.argmax(counts < least))
        asset, count = place(assets, first, "asset"), int(counts[first])
        raise InputError(
            argument,
            f"{asset} has {count or 'no'} usable value{'' if count == 1 else 's'}",
            f"give at least {least}, or give both variances",
        )

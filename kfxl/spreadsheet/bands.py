"""The outputs ``lower`` and ``upper``: ends of the 95 % band around a filtered estimate."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from kfxl.arrays import FloatArray

STANDARD_ERRORS = NormalDist().inv_cdf(0.975)
ENDS = {"lower": -STANDARD_ERRORS, "upper": STANDARD_ERRORS}


def end_of_band(end: str, estimate: Any, standard_error: Any) -> FloatArray:
    """Where the band of a normal estimate ends; it takes the noise variances as known.

    >>> end_of_band("upper", 0.02, 0.01).round(4).item()
    0.0396
    """
    return np.asarray(estimate) + ENDS[end] * np.asarray(standard_error)

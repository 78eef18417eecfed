"""What is not given of transition and variances, found for any estimator, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kfxl.arrays import FloatArray
from kfxl.statespace import calibration
from kfxl.statespace.calibration import Variances
from kfxl.statespace.likelihood import Regressions


@dataclass(frozen=True)
class Search:
    """What is sought, and how.

    ``transition``, ``process`` (N, m) and ``observation`` (N,) are None where they are sought;
    ``pooled`` and ``threshold`` are those of the calibration.
    """

    transition: float | None
    process: FloatArray | None
    observation: FloatArray | None
    pooled: bool
    threshold: float = 0.0

    @property
    def sought(self) -> bool:
        """Whether anything is."""
        return self.transition is None or self.process is None or self.observation is None

    def parameters(self, assets: int) -> int:
        """How many numbers are estimated."""
        ratios = 1 if self.pooled else assets
        return (
            (self.transition is None)
            + (ratios if self.process is None else 0)
            + (assets if self.observation is None else 0)
        )


@dataclass(frozen=True)
class Found:
    """Transition, process (N, m) and observation variances (N,), as given or as found.

    ``exact`` (N,) marks assets without noise; ``report`` is None where nothing was sought.
    """

    transition: float
    process: FloatArray
    observation: FloatArray
    exact: npt.NDArray[np.bool_]
    report: pd.DataFrame | None


def calibrate(model: Regressions, wanted: Search, assets: pd.Index | None) -> Found:
    """Find what is sought; the transition of ``model`` is not used."""
    f, q, r = wanted.transition, wanted.process, wanted.observation
    if f is not None and q is not None and r is not None:
        return Found(f, q, r, np.zeros(len(r), dtype=bool), None)
    settings: dict[str, Any] = {
        "process_variance": q,
        "observation_variance": r,
        "pooled": wanted.pooled,
    }
    if f is None:
        f, found = calibration.calibrate_transition(model, threshold=wanted.threshold, **settings)
    else:
        moving = replace(model, transition=f)
        found = calibration.calibrate(moving, threshold=wanted.threshold, **settings)
    report = _report(found, wanted, assets)
    return Found(f, found.process, found.observation, found.exact, report)


def _report(found: Variances, wanted: Search, assets: pd.Index | None) -> pd.DataFrame:
    if wanted.process is None:
        sought = "ratio"
    else:
        sought = "transition" if wanted.observation is not None else "observation_variance"
    columns = {
        "sought": sought,
        "standard_error": found.deviation,
        "at_bound": found.at_bound,
        "gain": found.gain,
        "log_likelihood": found.log_likelihood,
    }
    index = pd.RangeIndex(len(found.gain)) if assets is None else assets
    return pd.DataFrame(columns, index=index)

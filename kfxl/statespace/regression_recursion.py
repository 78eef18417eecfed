"""One prediction and one update a row, for many regressions and many noise ratios at once.

The recursion runs on a grid of lanes: G sets of ratios (for calibration) by either one group of
all assets, which then share covariance and gain, or each asset as a group of its own. States come
first in every array, so that the long axes are the inner ones.

Source: R. E. Kalman, 1960, for scalar observations; the covariance is lowered by an exactly
symmetric square, so it cannot become asymmetric.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """What the recursion reads: T rows for A groups of C columns, missing values as zeros.

    ``values`` (T, A, C), ``seen`` (T, A), ``regressors`` (T, m). All columns of a group share
    their gains. There is one group of all N assets, or N groups of one.
    """

    values: FloatArray
    seen: BoolArray
    regressors: FloatArray

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.values[part], self.seen[part], self.regressors[part])

    @classmethod
    def of(cls, observations: FloatArray, regressors: FloatArray, *, shared: bool) -> Rows:
        """Rows from (T, N) observations and (T, m) regressors; NaN in either is missing."""
        known = np.asarray(~np.isnan(regressors).any(axis=1))
        seen = ~np.isnan(observations) & known[:, None]
        values = np.where(seen, observations, 0.0)
        regressors = np.where(known[:, None], regressors, 0.0)
        if shared:
            return cls(values[:, None, :], seen[:, :1], regressors)
        return cls(values[:, :, None], seen, regressors)




def recursion(
    rows: Rows,
    transition: float,
    process: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Predict and update row by row on lanes (G, A), in units of the observation variance.

    ``process`` (m, G, A) holds q / r, ``mean`` (m, G, A, C) and ``covariance`` (m, m, G, A) the
    state before the first prediction; the last two are CHANGED IN PLACE to the filtered state.
    Yields per row the innovations divided by their standard deviation, (G, A, C), and their
    variance (G, A). Both also for missing rows, where they mean nothing.
    """
    states, *lanes = process.shape
    column = (*lanes, 1)
    # Views, made once: the loop runs T times on small arrays, where every call counts.
    flat_mean, flat_covariance = mean.reshape(states, -1), covariance.reshape(states, -1)
    diagonal = covariance.reshape(states * states, *lanes)[:: states + 1]
    everything = bool(rows.seen.all())
    for values, seen, regressor in zip(rows.values, rows.seen, rows.regressors, strict=True):
        if transition != 1.0:
            mean *= transition
            covariance *= transition * transition
        diagonal += process
        loaded = (regressor @ flat_covariance).reshape(states, -1)
        total = regressor @ loaded
        total += 1.0
        deviation = np.sqrt(total)
        loaded /= deviation
        innovation = values - (regressor @ flat_mean).reshape(mean.shape[1:])
        innovation /= deviation.reshape(column)
        loaded = loaded.reshape(process.shape)
        if not everything:
            loaded *= seen
        covariance -= loaded[:, None] * loaded
        mean += loaded[..., None] * innovation
        yield innovation, total.reshape(lanes)

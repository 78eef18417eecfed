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
    """What the recursion reads: T rows of C columns in A lanes, missing values as zeros.

    ``values`` (T, C, A), ``seen`` (T, A), ``regressors`` (T, m). All columns of a lane share
    their gains. There is one lane for N assets, or N lanes of one column.
    """

    values: FloatArray
    seen: BoolArray
    regressors: FloatArray

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.values[part], self.seen[part], self.regressors[part])

    @classmethod
    def of(
        cls, observations: FloatArray, regressors: FloatArray, seen: BoolArray, *, shared: bool
    ) -> Rows:
        """Rows from (T, N) observations, (T, m) regressors and where both are given (T, N)."""
        values = observations if seen.all() else np.where(seen, observations, 0.0)
        known = np.asarray(~np.isnan(regressors).any(axis=1))
        regressors = np.where(known[:, None], regressors, 0.0)
        if shared:
            return cls(values[:, :, None], seen[:, :1], regressors)
        return cls(values[:, None, :], seen, regressors)


def recursion(
    rows: Rows, transition: float, process: FloatArray, state: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Predict and update row by row on lanes (G, A), in units of the observation variance.

    ``process`` (m, G, A) holds q / r; ``state`` (m, m + C, G, A) the covariance and beside it the
    means of C columns before the first prediction, CHANGED IN PLACE to the filtered ones.
    Yields per row the innovations divided by their standard deviation, (C, G, A), and their
    variance (G, A). Both also for missing rows, where they mean nothing.
    """
    states = len(process)
    # Made once: the loop runs T times on small arrays, where every call counts.
    diagonal = np.einsum("iiga->iga", state[:, :states])
    everything, change = bool(rows.seen.all()), np.empty_like(state)
    decay = np.full((state.shape[1], 1, 1), transition)
    decay[:states] *= transition
    for values, seen, regressor in zip(rows.values, rows.seen, rows.regressors, strict=True):
        if transition != 1.0:
            state *= decay
        diagonal += process
        # P h and the returns expected. Not by the matrix library, which would start threads for
        # products so long and thin.
        loaded = np.einsum("i,ijga->jga", regressor, state)
        total = np.einsum("i,iga->ga", regressor, loaded[:states])
        total += 1.0
        loaded[states:] -= values[:, None]
        loaded /= np.sqrt(total)
        gain = loaded[:states] if everything else loaded[:states] * seen
        state -= np.multiply(gain[:, None], loaded, out=change)
        yield -loaded[states:], total

"""Likelihood of time-varying regressions as a function of their noise variances.

The gains depend on the ratio q / r alone, so one recursion over a grid of ratios serves all
assets; r is concentrated out, or maximised by its own exact score where the initial variance is
given in raw units. A constant mean is the regression on a column of ones.

The unknown initial state b_0 = a + d is kept out of the recursion: it starts from the mean a with
variance 0, and m further columns (zero observations, unit starts) carry what d adds to each
innovation, u_t. With S = sum v^2/F, b = sum u v/F and M = sum u u'/F the likelihood is then known
in closed form for every prior variance of d, and a diffuse prior costs no digits.

Sources: F. C. Schweppe, Evaluation of likelihood functions for Gaussian signals, 1965;
P. de Jong, The diffuse Kalman filter, 1991 (the columns for the initial state).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.maximum import bisect
from kfxl.statespace.regression_recursion import BoolArray, Rows, recursion, same_missing

DIFFUSE = 1e6  # initial variance over observation variance, on scaled regressors
SMALLEST = 1e-20  # observation variance over mean square: keeps logarithms finite
BLOCK = 4_000_000  # numbers held at once


@dataclass(frozen=True)
class Regressions:
    """N regressions to calibrate, in the units of the caller.

    ``observations`` (T, N) and ``regressors`` (T, m) with NaN where missing; ``initial_mean``
    (N, m); ``initial_variance`` (N, m), or None for 1e6 x the observation variance.
    """

    observations: FloatArray
    regressors: FloatArray
    transition: float
    initial_mean: FloatArray
    initial_variance: FloatArray | None

    def known(self) -> BoolArray:
        """(T, N): where an observation and its regressors are given."""
        complete = ~np.isnan(self.regressors).any(axis=1)
        return ~np.isnan(self.observations) & np.asarray(complete)[:, None]


@dataclass(frozen=True)
class Moments:
    """Sums over rows on (G, N): count, sum log F, S, and M, b in eigenvectors of the prior.

    With D^2 the prior variance of the initial state (in raw units, or over r), ``eigenvalues``
    and ``cross`` (G, N, m) are those of D M D and V' D b. ``scale`` is r in the first case and
    1 in the second.
    """

    count: FloatArray
    log_total: FloatArray
    square: FloatArray
    eigenvalues: FloatArray
    cross: FloatArray

    def quadratic(self, scale: FloatArray) -> FloatArray:
        """Squared innovations with the initial state integrated out, times r, (G, N)."""
        shrunk = self.cross**2 / (self.eigenvalues + scale[..., None])
        return np.asarray(self.square - shrunk.sum(axis=-1))

    def log_determinant(self, scale: FloatArray) -> FloatArray:
        """Log of the product of the innovation variances over r, (G, N)."""
        prior = np.log1p(self.eigenvalues / scale[..., None])
        return np.asarray(self.log_total + prior.sum(axis=-1))

    def slope(self, r: FloatArray) -> FloatArray:
        """Derivative by log r of -2 log-likelihood, for a prior variance in raw units."""
        wide = r[..., None]
        total = self.eigenvalues + wide
        prior = self.cross**2 * (total + wide) / (wide * total**2) - self.eigenvalues / total
        return np.asarray(self.count - self.square / r + prior.sum(axis=-1))


class _Sums:
    """Running sums over some of the rows, on lanes (G, A) of m + C columns."""

    def __init__(self, size: tuple[int, ...], states: int) -> None:
        lanes, columns = size[:2], size[2] - states
        self.states = states
        self.count = np.zeros(lanes)
        self.log_total = np.zeros(lanes)
        self.square = np.zeros((*lanes, columns))
        self.products = np.zeros((*lanes, states, states + columns))

    def add(self, units: FloatArray, totals: FloatArray, mask: BoolArray) -> None:
        """Add rows (B, G, A, m + C) and their variances (B, G, A) where ``mask`` (B, A)."""
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            return
        mask = mask[rows, None]
        units = units[rows] * mask[..., None]
        self.count += mask.sum(axis=0)
        self.log_total += (np.log(totals[rows]) * mask).sum(axis=0)
        self.square += (units[..., self.states :] ** 2).sum(axis=0)
        loads = units[..., : self.states]
        self.products += loads.transpose(1, 2, 3, 0) @ units.transpose(1, 2, 0, 3)

    def moments(self, prior: FloatArray) -> Moments:
        """Sums per asset, in eigenvectors of D M D with D = ``prior`` (N, m)."""
        assets, states = prior.shape
        square = self.square.reshape(-1, assets)
        cross = self.products[..., states:].swapaxes(-1, -2).reshape(-1, assets, states) * prior
        scale = prior[:1] if (prior == prior[:1]).all() else prior
        gram = self.products[..., :states] * (scale[:, :, None] * scale[:, None, :])
        eigenvalues, vectors = np.linalg.eigh(gram)
        return Moments(
            np.broadcast_to(self.count, square.shape),
            np.broadcast_to(self.log_total, square.shape),
            square,
            np.broadcast_to(np.maximum(eigenvalues, 0.0), cross.shape),
            (vectors.swapaxes(-1, -2) @ cross[..., None])[..., 0],
        )


class Likelihood:
    """Log-likelihood (G, N) of regressions, the first m values of each asset left out.

    Observations, and with them all variances, are in units of each asset's root mean square, so
    that results do not depend on the caller's units.
    """

    def __init__(self, model: Regressions) -> None:
        known = model.known()
        squares = np.where(known, model.observations, 0.0) ** 2
        self.mean_square = squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        unit = np.where(self.mean_square > 0, np.sqrt(self.mean_square), 1.0)
        self.unit = unit
        self.observations = model.observations / unit
        self.regressors = model.regressors
        self.transition = model.transition
        self.initial_mean = model.initial_mean / unit[:, None]
        self.assets, self.states = self.initial_mean.shape
        self.relative = model.initial_variance is None
        self.prior = np.full(self.initial_mean.shape, np.sqrt(DIFFUSE))
        if model.initial_variance is not None:
            self.prior = np.sqrt(model.initial_variance) / unit[:, None]
        self.head = known & (known.cumsum(axis=0) <= self.states)
        self.same_missing = same_missing(model.observations)

    def given(self, process: FloatArray, r: FloatArray) -> FloatArray:
        """At ratios q / r ``process`` (m, G, 1 or N) and r, which broadcasts to (G, N)."""
        return self._value(*self._moments(process), r)

    def concentrated(self, process: FloatArray) -> tuple[FloatArray, FloatArray]:
        """At ratios q / r ``process`` (m, G, 1 or N) and the best r; also that r, (G, N)."""
        full, head = self._moments(process)
        if self.relative:
            one = np.ones(1)
            quadratic = full.quadratic(one) - head.quadratic(one)
            best = np.maximum(quadratic / np.maximum(full.count - head.count, 1), SMALLEST)
        else:
            best = bisect(
                lambda r: self._value(full, head, r),
                lambda r: head.slope(r) - full.slope(r),
                full.square.shape,
            )
        return self._value(full, head, best), best

    def _value(self, full: Moments, head: Moments, r: FloatArray) -> FloatArray:
        scale = np.ones(1) if self.relative else r
        constant = (full.count - head.count) * np.log(2 * np.pi * r)
        determinant = full.log_determinant(scale) - head.log_determinant(scale)
        quadratic = full.quadratic(scale) - head.quadratic(scale)
        return np.asarray(-0.5 * (constant + determinant + quadratic / r))

    def _moments(self, process: FloatArray) -> tuple[Moments, Moments]:
        """Moments of all rows, and of the head that is left out."""
        rows = self._rows(shared=self.same_missing and process.shape[2] == 1)
        periods, groups, columns = rows.values.shape
        lanes = (process.shape[1], groups, columns)
        process = np.broadcast_to(process, (self.states, *lanes[:2]))
        steps = recursion(rows, self.transition, process, *self._start(lanes))
        length = min(periods, max(1, BLOCK // int(np.prod(lanes))))
        units, totals = np.empty((length, *lanes)), np.empty((length, *lanes[:2]))
        masks = rows.seen, self.head[:, :groups]
        sums = _Sums(lanes, self.states), _Sums(lanes, self.states)
        for t, (innovation, total) in enumerate(steps):
            units[t % length], totals[t % length] = innovation, total
            held = t % length + 1
            if held == length or t == periods - 1:
                for part, mask in zip(sums, masks, strict=True):
                    part.add(units[:held], totals[:held], mask[t + 1 - held : t + 1])
        return sums[0].moments(self.prior), sums[1].moments(self.prior)

    def _rows(self, *, shared: bool) -> Rows:
        """The observations with the m columns of the initial state before them."""
        rows = Rows.of(self.observations, self.regressors, shared=shared)
        blank = np.zeros((*rows.values.shape[:2], self.states))
        return Rows(np.concatenate([blank, rows.values], axis=2), rows.seen, rows.regressors)

    def _start(self, lanes: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Mean (m, G, A, m + C) and covariance (zero) before the first prediction."""
        states, (ratios, groups, columns) = self.states, lanes
        mean = np.empty((states, ratios, groups, columns))
        mean[..., :states] = np.eye(states)[:, None, None]
        mean[..., states:] = self.initial_mean.T.reshape(states, 1, groups, columns - states)
        return mean, np.zeros((states, states, ratios, groups))

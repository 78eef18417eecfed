"""Likelihood of time-varying regressions as a function of their noise variances.

The gains depend on the ratio q / r alone, so one recursion over a grid of ratios serves all
assets that miss the same values; r is concentrated out, or maximised by its own exact score where
the initial variance is given in raw units. A mean is the regression on a column of ones; where it
is a random walk seen without gaps, its sums take no recursion.

The unknown initial state b_0 = a + d is kept out of the recursion: it starts from the mean a with
variance 0, and what d adds to each innovation, u_t, is carried along. With S = sum v^2/F,
b = sum u v/F and M = sum u u'/F the likelihood is then known in closed form for every prior
variance of d, and a diffuse prior costs no digits.

Sources: F. C. Schweppe, Evaluation of likelihood functions for Gaussian signals, 1965;
P. de Jong, The diffuse Kalman filter, 1991 (the columns for the initial state).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import BoolArray, IntArray, alike, columns_of
from kfxl.statespace.innovation_sums import Sums, separate_sums, shared_sums
from kfxl.statespace.maximum import bisect
from kfxl.statespace.random_walks import RandomWalks, runs
from kfxl.statespace.regression_recursion import Rows

DIFFUSE = 1e6  # initial variance over observation variance, on scaled regressors
SMALLEST = 1e-20  # observation variance over mean square: keeps logarithms finite
BLOCK = 100_000  # innovations held at once
LANES = 50_000  # numbers in covariances that go side by side


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


def _moments_of(sums: Sums, prior: FloatArray) -> Moments:
    """Sums in eigenvectors of D M D with D = ``prior`` (N, m)."""
    scale = prior[:1] if (prior == prior[:1]).all() else prior
    gram = sums.gram * (scale[:, :, None] * scale[:, None, :])
    eigenvalues, vectors = np.linalg.eigh(gram)
    cross = sums.cross * prior
    return Moments(
        np.broadcast_to(sums.count, sums.square.shape),
        np.broadcast_to(sums.log_total, sums.square.shape),
        sums.square,
        np.broadcast_to(np.maximum(eigenvalues, 0.0), cross.shape),
        (vectors.swapaxes(-1, -2) @ cross[..., None])[..., 0],
    )


def _joined(parts: list[tuple[IntArray, Moments]]) -> Moments:
    """The moments of all assets in their order, from those of some assets each."""
    if len(parts) == 1:
        return parts[0][1]
    order = np.argsort(np.concatenate([assets for assets, _ in parts]))
    columns = zip(*(vars(moments).values() for _, moments in parts), strict=True)
    return Moments(*(np.concatenate(column, axis=1)[:, order] for column in columns))


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
        self.known = known
        self.walks, self.others = self._random_walks()

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

    def as_given(self, values: FloatArray) -> FloatArray:
        """Log-likelihoods of the observations in the caller's units.

        The density of z is that of z / unit, over the unit.
        """
        counts = np.maximum(self.known.sum(axis=0) - self.states, 0)
        return np.asarray(values - counts * np.log(self.unit))

    def _value(self, full: Moments, head: Moments, r: FloatArray) -> FloatArray:
        scale = np.ones(1) if self.relative else r
        constant = (full.count - head.count) * np.log(2 * np.pi * r)
        determinant = full.log_determinant(scale) - head.log_determinant(scale)
        quadratic = full.quadratic(scale) - head.quadratic(scale)
        return np.asarray(-0.5 * (constant + determinant + quadratic / r))

    def _random_walks(self) -> tuple[list[tuple[IntArray, RandomWalks]], IntArray]:
        """Assets whose means are random walks seen without gaps, alike; the other assets."""
        if self.transition != 1 or self.states > 1 or not (self.regressors == 1).all():
            return [], np.arange(self.assets)
        found, others = runs(self.known)
        walks = []
        for rows, own in found:
            values = self.observations[rows, columns_of(own)] - self.initial_mean[own, 0]
            walks.append((own, RandomWalks.of(values, rows.start)))
        return walks, others

    def _moments(self, process: FloatArray) -> tuple[Moments, Moments]:
        """Moments of all rows, and of the head that is left out."""
        states, sets, _ = process.shape
        parts = []
        for own, walks in self.walks:
            ratios = process[0]
            parts.append((own, walks.sums(ratios if ratios.shape[1] == 1 else ratios[:, own])))
        process = np.broadcast_to(process, (states, sets, self.assets))
        groups, rest = self._alike(process)
        lanes = max(1, LANES // (sets * states * states))
        pieces = [rest[i : i + lanes] for i in range(0, len(rest), lanes)]
        parts += [(group, self._sums(process, group, shared=True)) for group in groups]
        parts += [(piece, self._sums(process, piece, shared=False)) for piece in pieces]
        full, head = (
            _joined([(own, _moments_of(sums[k], self.prior[own])) for own, sums in parts])
            for k in range(2)
        )
        return full, head

    def _alike(self, process: FloatArray) -> tuple[list[IntArray], IntArray]:
        """Of the other assets: groups that share one path, and the rest."""
        others = self.others
        if not others.size:
            return [], others
        groups, rest = alike(self.known[:, others], process[:, :, others])
        return [others[group] for group in groups], others[rest]

    def _sums(self, process: FloatArray, assets: IntArray, *, shared: bool) -> tuple[Sums, Sums]:
        """Sums over all rows and over the head, for some assets."""
        columns = columns_of(assets)
        seen = self.known[:, columns]
        rows = Rows.of(self.observations[:, columns], self.regressors, seen, shared=shared)
        start = self.initial_mean[assets].T
        if shared:
            return shared_sums(rows, self.transition, process[:, :, assets[0]], start)
        return separate_sums(rows, self.transition, process[:, :, assets], start, BLOCK)

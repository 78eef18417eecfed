"""Likelihood sums of random walks behind noise, without a recursion.

A run of T returns around a random walk from a known start has covariance r I + q min(s, t). The
eigenvectors of min(s, t) are sines whatever the ratio q / r is, so one Fourier transform of the
returns serves every ratio: all sums of the likelihood are then weighted sums of squares. It is
the inverse of the second difference that is 0 before the first row and level after the last.

A walk that began earlier, unseen, starts with a variance of its own: an update of rank one.

Source: G. Strang, The discrete cosine transform, SIAM Review 41, 1999 (second differences and
their eigenvectors for each kind of end).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.statespace.alike import UNTHREADED, BoolArray, IntArray
from kfxl.statespace.innovation_sums import Sums

HELD = 500_000  # numbers held at once
BLOCK = 256  # rows of a product


def runs(known: BoolArray) -> tuple[list[tuple[slice, IntArray]], IntArray]:
    """Assets (columns of (T, N)) by the rows of their one run of returns; those with gaps in it.

    >>> runs(np.array([[1, 0, 1], [1, 1, 0], [1, 1, 1]], dtype=bool))
    ([(slice(0, 3, None), array([0])), (slice(1, 3, None), array([1]))], array([2]))
    """
    count = known.sum(axis=0)
    first = known.argmax(axis=0)
    end = len(known) - known[::-1].argmax(axis=0)
    whole = (count > 0) & (end - first == count)
    ends = np.stack([first, end])
    places = np.unique(ends[:, whole], axis=1).T
    found = [
        (slice(int(start), int(stop)), np.flatnonzero(whole & (first == start) & (end == stop)))
        for start, stop in places
    ]
    return found, np.flatnonzero(~whole)


@dataclass(frozen=True)
class RandomWalks:
    """Returns less their walks' start, T in a row for each of C assets, as the sums need them.

    ``delay`` counts the unseen rows before the first; ``first`` (C,) are the first returns.
    ``strength`` (T,) are the eigenvalues of min(s, t), ``unit`` (T,) is a column of ones in its
    eigenvectors; ``square`` and ``cross`` (T, C) are the returns' there, squared and times it.
    """

    delay: int
    first: FloatArray
    strength: FloatArray
    unit: FloatArray
    square: FloatArray
    cross: FloatArray

    @classmethod
    def of(cls, values: FloatArray, delay: int) -> RandomWalks:
        """Of returns (T, C) less the start, seen after ``delay`` unseen rows.

        Examples
        --------
        >>> walks = RandomWalks.of(np.array([[1.0], [2.0]]), delay=0)
        >>> ((1 / (1 + 0.5 * walks.strength)) @ walks.square).round(12).tolist()
        [2.181818181818]
        """
        rows, assets = values.shape
        period = 2 * rows + 1
        # In the order of the transform: 1 / (2 + 2 cos(2 pi k / period)), without cancellation.
        angles = np.pi * np.arange(period - 2, 0, -2) / (2 * period)
        strength = 1 / (2 * np.sin(angles)) ** 2
        unit = _sines(np.ones((rows, 1)), period)
        square, cross = np.empty((rows, assets)), np.empty((rows, assets))
        width = max(1, HELD // period)
        for left in range(0, assets, width):
            part = slice(left, left + width)
            turned = _sines(values[:, part], period)
            square[:, part], cross[:, part] = turned**2, turned * unit
        return cls(delay, values[0], strength, unit[:, 0], square, cross)

    def sums(self, ratios: FloatArray) -> tuple[Sums, Sums]:
        """Over all rows and over the first one, at ratios q / r (G, 1) or (G, C)."""
        rows, assets = self.square.shape
        sets, lanes = ratios.shape
        full, head = (Sums.none(sets, lanes, assets, 1) for _ in range(2))
        full.count[...], head.count[...] = rows, 1
        width = assets if lanes == 1 else max(1, HELD // (rows * sets))
        for left in range(0, lanes, width):
            part = slice(left, left + width)
            columns = slice(0, assets) if lanes == 1 else part
            variance = 1 + ratios[:, None, part] * self.strength[:, None]
            weight = 1 / variance
            full.log_total[:, part] = np.log(variance).sum(axis=1)
            full.gram[:, part, 0, 0] = np.einsum("t,gtc->gc", self.unit**2, weight)
            for target, source in ((full.square, self.square), (full.cross[..., 0], self.cross)):
                target[:, columns] = _weighted(weight, source[:, columns])
        self._add_delay(full, ratios)
        variance = 1 + ratios * (self.delay + 1)
        head.log_total[...], head.gram[..., 0, 0] = np.log(variance), 1 / variance
        head.square[...], head.cross[..., 0] = self.first**2 / variance, self.first / variance
        return full, head

    def _add_delay(self, sums: Sums, ratios: FloatArray) -> None:
        """Let the walks start with the variance that the unseen rows gave them."""
        if not self.delay:
            return
        gram, cross = sums.gram[..., 0, 0], sums.cross[..., 0]
        growth = 1 + ratios * self.delay * gram
        sums.log_total[...] += np.log(growth)
        sums.square[...] -= ratios * self.delay * cross**2 / growth
        cross /= growth
        gram /= growth


def _sines(values: FloatArray, period: int) -> FloatArray:
    """Values (T, C) in the eigenvectors, each with the same sign for all columns."""
    turned = np.zeros((len(values) + 1, values.shape[1]))
    turned[1::2], turned[2::2] = values[::2], -values[1::2]
    imaginary = np.fft.rfft(turned, period, axis=0)[1:].imag
    return np.asarray(imaginary * (2 / np.sqrt(period)))


def _weighted(weight: FloatArray, values: FloatArray) -> FloatArray:
    """Sums (G, C) over rows of values (T, C) with weights (G, T, 1) or (G, T, C)."""
    if weight.shape[2] > 1:
        return np.asarray(np.einsum("gtc,tc->gc", weight, values))
    sets, rows, assets = *weight.shape[:2], values.shape[1]
    total = np.zeros((sets, assets))
    width = max(1, UNTHREADED // (sets * BLOCK))
    for top in range(0, rows, BLOCK):
        block = slice(top, top + BLOCK)
        for left in range(0, assets, width):
            part = slice(left, left + width)
            total[:, part] += weight[:, block, 0] @ values[block, part]
    return total

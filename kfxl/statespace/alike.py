"""Which assets are alike: those share one path of covariances and gains."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

WIDE = 8  # assets from which on a path of their own pays
MANTISSA = 2.0**46  # numbers that differ by less than a few roundings are equal
# OpenBLAS takes threads for a product of more than so many multiplications. At these sizes they
# cost more than they save, and where other programs keep the processors busy they stall.
UNTHREADED = 2**18


def alike(observed: BoolArray, *parameters: FloatArray) -> tuple[list[IntArray], IntArray]:
    """Groups of assets with the same missing values (T, N) and parameters (..., N), and the rest.

    A group has at least 8 assets, or it is all there are and complete.

    >>> seen = np.ones((2, 10), dtype=bool)
    >>> [group.tolist() for group in alike(seen, np.array([0.1] * 9 + [0.2]))[0]]
    [[0, 1, 2, 3, 4, 5, 6, 7, 8]]
    """
    assets, complete = observed.shape[1], bool(observed.all())
    numbers = np.vstack([np.reshape(part, (-1, assets)) for part in parameters])
    patterns = observed[:0] if complete else np.packbits(observed, axis=0)
    everything = np.arange(assets)
    if (numbers == numbers[:, :1]).all() and (patterns == patterns[:, :1]).all():
        shared = complete or assets >= WIDE
        return ([everything], everything[:0]) if shared else ([], everything)
    mantissa, exponent = np.frexp(numbers)
    rounded = np.ldexp(np.rint(mantissa * MANTISSA), exponent)
    groups: dict[bytes, list[int]] = {}
    for asset, (row, pattern) in enumerate(zip(rounded.T, patterns.T, strict=True)):
        groups.setdefault(row.tobytes() + pattern.tobytes(), []).append(asset)
    wide = [np.array(group) for group in groups.values() if len(group) >= WIDE]
    return wide, np.setdiff1d(everything, np.concatenate(wide)) if wide else everything


def columns_of(group: IntArray) -> IntArray | slice:
    """What selects a group's columns: a slice where they are next to each other."""
    first, last = int(group[0]), int(group[-1])
    return slice(first, last + 1) if last - first == len(group) - 1 else group

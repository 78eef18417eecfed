"""Which labels the result of an optimiser carries when only some arguments have them."""

from __future__ import annotations

import pandas as pd

from kfxl.arrays import Square


def adopt_labels(matrix: Square, *others: object) -> Square:
    """``matrix``, with the labels of the first Series in ``others`` where it has none itself.

    All other labelled arguments are then aligned by these.

    >>> import numpy as np
    >>> square = adopt_labels(Square(np.eye(2)), pd.Series([0.6, 0.4], index=["A", "B"]))
    >>> list(square.labels)
    ['A', 'B']
    """
    if matrix.labels is None:
        for values in others:
            if isinstance(values, pd.Series) and len(values) == len(matrix.values):
                return Square(matrix.values, values.index)
    return matrix

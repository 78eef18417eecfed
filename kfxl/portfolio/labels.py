"""Which labels the result of an optimiser carries when only some arguments have them."""

from __future__ import annotations

import pandas as pd

from kfxl.arrays import Square


def adopt_labels(matrix: Square, values: object) -> Square:
    """``matrix``, with the labels of the Series ``values`` where it has none itself.

    >>> import numpy as np
    >>> square = adopt_labels(Square(np.eye(2)), pd.Series([0.6, 0.4], index=["A", "B"]))
    >>> list(square.labels)
    ['A', 'B']
    """
    if (
        matrix.labels is None
        and isinstance(values, pd.Series)
        and len(values) == len(matrix.values)
    ):
        return Square(matrix.values, values.index)
    return matrix

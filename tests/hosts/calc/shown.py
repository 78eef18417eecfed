"""What cells of LibreOffice must show, and how far what they show is from it."""

from __future__ import annotations

import math
import re
from itertools import chain
from typing import Any

Cells = list[list[Any]]
MISSING = "#N/A"
REFUSAL = "Err:504"  # an argument has an error value: no add-in is called
ERROR = re.compile(r"Err:\d+|#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)")
CLOSE = 1e-12


def is_error(value: Any) -> bool:
    """Whether a cell holds an error value, as it looks; a text of kfxl's is none.

    >>> is_error("#N/A"), is_error("Err:504"), is_error("#KFXL! x: y; z")
    (True, True, False)
    """
    return isinstance(value, str) and ERROR.fullmatch(value) is not None


def in_area(result: Any, height: int, width: int) -> Cells:
    """A function's result as an array formula of that size shows it.

    What is too large is cut; a single row or column is repeated; the rest is ``#N/A``.

    >>> in_area([[1, 2]], 2, 3), in_area("text", 1, 2)
    ([[1, 2, '#N/A'], [1, 2, '#N/A']], [['text', 'text']])
    >>> in_area([[1, 2], [3, 4]], 3, 1)
    [[1], [3], ['#N/A']]
    """
    rows = result if isinstance(result, list) else [[result]]

    def at(i: int, j: int) -> Any:
        i, j = (0 if len(rows) == 1 else i), (0 if len(rows[0]) == 1 else j)
        return rows[i][j] if i < len(rows) and j < len(rows[0]) else MISSING

    return [[at(i, j) for j in range(width)] for i in range(height)]


def apart(found: Any, expected: Any) -> float:
    """How far a cell is from what it must show: 0 for the same text, infinity for another."""
    if isinstance(expected, str) or isinstance(found, str):
        return 0.0 if found == expected else float("inf")
    distance = abs(float(found) - float(expected))
    return distance if math.isfinite(distance) else float("inf")


def largest(found: Cells, expected: Cells) -> float:
    """The largest distance of two blocks of the same size."""
    assert (len(found), len(found[0])) == (len(expected), len(expected[0]))
    pairs = zip(chain(*found), chain(*expected), strict=True)
    return max(apart(cell, meant) for cell, meant in pairs)

"""Dates of LibreOffice documents that do not count days from 1899-12-30.

A cell with a date arrives as the document's number of that day. Such numbers agree with each
other whatever day the document counts from. They do not agree with calendar numbers, such as
202003 for a month, which mean the same day in every document: a date as ``as_of`` that was read
in the other way would be years off, and look ahead.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from kfxl.errors import InputError
from kfxl.spreadsheet.cells import is_number, is_whole, tidy
from kfxl.spreadsheet.dates import EPOCH, Numbering, date_index, numbering_of, serial
from kfxl.spreadsheet.functions import FUNCTIONS
from kfxl.spreadsheet.headers import layout_of

AS_OF = "as_of"
DATED = frozenset({"returns", "asset_returns", "factor_returns", "data"})
FIRST_DAY = 1  # what is before it is before every date, too
CALENDAR = ("yyyymm", "yyyymmdd")


def translated(name: str, arguments: Sequence[Any], days: int) -> list[Any]:
    """The arguments of a function, with ``as_of`` counted as the dates of its ranges are.

    Parameters
    ----------
    name : str
        The worksheet function.
    arguments : sequence
        What LibreOffice sent for it.
    days : int
        How many days after 1899-12-30 the document begins to count.

    Raises
    ------
    InputError
        Which day is meant cannot be known.

    Examples
    --------
    >>> rows = [["Date", "Gold", "Land"], [40207, 0.01, 0.02], [40235, 0.03, -0.01]]
    >>> call = [rows, None, None, None, 201402]
    >>> translated("RISK_PARITY_WEIGHTS", call, 1462)[-1]  # 2014-02-28, as the last row
    40236
    >>> translated("RISK_PARITY_WEIGHTS", call, 0)[-1]
    201402
    """
    known = dict(zip(inspect.signature(FUNCTIONS[name]).parameters, arguments, strict=False))
    moment = _number(known.get(AS_OF))
    if days == 0 or moment is None:
        return list(arguments)
    ways = {_way(known[key], key) for key in sorted(DATED & known.keys())} - {None}
    known[AS_OF] = _as_of(moment, ways, days)
    return list(known.values())


def _number(cell: Any) -> float | None:
    """The number that ``as_of`` is; None for what means the same in every document."""
    if isinstance(cell, list) and len(cell) == 1 and len(cell[0]) == 1:
        ((cell,),) = cell
    return float(cell) if is_number(cell) and cell != 0 else None


def _way(cells: Any, argument: str) -> Numbering | None:
    """How the first column of a range counts its dates; None where it has none."""
    try:
        rows = tidy(cells, argument)
        layout = layout_of(rows, argument, "returns")
    except InputError:
        return None  # the function itself says so
    if not layout.dated:
        return None
    return numbering_of([float(row[layout.first]) for row in rows[layout.top :]])  # type: ignore[arg-type]


def _as_of(moment: float, ways: set[Numbering | None], days: int) -> float:
    calendar = is_whole(moment) and numbering_of([moment]) in CALENDAR
    start = date(EPOCH.year, EPOCH.month, EPOCH.day) + timedelta(days=days)
    if len({way in CALENDAR for way in ways}) > 1:
        problem = f"this document counts dates from {start}, one range has numbers as 202012"
        raise InputError(AS_OF, problem, "give all ranges date cells, or all of them such numbers")
    if calendar and ways == {"serial"}:
        (day,) = date_index([moment])
        return max(serial(day.to_pydatetime()) - days, FIRST_DAY)
    if calendar and "period" in ways:
        problem = (
            f"{moment:g} is no number as the rows have, in a document that counts from {start}"
        )
        raise InputError(AS_OF, problem, "give a date cell, or a number as the rows have")
    return moment + days if not calendar and ways and ways <= set(CALENDAR) else moment

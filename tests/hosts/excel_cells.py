"""Cells as Excel hands them over through COM, and results as VBA gets them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.hosts.pywin32_stub import MISSING, com_time

# What pywin32 gives for error values: CVErr's number plus &H800A0000 as a signed number.
ERROR_CODES = {
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
}


def as_sent(argument: Any, *, omitted: bool = False) -> Any:
    """An argument as it arrives: tuples of tuples; one cell alone; an omitted one as its code."""
    if argument is None and omitted:
        return MISSING
    if hasattr(argument, "tolist"):
        argument = argument.tolist()
    if not isinstance(argument, list | tuple):
        return cell(argument)
    rows = [row if isinstance(row, list | tuple) else [row] for row in argument]
    if len(rows) == 1 and len(rows[0]) == 1:
        return cell(rows[0][0])
    return tuple(tuple(cell(value) for value in row) for row in rows)


def cell(value: Any) -> Any:
    """One cell: numbers are doubles, errors codes, dates COM's."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, dt.datetime):
        return com_time(value)
    return ERROR_CODES.get(str(value), value)


def as_rows(result: Any) -> Any:
    """A result as rows again: VBA gets one row as an array of one dimension, one cell alone."""
    if not isinstance(result, list | tuple):
        return result if isinstance(result, str) else [[result]]
    if result and not isinstance(result[0], list | tuple):
        return [list(result)]
    return [list(row) for row in result]

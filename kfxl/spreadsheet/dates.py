"""Dates as spreadsheets send them: datetimes, serial numbers, YYYYMM, YYYYMMDD, period numbers.

Every host sends the same date in another dress, so comparisons go through one canonical form.
Datetimes, serial numbers, YYYYMM (the month's last day) and YYYYMMDD become timestamps; any
other whole numbers stay what they are, numbers of periods. A plain number does not say
whether its workbook counts from 1900 or 1904: it is read as 1900. In a 1904 workbook serial
numbers still agree with each other and leave as they came.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from kfxl.errors import InputError

DateCell: TypeAlias = "datetime | float"
Numbering: TypeAlias = Literal["yyyymmdd", "yyyymm", "serial", "period"]

EPOCH = datetime(1899, 12, 30)
SECOND = timedelta(seconds=1)
FIRST_SERIAL = 7306  # 1920-01-01: smaller numbers are taken for period numbers
LAST_SERIAL = 73415  # 2100-12-31
LAST_EXCEL_SERIAL = 2958465  # 9999-12-31


def serial(moment: datetime) -> float:
    """Serial number of a datetime in the 1900 system, whole at midnight.

    >>> serial(datetime(2001, 1, 31)), serial(datetime(2001, 1, 31, 12))
    (36922, 36922.5)
    """
    gap = (moment.replace(tzinfo=None) if moment.tzinfo else moment) - EPOCH
    return gap.days if not gap.seconds else gap.days + gap.seconds / 86400


def from_serial(number: float) -> datetime:
    """The datetime of a serial number, to the second (a serial number resolves no more)."""
    return EPOCH + timedelta(seconds=round(number * 86400))


def _parts(number: float, numbering: Numbering) -> tuple[int, int, int]:
    whole = int(number)
    if numbering == "yyyymm":
        return whole // 100, whole % 100, 28
    return whole // 10000, whole // 100 % 100, whole % 100


def _is_calendar_date(number: float, numbering: Numbering) -> bool:
    year, month, day = _parts(number, numbering)
    if not (1900 <= year <= 2100 and 1 <= month <= 12):
        return False
    return 1 <= day <= calendar.monthrange(year, month)[1]


def numbering_of(numbers: Sequence[float]) -> Numbering:
    """What whole numbers mean, all of them together.

    >>> numbering_of([199912, 200001]), numbering_of([36922, 36950]), numbering_of([1, 2, 3])
    ('yyyymm', 'serial', 'period')
    """
    if all(_is_calendar_date(number, "yyyymmdd") for number in numbers):
        return "yyyymmdd"
    if all(_is_calendar_date(number, "yyyymm") for number in numbers):
        return "yyyymm"
    if all(FIRST_SERIAL <= number <= LAST_SERIAL for number in numbers):
        return "serial"
    return "period"


def _moment(cell: DateCell, numbering: Numbering) -> datetime:
    if isinstance(cell, datetime):
        # A serial number resolves no more than seconds.
        return cell.replace(microsecond=0, tzinfo=None)
    if numbering == "yyyymm":
        # A month's return is known when the month is over, so as_of must not see it before.
        year, month, _ = _parts(cell, numbering)
        return datetime(year, month, calendar.monthrange(year, month)[1])
    if numbering == "yyyymmdd":
        return datetime(*_parts(cell, numbering))
    return from_serial(cell)


def date_index(cells: Sequence[DateCell]) -> pd.Index:
    """Canonical index of a date column: timestamps, or whole period numbers.

    >>> date_index([199912, 200001]).equals(date_index([36525, 36556]))
    True
    """
    numbers = [cell for cell in cells if not isinstance(cell, datetime)]
    numbering = numbering_of(numbers) if numbers else "serial"
    if numbering == "period":
        return pd.Index([int(number) for number in numbers])
    # Seconds reach the year 9999, which spreadsheets use for "never"; nanoseconds do not.
    seconds = [(_moment(cell, numbering) - EPOCH) // SECOND for cell in cells]
    return pd.DatetimeIndex(np.datetime64(EPOCH, "s") + np.array(seconds, dtype="timedelta64[s]"))


def date_out(cell: DateCell) -> float:
    """How a date leaves: as the number it came in as; a datetime as its serial number."""
    number = serial(cell) if isinstance(cell, datetime) else cell
    return int(number) if number == int(number) else number


def date_text(cell: DateCell, index: pd.Index, position: int) -> str:
    """How a message names a date.

    >>> date_text(200102, date_index([200101, 200102]), 1)
    '2001-02'
    """
    if not isinstance(index, pd.DatetimeIndex):
        return f"{cell:g}" if not isinstance(cell, datetime) else f"{cell:%Y-%m-%d}"
    if not isinstance(cell, datetime) and numbering_of([cell]) == "yyyymm":
        return f"{index[position]:%Y-%m}"
    return f"{index[position]:%Y-%m-%d}"


def _as_of_moment(as_of: DateCell) -> datetime:
    if isinstance(as_of, datetime):
        return from_serial(serial(as_of))
    numbering = numbering_of([as_of]) if as_of == int(as_of) else "serial"
    if numbering in ("yyyymm", "yyyymmdd"):
        return _moment(as_of, numbering)
    if not 0 < as_of <= LAST_EXCEL_SERIAL:
        raise InputError("as_of", f"{as_of:g} is no date", "give a date")
    return from_serial(as_of)


def rows_until(index: pd.Index, as_of: DateCell, argument: str) -> int:
    """How many rows of a date column are not later than ``as_of``; at least one."""
    if isinstance(index, pd.DatetimeIndex):
        moment = _as_of_moment(as_of)
        count = int((index <= np.datetime64(moment, "s")).sum())
        shown = f"{moment:%Y-%m-%d}"
    elif isinstance(as_of, datetime):
        problem = f"is a date, but the rows of {argument} are numbered"
        raise InputError("as_of", problem, "give one of their numbers")
    else:
        count = int((index <= as_of).sum())
        shown = f"{as_of:g}"
    if count == 0:
        raise InputError(
            "as_of", f"{shown} is before the first date of {argument}", "give a later date"
        )
    return count

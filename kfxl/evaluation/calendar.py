"""How often returns come, read from their dates, and the habits that go with it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

DAILY = 252
LONGEST_GAP_IN_DAYS = {4: DAILY, 10: 52, 45: 12, 135: 4}


@dataclass(frozen=True)
class Schedule:
    """Periods between two rebalances, and rows that a covariance looks back."""

    rebalance_every: int
    lookback: int


def periods_per_year_of(index: pd.Index | None) -> int:
    """252, 52, 12, 4 or 1 from the usual gap between dates; 252 where there are no dates.

    Parameters
    ----------
    index : pandas.Index or None
        Labels of the rows. Dates are a DatetimeIndex, a PeriodIndex or date objects; numbers
        are never read as dates.

    Returns
    -------
    int

    Examples
    --------
    >>> periods_per_year_of(pd.date_range("2024-01-31", periods=6, freq="ME"))
    12
    >>> periods_per_year_of(None)
    252
    """
    dates = _dates(index)
    if dates is None or len(dates) < 2:
        return DAILY
    usual = float(np.median((dates[1:] - dates[:-1]) / pd.Timedelta(days=1)))
    return next((count for longest, count in LONGEST_GAP_IN_DAYS.items() if usual <= longest), 1)


def _dates(index: pd.Index | None) -> pd.DatetimeIndex | None:
    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index
    if index is not None and all(isinstance(label, datetime.date) for label in index):
        return pd.DatetimeIndex(index)
    return None


def defaults_for(periods_per_year: float) -> Schedule:
    """When to rebalance and how far to look back, by how often returns come.

    Examples
    --------
    >>> defaults_for(12)
    Schedule(rebalance_every=1, lookback=60)
    """
    if periods_per_year >= 100:
        return Schedule(10, 50)
    if periods_per_year >= 26:
        return Schedule(4, 52)
    if periods_per_year >= 7:
        return Schedule(1, 60)
    return Schedule(1, 20)

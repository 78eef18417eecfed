"""How often returns come, from their dates."""

import datetime

import pandas as pd
import pytest

from kfxl.evaluation.calendar import Schedule, defaults_for, periods_per_year_of


@pytest.mark.parametrize(
    ("frequency", "periods"),
    [("B", 252), ("D", 252), ("W-FRI", 52), ("ME", 12), ("MS", 12), ("QE", 4), ("YE", 1)],
)
def test_dates(frequency, periods):
    dates = pd.date_range("2020-01-01", periods=30, freq=frequency)
    assert periods_per_year_of(dates) == periods
    assert periods_per_year_of(pd.Index([stamp.date() for stamp in dates])) == periods
    assert periods_per_year_of(dates.tz_localize("Europe/Berlin")) == periods


def test_holidays_and_gaps_do_not_matter():
    dates = pd.bdate_range("2020-01-01", periods=100).delete(range(40, 60))
    assert periods_per_year_of(dates) == 252


def test_periods():
    assert periods_per_year_of(pd.period_range("2020-01", periods=9, freq="M")) == 12


def test_no_dates():
    for index in (None, pd.RangeIndex(9), pd.Index([202401, 202402]), pd.Index(["a", "b"])):
        assert periods_per_year_of(index) == 252
    assert periods_per_year_of(pd.DatetimeIndex(["2024-01-31"])) == 252
    two_years = pd.Index([datetime.date(2024, 1, 31), datetime.date(2025, 1, 31)])
    assert periods_per_year_of(two_years) == 1


@pytest.mark.parametrize(
    ("periods", "schedule"),
    [(252, (10, 50)), (365, (10, 50)), (52, (4, 52)), (12, (1, 60)), (4, (1, 20)), (1, (1, 20))],
)
def test_defaults(periods, schedule):
    assert defaults_for(periods) == Schedule(*schedule)

"""The government's office calendar: which days are worked, made-up Saturdays included.

Source: the `holidays` package (country TW), which matched the published calendar on every day of 2017–2024.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache

import holidays
import numpy as np
import polars as pl

#: Days before and after a month that the calendar knows of.  A leave reaching further already holds more working
#: hours than the format lets any record claim (8784), so where it ends makes no difference.
REACH_YEARS = 6


@cache
def _worked(year: int) -> np.ndarray:
    """One boolean a day of `year`: worked."""
    calendar = holidays.country_holidays("TW", years=year)
    days = np.arange(f"{year:04}-01-01", f"{year + 1:04}-01-01", dtype="datetime64[D]")
    off = np.array([day for day in calendar if day.year == year], dtype="datetime64[D]")
    made_up = np.array(sorted(calendar.weekend_workdays), dtype="datetime64[D]")
    return np.is_busday(days, holidays=off) | np.isin(days, made_up)


@dataclass(frozen=True)
class OfficeCalendar:
    """Working days from 1 January of `first_year` to 31 December of `last_year`; days outside count as the edge."""

    first_year: int
    last_year: int
    _until: pl.Series = field(init=False, repr=False)

    def __post_init__(self) -> None:
        worked = np.concatenate([_worked(year) for year in range(self.first_year, self.last_year + 1)])
        until = np.concatenate([[0], np.cumsum(worked)]).astype(np.int32)
        object.__setattr__(self, "_until", pl.Series(until))

    @classmethod
    def around(cls, months: list[str]) -> "OfficeCalendar":
        """A calendar that reaches `REACH_YEARS` to either side of the given months (`YYYY-MM`)."""
        years = [int(month[:4]) for month in months] or [date.today().year]  # noqa: DTZ011  (only how far it reaches)
        return cls(max(min(years) - REACH_YEARS, 1), min(max(years) + REACH_YEARS, 9998))

    def working_days(self, first: pl.Series, last: pl.Series) -> pl.Series:
        """Working days from `first` to `last` (dates), both included: Int32, 0 where `last` is before `first`."""
        return self._count(last, 1) - self._count(first, 0)

    def _count(self, days: pl.Series, offset: int) -> pl.Series:
        """Working days before the given days (`offset` 0) or before the days after them (1)."""
        origin = (date(self.first_year, 1, 1) - date(1970, 1, 1)).days
        position = (days.cast(pl.Int32) - origin + offset).clip(0, len(self._until) - 1)
        return self._until.gather(position)

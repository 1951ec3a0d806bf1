"""The government's office calendar, day by day: which days are worked, made-up Saturdays included.

Source of the packaged days: the `holidays` package (country TW), which matched the published calendar on every day of
2017–2026.  What an operator imported, as published, goes over them: it opens days as well as closing them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import holidays
import numpy as np


@cache
def days_worked(year: int) -> np.ndarray:
    """One boolean a day of `year`: worked, by the packaged calendar."""
    calendar = holidays.country_holidays("TW", years=year)
    days = np.arange(f"{year:04}-01-01", f"{year + 1:04}-01-01", dtype="datetime64[D]")
    off = np.array([day for day in calendar if day.year == year], dtype="datetime64[D]")
    made_up = np.array(sorted(calendar.weekend_workdays), dtype="datetime64[D]")
    return np.is_busday(days, holidays=off) | np.isin(days, made_up)


def is_worked(day: date) -> bool:
    """Whether the government's offices work on that day, by the packaged calendar."""
    return bool(days_worked(day.year)[day.timetuple().tm_yday - 1])


@dataclass(frozen=True)
class OfficeDays:
    """The office calendar of the whole country: the packaged days, and over them the `imported` (day → worked)."""

    imported: Mapping[date, bool] = field(default_factory=dict)

    def is_worked(self, day: date) -> bool:
        """Whether the government's offices work on that day."""
        return self.imported[day] if day in self.imported else is_worked(day)

    def worked_between(self, first_year: int, last_year: int) -> np.ndarray:
        """One boolean a day, from 1 January of `first_year` to 31 December of `last_year`: worked."""
        worked = np.concatenate([days_worked(year) for year in range(first_year, last_year + 1)])
        origin = date(first_year, 1, 1).toordinal()
        for day, is_open in self.imported.items():
            if first_year <= day.year <= last_year:
                worked[day.toordinal() - origin] = is_open
        return worked

    def differing(self) -> dict[date, bool]:
        """The days on which what was imported is not what is packaged, in order."""
        return {day: worked for day, worked in sorted(self.imported.items()) if worked != is_worked(day)}

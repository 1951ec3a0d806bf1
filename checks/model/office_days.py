"""The government's office calendar, day by day: which days are worked, made-up Saturdays included.

Source: the `holidays` package (country TW), which matched the published calendar on every day of 2017–2024.
"""

from datetime import date
from functools import cache

import holidays
import numpy as np


@cache
def days_worked(year: int) -> np.ndarray:
    """One boolean a day of `year`: worked."""
    calendar = holidays.country_holidays("TW", years=year)
    days = np.arange(f"{year:04}-01-01", f"{year + 1:04}-01-01", dtype="datetime64[D]")
    off = np.array([day for day in calendar if day.year == year], dtype="datetime64[D]")
    made_up = np.array(sorted(calendar.weekend_workdays), dtype="datetime64[D]")
    return np.is_busday(days, holidays=off) | np.isin(days, made_up)


def is_worked(day: date) -> bool:
    """Whether the government's offices work on that day."""
    return bool(days_worked(day.year)[day.timetuple().tm_yday - 1])

"""Limits of overtime (加班時數上限): the dated table, one row for some people and a time.

Source: people.md, "Overtime limits"; each row names its own.  Nothing is known of a limit for teachers and others.
"""

from dataclasses import dataclass
from functools import cache

import polars as pl

from checks.limit_rows import read_rows

#: Whom a row is for: employment type, kind of agency, how the person works (`office`, `roster`), category of overtime.
WHOM = ("employment_type", "agency_kind", "pattern", "category")
LIMITS = ("hours_a_day", "hours_a_month", "hours_three_months")
#: Overtime that disasters and the like allow, wider than the limit of every day.
SPECIAL = "special"


@dataclass(frozen=True)
class OvertimeLimits:
    """The table, see `checks.limit_rows`; a month is judged by the rows that hold on its first day."""

    rows: pl.DataFrame


@cache
def packaged_overtime_limits() -> OvertimeLimits:
    """The table that is shipped with the checks."""
    columns = dict.fromkeys(WHOM, pl.String) | dict.fromkeys(LIMITS, pl.Float64)
    return OvertimeLimits(read_rows("overtime_limits.csv", columns, WHOM))

"""Limits of overtime (加班時數上限): the dated table, read from `checks/data/overtime_limits.csv`, one row a period.

Source: rules W203 and W204; each row names its own.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import polars as pl

_SCHEMA = {
    "hours_a_day": pl.Float64,
    "hours_a_month": pl.Float64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "source": pl.String,
}


@dataclass(frozen=True)
class OvertimeLimits:
    """The table; a month is judged by the row that holds its first day, and not at all where none does."""

    periods: pl.DataFrame

    def hold(self, month: str) -> bool:
        """Whether there is a limit for a month (`YYYY-MM`)."""
        first = date.fromisoformat(f"{month}-01")
        rows = self.periods.select("valid_from", "valid_to").iter_rows()
        return any((since or date.min) <= first <= (until or date.max) for since, until in rows)

    def in_month(self, month_first: pl.Expr, column: str) -> pl.Expr:
        """Return the limit in force, in minutes; null where there is none.  `column` is one of the hours."""
        minutes = pl.lit(None, dtype=pl.Float64)
        for row in self.periods.iter_rows(named=True):
            held = pl.lit(value=True)
            if row["valid_from"] is not None:
                held &= month_first >= pl.lit(row["valid_from"])
            if row["valid_to"] is not None:
                held &= month_first <= pl.lit(row["valid_to"])
            minutes = pl.when(held).then(row[column] * 60).otherwise(minutes)
        return minutes


@cache
def packaged_overtime_limits() -> OvertimeLimits:
    """The table that is shipped with the checks."""
    text = files("checks").joinpath("data/overtime_limits.csv").read_bytes()
    return OvertimeLimits(pl.read_csv(text, schema=_SCHEMA))

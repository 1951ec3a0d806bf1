"""Quotas of leave types (假別日數上限): the dated table, read from `checks/data/quotas.csv`, one row a period.

Source: format 1.0, "Leave types", and the facts on other kinds of staff; each row names its own.  A row without
`employment_type` is for everybody who has no row of his own for that type.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "leave_type": pl.String,
    "employment_type": pl.String,
    "days": pl.Float64,
    "per": pl.Enum(("year", "event", "month")),
    "counted_within": pl.String,
    "free_days": pl.Float64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "source": pl.String,
}


@dataclass(frozen=True)
class Quotas:
    """The table.  `days` are of 8 hours; `valid_to` is the last day in force, null is open.

    `counted_within` names the type whose quota these leaves use up too, all but the first `free_days` of a year.
    """

    periods: pl.DataFrame


@cache
def packaged_quotas() -> Quotas:
    """The table that is shipped with the checks."""
    return Quotas(pl.read_csv(files("checks").joinpath("data/quotas.csv").read_bytes(), schema=_SCHEMA))

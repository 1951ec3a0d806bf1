"""Quotas of leave types (假別日數上限): the dated table `checks/data/quotas.csv`, one row for some people and a time.

Source: people.md, "Leave quotas"; each row names its own.  A row without `employment_type` is for everybody who has no
row of his own for that type.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from checks.limit_rows import read_rows

#: Whom a row is for.
WHOM = ("employment_type",)
_COLUMNS: dict[str, Any] = {
    "leave_type": pl.String,
    "employment_type": pl.String,
    "days": pl.Float64,
    "own": pl.String,
    "per": pl.Enum(("year", "event", "event_id", "month")),
    "window_days": pl.Int64,
    "counts": pl.Enum(("working", "calendar")),
    "counted_within": pl.String,
    "free_days": pl.Float64,
}


@dataclass(frozen=True)
class Quotas:
    """The table, see `checks.limit_rows`.

    `days` are of 8 hours, and where `counts` is `calendar` every day counts; null with `own`: hours that the person's
    row of employees states; null otherwise: no quota is known, nothing is judged.  An `event` is the records with one
    `event_id`, without it those within `window_days` of the first; of an `event_id` only those that have one.
    `counted_within` names the type whose quota these leaves use up too, all but the first `free_days` of a year.
    """

    periods: pl.DataFrame


@cache
def packaged_quotas() -> Quotas:
    """The table that is shipped with the checks."""
    return Quotas(read_rows("quotas.csv", _COLUMNS, ("leave_type", *WHOM)))

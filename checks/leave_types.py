"""Leave types (假別): the dated table of codes, read from `checks/data/leave_types.csv`, one row a period.

Source: format 1.0, "Leave types", and rule W208 for certificates.  Codes and dates are data; nothing here or in a rule
names a year.  Quotas are a table of their own, `checks/quotas.py`.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

_SCHEMA = {
    "code": pl.String,
    "name": pl.String,
    "name_en": pl.String,
    "every_day": pl.String,
    "official": pl.String,
    "certificate_from_days": pl.Float64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}


@dataclass(frozen=True)
class LeaveTypes:
    """The table, one row a code and period in force (`valid_to` is the last day; null is open)."""

    periods: pl.DataFrame

    @property
    def codes(self) -> pl.DataFrame:
        """One row a code: `code`, `every_day` (days off count too), `official` (business, not absence)."""
        return self.periods.group_by("code", maintain_order=True).agg(pl.col("every_day", "official").any())

    def in_force(self, code: pl.Expr, day: pl.Expr) -> pl.Expr:
        """Whether a known `code` has a period that holds `day`; true of unknown codes, which are R107's."""
        lapses = pl.lit(value=False)
        for (known,), periods in self.periods.group_by("code", maintain_order=True):
            if periods["valid_from"].has_nulls() and periods["valid_to"].has_nulls():
                continue
            held = pl.lit(value=False)
            for first, last in periods.select("valid_from", "valid_to").iter_rows():
                after = pl.lit(value=True) if first is None else day >= pl.lit(first)
                before = pl.lit(value=True) if last is None else day <= pl.lit(last)
                held |= after & before
            lapses |= (code == known) & ~held
        return ~lapses

    def certificate_from_days(self, code: pl.Expr, day: pl.Expr) -> pl.Expr:
        """From how many days of 8 hours a leave of `code` that starts on `day` needs a certificate; null: never."""
        days = pl.lit(None, dtype=pl.Float64)
        asking = self.periods.filter(pl.col("certificate_from_days").is_not_null())
        for row in asking.iter_rows(named=True):
            held = code == row["code"]
            if row["valid_from"] is not None:
                held &= day >= pl.lit(row["valid_from"])
            if row["valid_to"] is not None:
                held &= day <= pl.lit(row["valid_to"])
            days = pl.when(held).then(row["certificate_from_days"]).otherwise(days)
        return days

    def names(self) -> dict[str, str]:
        """Code → Chinese name."""
        return dict(self.periods.select("code", "name").iter_rows())


@cache
def packaged_leave_types() -> LeaveTypes:
    """The table that is shipped with the checks."""
    text = files("checks").joinpath("data/leave_types.csv").read_bytes()
    periods = pl.read_csv(text, schema=_SCHEMA).with_columns(
        pl.col("every_day", "official").eq("yes").fill_null(value=False)
    )
    return LeaveTypes(periods)

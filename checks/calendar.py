"""The office calendar over spans of days: working days and office hours, and closures on top.

The packaged calendar, over it the one that an operator imported (both the whole country's), over these closures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import polars as pl

from checks.closures import WHOLE_DAY
from checks.model.office_days import OfficeDays

#: Days before and after a month that the calendar knows of.  A leave reaching further already holds more working
#: hours than the format lets any record claim (8784), so where it ends makes no difference.
REACH_YEARS = 6
#: Where no month is given the calendar has nothing to answer.
_ANY_YEAR = 2021


@dataclass(frozen=True)
class OfficeCalendar:
    """Working days from 1 January of `first_year` to 31 December of `last_year`; days outside count as the edge.

    `closed` has `document`, `day` and `hours`: what a document's agency was closed.  A day closed for 8 hours is no
    working day of that document.  `days` are those of the whole country.
    """

    first_year: int
    last_year: int
    closed: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"document": pl.UInt32, "day": pl.Date, "hours": pl.Int64})
    )
    days: OfficeDays = field(default_factory=OfficeDays)
    #: Days off in every year besides, as month and day.
    off: tuple[tuple[int, int], ...] = ()
    _until: pl.Series = field(init=False, repr=False)

    def __post_init__(self) -> None:
        worked = self.days.worked_between(self.first_year, self.last_year).copy()
        first = date(self.first_year, 1, 1)
        years = range(self.first_year, self.last_year + 1)
        worked[[(date(year, month, day) - first).days for year in years for month, day in self.off]] = False
        until = np.concatenate([[0], np.cumsum(worked)]).astype(np.int32)
        object.__setattr__(self, "_until", pl.Series(until))

    def of_labour(self) -> "OfficeCalendar":
        """The calendar of staff under the Labour Standards Act, who have 1 May off (format 1.1, "Working days")."""
        return replace(self, off=((5, 1),))

    @classmethod
    def around(
        cls, months: Sequence[str], closed: pl.DataFrame | None = None, days: OfficeDays | None = None
    ) -> "OfficeCalendar":
        """A calendar that reaches `REACH_YEARS` to either side of the given months (`YYYY-MM`)."""
        years = [int(month[:4]) for month in months] or [_ANY_YEAR]
        first, last = max(min(years) - REACH_YEARS, 1), min(max(years) + REACH_YEARS, 9998)
        days = days or OfficeDays()
        return cls(first, last, days=days) if closed is None else cls(first, last, closed, days)

    def working_days(self, first: pl.Series, last: pl.Series, document: pl.Series | None = None) -> pl.Series:
        """Working days from `first` to `last` (dates), both included: Int32, 0 or less where `last` is before `first`.

        `document` (UInt32) says by whose closures; None: the whole country's calendar.
        """
        worked = self._count(last, 1) - self._count(first, 0)
        closed = self.closed.filter(pl.col("hours") >= WHOLE_DAY)
        closed = closed.filter((self._count(closed["day"], 1) - self._count(closed["day"], 0)) > 0)
        if closed.is_empty() or document is None:
            return worked
        spans = pl.DataFrame({"document": document, "first": first, "last": last}).with_row_index("row")
        lost = (
            spans.join(closed, on="document")
            .filter(pl.col("day").is_between("first", "last"))
            .group_by("row")
            .agg(days=pl.len().cast(pl.Int32))
        )
        return worked - spans.join(lost, on="row", how="left", maintain_order="left")["days"].fill_null(0)

    def office_hours(self, day: pl.Series, document: pl.Series) -> pl.Series:
        """Office hours of a day (Float64): 8 on a working day less what was closed, 0 on any other."""
        worked = (self._count(day, 1) - self._count(day, 0)).cast(pl.Float64) * WHOLE_DAY
        if self.closed.is_empty():
            return worked
        closed = pl.DataFrame({"document": document, "day": day}).join(
            self.closed, on=["document", "day"], how="left", maintain_order="left"
        )
        return (worked - closed["hours"].fill_null(0)).clip(lower_bound=0)

    def hours_between(self, first: pl.Series, last: pl.Series, document: pl.Series) -> pl.Series:
        """Office hours of the days from `first` to `last`, both included: Float64, 0 where `last` is before `first`."""
        hours = (self._count(last, 1) - self._count(first, 0)).clip(lower_bound=0).cast(pl.Float64) * WHOLE_DAY
        if self.closed.is_empty():
            return hours
        worked = (self._count(self.closed["day"], 1) - self._count(self.closed["day"], 0)) > 0
        lost = (
            pl.DataFrame({"document": document, "first": first, "last": last})
            .with_row_index("row")
            .join(self.closed.filter(worked).rename({"hours": "lost"}), on="document")
            .filter(pl.col("day").is_between("first", "last"))
            .group_by("row")
            .agg(pl.col("lost").clip(upper_bound=WHOLE_DAY).sum())
        )
        rows = pl.DataFrame({"row": pl.int_range(len(hours), dtype=pl.UInt32, eager=True)})
        return hours - rows.join(lost, on="row", how="left", maintain_order="left")["lost"].fill_null(0)

    def _count(self, days: pl.Series, offset: int) -> pl.Series:
        """Working days before the given days (`offset` 0) or before the days after them (1)."""
        origin = (date(self.first_year, 1, 1) - date(1970, 1, 1)).days
        position = (days.cast(pl.Int32) - origin + offset).clip(0, len(self._until) - 1)
        return self._until.gather(position)

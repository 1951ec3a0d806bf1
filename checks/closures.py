"""Closures (停止上班): hours that an agency was closed on a day (typhoons), on top of the office calendar.

They are declared by county and town, so they are not shipped: the register of the place resolves them to agencies.
"""

from dataclasses import dataclass, field

import polars as pl

#: Source: format 1.0, "A working day is 8 hours"; a day closed as long is no working day.
WHOLE_DAY = 8

SCHEMA = {"agency_code": pl.String, "day": pl.Date, "hours": pl.Int64}


@dataclass(frozen=True)
class Closures:
    """One row an agency and day: `agency_code`, `day`, `hours` closed (1–8)."""

    days: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))

    def of_documents(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Return `document`, `day`, `hours` for documents given as `document`, `agency_code`."""
        return documents.join(self.days, on="agency_code").select("document", "day", "hours")

"""Columns that the record rules read, computed once for all documents of a batch.

Every dataset gains `person` (UInt32, one number for each person of a document), `id_ok`, `listed` (the person is
among the document's employees) and the document's `month_first` and `month_next` (Date).  Leaves and overtime gain
`start_at` and `end_at`, clockings `clocked_at` (Datetime, local); leaves also the days that they touch.
"""

from dataclasses import dataclass

import polars as pl

from checks import person_id
from checks.calendar import OfficeCalendar
from checks.leave_types import LeaveTypes
from checks.model.constraints import parse_date, parse_local_time

ONE_DAY = pl.duration(days=1)
ONE_MS = pl.duration(milliseconds=1)


@dataclass(frozen=True)
class Roster:
    """The distinct persons of a batch: `document`, `person_id`, `person`, `id_ok`, `listed`, one row a person."""

    persons: pl.DataFrame


def prepare(
    frames: dict[str, pl.DataFrame], months: pl.DataFrame, calendar: OfficeCalendar, leave_types: LeaveTypes
) -> tuple[dict[str, pl.DataFrame], Roster]:
    """The frames with the columns that the rules read, and the persons in them.

    `months` has one row a document: `document` (UInt32), `month` (`YYYY-MM`).
    """
    runs = {name: _runs(frame) for name, frame in frames.items()}
    roster = _roster(frames["employees"], [heads for name, (heads, _) in runs.items() if name != "employees"])
    bounds = months.select(
        "document",
        month_first=pl.col("month").add("-01").str.to_date("%Y-%m-%d"),
        month_next=pl.col("month").add("-01").str.to_date("%Y-%m-%d").dt.offset_by("1mo"),
    )
    prepared = {
        name: _with_document(_with_person(frame, *runs[name], roster.persons), bounds) for name, frame in frames.items()
    }
    prepared["employees"] = prepared["employees"].with_columns(
        from_day=parse_date(pl.col("from")), to_day=parse_date(pl.col("to"))
    )
    for name in ("leaves", "overtime"):
        prepared[name] = prepared[name].with_columns(
            start_at=parse_local_time(pl.col("start")), end_at=parse_local_time(pl.col("end"))
        )
    prepared["leaves"] = _with_days(prepared["leaves"], calendar, leave_types)
    prepared["clockings"] = prepared["clockings"].with_columns(clocked_at=parse_local_time(pl.col("at")))
    return prepared, roster


def _roster(employees: pl.DataFrame, heads: list[pl.DataFrame]) -> Roster:
    """Employees first; then whoever else a record names (R102 will say so)."""
    keys = ["document", "person_id"]
    listed = employees.select(keys).unique(maintain_order=True).with_columns(listed=pl.lit(value=True))
    strangers = (
        pl.concat(heads).unique().join(listed, on=keys, how="anti").sort(keys).with_columns(listed=pl.lit(value=False))
    )
    persons = pl.concat([listed, strangers]).with_row_index("person")
    return Roster(persons.with_columns(id_ok=person_id.is_valid(pl.col("person_id"))))


def _runs(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The first (document, person) of every unbroken run of records, and each record's run.

    Systems write a person's records one after another: joining the runs is ten times cheaper than joining records.
    """
    starts = frame.select(
        ((pl.col("person_id") != pl.col("person_id").shift()) | (pl.col("document") != pl.col("document").shift()))
        .fill_null(value=True)
        .alias("starts")
    )["starts"]
    return frame.select("document", "person_id").filter(starts), starts.cum_sum() - 1


def _with_person(frame: pl.DataFrame, heads: pl.DataFrame, run: pl.Series, persons: pl.DataFrame) -> pl.DataFrame:
    known = heads.join(persons, on=["document", "person_id"], how="left", maintain_order="left")
    return frame.with_columns(known[name].gather(run).alias(name) for name in ("person", "id_ok", "listed"))


def _with_document(frame: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """Documents are few and their numbers small: look the months up by position instead of joining."""
    size = max(bounds["document"].to_list(), default=0) + 1
    table = pl.DataFrame({"document": pl.Series(range(size), dtype=pl.UInt32)}).join(
        bounds, on="document", how="left", maintain_order="left"
    )
    return frame.with_columns(
        table[name].gather(frame["document"]).alias(name) for name in ("month_first", "month_next")
    )


def _with_days(leaves: pl.DataFrame, calendar: OfficeCalendar, leave_types: LeaveTypes) -> pl.DataFrame:
    """`counted_days` of the whole leave and `counted_days_in_month`: working days, or every day where those count.

    Every day counts for types that say so and where none of the days is a working day (R106).  Midnight as the end
    does not touch the day that begins there.  `type_known`, `official`: of the leave type.
    """
    leaves = (
        leaves.join(
            leave_types.codes.rename({"code": "leave_type"}).with_columns(type_known=pl.lit(value=True)),
            on="leave_type",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.col("type_known", "every_day", "official").fill_null(value=False),
            first_day=pl.col("start_at").dt.date(),
            last_day=(pl.col("end_at") - ONE_MS).dt.date(),
        )
        .with_columns(
            first_in_month=pl.max_horizontal("first_day", "month_first"),
            last_in_month=pl.min_horizontal("last_day", pl.col("month_next") - ONE_DAY),
        )
    )
    working = calendar.working_days(leaves["first_day"], leaves["last_day"], leaves["document"])
    working_in_month = calendar.working_days(leaves["first_in_month"], leaves["last_in_month"], leaves["document"])
    all_days = (pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1
    all_in_month = ((pl.col("last_in_month") - pl.col("first_in_month")).dt.total_days() + 1).clip(lower_bound=0)
    return (
        leaves.with_columns(working=working, working_in_month=working_in_month)
        .with_columns(by_all_days=pl.col("every_day") | (pl.col("working") <= 0))
        .with_columns(
            counted_days=pl.when("by_all_days").then(all_days).otherwise(pl.col("working")),
            counted_days_in_month=pl.when("by_all_days")
            .then(all_in_month)
            .otherwise(pl.col("working_in_month").clip(lower_bound=0)),
        )
    )

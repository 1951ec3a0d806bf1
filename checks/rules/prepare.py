"""Columns that the record rules read, computed once for all documents of a batch.

Every dataset gains `person` (UInt32, one number for each person of a document), `id_ok`, `listed` (the person is
among the document's employees) and the document's `month_first` and `month_next` (Date).  Shifts, leaves and overtime
gain `start_at` and `end_at` (Datetime, local), the `first_day` and `last_day` that they touch and their `clock_ms`,
clockings `clocked_at`; leaves also what their type says, employees the `pattern` that they work by.
"""

from dataclasses import dataclass

import polars as pl

from checks import person_id
from checks.leave_types import LeaveTypes
from checks.model.constraints import parse_date, parse_local_time

ONE_MS = pl.duration(milliseconds=1)


@dataclass(frozen=True)
class Roster:
    """The distinct persons of a batch, one row a person in order of their number.

    `document`, `person_id`, `person`, `id_ok`, `listed`, `month_first`, `month_next`.
    """

    persons: pl.DataFrame


def prepare(
    frames: dict[str, pl.DataFrame], documents: pl.DataFrame, leave_types: LeaveTypes
) -> tuple[dict[str, pl.DataFrame], Roster]:
    """The frames with the columns that the rules read, and the persons in them.

    `documents` has one row a document: `document` (UInt32), `month` (`YYYY-MM`), the `agency_kind` and the
    `default_pattern` of its staff.
    """
    runs = {name: _runs(frame) for name, frame in frames.items()}
    bounds = documents.select(
        "document",
        month_first=pl.col("month").add("-01").str.to_date("%Y-%m-%d"),
        month_next=pl.col("month").add("-01").str.to_date("%Y-%m-%d").dt.offset_by("1mo"),
    )
    heads = [heads for name, (heads, _) in runs.items() if name != "employees"]
    roster = Roster(_with_document(_persons(frames["employees"], heads), bounds))
    prepared = {
        name: _with_document(_with_person(frame, *runs[name], roster.persons), bounds) for name, frame in frames.items()
    }
    # What only few ask is not put beside each of a nation's clockings.
    for name, column in (("employees", "default_pattern"), ("overtime", "agency_kind")):
        prepared[name] = _with_document(prepared[name], documents.select("document", column))
    prepared["employees"] = prepared["employees"].with_columns(
        from_day=parse_date(pl.col("from")), to_day=parse_date(pl.col("to")), pattern=_pattern()
    )
    for name in ("shifts", "leaves", "overtime"):
        prepared[name] = (
            prepared[name]
            .with_columns(start_at=parse_local_time(pl.col("start")), end_at=parse_local_time(pl.col("end")))
            .with_columns(
                # Midnight as the end does not touch the day that begins there.
                first_day=pl.col("start_at").dt.date(),
                last_day=(pl.col("end_at") - ONE_MS).dt.date(),
                clock_ms=(pl.col("end_at") - pl.col("start_at")).dt.total_milliseconds(),
            )
        )
    prepared["leaves"] = _with_types(prepared["leaves"], leave_types)
    prepared["clockings"] = prepared["clockings"].with_columns(clocked_at=parse_local_time(pl.col("at")))
    return prepared, roster


def _persons(employees: pl.DataFrame, heads: list[pl.DataFrame]) -> pl.DataFrame:
    """Employees first; then whoever else a record names (R102 will say so)."""
    keys = ["document", "person_id"]
    listed = employees.select(keys).unique(maintain_order=True).with_columns(listed=pl.lit(value=True))
    strangers = (
        pl.concat(heads).unique().join(listed, on=keys, how="anti").sort(keys).with_columns(listed=pl.lit(value=False))
    )
    persons = pl.concat([listed, strangers]).with_row_index("person")
    return persons.with_columns(id_ok=person_id.is_valid(pl.col("person_id")))


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
        table[name].gather(frame["document"]).alias(name) for name in table.columns if name != "document"
    )


def _pattern() -> pl.Expr:
    """`office`, `roster` (whose days `shifts` say) or `unknown`: as stated, else by what is known of such staff.

    A teacher keeps office days in term whatever the agency, see `checks.working_time`.
    """
    stated = pl.col("work_pattern")
    teacher = pl.col("employment_type") == "teacher"
    pattern = (
        pl.when(stated.is_not_null()).then(stated).when(teacher).then(pl.lit("office")).otherwise("default_pattern")
    )
    return pattern.replace({"flexible": "office", "shift": "roster"})


def _with_types(leaves: pl.DataFrame, leave_types: LeaveTypes) -> pl.DataFrame:
    """`type_known`, `every_day`, `official`: of the leave type."""
    types = leave_types.codes.rename({"code": "leave_type"}).with_columns(type_known=pl.lit(value=True))
    return leaves.join(types, on="leave_type", how="left", maintain_order="left").with_columns(
        pl.col("type_known", "every_day", "official").fill_null(value=False)
    )

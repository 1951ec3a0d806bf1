"""From judged records to what the store keeps of them: names, reasons and certificates end here.

The person is still `person_id`, since the key under which it becomes `person_key` is not the check's to know.
"""

import polars as pl

from checks.findings import shown
from checks.model.submitted import (
    CLOCKING_KINDS,
    COMPENSATIONS,
    EMPLOYMENT_TYPES,
    OVERTIME_CATEGORIES,
    STATUSES,
    WORK_PATTERNS,
)
from checks.rules.leave_days import hours_in_month
from checks.rules.prepare import Roster
from checks.working_time import WorkingTime

_RECORD = (pl.col("document"), pl.col("index").alias("record_index"), pl.col("person"))
_INTERVAL = (pl.col("start_at"), pl.col("end_at"))
_BEGINS_IN_MONTH = pl.col("start_at").dt.date() >= pl.col("month_first")

_COLUMNS: dict[str, tuple[pl.Expr, ...]] = {
    "employees": (
        pl.col("employment_type").cast(pl.Enum(EMPLOYMENT_TYPES)),
        pl.col("from_day").alias("payroll_from"),
        pl.col("to_day").alias("payroll_to"),
        pl.col("work_pattern").cast(pl.Enum(WORK_PATTERNS)),
        pl.col("clocks"),
        pl.col("status").cast(pl.Enum(STATUSES)),
        pl.col("weekly_hours"),
        pl.col("annual_leave_hours"),
    ),
    "shifts": (*_INTERVAL, pl.col("hours")),
    "leaves": (
        # An agency that builds its record_id from the national ID gets it masked, here as in findings.
        shown(pl.col("record_id")).alias("record_id"),
        pl.col("leave_type"),
        *_INTERVAL,
        pl.col("hours"),
        pl.col("hours_in_month"),
        shown(pl.col("event_id")).alias("event_id"),
    ),
    "overtime": (
        shown(pl.col("record_id")).alias("record_id"),
        *_INTERVAL,
        pl.col("minutes").cast(pl.Int32),
        # A duty across midnight counts wholly on its first day, and so in that day's month.
        pl.when(_BEGINS_IN_MONTH).then("minutes").otherwise(0).cast(pl.Int32).alias("minutes_in_month"),
        pl.col("compensation").cast(pl.Enum(COMPENSATIONS)),
        pl.col("category").cast(pl.Enum(OVERTIME_CATEGORIES)),
    ),
    "clockings": (
        pl.col("clocked_at"),
        pl.col("kind").cast(pl.Enum(CLOCKING_KINDS)),
    ),
}


def entered_records(judged: dict[str, pl.DataFrame], roster: Roster, work: WorkingTime) -> dict[str, pl.DataFrame]:
    """The records let in, by dataset, in document order.

    Columns: `document` (position in the batch), `record_index`, `person` and the stored model's own; and under
    `"persons"` the `document` and national ID (`person_id`) of each `person` number, in order of it.
    """
    employees = judged["employees"].filter(~pl.col("refused"))
    leaves = judged["leaves"].filter(~pl.col("refused"))
    let_in = {**judged, "leaves": leaves.with_columns(hours_in_month(leaves, employees, work))}
    # Lazily, so that columns that are not kept are not filtered: clockings are most of what there is.
    entered = {
        name: frame.lazy().filter(~pl.col("refused")).select(*_RECORD, *_COLUMNS[name]).collect()
        for name, frame in let_in.items()
    }
    return {**entered, "persons": roster.persons.select("document", "person_id")}

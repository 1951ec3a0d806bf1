"""From judged records to what the store keeps of them: names, reasons and certificates end here.

The person is still `person_id`, since the key under which it becomes `person_key` is not the check's to know.
"""

import polars as pl

from checks.findings import shown
from checks.model.submitted import CLOCKING_KINDS, COMPENSATIONS, EMPLOYMENT_TYPES
from checks.rules.prepare import Roster

_RECORD = (pl.col("document"), pl.col("index").alias("record_index"), pl.col("person"))
_INTERVAL = (pl.col("start_at"), pl.col("end_at"))
_BEGINS_IN_MONTH = pl.col("start_at").dt.date() >= pl.col("month_first")

_COLUMNS: dict[str, tuple[pl.Expr, ...]] = {
    "employees": (
        pl.col("employment_type").cast(pl.Enum(EMPLOYMENT_TYPES)),
        pl.col("from_day").alias("payroll_from"),
        pl.col("to_day").alias("payroll_to"),
    ),
    "leaves": (
        # An agency that builds its record_id from the national ID gets it masked, here as in findings.
        shown(pl.col("record_id")).alias("record_id"),
        pl.col("leave_type"),
        *_INTERVAL,
        pl.col("hours"),
        (pl.col("hours") * pl.col("counted_days_in_month") / pl.col("counted_days")).alias("hours_in_month"),
    ),
    "overtime": (
        shown(pl.col("record_id")).alias("record_id"),
        *_INTERVAL,
        pl.col("minutes").cast(pl.Int32),
        # A duty across midnight counts wholly on its first day, and so in that day's month.
        pl.when(_BEGINS_IN_MONTH).then("minutes").otherwise(0).cast(pl.Int32).alias("minutes_in_month"),
        pl.col("compensation").cast(pl.Enum(COMPENSATIONS)),
    ),
    "clockings": (
        pl.col("clocked_at"),
        pl.col("kind").cast(pl.Enum(CLOCKING_KINDS)),
    ),
}


def entered_records(judged: dict[str, pl.DataFrame], roster: Roster) -> dict[str, pl.DataFrame]:
    """The records let in, by dataset, in document order.

    Columns: `document` (position in the batch), `record_index`, `person` and the stored model's own; and under
    `"persons"` the `document` and national ID (`person_id`) of each `person` number, in order of it.
    """
    entered = {
        name: frame.filter(~pl.col("refused")).select(*_RECORD, *_COLUMNS[name]) for name, frame in judged.items()
    }
    return {**entered, "persons": roster.persons.select("document", "person_id")}

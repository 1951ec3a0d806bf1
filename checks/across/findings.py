"""What a finding across submissions is made of: its columns, and its messages from the rule's templates."""

import polars as pl

from checks.catalogue import Rule
from checks.findings import FINDING_SCHEMA
from checks.model.stored import Findings
from checks.rules.evaluate import filled

#: Columns of the stored findings that the rules here give; `finding_key` and what is null everywhere are added.
FOUND = (
    "agency_code", "submission_id", "dataset", "index", "record_id", "field", "value", "expected",
    "person_key", "dates",
)  # fmt: skip


_MINUTE = "%Y-%m-%d %H:%M"


def of_record(dataset: str, field: str, value: pl.Expr, expected: pl.Expr) -> list[pl.Expr]:
    """The columns of `FOUND`, out of stored records with a start and an end of which each is a finding."""
    dates = pl.format("{}–{}", *(pl.col(name).dt.to_string(_MINUTE) for name in ("start_at", "end_at")))
    said = {
        "dataset": pl.lit(dataset),
        "index": pl.col("record_index").cast(pl.UInt32),
        "field": pl.lit(field),
        "value": value,
        "expected": expected,
        "dates": dates,
    }
    return [said.get(name, pl.col(name)).alias(name) for name in FOUND]


def findings_of(rule: Rule, month: str, found: pl.DataFrame) -> pl.DataFrame:
    """Rows of `FOUND` as findings of `rule` in `month` (`YYYY-MM`), in the stored model's columns but the key.

    None where the rule is not in force in that month.
    """
    severity = rule.severity_in(month)
    names = [name for name in Findings.to_schema().columns if name != "finding_key"]
    if severity is None:
        found = found.clear()
    here = pl.when(pl.col("index").is_null())
    return (
        found.with_columns(
            month=pl.lit(month),
            rule=pl.lit(rule.id),
            severity=pl.lit(str(severity or "warning"), dtype=FINDING_SCHEMA["severity"]),
            pointer=here.then(pl.format("/{}", "dataset")).otherwise(
                pl.format("/{}/{}/{}", "dataset", "index", pl.col("field").fill_null(""))
            ),
            # The store knows nobody by his ID, not even masked.
            whom=pl.lit(None, dtype=pl.String),
            line=pl.lit(None, dtype=pl.UInt32),
            column=pl.lit(None, dtype=pl.UInt32),
        )
        .with_columns(message=filled(rule.message), message_en=filled(rule.message_en))
        .select(names)
    )

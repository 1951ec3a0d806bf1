"""A finding: one thing that is wrong with a submission, said so that the agency can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import polars as pl

from checks.model.masking import DIGEST, ID_IN_TEXT, ID_LENGTH, LETTERS_OF_A_DIGEST, LONG_ENOUGH
from checks.model.stored import Findings


class Severity(StrEnum):
    """What a finding does to the submission: see docs/rules.md."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.  `index` is 0-based; `line` and `column` are 1-based, columns counted in characters.

    `whom` is whose record it is, the ID masked, and `dates` when the record is: by these a clerk finds it again.
    `value` never holds a name, a reason or an unmasked national ID.
    """

    rule: str
    severity: Severity
    dataset: str | None
    index: int | None
    record_id: str | None
    field: str | None
    pointer: str | None
    line: int | None
    column: int | None
    value: str | None
    expected: str | None
    message: str
    message_en: str
    whom: str | None = None
    dates: str | None = None

    def at(self, line: int | None, column: int | None) -> "Finding":
        """The same finding, with its place in the file."""
        return replace(self, line=line, column=column)

    def as_dict(self) -> dict[str, Any]:
        """The finding as `attendance check --format json` prints it."""
        return {name: getattr(self, name) for name in _NAMES}


#: Of a finding's values none holds others: `dataclasses.asdict`, which copies deeply, takes five times as long.
_NAMES = tuple(one.name for one in fields(Finding))


def masked_person_id(person_id: pl.Expr) -> pl.Expr:
    """`mask_person_id` over a column, and nothing that cannot be printed."""
    first, last = person_id.str.head(1), person_id.str.tail(1)
    masked = (
        pl.when(person_id.str.len_chars() == ID_LENGTH)
        .then(pl.format("{}****{}", person_id.str.head(3), person_id.str.tail(3)))
        .when((person_id.str.len_chars() >= LONG_ENOUGH) & (person_id.str.len_bytes() > person_id.str.len_chars()))
        .then(pl.format("{}****", first))
        .when(person_id.str.len_chars() >= LONG_ENOUGH)
        .then(pl.format("{}****{}", first, last))
        .otherwise(pl.lit("****"))
    )
    return _printable(masked)


#: How much of an agency's own text a finding shows.
SHOWN_CHARACTERS = 40


def shown(text: pl.Expr) -> pl.Expr:
    """Text of the agency's own making as a finding may show it: with IDs inside it masked, and then cut.

    What directs a terminal or turns a line's direction becomes U+FFFD, as in what the format check shows.  Cutting
    first would leave the better part of an ID that lies across the cut, which no longer looks like one.
    """
    digest = text.str.contains(DIGEST) & (text.str.count_matches("[A-Fa-f]") >= LETTERS_OF_A_DIGEST)
    masked = text.str.replace_all(ID_IN_TEXT.pattern, "${head}****${tail}")
    return _printable(pl.when(digest).then(text).otherwise(masked)).str.head(SHOWN_CHARACTERS)


def in_digits(number: pl.Expr) -> pl.Expr:
    """Hours, days or minutes in as few digits as say them: `13.5`, `8`."""
    return number.cast(pl.Float64).round(2).cast(pl.String).str.strip_suffix(".0")


def _printable(text: pl.Expr) -> pl.Expr:
    """Controls, format and direction characters, breaks of lines: Unicode's categories C, Zl and Zp."""
    return text.str.replace_all(r"[\p{C}\p{Zl}\p{Zp}]", "\ufffd")


#: Polars schema of findings before they are tied to a submission: the fields of `Finding`, in their order.
FINDING_SCHEMA: dict[str, pl.DataType] = {
    name: column.dtype.type
    for name, column in Findings.to_schema().columns.items()
    if name in Finding.__dataclass_fields__
}

#: The same as a check gives them: with `person`, the batch's number of whom the record is of, which never leaves it.
FOUND_SCHEMA: dict[str, pl.DataType] = {**FINDING_SCHEMA, "person": pl.UInt32()}


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings of nobody's record as a frame of `FOUND_SCHEMA`, in the order given."""
    frame = pl.DataFrame([finding.as_dict() for finding in findings], schema=FINDING_SCHEMA)
    return frame.with_columns(person=pl.lit(None, dtype=FOUND_SCHEMA["person"]))

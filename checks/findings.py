"""A finding: one thing that is wrong with a submission, said so that the agency can mend it."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import polars as pl

from checks.model.stored import Findings


class Severity(StrEnum):
    """What a finding does to the submission: see docs/rules.md."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.  `index` is 0-based; `line` and `column` are 1-based, columns counted in characters.

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

    def at(self, line: int | None, column: int | None) -> "Finding":
        """The same finding, with its place in the file."""
        return replace(self, line=line, column=column)

    def as_dict(self) -> dict[str, Any]:
        """The finding as `attendance check --format json` prints it."""
        return asdict(self)


#: What may be a national ID inside other text: two leading characters, eight more digits, in either resident form;
#: in full-width characters too, as input methods write them.
_ID_IN_TEXT = re.compile(
    r"(?P<head>[A-Za-zＡ-Ｚａ-ｚ][A-Da-d1289Ａ-Ｄａ-ｄ１２８９][0-9０-９])[0-9０-９]{4}(?P<tail>[0-9０-９]{3})"
)


#: Characters of a national ID; the ends of shorter text would give it away.
_ID_LENGTH = 10
_LONG_ENOUGH = 3


def mask_person_id(person_id: str) -> str:
    """`A123456789` → `A12****789`; of anything else at most the first and last character survive.

    Of what is not ASCII, the first alone: a name in the wrong column has three characters.
    """
    if len(person_id) == _ID_LENGTH:
        return f"{person_id[:3]}****{person_id[-3:]}"
    if len(person_id) >= _LONG_ENOUGH and not person_id.isascii():
        return f"{person_id[:1]}****"
    return f"{person_id[:1]}****{person_id[-1:]}" if len(person_id) >= _LONG_ENOUGH else "****"


#: A digest or UUID as systems make keys of: one in ten has ten characters somewhere that look like a national ID, and
#: masked it would name no record.  Half of a real one's characters or so are no digits; an ID has one letter or two.
_DIGEST = (
    r"^(?:[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{64}"
    r"|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})$"
)
_LETTERS_OF_A_DIGEST = 5


def _is_digest(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    return letters >= _LETTERS_OF_A_DIGEST and re.fullmatch(_DIGEST, text) is not None


def mask_ids_in(text: str) -> str:
    """The text with whatever looks like a national ID masked; a digest or UUID is no text and stays."""
    if _is_digest(text):
        return text
    return _ID_IN_TEXT.sub(lambda found: mask_person_id(found.group()), text)


def masked_person_id(person_id: pl.Expr) -> pl.Expr:
    """`mask_person_id` over a column, and nothing that cannot be printed."""
    first, last = person_id.str.head(1), person_id.str.tail(1)
    masked = (
        pl.when(person_id.str.len_chars() == _ID_LENGTH)
        .then(pl.format("{}****{}", person_id.str.head(3), person_id.str.tail(3)))
        .when((person_id.str.len_chars() >= _LONG_ENOUGH) & (person_id.str.len_bytes() > person_id.str.len_chars()))
        .then(pl.format("{}****", first))
        .when(person_id.str.len_chars() >= _LONG_ENOUGH)
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
    digest = text.str.contains(_DIGEST) & (text.str.count_matches("[A-Fa-f]") >= _LETTERS_OF_A_DIGEST)
    masked = text.str.replace_all(_ID_IN_TEXT.pattern, "${head}****${tail}")
    return _printable(pl.when(digest).then(text).otherwise(masked)).str.head(SHOWN_CHARACTERS)


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

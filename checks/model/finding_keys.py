"""What makes a finding the same one in a later submission: explanations and comparisons rest on it."""

import hashlib

import polars as pl

#: Hexadecimal digits of a key: 128 bits, beyond any accident among a nation's findings.
KEY_LENGTH = 32


def finding_key(agency_code: str, rule: str, dataset: str | None, subject: str | None, value: str | None) -> str:
    """Return 32 hexadecimal digits over the agency, the rule, whom or what it is about, and the value found.

    The month is left out, so that a leave that two months report is one matter; a value that changes is another one.
    `subject` is the `record_id`; where a record has none, the `person_key`; where nobody is meant, the JSON Pointer.
    """
    said = "\x1f".join((agency_code, rule, dataset or "", subject or "", value or ""))
    return hashlib.sha256(said.encode()).hexdigest()[:KEY_LENGTH]


def finding_keys(findings: pl.DataFrame) -> pl.Series:
    """Return the keys of findings that have `agency_code` and `person_key`, in their order, named `finding_key`."""
    parts = findings.select(
        "agency_code", "rule", "dataset", pl.coalesce("record_id", "person_key", "pointer").alias("subject"), "value"
    )
    return pl.Series("finding_key", [finding_key(*row) for row in parts.iter_rows()], dtype=pl.String)

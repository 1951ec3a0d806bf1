"""The audit's chain: what of a row is hashed, and how.  For ever: a row hashed today is verified in ten years.

A row's hash is SHA-256 over a JSON array (UTF-8, no blanks) of the format's name, the hash of the row before it, and
the row itself; before the first row stands `BEGINNING`.  Who changes, removes or puts in a row breaks the chain there.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple

FORMAT = "attendance-audit-1"

#: What stands for the hash before the first row.
BEGINNING = "0" * 64


class Link(NamedTuple):
    """A row of the audit without its hash: who (`actor`) did what (`action`), when, why, to which agency-month.

    `seq` counts from 1 without a gap; `at` is aware; `concerns` is what it was about: a submission's id, a finding's
    key, the SHA-256 of a file.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    agency_code: str | None
    month: str | None
    concerns: str | None
    reason: str | None


class Anchor(NamedTuple):
    """The hash of a row, as it was noted somewhere else; `seq` 0 with `BEGINNING` is an empty audit."""

    seq: int
    hash: str


def hash_of(before: str, link: Link) -> str:
    """Return the row's hash, in 64 hexadecimal digits, after a row with the hash `before`."""
    _, at, *_ = link
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    content = [FORMAT, before, link.seq, moment, *link[2:]]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

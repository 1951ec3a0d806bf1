"""Receipts: what an agency is told of each document that it handed in, and can verify offline with the file alone."""

import hashlib
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from warehouse.deadlines import TAIPEI, Timeliness, timeliness
from warehouse.duties import Duties
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import DatasetCount, Submission
from warehouse.months import is_month


class DatasetCounts(NamedTuple):
    """Records of one dataset: read = entered + refused; warned are among the entered."""

    read: int
    entered: int
    refused: int
    warned: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One submission as it stands; `size` is in bytes, moments are in Asia/Taipei.

    `received_at` is when the bytes first came after the month had ended (of bytes that came only before: when they
    first came), by which on time or late is judged, `last_received_at` when they were last handed in.  `counts` (by
    dataset) and `rule_set` are empty and None until the submission is checked; `deadline`, `on_time` and `days_late`
    are None where no month is known, or nobody asked for them; the last two, too, where nothing came after the month
    had ended.
    """

    submission_id: str
    agency_code: str
    month: str
    channel: str
    size: int
    received_at: datetime
    last_received_at: datetime
    state: str
    counts: dict[str, DatasetCounts]
    fatal: int
    errors: int
    warnings: int
    rule_set: str | None
    supersedes: str | None
    deadline: datetime | None
    on_time: bool | None
    days_late: int | None

    def is_of(self, data: bytes) -> bool:
        """Whether a file is the one that this receipt is of."""
        return hashlib.sha256(data).hexdigest() == self.submission_id

    def as_dict(self) -> dict[str, Any]:
        """Return the receipt as JSON has it: moments in ISO 8601 with their offset."""
        return asdict(self) | {
            "received_at": self.received_at.isoformat(),
            "last_received_at": self.last_received_at.isoformat(),
            "deadline": self.deadline and self.deadline.isoformat(),
            "counts": {dataset: counts._asdict() for dataset, counts in self.counts.items()},
        }


def receipt(session: Session, key: SubmissionKey, duties: Duties | None = None) -> Receipt | None:
    """Return the receipt of one submission, None where it never arrived."""
    found = [one for one in history(session, key.agency_code, key.month, duties) if one.submission_id == key.id]
    return found[0] if found else None


def history(session: Session, agency_code: str, month: str, duties: Duties | None = None) -> list[Receipt]:
    """List every submission of an agency-month, in the order in which they count: the newest last.

    `duties` say until when the month was due; without them nothing is said of on time or late.
    """
    submissions = session.scalars(
        select(Submission)
        .where(Submission.agency_code == agency_code, Submission.month == month)
        .order_by(Submission.sequence, Submission.received_at, Submission.id)
    ).all()
    counts: dict[str, dict[str, DatasetCounts]] = defaultdict(dict)
    for row in session.scalars(
        select(DatasetCount)
        .where(
            DatasetCount.submission_id.in_([one.id for one in submissions]),
            DatasetCount.agency_code == agency_code,
            DatasetCount.month == month,
        )
        .order_by(DatasetCount.dataset)
    ):
        counts[row.submission_id][row.dataset] = DatasetCounts(row.read, row.entered, row.refused, row.warned)
    deadline = duties.until(agency_code, month) if duties and is_month(month) else None
    return [_receipt(one, counts[one.id], deadline) for one in submissions]


def _receipt(one: Submission, counts: dict[str, DatasetCounts], deadline: datetime | None) -> Receipt:
    on_time, late = timeliness(one.month, deadline, one.first_received_at) if deadline else Timeliness(None, None)
    return Receipt(
        submission_id=one.id,
        agency_code=one.agency_code,
        month=one.month,
        channel=one.channel,
        size=one.bytes,
        received_at=one.first_received_at.astimezone(TAIPEI),
        last_received_at=one.received_at.astimezone(TAIPEI),
        state=one.state,
        counts=counts,
        fatal=one.fatal,
        errors=one.errors,
        warnings=one.warnings,
        rule_set=one.rule_set,
        supersedes=one.supersedes,
        deadline=deadline,
        on_time=on_time,
        days_late=late,
    )

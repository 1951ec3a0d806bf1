"""Who has been reminded of which month, and when: what the outbox knows of the notices that asked for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.ledger.outbox import DUE_SOON, OVERDUE, SENT, Notice


@dataclass(frozen=True, slots=True)
class Reminded:
    """How often an agency was reminded of a month, and when last (aware); told two ways at once is told once."""

    times: int
    last_at: datetime


def reminded(
    session: Session, months: Collection[str], as_of: datetime | None = None
) -> Mapping[tuple[str, str], Reminded]:
    """(agency, month) → its reminders, of these months, as known at a moment (aware; default: now)."""
    place = (Notice.agency_code, Notice.month)
    sent = select(*place, func.count(func.distinct(Notice.occasion)), func.max(Notice.settled_at)).where(
        Notice.month.in_(months), Notice.kind.in_((DUE_SOON, OVERDUE)), Notice.state == SENT
    )
    if as_of is not None:
        sent = sent.where(Notice.settled_at <= as_of)
    return {
        (code, month): Reminded(times, last)
        for code, month, times, last in session.execute(sent.group_by(*place))
        if last is not None
    }

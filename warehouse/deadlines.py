"""On time or late: how what arrived stands to the moment until which it was due.  When that is, `duties` says.

A month that has not ended is never on time: what arrives before its end cannot be the whole of it, is *early*, and the
agency still owes the month until something arrives after it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from warehouse.months import is_month, shifted

TAIPEI = ZoneInfo("Asia/Taipei")


class Timeliness(NamedTuple):
    """On time or not, and by how many days late (0: on time); both None of what arrived before its month had ended."""

    on_time: bool | None
    days_late: int | None


def timeliness(month: str, deadline: datetime, received_at: datetime) -> Timeliness:
    """How what arrived at that moment stands to the deadline of the `YYYY-MM` month.  Both moments are aware."""
    if received_at < month_end(month):
        return Timeliness(None, None)
    return Timeliness(is_on_time(deadline, received_at), days_late(deadline, received_at))


def month_end(month: str) -> datetime:
    """The moment at which the `YYYY-MM` month has ended: 00:00 in Taipei on the 1st of the next."""
    return datetime.fromisoformat(f"{shifted(month, 1)}-01").replace(tzinfo=TAIPEI)


def first_after_month_end(month: str, moments: Iterable[datetime | None]) -> datetime | None:
    """The first of the moments (None: there is none) at which the month had ended: by it on time or late is judged."""
    ended = month_end(month)
    return min((moment for moment in moments if moment is not None and moment >= ended), default=None)


def first_that_counts(month: str, moments: Iterable[datetime]) -> datetime:
    """The first of the moments at which the month had ended; the very first where there is none, or no month."""
    known = list(moments)
    return (first_after_month_end(month, known) if is_month(month) else None) or min(known)


def is_on_time(deadline: datetime, received_at: datetime) -> bool:
    """Whether what arrived at that moment arrived by the deadline, the moment itself included.  Both are aware."""
    return received_at <= deadline


def days_late(deadline: datetime, received_at: datetime) -> int:
    """Count the days in Taipei after the last day: 0 on time, 1 at any hour of the day after it.

    A deadline at midnight ends the day before, so that any hour of the day that it begins is a day late; one at 17:00
    leaves that evening a day late.
    """
    if received_at <= deadline:
        return 0
    return (received_at.astimezone(TAIPEI).date() - deadline.astimezone(TAIPEI).date()).days + 1

"""On time or late: how what arrived stands to the moment until which it was due.  When that is, `duties` says."""

from datetime import datetime
from zoneinfo import ZoneInfo

TAIPEI = ZoneInfo("Asia/Taipei")


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

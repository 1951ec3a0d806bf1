"""When a month's report is due, and how late one is."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

TAIPEI = ZoneInfo("Asia/Taipei")

#: Reports of a month are due by the end of this day of the following month (docs: reports, Definitions).
DUE_DAY = 20

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def deadline(month: str) -> datetime:
    """Return the 20th of the following month, 24:00 Asia/Taipei, of a month `YYYY-MM`; ValueError for anything else."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise ValueError(f"not a month YYYY-MM: {month!r}")
    following = int(found[1]) * 12 + int(found[2])
    last_day = datetime(following // 12, following % 12 + 1, DUE_DAY, tzinfo=TAIPEI)
    return last_day + timedelta(days=1)


def is_on_time(month: str, received_at: datetime) -> bool:
    """Whether what arrived at that aware moment arrived by the deadline, the moment itself included."""
    return received_at <= deadline(month)


def days_late(month: str, received_at: datetime) -> int:
    """Count the days in Taipei after the last day: 0 on time, 1 at any hour of the day after it."""
    due = deadline(month)
    if received_at <= due:
        return 0
    return (received_at.astimezone(TAIPEI).date() - due.date()).days + 1

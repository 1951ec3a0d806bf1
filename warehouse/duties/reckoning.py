"""A moment written beside a month, as the calendar of duties has it: `+1 20 24:00`, `+2 last 17:00`.

Months after the month, day of that month (or `last`), time in Taipei; 24:00 is the end of the day.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from warehouse.deadlines import TAIPEI
from warehouse.months import shifted

_WRITTEN = re.compile(r"\+(\d{1,2}) (\d{1,2}|last) (\d{2}):(\d{2})", re.ASCII)
#: The last day that every month has: of a later one nobody could say what it is in February.
_EVERY_MONTH_HAS = 28
_DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """`months` after a month, on `day` (None: its last), `minutes` into the day (1,440: its end)."""

    months: int
    day: int | None
    minutes: int

    @classmethod
    def parse(cls, text: str) -> "Reckoned":
        """Read `+1 20 24:00`.  ValueError says what is wrong, in both languages."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"應寫成 +1 20 24:00 或 +2 last 17:00 is written so: {text[:20]!r}")
        months, day, hour, minute = found.groups()
        if day != "last" and not 1 <= int(day) <= _EVERY_MONTH_HAS:
            raise ValueError(f"日為 1–{_EVERY_MONTH_HAS}，月底寫 last a day is 1 to {_EVERY_MONTH_HAS}, or last: {day}")
        minutes = int(hour) * 60 + int(minute)
        if int(minute) >= 60 or minutes > _DAY_MINUTES:  # noqa: PLR2004 — minutes of an hour
            raise ValueError(f"時間為 00:00–24:00 a time is 00:00 to 24:00: {hour}:{minute}")
        return cls(int(months), None if day == "last" else int(day), minutes)

    def day_of(self, month: str) -> date:
        """The day, of a month `YYYY-MM`; ValueError for anything else."""
        first = date.fromisoformat(f"{shifted(month, self.months)}-01")
        return first.replace(day=self.day or monthrange(first.year, first.month)[1])

    def of(self, month: str, works: Callable[[date], bool] | None = None) -> datetime:
        """The moment (aware, Taipei), of a month `YYYY-MM`; with `works` on the first day from then on that works."""
        day = self.day_of(month)
        while works is not None and not works(day):
            day += _DAY
        return self.at(day)

    def at(self, day: date) -> datetime:
        """The same time on another day."""
        return datetime(day.year, day.month, day.day, tzinfo=TAIPEI) + timedelta(minutes=self.minutes)

    def __str__(self) -> str:
        return f"+{self.months} {self.day or 'last'} {self.minutes // 60:02}:{self.minutes % 60:02}"


def spoken(moment: datetime) -> str:
    """The moment as people say it in Taipei: `2021-07-20 24:00`, not the midnight of the 21st."""
    local = moment.astimezone(TAIPEI)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - _DAY:%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"

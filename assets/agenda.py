"""What is to be done by itself at a moment, by the calendar of duties: pulls, closes, year ends.

Schedules and `attendance scheduled` ask the same questions here, so that what a dry run says is what would run.
Nothing is done here, and nothing of Dagster is needed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.platform import Platform
from checks.limits import Limits
from checks.model.office_days import OfficeDays
from warehouse.deadlines import TAIPEI, month_end
from warehouse.duties import Duties, calendar_of
from warehouse.duties.reckoning import spoken
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.months import month_range, shifted
from warehouse.office_calendar import load_office_days
from warehouse.publish.known import known_months

PULL, CLOSE, YEAR_END, LOOK = "pull", "close", "year-end", "look"

#: What answers for an agency's month: received after it ended, and not refused.
_ANSWERS = (lifecycle.RECEIVED, lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS)
#: Months whose deadlines, extended ones too, are looked for.
_BACK = 24
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done: the schedule's `kind`, the month or year, and why, in Chinese and English."""

    kind: str
    partition: str
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a scheduled pull asks for a month, by channel; `left` owe it and are not asked any more.

    Those who have not answered are asked until the year closes, those who have until corrections close; of these only
    what their ETag or their tables say is new is taken.
    """

    month: str
    unanswered: Mapping[str, list[str]]
    answered: Mapping[str, list[str]]
    left: int

    @property
    def agencies(self) -> list[str]:
        """All of them, by code."""
        return sorted(code for asked in (self.unanswered, self.answered) for codes in asked.values() for code in codes)


class Agenda:
    """What is due by the calendar, the register, what was granted and what has come in, as the ledger has it now."""

    def __init__(self, platform: Platform, session: Session, now: datetime) -> None:
        self._session = session
        self._office_days: OfficeDays | None = None
        self.duties = Duties(session, calendar_of(platform.home))
        owed = known_months(session, platform.first_month, now).owed
        #: The first month that agencies owe; where nothing ever came, the newest that has ended.
        self._first = max(owed[0] if owed else shifted(_month_of(now), -1), Limits().collection_began)

    def asked(self, month: str, now: datetime) -> Asked:
        """Whom to ask for the month: nobody before it opens."""
        calendar = self.duties.calendar
        if now < calendar.opens(month):
            return Asked(month, {}, {}, 0)
        answered = self._answered(month)
        unanswered: dict[str, list[str]] = {}
        to_confirm: dict[str, list[str]] = {}
        left = 0
        until: dict[str | None, tuple[datetime, datetime]] = {}
        for code, due in sorted(self.duties.of_month(month).due.items()):
            kind = self._kind(code, month)
            if kind not in until:
                until[kind] = calendar.year_closes(int(month[:4]), kind), calendar.corrections_close(month, kind)
            year_closes, corrections_close = until[kind]
            if code not in answered and now <= year_closes:
                unanswered.setdefault(due.channel or "manual", []).append(code)
            elif code in answered and now <= corrections_close:
                to_confirm.setdefault(due.channel or "manual", []).append(code)
            else:
                left += 1
        return Asked(month, unanswered, to_confirm, left)

    def open_months(self, now: datetime) -> list[str]:
        """The months that may be reported by now and whose year is not closed yet, in order."""
        calendar = self.duties.calendar
        return [
            month for month in self._months(now) if calendar.opens(month) <= now <= calendar.year_closes(int(month[:4]))
        ]

    def pulls(self, now: datetime) -> list[Work]:
        """The months to pull: the newest that is open, for the inbox too, and those of which anybody is to be asked."""
        opened = [month for month in self._months(now) if self.duties.calendar.opens(month) <= now]
        works = []
        for month in opened:
            asked = self.asked(month, now)
            fetched = _fetched(asked.unanswered), _fetched(asked.answered)
            if any(fetched) or month == opened[-1]:
                works.append(Work(PULL, month, _pull_said(*fetched)))
        return works

    def closes(self, after: datetime, now: datetime) -> list[Work]:
        """The months of which a deadline, an extended one too, has passed between the two moments."""
        works = []
        for month in self._months(now):
            passed = [at for at in self.duties.deadlines(month) if after < at <= now]
            if passed:
                said = "、".join(spoken(at) for at in passed)
                works.append(Work(CLOSE, month, f"期限已過 due until {said}"))
        return works

    def year_ends(self, after: datetime, now: datetime) -> list[Work]:
        """The years whose last month was due, or that were closed, between the two moments."""
        works = []
        for year in range(int(self._first[:4]), now.astimezone(TAIPEI).year):
            due, closes = self.duties.deadlines(f"{year:04}-12")[-1], self.duties.calendar.year_closes(year)
            if after < due <= now:
                works.append(Work(YEAR_END, f"{year:04}", f"12 月期限已過 December was due until {spoken(due)}"))
            elif after < closes <= now:
                works.append(Work(YEAR_END, f"{year:04}", f"年度關帳 the year closed {spoken(closes)}"))
        return works

    def is_worked(self, day: date) -> bool:
        """Whether offices work on that day, by the office calendar as imported."""
        if self._office_days is None:
            self._office_days = load_office_days(self._session)
        return self._office_days.is_worked(day)

    def works(self, kind: str, now: datetime) -> list[Work]:
        """What the daily schedule of that kind finds to do: pulls on working days, the others since the day before."""
        if kind == PULL:
            return self.pulls(now) if self.is_worked(now.date()) else []
        since = now - _DAY
        return self.closes(since, now) if kind == CLOSE else self.year_ends(since, now)

    def _months(self, now: datetime) -> list[str]:
        """Months that may still be asked for or due, in order."""
        last = _month_of(now)
        first = max(self._first, shifted(last, -_BACK))
        return month_range(first, last)

    def _answered(self, month: str) -> Collection[str]:
        query = select(Submission.agency_code).where(
            Submission.month == month,
            Submission.state.in_(_ANSWERS),
            Submission.first_received_at >= month_end(month),
        )
        return set(self._session.scalars(query.distinct()))

    def _kind(self, code: str, month: str) -> str | None:
        if not self.duties.calendar.kinds(month):
            return None
        period = self.duties.register.of_month(month).get(code)
        return period.kind if period else None


def asked_of(platform: Platform, month: str) -> Asked:
    """Whom a scheduled pull of the month asks now; raises `warehouse.duties.CalendarRefused`."""
    now = platform.clock()
    with reading(platform.engine) as session:
        return Agenda(platform, session, now).asked(month, now)


def _month_of(now: datetime) -> str:
    return now.astimezone(TAIPEI).strftime("%Y-%m")


def _fetched(asked: Mapping[str, list[str]]) -> int:
    """How many of them are fetched from; who reports by hand hands in."""
    return sum(len(codes) for channel, codes in asked.items() if channel != "manual")


def _pull_said(unanswered: int, answered: int) -> str:
    return (
        f"未回覆 {unanswered:,} 個、已回覆僅取異動 {answered:,} 個 "
        f"{unanswered:,} have not answered, {answered:,} have and are asked for changes only"
    )

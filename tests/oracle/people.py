"""The oracle on people: whether somebody works for the agency on a day, how many hours, or that nobody knows.

Out of the document's month a person goes on as in the row of employees that reaches there, by a roster nobody knows.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from tests.oracle.tables import OFFICE_KINDS, Closed, Document, Stated, kind_of, moment, month_days, worked

Record = dict[str, Any]

_MORNING = (timedelta(hours=8, minutes=30), timedelta(hours=12, minutes=30))
_AFTERNOON = (timedelta(hours=13, minutes=30), timedelta(hours=17, minutes=30))


class People:
    """The people of a document, by the rows of employees and of the roster that were let in."""

    def __init__(
        self, document: Document, closed: Closed, stated: Stated, rows: list[Record], duties: list[Record]
    ) -> None:
        self.agency: str = document["agency_code"]
        self.kind = kind_of(self.agency, stated)
        self._pattern_of_staff = stated.get(self.agency, (None, None))[1]
        self.days = month_days(document["month"])
        self.closed = closed
        self._rows: dict[str, list[Record]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row["from"] or ""):
            self._rows[row["person_id"]].append(row)
        self._duties: dict[str, list[Record]] = defaultdict(list)
        for duty in duties:
            self._duties[duty["person_id"]].append(duty)
        # What is asked again and again.
        self.hours = cache(self._hours)
        self.duties = cache(self._duties_by_roster)

    def rows(self, person: str) -> list[Record]:
        """The person's rows, by the day from which they hold."""
        return self._rows.get(person, [])

    def row_on(self, person: str, day: date) -> Record | None:
        """The row that holds on a day; out of the month, the one that reaches beyond its first or last day."""
        a_day = timedelta(days=1)
        near = min(max(day, self.days[0] - a_day), self.days[-1] + a_day)
        return next((row for row in self.rows(person) if on_payroll(row, near)), None)

    def knows(self, person: str, day: date) -> str:
        """By what the person's work on a day is known: away, office, roster, unknown."""
        if not self.rows(person):
            return "unknown"
        row = self.row_on(person, day)
        if row is None or row.get("status") == "unpaid_leave":
            return "away"
        pattern = self.pattern(row)
        if pattern == "roster":
            return "roster" if person in self._duties and day in self.days else "unknown"
        if row.get("work_pattern") or day not in self.days or pattern != "office":
            return pattern
        kind = row["employment_type"]
        free = (kind == "teacher" and _vacation(day)) or (kind == "other" and (day.month, day.day) == (5, 1))
        return "unknown" if free else pattern

    def pattern(self, row: Record) -> str:
        """As the row states, else by kind of staff and agency: office, roster, unknown."""
        stated = row.get("work_pattern")
        if not stated and row["employment_type"] == "teacher":
            return "office"
        stated = stated or self._pattern_of_staff
        if stated:
            return "roster" if stated == "shift" else "office"
        return "office" if self.kind in OFFICE_KINDS else "unknown"

    def _hours(self, person: str, day: date) -> Fraction | None:
        """Hours that the person works on a day; None where that is not known."""
        known = self.knows(person, day)
        if known == "unknown":
            return None
        if known == "away":
            return Fraction(0)
        if known == "roster":
            return sum((Fraction(duty["hours"]) for duty in self.duties(person) if begins(duty) == day), Fraction(0))
        row = self.row_on(person, day)
        return self.office_hours(person, day) * Fraction((row or {}).get("weekly_hours") or 40) / 40

    def hours_over(self, person: str, days: list[date]) -> Fraction | None:
        """Hours of several days; None where those of any are not known."""
        hours = [self.hours(person, day) for day in days]
        return None if None in hours else sum((one for one in hours if one), Fraction(0))

    def office_hours(self, person: str, day: date) -> Fraction:
        """Hours of a full-time office day.  Who is labour staff at any time of the month has 1 May off."""
        labour = any(row["employment_type"] == "labour" for row in self.rows(person))
        if not worked(self.agency, day, self.closed) or (labour and (day.month, day.day) == (5, 1)):
            return Fraction(0)
        return Fraction(8 - self.closed.get((self.agency, day), 0))

    def _duties_by_roster(self, person: str) -> list[Record]:
        """The person's rostered duties that begin while the person works by the roster."""
        own = self._duties.get(person, [])
        return [duty for duty in own if self.knows(person, self._nearest(begins(duty))) == "roster"]

    def leave_covers(self, person: str, start: datetime, end: datetime) -> bool:
        """Whether a leave covers any time from `start` to before `end`.

        It covers working days by the office calendar, rostered duties, and where that is not known everything.
        """
        for day in days_between(start, end):
            known = self.knows(person, day)
            if known == "unknown" or (known == "office" and self.hours(person, day)):
                return True
        return any(moment(duty["start"]) < end and start < moment(duty["end"]) for duty in self.duties(person))

    def _nearest(self, day: date) -> date:
        return min(max(day, self.days[0]), self.days[-1])


def on_payroll(row: Record, day: date) -> bool:
    """Whether a row of employees holds on the day."""
    return (row["from"] or "") <= day.isoformat() <= (row["to"] or "9999-99-99")


def begins(record: Record) -> date:
    """The first day of a record."""
    return moment(record["start"]).date()


def days_between(start: datetime, end: datetime) -> list[date]:
    """The days that hold some time from `start` to before `end`."""
    days, midnight = [], datetime.combine(start.date(), datetime.min.time())
    while midnight < end:
        days.append(midnight.date())
        midnight += timedelta(days=1)
    return days


def days_touched(record: Record) -> list[date]:
    """The days of an interval that has length; one that ends at midnight does not touch the day that begins there."""
    return days_between(moment(record["start"]), moment(record["end"]))


def half_days(start: datetime, end: datetime, day: date) -> int:
    """Hours of the standard day that an interval takes: 4 for each half of which it holds two hours or more."""
    hours, midnight = 0, datetime.combine(day, datetime.min.time())
    for opens, closes in (_MORNING, _AFTERNOON):
        if min(end, midnight + closes) - max(start, midnight + opens) >= timedelta(hours=2):
            hours += 4
    return hours


def _vacation(day: date) -> bool:
    """School is out, so that nobody knows when teachers are on duty."""
    return (7, 1) <= (day.month, day.day) <= (8, 29) or (1, 21) <= (day.month, day.day) <= (2, 10)

"""The oracle on what leaves take: of each day, and of a month."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.people import People, Record, begins, date, days_between, days_touched, half_days, on_payroll
from tests.oracle.tables import moment, table

EVERY_DAY = {row["code"] for row in table("leave_types") if row["every_day"] == "yes"}
OFFICIAL = {row["code"] for row in table("leave_types") if row["official"] == "yes"}
#: Taken on days off as well.
ON_ANY_DAY = {"05", "06", "07", "26"}


class Taken(NamedTuple):
    """Of a day that the person works: hours that a leave takes, and whether that is all of them."""

    day: date
    hours: Fraction
    wholly: bool


def counts_every_day(people: People, leave: Record) -> bool:
    """Whether days off within the leave count as well."""
    labour = any(row["employment_type"] == "labour" for row in people.rows(leave["person_id"]))
    return leave["leave_type"] in EVERY_DAY or (labour and leave["leave_type"] in {"09", "13"})


def taken(people: People, leave: Record) -> list[Taken]:
    """The working days of a leave one after another, as far as its hours go; an edge holds the half days it touches.

    Of who works by a roster a day holds what the leave covers of the duties that begin on it.  On the only day that it
    touches a leave takes what it claims.
    """
    days, left, found = days_touched(leave), Fraction(leave["hours"]), []
    start, end = moment(leave["start"]), moment(leave["end"])
    for day in days:
        works = people.hours(leave["person_id"], day) or Fraction(0)
        if len(days) == 1:
            holds = works
        elif people.knows(leave["person_id"], day) == "roster":
            duties = [duty for duty in people.duties(leave["person_id"]) if begins(duty) == day]
            holds = sum((_covered(start, end, duty) for duty in duties), Fraction(0))
        else:
            holds = works * Fraction(half_days(start, end, day), 8)
        hours = min(holds, left)
        left -= hours
        if hours > 0:
            found.append(Taken(day, hours, wholly=hours >= works))
    return found


def _covered(start: datetime, end: datetime, duty: Record) -> Fraction:
    """Hours of a duty that lie between two moments, by the clock."""
    begins, ends = moment(duty["start"]), moment(duty["end"])
    return Fraction(duty["hours"]) * max(Fraction((min(end, ends) - max(start, begins)) / (ends - begins)), Fraction(0))


def hours_in_month(people: People, leave: Record) -> float:
    """The leave's hours within the month and the person's days at the agency, by what each day holds.

    Office days hold their office hours; all days the same where days off count too, or none of them is worked; of
    anybody without office hours, whose other months are not known, the clock says it.
    """
    whole = (moment(leave["start"]), moment(leave["end"]))
    parts = [
        part for first, last in _at_the_agency(people, leave["person_id"]) if (part := _common(whole, first, last))
    ]
    by_office, by_days, by_clock = (
        lambda part: sum(_office_hours(people, leave["person_id"], part, day) for day in days_between(*part)),
        lambda part: Fraction(sum(half_days(*part, day) for day in days_between(*part))),
        lambda part: Fraction((part[1] - part[0]) / timedelta(milliseconds=1)),
    )
    keeps_office_hours = any(people.knows(leave["person_id"], day) == "office" for day in people.days)
    if (counts_every_day(people, leave) or not by_office(whole)) and by_days(whole):
        held = by_days
    else:
        held = by_office if keeps_office_hours and by_office(whole) else by_clock
    return float(Fraction(leave["hours"]) * sum(held(part) for part in parts) / held(whole))


def _office_hours(people: People, person: str, part: tuple[datetime, datetime], day: date) -> Fraction:
    return min(Fraction(half_days(*part, day)), people.office_hours(person, day))


def _at_the_agency(people: People, person: str) -> list[tuple[date, date]]:
    """First and last days of the stretches of the month on which the person is at the agency."""
    rows = people.rows(person)
    if not rows:
        return [(people.days[0], people.days[-1])]
    stretches = [[day for day in people.days if on_payroll(row, day)] for row in rows]
    return [(days[0], days[-1]) for days in stretches if days]


def _common(whole: tuple[datetime, datetime], first: date, last: date) -> tuple[datetime, datetime] | None:
    begins = max(whole[0], datetime.combine(first, datetime.min.time()))
    ends = min(whole[1], datetime.combine(last, datetime.min.time()) + timedelta(days=1))
    return (begins, ends) if begins < ends else None

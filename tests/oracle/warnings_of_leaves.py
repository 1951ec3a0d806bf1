"""The oracle on leaves that let one ask: W201, W208, W210, W215."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracle.leave_time import OFFICIAL, ON_ANY_DAY, counts_every_day, taken
from tests.oracle.people import Record, days_touched
from tests.oracle.tables import holds, moment, number, of_type
from tests.oracle.texts import interval

if TYPE_CHECKING:
    from tests.oracle.one_document import Judgement

#: A fifth of the weekly hours is no binary fraction.
_ROUNDING = 1e-6


def warn(judged: "Judgement") -> None:
    """All of them, on the leaves let in."""
    _working_days(judged)
    _certificates(judged)
    _clocked_on_leave(judged)


def _working_days(judged: "Judgement") -> None:
    """W201: none; else W210: fewer hours than are claimed."""
    for index, leave in judged.let_in["leaves"]:
        if "R114" in judged.fails["leaves", index]:
            continue
        days = days_touched(leave)
        works = judged.people.hours_over(leave["person_id"], days)
        if works == 0 and leave["leave_type"] not in ON_ANY_DAY and not _rostered(judged, leave):
            judged.say("W201", "leaves", index, "start", interval(leave), "至少一個上班日 at least one working day")
            continue
        every_day = leave["leave_type"] in ON_ANY_DAY or counts_every_day(judged.people, leave)
        held = works if works is None else _rostered(judged, leave) or works
        holds_hours = max(8 * len(days), held) if every_day and held is not None else held
        if holds_hours is not None and leave["hours"] > holds_hours + _ROUNDING:
            judged.say("W210", "leaves", index, "hours", number(leave["hours"]), number(holds_hours))


def _rostered(judged: "Judgement", leave: Record) -> Fraction:
    """Hours of the rostered duties that a leave touches; 0 of who works by no roster at its beginning and end."""
    days = days_touched(leave)
    if any(
        day not in judged.days or judged.people.knows(leave["person_id"], day) != "roster"
        for day in (days[0], days[-1])
    ):
        return Fraction(0)
    start, end = moment(leave["start"]), moment(leave["end"])
    return sum(
        (
            Fraction(duty["hours"])
            for duty in judged.people.duties(leave["person_id"])
            if moment(duty["start"]) < end and moment(duty["end"]) > start
        ),
        Fraction(0),
    )


def _certificates(judged: "Judgement") -> None:
    """W208: by the hours of a leave with those of its type before and after it without a working day between."""
    for spell in _spells(judged):
        hours = sum(leave["hours"] for _, leave in spell)
        for index, leave in spell:
            first = days_touched(leave)[0]
            periods = [row for row in of_type(leave["leave_type"]) if holds(row, first)]
            due = [row for row in periods if row["certificate_from_days"]]
            if leave["certificate"] is False and any(hours >= 8 * float(row["certificate_from_days"]) for row in due):
                value = f"{leave['leave_type']} {interval(leave)}"
                judged.say("W208", "leaves", index, "certificate", value, "certificate: true")


def _spells(judged: "Judgement") -> list[list[tuple[int, Record]]]:
    spells: dict[tuple[str, str], list[list[tuple[int, Record]]]] = defaultdict(list)
    for index, leave in sorted(judged.let_in["leaves"], key=lambda one: (moment(one[1]["start"]), one[0])):
        of_type_so_far = spells[leave["person_id"], leave["leave_type"]]
        if of_type_so_far and _follows(judged, leave, of_type_so_far[-1][-1][1]):
            of_type_so_far[-1].append((index, leave))
        else:
            of_type_so_far.append([(index, leave)])
    return [spell for own in spells.values() for spell in own]


def _follows(judged: "Judgement", leave: Record, before: Record) -> bool:
    """Whether the person is known to work on no day between the two."""
    day, between = days_touched(before)[-1] + timedelta(days=1), []
    while day < days_touched(leave)[0]:
        between.append(day)
        day += timedelta(days=1)
    return judged.people.hours_over(leave["person_id"], between) == 0


def _clocked_on_leave(judged: "Judgement") -> None:
    """W215: clocked in and then out on a day that a leave, no official business, covers wholly."""
    clocked: dict[tuple[str, date, str], list[datetime]] = defaultdict(list)
    for _, clocking in judged.let_in["clockings"]:
        at = moment(clocking["at"])
        clocked[clocking["person_id"], at.date(), clocking["kind"]].append(at)
    for index, leave in judged.let_in["leaves"]:
        if leave["leave_type"] in OFFICIAL:
            continue
        wholly = [one.day for one in taken(judged.people, leave) if one.wholly and one.day in judged.days]
        person = leave["person_id"]
        there = [
            day
            for day in wholly
            if any(came < left for came in clocked[person, day, "in"] for left in clocked[person, day, "out"])
        ]
        if there:
            judged.say("W215", "leaves", index, "start", interval(leave), min(there).isoformat())

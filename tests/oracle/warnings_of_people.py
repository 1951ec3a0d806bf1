"""The oracle on people who work too long (W203, W204, W212), or leave no trace (W205, W211)."""

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracle.leave_time import taken
from tests.oracle.people import Record, begins
from tests.oracle.tables import moment, most_specific, number, table

if TYPE_CHECKING:
    from tests.oracle.one_document import Judgement

Overtime = list[tuple[int, Record]]
_NONE = Fraction(0)


def warn(judged: "Judgement") -> None:
    """All of them, on the records let in."""
    of_person: dict[str, Overtime] = defaultdict(list)
    for index, record in sorted(judged.let_in["overtime"], key=lambda one: (moment(one[1]["start"]), one[0])):
        if begins(record) in judged.days:
            of_person[record["person_id"]].append((index, record))
    for overtime in of_person.values():
        _in_a_day(judged, overtime)
        _in_the_month(judged, overtime)
        _beyond_the_wider(judged, overtime)
    if judged.document["clockings"]:
        _without_trace(judged)


#: Whom a limit is for: the wider one is for public servants alone.
_EVERYBODY = ("civil_servant", "teacher", "contract", "labour", "other")
_PUBLIC_SERVANTS = ("civil_servant", "contract")


def _limit(
    judged: "Judgement", record: Record, column: str, *, special: bool, of: tuple[str, ...] = _EVERYBODY
) -> Fraction | None:
    """The limit in hours on whoever works this overtime; None where none is known or it is not switched on."""
    row = judged.people.row_on(record["person_id"], begins(record))
    if row is None or row["employment_type"] not in of:
        return None
    whom = {
        "employment_type": row["employment_type"],
        "agency_kind": judged.people.kind,
        "pattern": judged.people.pattern(row),
        "category": "special" if special else "ordinary",
    }
    limit = most_specific(table("overtime_limits"), whom, judged.days[0])
    return Fraction(limit[column]) if limit and limit["switch"] == "on" and limit[column] else None


def _is_special(overtime: Overtime) -> bool:
    return any(record.get("category") == "special" for _, record in overtime)


def _by_day(overtime: Overtime) -> dict[date, Overtime]:
    days: dict[date, Overtime] = defaultdict(list)
    for index, record in overtime:
        days[begins(record)].append((index, record))
    return days


def _hours_worked(judged: "Judgement", person: str, day: date) -> Fraction:
    """What the person works on a day less leave; nothing where it is not known."""
    works = judged.people.hours(person, day) or _NONE
    leaves = [leave for _, leave in judged.let_in["leaves"] if leave["person_id"] == person]
    on_leave = [one.hours for leave in leaves for one in taken(judged.people, leave) if one.day == day]
    return max(works - sum(on_leave), _NONE)


def _passing(
    judged: "Judgement", overtime: Overtime, column: str, before: Fraction = _NONE, **whom: Any
) -> tuple[int, Fraction] | None:
    """The first record by which the hours, `before` them included, are above the limit, and that limit."""
    hours = before
    for index, record in overtime:
        hours += Fraction(record["minutes"]) / 60
        limit = _limit(judged, record, column, **whom)
        if limit is not None and hours > limit:
            return index, limit
    return None


def _total(overtime: Overtime) -> Fraction:
    return sum((Fraction(record["minutes"]) / 60 for _, record in overtime), _NONE)


def _in_a_day(judged: "Judgement", overtime: Overtime) -> None:
    """W203."""
    for day, of_day in _by_day(overtime).items():
        worked = _hours_worked(judged, of_day[0][1]["person_id"], day)
        passing = _passing(judged, of_day, "hours_a_day", worked, special=_is_special(of_day))
        if passing:
            value = number(worked + _total(of_day))
            judged.say("W203", "overtime", passing[0], "minutes", value, number(passing[1]))


def _in_the_month(judged: "Judgement", overtime: Overtime) -> None:
    """W204: all by the limit of the month, wider where some is special; what is ordinary by the ordinary one."""
    ordinary = [(index, record) for index, record in overtime if record.get("category") != "special"]
    found = {}
    for some, special in ((ordinary, False), (overtime, _is_special(overtime))):
        passing = _passing(judged, some, "hours_a_month", special=special)
        if passing:
            found[passing[0]] = (_total(some), passing[1])
    for index, (total, limit) in found.items():
        judged.say("W204", "overtime", index, "minutes", number(total), number(limit))


def _beyond_the_wider(judged: "Judgement", overtime: Overtime) -> None:
    """W212: of civil servants and contract staff, in a day or else in the month, by the limits of special duty."""
    if judged.month < "2023-01":
        return
    found = {}
    wider = {"special": True, "of": _PUBLIC_SERVANTS}
    if passing := _passing(judged, overtime, "hours_a_month", **wider):
        found[passing[0]] = (_total(overtime), passing[1])
    for day, of_day in _by_day(overtime).items():
        worked = _hours_worked(judged, of_day[0][1]["person_id"], day)
        if passing := _passing(judged, of_day, "hours_a_day", worked, **wider):
            found[passing[0]] = (worked + _total(of_day), passing[1])
    for index, (total, limit) in found.items():
        judged.say("W212", "overtime", index, "minutes", number(total), number(limit))


def _without_trace(judged: "Judgement") -> None:
    """W205 and W211: one finding a person, at his first row let in."""
    clocked = {(one["person_id"], moment(one["at"]).date()) for one in judged.document["clockings"]}
    # A leave that is refused explains a day as well.
    leaves = [leave for leave in judged.document["leaves"] if moment(leave["end"]) > moment(leave["start"])]
    on_leave = {(leave["person_id"], one.day) for leave in leaves for one in taken(judged.people, leave)}
    spoken_of = set()
    for index, row in judged.let_in["employees"]:
        person = row["person_id"]
        if person in spoken_of:
            continue
        spoken_of.add(person)
        seen = any((person, day) in clocked for day in judged.days)
        missing = [
            day for day in judged.days if judged.people.hours(person, day) and (person, day) not in clocked | on_leave
        ]
        due = [day for day in missing if _has_to_clock(judged, person, day, seen=seen)]
        if due and seen:
            days = "、".join(f"{day.day:02}" for day in due)
            judged.say(
                "W205", "employees", index, "person_id", f"{judged.month}-{days}", "刷卡或請假 clocking or leave"
            )
        elif due:
            judged.say("W211", "employees", index, "clocks", judged.month, "當月刷卡紀錄 clockings of the month")


def _has_to_clock(judged: "Judgement", person: str, day: date, *, seen: bool) -> bool:
    """As stated for that day; where it is not stated, who clocked at least once, teachers aside."""
    row = judged.people.row_on(person, day)
    if row is None:
        return False
    if row.get("clocks") is not None:
        return bool(row["clocks"])
    return seen and row["employment_type"] != "teacher"

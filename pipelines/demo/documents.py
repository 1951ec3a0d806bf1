"""Documents of format 1.1 or 1.0 as an agency's system writes them, from what its people did in the month."""

import json
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from pipelines.demo.agencies import DemoAgency, Person
from pipelines.demo.rostered_month import make_rostered_month, part_time_duties, rostered_duties
from pipelines.demo.webitr_releases import version_of
from pipelines.demo.working_month import (
    Habits,
    Leave,
    Overtime,
    Shift,
    WorkingMonth,
    make_working_month,
    working_days,
)

Record = dict[str, Any]
Document = dict[str, Any]
#: Members that format 1.0 does not know.
_SINCE_1_1 = frozenset(
    {"work_pattern", "clocks", "status", "weekly_hours", "annual_leave_hours", "event_id", "category"}
)
#: Minutes: with a day of eight hours they are the twelve that labour staff may work.
_LABOUR_OVERTIME = 240
SYSTEMS = {"webitr": "WebITR", "manual": "自建差勤系統"}


@dataclass(frozen=True)
class PersonMonth:
    """A person of the agency and what they did."""

    person: Person
    done: WorkingMonth


def person_months(agency: DemoAgency, month: str, seed: int) -> list[PersonMonth]:
    """What the agency's people did, the same for the same seed; only those on the payroll in the month.

    The first person comes to work every day and does nothing else: planned cases are made of that.
    """
    first, *_, last = days_of(month)
    months = []
    for n, person in enumerate(agency.people):
        if (person.joined or first) > last or (person.left or last) < first:
            continue
        rng = Random(f"{seed}:{month}:{person.person_id}")  # noqa: S311  (made-up data)
        months.append(PersonMonth(person, _done(rng, person, month, first=n == 0)))
    return months


def _done(rng: Random, person: Person, month: str, *, first: bool) -> WorkingMonth:
    terms = person.terms
    if terms.roster is not None:
        duties = rostered_duties(terms.roster, person.serial, days_of(month))
    elif terms.weekly_hours is not None:
        duties = part_time_duties(terms.weekly_hours, month)
    else:
        own = [day for day in working_days(month) if person.works_on(day)]
        return make_working_month(rng, own, Habits(leaves=0, overtime=0) if first else _habits(person))
    own_duties = [duty for duty in duties if person.works_on(duty.start.date()) and person.works_on(duty.end.date())]
    rostered = terms.roster is not None
    # After a long duty labour staff may not stay on: eleven hours and two more are above their twelve.
    overtime_too = rostered and person.employment_type != "labour"
    return make_rostered_month(rng, own_duties, rostered=rostered, overtime_too=overtime_too)


def _habits(person: Person) -> Habits:
    longest = _LABOUR_OVERTIME if person.employment_type == "labour" else Habits.longest_overtime
    return Habits(woman=person.woman, longest_overtime=longest, clocks=person.terms.clocks)


def make_document(agency: DemoAgency, month: str, months: list[PersonMonth], produced_at: datetime) -> Document:
    """The agency's submission in format 1.1, not a fault in it."""
    system = SYSTEMS[agency.channel]
    version = version_of(agency.agency_code) if agency.channel == "webitr" else "1.0"
    return {
        "format_version": "1.1",
        "agency_code": agency.agency_code,
        "month": month,
        "produced_by": {"system": system, "version": version},
        "produced_at": produced_at.isoformat(timespec="seconds"),
        "employees": [row for one in months for row in employee_rows(one.person, month)],
        "shifts": [shift_record(one.person.person_id, shift) for one in months for shift in one.done.shifts],
        "leaves": [
            leave_record(one.person.person_id, f"L{month[2:4]}{month[5:]}-{one.person.card}-{n}", leave)
            for one in months
            for n, leave in enumerate(one.done.leaves, start=1)
        ],
        "overtime": [
            overtime_record(one.person.person_id, f"O{month[2:4]}{month[5:]}-{one.person.card}-{n}", entry)
            for one in months
            for n, entry in enumerate(one.done.overtime, start=1)
        ],
        "clockings": [
            {"person_id": one.person.person_id, "at": minute(clocking.at), "kind": clocking.kind}
            for one in months
            for clocking in one.done.clockings
        ],
    }


def as_1_0(document: Document) -> Document:
    """The document as a system that knows only the first version writes it."""
    told = {
        name: [{key: value for key, value in record.items() if key not in _SINCE_1_1} for record in value]
        if isinstance(value, list)
        else value
        for name, value in document.items()
        if name != "shifts"
    }
    for row in told["employees"]:
        row["employment_type"] = row["employment_type"].replace("labour", "other")
    return {**told, "format_version": "1.0"}


def to_bytes(document: Document) -> bytes:
    """The document as its system writes it: the manual ones indented, for people look at them."""
    indent = 1 if document["produced_by"]["system"] == SYSTEMS["manual"] else None
    return json.dumps(document, ensure_ascii=False, indent=indent).encode()


def leave_record(person_id: str, record_id: str, leave: Leave) -> Record:
    """A record of `leaves`."""
    return {
        "record_id": record_id,
        "person_id": person_id,
        "leave_type": leave.leave_type,
        "start": minute(leave.start),
        "end": minute(leave.end),
        "hours": int(leave.hours) if leave.hours.is_integer() else leave.hours,
        "certificate": leave.certificate,
        "reason": leave.reason,
        "event_id": None,
    }


def overtime_record(person_id: str, record_id: str, entry: Overtime) -> Record:
    """A record of `overtime`."""
    return {
        "record_id": record_id,
        "person_id": person_id,
        "start": minute(entry.start),
        "end": minute(entry.end),
        "minutes": entry.minutes,
        "compensation": entry.compensation,
        "category": entry.category,
    }


def shift_record(person_id: str, shift: Shift) -> Record:
    """A record of `shifts`."""
    return {"person_id": person_id, "start": minute(shift.start), "end": minute(shift.end), "hours": shift.hours}


def minute(moment: datetime) -> str:
    """`2021-06-03T08:30`."""
    return moment.isoformat(timespec="minutes")


def employee_rows(person: Person, month: str) -> list[Record]:
    """The person's records of `employees`: two where unpaid leave begins within the month."""
    first, *_, last = days_of(month)
    begins, ends = max(person.joined or first, first), min(person.left or last, last)
    unpaid = person.terms.unpaid_from
    stretches = [(begins, ends, "active" if unpaid is None or unpaid > ends else "unpaid_leave")]
    if unpaid is not None and begins < unpaid <= ends:
        stretches = [(begins, unpaid - timedelta(days=1), "active"), (unpaid, ends, "unpaid_leave")]
    return [
        {
            "person_id": person.person_id,
            "name": person.name,
            "employment_type": person.employment_type,
            "from": start.isoformat() if start > first else None,
            "to": end.isoformat() if end < last else None,
            "work_pattern": person.terms.work_pattern,
            "clocks": person.terms.clocks,
            "status": status,
            "weekly_hours": person.terms.weekly_hours,
            "annual_leave_hours": person.terms.annual_leave_hours,
        }
        for start, end, status in stretches
    ]


def days_of(month: str) -> list[date]:
    """Every day of a `YYYY-MM` month."""
    first = date.fromisoformat(f"{month}-01")
    return [first + timedelta(days=n) for n in range(monthrange(first.year, first.month)[1])]

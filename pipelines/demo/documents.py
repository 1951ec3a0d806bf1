"""Documents of format 1.0 as an agency's system writes them, from what its people did in the month."""

import json
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from pipelines.demo.agencies import DemoAgency, Person
from pipelines.demo.office_files import version_of
from pipelines.demo.working_month import Habits, Leave, Overtime, WorkingMonth, make_working_month, working_days

Record = dict[str, Any]
Document = dict[str, Any]
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
    days = working_days(month)
    first, last = date.fromisoformat(f"{month}-01"), _last_day(month)
    months = []
    for n, person in enumerate(agency.people):
        if (person.joined or first) > last or (person.left or last) < first:
            continue
        rng = Random(f"{seed}:{month}:{person.person_id}")  # noqa: S311  (made-up data)
        habits = Habits(only_arrival=agency.is_school, woman=person.woman)
        if n == 0:
            habits = Habits(leaves=0, overtime=0)
        own = [day for day in days if person.employed_on(day)]
        months.append(PersonMonth(person, make_working_month(rng, own, habits)))
    return months


def make_document(agency: DemoAgency, month: str, months: list[PersonMonth], produced_at: datetime) -> Document:
    """The agency's submission, not a fault in it."""
    system = SYSTEMS[agency.channel]
    version = version_of(agency) if agency.channel == "webitr" else "1.0"
    return {
        "format_version": "1.0",
        "agency_code": agency.agency_code,
        "month": month,
        "produced_by": {"system": system, "version": version},
        "produced_at": produced_at.isoformat(timespec="seconds"),
        "employees": [_employee(one.person, month) for one in months],
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
    }


def minute(moment: datetime) -> str:
    """`2021-06-03T08:30`."""
    return moment.isoformat(timespec="minutes")


def _employee(person: Person, month: str) -> Record:
    def within(day: date | None) -> str | None:
        return day.isoformat() if day is not None and f"{day:%Y-%m}" == month else None

    return {
        "person_id": person.person_id,
        "name": person.name,
        "employment_type": person.employment_type,
        "from": within(person.joined),
        "to": within(person.left),
    }


def _last_day(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return first.replace(day=monthrange(first.year, first.month)[1])

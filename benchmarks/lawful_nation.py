"""A made-up nation with the real mix of agencies, whose people all keep the law: two years of documents.

Schools are 45 % of the agencies; police and fire, hospitals, prisons and offices the rest.  One agency in five still
sends format 1.0, which cannot say how anybody works.  A few people move to another agency, leave, or are on unpaid
leave for half a year.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from lawful_lives import Life, Record, live
from lawful_people import (
    CLEANER,
    CONTRACT,
    DRIVER,
    FIREFIGHTER,
    FLEXIBLE,
    GUARD,
    NOT_CLOCKING,
    NURSE,
    OFFICER,
    OFFICIAL,
    PART_TIME,
    TEACHER,
    Sort,
)

from pipelines.demo.people import full_name, national_id
from warehouse.months import month_range

#: Two years and a month, so that W213 has what it needs in the last.
MONTHS = month_range("2023-12", "2025-12")
FIRST, LAST = date(2023, 12, 1), date(2025, 12, 31)
#: Last characters of agencies' codes, how many of a hundred have them, and who works there.
_STAFF: tuple[tuple[str, int, dict[Sort, int]], ...] = (
    ("Y", 30, {TEACHER: 14, OFFICIAL: 2, NOT_CLOCKING: 1, CONTRACT: 1, DRIVER: 2}),
    ("X", 10, {TEACHER: 24, OFFICIAL: 4, NOT_CLOCKING: 1, CONTRACT: 1, DRIVER: 2}),
    ("V", 5, {TEACHER: 40, OFFICIAL: 7, NOT_CLOCKING: 1, PART_TIME: 2, DRIVER: 3}),
    ("A", 30, {OFFICIAL: 8, FLEXIBLE: 6, NOT_CLOCKING: 1, CONTRACT: 3, PART_TIME: 1, DRIVER: 2}),
    ("C", 9, {OFFICER: 20, FIREFIGHTER: 8, OFFICIAL: 4, CONTRACT: 2}),
    ("P", 5, {NURSE: 24, OFFICIAL: 5, CONTRACT: 5, CLEANER: 6}),
    ("F", 3, {GUARD: 16, OFFICIAL: 5, DRIVER: 1}),
    ("I", 4, {OFFICIAL: 8, CONTRACT: 4, DRIVER: 5}),
    ("D", 4, {FLEXIBLE: 12, CONTRACT: 2}),
)
_OLD_FORMAT_EVERY = 5
_MOVING, _AWAY, _WOMEN = 0.02, 0.01, 0.5
_SINCE_1_1 = ("work_pattern", "clocks", "status", "weekly_hours", "annual_leave_hours", "event_id", "category")


@dataclass
class Stretch:
    """A person's days at an agency, both included, and what of the life is of them."""

    life: Life
    first: date
    last: date
    status: str | None = None


@dataclass
class LawfulAgency:
    """An agency: who works there and when."""

    code: str
    version: str
    stretches: list[Stretch] = field(default_factory=list)

    def document(self, month: str) -> dict[str, Any]:
        """The agency's document of a month, as its system writes it, times still as `datetime`."""
        first = date.fromisoformat(f"{month}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        here = [one for one in self.stretches if one.first < following and one.last >= first]
        document: dict[str, Any] = {
            "format_version": self.version,
            "agency_code": self.code,
            "month": month,
            "produced_by": {"system": "WebITR", "version": "2.4.1"},
            "produced_at": f"{following}T09:12:00+08:00",
            "employees": [_employee(one) for one in here],
            "shifts": [],
            "leaves": [],
            "overtime": [],
            "clockings": [],
        }
        for stretch in here:
            if stretch.status is None:
                _add_records(document, stretch, max(first, stretch.first), min(following, _after(stretch.last)))
        if self.version == "1.0":
            _as_1_0(document)
        return document


def _after(day: date) -> date:
    return day + timedelta(days=1)


def _employee(stretch: Stretch) -> Record:
    life, sort = stretch.life, stretch.life.sort
    return {
        "person_id": life.person_id,
        "name": life.name,
        "employment_type": sort.employment_type,
        "from": stretch.first.isoformat() if stretch.first > FIRST else None,
        "to": stretch.last.isoformat() if stretch.last < LAST else None,
        "work_pattern": sort.pattern,
        "clocks": sort.clocks,
        "status": stretch.status,
        "weekly_hours": sort.weekly_hours,
        "annual_leave_hours": life.annual_leave_hours,
    }


def _add_records(document: dict[str, Any], stretch: Stretch, first: date, following: date) -> None:
    """Records that touch the days of a month in which the person is at the agency."""
    begins, ends = (datetime.combine(day, time()) for day in (first, following))
    life = stretch.life
    for name, records in (("leaves", life.leaves), ("overtime", life.overtime)):
        touching = [one for one in records if one["start"] < ends and one["end"] > begins]
        for record in touching:
            document[name].append({"record_id": f"{name[0]}{len(document[name])}", **record})
    document["clockings"] += [one for one in life.clockings if begins <= one["at"] < ends]
    if life.sort.on_roster:
        document["shifts"] += [
            {"person_id": life.person_id, "start": duty.start, "end": duty.end, "hours": duty.hours}
            for duty in life.duties
            if duty.start < ends and duty.end > begins
        ]


def _as_1_0(document: dict[str, Any]) -> None:
    """Leave out what format 1.0 cannot say."""
    del document["shifts"]
    for name in ("employees", "leaves", "overtime"):
        document[name] = [{key: row[key] for key in row if key not in _SINCE_1_1} for row in document[name]]
    for row in document["employees"]:
        if row["employment_type"] == "labour":
            row["employment_type"] = "other"


def as_bytes(document: dict[str, Any]) -> bytes:
    """The document as JSON."""
    return json.dumps(document, ensure_ascii=False, default=_moment).encode()


def _moment(value: datetime) -> str:
    return value.isoformat(timespec="minutes")


def lawful_nation(agencies: int, seed: int) -> list[LawfulAgency]:
    """So many agencies in the real mix, and the lives of their people."""
    random = Random(seed)
    kinds = [(last, staff) for last, share, staff in _STAFF for _ in range(share)]
    random.shuffle(kinds)
    nation = []
    serial = iter(range(10**6))
    for number in range(agencies):
        last, staff = kinds[number % len(kinds)]
        version = "1.0" if number % _OLD_FORMAT_EVERY == 0 else "1.1"
        agency = LawfulAgency(f"3765{number:05}{last}", version)
        for sort, count in staff.items():
            for _ in range(count):
                agency.stretches += _stay(_born(sort, next(serial), random, special=version != "1.0"), random)
        nation.append(agency)
    _move_some(nation, random)
    return nation


def _born(sort: Sort, serial: int, random: Random, *, special: bool) -> Life:
    woman = random.random() < _WOMEN
    annual = random.choice((56, 112, 168, 240)) * (sort.weekly_hours or 40) / 40
    life = Life(national_id(serial, woman=woman), full_name(random), sort, woman, annual)
    live(life, FIRST, LAST, random, special=special)
    return life


def _stay(life: Life, random: Random) -> Iterator[Stretch]:
    """All the time; some are half a year on unpaid leave, and nothing is reported of them then."""
    if random.random() >= _AWAY:
        yield Stretch(life, FIRST, LAST)
        return
    begins = FIRST + timedelta(days=random.randrange(60, 400))
    ends = begins + timedelta(days=180)
    away = datetime.combine(begins, time()), datetime.combine(ends, time())
    life.leaves = [one for one in life.leaves if one["end"] <= away[0] or one["start"] >= away[1]]
    life.overtime = [one for one in life.overtime if one["end"] <= away[0] or one["start"] >= away[1]]
    yield Stretch(life, FIRST, begins - timedelta(days=1))
    yield Stretch(life, begins, ends - timedelta(days=1), "unpaid_leave")
    yield Stretch(life, ends, LAST)


def _move_some(nation: list[LawfulAgency], random: Random) -> None:
    """Some go on at another agency of the same kind and version; where they were they are until the day before."""
    for agency in nation:
        for stretch in list(agency.stretches):
            if stretch.status or stretch.first > FIRST or stretch.last < LAST or random.random() >= _MOVING:
                continue
            alike = [one for one in nation if (one.version, one.code[-1]) == (agency.version, agency.code[-1])]
            target = random.choice(alike)
            if target is agency:
                continue
            day = FIRST + timedelta(days=random.randrange(60, 700))
            stretch.last = day - timedelta(days=1)
            target.stretches.append(Stretch(stretch.life, day, LAST))

"""Random histories for the oracle: groups of agencies that share people, their months, and later corrections."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.oracle.people import days_touched
from tests.oracle.random_months import national_id
from tests.oracle.tables import month_days

Place = tuple[str, str]
Record = dict[str, Any]

#: Leave type → days that a leave of it lasts about; together they use quotas up within a few months.
_LASTING = {
    "01": 4, "25": 3, "24": 1, "02": 9, "03": 8, "08": 10, "10": 8, "13": 30, "22": 5, "21": 6, "09": 32, "05": 4,
    "31": 1, "04": 2,
}  # fmt: skip
#: Types of which the leaves of one event may have the same `event_id`.
_OF_EVENTS = {"08", "09", "10", "13", "21", "22"}
_QUARTER = [f"2022-{number:02}" for number in range(5, 9)]


def months_from(first: str, number: int) -> list[str]:
    """So many months from the first on."""
    months, day = [], date.fromisoformat(f"{first}-01")
    while len(months) < number:
        months.append(day.isoformat()[:7])
        day = (day + timedelta(days=31)).replace(day=1)
    return months


class Group:
    """Agencies and the people that they share.  `document` is made anew, and differently, at every call."""

    def __init__(self, random: Random, agencies: tuple[str, ...], months: list[str]) -> None:
        self.random, self.agencies, self.months = random, agencies, months
        self.people = [national_id(random) for _ in range(3)]
        self.others = {one: [national_id(random) for _ in range(random.choice((0, 8, 10, 13)))] for one in agencies}
        self.kinds = {
            person: random.choice(("civil_servant", "teacher", "contract", "labour")) for person in self.people
        }
        #: Annual leave as their agencies state it; of the last nobody does.
        self.own_hours = dict(zip(self.people, (56, 112.5, None), strict=True))
        self.leaves: dict[str, list[Record]] = defaultdict(list)
        for person in self.people:
            types = random.sample(sorted(_LASTING), k=3)
            for _ in range(random.randint(10, 24)):
                leave = self._leave(person, random.choice(types))
                # One or the other is reported by two agencies, as where somebody moved during it.
                for agency in random.sample(agencies, k=2 if random.random() < 0.15 else 1):
                    self.leaves[agency].append(leave)

    def document(self, agency: str, month: str) -> Record:
        random, days = self.random, month_days(month)
        listed = [one for one in self.people if random.random() < 0.8]
        others = self.others[agency][random.choice((0, 0, 0, 1, 2, 3)) :]
        touching = [
            one
            for one in self.leaves[agency]
            if one["person_id"] in listed and set(days_touched(one)) & set(days) and random.random() < 0.9
        ]
        return {
            "format_version": "1.1",
            "agency_code": agency,
            "month": month,
            "produced_by": {"system": "WebITR", "version": "2.4.1"},
            "produced_at": "2021-07-05T09:12:00+08:00",
            "employees": [self._employee(one, days) for one in (*listed, *others)],
            "leaves": random.sample(touching, k=len(touching)),
            "overtime": [*self._overtime(listed[0], days), *self._long_hours(listed[1:], days)] if listed else [],
            "clockings": self._clockings(listed[0], days) if listed else [],
        }

    def _employee(self, person: str, days: tuple[date, ...]) -> Record:
        edges: list[str | None] = [None, None]
        if person in self.people and self.random.random() < 0.4:
            edges[self.random.randrange(2)] = self.random.choice([*days, days[0] - timedelta(days=1)]).isoformat()
        return {
            "person_id": person,
            "name": "王小明",
            "employment_type": self.kinds.get(person, "other") if self.random.random() < 0.9 else "civil_servant",
            "from": edges[0],
            "to": edges[1],
            "status": "unpaid_leave" if self.random.random() < 0.1 else None,
            "annual_leave_hours": self.own_hours.get(person),
        }

    def _leave(self, person: str, leave_type: str) -> Record:
        random = self.random
        month = random.choice([*self.months, *_QUARTER] if leave_type == "22" else self.months)
        start = datetime.combine(random.choice(month_days(month)), datetime.min.time()).replace(hour=8, minute=30)
        days = random.randrange(2 * _LASTING[leave_type]) + 1
        events = (None, "E-1", "E-2") if leave_type in _OF_EVENTS else (None,)
        return {
            "record_id": f"L-{random.getrandbits(64):x}",
            "person_id": person,
            "leave_type": leave_type,
            "start": start.isoformat(timespec="minutes"),
            "end": (start + timedelta(days=days - 1, hours=9)).isoformat(timespec="minutes"),
            "hours": days * random.choice((8, 8, 6, 4, 1)),
            "certificate": True,
            "reason": None,
            "event_id": random.choice(events),
        }

    def _overtime(self, person: str, days: tuple[date, ...]) -> list[Record]:
        """None now and then; mostly much the same, at times far fewer or more."""
        return [
            {
                "record_id": f"O-{number}",
                "person_id": person,
                "start": f"{days[number]}T22:00",
                "end": f"{days[number]}T22:30",
                "minutes": 30,
                "compensation": "none",
                "category": None,
            }
            for number in range(self.random.choice((0, 1, 11, 12, 12, 12, 13, 13, 28)))
        ]

    def _long_hours(self, people: list[str], days: tuple[date, ...]) -> list[Record]:
        """Duties of two days, for some: three months of them are beyond what anybody may work."""
        return [
            {
                "record_id": f"D-{person[-4:]}-{day.day}",
                "person_id": person,
                "start": f"{day}T00:00",
                "end": f"{day + timedelta(days=2)}T00:00",
                "minutes": 2880,
                "compensation": self.random.choice(("pay", "time_off")),
                "category": self.random.choice((None, "special")),
            }
            for person in people
            for day in days[::10][: self.random.choice((0, 2, 3, 3))]
        ]

    def _clockings(self, person: str, days: tuple[date, ...]) -> list[Record]:
        if self.random.random() < 0.15:
            return []
        return [{"person_id": person, "at": f"{day}T08:00", "kind": "in"} for day in days[:3]]


def random_history(random: Random, agencies: tuple[str, ...], together: int) -> Iterator[dict[Place, bytes]]:
    """Arrivals, one mapping after another: most months at first, then those that were late and those corrected.

    `together` agencies share their people.
    """
    months = months_from(random.choice(("2021-01", "2022-09", "2022-12")), random.randint(9, 15))
    groups = [Group(random, agencies[first : first + together], months) for first in range(0, len(agencies), together)]
    of_agency = {agency: group for group in groups for agency in group.agencies}
    places = [(agency, month) for agency in agencies for month in months]
    for share in (0.75, 0.1, 0.08):
        arriving = [place for place in places if random.random() < share]
        yield {
            (agency, month): json.dumps(of_agency[agency].document(agency, month), ensure_ascii=False).encode()
            for agency, month in arriving
        }

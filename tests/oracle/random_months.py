"""Random months for the oracle: few people and many records, crowded where the rules have their edges."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.oracle.tables import Closed, is_national_id, month_days

#: Offices, a hospital, a police bureau, a school, an enterprise, and one of which the code says nothing.
AGENCIES = (
    "376500000A", "376500001A", "376500002P", "376500003C", "376500004Y", "376500005K", "3765000060", "376500007A",
    "376500008C",
)  # fmt: skip
#: What the register says of two of them: staff on a roster, and an office in spite of a police bureau's code.
STATED = {"376500007A": (None, "shift"), "376500008C": ("administration", "office")}
#: With what they hold: made-up Saturdays, school holidays and their ends, Labour Day, the first months of overtime
#: limits, a leap day, the months in which a leave type came into force and lapsed, and that from which R114 refuses.
MONTHS = (
    "2021-01", "2021-02", "2021-05", "2021-06", "2021-07", "2021-08", "2021-09", "2022-01", "2022-06", "2022-07",
    "2023-01", "2023-02", "2023-03", "2023-05", "2024-01", "2024-02", "2024-12", "2025-10", "2027-01",
)  # fmt: skip

_TYPES = [f"{number:02}" for number in (*range(1, 11), 13, 20, 21, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 99)]
_NO_TYPES = ("3", "11", "77", "A123456789", "x" * 36 + "A123456789")
_CLOCKS = ("00:00", "08:00", "08:30", "12:30", "17:30", "18:00", "22:00", "23:59", "08:30:00", "18:00:30")
_LENGTHS = (
    timedelta(hours=9), timedelta(hours=9), timedelta(hours=4), timedelta(hours=2), timedelta(minutes=30),
    timedelta(minutes=1), timedelta(days=1), timedelta(hours=33), timedelta(days=2), timedelta(days=3, hours=9),
    timedelta(days=11), timedelta(days=45), timedelta(0), timedelta(hours=-1), timedelta(seconds=90),
    timedelta(days=366), timedelta(days=366, minutes=1),
)  # fmt: skip
_TYPES_OF_STAFF = ("civil_servant", "civil_servant", "teacher", "contract", "other")


Record = dict[str, Any]


def national_id(random: Random) -> str:
    """A valid ID of any of the three forms."""
    second = random.choice("1289ABCD")
    while True:
        text = f"{random.choice('ABIOWZ')}{second}{random.randrange(10**8):08}"
        if is_national_id(text):
            return text


def random_document(random: Random) -> tuple[Record, Closed]:
    """A document without a fault of format, and the closures of its agency and of others."""
    month, agency = random.choice(MONTHS), random.choice(AGENCIES)
    return _Month(random, agency, month).document(), closures(random, month)


def closures(random: Random, month: str) -> Closed:
    """Hours closed on a few days of and around the month, of some agencies."""
    days = _days_around(month)
    return {
        (random.choice(AGENCIES), random.choice(days)): random.choice((4, 8, 8, 1)) for _ in range(random.randrange(12))
    }


def _days_around(month: str) -> list[date]:
    days = month_days(month)
    before, after = days[0], days[-1]
    return [*(before - timedelta(days=n) for n in (3, 2, 1)), *days, *(after + timedelta(days=n) for n in (1, 2, 3))]


class _Month:
    """The making of one document."""

    def __init__(self, random: Random, agency: str, month: str) -> None:
        self.random, self.agency, self.month = random, agency, month
        self.is_1_1 = random.random() < 0.7
        self.people = [national_id(random) for _ in range(random.randint(1, 4))]
        around = _days_around(month)
        #: No stranger, no slip, and room for everybody: so that the warnings stand alone.
        self.tidy = random.random() < 0.4
        # Else records crowd on few days, so that they meet.
        edges = [around[2], around[3], around[-4], around[-3]]
        self.days = month_days(month) if self.tidy else [*random.sample(around, k=random.randint(3, 12)), *edges]
        self.serial = 0

    def document(self) -> Record:
        listed = self.people[: -1 if not self.tidy and self.random.random() < 0.3 else None]
        document = {
            "format_version": "1.1" if self.is_1_1 else "1.0",
            "agency_code": self.agency,
            "month": self.month,
            "produced_by": {"system": "WebITR", "version": "2.4.1"},
            "produced_at": "2021-07-05T09:12:00+08:00",
            "employees": [row for person in self._with_repeats(listed) for row in self._rows(person)],
            "leaves": [self._leave() for _ in range(self.random.choice((0, 1, 3) if self.tidy else (0, 3, 8, 20)))],
            "overtime": [self._overtime() for _ in range(self.random.choice((0, 1, 3, 8, 25)))],
            "clockings": self._clockings(),
        }
        if self.is_1_1 and self._chance(0.8):
            on_roster = [row["person_id"] for row in document["employees"] if row.get("work_pattern") == "shift"]
            document["shifts"] = self._shifts([*on_roster, *self.people[:1]])
        if self._chance(0.15):
            self._of_another_month(document)
        return document

    def _of_another_month(self, document: Record) -> None:
        """Most clockings are of a year before, as where somebody typed the month wrongly."""
        for clocking in document["clockings"]:
            clocking["at"] = f"{int(self.month[:4]) - 1}{clocking['at'][4:]}".replace("-02-29", "-02-28")

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _seldom(self) -> bool:
        return not self.tidy and self._chance(0.06)

    def _with_repeats(self, people: list[str]) -> list[str]:
        more = [self._person() for _ in range(2) if self._seldom()]
        return self.random.sample([*people, *more], k=len(people) + len(more))

    def _person(self) -> str:
        if self._seldom():
            return self.random.choice(("A123456788", "a123456789", "", "王", "ABC", "A923456789"))
        return national_id(self.random) if self._seldom() else self.random.choice(self.people)

    def _rows(self, person: str) -> list[Record]:
        """One row of the person, or two stretches, of which the second mostly begins after the first has ended."""
        if not self._chance(0.15):
            return [self._employee(person)]
        ended = self.random.choice(month_days(self.month))
        begun = ended + timedelta(days=self.random.choice((1, 1, 4, 0)))
        return [
            self._employee(person) | {"to": ended.isoformat()},
            self._employee(person) | {"from": begun.isoformat()},
        ]

    def _employee(self, person: str) -> Record:
        first, last = (
            self.random.choice(self.days).isoformat() if self._chance(0.1 if self.tidy else 0.25) else None
            for _ in range(2)
        )
        row = {"person_id": person, "name": "王小明", "from": first, "to": last}
        if not self.is_1_1:
            return row | {"employment_type": self.random.choice(_TYPES_OF_STAFF)}
        more = {
            "work_pattern": self.random.choice((None, None, "office", "flexible", "shift", "shift")),
            "clocks": self.random.choice((None, None, True, True, False)),
            "status": "unpaid_leave" if self._chance(0.06) else self.random.choice((None, "active")),
            "weekly_hours": self.random.choice((20, 32, 42.5)) if self._chance(0.15) else None,
            "annual_leave_hours": self.random.choice((None, 0, 112.5)),
        }
        kept = {name: value for name, value in more.items() if value is not None or self._chance(0.5)}
        return row | kept | {"employment_type": self.random.choice((*_TYPES_OF_STAFF, "labour", "labour"))}

    def _shifts(self, people: list[str]) -> list[Record]:
        """Two of three days a duty of whom is on a roster, some of them across midnight; and a few anywhere."""
        duties = []
        for person in people:
            begins, hours = self.random.choice((("08:00", 8), ("00:00", 12), ("22:00", 10), ("20:00", 24)))
            duties += [
                self._duty(person, datetime.fromisoformat(f"{day}T{begins}"), timedelta(hours=hours))
                for day in month_days(self.month)
                if self._chance(0.6 if hours <= 12 else 0.2)
            ]
        for _ in range(self.random.choice((0, 0, 3))):
            start, length = datetime.fromisoformat(self._interval()[0]), self.random.choice(_LENGTHS[:5])
            duties.append(self._duty(self._person(), start, length))
        return self.random.sample(duties, k=len(duties))

    def _duty(self, person: str, start: datetime, length: timedelta) -> Record:
        claimed = max(0.5, length / timedelta(hours=1) + (self.random.choice((-1, 0.25)) if self._seldom() else 0))
        hours = min(24, round(claimed, 2))
        return {
            "person_id": person,
            "start": self._written(start),
            "end": self._written(start + length),
            "hours": hours,
        }

    def _interval(self) -> tuple[str, str, timedelta]:
        start = datetime.fromisoformat(f"{self.random.choice(self.days)}T{self.random.choice(_CLOCKS)}")
        length = self.random.choice(_LENGTHS[:11] if self.tidy else _LENGTHS)
        return self._written(start), self._written(start + length), length

    def _written(self, at: datetime) -> str:
        return at.isoformat(timespec="seconds" if at.second or self._chance(0.1) else "minutes")

    def _record_id(self) -> str:
        self.serial += 1
        return "L" if self._seldom() else f"{self.random.choice(('L-', 'A123456789'))}{self.serial}"

    def _leave(self) -> Record:
        start, end, length = self._interval()
        days = max(1, length.days + 1)
        leave = {
            "record_id": self._record_id(),
            "person_id": self._person(),
            "leave_type": self.random.choice(_NO_TYPES) if self._seldom() else self.random.choice(_TYPES),
            "start": start,
            "end": end,
            "hours": min(8784, self._hours(length, days)),
            "certificate": self.random.choice((True, False, False, None)),
            "reason": self.random.choice((None, "家庭因素")),
        }
        if self.is_1_1 and self._chance(0.5):
            leave["event_id"] = self.random.choice((None, "E-1", "A123456789"))
        return leave

    def _hours(self, length: timedelta, days: int) -> float:
        """Mostly eight hours a day at most; at times the clock time or a little more."""
        if self.tidy:
            return self.random.choice((0.5, 1, 4, 8, 8)) * (days if length.days > 2 else 1)
        by_clock = max(0.25, -(-length // timedelta(hours=1)))
        few = (0.5, 1, 4, 8, 8, 8.5, 15.5, 16, 8 * days, 8 * days + 0.5)
        return self.random.choice((*few, by_clock, by_clock, by_clock + 0.5))

    def _overtime(self) -> Record:
        start, end, length = self._interval()
        clock = int(length.total_seconds() // 60)
        minutes = min(2880, max(1, clock + self.random.choice((0, 0, 0, -1, 0 if self.tidy else 1))))
        overtime = {
            "record_id": self._record_id(),
            "person_id": self._person(),
            "start": start,
            "end": end,
            "minutes": self.random.choice((minutes, minutes, float(minutes), min(240, minutes))),
            "compensation": self.random.choice(("pay", "time_off", "none")),
        }
        if self.is_1_1 and self._chance(0.5):
            overtime["category"] = self.random.choice((None, "ordinary", "special"))
        return overtime

    def _clockings(self) -> list[Record]:
        if self._chance(0.4):
            return []
        some = [
            self._clocking(self.random.choice(self.days), self._person()) for _ in range(self.random.randrange(1, 9))
        ]
        # Most were there on most days, one or the other on none: what W205 and W211 find is the rest.
        present = [person for person in self.people if self._chance(0.7)]
        regular = [
            self._clocking(day, person, kind)
            for day in month_days(self.month)
            for person in present
            if self._chance(0.9)
            for kind in (("in", "out") if self._chance(0.5) else ("in",))
        ]
        everything = some + regular * self._chance(0.8)
        return everything + [one for one in everything if self._seldom()]

    def _clocking(self, day: date, person: str, kind: str | None = None) -> Record:
        kinds = ("in", "in", "out", "break_out", "break_in", "overtime_in", "overtime_out")
        at = f"{day}T{self.random.choice(_CLOCKS)}"
        return {"person_id": person, "at": at, "kind": kind or self.random.choice(kinds)}

"""Random months for the oracle: few people and many records, crowded where the rules have their edges."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.oracle.tables import Closed, is_national_id, month_days

AGENCIES = ("376500000A", "376500001A")
#: With what they hold: made-up Saturdays, school years' ends, the first month of W203 and W204, a leap day, and the
#: month in which a leave type came into force.
MONTHS = (
    "2021-01", "2021-02", "2021-06", "2021-07", "2021-08", "2021-09", "2022-01", "2022-06", "2022-07", "2023-01",
    "2023-02", "2023-03", "2024-02", "2024-12", "2025-10",
)  # fmt: skip

_TYPES = [f"{number:02}" for number in (*range(1, 11), 13, 20, 21, 22, 24, 25, 26, 27, 28, 29, 99)]
_NO_TYPES = ("3", "11", "77", "A123456789", "x" * 36 + "A123456789")
_CLOCKS = ("00:00", "08:00", "08:30", "12:30", "17:30", "18:00", "22:00", "23:59", "08:30:00", "18:00:30")
_LENGTHS = (
    timedelta(hours=9), timedelta(hours=9), timedelta(hours=4), timedelta(hours=2), timedelta(minutes=30),
    timedelta(minutes=1), timedelta(days=1), timedelta(hours=33), timedelta(days=2), timedelta(days=3, hours=9),
    timedelta(days=11), timedelta(days=45), timedelta(0), timedelta(hours=-1), timedelta(seconds=90),
)  # fmt: skip


def national_id(random: Random) -> str:
    """A valid ID of any of the three forms."""
    second = random.choice("1289ABCD")
    while True:
        text = f"{random.choice('ABIOWZ')}{second}{random.randrange(10**8):08}"
        if is_national_id(text):
            return text


def random_document(random: Random) -> tuple[dict[str, Any], Closed]:
    """A document without a fault of format, and the closures of its agency and of others."""
    month, agency = random.choice(MONTHS), random.choice(AGENCIES)
    return _Month(random, agency, month).document(), closures(random, month)


def closures(random: Random, month: str) -> Closed:
    """Hours closed on a few days of and around the month, of both agencies."""
    days = _days_around(month)
    return {
        (random.choice(AGENCIES), random.choice(days)): random.choice((4, 8, 8, 1)) for _ in range(random.randrange(4))
    }


def _days_around(month: str) -> list[date]:
    days = month_days(month)
    before, after = days[0], days[-1]
    return [*(before - timedelta(days=n) for n in (3, 2, 1)), *days, *(after + timedelta(days=n) for n in (1, 2, 3))]


class _Month:
    """The making of one document."""

    def __init__(self, random: Random, agency: str, month: str) -> None:
        self.random, self.agency, self.month = random, agency, month
        self.people = [national_id(random) for _ in range(random.randint(1, 4))]
        around = _days_around(month)
        #: No stranger, no slip, and room for everybody: so that the warnings stand alone.
        self.tidy = random.random() < 0.4
        # Else records crowd on few days, so that they meet.
        edges = [around[2], around[3], around[-4], around[-3]]
        self.days = month_days(month) if self.tidy else [*random.sample(around, k=random.randint(3, 12)), *edges]
        self.serial = 0

    def document(self) -> dict[str, Any]:
        listed = self.people[: -1 if not self.tidy and self.random.random() < 0.3 else None]
        return {
            "format_version": "1.0",
            "agency_code": self.agency,
            "month": self.month,
            "produced_by": {"system": "WebITR", "version": "2.4.1"},
            "produced_at": "2021-07-05T09:12:00+08:00",
            "employees": [self._employee(one) for one in self._with_repeats(listed)],
            "leaves": [self._leave() for _ in range(self.random.choice((0, 1, 3) if self.tidy else (0, 3, 8, 20)))],
            "overtime": [self._overtime() for _ in range(self.random.choice((0, 1, 3, 8, 25)))],
            "clockings": self._clockings(),
        }

    def _seldom(self) -> bool:
        return not self.tidy and self.random.random() < 0.06

    def _with_repeats(self, people: list[str]) -> list[str]:
        more = [self._person() for _ in range(2) if self._seldom()]
        return self.random.sample([*people, *more], k=len(people) + len(more))

    def _person(self) -> str:
        if self._seldom():
            return self.random.choice(("A123456788", "a123456789", "", "王", "ABC", "A923456789"))
        return national_id(self.random) if self._seldom() else self.random.choice(self.people)

    def _employee(self, person: str) -> dict[str, Any]:
        first, last = (
            self.random.choice(self.days).isoformat() if self.random.random() < (0.1 if self.tidy else 0.25) else None
            for _ in range(2)
        )
        kind = self.random.choice(("civil_servant", "teacher", "contract", "other"))
        return {"person_id": person, "name": "王小明", "employment_type": kind, "from": first, "to": last}

    def _interval(self) -> tuple[str, str, timedelta]:
        start = datetime.fromisoformat(f"{self.random.choice(self.days)}T{self.random.choice(_CLOCKS)}")
        length = self.random.choice(_LENGTHS[:11] if self.tidy else _LENGTHS)
        return self._written(start), self._written(start + length), length

    def _written(self, at: datetime) -> str:
        return at.isoformat(timespec="seconds" if at.second or self.random.random() < 0.1 else "minutes")

    def _record_id(self) -> str:
        self.serial += 1
        return "L" if self._seldom() else f"{self.random.choice(('L-', 'A123456789'))}{self.serial}"

    def _leave(self) -> dict[str, Any]:
        start, end, length = self._interval()
        days = max(1, length.days + 1)
        return {
            "record_id": self._record_id(),
            "person_id": self._person(),
            "leave_type": self.random.choice(_NO_TYPES) if self._seldom() else self.random.choice(_TYPES),
            "start": start,
            "end": end,
            "hours": self.random.choice((0.5, 1, 4, 8, 8, 8.5, 15.5, 16, 8 * days, 8 * days + 0.5)) if not self.tidy
            else self.random.choice((0.5, 1, 4, 8, 8)) * (days if length.days > 2 else 1),
            "certificate": self.random.random() < 0.5,
            "reason": self.random.choice((None, "家庭因素")),
        }  # fmt: skip

    def _overtime(self) -> dict[str, Any]:
        start, end, length = self._interval()
        clock = int(length.total_seconds() // 60)
        minutes = min(2880, max(1, clock + self.random.choice((0, 0, 0, -1, 0 if self.tidy else 1))))
        return {
            "record_id": self._record_id(),
            "person_id": self._person(),
            "start": start,
            "end": end,
            "minutes": self.random.choice((minutes, minutes, float(minutes), min(240, minutes))),
            "compensation": self.random.choice(("pay", "time_off", "none")),
        }

    def _clockings(self) -> list[dict[str, Any]]:
        if self.random.random() < 0.4:
            return []
        some = [
            self._clocking(self.random.choice(self.days), self._person()) for _ in range(self.random.randrange(1, 9))
        ]
        # Most were there on most days: what W205 finds is the rest.
        regular = [
            self._clocking(day, person) for person in self.people for day in month_days(self.month)
            if self.random.random() < 0.9
        ]  # fmt: skip
        everything = some + regular * (self.random.random() < 0.8)
        return everything + [one for one in everything if self._seldom()]

    def _clocking(self, day: date, person: str) -> dict[str, Any]:
        kind = self.random.choice(("in", "in", "out", "break_out", "break_in", "overtime_in", "overtime_out"))
        return {"person_id": person, "at": f"{day}T{self.random.choice(_CLOCKS)}", "kind": kind}

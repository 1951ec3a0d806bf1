"""Sorts of people who are reported, each as the law and their agencies have them work: their duties, day by day.

Nothing here asks the rules under test: what is lawful is written down once more, as people live it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from checks.model.office_days import is_worked

_DAY = timedelta(days=1)
#: A day on which the whole country stayed at home; whoever works by a roster came.
TYPHOON = date(2025, 7, 7)


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty and the hours that count of it."""

    start: datetime
    end: datetime
    hours: float


Duties = Callable[[date, date, Random], list[Duty]]


@dataclass(frozen=True)
class Sort:
    """A sort of person: what a document of format 1.1 states of them, and their duties.

    `overtime_hours`: the most that they do after a duty.  `day_hours`: those of a day that one takes off.
    """

    name: str
    employment_type: str
    duties: Duties
    pattern: str | None = "office"
    clocks: bool | None = True
    weekly_hours: float | None = None
    overtime_hours: int = 3
    day_hours: float = 8

    @property
    def on_roster(self) -> bool:
        """Whether `shifts` says when they work."""
        return self.pattern == "shift"


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY


def _duty(day: date, begins: time, length: float, hours: float) -> Duty:
    start = datetime.combine(day, begins)
    return Duty(start, start + timedelta(hours=length), hours)


def _office(first: date, last: date, _random: Random) -> list[Duty]:
    days = (day for day in _days(first, last) if is_worked(day) and day != TYPHOON)
    return [_duty(day, time(8, 30), 9, 8) for day in days]


def _flexible(first: date, last: date, random: Random) -> list[Duty]:
    """Office days, each begun between 07:30 and 09:30."""
    return [
        Duty(duty.start + (shift := timedelta(minutes=random.randrange(-60, 61, 10))), duty.end + shift, 8)
        for duty in _office(first, last, random)
    ]


def _half_days(first: date, last: date, random: Random) -> list[Duty]:
    """Twenty hours a week: mornings."""
    return [Duty(duty.start, duty.start + timedelta(hours=4), 4) for duty in _office(first, last, random)]


def _labour_days(first: date, last: date, random: Random) -> list[Duty]:
    """Office days but for 1 May."""
    return [duty for duty in _office(first, last, random) if (duty.start.month, duty.start.day) != (5, 1)]


def in_vacation(day: date) -> bool:
    """Whether schools have their summer or winter vacation (各級學校學生學年學期假期辦法 §5, §8)."""
    return date(day.year, 7, 1) <= day <= date(day.year, 8, 29) or date(day.year, 1, 21) <= day <= date(day.year, 2, 10)


def _terms(first: date, last: date, random: Random) -> list[Duty]:
    """Office days of term."""
    return [duty for duty in _office(first, last, random) if not in_vacation(duty.start.date())]


def _in_turns(*turns: tuple[time, float, float] | None) -> Duties:
    """The same turns over and over: begin, length and hours of each day's duty; None: off.  Each begins anywhere."""

    def duties(first: date, last: date, random: Random) -> list[Duty]:
        offset = random.randrange(len(turns))
        return [
            _duty(day, *turn)
            for number, day in enumerate(_days(first, last), offset)
            if (turn := turns[number % len(turns)])
        ]

    return duties


_DAY_SHIFT, _EVENING, _NIGHT = (time(8), 8, 8), (time(16), 8, 8), (time(0), 8, 8)
_BY_DAY, _BY_NIGHT = (time(8), 12, 11), (time(20), 12, 11)
_PATROL, _NIGHT_PATROL = (time(8), 10, 8), (time(20), 10, 8)
_three_shifts = _in_turns(
    *[_DAY_SHIFT] * 4, None, None, *[_EVENING] * 4, None, None, None, *[_NIGHT] * 4, None, None, None
)
_patrols = _in_turns(_PATROL, _PATROL, _NIGHT_PATROL, _NIGHT_PATROL, None, None, None)
_day_and_night = _in_turns((time(8), 24, 24), None, None)
_twelve_hours = _in_turns(_BY_DAY, _BY_DAY, _BY_NIGHT, _BY_NIGHT, None, None, None, None)

OFFICIAL = Sort("civil servant", "civil_servant", _office)
FLEXIBLE = Sort("civil servant, flexible hours", "civil_servant", _flexible, pattern="flexible")
NOT_CLOCKING = Sort("head of an agency, who does not clock", "civil_servant", _office, clocks=False)
CONTRACT = Sort("contract staff", "contract", _office)
PART_TIME = Sort("contract staff, part time", "contract", _half_days, weekly_hours=20, day_hours=4)
DRIVER = Sort("labour staff", "labour", _labour_days, overtime_hours=2)
TEACHER = Sort("teacher", "teacher", _terms, pattern=None, clocks=False, overtime_hours=0)
NURSE = Sort("nurse, three shifts", "civil_servant", _three_shifts, pattern="shift", overtime_hours=2)
CLEANER = Sort("labour staff, three shifts", "labour", _three_shifts, pattern="shift", overtime_hours=2)
OFFICER = Sort("police officer", "civil_servant", _patrols, pattern="shift", overtime_hours=2)
FIREFIGHTER = Sort(
    "firefighter, 24 on 48 off", "civil_servant", _day_and_night, pattern="shift", overtime_hours=0, day_hours=24
)
GUARD = Sort("prison guard, 12 hours", "civil_servant", _twelve_hours, pattern="shift", overtime_hours=0, day_hours=11)

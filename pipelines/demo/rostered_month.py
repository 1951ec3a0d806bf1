"""What somebody did in a month who works by duties and not by office hours: by a roster, or part time.

A duty is worked, clocked at both ends, or wholly on leave; nothing overlaps, and none reaches into another month.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from pipelines.demo.working_month import Clocking, Leave, Overtime, Shift, WorkingMonth, working_days

_DAY, _EVENING, _NIGHT, _OFF = "day", "evening", "night", ""
#: What comes after what, day by day, over and over.
CYCLES: dict[str, tuple[str, ...]] = {
    "hospital": (_DAY, _DAY, _DAY, _EVENING, _EVENING, _OFF, _NIGHT, _NIGHT, _OFF, _OFF),
    "police": ("long day", "long night", _OFF, _OFF),
    "fire": ("day and night", _OFF, _OFF),
}
#: Duty → when it begins, how long it lasts on the clock and how many hours of it are duty.
_DUTIES = {
    _DAY: (time(8), 8, 8),
    _EVENING: (time(16), 8, 8),
    _NIGHT: (time(0), 8, 8),
    "long day": (time(8), 12, 11),
    "long night": (time(20), 12, 11),
    "day and night": (time(8), 24, 24),
}
_LEAVES = {"03": 60, "02": 15, "01": 10, "06": 15}
_LEAVES_A_DUTY, _OVERTIME_A_DUTY = 0.06, 0.05
_OVERTIME_MINUTES = 120


def rostered_duties(cycle: str, offset: int, days: Sequence[date]) -> list[Shift]:
    """The duties that the cycle has on these days, `offset` of them further on; none into the next month."""
    kinds = CYCLES[cycle]
    duties = []
    for day in days:
        kind = kinds[(day.toordinal() + offset) % len(kinds)]
        if kind == _OFF:
            continue
        begins, clock_hours, hours = _DUTIES[kind]
        start = datetime.combine(day, begins)
        end = start + timedelta(hours=clock_hours)
        if (end + timedelta(hours=3)).month == day.month:
            duties.append(Shift(start, end, float(hours)))
    return duties


def part_time_duties(weekly_hours: int, month: str) -> list[Shift]:
    """The mornings of the office's working days, a fifth of the week's hours each."""
    hours = weekly_hours / 5
    starts = (datetime.combine(day, time(8, 30)) for day in working_days(month))
    return [Shift(start, start + timedelta(hours=hours), hours) for start in starts]


def make_rostered_month(rng: Random, duties: Sequence[Shift], *, rostered: bool, overtime_too: bool) -> WorkingMonth:
    """A month over the duties; where `rostered` they are reported as shifts.  What overtime follows them is special."""
    leaves: list[Leave] = []
    overtime: list[Overtime] = []
    clockings: list[Clocking] = []
    for duty in duties:
        if rng.random() < _LEAVES_A_DUTY:
            leave_type = rng.choices(list(_LEAVES), list(_LEAVES.values()))[0]
            leaves.append(Leave(leave_type, duty.start, duty.end, duty.hours, certificate=leave_type == "02"))
            continue
        end = duty.end
        if overtime_too and rng.random() < _OVERTIME_A_DUTY:
            end += timedelta(minutes=_OVERTIME_MINUTES)
            overtime.append(Overtime(duty.end, end, _OVERTIME_MINUTES, "pay", "special"))
        clockings += _clocked(rng, duty.start, end)
    return WorkingMonth(leaves, overtime, clockings, list(duties) if rostered else [])


def _clocked(rng: Random, start: datetime, end: datetime) -> Iterator[Clocking]:
    """In before the duty, but not on the day before it; out after it."""
    early = timedelta(minutes=0 if start.time() == time(0) else rng.randrange(3, 15))
    yield Clocking(start - early, "in")
    yield Clocking(end + timedelta(minutes=rng.randrange(20)), "out")

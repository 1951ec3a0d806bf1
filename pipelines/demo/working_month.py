"""What one made-up person did in one month: leaves, overtime and clockings that break no rule.

Used by the demo for its agencies and by `benchmarks/nation.py` for a national month.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random

import holidays

#: Leave types of an ordinary month and how often each is taken; the rare ones belong to planned cases.
_ORDINARY_LEAVES = {"03": 52, "02": 9, "01": 7, "04": 14, "05": 8, "06": 6, "07": 4}
_REASONS = {"01": "處理家務", "02": "感冒就醫", "05": "參加業務會議", "06": "參加訓練", "07": "洽公"}
_MORNING, _NOON, _AFTERNOON, _EVENING = time(8, 30), time(12, 30), time(13, 30), time(17, 30)
FULL_DAY_HOURS = 8.0


@dataclass(frozen=True)
class Leave:
    """A leave: local times, `hours` of the whole interval."""

    leave_type: str
    start: datetime
    end: datetime
    hours: float
    certificate: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Overtime:
    """Overtime: local times, `minutes` of the whole interval."""

    start: datetime
    end: datetime
    minutes: int
    compensation: str
    category: str = "ordinary"


@dataclass(frozen=True)
class Clocking:
    """One clocking: local time and its kind as the format names it."""

    at: datetime
    kind: str


@dataclass(frozen=True)
class Shift:
    """A duty: local times, and the hours of duty in it."""

    start: datetime
    end: datetime
    hours: float


@dataclass(frozen=True)
class Habits:
    """How a person works: mean leaves and overtimes a month, the most overtime of a day in minutes, how they clock.

    `only_arrival`: the leaving is not clocked; `clocks` False: nothing is.
    """

    leaves: float = 2.33
    overtime: float = 0.83
    only_arrival: bool = False
    woman: bool = False
    longest_overtime: int = 360
    clocks: bool = True


@dataclass(frozen=True)
class WorkingMonth:
    """What the person's agency has to report for the month, each list in order of time; `shifts`: the roster's."""

    leaves: list[Leave]
    overtime: list[Overtime]
    clockings: list[Clocking]
    shifts: list[Shift] = field(default_factory=list)


@cache
def working_days(month: str) -> tuple[date, ...]:
    """The office calendar's working days of a `YYYY-MM` month, made-up Saturdays included."""
    first = date.fromisoformat(f"{month}-01")
    calendar = holidays.country_holidays("TW", years=[first.year])
    days = (first + timedelta(days=n) for n in range(31))
    return tuple(day for day in days if day.month == first.month and calendar.is_working_day(day))


def make_working_month(rng: Random, days: Sequence[date], habits: Habits) -> WorkingMonth:
    """A month over the given working days: every day is clocked or wholly on leave, nothing overlaps."""
    leaves = _make_leaves(rng, days, habits)
    worked = _hours_at_work(days, leaves)
    overtime = _make_overtime(rng, list(worked), habits)
    by_day = {entry.start.date(): entry for entry in overtime}
    clockings: list[Clocking] = []
    for day, (begin, end) in worked.items() if habits.clocks else ():
        clockings += _clock_day(rng, datetime.combine(day, begin), datetime.combine(day, end), by_day.get(day), habits)
    return WorkingMonth(leaves, overtime, clockings)


def _happens(rng: Random, chance: float) -> bool:
    return rng.random() < chance


def _times(rng: Random, mean: float, most: int) -> int:
    """How many in the month: a binomial of `most` tries with the given mean."""
    return sum(_happens(rng, mean / most) for _ in range(most))


def _make_leaves(rng: Random, days: Sequence[date], habits: Habits) -> list[Leave]:
    chosen = sorted(rng.sample(range(len(days)), min(_times(rng, habits.leaves, 7), len(days))))
    leaves = []
    for n, index in enumerate(chosen):
        day = days[index]
        following = chosen[n + 1] if n + 1 < len(chosen) else len(days)
        whole_weekend_free = index + 1 < following and index + 1 < len(days)
        leave_type = rng.choices(list(_ORDINARY_LEAVES), list(_ORDINARY_LEAVES.values()))[0]
        if habits.woman and n == 0 and _happens(rng, 0.1):
            leave_type = "24"
        leaves.append(_shape_leave(rng, leave_type, day, days[index + 1] if whole_weekend_free else None))
    return leaves


def _shape_leave(rng: Random, leave_type: str, day: date, next_day: date | None) -> Leave:
    """A leave of two days (where the next working day is free), one day, half a day or some hours."""
    shape = rng.choices(("two days", "half a day", "hours", "a day"), (8, 22, 30, 40))[0]
    begin, end, hours = _MORNING, _EVENING, FULL_DAY_HOURS
    last_day = day
    if shape == "two days" and next_day is not None and leave_type in {"03", "05", "02"}:
        last_day, hours = next_day, 2 * FULL_DAY_HOURS
    elif shape == "half a day":
        end, hours = _NOON, 4.0
    elif shape == "hours":
        hours = rng.choice((1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0))
        begin = (datetime.combine(day, _EVENING) - timedelta(hours=hours)).time()
    # Two days of sick leave need a certificate, also one by one (W208); the rest of ordinary leaves never.
    certificate = leave_type == "02"
    return Leave(
        leave_type,
        datetime.combine(day, begin),
        datetime.combine(last_day, end),
        hours,
        certificate=certificate,
        reason=_REASONS.get(leave_type),
    )


def _hours_at_work(days: Sequence[date], leaves: Sequence[Leave]) -> dict[date, tuple[time, time]]:
    """From when to when the person was at work on each day not wholly on leave."""
    at_work = dict.fromkeys(days, (_MORNING, _EVENING))
    for leave in leaves:
        day, last = leave.start.date(), leave.end.date()
        if leave.start.time() > _MORNING:
            at_work[day] = (_MORNING, leave.start.time())
        elif last == day and leave.end.time() < _EVENING:
            at_work[day] = (_AFTERNOON, _EVENING)
        else:
            at_work = {other: hours for other, hours in at_work.items() if not day <= other <= last}
    return at_work


def _make_overtime(rng: Random, days: Sequence[date], habits: Habits) -> list[Overtime]:
    entries = []
    for day in sorted(rng.sample(days, min(_times(rng, habits.overtime, 6), len(days)))):
        minutes = 360 if _happens(rng, 0.02) else rng.choice((60, 90, 100, 120, 120, 150, 180, 240))
        minutes = min(minutes, habits.longest_overtime)
        start = datetime.combine(day, time(18))
        compensation = rng.choices(("pay", "time_off", "none"), (45, 50, 5))[0]
        entries.append(Overtime(start, start + timedelta(minutes=minutes), minutes, compensation))
    return entries


def _clock_day(
    rng: Random, begins: datetime, ends: datetime, overtime: Overtime | None, habits: Habits
) -> list[Clocking]:
    """Arrival and leaving around the hours at work; now and then an errand outside, or overtime clocked apart."""
    arrived = begins - timedelta(minutes=max(0, int(rng.gauss(12, 9))))
    if habits.only_arrival:
        return [Clocking(arrived, "in")]
    clockings = [Clocking(arrived, "in")]
    if begins.time() == _MORNING and ends.time() == _EVENING and _happens(rng, 0.02):
        gone = datetime.combine(begins.date(), time(14)) + timedelta(minutes=rng.randrange(60))
        clockings.append(Clocking(gone, "break_out"))
        clockings.append(Clocking(gone + timedelta(minutes=rng.randrange(15, 90)), "break_in"))
    left = ends + timedelta(minutes=min(29, int(rng.expovariate(1 / 11))))
    clockings.append(Clocking(left, "out"))
    if overtime is not None and _happens(rng, 0.4):
        clockings.append(Clocking(overtime.start, "overtime_in"))
        # Whoever stays until midnight clocks out a minute before: 00:00 would be the next day's, or the next month's.
        clockings.append(Clocking(min(overtime.end, datetime.combine(begins.date(), time(23, 59))), "overtime_out"))
    return clockings

"""A person's months as they are lived and reported: which duties are worked, leaves, overtime and clockings.

All of it is lawful and completely reported: quotas are kept, who is away has a leave, who is there clocks.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from lawful_people import TYPHOON, Duty, Sort

Record = dict[str, Any]

_HOUR = timedelta(hours=1)
#: Days a year that somebody takes of a type at most; below every quota, and 25 and 28 count within 01.
_DAYS_A_YEAR = {"01": 2, "02": 8, "25": 2, "28": 2, "31": 1}
#: Types of one day or less at a time, with how often each is drawn.
_SHORT = {"01": 3, "02": 3, "25": 2, "03": 10, "04": 6, "24": 2, "28": 1, "31": 0.3, "06": 2, "07": 1}
_WELLBEING_FROM = date(2025, 10, 10)
#: Events of a life: type → share of people who have one within the two years, and days of leave at once.
_EVENTS = {"09": (0.02, 42), "08": (0.03, 8), "10": (0.06, 5), "13": (0.01, 20), "22": (0.03, 5), "21": (0.02, 1),
           "27": (0.005, 5), "30": (0.02, 8), "26": (0.01, 60), "05": (0.25, 3)}  # fmt: skip
#: Types that hold every calendar day, and those that do for labour staff.
_EVERY_DAY, _EVERY_DAY_OF_LABOUR = {"05", "26"}, {"09": 56, "13": 28}
_CERTIFIED = {"09", "13", "22", "26", "27"}
_WITH_EVENT_ID = {"08", "09", "10", "13", "21", "22"}
#: Types of which an hour or a morning is taken half of the time.
_IN_HOURS = {"01", "02", "03", "04", "25", "07"}
#: Shares: duties of which some is taken off, leaves of some hours, duties with overtime after them, days off with some,
#: officials who were up with the typhoon.
_ON_LEAVE, _SOME_HOURS, _LONGER, _ON_A_DAY_OFF, _IN_THE_STORM = 0.05, 0.5, 0.12, 0.04, 0.2
_AUGUST = 8


@dataclass
class Life:
    """What is reported of a person; `leaves` and `overtime` without an ID of the record."""

    person_id: str
    name: str
    sort: Sort
    woman: bool
    annual_leave_hours: float
    duties: list[Duty] = field(default_factory=list)
    leaves: list[Record] = field(default_factory=list)
    overtime: list[Record] = field(default_factory=list)
    clockings: list[Record] = field(default_factory=list)


def live(life: Life, first: date, last: date, random: Random, *, special: bool) -> None:
    """Fill in a life from the first to the last day; `special`: what is reported can say that overtime is special."""
    life.duties = life.sort.duties(first, last, random)
    _Living(life, random, special=special).live()


class _Living:
    def __init__(self, life: Life, random: Random, *, special: bool) -> None:
        self.life, self.sort, self.random, self.special = life, life.sort, random, special
        self.taken: dict[tuple[str, int], float] = defaultdict(float)
        self.earned = 0.0
        self.minutes: dict[tuple[int, int], int] = defaultdict(int)
        self.last_leave_end = datetime.combine(date.min, time())
        self.number = 0

    def live(self) -> None:
        events = self._events()
        duties, position = self.life.duties, 0
        while position < len(duties):
            duty = duties[position]
            if duty.start < self.last_leave_end:
                position += 1  # within an event that counts calendar days
            elif position in events:
                position += self._event(events[position], position)
            elif self.random.random() < _ON_LEAVE and (taken := self._short(position)):
                position += taken
            else:
                self._work(duty, duty.start, duties[position + 1] if position + 1 < len(duties) else None)
                position += 1
        self._on_days_off()

    def _events(self) -> dict[int, str]:
        """Position of the duty at which each event of this life begins."""
        found = {}
        for code, (share, _) in _EVENTS.items():
            womans = code in {"09", "13", "21"}
            if womans is not self.life.woman and code in {"09", "13", "21", "22"}:
                continue
            if code == "26" and self.sort.employment_type not in {"civil_servant", "teacher"}:
                continue
            if self.random.random() < share and self.life.duties:
                found[self.random.randrange(len(self.life.duties))] = code
        return found

    def _event(self, code: str, position: int) -> int:
        days = _EVENTS[code][1]
        labour = self.sort.employment_type == "labour"
        calendar = _EVERY_DAY_OF_LABOUR.get(code) if labour else None
        if code in _EVERY_DAY or calendar:
            start = self.life.duties[position].start
            length = calendar or (days if code == "26" else self.random.randint(1, days))
            end = start + timedelta(days=length - 1, hours=9)
            self._leave(code, start, end, 8 * length)
            return 1
        count = min(round(days * 8 / self.sort.day_hours), len(self.life.duties) - position)
        return self._whole_duties(code, position, max(count, 1))

    def _whole_duties(self, code: str, position: int, count: int) -> int:
        together = self.life.duties[position : position + count]
        self._leave(code, together[0].start, together[-1].end, sum(duty.hours for duty in together))
        return len(together)

    def _short(self, position: int) -> int:
        """A leave of one duty, of some of its hours, or of a few duties; gives how many it took."""
        code = self.random.choices(list(_SHORT), list(_SHORT.values()))[0]
        duty = self.life.duties[position]
        if not self._has(code, duty.start.date()):
            return 0
        count = self.random.choice((1, 1, 2, 3)) if code == "03" else 1
        some = self.life.duties[position : position + count]
        hours = sum(one.hours for one in some)
        if code in _IN_HOURS and self.random.random() < _SOME_HOURS:
            some, hours = [duty], float(self.random.randint(1, min(4, int(duty.hours))))
        if not self._room(code, hours, some[0].start.date(), some[-1].end.date()):
            return 0
        part = hours < sum(one.hours for one in some)
        end = duty.start + hours * _HOUR if part else some[-1].end
        self._leave(code, duty.start, end, hours)
        if part:
            self._work(duty, end, None)
        return len(some)

    def _has(self, code: str, day: date) -> bool:
        if code == "24":
            return self.life.woman
        if code == "28":
            return day >= _WELLBEING_FROM
        if code == "03":
            return self.sort.employment_type != "teacher"
        return True

    def _room(self, code: str, hours: float, first: date, last: date) -> bool:
        """Take up what is left of a type; a leave over the turn of a year counts in both."""
        if code == "04":
            if self.earned < hours:
                return False
            self.earned -= hours
            return True
        keys = {(code, self._year(day)) for day in (first, last)}
        if code == "24":
            keys = {(code, first.year * 12 + first.month)}
        most = _DAYS_A_YEAR.get(code, 1) * 8.0
        if code == "03":
            most = self.life.annual_leave_hours
        if code in {"06", "07"}:
            return True
        if any(self.taken[key] + hours > most for key in keys):
            return False
        for key in keys:
            self.taken[key] += hours
        return True

    def _year(self, day: date) -> int:
        return day.year - 1 if self.sort.employment_type == "teacher" and day.month < _AUGUST else day.year

    def _leave(self, code: str, start: datetime, end: datetime, hours: float) -> None:
        self.number += 1
        self.life.leaves.append({
            "person_id": self.life.person_id, "leave_type": code, "start": start, "end": end, "hours": round(hours, 2),
            "certificate": code in _CERTIFIED or None, "reason": None,
            "event_id": f"E{self.number}" if code in _WITH_EVENT_ID else None,
        })  # fmt: skip
        self.last_leave_end = end

    def _work(self, duty: Duty, since: datetime, following: Duty | None) -> None:
        """Be there from `since` to the end of a duty, and now and then after it."""
        came = since - timedelta(minutes=self.random.randint(0, 15))
        left = duty.end + timedelta(minutes=self.random.randint(0, 15))
        overtime = self.random.random() < _LONGER and since == duty.start and self.sort.overtime_hours
        if overtime:
            left = duty.end
        self._clock(came, "in")
        self._clock(left, "out")
        if overtime:
            begins = duty.end + _HOUR / 2
            ends = begins + self.random.randint(1, self.sort.overtime_hours) * _HOUR
            if following is None or ends < following.start:
                self._overtime(begins, ends)

    def _overtime(self, begins: datetime, ends: datetime, category: str | None = None) -> None:
        month, minutes = (begins.year, begins.month), (ends - begins) // timedelta(minutes=1)
        if self.minutes[month] + minutes > 40 * 60:
            return
        self.minutes[month] += minutes
        compensation = self.random.choice(("pay", "time_off", "time_off"))
        if compensation == "time_off":
            self.earned += minutes / 60
        self.life.overtime.append({
            "person_id": self.life.person_id, "start": begins, "end": ends, "minutes": minutes,
            "compensation": compensation, "category": category,
        })  # fmt: skip
        self._clock(begins, "overtime_in")
        self._clock(ends, "overtime_out")

    def _on_days_off(self) -> None:
        """A morning's overtime on a Saturday, though it lie within a leave over the weekend; a typhoon's long day."""
        if self.sort.on_roster or not self.sort.overtime_hours or not self.life.duties:
            return
        worked = {duty.start.date() for duty in self.life.duties}
        away = [(one["start"], one["end"]) for one in self.life.leaves if one["leave_type"] in {"09", "13", "26", "05"}]
        day, last = self.life.duties[0].start.date(), self.life.duties[-1].start.date()
        while day < last:
            begins = datetime.combine(day, time(9))
            off = day not in worked and not any(start <= begins + 9 * _HOUR and begins <= end for start, end in away)
            official = self.sort.employment_type == "civil_servant"
            if off and day == TYPHOON and official and self.random.random() < _IN_THE_STORM:
                hours, category = (13, "special") if self.special else (12, None)
                self._overtime(begins, begins + hours * _HOUR, category)
            elif off and day != TYPHOON and self.random.random() < _ON_A_DAY_OFF:
                self._overtime(begins, begins + 3 * _HOUR)
            day += timedelta(days=1)

    def _clock(self, at: datetime, kind: str) -> None:
        if self.sort.clocks is not False:
            self.life.clockings.append({"person_id": self.life.person_id, "at": at, "kind": kind})

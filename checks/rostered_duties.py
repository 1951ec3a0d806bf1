"""Rostered duties of a batch's people (輪班表): hours of each day and of any interval, clock time before any moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]
Hours = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Columns of tables of persons × days of a month: no month has more.
DAYS = 31


@dataclass(frozen=True)
class RosteredDuties:
    """Rostered duties that count: `hours` of persons × days (a duty's first day), and hours and clock time of each.

    `starts` and `ends` are in order, see `_keys`; `running` the clock time in ms of all duties before; `months` has the
    first moment of each person's month, in ms since 1970.
    """

    hours: Hours
    of_duty: Hours
    starts: Numbers
    ends: Numbers
    running: Numbers
    months: Numbers

    @classmethod
    def of(cls, shifts: pl.DataFrame, persons: pl.DataFrame) -> "RosteredDuties":
        """From the rows of `shifts` that count; `persons` has the `month_first` of each person number, in order."""
        hours = np.zeros((persons.height, DAYS))
        duties = shifts.sort("person", "start_at")
        offset = (duties["start_at"].dt.date() - duties["month_first"]).dt.total_days().to_numpy()
        inside = (offset >= 0) & (offset < DAYS)
        np.add.at(hours, (duties["person"].to_numpy()[inside], offset[inside]), duties["hours"].to_numpy()[inside])
        months = persons["month_first"].cast(pl.Datetime("ms")).dt.epoch("ms").to_numpy()
        starts, ends = (_keys(months, duties["person"], duties[name]) for name in ("start_at", "end_at"))
        running = np.concatenate([[0], np.cumsum(ends - starts)])
        return cls(hours, duties["hours"].to_numpy(), starts, ends, running, months)

    def keys(self, person: pl.Series, at: pl.Series) -> Numbers:
        """Moments of persons as numbers, see `_keys`."""
        return _keys(self.months, person, at)

    def within(self, person: pl.Series, day: pl.Series, start: pl.Series, end: pl.Series) -> Hours:
        """Hours of each person's duties that begin on a day, as far as they lie from `start` to `end` by the clock."""
        midnight = day.cast(pl.Datetime("ms"))
        first = np.searchsorted(self.starts, self.keys(person, midnight))
        until = np.searchsorted(self.starts, self.keys(person, midnight.dt.offset_by("1d")))
        begins, ends = self.keys(person, start), self.keys(person, end)
        held = np.zeros(len(person))
        for number in range((until - first).max(initial=0)):
            there = np.flatnonzero(first + number < until)
            duty = first[there] + number
            clock = np.minimum(ends[there], self.ends[duty]) - np.maximum(begins[there], self.starts[duty])
            share = np.maximum(clock, 0) / (self.ends[duty] - self.starts[duty])
            held[there] += share * self.of_duty[duty]
        return held

    def touched(self, person: pl.Series, start: pl.Series, end: pl.Series) -> Hours:
        """Hours of each person's duties of which some lies from `start` to before `end`, all of them."""
        first = np.searchsorted(self.ends, self.keys(person, start), side="right")
        until = np.searchsorted(self.starts, self.keys(person, end))
        before = np.concatenate([[0.0], np.cumsum(self.of_duty)])
        hours: Hours = before[np.maximum(until, first)] - before[first]
        return hours

    def before(self, person: pl.Series, at: pl.Series) -> Numbers:
        """Clock time of each person's duties before a moment, in ms."""
        if not len(self.starts):
            return np.zeros(len(person), dtype=np.int64)
        keys = self.keys(person, at)
        begun = np.searchsorted(self.starts, keys, side="left")
        of_others = np.searchsorted(self.starts, person.cast(pl.Int64).to_numpy() * _PERSON)
        unfinished = np.where(begun > of_others, np.maximum(self.ends[np.maximum(begun - 1, 0)] - keys, 0), 0)
        total: Numbers = self.running[begun] - self.running[of_others] - unfinished
        return total


#: Ms on either side of the month's beginning that keys tell apart, two years: duties that count touch the month (R105)
#: and last at most 366 days (R116).  So there is room for 33 million persons.
_REACH = 2**36
_PERSON = 2 * _REACH + 1


def _keys(months: Numbers, person: pl.Series, at: pl.Series) -> Numbers:
    """Moments of persons as numbers that are in order of the person, then of time; one ms is one."""
    who = person.cast(pl.Int64).to_numpy()
    keys: Numbers = who * _PERSON + np.clip(at.dt.epoch("ms").to_numpy() - months[who], -_REACH, _REACH) + _REACH
    return keys

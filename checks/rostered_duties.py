"""Rostered duties of a batch's people (輪班表): hours of each day, and clock time before any moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]
Hours = npt.NDArray[np.float64]

#: Columns of tables of persons × days of a month: no month has more.
DAYS = 31


@dataclass(frozen=True)
class RosteredDuties:
    """Rostered duties that count: `hours` of persons × days (a duty's first day), and the clock time of each.

    `starts` and `ends` are ms since 1970 with the person's number above them, in order; `running` the clock time of all
    duties before.
    """

    hours: Hours
    starts: Numbers
    ends: Numbers
    running: Numbers

    @classmethod
    def of(cls, shifts: pl.DataFrame, persons: int) -> "RosteredDuties":
        """From the rows of `shifts` that count, of so many persons."""
        hours = np.zeros((persons, DAYS))
        duties = shifts.sort("person", "start_at")
        offset = (duties["start_at"].dt.date() - duties["month_first"]).dt.total_days().to_numpy()
        inside = (offset >= 0) & (offset < DAYS)
        np.add.at(hours, (duties["person"].to_numpy()[inside], offset[inside]), duties["hours"].to_numpy()[inside])
        starts, ends = (_keys(duties["person"], duties[name]) for name in ("start_at", "end_at"))
        return cls(hours, starts, ends, np.concatenate([[0], np.cumsum(ends - starts)]))

    def before(self, person: pl.Series, at: pl.Series) -> Numbers:
        """Clock time of each person's duties before a moment, in ms."""
        if not len(self.starts):
            return np.zeros(len(person), dtype=np.int64)
        keys = _keys(person, at)
        begun = np.searchsorted(self.starts, keys, side="left")
        of_others = np.searchsorted(self.starts, person.cast(pl.Int64).to_numpy() * _PERSON)
        unfinished = np.where(begun > of_others, np.maximum(self.ends[np.maximum(begun - 1, 0)] - keys, 0), 0)
        total: Numbers = self.running[begun] - self.running[of_others] - unfinished
        return total


#: Larger than the ms between any two times of the format (years 1 to 9999), with room for four million persons.
_PERSON, _YEAR_1 = 2**49, -62_135_596_800_000


def _keys(person: pl.Series, at: pl.Series) -> Numbers:
    keys: Numbers = person.cast(pl.Int64).to_numpy() * _PERSON + (at.dt.epoch("ms") - _YEAR_1).to_numpy()
    return keys

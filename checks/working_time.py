"""When people work: for each person and day whether and how many hours, or that it is not known.  All rules ask this.

Source: people.md, "Work pattern of a person".  Staff of office hours works the days of the office calendar, part-time
staff a fifth of the weekly hours on each; who works by a roster works what `shifts` say; of anybody else it is not
known.  Nobody works on days off the payroll or on unpaid leave.  Over a month this is a table of persons × days; what
reaches beyond the month (a leave) is reckoned by the pattern of the month's nearest day, rosters there being unknown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from checks.calendar import OfficeCalendar
from checks.rostered_duties import DAYS, Flags, Hours, Numbers, RosteredDuties

#: Clock time is compared in whole milliseconds: Polars divides by a constant inexactly.
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
#: Source: format 1.1, "A full working day is 8 hours, or a fifth of `weekly_hours`".
_FULL_WEEK = 40.0
#: How a person's day is known: no work for the agency, by the office calendar, by the roster, not at all.
AWAY, OFFICE, ROSTER, UNKNOWN = range(4)
_CODES = {"office": OFFICE, "roster": ROSTER, "unknown": UNKNOWN}
#: When teachers are not known to have duty, as (month, day), both included.
#: Source: 各級學校學生學年學期假期辦法 §4: summer from 1 July to 29 August, winter from 21 January to 10 February.
#: By §8 the winter one is moved in some years, for the New Year's holidays; that is not known here.
_VACATIONS = (((7, 1), (8, 29)), ((1, 21), (2, 10)))
_LABOUR_DAY = 501


_Asked = Callable[[OfficeCalendar, pl.Series, pl.Series, pl.Series], pl.Series]


@dataclass(frozen=True)
class WorkingTime:
    """Tables of persons (a row for each `person` number of the batch) × days of their document's month.

    `code` is one of the constants above; `hours` how many hours the person works, NaN where that is not known.
    `persons` has a row each: `document`, `month_first`, `month_next`, `labour`, and for the time `before` and `after`
    the month the codes that hold and the factors of a full day.
    """

    code: npt.NDArray[np.int8]
    hours: Hours
    persons: pl.DataFrame
    _rows: pl.DataFrame
    _row: Numbers
    _calendars: tuple[OfficeCalendar, OfficeCalendar]
    _duties: RosteredDuties
    #: Hours, and days not known, before each day of the month and after its last: sums over spans are differences.
    _hours_before: Hours
    _unknown_before: npt.NDArray[np.int32]

    @classmethod
    def of(
        cls, employees: pl.DataFrame, shifts: pl.DataFrame, persons: pl.DataFrame, calendar: OfficeCalendar
    ) -> "WorkingTime":
        """From the judged rows of employees and shifts, of which those let in count.

        `persons`: `document`, `month_first`, `month_next` of each person number, in order.
        """
        rostered = shifts.filter(~pl.col("refused"))["person"].unique()
        rows = employees.filter(~pl.col("refused")).with_columns(code=_code(rostered))
        row = _rows_of_days(rows, persons.height)
        in_month = np.arange(DAYS) < _month_length(persons)[:, None]
        unlisted = np.isin(np.arange(persons.height), rows["person"].to_numpy(), invert=True)[:, None] & in_month
        code = _of_rows(_codes_of(rows), row, AWAY)
        code[unlisted] = UNKNOWN
        factor = (rows["weekly_hours"].fill_null(_FULL_WEEK) / _FULL_WEEK).to_numpy()
        edges, calendars = _with_edges(persons, rows), (calendar, calendar.of_labour())
        duties = RosteredDuties.of(_by_roster(shifts, code), persons)
        office = _office_hours(edges, calendars) * np.append(factor, 0.0)[row]
        hours = np.select([code == OFFICE, code == ROSTER, code == UNKNOWN], [office, duties.hours, np.nan], 0.0)
        unknown = np.isnan(hours)
        sums = _running(np.where(unknown, 0.0, hours), np.float64), _running(unknown, np.int32)
        return cls(code, hours, edges, rows, row, calendars, duties, *sums)

    def of_staff(self, column: str, person: pl.Series, day: pl.Series) -> pl.Series:
        """A column of the row of `employees` that holds for each person on a day; null where no row holds."""
        offset = self._offset(person, day)
        inside = (offset >= 0) & (offset < DAYS)
        row = np.where(inside, self._row[person.to_numpy(), np.clip(offset, 0, DAYS - 1)], -1)
        values = self._rows[column]
        return (
            values.gather(np.maximum(row, 0)).set(pl.Series(row < 0), None) if len(values) else values.clear(len(row))
        )

    def by_day(self, of_row: pl.Series) -> Flags:
        """A flag of each row of `employees` let in, in order, as persons × days; False where no row holds."""
        flags: Flags = np.append(of_row.to_numpy(), False)[self._row]
        return flags

    def hours_over(self, person: pl.Series, first: pl.Series, last: pl.Series) -> pl.Series:
        """Hours worked on the days from `first` to `last` (dates, both included): Float64, null where not known."""
        who, begin, end = person.to_numpy(), self._offset(person, first), self._offset(person, last) + 1
        total = _between(self._hours_before, who, begin, end)
        unknown = _between(self._unknown_before, who, begin, end) > 0
        for rows, code, of in self._beyond(who, begin, end):
            spans = of.with_columns(first=first.gather(rows), last=last.gather(rows)).with_columns(_clipped(code))
            hours = self._by_calendar(OfficeCalendar.hours_between, spans) * spans[f"factor_{code}"].to_numpy()
            total[rows] += np.where(spans[code] == OFFICE, hours, 0.0)
            unknown[rows] |= (spans[code] >= ROSTER).to_numpy()
        return pl.select(pl.when(~pl.Series(unknown)).then(pl.Series(total, dtype=pl.Float64))).to_series()

    def moments(self, person: pl.Series, at: pl.Series) -> Numbers:
        """Moments as numbers in order of person and time; those more than two years off the month are alike."""
        return self._duties.keys(person, at)

    def rostered_within(self, person: pl.Series, day: pl.Series, start: pl.Series, end: pl.Series) -> Hours:
        """Hours of the rostered duties that begin on `day`, as far as they lie from `start` to `end` by the clock."""
        return self._duties.within(person, day, start, end)

    def rostered_touched(self, person: pl.Series, start: pl.Series, end: pl.Series) -> pl.Series:
        """Hours of the rostered duties that an interval touches; null of who does not work by the roster then."""
        first, last = (self._offset(person, at.dt.date()) for at in (start, end.dt.offset_by("-1ms")))
        inside = (first >= 0) & (last < DAYS)
        codes = (self.code[person.to_numpy(), np.clip(day, 0, DAYS - 1)] for day in (first, last))
        by_roster = inside & np.all([code == ROSTER for code in codes], axis=0)
        hours = pl.Series(self._duties.touched(person, start, end), dtype=pl.Float64)
        return pl.select(pl.when(pl.Series(by_roster)).then(hours)).to_series()

    def covered(self, person: pl.Series, at: pl.Series) -> Numbers:
        """How much of the time that a leave can cover lies before each moment, in ms on a scale of the person's own.

        A leave covers the working days of who keeps office hours, the rostered duties of who works by a roster, and of
        anybody else the whole of its interval.  Two leaves of a person share time that both cover just where their
        intervals share some on this scale.
        """
        day = at.dt.date()
        who, offset = person.to_numpy(), self._offset(person, day)
        of_day = (at - day.cast(pl.Datetime("ms"))).dt.total_milliseconds().to_numpy()
        counts = (self.code != ROSTER) & ~(self.hours == 0)
        today = counts[who, np.clip(offset, 0, DAYS - 1)] & (offset >= 0) & (offset < DAYS)
        days = _between(_running(counts, np.int32), who, np.zeros_like(offset), offset).astype(np.int64)
        scale: Numbers = days * DAY_MS + today * of_day
        for rows, code, of in self._beyond(who, offset, offset + 1):
            spans = of.with_columns(first=day.gather(rows), last=day.gather(rows))
            spans = spans.with_columns(pl.col("month_next").alias("first") if code == "after" else _EVE.alias("last"))
            office = (spans[code] == OFFICE).to_numpy()
            whole = (spans["last"] - spans["first"]).dt.total_days().to_numpy() + 1
            days = np.where(office, self._by_calendar(OfficeCalendar.working_days, spans), whole)
            on_day = spans.with_columns(first=day.gather(rows), last=day.gather(rows))
            worked = np.where(office, self._by_calendar(OfficeCalendar.working_days, on_day), 1)
            part = worked * of_day[rows]
            beyond = part - days * DAY_MS if code == "before" else (days - worked) * DAY_MS + part
            scale[rows] += np.where(spans[code] == AWAY, 0, beyond)
        scale += self._duties.before(person, at)
        return scale

    def _offset(self, person: pl.Series, day: pl.Series) -> Numbers:
        """Days from the month's first to `day`."""
        offset: Numbers = (day - self.persons["month_first"].gather(person)).dt.total_days().fill_null(0).to_numpy()
        return offset

    def _beyond(self, who: Numbers, begin: Numbers, end: Numbers) -> Iterator[tuple[Numbers, str, pl.DataFrame]]:
        """Rows that reach out of the month, `before` or `after`, with what is known of their persons."""
        length = _month_length(self.persons)[who]
        for code, out in (("before", (begin < 0) & (begin < end)), ("after", (end > length) & (begin < end))):
            rows = np.flatnonzero(out)
            if len(rows):
                yield rows, code, self.persons[who[rows]]

    def office_hours_over(self, person: pl.Series, first: pl.Series, last: pl.Series) -> Hours:
        """Hours that the office calendar has from `first` to `last`, both included, whatever the person works by."""
        spans = self.persons[person.to_numpy()].with_columns(first=first, last=last)
        return self._by_calendar(OfficeCalendar.hours_between, spans)

    def keeps_office_hours(self, person: pl.Series) -> Flags:
        """Whether the person works by the office calendar on any day of the month."""
        keeps: Flags = (self.code == OFFICE).any(axis=1)[person.to_numpy()]
        return keeps

    def _by_calendar(self, asked: _Asked, spans: pl.DataFrame) -> Hours:
        """What is asked of each person's own calendar about spans (`first`, `last`)."""
        general, labour = (
            asked(one, spans["first"], spans["last"], spans["document"]).to_numpy() for one in self._calendars
        )
        by_calendar: Hours = np.where(spans["labour"].to_numpy(), labour, general)
        return by_calendar


N = TypeVar("N", np.int32, np.float64)


def _running(table: Flags | Hours, of: type[N]) -> npt.NDArray[N]:
    """Sums of each row's columns before each one: one column more."""
    sums = np.zeros((len(table), table.shape[1] + 1), dtype=of)
    np.cumsum(table, axis=1, out=sums[:, 1:])
    return sums


def _between(running: npt.NDArray[N], who: Numbers, begin: Numbers, end: Numbers) -> npt.NDArray[N]:
    begin = np.clip(begin, 0, DAYS)
    sums: npt.NDArray[N] = running[who, np.maximum(np.clip(end, 0, DAYS), begin)] - running[who, begin]
    return sums


def _month_length(persons: pl.DataFrame) -> Numbers:
    length: Numbers = (persons["month_next"] - persons["month_first"]).dt.total_days().to_numpy()
    return length


_EVE = pl.col("month_first").dt.offset_by("-1d")


def _clipped(code: str) -> pl.Expr:
    """A span's part before or after the month."""
    if code == "before":
        return pl.min_horizontal("last", _EVE).alias("last")
    return pl.max_horizontal("first", "month_next").alias("first")


def _code(rostered: pl.Series) -> pl.Expr:
    """How the days of a row of employees are known; a roster without any duty of the person says nothing."""
    on_leave = (pl.col("status") == "unpaid_leave").fill_null(value=False)
    missing = (pl.col("pattern") == "roster") & ~pl.col("person").is_in(rostered.implode())
    code = pl.col("pattern").replace_strict(_CODES, return_dtype=pl.Int8)
    return pl.when(on_leave).then(AWAY).when(missing).then(UNKNOWN).otherwise(code).cast(pl.Int8)


def _rows_of_days(rows: pl.DataFrame, persons: int) -> Numbers:
    """Persons × days of the month: which row of employees holds; -1 for none.

    Rows of a person that were let in share no day (R112).
    """
    first = (rows["from_day"] - rows["month_first"]).dt.total_days().fill_null(0).to_numpy()
    last = (rows["to_day"] - rows["month_first"]).dt.total_days().fill_null(DAYS).to_numpy()
    last = np.minimum(last, _month_length(rows) - 1)
    day = np.arange(DAYS)
    holds = (day >= first[:, None]) & (day <= last[:, None])
    row = np.full((persons, DAYS), -1, dtype=np.int64)
    np.maximum.at(row, rows["person"].to_numpy(), np.where(holds, np.arange(rows.height)[:, None], -1))
    return row


def _by_roster(shifts: pl.DataFrame, code: npt.NDArray[np.int8]) -> pl.DataFrame:
    """The duties let in that begin while the person works by the roster; out of the month, on its nearest day."""
    offset = (shifts["start_at"].dt.date() - shifts["month_first"]).dt.total_days().fill_null(0)
    last = (shifts["month_next"] - shifts["month_first"]).dt.total_days() - 1
    nearest = np.clip(offset.to_numpy(), 0, last.to_numpy())
    works = code[shifts["person"].to_numpy(), nearest] == ROSTER
    return shifts.filter(~pl.col("refused") & pl.Series(works, dtype=pl.Boolean))


def _of_rows(table: npt.NDArray[np.int8], row: Numbers, missing: int) -> npt.NDArray[np.int8]:
    """A table of rows of employees × days as one of persons × days."""
    padded = np.concatenate([table, np.full((1, DAYS), missing, dtype=table.dtype)])
    of_persons: npt.NDArray[np.int8] = padded[row, np.arange(DAYS)]
    return of_persons


def _codes_of(rows: pl.DataFrame) -> npt.NDArray[np.int8]:
    """Rows of employees × days of the month: by what each day is known.

    Of whom the pattern is not stated: teachers are not known to have duty out of term, nor others on Labour Day, as
    format 1.0 has no other name for staff under the Labour Standards Act.
    """
    teacher, other = (
        ((rows["employment_type"] == kind) & rows["work_pattern"].is_null()).to_numpy()[:, None]
        for kind in ("teacher", "other")
    )
    month = rows["month_first"].dt.month().cast(pl.Int64).to_numpy()[:, None]
    day = month * 100 + np.arange(1, DAYS + 1)
    free = np.any([(day >= a * 100 + b) & (day <= c * 100 + d) for (a, b), (c, d) in _VACATIONS], axis=0)
    not_known = (teacher & free) | (other & (day == _LABOUR_DAY))
    code = rows["code"].to_numpy()[:, None]
    return np.where(not_known & (code == OFFICE), UNKNOWN, code).astype(np.int8)


def _with_edges(persons: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `labour`, and `before`, `after` and the factors there, see `WorkingTime`."""
    begins, ends = pl.col("from_day").fill_null(_EVE), pl.col("to_day").fill_null(pl.col("month_next"))
    factor = pl.col("weekly_hours").fill_null(_FULL_WEEK) / _FULL_WEEK
    known = (
        rows.sort("person", begins)
        .group_by("person")
        .agg(
            labour=(pl.col("employment_type") == "labour").any(),
            factor_before=factor.first(),
            factor_after=factor.last(),
            before=pl.when((begins < pl.col("month_first")).first()).then(pl.col("code").first()).otherwise(AWAY),
            after=pl.when((ends >= pl.col("month_next")).last()).then(pl.col("code").last()).otherwise(AWAY),
        )
    )
    numbered = persons.with_columns(person=pl.int_range(pl.len(), dtype=pl.UInt32))
    return numbered.join(known, on="person", how="left", maintain_order="left").with_columns(
        pl.col("labour").fill_null(value=False),
        pl.col("factor_before", "factor_after").fill_null(1.0),
        pl.col("before", "after").fill_null(UNKNOWN),
    )


def _office_hours(persons: pl.DataFrame, calendars: tuple[OfficeCalendar, OfficeCalendar]) -> Hours:
    """Persons × days: the office hours of the document's agency, of labour staff or of the others."""
    documents = persons.select("document", "month_first").unique("document", maintain_order=True)
    number = pl.DataFrame({"number": range(DAYS)})
    days = documents.join(number, how="cross").with_columns(day=pl.col("month_first") + pl.duration(days="number"))
    hours = [one.office_hours(days["day"], days["document"]).to_numpy().reshape(-1, DAYS) for one in calendars]
    place = persons.select(place=pl.col("document").rank("dense") - 1, labour=pl.col("labour").cast(pl.Int8))
    order = documents["document"].arg_sort().to_numpy()
    table: Hours = np.stack(hours)[place["labour"].to_numpy(), order[place["place"].to_numpy()]]
    return table

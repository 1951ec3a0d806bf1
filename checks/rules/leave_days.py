"""What leaves take of people's days: hours of each day on leave, days that a leave accounts for, a month's share.

Of a first or last day that is touched in part the roster says how much a leave takes; of office days it is the halves
of the standard one, 08:30–12:30 and 13:30–17:30.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from checks.closures import WHOLE_DAY
from checks.rostered_duties import DAYS, Flags, Hours, Numbers
from checks.row_groups import RowGroups
from checks.working_time import HOUR_MS, ROSTER, WorkingTime

_MORNING, _AFTERNOON = (8.5, 12.5), (13.5, 17.5)
_HALF_DAY = 4.0
_MIDNIGHT = 24.0
_A_MOMENT = timedelta(milliseconds=1)
_ROUNDING = 1e-6


@dataclass(frozen=True)
class LeaveDays:
    """Tables of persons × days of the month.

    `hours` that leaves let in take of the person's working hours; `traced`: a leave, let in or not, accounts for the
    day.  `wholly`: `document` and `index` of leaves let in, their `person`, and the `offset` of each day of the month
    of which the leave alone takes all working hours.
    """

    hours: Hours
    traced: Flags
    wholly: pl.DataFrame


def leave_days(leaves: pl.DataFrame, work: WorkingTime) -> LeaveDays:
    """Of the judged leaves.  A leave accounts for its working days one after another, as far as its hours go.

    So half an hour claimed over a week accounts for the week's first day alone.
    """
    hours, traced = np.zeros_like(work.hours), np.zeros(work.hours.shape, dtype=bool)
    valid = leaves.filter(pl.col("end_at") > pl.col("start_at"))
    if valid.is_empty():
        return LeaveDays(hours, traced, valid.select("document", "index", "person", offset=pl.lit(0)))
    row, day = _each_day(valid)
    who = valid["person"].to_numpy()[row]
    known = np.nan_to_num(work.hours[who, day])
    # On the only day that it touches a leave takes what it claims, whatever its clock times.
    alone = (valid["first_day"] == valid["last_day"]).to_numpy()[row]
    held = np.where(alone, known, _office_share(valid, row, day) * known / WHOLE_DAY)
    by_roster = np.flatnonzero(~alone & (work.code[who, day] == ROSTER) & (known > 0))
    if len(by_roster):
        held[by_roster] = _rostered_hours(valid, row[by_roster], day[by_roster], work)
    before = RowGroups(row).running(held) - held + _before_month(valid, work)[row]
    taken = np.minimum(held, np.maximum(valid["hours"].to_numpy()[row] - before, 0.0))
    accounts = taken > _ROUNDING
    traced[who[accounts], day[accounts]] = True
    let_in = ~valid["refused"].to_numpy()[row]
    np.add.at(hours, (who[let_in], day[let_in]), taken[let_in])
    whole = accounts & let_in & (taken >= known - _ROUNDING)
    wholly = valid.select("document", "index", "person")[row[whole]].with_columns(offset=day[whole])
    return LeaveDays(np.minimum(hours, np.nan_to_num(work.hours)), traced, wholly)


def _rostered_hours(leaves: pl.DataFrame, row: Numbers, day: Numbers, work: WorkingTime) -> Hours:
    """Hours of the duties beginning on those days that leaves cover; a duty is of its first day, past midnight too."""
    some = leaves[row].with_columns(offset=day).with_columns(day=pl.col("month_first") + pl.duration(days="offset"))
    return work.rostered_within(some["person"], some["day"], some["start_at"], some["end_at"])


def _each_day(leaves: pl.DataFrame) -> tuple[Numbers, Numbers]:
    """The days of the month that leaves touch, as row of the leave and offset of the day, in order."""
    first = (leaves["first_day"] - leaves["month_first"]).dt.total_days().clip(0, DAYS).to_numpy()
    last = (leaves["last_day"] - leaves["month_first"]).dt.total_days().clip(-1, DAYS - 1).to_numpy()
    number = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(number)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return row, first[row] + within


def _before_month(leaves: pl.DataFrame, work: WorkingTime) -> Hours:
    """Working hours that leaves hold before the month begins; 0 where that is not known."""
    hours = np.zeros(leaves.height)
    begun = np.flatnonzero((leaves["first_day"] < leaves["month_first"]).to_numpy())
    some = leaves[begun]
    person, first, eve = some["person"], some["first_day"], some["month_first"].dt.offset_by("-1d")
    on_first = work.hours_over(person, first, first).fill_null(0.0).to_numpy()
    later = work.hours_over(person, first.dt.offset_by("1d"), eve).fill_null(0.0).to_numpy()
    row, day = np.arange(some.height), (first - some["month_first"]).dt.total_days().to_numpy()
    hours[begun] = on_first * _office_share(some, row, day) / WHOLE_DAY + later
    return hours


def _office_share(leaves: pl.DataFrame, row: Numbers, day: Numbers) -> Hours:
    """How many of a standard day's eight hours the leave covers on that day."""
    start, end = (_hours_since(leaves["month_first"], leaves[name])[row] for name in ("start_at", "end_at"))
    return _window_hours(start - day * 24.0, end - day * 24.0)


def _hours_since(day: pl.Series, at: pl.Series) -> Hours:
    """Hours by the clock from the midnight with which each day begins."""
    hours: Hours = (at - day.cast(pl.Datetime("ms"))).dt.total_milliseconds().to_numpy() / HOUR_MS
    return hours


def _window_hours(start: Hours, end: Hours) -> Hours:
    """Hours of the half days that an interval covers, given in hours from that day's midnight.

    By half days, since people begin and end at other times than the standard ones.
    """
    halves = [np.minimum(end, closes) - np.maximum(start, opens) for opens, closes in (_MORNING, _AFTERNOON)]
    hours: Hours = (np.array(halves) >= _HALF_DAY / 2).sum(axis=0) * _HALF_DAY
    return hours


def hours_in_month(leaves: pl.DataFrame, employees: pl.DataFrame, work: WorkingTime) -> pl.Series:
    """The hours of each leave that lie within the month and the person's days at the agency, by what each day holds.

    Of who keeps office hours days hold their office hours; of types that count every day, and of a leave on no working
    day, all days hold the same; of anybody else, whose roster of other months is not known, all hours do.
    """
    share = np.ones(leaves.height)
    crossing = leaves.with_row_index("row").filter(~_within(leaves, employees))
    if not crossing.is_empty():
        whole = _weights(crossing.with_columns(begins="start_at", ends="end_at"), work)
        every_day = crossing["every_day"].to_numpy() | (whole[_BY_OFFICE] <= 0)
        office = work.keeps_office_hours(crossing["person"]) & (whole[_BY_OFFICE] > 0)
        basis = np.where(office, _BY_OFFICE, _BY_CLOCK)
        basis = np.where(every_day & (whole[_BY_DAYS] > 0), _BY_DAYS, basis)
        parts = _parts(crossing.with_columns(basis=basis, place=pl.int_range(pl.len())), employees)
        held = np.zeros(crossing.height)
        np.add.at(held, parts["place"].to_numpy(), _chosen(_weights(parts, work), parts["basis"].to_numpy()))
        share[crossing["row"].to_numpy()] = np.minimum(held / _chosen(whole, basis), 1.0)
    return pl.Series("hours_in_month", leaves["hours"].to_numpy() * share)


_BY_OFFICE, _BY_DAYS, _BY_CLOCK = range(3)


def _chosen(weights: Hours, basis: Numbers) -> Hours:
    chosen: Hours = np.take_along_axis(weights, basis[None, :], axis=0)[0]
    return chosen


def _within(leaves: pl.DataFrame, employees: pl.DataFrame) -> pl.Series:
    """Leaves that do not reach out of the month, of people who are at the agency all of it."""
    bounded = employees.filter(pl.col("from_day").is_not_null() | pl.col("to_day").is_not_null())["person"].unique()
    return leaves.select(
        (pl.col("first_day") >= pl.col("month_first"))
        & (pl.col("last_day") < pl.col("month_next"))
        & ~pl.col("person").is_in(bounded.implode())
    ).to_series()


def _parts(leaves: pl.DataFrame, employees: pl.DataFrame) -> pl.DataFrame:
    """The stretches of leaves within the month and a row of the person's that was let in: `begins`, `ends`.

    Of whom no row was let in, all of the month counts.
    """
    midnight = pl.Datetime("ms")
    first = pl.max_horizontal("month_first", "from_day").cast(midnight)
    until = pl.min_horizontal("month_next", pl.col("to_day").dt.offset_by("1d")).cast(midnight)
    rows = employees.filter(~pl.col("refused")).select("person", "from_day", "to_day")
    parts = leaves.join(rows, on="person", how="left").with_columns(
        begins=pl.max_horizontal("start_at", first), ends=pl.min_horizontal("end_at", until)
    )
    return parts.filter(pl.col("begins") < pl.col("ends"))


def _weights(stretches: pl.DataFrame, work: WorkingTime) -> Hours:
    """What stretches of time (`begins`, `ends`) hold: office hours, days of eight hours, hours by the clock."""
    person, begins, ends = stretches["person"], stretches["begins"], stretches["ends"]
    first, last = begins.dt.date(), (ends - _A_MOMENT).dt.date()
    start, end = _hours_since(first, begins), _hours_since(last, ends)
    one_day = (first == last).to_numpy()
    at_first = _window_hours(start, np.where(one_day, end, _MIDNIGHT))
    at_last = np.where(one_day, 0.0, _window_hours(np.zeros(len(end)), end))
    inner_first, inner_last = first.dt.offset_by("1d"), last.dt.offset_by("-1d")
    inner = np.maximum((last - first).dt.total_days().to_numpy() - 1, 0)
    office = (
        np.minimum(at_first, work.office_hours_over(person, first, first))
        + np.minimum(at_last, work.office_hours_over(person, last, last))
        + work.office_hours_over(person, inner_first, inner_last)
    )
    clock = (ends - begins).dt.total_milliseconds().to_numpy() / HOUR_MS
    return np.stack([office, at_first + at_last + inner * float(WHOLE_DAY), clock])

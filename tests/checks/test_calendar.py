"""The office calendar over spans of days: packaged days, imported days over them, closures on top."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.calendar import OfficeCalendar
from checks.model.office_days import OfficeDays, is_worked

DAYS = st.dates(date(2020, 12, 1), date(2022, 1, 31))


def calendar(imported: dict[date, bool], closed: list[tuple[int, date, int]] = []) -> OfficeCalendar:  # noqa: B006
    schema = {"document": pl.UInt32, "day": pl.Date, "hours": pl.Int64}
    return OfficeCalendar.around(["2021-06"], pl.DataFrame(closed, schema=schema, orient="row"), OfficeDays(imported))


def working_days(one: OfficeCalendar, first: date, last: date) -> int:
    document = pl.Series([0], dtype=pl.UInt32)
    return one.working_days(pl.Series([first]), pl.Series([last]), document)[0]


def office_hours(one: OfficeCalendar, day: date) -> float:
    return one.office_hours(pl.Series([day]), pl.Series([0], dtype=pl.UInt32))[0]


@settings(deadline=None)  # the first asks `holidays` for thirteen years
@given(st.dictionaries(DAYS, st.booleans(), max_size=20), DAYS, st.integers(0, 200))
def test_load_office_days_are_counted_over_the_packaged_ones(imported, first, length):
    days = [first + timedelta(days=number) for number in range(length + 1)]
    worked = [imported.get(day, is_worked(day)) for day in days]
    one = calendar(imported)
    assert working_days(one, days[0], days[-1]) == sum(worked)
    assert office_hours(one, first) == (8 if worked[0] else 0)


def test_a_closure_goes_on_top_of_a_day_that_was_opened():
    saturday = date(2021, 6, 5)
    opened = calendar({saturday: True}, [(0, saturday, 3)])
    assert (working_days(opened, saturday, saturday), office_hours(opened, saturday)) == (1, 5)
    closed = calendar({saturday: True}, [(0, saturday, 8)])
    assert (working_days(closed, saturday, saturday), office_hours(closed, saturday)) == (0, 0)


def test_a_closure_of_a_day_off_by_the_imported_calendar_takes_nothing_away():
    thursday = date(2021, 6, 3)
    one = calendar({thursday: False}, [(0, thursday, 8)])
    assert working_days(one, date(2021, 6, 1), date(2021, 6, 4)) == 3
    assert office_hours(one, thursday) == 0


def test_days_of_years_beyond_its_reach_are_left_out():
    assert working_days(calendar({date(1999, 6, 5): True}), date(2021, 6, 1), date(2021, 6, 4)) == 4

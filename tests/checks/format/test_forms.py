"""Forms of dates and times: the patterns of the JSON Schema are of exactly the texts that are real."""

import re
from datetime import date, datetime

import pytest

from checks.format.forms import CALENDAR_DATE, LOCAL_TIME, MONTH


def real(read, text):
    try:
        read(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("year", [0, 1, 4, 10, 100, 400, 1000, 1900, 2000, 2021, 2024, 2100, 9999])
def test_the_pattern_of_a_date_is_of_the_days_that_there_are(year):
    for text in (f"{year:04}-{month:02}-{day:02}" for month in range(14) for day in range(33)):
        assert bool(re.fullmatch(CALENDAR_DATE.exact, text)) == real(date.fromisoformat, text), text


@pytest.mark.parametrize("form", [CALENDAR_DATE, MONTH])
def test_the_pattern_holds_every_year_but_none(form):
    rest = "-02-28" if form is CALENDAR_DATE else "-02"
    wrong = [year for year in range(10_000) if bool(re.fullmatch(form.exact, f"{year:04}{rest}")) != (year > 0)]
    assert wrong == []


def test_the_pattern_of_a_leap_day_is_of_leap_years():
    texts = [f"{year:04}-02-29" for year in range(10_000)]
    assert [one for one in texts if re.fullmatch(CALENDAR_DATE.exact, one)] == [
        one for one in texts if real(date.fromisoformat, one)
    ]


@pytest.mark.parametrize("clock", ["00:00", "23:59", "24:00", "23:60", "08:30:59", "08:30:60", "19:05"])
def test_the_pattern_of_a_time_is_of_the_times_that_there_are(clock):
    text = f"2021-06-03T{clock}"
    assert bool(re.fullmatch(LOCAL_TIME.exact, text)) == real(datetime.fromisoformat, text)

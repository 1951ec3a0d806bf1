"""The calendar of duties: when a month opens, is due and closes, as its rows say, and what a file must not say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.office_days import is_worked
from tests.support.world import taipei
from warehouse.deadlines import TAIPEI, days_late, is_on_time
from warehouse.duties.calendar import COLUMNS, CalendarRefused, calendar_of, read_calendar, shipped
from warehouse.duties.reckoning import Reckoned, spoken
from warehouse.home import Home
from warehouse.months import is_month, shifted

HEADER = ",".join(COLUMNS)
EVERY = "*,,,+1 01 00:00,+1 20 24:00,stays,+2 last 17:00,+2 last 17:00,x"
MONTHS = st.builds(lambda year, month: f"{year:04}-{month:02}", st.integers(2000, 2100), st.integers(1, 12))


def calendar(*rows):
    return read_calendar("\n".join([HEADER, *rows]), "duties.csv")


@pytest.mark.parametrize(
    ("month", "due"),
    [("2021-06", "2021-07-21 00:00"), ("2021-12", "2022-01-21 00:00"), ("2024-01", "2024-02-21 00:00")],
)
def test_as_shipped_a_month_is_due_at_the_end_of_the_20th_of_the_next(month, due):
    assert shipped().due(month) == taipei(due)
    assert shipped().due(month).utcoffset() == timedelta(hours=8)


def test_as_shipped_it_opens_before_and_closes_after():
    assert shipped().opens("2021-06") == taipei("2021-07-01 00:00")
    assert shipped().corrections_close("2021-06") == taipei("2021-08-31 17:00")
    assert shipped().corrections_close("2021-12") == shipped().year_closes(2021) == taipei("2022-02-28 17:00")


@pytest.mark.parametrize(
    "month",
    ["", "2021-13", "2021-00", "2021-6", "110-06", "2021-06-01", "２０２１-06", "2021-06\n", "0000-01", "9999-12"],
)
def test_what_is_no_month(month):
    assert not is_month(month)
    with pytest.raises(ValueError, match="not a month"):
        shipped().due(month)


@pytest.mark.parametrize(
    ("received_at", "late"),
    [
        (datetime(2021, 6, 1, tzinfo=TAIPEI), 0),
        (datetime(2021, 7, 20, 23, 59, 59, tzinfo=TAIPEI), 0),
        (datetime(2021, 7, 21, tzinfo=TAIPEI), 0),
        (datetime(2021, 7, 21, 0, 0, 0, 1, tzinfo=TAIPEI), 1),
        (datetime(2021, 7, 21, 23, 59, tzinfo=TAIPEI), 1),
        (datetime(2021, 7, 22, tzinfo=TAIPEI), 2),
        (datetime(2021, 7, 20, 16, 0, tzinfo=UTC), 0),
        (datetime(2021, 7, 20, 16, 0, 1, tzinfo=UTC), 1),
        (datetime(2022, 7, 20, tzinfo=TAIPEI), 365),
    ],
)
def test_days_late_in_taipei(received_at, late):
    due = shipped().due("2021-06")
    assert days_late(due, received_at) == late
    assert is_on_time(due, received_at) == (late == 0)


@given(MONTHS, st.integers(-40 * 86400 * 10**6, 40 * 86400 * 10**6))
def test_on_time_until_24_00_and_late_a_microsecond_later(month, away):
    due = shipped().due(month)
    received = due + timedelta(microseconds=away)
    assert is_on_time(due, received) == (away <= 0)
    last_day = date.fromisoformat(f"{shifted(month, 1)}-20")
    assert days_late(due, received) == (max((received.date() - last_day).days, 0) if away > 0 else 0)


@given(MONTHS, st.integers(0, 12), st.none() | st.integers(1, 28), st.integers(0, 24 * 60))
def test_a_reckoned_moment_is_on_its_day_and_can_be_written(month, months, day, minutes):
    reckoned = Reckoned(months, day, minutes)
    assert Reckoned.parse(str(reckoned)) == reckoned
    moment = reckoned.of(month)
    begins = datetime.combine(reckoned.day_of(month), datetime.min.time(), TAIPEI)
    assert moment - begins == timedelta(minutes=minutes)
    assert f"{reckoned.day_of(month):%Y-%m}" == shifted(month, months)
    if day is None:
        assert (reckoned.day_of(month) + timedelta(days=1)).day == 1


@given(MONTHS, st.sets(st.integers(-2, 30)))
def test_a_due_day_gives_way_to_days_off_and_to_no_others(month, closed):
    reckoned = Reckoned(1, 20, 24 * 60)
    first = reckoned.day_of(month)
    off = {first + timedelta(days=number) for number in closed}

    def works(day):
        return day.weekday() < 5 and day not in off

    due = reckoned.of(month, works)
    last = (due - timedelta(minutes=1)).date()
    assert works(last)
    assert last >= first
    assert not any(works(first + timedelta(days=number)) for number in range((last - first).days))


def test_by_the_office_calendar_the_due_day_may_move():
    moving = calendar("*,,,+1 01 00:00,+1 20 24:00,next_working_day,+2 last 17:00,+2 last 17:00,x")
    assert moving.due("2021-05") == taipei("2021-06-22 00:00")  # the 20th is a Sunday
    assert moving.due("2021-01") == taipei("2021-02-21 00:00")  # a Saturday, made up for: worked
    assert not is_worked(date(2021, 2, 13))
    assert shipped().due("2021-05") == taipei("2021-06-21 00:00")


def test_a_month_is_judged_by_the_row_of_its_own_time_and_kind():
    rows = (
        "*,,2022-12,+1 01 00:00,+1 20 24:00,stays,+2 last 17:00,+2 last 17:00,x",
        "*,2023-01,,+1 01 00:00,+1 15 17:00,stays,+1 last 17:00,+1 last 17:00,x",
        "school,2023-08,,+1 01 00:00,+1 25 24:00,stays,+2 last 17:00,+2 last 17:00,x",
    )
    dated = calendar(*rows)
    assert dated.due("2022-12") == taipei("2023-01-21 00:00")
    assert dated.due("2023-01") == taipei("2023-02-15 17:00")
    assert dated.due("2023-07", "school") == taipei("2023-08-15 17:00")
    assert dated.due("2023-08", "school") == taipei("2023-09-26 00:00")
    assert dated.due("2023-08", "unheard of") == taipei("2023-09-15 17:00")
    assert (dated.year_closes(2022), dated.year_closes(2023)) == (
        taipei("2023-02-28 17:00"),
        taipei("2024-01-31 17:00"),
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "the first and last must be open"),
        (("*,,2022-12" + EVERY[3:],), "the first and last must be open"),
        ((EVERY, "*,2022-01," + EVERY[3:]), "overlaps"),
        (("*,,2021-12," + EVERY[4:], "*,2022-03,," + EVERY[4:]), "from 2022-01 to 2022-03"),
        ((EVERY.replace("stays", "soon"),), "due_on_day_off"),
        ((EVERY.replace("+1 20", "+1 31"),), "1 to 28"),
        ((EVERY.replace("24:00", "24:01"),), "00:00 to 24:00"),
        ((EVERY.replace("24:00", "09:60"),), "00:00 to 24:00"),
        ((EVERY.replace("+1 20 24:00", "soon"),), "is written so"),
        ((EVERY.replace("+1 01", "+1 21"),), "the order must be"),
        (("*,2021-13" + EVERY[2:],), "written YYYY-MM"),
        ((EVERY[1:],), "kind"),
    ],
)
def test_a_calendar_that_cannot_be_used_says_where_and_why(rows, said):
    with pytest.raises(CalendarRefused, match=said) as refused:
        calendar(*rows)
    assert "duties.csv" in str(refused.value)


def test_all_faults_at_once_with_their_lines():
    with pytest.raises(CalendarRefused) as refused:
        calendar(EVERY.replace("stays", "soon"), "", EVERY.replace("+1 20", "+1 40"))
    assert [fault.split("：")[0].split(":")[0] for fault in refused.value.faults] == [
        "第 2 行 line 2",
        "第 4 行 line 4",
    ]


def test_a_file_of_another_kind():
    with pytest.raises(CalendarRefused, match="header lacks"):
        read_calendar("code,day,hours\n", "closures.csv")


def test_an_installation_has_its_own_or_the_shipped_rows(tmp_path):
    home = Home(tmp_path)
    assert calendar_of(home) is shipped()
    home.duties.write_text(f"\ufeff{HEADER}\n{EVERY.replace('+1 20', '+1 10')}\n", encoding="utf-8")
    assert calendar_of(home).due("2021-06") == taipei("2021-07-11 00:00")
    home.duties.write_bytes("類別".encode("cp950"))
    with pytest.raises(CalendarRefused, match="UTF-8"):
        calendar_of(home)


def test_moments_as_people_say_them():
    assert spoken(taipei("2021-07-21 00:00")) == "2021-07-20 24:00"
    assert spoken(taipei("2021-08-31 17:00")) == "2021-08-31 17:00"
    assert spoken(datetime(2021, 7, 20, 16, tzinfo=UTC)) == "2021-07-20 24:00"

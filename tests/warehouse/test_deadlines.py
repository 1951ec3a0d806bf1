"""When a month is due, and how late something is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from warehouse.deadlines import days_late, deadline, is_on_time

TAIPEI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2021-06", datetime(2021, 7, 21, tzinfo=TAIPEI)),
        ("2021-12", datetime(2022, 1, 21, tzinfo=TAIPEI)),
        ("2024-01", datetime(2024, 2, 21, tzinfo=TAIPEI)),
    ],
)
def test_due_at_the_end_of_the_20th_of_the_following_month(month, due):
    assert deadline(month) == due
    assert deadline(month).utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    "month", ["", "2021-13", "2021-00", "2021-6", "110-06", "2021-06-01", "２０２１-06", "2021-06\n"]
)
def test_what_is_no_month(month):
    with pytest.raises(ValueError, match="not a month"):
        deadline(month)


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
    assert days_late("2021-06", received_at) == late
    assert is_on_time("2021-06", received_at) == (late == 0)

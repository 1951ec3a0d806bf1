"""What a fault looks like: the system's, a typing error, or neither plainly."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.causes import Cause, looks_like, record_days

FIRST = date(2021, 6, 1)
#: Two records a day for thirty days.
DAYS = [FIRST + timedelta(days=n // 2) for n in range(60)]


@pytest.mark.parametrize(
    ("failing", "total", "cause"),
    [
        (range(118), 120, Cause.SYSTEM),
        (range(60), 120, Cause.SYSTEM),
        (range(59), 120, Cause.UNCLEAR),
        (range(5), 120, Cause.TYPING),
        (range(6), 120, Cause.UNCLEAR),
        ([3], 3, Cause.TYPING),
        (range(4), 4, Cause.UNCLEAR),
        ([7, 7, 7, 7, 7, 7], 8, Cause.TYPING),
    ],
)
def test_by_share(failing, total, cause):
    assert looks_like(list(failing), total).cause is cause


def test_from_one_date_on():
    since = [n for n, day in enumerate(DAYS) if day >= date(2021, 6, 21)]
    found = looks_like(since, 60, DAYS)
    assert found.cause is Cause.SYSTEM
    assert "2021-06-21" in found.reason
    assert "2021-06-21" in found.reason_en
    assert looks_like(since[::2], 60, DAYS).cause is Cause.UNCLEAR
    assert looks_like([0, *since], 60, DAYS).cause is Cause.UNCLEAR
    assert looks_like(since, 60).cause is Cause.UNCLEAR


def test_a_fault_since_the_first_of_the_month_is_no_date_from_which_on():
    assert looks_like(list(range(25)), 60, [FIRST] * 60).cause is Cause.UNCLEAR


@given(
    st.integers(1, 200).flatmap(
        lambda total: st.tuples(st.just(total), st.sets(st.integers(0, total - 1), min_size=1))
    ),
    st.lists(st.none() | st.dates(FIRST, FIRST + timedelta(days=29)), max_size=200),
)
def test_whatever_there_is_has_a_reason_with_its_numbers(case, days):
    total, failing = case
    found = looks_like(failing, total, days)
    assert found.cause in Cause
    assert found.reason
    assert found.reason_en
    if len(failing) <= 2 and found.cause is not Cause.SYSTEM:
        assert found.cause is Cause.TYPING


def test_the_days_of_a_document():
    document = {
        "employees": [{}],
        "leaves": [{"start": "2021-06-03T08:30"}, {"start": 5}, "x", {}],
        "clockings": [{"at": "2021-06-30T08:30"}],
        "overtime": "nothing",
    }
    days = record_days(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert days == {"leaves": [date(2021, 6, 3), None, None, None], "clockings": [date(2021, 6, 30)]}


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{", b"5", b"[" * 100_000])
def test_what_is_no_document_has_no_days(data):
    assert record_days(data) == {}

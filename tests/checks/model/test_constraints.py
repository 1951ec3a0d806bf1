"""Column constraints against Python's own idea of a date and a time."""

import re
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model.constraints import parse_date, parse_local_time

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

#: What Polars' parser alone would take, and near misses.
LOOSE = [
    " 021-06-03T08:30",
    "+021-06-03T08:30",
    "2021-06- 3T08:30",
    "2021-06-03T 8:30",
    "2021-06-03T08:30:60",
    "0000-06-03T08:30",
    "2021-06-03T24:00",
    "2021-02-29T08:30",
    "2021-06-03 08:30",
    "2021-06-03T08:30Z",
    "2021-06-03T08:30\n",
    "２021-06-03T08:30",
    "2021-6-3T8:30",
    "",
]


def _real(pattern, parse, text):
    if not pattern.fullmatch(text):
        return None
    try:
        return parse(text)
    except ValueError:
        return None


@pytest.mark.parametrize("text", LOOSE)
def test_what_only_looks_like_a_time(text):
    frame = pl.DataFrame({"text": [text]}).select(parse_local_time(pl.col("text")))
    assert frame.item() is None


near_times = st.from_regex(r"\A[0-9 +]{3,4}-[0-9 ]{2}-[0-9 ]{2}[T ][0-9 ]{1,2}:[0-9]{2}(:[0-9]{2})?\Z")
real_times = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(near_times, real_times, real_times.map(lambda text: text[:16]), st.text()), max_size=20))
def test_times_are_those_of_python(texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(parse_local_time(pl.col("text")))
    assert frame.to_series().to_list() == [_real(TIME, datetime.fromisoformat, text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.dates().map(str), st.from_regex(r"\A[0-9 +]{3,4}-[0-9 ]{2}-[0-9 ]{2}\Z")), max_size=20))
def test_dates_are_those_of_python(texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(parse_date(pl.col("text")))
    assert frame.to_series().to_list() == [_real(DATE, date.fromisoformat, text) for text in texts]

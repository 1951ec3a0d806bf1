"""Single values of P2K tables."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.channels.p2k.values import (
    has_lost_characters,
    hours_of,
    is_no_date,
    minutes_of,
    moment,
    normal_code,
    roc_date,
    to_roc,
    to_text,
)


@pytest.mark.parametrize(
    ("duration", "hours"),
    [
        (1.4, 12),
        (0.1, 1),
        (0.7, 7),
        (2.0, 16),
        (10.7, 87),
        ("1.4", 12),
        (Decimal("1.40"), 12),
        (3, 24),
        (0.8, None),
        (1.9, None),
        (1.45, None),
        (0.0, None),
        (-1.4, None),
        (None, None),
        ("", None),
        ("一天", None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_days_and_hours(duration: object, hours: int | None) -> None:
    assert hours_of(duration) == hours


@given(st.integers(0, 999), st.integers(0, 7))
def test_days_and_hours_whatever_the_float_is(days: int, hours: int) -> None:
    expected = days * 8 + hours
    assert hours_of(float(f"{days}.{hours}")) == (expected or None)


def test_durations_added_as_hours_not_as_floats() -> None:
    assert sum(filter(None, map(hours_of, [0.4, 0.4]))) == 8
    assert hours_of(0.4 + 0.4) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1100603", date(2021, 6, 3)),
        ("991225", date(2010, 12, 25)),
        ("0991225", date(2010, 12, 25)),
        ("1090229", date(2020, 2, 29)),
        ("1100229", None),
        ("1101301", None),
        ("0", None),
        ("0000000", None),
        ("", None),
        ("10603", None),
        ("11006031", None),
        ("1100 603", None),
        ("-100603", None),
        ("１１００６０３", None),
        ("2021-06-03", None),
    ],
)
def test_roc_dates(text: str, day: date | None) -> None:
    assert roc_date(text) == day


@given(st.dates(date(1922, 1, 1), date(2200, 12, 31)))
def test_roc_dates_there_and_back(day: date) -> None:
    assert roc_date(to_roc(day)) == day
    assert roc_date(to_roc(day).lstrip("0")) == day


@pytest.mark.parametrize(
    ("text", "none"), [("", True), ("0", True), ("0000000", True), ("1100603", False), ("x", False)]
)
def test_no_date_is_not_nonsense(text: str, none: bool) -> None:
    assert is_no_date(text) is none


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("0830", datetime(2021, 6, 30, 8, 30)),
        ("830", datetime(2021, 6, 30, 8, 30)),
        ("0000", datetime(2021, 6, 30)),
        ("2400", datetime(2021, 7, 1)),
        ("2401", None),
        ("0860", None),
        ("30", None),
        ("", None),
        ("08:30", None),
        ("083000", None),
    ],
)
def test_times(time: str, expected: datetime | None) -> None:
    assert moment(date(2021, 6, 30), time) == expected


def test_time_without_a_day() -> None:
    assert moment(None, "0830") is None


def test_2400_at_the_year_s_end() -> None:
    assert moment(date(2021, 12, 31), "2400") == datetime(2022, 1, 1)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [(2.0, 120), (1.5, 90), (1.33, 80), (0.25, 15), (0.0, None), (-1, None), (None, None), ("x", None)],
)
def test_hours_as_minutes(hours: object, minutes: int | None) -> None:
    assert minutes_of(hours) == minutes


@pytest.mark.parametrize(("code", "normal"), [("1", "01"), ("01", "01"), ("10", "10"), ("A1", "A1")])
def test_codes_with_and_without_their_zero(code: str, normal: str) -> None:
    assert normal_code(code) == normal


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("王小明".encode("cp950"), "王小明"),
        (b"\xb3\x5c\xa5\x5c", "許功"),  # the second byte is a backslash
        (b"\xf9\xd6\xf9\xd7", "碁銹"),  # in CP950, not in strict Big5
        (b"\xa3\xe1", "€"),
        (b"\xfa\x40\xfe\xfe", "\ue000\ue310"),  # user-defined characters, as Windows maps them
        (b"\x8e\x40\xa0\xfe", "\ue311\ueeb7"),
        (b"\x81\x40\x8d\xfe", "\ueeb8\uf6b0"),
        (b"\xc8\xfe", "\uf848"),
        (b"\xa4\xfd\xff\xa9\xfa", "王\ufffd明"),
        (b"\xa4", "\ufffd"),
        (b"  \xa4\xfd  ", "王"),
    ],
)
def test_cp950(raw: bytes, text: str) -> None:
    assert to_text(raw, "cp950") == text
    assert to_text(raw.decode("latin-1"), "cp950") == text


@given(st.binary(max_size=40))
def test_cp950_never_fails(raw: bytes) -> None:
    assert isinstance(to_text(raw, "cp950"), str)


def test_text_of_other_kinds() -> None:
    assert to_text(None, "utf-8") == ""
    assert to_text(1100603, "utf-8") == "1100603"
    assert to_text("王小明\u3000 ", "utf-8") == "王小明"
    assert to_text(b"\xff", "utf-8") == "\ufffd"


@pytest.mark.parametrize(
    ("text", "lost"), [("王?明", True), ("王？明", True), ("王\ufffd", True), ("王小明", False), ("\ue000", False)]
)
def test_lost_characters(text: str, lost: bool) -> None:
    assert has_lost_characters(text) is lost

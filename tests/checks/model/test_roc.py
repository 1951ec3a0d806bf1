from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.roc import parse_roc_date, roc_month_text


@pytest.mark.parametrize("text", ["", " ", "0", "000000", "0000000", " 0000000 "])
def test_no_date_is_none(text):
    assert parse_roc_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1100603", date(2021, 6, 3)),
        ("0991225", date(2010, 12, 25)),
        ("991225", date(2010, 12, 25)),  # lost its leading zero
        ("70101", date(1918, 1, 1)),  # lost two
        (" 1050101 ", date(2016, 1, 1)),
        ("1090229", date(2020, 2, 29)),
    ],
)
def test_dates(text, expected):
    assert parse_roc_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0951131",  # in the government's own register: November has 30 days
        "1100229",
        "1101301",
        "1100600",
        "0000101",  # no year 0
        "20210603",  # Gregorian
        "2021-06-03",
        "0603",
        "-991225",
        "110060３",  # a full-width digit
        "民國110",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r"ROC|民國"):
        parse_roc_date(text)


@given(st.dates(min_value=date(1912, 1, 1), max_value=date(2910, 12, 31)), st.booleans())
def test_reads_back_what_was_written(day, zeros_lost):
    text = f"{day.year - 1911:03}{day:%m%d}"
    assert parse_roc_date(text.lstrip("0") if zeros_lost else text) == day


def test_month_text():
    assert roc_month_text("2021-06") == "110年6月"
    assert roc_month_text("2022-12") == "111年12月"
    assert roc_month_text("1912-01") == "1年1月"


@pytest.mark.parametrize("month", ["1911-12", "2021-13", "2021-6", "2021-00", "110-06", "", "2021-06-01"])
def test_month_text_refuses_nonsense(month):
    with pytest.raises(ValueError, match=r"month|ROC"):
        roc_month_text(month)

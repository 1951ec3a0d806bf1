"""Published calendars: what a file may look like, and every fault of one with its line."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.office_days import is_worked
from tests.support.office_calendars import HEADER, calendar_file, calendar_rows, published_file
from warehouse.office_calendar import PublishedDay, read_published
from warehouse.office_text import OfficeFileRefused

ROWS = calendar_rows(2025)


def refused(*rows: str) -> list[str]:
    with pytest.raises(OfficeFileRefused) as caught:
        read_published("\n".join([HEADER, *rows]).encode())
    return caught.value.faults


def changed(number: int, row: str) -> list[str]:
    """The rows of 2025 with that of line `number` of the file replaced."""
    return [*ROWS[: number - 2], row, *ROWS[number - 1 :]]


@given(st.dictionaries(st.dates(date(2024, 1, 1), date(2025, 12, 31)), st.booleans(), max_size=5))
def test_what_is_published_is_read(turned):
    read = read_published(calendar_file(2024, 2025, turned=turned, remark="補班"))
    assert [one.day for one in read] == [date(2024, 1, 1) + timedelta(days=number) for number in range(731)]
    for day, worked, remark in read:
        assert worked == turned.get(day, is_worked(day))
        assert remark == ("補班" if day in turned else None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950"])
def test_columns_are_found_by_name_in_half_and_full_width_and_with_blanks(encoding):
    cells = [row.split(",") for row in ROWS]
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    rows = [f" 補假 ,x,{off.translate(wide)} , {day.translate(wide)}, {letter} " for day, letter, off, _ in cells]
    data = "\r\n".join(["備註,附註,是否放假 , 西元日期,星期", *rows, ",,,,", ""]).encode(encoding)
    read = read_published(data)
    assert len(read) == 365
    assert read[0] == PublishedDay(date(2025, 1, 1), worked=False, remark="補假")


def test_the_remark_may_be_left_out():
    rows = [row.rsplit(",", 1)[0] for row in ROWS]
    assert len(read_published("\n".join(["西元日期,星期,是否放假", *rows]).encode())) == 365


@pytest.mark.parametrize(
    ("number", "row", "found"),
    [
        (3, "20250102,三,0,", "is a Thursday"),
        (3, "20250102,,0,", "is a Thursday"),
        (3, "20250102,四,1,", "must be 0 (worked) or 2 (off)"),
        (3, "20250102,四,,", "must be 0 (worked) or 2 (off)"),
        (60, "20250229,六,2,", "no such day"),
        (3, "99990102,四,0,", "no such day"),
        (3, "二日,四,0,", "no such day"),
        (3, ROWS[0], "is already in line 2"),
        (3, f"20250102,四,0,{'長' * 201}", "at most 200"),
    ],
)
def test_a_fault_is_told_with_its_line(number, row, found):
    faults = refused(*changed(number, row))
    assert any(found in fault and fault.startswith(f"第 {number} 行 line {number}: ") for fault in faults)


def test_every_fault_is_told():
    rows = changed(3, "20250102,三,1,")
    rows[8] = "20250230,日,0,"
    assert [fault.split(":")[0] for fault in refused(*rows)] == [
        "第 3 行 line 3", "第 3 行 line 3", "第 10 行 line 10",
    ]  # fmt: skip


def test_a_gap_is_told_with_the_line_after_it():
    assert refused(*ROWS[:30], *ROWS[33:]) == [
        "第 32 行 line 32: 缺少 lacks 2025-01-31 ~ 2025-02-02（須為整年 whole years only）"
    ]
    assert refused(*ROWS[1:]) == ["第 2 行 line 2: 缺少 lacks 2025-01-01（須為整年 whole years only）"]
    assert refused(*ROWS[:-1]) == ["第 365 行 line 365: 缺少 lacks 2025-12-31（須為整年 whole years only）"]


@pytest.mark.parametrize(
    "data", [b"", HEADER.encode(), b"\xff\xff", "西元日期,星期\n".encode(), f'{HEADER}\n"x'.encode()]
)
def test_what_is_no_calendar_is_refused(data):
    with pytest.raises(OfficeFileRefused):
        read_published(data)


@pytest.mark.parametrize("year", range(110, 116))
def test_the_packaged_calendar_is_the_published_one(year):
    file = f"office-calendar-{year}.csv" if year != 114 else "office-calendar-114-corrected.csv"
    for day, worked, _ in read_published(published_file(file)):
        assert worked == is_worked(day), day


def test_the_editions_of_2025_differ_in_remarks_alone():
    """So said of the files as they lie there: of both the days are the same."""
    superseded, corrected = (
        read_published(published_file(f"office-calendar-114-{edition}.csv")) for edition in ("superseded", "corrected")
    )
    differing = [
        (one.day, one.worked, other.worked) for one, other in zip(superseded, corrected, strict=True) if one != other
    ]
    assert differing == [(date(2025, 9, 29), False, False), (date(2025, 10, 24), False, False)]

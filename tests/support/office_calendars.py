"""Office calendars as they are published, made of the packaged days with some turned; and those really published."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from checks.model.office_days import is_worked

#: The government's files lie beside the repository and are not copied into it.
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "calendar"
HEADER = "西元日期,星期,是否放假,備註"


def calendar_rows(year: int, turned: Mapping[date, bool] | None = None, remark: str = "") -> list[str]:
    """A row a day of the year, worked as packaged but for the days `turned` (day → worked), which have the remark."""
    turned = turned or {}
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    return [
        f"{day:%Y%m%d},{'一二三四五六日'[day.weekday()]},{0 if turned.get(day, is_worked(day)) else 2},"
        f"{remark if day in turned else ''}"
        for day in days
        if day.year == year
    ]


def calendar_file(*years: int, turned: Mapping[date, bool] | None = None, remark: str = "調整") -> bytes:
    """A file of these years."""
    rows = [row for year in years for row in calendar_rows(year, turned, remark)]
    return "\r\n".join([HEADER, *rows, ""]).encode("utf-8-sig")


def published_file(name: str) -> bytes:
    """A file as published; skips the test where it is not at hand."""
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"the published office calendars are not at {PUBLISHED}")
    return path.read_bytes()

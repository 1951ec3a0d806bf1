"""Reading the office calendar (政府行政機關辦公日曆表) as it is published for a year; nothing is kept here.

CSV, UTF-8 or CP950, with the columns 西元日期, 星期, 是否放假 (0 worked, 2 off) and 備註, one row a day of whole years.
Source: data.gov.tw dataset 14718, editions of 2021–2026.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from warehouse.office_text import OfficeFileRefused, TableColumn, TableRow, office_day, office_rows

#: 是否放假 → whether the day is worked.
_WORKED = {"0": True, "2": False}
#: By `date.weekday()`.
_WEEKDAYS = "一二三四五六日"
#: Years that a calendar can be of: the Republic's first, and the last that three digits of its own name.
_FIRST_YEAR, _LAST_YEAR = 1912, 2910
_REMARK_LENGTH = 200
_COLUMNS = {
    "day": TableColumn(("西元日期", "日期")),
    "weekday": TableColumn(("星期",)),
    "off": TableColumn(("是否放假",)),
    "remark": TableColumn(("備註",), required=False, free_text=True),
}
_DAY = timedelta(days=1)


class PublishedDay(NamedTuple):
    """A row of a published calendar: whether the day is worked, and what it is called."""

    day: date
    worked: bool
    remark: str | None


def read_published(data: bytes) -> list[PublishedDay]:
    """The days of a published calendar, in order: each day of one or more whole years, once.

    Raises `OfficeFileRefused` with every fault.
    """
    found: dict[date, PublishedDay] = {}
    lines: dict[date, int] = {}
    faults: list[str] = []
    all_dated = True
    for row in office_rows(data, _COLUMNS):
        day = office_day(row.cells["day"])
        if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            all_dated = False
            faults.append(
                row.fault(f"沒有這一天，寫成 20250101 no such day, write 20250101: {row.cells['day'][:20]!r}")
            )
            continue
        if day in lines:
            faults.append(row.fault(f"{day} 與第 {lines[day]} 行重複 is already in line {lines[day]}"))
            continue
        faults += [row.fault(fault) for fault in _faults(row, day)]
        lines[day] = row.line
        found[day] = PublishedDay(day, _WORKED.get(row.cells["off"], True), row.cells["remark"] or None)
    if all_dated:
        faults += _gaps(lines)
    if faults:
        raise OfficeFileRefused(faults)
    return [found[day] for day in sorted(found)]


def _faults(row: TableRow, day: date) -> list[str]:
    faults = []
    weekday = _WEEKDAYS[day.weekday()]
    if row.cells["weekday"] != weekday:
        faults.append(f"{day} 是星期{weekday} is a {day:%A}: {row.cells['weekday'][:20]!r}")
    if row.cells["off"] not in _WORKED:
        faults.append(f"是否放假應為 0（上班）或 2（放假） must be 0 (worked) or 2 (off): {row.cells['off'][:20]!r}")
    if len(row.cells["remark"]) > _REMARK_LENGTH:
        faults.append(f"備註最多 {_REMARK_LENGTH} 字 a remark has at most {_REMARK_LENGTH} characters")
    return faults


def _gaps(lines: Mapping[date, int]) -> list[str]:
    """The days that lack to whole years, each run with the line of the day that follows, or of the last."""
    if not lines:
        return ["檔案沒有任何日期 the file has no day"]
    days = sorted(lines)
    faults = []
    for year in sorted({day.year for day in days}):
        expected = date(year, 1, 1)
        for day in [*(day for day in days if day.year == year), date(year + 1, 1, 1)]:
            if day > expected:
                line = lines.get(day) or max(line for day, line in lines.items() if day.year == year)
                lacking = f"{expected}" if day - _DAY == expected else f"{expected} ~ {day - _DAY}"
                faults.append(f"第 {line} 行 line {line}: 缺少 lacks {lacking}（須為整年 whole years only）")
            expected = day + _DAY
    return faults

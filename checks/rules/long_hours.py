"""Rules on how much overtime a person works: W203 in a day, W204 in the month."""

import polars as pl

from checks.calendar import OfficeCalendar
from checks.catalogue import Period, RecordRule
from checks.findings import Severity
from checks.overtime_limits import OvertimeLimits

#: Source: rules W203 and W204, "months from 2022-07"; the limits themselves are dated rows of `OvertimeLimits`.
_LIFE = (Period(Severity.WARNING, first="2022-07"),)


def _hours(minutes: pl.Expr) -> pl.Expr:
    """Minutes as hours, in as few digits as say it: `13.5`."""
    return (minutes / 60).round(2).cast(pl.String).str.strip_suffix(".0")


def _at_most(limit: str) -> pl.Expr:
    return pl.format("≤ {} 小時", _hours(pl.col(limit)))


W203 = RecordRule(
    id="W203",
    life=_LIFE,
    title="單日辦公與加班時數超過上限",
    title_en="normal hours and overtime above 12 hours in a day",
    message="{value}（含辦公時數），超過每日上限（{expected}），請更正；屬實者請說明。",
    message_en="{value}, office hours included, is above the day's limit ({expected}); correct it, or explain.",
    why="公務員每日辦公與加班時數合計有上限（2022-06-22 起）。The law limits office hours and overtime in a day.",
    note=(
        "辦公時數：上班日 8 小時（扣除停止上班時數），非上班日 0；不扣請假。跨夜加班全數計入起日。"
        "於當日累計（依起時）超過上限的那一筆列出，檢出值為當日合計。"
        "搶救災害等專案（2023-01-01 起每日 14 小時）由資料無從分辨，屬實者請說明。"
        "Office hours are 8 on a working day less what was closed and 0 on any other; leaves are not subtracted. "
        "A duty across midnight counts wholly on its first day. The record by which the day's running sum (by start) "
        "passes the limit is named, with the day's whole sum. Disasters and special duty (14 hours a day from "
        "2023-01-01) cannot be told from the data: explain."
    ),
    datasets=("overtime",),
    field="minutes",
    fails=(pl.col("day_so_far") > pl.col("day_limit"))
    & (pl.col("day_so_far") - pl.col("minutes") <= pl.col("day_limit")),
    value=pl.format("{} {} 小時", pl.col("first_day").dt.to_string("%Y-%m-%d"), _hours(pl.col("day_total"))),
    expected=_at_most("day_limit"),
    unless=("R104",),
    of_records_let_in=True,
)

W204 = RecordRule(
    id="W204",
    life=_LIFE,
    title="當月加班時數超過上限",
    title_en="overtime above 60 hours in the month",
    message="當月加班合計 {value}，超過上限（{expected}），請更正；屬實者請說明。",
    message_en="{value} of overtime in the month is above the limit ({expected}); correct it, or explain.",
    why="公務員每月加班時數有上限（2022-06-22 起）。The law limits overtime in a month.",
    note=(
        "只計起日在當月的加班。於累計（依起時）超過上限的那一筆列出，檢出值為當月合計。"
        "搶救災害等專案（2023-01-01 起每月 80 小時）由資料無從分辨，屬實者請說明。"
        "Overtime counts in the month of its first day. The record by which the running sum (by start) passes the "
        "limit is named, with the month's whole sum. Disasters and special duty (80 hours a month from "
        "2023-01-01) cannot be told from the data: explain."
    ),
    datasets=("overtime",),
    field="minutes",
    fails=(pl.col("month_so_far") > pl.col("month_limit"))
    & (pl.col("month_so_far") - pl.col("minutes") <= pl.col("month_limit")),
    value=pl.format("{} 小時", _hours(pl.col("month_total"))),
    expected=_at_most("month_limit"),
    unless=("R104",),
    of_records_let_in=True,
)

RULES = (W203, W204)


def with_overtime_sums(overtime: pl.DataFrame, calendar: OfficeCalendar, limits: OvertimeLimits) -> pl.DataFrame:
    """Adds the running and whole sums in minutes of each person's day and month, and the limits on them.

    `day_so_far` and `day_total` (office hours included), `month_so_far`, `month_total`, `day_limit`, `month_limit`,
    `first_day`; null for overtime that is refused or began before the month.
    """
    overtime = overtime.with_row_index("row").with_columns(first_day=pl.col("start_at").dt.date())
    counted = overtime.filter(~pl.col("refused") & (pl.col("first_day") >= pl.col("month_first")))
    counted = counted.sort("person", "start_at", "index")
    office = calendar.office_hours(counted["first_day"], counted["document"]) * 60
    day, minutes = ["person", "first_day"], pl.col("minutes").cast(pl.Float64)
    sums = counted.select(
        "row",
        day_so_far=office + minutes.cum_sum().over(day),
        day_total=office + minutes.sum().over(day),
        month_so_far=minutes.cum_sum().over("person"),
        month_total=minutes.sum().over("person"),
        day_limit=limits.in_month(pl.col("month_first"), "hours_a_day"),
        month_limit=limits.in_month(pl.col("month_first"), "hours_a_month"),
    )
    return overtime.join(sums, on="row", how="left", maintain_order="left").drop("row")

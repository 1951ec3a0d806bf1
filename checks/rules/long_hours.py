"""Rules on how much overtime a person works: W203 in a day, W204 in the month, W212 beyond the wider limits."""

import numpy as np
import polars as pl
import polars.selectors as cs

from checks.catalogue import Period, RecordRule, Text
from checks.findings import Severity, in_digits
from checks.limit_rows import holding
from checks.overtime_limits import SPECIAL, WHOM, OvertimeLimits
from checks.rostered_duties import DAYS, Flags
from checks.row_groups import RowGroups
from checks.rules.leave_days import LeaveDays
from checks.working_time import WorkingTime

#: The limits themselves are dated rows of `OvertimeLimits`; before the first of them nothing is judged.
_LIFE = (Period(Severity.WARNING, first="2021-01"),)
_WHOM = Text(
    "公務人員、約聘僱人員（自 111 年 7 月）及適用勞動基準法人員；教師及其他人員無已知上限，不評估",
    "civil servants and contract staff (from 2022-07) and labour staff; no limit is known for teachers and others, "
    "who are not evaluated",
)
_NO_LIMIT = Text("該類人員加班上限不明或尚未啟用", "no limit is known for such staff, or it is not switched on")


def _hours(minutes: pl.Expr) -> pl.Expr:
    return in_digits(minutes / 60)


W203 = RecordRule(
    id="W203",
    life=_LIFE,
    whom=_WHOM,
    title="單日工作與加班時數超過上限",
    title_en="hours worked and overtime above the day's limit",
    message="當日工作與加班合計 {value} 小時，超過每日上限 {expected} 小時，請更正；屬實者請說明。",
    message_en="{value} hours worked and overtime in the day, the limit is {expected} hours; correct it, or explain.",
    why="每日工作連同加班之時數，法律定有上限。The law limits what is worked and overtime in a day.",
    note=(
        "工作時數為該員當日應上班時數扣除請假；勤務型態不明者只計加班。跨夜加班全數計入起日。"
        "於當日累計（依起時）超過上限的那一筆列出，檢出值為當日合計。"
        "Hours worked are those that the person works that day less leave; where they are not known only overtime "
        "counts. A duty across midnight counts wholly on its first day. The record by which the day's running sum (by "
        "start) passes the limit is named, with the day's whole sum."
    ),
    datasets=("overtime",),
    field="minutes",
    fails=pl.col("passes_day"),
    value=_hours(pl.col("day_total")),
    expected=_hours(pl.col("day_limit")),
    unless=("R104",),
    of_records_let_in=True,
    unknown=((_NO_LIMIT, pl.col("day_so_far").is_not_null() & pl.col("day_limit").is_null()),),
)

W204 = RecordRule(
    id="W204",
    life=_LIFE,
    whom=_WHOM,
    title="當月加班時數超過上限",
    title_en="overtime above the month's limit",
    message="當月加班合計 {value} 小時，超過每月上限 {expected} 小時，請更正；屬實者請說明。",
    message_en="{value} hours of overtime in the month, the limit is {expected} hours; correct it, or explain.",
    why="每月加班時數，法律定有上限。The law limits overtime in a month.",
    note=(
        "只計起日在當月的加班。一般加班依一般上限；當月有專案加班者，合計依專案上限。"
        "於累計（依起時）超過上限的那一筆列出，檢出值為當月合計。"
        "Overtime counts in the month of its first day: ordinary overtime by the ordinary limit, and where some is "
        "special all of it by that limit. The record by which the running sum (by start) passes the limit is named, "
        "with the month's whole sum."
    ),
    datasets=("overtime",),
    field="minutes",
    fails=pl.col("passes_month") | pl.col("passes_ordinary"),
    value=_hours(pl.when("passes_month").then("month_total").otherwise("ordinary_total")),
    expected=_hours(pl.when("passes_month").then("month_limit").otherwise("ordinary_limit")),
    unless=("R104",),
    of_records_let_in=True,
    unknown=((_NO_LIMIT, pl.col("month_so_far").is_not_null() & pl.col("month_limit").is_null()),),
)

W212 = RecordRule(
    id="W212",
    life=(Period(Severity.WARNING, first="2023-01"),),
    whom=Text(
        "公務人員、約聘僱人員；連續三個月並及適用勞動基準法人員",
        "civil servants and contract staff; of three months also labour staff",
    ),
    title="加班時數超過放寬後上限，應報主管機關備查",
    title_en="overtime above the wider limit, to be filed with the authority for reference",
    message="加班 {value} 小時，超過放寬後上限 {expected} 小時，請報主管機關備查並說明。",
    message_en="{value} hours of overtime, above the wider limit of {expected} hours: file it with the authority, "
    "and explain.",
    why="超過放寬後上限者須報備查。What goes beyond the wider limit is to be filed for reference.",
    note=(
        "每日含工作時數，每月計加班。連續三個月（本月及前二個月）之上限於入檔後跨月、跨機關計算，"
        "每人每月一項，列於超過（或已超過後）的第一筆。A day includes the hours worked, a month is overtime alone. "
        "The limit of three months (this and the two before) is computed after entry over all agencies: one finding a "
        "person and month, on the record by which it is exceeded, or the first after it was."
    ),
    datasets=("overtime",),
    field="minutes",
    fails=pl.col("passes_wide_day") | pl.col("passes_wide_month"),
    value=_hours(pl.when("passes_wide_day").then("day_total").otherwise("month_total")),
    expected=_hours(pl.when("passes_wide_day").then("wide_day_limit").otherwise("wide_month_limit")),
    unless=("R104",),
    of_records_let_in=True,
    unknown=(
        (
            _NO_LIMIT,
            pl.col("month_so_far").is_not_null()
            & pl.col("wide_month_limit").is_null()
            & (pl.col("employment_type") != "labour"),
        ),
    ),
)

RULES = (W203, W204, W212)


def with_overtime_sums(
    overtime: pl.DataFrame, work: WorkingTime, on_leave: LeaveDays, limits: OvertimeLimits
) -> pl.DataFrame:
    """Adds the sums in minutes of each person's day and month, the limits on them, and which record passes one.

    `day_so_far` and `day_total` (hours worked included), `month_so_far`, `month_total`, `ordinary_total`, the limits,
    the `employment_type` that they go by, and `passes_…` for each; null for overtime that is refused or began before
    the month.
    """
    overtime = overtime.with_row_index("row")
    counted = overtime.filter(~pl.col("refused") & (pl.col("first_day") >= pl.col("month_first")))
    counted = counted.sort("person", "start_at", "index")
    person, day = counted["person"], counted["first_day"]
    counted = counted.with_columns(
        worked=_worked(counted, work, on_leave),
        employment_type=work.of_staff("employment_type", person, day),
        pattern=work.of_staff("pattern", person, day),
        special=(pl.col("category") == SPECIAL).fill_null(value=False),
        minutes=pl.col("minutes").cast(pl.Float64),
    )
    of_person = RowGroups(person.to_numpy())
    of_day = RowGroups(person.to_numpy(), day.to_numpy())
    minutes, special, worked = (counted[name].to_numpy() for name in ("minutes", "special", "worked"))
    ordinary = np.where(special, 0.0, minutes)
    sums = counted.with_columns(
        day_so_far=worked + of_day.running(minutes),
        day_total=worked + of_day.total(minutes),
        month_so_far=of_person.running(minutes),
        month_total=of_person.total(minutes),
        ordinary_so_far=of_person.running(ordinary),
        ordinary_total=of_person.total(ordinary),
        special_day=of_day.any(special),
        special_month=of_person.any(special),
    )
    sums = _with_limits(sums, limits)
    above = {limit: _above(sums, so_far, limit) for so_far, limit in _LIMITED}
    sums = sums.with_columns(
        passes_day=of_day.first(above["day_limit"]),
        passes_month=of_person.first(above["month_limit"]),
        passes_ordinary=of_person.first(above["ordinary_limit"] & ~special),
        passes_wide_day=of_day.first(above["wide_day_limit"]),
        passes_wide_month=of_person.first(above["wide_month_limit"]),
    )
    added = sums.select("row", "employment_type", *_SUMS, cs.ends_with("_limit"), cs.starts_with("passes_"))
    return overtime.join(added, on="row", how="left", maintain_order="left").drop("row")


_SUMS = ("day_so_far", "day_total", "month_so_far", "month_total", "ordinary_total")
#: Running sums, and the limits on them.
_LIMITED = (
    ("day_so_far", "day_limit"),
    ("month_so_far", "month_limit"),
    ("ordinary_so_far", "ordinary_limit"),
    ("day_so_far", "wide_day_limit"),
    ("month_so_far", "wide_month_limit"),
)


def _above(sums: pl.DataFrame, so_far: str, limit: str) -> Flags:
    """Records by which, or after which, a running sum is above its limit; a group's first, be it after long hours."""
    above: Flags = (sums[so_far] > sums[limit]).fill_null(value=False).to_numpy()
    return above


def _with_limits(sums: pl.DataFrame, limits: OvertimeLimits) -> pl.DataFrame:
    """The limits in minutes; null where none is known, or its row is off.  Looked up once for each sort of person."""
    sorts = ["month_first", "employment_type", "agency_kind", "pattern", "special_day", "special_month"]
    known = sums.select(sorts).unique()
    for name, column, special in (
        ("day_limit", "hours_a_day", pl.col("special_day")),
        ("month_limit", "hours_a_month", pl.col("special_month")),
        ("ordinary_limit", "hours_a_month", pl.lit(value=False)),
        ("wide_day_limit", "hours_a_day", pl.lit(value=True)),
        ("wide_month_limit", "hours_a_month", pl.lit(value=True)),
    ):
        asked = pl.when(special).then(pl.lit(SPECIAL)).otherwise(pl.lit("ordinary"))
        limit = holding(limits.rows, column, WHOM, pl.col("month_first")) * 60
        known = known.with_columns(category=asked).with_columns(limit.alias(name))
    has_wide = pl.col("wide_month_limit").is_not_null() & pl.col("employment_type").is_in(["civil_servant", "contract"])
    wide = (pl.when(has_wide).then(name).alias(name) for name in ("wide_day_limit", "wide_month_limit"))
    known = known.drop("category").with_columns(wide)
    return sums.join(known, on=sorts, how="left", nulls_equal=True, maintain_order="left")


def _worked(overtime: pl.DataFrame, work: WorkingTime, on_leave: LeaveDays) -> pl.Series:
    """Minutes that the person works on the overtime's first day, less leave; 0 where that is not known."""
    offset = (overtime["first_day"] - overtime["month_first"]).dt.total_days().clip(0, DAYS - 1).to_numpy()
    who = overtime["person"].to_numpy()
    hours = work.hours[who, offset] - on_leave.hours[who, offset]
    return pl.Series(hours).fill_nan(0.0) * 60

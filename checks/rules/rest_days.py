"""Rules on what a leave holds of the days that the person works: W201 none, W210 fewer hours than it claims."""

import polars as pl

from checks.catalogue import RecordRule, Text, always
from checks.closures import WHOLE_DAY
from checks.findings import Severity, in_digits
from checks.working_time import WorkingTime

#: Types that are taken on days off as well: official trips, leave and errands, extended sick leave.
#: Source: rules.md, W201.
_ON_ANY_DAY = ("05", "06", "07", "26")
#: Types of which days off count for staff under the Labour Standards Act: calendar days by law.
#: Source: people.md, "Leave quotas".
_EVERY_DAY_OF_LABOUR = ("09", "13")
_KNOWN = Text(
    "上班日已知者：依辦公日上班，或檔案有其輪班表",
    "people whose working days are known: office hours, or a roster in the file",
)
NOT_KNOWN = Text("勤務型態或輪班表不明", "the work pattern or the roster is not known")
#: A fifth of the weekly hours is no binary fraction.
_ROUNDING = 1e-6
_INTERVAL = pl.format("{}～{}", "start", "end")

W201 = RecordRule(
    id="W201",
    life=always(Severity.WARNING),
    whom=_KNOWN,
    title="請假全在非上班日",
    title_en="leave that lies wholly on days on which the person does not work",
    message="請假 {value} 所跨各日都不是該員的上班日，請確認日期；無誤者請說明。",
    message_en="None of the days of the leave {value} is a working day of the person; check the dates, or explain.",
    why="非上班日無須請假，多半是日期誤植。Nobody needs leave on a day off: mostly a date mistyped.",
    note="公差、公假、公出、延長病假（05、06、07、26）除外。Types 05, 06, 07 and 26 aside, which days off hold as "
    "well.",
    datasets=("leaves",),
    field="start",
    # From midnight on a leave may touch the second half of a duty that is the day's before.
    fails=(pl.col("working_hours") <= 0) & ~pl.col("on_any_day") & ~(pl.col("rostered") > 0).fill_null(value=False),
    value=_INTERVAL,
    expected=pl.lit("至少一個上班日 at least one working day"),
    unless=("R104", "R114"),
    of_records_let_in=True,
    unknown=((NOT_KNOWN, pl.col("working_hours").is_null() & ~pl.col("on_any_day")),),
)

W210 = RecordRule(
    id="W210",
    life=always(Severity.WARNING),
    whom=_KNOWN,
    title="請假時數超過應上班時數",
    title_en="a leave of more hours than the person works in its days",
    message="申報 {value} 小時，超過請假期間應上班之 {expected} 小時，請更正時數或起迄時間；屬實者請說明。",
    message_en="{value} hours claimed, the person works {expected} hours in the days of the leave; correct it, or "
    "explain.",
    why="請假扣的是應上班的時數。Leave is taken from the hours that one would have worked.",
    note=(
        "部分工時人員依其每週工時；公差、公假、公出、延長病假（05、06、07、26）及勞工之娩假、流產假（09、13）每一日曆天"
        "以 8 小時計，輪班時數較多者依輪班表；全在非上班日者見 W201。Part-time staff by their weekly hours. Types 05, "
        "06, 07 and 26, and 09 and 13 of labour staff, hold 8 hours a calendar day, or the rostered hours where those "
        "are more. Leaves on no working day are W201's."
    ),
    datasets=("leaves",),
    field="hours",
    fails=pl.col("hours") > pl.col("held_hours") + _ROUNDING,
    value=in_digits(pl.col("hours")),
    expected=in_digits(pl.col("held_hours")),
    unless=("R104", "R114", "W201"),
    of_records_let_in=True,
    unknown=((NOT_KNOWN, pl.col("held_hours").is_null()),),
)

RULES = (W201, W210)


def with_working_hours(leaves: pl.DataFrame, work: WorkingTime) -> pl.DataFrame:
    """Adds `working_hours` of the days that a leave touches, `on_any_day`, and `held_hours`, what it can hold.

    `every_day` becomes true of leaves of labour staff, too, of which by law days off count.
    """
    labour = work.persons["labour"].gather(leaves["person"])
    leaves = leaves.with_columns(
        working_hours=work.hours_over(leaves["person"], leaves["first_day"], leaves["last_day"]),
        rostered=work.rostered_touched(leaves["person"], leaves["start_at"], leaves["end_at"]),
        on_any_day=pl.col("leave_type").is_in(_ON_ANY_DAY),
        every_day=pl.col("every_day") | (labour & pl.col("leave_type").is_in(_EVERY_DAY_OF_LABOUR)),
    )
    days = ((pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1).cast(pl.Float64) * WHOLE_DAY
    # A night's leave touches the day after, but not its duty; one by the office's clock times may touch none at all.
    touched = pl.when((pl.col("rostered") > 0) & pl.col("working_hours").is_not_null()).then("rostered")
    leaves = leaves.with_columns(held=pl.coalesce(touched, "working_hours"))
    return leaves.with_columns(
        # A duty of 24 hours is no less when it is an official trip that takes it; of duties not known nothing is said.
        held_hours=pl.when((pl.col("on_any_day") | pl.col("every_day")) & pl.col("working_hours").is_not_null())
        .then(pl.max_horizontal(days, "held"))
        .otherwise("held")
    )

"""Rules on days that are not worked: W201."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity

W201 = RecordRule(
    id="W201",
    life=always(Severity.WARNING),
    title="請假全在非上班日",
    title_en="leave that lies wholly on non-working days",
    message="請假 {value} 所跨各日都不是上班日，請確認日期；無誤者請說明。",
    message_en="None of the days of the leave {value} is a working day; check the dates, or explain.",
    why="非上班日無須請假，多半是日期誤植。Nobody needs leave on a day off: mostly a date mistyped.",
    note=(
        "計日曆天的假別（05 公差、26 延長病假）不在此限。整日停止上班者不是上班日。"
        "Types that count every day (05, 26) are left out, as such days are ordinary for them. "
        "A day closed for 8 hours is no working day."
    ),
    datasets=("leaves",),
    field="start",
    fails=(pl.col("working") <= 0) & ~pl.col("every_day"),
    value=pl.format("{}～{}", "start", "end"),
    expected=pl.lit("至少一個上班日 at least one working day"),
    unless=("R104",),
    of_records_let_in=True,
)

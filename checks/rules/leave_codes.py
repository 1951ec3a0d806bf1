"""Rules on leave types: R107, R108."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity, shown
from checks.leave_types import LeaveTypes


def rules(leave_types: LeaveTypes) -> tuple[RecordRule, ...]:
    """The rules over the given table of leave types."""
    return (
        RecordRule(
            id="R107",
            life=always(Severity.ERROR),
            title="假別代碼不存在",
            title_en="unknown leave type",
            message="沒有假別代碼 {value}，請改用假別代碼表的代碼（兩位數字）。",
            message_en="There is no leave type {value}; use a code of the table (two digits).",
            why="代碼對照屬於來源系統，不猜測。The map of codes belongs to the source; nothing is guessed.",
            datasets=("leaves",),
            field="leave_type",
            fails=~pl.col("type_known"),
            value=shown(pl.col("leave_type")),
            expected=pl.lit("假別代碼表 01–99"),
        ),
        RecordRule(
            id="R108",
            life=always(Severity.ERROR),
            title="假別於請假起日未施行",
            title_en="leave type not in force at start",
            message="假別 {value} 於請假起日尚未施行或已停用，請更正假別或日期。",
            message_en="Leave type {value} is not in force on the day the leave starts; correct the type or the date.",
            why="假別有施行日期。Leave types come into force on a day.",
            datasets=("leaves",),
            field="leave_type",
            fails=~leave_types.in_force(pl.col("leave_type"), pl.col("first_day")),
            value=pl.col("leave_type"),
            expected=pl.lit("起日施行中的假別 in force at start"),
        ),
    )

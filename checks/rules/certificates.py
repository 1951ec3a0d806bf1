"""Rules on certificates (證明文件): W208.  A finding says that one is missing, never what it would be of."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity
from checks.leave_types import LeaveTypes
from checks.rules.intervals import HOURS_A_DAY


def certificate_missing(leave_types: LeaveTypes) -> RecordRule:
    """W208 over the given table of leave types, which says which need one, and from how many days on."""
    from_days = leave_types.certificate_from_days(pl.col("leave_type"), pl.col("first_day"))
    return RecordRule(
        id="W208",
        life=always(Severity.WARNING),
        title="未附證明",
        title_en="certificate missing",
        message="請假 {value} 應附證明而未註記已附，請補註記（certificate）或說明。",
        message_en="The leave {value} needs a certificate and none is noted; note it (certificate), or explain.",
        why="娩假、流產假、陪產假、捐贈假及 2 日以上病假須有證明。These leaves are granted on a certificate.",
        note=(
            "病假 2 日以上指請假時數 16 小時以上。Sick leave of two working days or more is one of 16 hours or more."
        ),
        datasets=("leaves",),
        field="certificate",
        fails=~pl.col("certificate") & (pl.col("hours") >= from_days * HOURS_A_DAY),
        value=pl.format("{} {}～{}", "leave_type", "start", "end"),
        expected=pl.lit("certificate: true"),
        unless=("R104", "R107"),
        of_records_let_in=True,
    )

"""Rules on who a record is about: R101, R102, R114."""

from datetime import timedelta

import polars as pl

from checks.catalogue import Period, RecordRule, always
from checks.findings import Severity, masked_person_id

EVERY_DATASET = ("employees", "shifts", "leaves", "overtime", "clockings")

R101 = RecordRule(
    id="R101",
    life=always(Severity.ERROR),
    title="身分證號或居留證號不正確",
    title_en="person_id fails its checksum or form",
    message="證號 {value} 不符編碼規則或檢查碼錯誤，請核對後更正。",
    message_en="The ID {value} fails its form or checksum; check it and correct it.",
    why="證號錯一碼，就是另一個人的出勤。One wrong digit is another person's attendance.",
    datasets=EVERY_DATASET,
    field="person_id",
    fails=~pl.col("id_ok"),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("身分證統一編號或居留證號 national ID"),
)

R102 = RecordRule(
    id="R102",
    life=always(Severity.ERROR),
    title="人員不在員工名冊",
    title_en="person is not among the submission's employees",
    message="{value} 不在本檔 employees 名冊中，請補列該員或更正證號。",
    message_en="{value} is not among this file's employees; list the person or correct the ID.",
    why="名冊是人數報送率的依據。The list of employees is what the headcount ratio rests on.",
    note="名冊該列本身被退件者仍算在名冊中。Whose own row in the list is refused is on the list all the same.",
    datasets=("shifts", "leaves", "overtime", "clockings"),
    field="person_id",
    fails=~pl.col("listed"),
    value=masked_person_id(pl.col("person_id")),
    expected=pl.lit("employees[].person_id"),
    unless=("R101",),
)


def _outside_employment(datasets: tuple[str, ...], field: str) -> RecordRule:
    """R114 has one text, and a field for records with a start and one for clockings."""
    return RecordRule(
        id="R114",
        life=(Period(Severity.WARNING, last="2026-12"), Period(Severity.ERROR, first="2027-01")),
        title="紀錄不在該員在職期間內",
        title_en="a record lies wholly outside the person's days at the agency",
        message="{value} 該員不在職（在職期間 {expected}），請更正到離職日（from、to）或刪除該筆。",
        message_en="On {value} the person is not at the agency (days at the agency {expected}); correct from and "
        "to, or remove the record.",
        why="離職後的紀錄屬於新機關，或到離職日有誤。What comes after the last day belongs elsewhere, or a date is "
        "wrong.",
        note=(
            "資料年月 115 年 12 月以前為警示，116 年 1 月起該筆不入檔。夜班至翌日上午：離職日翌日中午以前之刷卡與加班、"
            "到職日前 4 小時內之刷卡不列。A warning for months to 2026-12, an error from 2027-01 on. A night's duty "
            "ends on the morning after: clockings and overtime until noon of the day after the last, and clockings in "
            "the four hours before the first day, are none."
        ),
        datasets=datasets,
        field=field,
        fails=pl.col("outside_employment"),
        value=pl.col("days_of_record"),
        expected=pl.col("days_at_agency"),
        unless=("R104", "R105"),
    )


R114 = (_outside_employment(("shifts", "leaves", "overtime"), "start"), _outside_employment(("clockings",), "at"))
RULES = (R101, R102)


#: How long after the day on which a duty began somebody may clock out of it and stay on, and before it clock in.
_AFTER_A_DUTY, _BEFORE_A_DUTY = timedelta(hours=12), timedelta(hours=4)


def with_employment(records: pl.DataFrame, employees: pl.DataFrame) -> pl.DataFrame:
    """Adds `outside_employment`: the record's days lie in none of the person's rows of employees that were let in.

    Also `days_at_agency` (those rows' days) and `days_of_record`, as text, where it is so.  Of whom no row was let in
    nothing is said.  A night's duty ends on the morning after: clockings and overtime are compared with what they may
    follow (`_AFTER_A_DUTY`) and clockings with what they may precede.
    """
    rows = employees.filter(~pl.col("refused")).select("person", "from_day", "to_day")
    bounded = rows.filter(pl.col("from_day").is_not_null() | pl.col("to_day").is_not_null())["person"].unique()
    some = records.with_row_index("row").filter(pl.col("person").is_in(bounded.implode()))
    first, last = ("clocked_at",) * 2 if "clocked_at" in records.columns else ("first_day", "last_day")
    since, until = pl.col(first), pl.col(last)
    if "clocked_at" in records.columns:
        since, until = pl.col("clocked_at") - _AFTER_A_DUTY, pl.col("clocked_at") + _BEFORE_A_DUTY
    elif "minutes" in records.columns:
        since = pl.col("start_at") - _AFTER_A_DUTY
    some = some.select(
        "row",
        "person",
        first=pl.col(first).cast(pl.Date),
        last=pl.col(last).cast(pl.Date),
        since=since.cast(pl.Date),
        until=until.cast(pl.Date),
    )
    after_first = (pl.col("until") >= pl.col("from_day")).fill_null(value=True)
    before_last = (pl.col("since") <= pl.col("to_day")).fill_null(value=True)
    outside = (
        some.join(rows.sort("person", "from_day", nulls_last=False), on="person", maintain_order="left_right")
        .group_by("row", "first", "last", maintain_order=True)
        .agg(inside=(after_first & before_last).any(), days_at_agency=_days("from_day", "to_day").str.join("、"))
        .filter(~pl.col("inside"))
    )
    if outside.is_empty():
        return records.with_columns(
            days_at_agency=pl.lit(None, dtype=pl.String),
            days_of_record=pl.lit(None, dtype=pl.String),
            outside_employment=pl.lit(value=False),
        )
    said = outside.select(
        "row", "days_at_agency", days_of_record=_days("first", "last"), outside_employment=pl.lit(value=True)
    )
    return records.with_row_index("row").join(said, on="row", how="left", maintain_order="left").drop("row")


def _days(first: str, last: str) -> pl.Expr:
    """Days from one to another as text; a day alone once, an open end as such."""
    begins, ends = pl.col(first).cast(pl.String), pl.col(last).cast(pl.String)
    return (
        pl.when(pl.col(first) == pl.col(last))
        .then(begins)
        .when(pl.col(first).is_null())
        .then(pl.format("至 {}", ends))
        .when(pl.col(last).is_null())
        .then(pl.format("{} 起", begins))
        .otherwise(pl.format("{}～{}", begins, ends))
    )

"""Rules on records that overlap: R109, R110, and how overlaps among a person's records are found."""

from collections.abc import Iterator

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity

R109 = RecordRule(
    id="R109",
    life=always(Severity.ERROR),
    title="請假時段重疊",
    title_en="leave overlaps another leave of the same person",
    message="{value} 與同一人另一筆請假重疊，請更正起迄時間或刪除其一。",
    message_en="{value} overlaps another leave of the same person; correct the interval or remove one.",
    why="同一時間只能請一種假；較晚開始的一筆不入檔。Nobody is on two leaves at once; the later start is refused.",
    datasets=("leaves",),
    field="start",
    fails=pl.col("overlaps_leave"),
    value=pl.format("{}～{}", "start", "end"),
    expected=pl.lit("不重疊 no overlap"),
    unless=("R104",),
)

R110 = RecordRule(
    id="R110",
    life=always(Severity.ERROR),
    title="加班與請假重疊",
    title_en="overtime overlaps a leave of the same person",
    message="加班 {value} 與同一人的請假重疊，請更正加班或請假的時間。",
    message_en="Overtime {value} overlaps a leave of the same person; correct the overtime or the leave.",
    why="請假中不能加班；公差、公假、公出除外。Nobody works overtime on leave; 05, 06 and 07 are official business.",
    datasets=("overtime",),
    field="start",
    fails=pl.col("overlaps_leave"),
    value=pl.format("{}～{}", "start", "end"),
    expected=pl.lit("不重疊 no overlap"),
    unless=("R104",),
)


def with_leave_overlaps(leaves: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlaps_leave`: the leave begins before an accepted earlier one of the same person ends.

    `refused` (what the other rules said) counts: a refused leave makes no other fail.  Earlier is by start, then by
    index.  Only persons with some overlap are walked through one leave after another, since whether a leave is
    accepted hangs on those before it.
    """
    valid = leaves.with_row_index("row").filter(pl.col("end_at") > pl.col("start_at"))
    ordered = valid.select("row", "person", "start_at", "end_at", "refused").sort("person", "start_at", "row")
    # Where any two of a person's intervals overlap, two that follow each other do.
    same_person = pl.col("person") == pl.col("person").shift()
    suspects = ordered.filter(same_person & (pl.col("start_at") < pl.col("end_at").shift()))["person"].unique()
    walked = ordered.filter(pl.col("person").is_in(suspects.implode()))
    found = walked["row"].filter(pl.Series(list(_overlapping(walked.drop("row"))), dtype=pl.Boolean))
    return leaves.with_columns(overlaps_leave=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(found.implode()))


def _overlapping(ordered: pl.DataFrame) -> Iterator[bool]:
    person, busy_until = None, None
    for who, start, end, refused in ordered.iter_rows():
        if who != person:
            person, busy_until = who, None
        overlaps = busy_until is not None and start < busy_until
        if not overlaps and not refused:
            busy_until = end
        yield overlaps


def with_overtime_overlaps(overtime: pl.DataFrame, leaves: pl.DataFrame) -> pl.DataFrame:
    """Adds `overlaps_leave`: the overtime shares time with an accepted leave that is not official business.

    Accepted leaves of a person do not overlap, so the last one that begins before the overtime ends is the only
    one to compare with.
    """
    accepted = leaves.filter(~pl.col("refused") & ~pl.col("official"))
    busy = accepted.select("person", leave_start="start_at", leave_end="end_at").sort("leave_start")
    rows = overtime.select("person", "start_at", before=pl.col("end_at") - pl.duration(milliseconds=1))
    matched = (
        rows.with_row_index("row")
        .filter(pl.col("before").is_not_null())
        .sort("before")
        .join_asof(
            busy, left_on="before", right_on="leave_start", by="person", strategy="backward", check_sortedness=False
        )
        .filter(pl.col("leave_end") > pl.col("start_at"))
    )
    return overtime.with_columns(overlaps_leave=pl.int_range(pl.len(), dtype=pl.UInt32).is_in(matched["row"].implode()))

"""Rules on when a record is and how much it claims: R104, R105, R106."""

import polars as pl

from checks.catalogue import RecordRule, always
from checks.findings import Severity

#: Source: format 1.0, "A working day is 8 hours".
HOURS_A_DAY = 8

_MONTH = pl.col("month_first").dt.strftime("%Y-%m")
_MONTH_BEGINS = pl.col("month_first").cast(pl.Datetime("ms"))
_MONTH_ENDS = pl.col("month_next").cast(pl.Datetime("ms"))

R104 = RecordRule(
    id="R104",
    life=always(Severity.ERROR),
    title="迄時不在起時之後",
    title_en="end is not after start",
    message="迄時 {value} 應晚於起時（{expected}），請更正起迄時間。",
    message_en="The end {value} must be after the start ({expected}); correct the interval.",
    why="沒有長度的時段算不出時數。An interval without length holds no hours.",
    datasets=("leaves", "overtime"),
    field="end",
    fails=pl.col("end_at") <= pl.col("start_at"),
    value=pl.col("end"),
    expected=pl.format("> {}", "start"),
)


def _outside_month(dataset: str) -> RecordRule:
    """R105 has one text, and one condition for each shape of record."""
    fails, field, value = {
        "employees": (
            (pl.col("from_day") >= pl.col("month_next"))
            | (pl.col("to_day") < pl.col("month_first"))
            | (pl.col("to_day") < pl.col("from_day")),
            "from",
            pl.format("{}～{}", pl.col("from").fill_null(""), pl.col("to").fill_null("")),
        ),
        "clockings": (
            ~pl.col("clocked_at").is_between(_MONTH_BEGINS, _MONTH_ENDS, closed="left"),
            "at",
            pl.col("at"),
        ),
    }.get(
        dataset,
        (
            (pl.col("start_at") >= _MONTH_ENDS) | (pl.col("end_at") <= _MONTH_BEGINS),
            "start",
            pl.format("{}～{}", "start", "end"),
        ),
    )
    return RecordRule(
        id="R105",
        life=always(Severity.ERROR),
        title="紀錄不在資料年月內",
        title_en="the record does not touch the submission's month",
        message="{value} 不在資料年月 {expected} 內，請改報於所屬月份或更正時間。",
        message_en="{value} does not touch {expected}; report it in its own month or correct the time.",
        why="跨月的紀錄在每個月都報，不相干的月份則否。A record belongs to every month that it touches, and no other.",
        datasets=(dataset,),
        field=field,
        fails=fails.fill_null(value=False),
        value=value,
        expected=_MONTH,
        unless=("R104",) if dataset in {"leaves", "overtime"} else (),
    )


def _more_than_holds(dataset: str, claimed: str, capacity: pl.Expr, unless: tuple[str, ...]) -> RecordRule:
    """R106 has one text, and one capacity for leaves and one for overtime."""
    return RecordRule(
        id="R106",
        life=always(Severity.ERROR),
        title="時數超過起迄區間",
        title_en="hours or minutes more than the interval holds",
        message="申報 {value}，起迄區間最多 {expected}，請更正時數或起迄時間。",
        message_en="{value} claimed, the interval holds at most {expected}; correct the amount or the interval.",
        why=(
            "請假以所跨上班日每日 8 小時為上限（公差、延長病假及全為非上班日者計日曆天），加班以時鐘時間為上限。"
            "A leave holds 8 hours for each working day that it touches (every day for 05, 26 and where none is a "
            "working day), overtime its clock time."
        ),
        note="加班以足分鐘計，不足一分鐘的秒數捨去。Of overtime whole minutes count; seconds beyond them do not.",
        datasets=(dataset,),
        field=claimed,
        fails=pl.col(claimed) > capacity,
        value=pl.col(claimed).cast(pl.Float64).cast(pl.String).str.strip_suffix(".0"),
        expected=pl.format("≤ {}", capacity),
        unless=unless,
    )


RULES = (
    R104,
    *(_outside_month(dataset) for dataset in ("employees", "leaves", "overtime", "clockings")),
    # How a leave of an unknown type counts its days is not known either.
    _more_than_holds("leaves", "hours", pl.col("counted_days") * HOURS_A_DAY, ("R104", "R107")),
    _more_than_holds("overtime", "minutes", (pl.col("end_at") - pl.col("start_at")).dt.total_minutes(), ("R104",)),
)

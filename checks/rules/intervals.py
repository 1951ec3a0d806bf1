"""Rules on when a record is and how much it claims: R104, R105, R106, R116."""

import polars as pl

from checks.catalogue import RecordRule, Text, always
from checks.findings import Severity, in_digits
from checks.working_time import HOUR_MS

#: Source: rules.md, R116.
_LONGEST_DAYS = 366

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
    datasets=("shifts", "leaves", "overtime"),
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
        unless=("R104",) if dataset in {"shifts", "leaves", "overtime"} else (),
    )


def _more_than_clock_time(
    dataset: str, claimed: str, most: pl.Expr, unit: Text, unless: tuple[str, ...] = ("R104",)
) -> RecordRule:
    """R106 has one text, and one capacity for leaves and one for overtime."""
    return RecordRule(
        id="R106",
        life=always(Severity.ERROR),
        title="時數超過起迄時間",
        title_en="hours or minutes more than the clock time of the interval",
        message=f"申報 {{value}} {unit.zh}，超過起迄時間可申報之 {{expected}} {unit.zh}上限，請更正時數或起迄時間。",
        message_en=f"{{value}} {unit.en} claimed, the interval lasts {{expected}} {unit.en}; correct the amount or the "
        "interval.",
        why="沒有人能在一段時間內請超過這段時間的假。Nobody is on leave, or at work, for longer than the time itself.",
        note=(
            "請假以小時計，起迄時間不足一小時者以一小時計；加班以足分鐘計。Leave is counted by the hour: clock time is "
            "rounded up to a full hour. Of overtime whole minutes count."
        ),
        datasets=(dataset,),
        field=claimed,
        fails=pl.col(claimed) > most,
        value=in_digits(pl.col(claimed)),
        expected=in_digits(most),
        unless=unless,
    )


R116 = RecordRule(
    id="R116",
    life=always(Severity.ERROR),
    title="起迄時間逾 366 日",
    title_en="a leave, overtime or roster row over 366 days long",
    message="{value} 長達 {expected} 日，超過 366 日，請更正起迄時間。",
    message_en="{value} lasts {expected} days, more than 366; correct the interval.",
    why="多半是年份誤植。Mostly a year mistyped.",
    datasets=("shifts", "leaves", "overtime"),
    field="end",
    fails=pl.col("clock_ms") > _LONGEST_DAYS * 24 * HOUR_MS,
    value=pl.format("{}～{}", "start", "end"),
    expected=(-(-pl.col("clock_ms") // (24 * HOUR_MS))).cast(pl.String),
    unless=("R104",),
)

RULES = (
    R104,
    *(_outside_month(dataset) for dataset in ("employees", "shifts", "leaves", "overtime", "clockings")),
    _more_than_clock_time("leaves", "hours", (pl.col("clock_ms") + HOUR_MS - 1) // HOUR_MS, Text("小時", "hours")),
    _more_than_clock_time(
        "overtime", "minutes", (pl.col("end_at") - pl.col("start_at")).dt.total_minutes(), Text("分鐘", "minutes")
    ),
    R116,
)

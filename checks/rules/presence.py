"""Rules on traces of people at work: W205 and W211 (none where one is due), W215 (clocked on a day of leave)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from checks.catalogue import RecordRule, Text, always
from checks.findings import Severity
from checks.rostered_duties import DAYS, Flags
from checks.rules.leave_days import LeaveDays
from checks.rules.rest_days import NOT_KNOWN
from checks.working_time import AWAY, UNKNOWN, WorkingTime

_CLOCKS = Text(
    "應刷卡人員；未載明者以當月曾刷卡者為限，教師未載明者視為免刷卡",
    "people who have to clock; where it is not stated those who clocked at least once in the month, teachers excepted",
)

W205 = RecordRule(
    id="W205",
    life=always(Severity.WARNING),
    whom=_CLOCKS,
    title="上班日無刷卡亦無請假",
    title_en="working days with neither clocking nor leave",
    message="應上班日 {value} 沒有刷卡，也沒有請假，請補正；忘刷卡或因公外出者請說明。",
    message_en="On {value} the person worked by the calendar or roster, with neither clocking nor leave; complete "
    "it, or explain.",
    why="多半是忘刷卡或漏報請假。Mostly a clocking forgotten, or a leave not reported.",
    note=(
        "只檢查有報刷卡的檔案。應上班日依辦公日曆或輪班表；當日有任何刷卡或請假（含被退件者）即不列；加班紀錄不算刷卡。"
        "請假依申報時數逐日涵蓋上班日，時數用盡後之日仍列。應否刷卡依當日所屬名冊列。每人每月一項，列出各日。"
        "Only in documents that hold clockings. Working days are those of the office calendar or the roster. Any "
        "clocking or leave of the day counts, even a refused one; overtime is no clocking. A leave accounts for its "
        "working days one after another as far as its hours go. Whether somebody has to clock is what the row of that "
        "day says. One finding a person and month names the days."
    ),
    datasets=("employees",),
    field="person_id",
    fails=pl.col("without_trace").is_not_null(),
    value=pl.col("without_trace"),
    expected=pl.lit("刷卡或請假 clocking or leave"),
    of_records_let_in=True,
    unknown=(
        (NOT_KNOWN, pl.col("days_not_known")),
        (
            Text("未載明應否刷卡且當月無刷卡", "not stated whether they clock, and they did not"),
            pl.col("clocks_not_known"),
        ),
    ),
)

W211 = RecordRule(
    id="W211",
    life=always(Severity.WARNING),
    whom=Text("檔案載明應刷卡者（clocks 為 true）", "people who have to clock by what is stated (`clocks` true)"),
    title="應刷卡人員整月無刷卡",
    title_en="a person who has to clock has no clocking in the whole month",
    message="該員應刷卡而 {value} 整月沒有刷卡紀錄，請補報或更正 clocks；屬實者請說明。",
    message_en="The person has to clock and has no clocking in {value}; report them or correct `clocks`, or explain.",
    why="整月無刷卡多半是介接漏送。A month without any is mostly an interface that left the person out.",
    note=(
        "只檢查有報刷卡的檔案，且該員當月有請假未涵蓋之應上班日。Only in documents that hold clockings, of people who "
        "had to work some day on which they were not on leave."
    ),
    datasets=("employees",),
    field="clocks",
    fails=pl.col("never_clocked"),
    value=pl.col("month_first").dt.to_string("%Y-%m"),
    expected=pl.lit("當月刷卡紀錄 clockings of the month"),
    of_records_let_in=True,
    unknown=((NOT_KNOWN, pl.col("never_not_known")),),
)

W215 = RecordRule(
    id="W215",
    life=always(Severity.WARNING),
    title="全日請假當日有上下班刷卡",
    title_en="clocked in and out on a day that a leave covers wholly",
    message="請假 {value} 涵蓋之 {expected} 當日有上班及下班刷卡，請確認是否銷假；屬實者請說明。",
    message_en="On {expected}, which the leave {value} covers wholly, the person clocked in and out; was the leave "
    "cancelled? Correct it, or explain.",
    why="銷假後未更正的請假會多扣假。A leave that was not taken uses up days of it.",
    note=(
        "公差、公假、公出（05、06、07）除外；只檢查上班時數已知之日，且上班刷卡早於下班刷卡者（夜班跨日之刷卡不計）。"
        "Official business (05, 06, 07) aside; only days of which the hours worked are known, and only where the "
        "clocking in is before the one out: out of the duty before and in to the one after is no such day."
    ),
    datasets=("leaves",),
    field="start",
    fails=pl.col("clocked_on").is_not_null(),
    value=pl.format("{}～{}", "start", "end"),
    expected=pl.col("clocked_on"),
    unless=("R104",),
    of_records_let_in=True,
)


@dataclass(frozen=True)
class ClockedDays:
    """Persons × days of the month: `at_all` clocked, refused or not; clocked `in_and_out` by records let in."""

    at_all: Flags
    in_and_out: Flags
    judged: pl.DataFrame


def clocked_days(clockings: pl.DataFrame, shape: tuple[int, ...]) -> ClockedDays:
    """Of the judged clockings, by position: no joins over them, of which a batch has hundreds of thousands."""
    days = clockings.select(
        place=pl.when(_IN_MONTH).then(pl.col("person").cast(pl.Int64) * DAYS + _OFFSET).otherwise(-1),
        came=(pl.col("kind") == "in") & ~pl.col("refused"),
        left=(pl.col("kind") == "out") & ~pl.col("refused"),
    )
    place = days["place"].to_numpy()

    def table(some: npt.NDArray[np.int64]) -> Flags:
        clocked = np.zeros(shape[0] * DAYS + 1, dtype=bool)  # the last place is for what lies in no day of the month
        clocked[some] = True
        return clocked[:-1].reshape(shape)

    came, left = (table(place[days[name].to_numpy()]) for name in ("came", "left"))
    return ClockedDays(table(place), came & left, clockings)


_IN_MONTH = pl.col("clocked_at").dt.date().is_between("month_first", "month_next", closed="left")
_OFFSET = (pl.col("clocked_at").dt.date() - pl.col("month_first")).dt.total_days()


def with_presence(
    employees: pl.DataFrame, with_clockings: pl.Series, clocked: ClockedDays, work: WorkingTime, on_leave: LeaveDays
) -> pl.DataFrame:
    """Adds to the judged employees `without_trace` (days, as text), `never_clocked`, and what is not known.

    `with_clockings`: the documents that hold clockings.  A person with several rows is spoken of at the first that was
    let in.
    """
    seen: Flags = np.any(clocked.at_all, axis=1, keepdims=True)
    stated, not_stated = _has_to_clock(employees, work)
    missing = (np.nan_to_num(work.hours) > 0) & ~clocked.at_all & ~on_leave.traced
    due, never = (stated | not_stated) & seen, missing & stated & ~seen
    who, spoken = employees["person"].to_numpy(), _spoken_of(employees, with_clockings)

    def said(of_person: Flags) -> pl.Series:
        return pl.Series(spoken & np.any(of_person[who], axis=1))

    return employees.with_columns(
        without_trace=_days_as_text(employees, spoken[:, None] & (missing & due)[who]),
        never_clocked=said(never),
        never_not_known=said((work.code == UNKNOWN) & stated & ~seen & ~np.any(never, axis=1, keepdims=True)),
        days_not_known=said((work.code == UNKNOWN) & due),
        clocks_not_known=said((work.code != AWAY) & not_stated & ~seen),
    )


def _has_to_clock(employees: pl.DataFrame, work: WorkingTime) -> tuple[Flags, Flags]:
    """Persons × days: the row of that day states that the person clocks; does not state it, teachers aside."""
    rows = employees.filter(~pl.col("refused"))
    stated = rows["clocks"].fill_null(value=False)
    not_stated = rows["clocks"].is_null() & (rows["employment_type"] != "teacher")
    return work.by_day(stated), work.by_day(not_stated)


def _spoken_of(employees: pl.DataFrame, with_clockings: pl.Series) -> Flags:
    """The first row let in of each person of a document that holds clockings: there findings are."""
    here = pl.col("document").is_in(with_clockings.implode())
    rows = employees.with_row_index("row").filter(~pl.col("refused") & here)
    first = rows.unique("person", keep="first")["row"].to_numpy()
    return np.isin(np.arange(employees.height), first)


def _days_as_text(employees: pl.DataFrame, days: Flags) -> pl.Series:
    """Each row's days in short: `2021-06-03、04、07`; null where there is none."""
    row, offset = np.nonzero(days)
    texts = (
        employees.select("month_first")
        .with_row_index("row")
        .select(pl.all().gather(row))
        .with_columns(number=pl.Series(offset + 1, dtype=pl.Int64))
        .group_by("row", "month_first", maintain_order=True)
        .agg(days=pl.col("number").cast(pl.String).str.zfill(2).str.join("、"))
        .select("row", text=pl.format("{}-{}", pl.col("month_first").dt.to_string("%Y-%m"), "days"))
    )
    rows = pl.DataFrame({"row": pl.int_range(employees.height, dtype=pl.UInt32, eager=True)})
    return rows.join(texts, on="row", how="left", maintain_order="left")["text"].alias("without_trace")


def with_clocked_days(leaves: pl.DataFrame, clocked: ClockedDays, held: LeaveDays) -> pl.DataFrame:
    """Adds `clocked_on`: the first day that a leave covers wholly and on which the person clocked in and out."""
    there = clocked.in_and_out[held.wholly["person"].to_numpy(), held.wholly["offset"].to_numpy()]
    wholly = held.wholly.filter(pl.Series(there, dtype=pl.Boolean))
    if wholly.is_empty():
        return leaves.with_columns(clocked_on=pl.lit(None, dtype=pl.String))
    at, kind = pl.col("clocked_at"), pl.col("kind")
    concerned = pl.col("person").is_in(wholly["person"].unique().implode())
    worked = (
        clocked.judged.filter(concerned & ~pl.col("refused") & _IN_MONTH)
        .select("person", "kind", "clocked_at", offset=_OFFSET)
        .join(wholly, on=["person", "offset"], how="semi")
        .group_by("person", "offset")
        .agg(came=at.filter(kind == "in").min(), left=at.filter(kind == "out").max())
        .filter(pl.col("came") < pl.col("left"))
    )
    days = (
        wholly.join(worked, on=["person", "offset"], how="semi")
        .group_by("document", "index")
        .agg(pl.col("offset").min())
    )
    first = (pl.col("month_first") + pl.duration(days="offset")).cast(pl.String)
    return leaves.join(days, on=["document", "index"], how="left", maintain_order="left").with_columns(
        clocked_on=pl.when(~pl.col("official")).then(first)
    )

"""Rules on an agency's own history: W206 numbers of records, W207 headcount."""

import polars as pl

from checks.across.findings import findings_of, in_hours
from checks.catalogue import Rule, always
from checks.findings import Severity

#: Source: rules W206 and W207.
MONTHS_BEFORE = 12
_ENOUGH_MONTHS = 6
_FEWEST, _MOST = 0.5, 2
_SMALLEST_AGENCY = 10
_CHANGE = 0.2

W206 = Rule(
    id="W206",
    life=always(Severity.WARNING),
    title="筆數與往月差距過大",
    title_en="records fewer than half or more than twice the agency's median month",
    message="{value}，往月中位數的一半至兩倍為 {expected}，請確認是否漏報或重複；屬實者請說明。",
    message_en="{value}; half to twice the median month is {expected}; see whether something is missing or doubled, or "
    "explain.",
    why="筆數驟減或驟增多半是介接出錯。A sudden drop or jump is mostly an interface that failed.",
    note=(
        "請假與加班分別計算；以前 12 個月已入檔月份（至少 6 個月）的入檔筆數取中位數。"
        "Leaves and overtime each alone; the median is over the records entered in those of the 12 months before that "
        "were entered, six at least; with fewer it is not evaluated."
    ),
)
W207 = Rule(
    id="W207",
    life=always(Severity.WARNING),
    title="員工人數較上月增減逾 20%",
    title_en="headcount changed by more than 20 % from the month before",
    message="{value}，上月的八成至一點二倍為 {expected}，請確認員工名冊是否完整；屬實者請說明。",
    message_en="{value}; within 20 % of the month before is {expected}; see whether the list of employees is complete, "
    "or explain.",
    why="名冊不完整時，其他檢核也不準。Where the list of employees is incomplete the other checks are off too.",
    note=(
        "以上月入檔員工數滿 10 人的機關為限；上月未入檔者不評估。"
        "For agencies with 10 employees or more entered in the month before; where that month is not entered it is not "
        "evaluated."
    ),
)


def unusual_numbers(counts: pl.DataFrame, month: str, rule: Rule = W206) -> tuple[pl.DataFrame, set[str]]:
    """Findings of W206, and the agencies of which it could not be evaluated.

    `counts`: `agency_code`, `submission_id`, `dataset`, `months_ago` (0 the month itself, at most 12), `entered`; a row
    for each dataset of each entered month.
    """
    counts = counts.filter(pl.col("dataset").is_in(["leaves", "overtime"]))
    before = (
        counts.filter(pl.col("months_ago").is_between(1, MONTHS_BEFORE))
        .group_by("agency_code", "dataset")
        .agg(median=pl.col("entered").median(), months=pl.len())
    )
    now = counts.filter(pl.col("months_ago") == 0).join(before, on=["agency_code", "dataset"], how="left")
    enough = pl.col("months").fill_null(0) >= _ENOUGH_MONTHS
    fewest, most = pl.col("median") * _FEWEST, pl.col("median") * _MOST
    unusual = now.filter(enough & ~pl.col("entered").is_between(fewest, most))
    found = _of_document(unusual, pl.format(f"{month} {{}} 筆", "entered"), _range(fewest, most, "筆"))
    return findings_of(rule, month, found), set(now.filter(~enough)["agency_code"])


def headcount_jumps(counts: pl.DataFrame, month: str, rule: Rule = W207) -> tuple[pl.DataFrame, set[str]]:
    """Findings of W207, and the agencies of which it could not be evaluated; `counts` as for `unusual_numbers`."""
    counts = counts.filter(pl.col("dataset") == "employees")
    before = counts.filter(pl.col("months_ago") == 1).select("agency_code", before="entered")
    now = counts.filter(pl.col("months_ago") == 0).join(before, on="agency_code", how="left")
    jumped = now.filter(
        (pl.col("before") >= _SMALLEST_AGENCY)
        & ((pl.col("entered") - pl.col("before")).abs() > pl.col("before") * _CHANGE)
    )
    fewest, most = (pl.col("before") * (1 - _CHANGE)).ceil(), (pl.col("before") * (1 + _CHANGE)).floor()
    expected = pl.format("{}（上月 {} 人）", _range(fewest, most, "人"), "before")
    found = _of_document(jumped, pl.format(f"{month} {{}} 人", "entered"), expected)
    return findings_of(rule, month, found), set(now.filter(pl.col("before").is_null())["agency_code"])


def _range(fewest: pl.Expr, most: pl.Expr, unit: str) -> pl.Expr:
    return pl.format(f"{{}}–{{}} {unit}", in_hours(fewest), in_hours(most))


def _of_document(rows: pl.DataFrame, value: pl.Expr, expected: pl.Expr) -> pl.DataFrame:
    return rows.sort("agency_code", "dataset").select(
        "agency_code",
        "submission_id",
        "dataset",
        index=pl.lit(None, dtype=pl.UInt32),
        record_id=pl.lit(None, dtype=pl.String),
        field=pl.lit(None, dtype=pl.String),
        value=value,
        expected=expected,
        person_key=pl.lit(None, dtype=pl.String),
    )

"""Rules on an agency's own history: W206 numbers of records, W207 headcount, W214 kinds of record not reported."""

import polars as pl

from checks.across.findings import findings_of
from checks.catalogue import Rule, always
from checks.findings import Severity, in_digits

#: Source: rules W206 and W207.
MONTHS_BEFORE = 12
_ENOUGH_MONTHS = 6
_FEWEST, _MOST = 0.5, 2
#: Differences up to so many times the median's square root, or below so many records, are chance.
_SPREAD, _LEAST_DIFFERENCE = 3, 5
_SMALLEST_AGENCY = 10
_CHANGE = 0.2

W206 = Rule(
    id="W206",
    life=always(Severity.WARNING),
    title="筆數與往月差距過大",
    title_en="records fewer than half or more than twice the agency's median month",
    message="{value}，往月中位數的一半至兩倍為 {expected}，請確認是否漏報或重複；屬實者請說明。",
    message_en="{value}; half to twice the median month is {expected}; see whether something is missing or doubled, "
    "or explain.",
    why="筆數驟減或驟增多半是介接出錯。A sudden drop or jump is mostly an interface that failed.",
    note=(
        "請假與加班分別計算；以前 12 個月已入檔月份（至少 6 個月）的入檔筆數取中位數；差距不逾中位數平方根之 3 "
        "倍或未達 5 筆，或與去年同月相比在一半至兩倍之間者不列。Leaves and overtime each alone; the median is over "
        "the records entered in those of the 12 months before that were entered, six at least; with fewer it is not "
        "evaluated. Nor is it unusual where the difference is at most 3 times the median's square root, or below 5, "
        "or where the same month of last year is within half and twice."
    ),
)
W207 = Rule(
    id="W207",
    life=always(Severity.WARNING),
    title="員工人數較上月增減逾 20%",
    title_en="headcount changed by more than 20 % from the month before",
    message="{value}，上月的八成至一點二倍為 {expected}，請確認員工名冊是否完整；屬實者請說明。",
    message_en="{value}; within 20 % of the month before is {expected}; see whether the list of employees is "
    "complete, or explain.",
    why="名冊不完整時，其他檢核也不準。Where the list of employees is incomplete the other checks are off too.",
    note=(
        "以上月入檔員工數滿 10 人的機關為限；上月未入檔者不評估。For agencies with 10 employees or more entered in "
        "the month before; where that month is not entered it is not evaluated."
    ),
)


W214 = Rule(
    id="W214",
    life=always(Severity.WARNING),
    title="本月未申報往月均有的資料",
    title_en='a submission says "nothing" of a kind of record that the agency mostly had',
    message="{value} 一筆都沒有申報，{expected}，請確認是否漏報；確無資料者請說明。",
    message_en="Nothing of it is reported for {value} ({expected}); see whether it is missing, or explain.",
    why="零筆申報多半是介接漏送。Nothing at all is mostly an interface that left it out.",
    note=(
        "請假、加班、刷卡分別計算；前 6 個月中至少 5 個月有入檔者。Leaves, overtime and clockings each alone: "
        "entered in at least 5 of the 6 months before."
    ),
)
#: Source: rules.md, W214.
_LAST_MONTHS, _MOSTLY = 6, 5


def unusual_numbers(counts: pl.DataFrame, month: str, rule: Rule = W206) -> tuple[pl.DataFrame, set[str]]:
    """Findings of W206, and the agencies of which it could not be evaluated.

    `counts`: `agency_code`, `submission_id`, `dataset`, `months_ago` (0 the month itself, at most 12), `submitted`,
    `entered`; a row for each dataset of each entered month.
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
    difference = (pl.col("entered") - pl.col("median")).abs()
    by_chance = (difference <= _SPREAD * pl.col("median").sqrt()) | (difference < _LEAST_DIFFERENCE)
    a_year_ago = counts.filter(pl.col("months_ago") == MONTHS_BEFORE).select(
        "agency_code", "dataset", last_year="entered"
    )
    now = now.join(a_year_ago, on=["agency_code", "dataset"], how="left")
    as_last_year = pl.col("entered").is_between(pl.col("last_year") * _FEWEST, pl.col("last_year") * _MOST)
    unusual = now.filter(
        enough & ~pl.col("entered").is_between(fewest, most) & ~by_chance & ~as_last_year.fill_null(value=False)
    )
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


def missing_kinds(counts: pl.DataFrame, month: str, rule: Rule = W214) -> pl.DataFrame:
    """Findings of W214; `counts` as for `unusual_numbers`, of whose months the six before are looked at."""
    counts = counts.filter(pl.col("dataset").is_in(["leaves", "overtime", "clockings"]))
    before = (
        counts.filter(pl.col("months_ago").is_between(1, _LAST_MONTHS) & (pl.col("entered") > 0))
        .group_by("agency_code", "dataset")
        .agg(months=pl.len())
    )
    now = counts.filter((pl.col("months_ago") == 0) & (pl.col("submitted") == 0)).join(
        before, on=["agency_code", "dataset"]
    )
    silent = now.filter(pl.col("months") >= _MOSTLY)
    value, expected = pl.lit(month), pl.format(f"前 {_LAST_MONTHS} 個月中有 {{}} 個月申報", "months")
    return findings_of(rule, month, _of_document(silent, value, expected))


def _range(fewest: pl.Expr, most: pl.Expr, unit: str) -> pl.Expr:
    return pl.format(f"{{}}–{{}} {unit}", in_digits(fewest), in_digits(most))


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
        dates=pl.lit(None, dtype=pl.String),
    )

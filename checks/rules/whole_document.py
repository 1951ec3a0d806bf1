"""Rules that refuse a document for what its records are together: F013 another month's, F014 nothing to enter."""

import polars as pl

from checks.catalogue import Rule, always
from checks.findings import Finding, Severity

#: Source: rules.md, F013.
_FEWEST, _SHARE = 10, 0.5
_DATED = {"shifts": "start_at", "leaves": "start_at", "overtime": "start_at", "clockings": "clocked_at"}
_REPORTED = ("leaves", "overtime", "clockings")

F013 = Rule(
    id="F013",
    life=always(Severity.FATAL),
    title="檔案是其他月份的資料",
    title_en="the document is of another month",
    message="有日期的紀錄 {value} 不在資料年月內，多數屬於 {expected}；請確認 month，或改報正確月份的檔案。",
    message_en="Of the dated records {value} lie outside the month, most of them in {expected}; check `month`, or "
    "submit the right month's file.",
    why="年月打錯的檔案不得取代該月已報的資料。A month typed wrongly must not replace what that month holds.",
    note=(
        "有日期的紀錄（輪班、請假、加班、刷卡）滿 10 筆，且逾半不在資料年月內。該等紀錄的 R105 不逐筆列出，"
        "只計筆數。Of 10 or more dated records (rosters, leaves, overtime, clockings) over half lie outside the "
        "month. Their R105 are counted, not listed."
    ),
)
F014 = Rule(
    id="F014",
    life=always(Severity.FATAL),
    title="沒有任何一筆可以入檔",
    title_en="nothing of it could be entered",
    message="請假、加班及刷卡共 {value} 筆，全部有誤（{expected}），沒有一筆可以入檔；請更正後重新報送。",
    message_en="All {value} leaves, overtime and clockings are refused ({expected}) and nothing could be entered; "
    "correct the file and submit it again.",
    why="整份有誤的檔案不得取代該月已報的資料。A file that is wrong throughout must not replace what the month holds.",
    note="各規則之錯誤只計筆數，不逐筆列出。The faults that led to it are counted by rule, not listed one by one.",
)
RULES = (F013, F014)


def faults_of_whole(frames: dict[str, pl.DataFrame], findings: pl.DataFrame) -> dict[int, Finding]:
    """Position of a document in the batch → its F013, or else its F014, from the judged frames and their findings."""
    return _nothing_entered(frames, findings) | _of_another_month(frames)


def _of_another_month(frames: dict[str, pl.DataFrame]) -> dict[int, Finding]:
    dated = pl.concat([frames[name].select("document", at=at, outside="R105") for name, at in _DATED.items()])
    sums = dated.group_by("document").agg(pl.len().alias("records"), pl.col("outside").sum())
    wrong = sums.filter((pl.col("records") >= _FEWEST) & (pl.col("outside") > pl.col("records") * _SHARE))
    months = (
        dated.filter("outside")
        .join(wrong.select("document"), on="document", how="semi")
        .group_by("document", month=pl.col("at").dt.strftime("%Y-%m"))
        .len()
        .drop_nulls()
        # Of months named as often the earliest, so that the same document always says the same.
        .sort("len", "month", descending=[True, False])
        .unique("document", keep="first", maintain_order=True)
    )
    found = {}
    named = wrong.join(months, on="document", how="left").select("document", "records", "outside", "month")
    for document, records, outside, month in named.iter_rows():
        value = f"{records:,} 筆中有 {outside:,} 筆 ({outside:,} of {records:,})"
        found[document] = F013.of_document("month", value, month or "")
    return found


def _nothing_entered(frames: dict[str, pl.DataFrame], findings: pl.DataFrame) -> dict[int, Finding]:
    reported = pl.concat([frames[name].select("document", "refused") for name in _REPORTED])
    sums = reported.group_by("document").agg(pl.len().alias("records"), pl.col("refused").all()).filter("refused")
    errors = findings.filter((pl.col("severity") == Severity.ERROR) & pl.col("dataset").is_in(_REPORTED))
    by_rule: dict[int, list[str]] = {document: [] for document in sums["document"]}
    counted = errors.join(sums, on="document", how="semi").group_by("document", "rule").len().sort("document", "rule")
    for document, rule, count in counted.iter_rows():
        by_rule[document].append(f"{rule} {count:,}")
    return {
        document: F014.of_document(None, f"{records:,}", "、".join(by_rule[document]))
        for document, records in sums.select("document", "records").iter_rows()
    }

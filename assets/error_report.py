"""The error report (檢誤報告) for people: a sheet to read first, the findings by rule, then each of them.

One report may be of several documents: files that were checked, or what stands of an agency's month.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from checks.causes import Cause, Looks, looks_like
from checks.model.roc import roc_month_text
from checks.rule_set import all_rules
from warehouse.export import export_book
from warehouse.sheets import Sheet

#: Findings of one rule that are listed, of all documents together; the rest are counted.
MOST_OF_A_RULE = 1_000

DATASETS = {
    "employees": "員工 employees",
    "leaves": "請假 leaves",
    "overtime": "加班 overtime",
    "shifts": "輪班 rosters",
    "clockings": "刷卡 clockings",
}
SEVERITIES = {"fatal": "整份退件 fatal", "error": "該筆退件 error", "warning": "請確認 warning"}
_CAUSES = {
    Cause.SYSTEM: "系統問題 the system's",
    Cause.TYPING: "登打錯誤 a typing error",
    Cause.UNCLEAR: "無法判斷 unclear",
}
_WHOLE = "整份檔案 the document"


@dataclass(frozen=True)
class Reported:
    """A document with what was found in it.

    `name` is a file's name or a submission's id, `agency_name` what the register calls the agency, where there is one,
    `when` when it was received or checked.  `counts` are read, entered,
    refused, warned by dataset, `findings` rows with the stored model's names, `unlisted` rule → how many more there are
    (None: perhaps, and nobody counted), `days` as `checks.causes.record_days`.
    """

    name: str
    agency_code: str | None
    agency_name: str | None
    month: str | None
    when: str
    counts: Mapping[str, Sequence[int]]
    findings: Sequence[Mapping[str, Any]]
    unlisted: Mapping[str, int] | None
    days: Mapping[str, Sequence[date | None]]

    @property
    def verdict(self) -> tuple[str, str]:
        """What became of it, and what to do, in plain words: in Chinese, in English."""
        severities = {row["severity"] for row in self.findings}
        if "fatal" in severities:
            return "整份退件：沒有資料入檔，請更正後重新報送", "refused, nothing entered: mend it, submit it again"
        if "error" in severities:
            refused = f"{sum(counts[2] for counts in self.counts.values()):,}"
            return (
                f"部分入檔：{refused} 筆退件，請更正後將整份檔案重新報送",
                f"entered but for {refused} records: mend them and submit the whole file again",
            )
        if severities:
            return "全部入檔：請確認警告，更正或說明", "all entered: look at the warnings, mend or explain them"
        return "合格：沒有發現問題", "nothing was found"


#: Title, in Chinese, in English.
_HOW_TO_READ = (
    ("工作表「依規則」", "每條規則一列：幾項、幾筆、像系統問題還是登打錯誤", "a line a rule: how many, what like"),
    ("工作表「明細」", "每項一列：哪一筆、檢出什麼、怎麼辦", "one line a finding: which record, what to do"),
    ("系統問題 the system's", "半數以上的紀錄，或自某日起幾乎每筆：請洽廠商", "most records, or all since a day"),
    ("登打錯誤 a typing error", "只有少數幾筆：請逐筆更正", "a few records: mend each"),
    ("第幾筆 number", "該資料集的第幾筆紀錄，自 1 起算", "which record of its dataset, counted from 1"),
    ("證號 national IDs", "已遮蔽，僅留前三碼與後三碼；請以編號、筆次對照", "masked: go by record_id and number"),
    ("重新報送 again", "請報送整份檔案，會取代先前的報送", "submit the whole file; it replaces the former"),
)  # fmt: skip


def _lines(said: Sequence[str]) -> list[tuple[bool, str]]:
    return [(place == 0, words) for place, words in enumerate(said)]


def _more(document: Reported) -> str:
    """Of a document whose findings are the first of more, how many more, if it is known."""
    listed = f"{len(document.findings):,}"
    if document.unlisted is None:
        return (
            f"僅列前 {listed} 件，可能另有其他；以下件數均為「至少」 the first {listed}: there may be more of each rule"
        )
    more = "、".join(f"{rule} {number:,}" for rule, number in document.unlisted.items())
    total = f"{len(document.findings) + sum(document.unlisted.values()):,}"
    zh = f"共 {total} 件，僅列前 {listed} 件；未列者不在以下件數"
    return f"{zh} the first {listed} of {total}; not in the numbers below: {more}"


def _whose(document: Reported) -> str:
    named = f"{document.agency_code or '不明 unknown'} {document.agency_name or ''}".strip()
    try:
        return f"{named} {roc_month_text(document.month)}" if document.month else named
    except ValueError:
        return f"{named} {document.month}"


def write_error_report(documents: Sequence[Reported], path: Path) -> None:
    """Write the report as .xlsx or .ods; raises as `warehouse.export.export_book` does."""
    groups = _groups(documents)
    export_book([_first_sheet(documents, groups), _by_rule(groups), _each(groups)], path)


@dataclass(frozen=True)
class _Group:
    """The findings of one rule in one dataset of one document."""

    document: Reported
    rule: str
    dataset: str | None
    findings: list[Mapping[str, Any]]
    looks: Looks | None

    @property
    def records(self) -> int | None:
        """Records concerned; None where it is the document."""
        return len({row["index"] for row in self.findings}) if self.looks else None

    @property
    def read(self) -> int | None:
        """Records of the dataset."""
        counts = self.document.counts.get(self.dataset or "")
        return counts[0] if counts else None


def _groups(documents: Sequence[Reported]) -> list[_Group]:
    """Worst severity first, then the most findings."""
    groups = []
    for document in documents:
        parts: defaultdict[tuple[str, str | None], list[Mapping[str, Any]]] = defaultdict(list)
        for row in document.findings:
            parts[row["rule"], row["dataset"]].append(row)
        groups += [_group(document, rule, dataset, rows) for (rule, dataset), rows in parts.items()]
    worst = list(SEVERITIES)
    return sorted(groups, key=lambda one: (worst.index(one.findings[0]["severity"]), -len(one.findings), one.rule))


def _group(document: Reported, rule: str, dataset: str | None, rows: list[Mapping[str, Any]]) -> _Group:
    indices = [row["index"] for row in rows if row["index"] is not None]
    days = document.days.get(dataset or "", ())
    counts = document.counts.get(dataset or "")
    total = counts[0] if counts else len(days)
    looks = looks_like(indices, max(total, len(set(indices))), days) if indices else None
    return _Group(document, rule, dataset, rows, looks)


def _first_sheet(documents: Sequence[Reported], groups: Sequence[_Group]) -> Sheet:
    rows: list[Sequence[Any]] = [["檢誤報告 error report"]]
    for document in documents:
        rows += [
            [],
            ["檔案 file", document.name],
            ["機關、年月 agency, month", _whose(document)],
            ["收件或檢核 received or checked", document.when],
            *([title, words] for title, words in zip(("結果 result", ""), document.verdict, strict=True)),
        ]
        if document.unlisted != {}:
            rows.append(["未列 not listed", _more(document)])
        if document.counts:
            rows.append(["資料集 dataset", "讀入 read", "入檔 entered", "退件 refused", "請確認 warned"])
            rows += [[title, *document.counts[name]] for name, title in DATASETS.items() if name in document.counts]
    if groups:
        rows += [[], ["先處理這些 begin with these", "項數 findings", "研判 looks like", "理由 why"]]
    rows += [
        [f"{group.rule} {all_rules()[group.rule].title}", len(group.findings), _cause(group), _reason(group)]
        for group in groups[:10]
    ]
    unlisted = sum(max(len(rows) - MOST_OF_A_RULE, 0) for rows in _by_rule_id(groups).values())
    rows += [[], ["怎麼看 how to read it"]]
    rows += [[title if first else "", words] for title, *said in _HOW_TO_READ for first, words in _lines(said)]
    if unlisted:
        rows.append(["未列 not listed", f"每條規則最多列 {MOST_OF_A_RULE:,} 項，另有 {unlisted:,} 項 more"])
    return Sheet("請先讀", rows)


def _by_rule(groups: Sequence[_Group]) -> Sheet:
    head = [
        "檔案 file", "規則 rule", "嚴重度 severity", "內容", "what it finds", "資料集 dataset", "項數 findings",
        "筆數 records", "佔比 % share", "研判 looks like", "理由", "reason", "為何檢核 why",
    ]  # fmt: skip
    rows = []
    for group in groups:
        rule = all_rules()[group.rule]
        share = round(100 * group.records / group.read, 1) if group.records and group.read else None
        rows.append([
            group.document.name, group.rule, SEVERITIES[group.findings[0]["severity"]], rule.title, rule.title_en,
            DATASETS.get(group.dataset or "", _WHOLE), len(group.findings), group.records, share, _cause(group),
            _reason(group), group.looks.reason_en if group.looks else None, rule.why,
        ])  # fmt: skip
    return Sheet("依規則", rows, head, wrapped=True)


def _each(groups: Sequence[_Group]) -> Sheet:
    head = [
        "檔案 file", "規則 rule", "嚴重度 severity", "人員 whom", "日期 dates", "資料集 dataset",
        "第幾筆 number", "編號 record_id", "欄位 field",
        "行 line", "欄 column", "檢出 found", "應為 expected", "怎麼辦", "what to do", "研判 looks like",
        "說明 explained",
    ]  # fmt: skip
    rows, listed = [], defaultdict[str, int](int)
    for group in groups:
        for row in group.findings:
            listed[group.rule] += 1
            if listed[group.rule] > MOST_OF_A_RULE:
                break
            rows.append([
                group.document.name, row["rule"], SEVERITIES[row["severity"]], row["whom"], row["dates"],
                DATASETS.get(row["dataset"] or "", _WHOLE), None if row["index"] is None else row["index"] + 1,
                row["record_id"], row["field"], row["line"], row["column"], row["value"], row["expected"],
                row["message"], row["message_en"], _cause(group), _answer(row),
            ])  # fmt: skip
    return Sheet("明細", rows, head, wrapped=True)


def _by_rule_id(groups: Sequence[_Group]) -> dict[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for group in groups:
        found[group.rule] += group.findings
    return found


def _cause(group: _Group) -> str | None:
    return _CAUSES[group.looks.cause] if group.looks else None


def _reason(group: _Group) -> str | None:
    return group.looks.reason if group.looks else None


def _answer(row: Mapping[str, Any]) -> str | None:
    answer = row.get("explanation")
    return f"{answer['code']} {answer['text'] or ''}".strip() if answer else None

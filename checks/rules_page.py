"""The rule catalogue as a page, `docs/rules.md`: generated from the rules and their cases, kept by a test.

`python -m checks.rules_page > docs/rules.md`
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from checks.cases import Case, cases
from checks.catalogue import Period, RecordRule, Rule, always
from checks.leave_types import packaged_leave_types
from checks.markdown import table
from checks.model.agency_kinds import last_characters
from checks.overtime_limits import packaged_overtime_limits
from checks.quotas import packaged_quotas
from checks.rule_set import all_rules
from checks.rules.evaluate import record_rules

_INTRODUCTION = """# 檢核規則 Rule catalogue

本頁由規則本身及其案例產生，請勿手動修改。This page is generated from the rules and their cases; do not edit it.

- **fatal** 整份退件，機關當月原有資料不變。Refuses the document; what the agency-month held stays.
- **error** 該筆不入檔，其餘照入。Refuses the record and lets the others in.
- **warning** 入檔並請機關確認或說明。Lets the record in and asks the agency to confirm, mend or explain.

F 規則一次列出全部錯誤，語法錯誤（F001、F002）除外，因為其後無法再讀。All F faults are told in one go, except that a
syntax fault (F001, F002) ends the reading. A rule whose footing has failed another is not evaluated ("unless").
A refused record makes no other record fail.
W202、W206、W207、W209、W213、W214 及 W212 之連續三個月於入檔後跨檔計算，遲到或更正的月份會使受影響的月份重算。
W202, W206, W207, W209, W213, W214 and the three months of W212 look across submissions, after entry, and again
when a late or corrected month arrives.
Where the catalogue leaves something open: [decision 0005](decisions/0005-what-the-format-leaves-open.md), and the
notes below.
案例是測試：每個案例都實際檢核。The cases are tests; a case says only what differs from a small valid document.
"""
_SEVERITIES = {"fatal": "整份退件", "error": "該筆退件", "warning": "請確認"}
#: Of a case, what is its heading and what it finds.
_NOT_SHOWN = {"title", "title_en", "finds"}


def rules_page() -> str:
    """The whole page."""
    rules = all_rules().values()
    contents = table(
        ("規則", "嚴重度", "內容", "what it finds"),
        ((f"[{rule.id}](#{rule.id.lower()})", rule.severity, rule.title, rule.title_en) for rule in rules),
    )
    return f"{_INTRODUCTION}\n{contents}\n" + "".join(f"\n{_section(rule)}" for rule in rules) + "\n".join(_people())


def _people() -> Iterator[str]:
    """Whom the rules tell apart: kinds of agency and what their staff works by, limits of overtime, quotas of leave."""
    yield from ("", "## 適用對象 Whom rules are for", "", _PATTERNS, "", "### 機關類別 Kinds of agency", "")
    yield from ("機關代碼末碼定類別 The last character of an agency's code says it.", "")
    yield table(
        ("末碼 last", "類別 kind", "中文", "學校 school", "未載明時之勤務型態 pattern where not stated"),
        (
            (", ".join(last), kind.name, kind.zh, "✓" if kind.is_school else "", kind.pattern)
            for kind, last in last_characters().items()
        ),
    )
    limits, quotas = packaged_overtime_limits().rows, packaged_quotas().periods
    yield from ("", "### 加班上限 Limits of overtime (hours)", "", _OFF, "")
    yield table(limits.columns, limits.iter_rows())
    yield from ("", "### 假別日數上限 Quotas of leave", "", _OFF, "")
    yield table(quotas.columns, quotas.iter_rows())
    yield ""


_PATTERNS = (
    "檔案載明之 `work_pattern` 為準；未載明者依機關類別；教師為辦公日（寒暑假期間不明），未載明者視為免刷卡。"
    "`shift` 而無該員之 `shifts` 者，勤務日不明；不明者不評估。"
    "What the document states holds; where it states nothing, the kind of agency; teachers keep office days (in "
    "vacations it is not known), and do not clock unless it is stated. Of `shift` without any row of `shifts` the days "
    "are not known. What is not known is not evaluated."
)
_OFF = (
    "列載對象最多者優先，同者以後列為準；`switch` 為 off 者，原文尚未取得，該等人員不評估，"
    "平臺得以設定 `rows_switched_on` 啟用。"
    "The row that names most counts, of equals the later; where `switch` is off nobody has read the source, and its "
    "people are not evaluated until the setting `rows_switched_on` names the row."
)


def places_of(rule: Rule) -> list[str]:
    """The properties that a rule looks at, as `leaves[].hours`; empty where it is about the document."""
    forms = [form for form in record_rules(packaged_leave_types()) if form.id == rule.id]
    return [f"{dataset}[].{form.field}" for form in forms for dataset in form.datasets]


def life_of(rule: Rule) -> list[str]:
    """The periods of a rule's life, in words; empty where it never changed."""
    return [] if rule.life == always(rule.severity) else [_in_words(period) for period in rule.life]


def _in_words(period: Period) -> str:
    since = f"{period.first} 起 from {period.first}" if period.first else "自始 from the beginning"
    until = f"，至 {period.last} to {period.last}" if period.last else ""
    return f"{since}{until}：{period.severity} {_SEVERITIES[period.severity]}"


def _section(rule: Rule) -> str:
    anchor = f'<a id="{rule.id.lower()}"></a>'
    heading = f"## {anchor}{rule.id} {rule.title}"
    return "\n".join([heading, "", f"{rule.title_en} · **{rule.severity}**", "", *_lines(rule), "", *_cases(rule)])


def _lines(rule: Rule) -> Iterator[str]:
    yield f"- 為何 Why: {rule.why}"
    yield f"- 適用 For whom: {rule.whom.zh} {rule.whom.en}"
    places = places_of(rule)
    if places:
        yield f"- 檢查欄位 Looks at: {', '.join(f'`{place}`' for place in places)}"
    if isinstance(rule, RecordRule) and rule.unless:
        yield f"- 不評估 Unless: {', '.join(rule.unless)}"
    for period in life_of(rule):
        yield f"- 施行 In force: {period}"
    yield f"- 訊息 Message: {rule.message}"
    yield f"- {rule.message_en}"
    if rule.note:
        yield f"- 註 Note: {rule.note}"


def _cases(rule: Rule) -> Iterator[str]:
    for case in cases().get(rule.id, ()):
        mark = "✗ 檢出 found" if case.trips else "✓ 不檢出 not found"
        values = "、".join(str(one["value"]) for one in case.finds if "value" in one)
        yield f"{mark}{f'（{values}）' if values else ''} — {case.title} {case.title_en}"
        yield ""
        yield from _excerpt(case)


def _excerpt(case: Case) -> Iterator[str]:
    said = {name: value for name, value in case.said.items() if name not in _NOT_SHOWN}
    if not said:
        return
    if "text" in said:
        yield from ("```", str(said["text"]).rstrip("\n"), "```", "")
        return
    yield from ("```json", *_as_json(said), "```", "")


def _as_json(said: Mapping[str, Any]) -> Iterator[str]:
    """A line for each property, and for each record of an array."""
    for name, value in said.items():
        if isinstance(value, list) and len(value) > 1:
            yield f'"{name}": ['
            yield from (f"  {json.dumps(one, ensure_ascii=False, default=str)}," for one in value)
            yield "]"
        else:
            yield f'"{name}": {json.dumps(value, ensure_ascii=False, default=str)}'


if __name__ == "__main__":
    print(rules_page(), end="")  # noqa: T201  (what this program is for)

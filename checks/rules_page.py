"""The rule catalogue as a page, `docs/rules.md`: generated from the rules and their cases, kept by a test.

`python -m checks.rules_page > docs/rules.md`
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from checks.cases import Case, cases
from checks.catalogue import Period, RecordRule, Rule, always
from checks.leave_types import packaged_leave_types
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
W202、W206、W207、W209 於入檔後跨檔計算，遲到或更正的月份會使受影響的月份重算。
W202, W206, W207 and W209 look across submissions, after entry, and again when a late or corrected month arrives.
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
    contents = "\n".join(
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {rule.title} | {rule.title_en} |" for rule in rules
    )
    table = f"\n| 規則 | 嚴重度 | 內容 | what it finds |\n|---|---|---|---|\n{contents}\n"
    return _INTRODUCTION + table + "".join(f"\n{_section(rule)}" for rule in rules)


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

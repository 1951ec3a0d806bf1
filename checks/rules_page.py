"""The rule catalogue as a page, `docs/rules.md`: generated from the rules, kept by a test.

`python -m checks.rules_page > docs/rules.md`
"""

from collections.abc import Iterator

from checks.catalogue import RecordRule, Rule, always
from checks.leave_types import packaged_leave_types
from checks.rule_set import all_rules
from checks.rules.evaluate import record_rules

_INTRODUCTION = """# 檢核規則 Rule catalogue

本頁由規則本身產生，請勿手動修改。This page is generated from the rules; do not edit it.

- **fatal** 整份退件，機關當月原有資料不變。Refuses the document; what the agency-month held stays.
- **error** 該筆不入檔，其餘照入。Refuses the record and lets the others in.
- **warning** 入檔並請機關確認。Lets the record in and asks the agency to confirm or mend.

F 規則一次列出全部錯誤，語法錯誤（F001、F002）除外，因為其後無法再讀。All F faults are told in one go, except that a
syntax fault (F001, F002) ends the reading. A rule whose footing has failed another is not evaluated ("unless").
A refused record makes no other record fail. Where the catalogue leaves something open:
[decision 0005](decisions/0005-what-the-format-leaves-open.md).
"""


def rules_page() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(f"\n{_section(rule)}" for rule in all_rules().values())


def _section(rule: Rule) -> str:
    return "\n".join(
        [f"## {rule.id} {rule.title}", "", f"{rule.title_en} · **{rule.severity}**", "", *_lines(rule), ""]
    )


def _lines(rule: Rule) -> Iterator[str]:
    yield f"- 為何 Why: {rule.why}"
    if isinstance(rule, RecordRule):
        forms = [form for form in record_rules(packaged_leave_types()) if form.id == rule.id]
        places = [f"`{dataset}[].{form.field}`" for form in forms for dataset in form.datasets]
        yield f"- 檢查欄位 Looks at: {', '.join(places)}"
        if rule.unless:
            yield f"- 不評估 Unless: {', '.join(rule.unless)}"
    if rule.life != always(rule.severity):
        periods = (f"{period.first or ''}–{period.last or ''} {period.severity}" for period in rule.life)
        yield f"- 施行 In force: {'; '.join(periods)}"
    yield f"- 訊息 Message: {rule.message}"
    yield f"- {rule.message_en}"


if __name__ == "__main__":
    print(rules_page(), end="")  # noqa: T201  (what this program is for)

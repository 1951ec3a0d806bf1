"""Findings as people read them: grouped by severity, the place first as a compiler says it, Chinese, then English."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checks.model.roc import roc_month_text
from pipelines.cli.console import printable, say

#: In this order; severity → heading.
SEVERITIES = {
    "fatal": "整份退件 fatal",
    "error": "該筆退件 errors",
    "warning": "請確認 warnings",
}
UNKNOWN_AGENCY = "機關不明 agency unknown"
UNKNOWN_MONTH = "年月不明 month unknown"

_COUNTED = {
    "fatal": "致命錯誤 fatal",
    "error": "錯誤 errors",
    "warning": "警告 warnings",
}


def agency_month(agency_code: str | None, month: str | None) -> str:
    """`376500000A 110年6月`, or what is not known."""
    return f"{agency_code or UNKNOWN_AGENCY} {roc(month)}"


def roc(month: str | None) -> str:
    """`110年6月`; what is no month of the ROC calendar as it stands."""
    if not month:
        return UNKNOWN_MONTH
    try:
        return roc_month_text(month)
    except ValueError:
        return printable(month)


def tally(findings: Iterable[Mapping[str, Any]], unlisted: Mapping[str, int] | None = None) -> str:
    """`2 錯誤 errors, 1 警告 warnings`, and the fatal ones that are `unlisted`; empty where there is nothing."""
    counts = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        counts[finding["severity"]] += 1
    counts["fatal"] += sum((unlisted or {}).values())
    return "、".join(f"{count:,} {_COUNTED[severity]}" for severity, count in counts.items() if count)


def say_findings(findings: Sequence[Mapping[str, Any]], unlisted: Mapping[str, int] | None = None) -> None:
    """Print the findings, worst severity first, each on two lines; `unlisted`: rule → fatal ones that are not there."""
    for severity, heading in SEVERITIES.items():
        group = [finding for finding in findings if finding["severity"] == severity]
        if not group:
            continue
        more = (unlisted or {}) if severity == "fatal" else {}
        say(f"  {heading} ({_number(len(group), more)})")
        for finding in group:
            where = f"{finding['line'] or '-'}:{finding['column'] or '-'}"
            say(f"    {where} {finding['rule']} {_record(finding)}{printable(finding['message'])}{_values(finding)}")
            say(f"    {' ' * len(where)} {printable(finding['message_en'])}")
            if finding.get("explanation"):
                say(f"    {' ' * len(where)} {_explanation(finding['explanation'])}")


def _number(listed: int, unlisted: Mapping[str, int]) -> str:
    """`3`, or that they are the first of more, and of which rules the others are."""
    if not unlisted:
        return f"{listed:,}"
    total = f"{listed + sum(unlisted.values()):,}"
    rules = "、".join(f"{rule} {number:,}" for rule, number in unlisted.items())
    return f"共 {total} 件，僅列前 {listed:,} 件 the first {listed:,} of {total}; 未列 not listed: {rules}"


def _explanation(answer: Mapping[str, Any]) -> str:
    words = f": {printable(answer['text'])}" if answer["text"] else ""
    return f"✓ 已說明 explained: {answer['code']}{words} ({printable(answer['by'])}, {answer['at'][:10]})"


def _record(finding: Mapping[str, Any]) -> str:
    """`A12****789 2021-06-03 08:30–17:30 leaves[3] L-0004 end: ` as far as it is known."""
    dataset, index, record_id, field = (finding[name] for name in ("dataset", "index", "record_id", "field"))
    place = "" if dataset is None else dataset if index is None else f"{dataset}[{index}]"
    parts = [printable(part) for part in (finding.get("whom"), finding.get("dates"), place, record_id, field) if part]
    return f"{' '.join(parts)}: " if parts else ""


def _values(finding: Mapping[str, Any]) -> str:
    """The value found and the one expected, where the finding has them."""
    parts = [
        f"{title} {printable(finding[name])}"
        for name, title in (("value", "檢出 found"), ("expected", "應為 expected"))
        if finding[name] is not None
    ]
    return f" ({'; '.join(parts)})" if parts else ""

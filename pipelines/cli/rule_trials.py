"""`attendance rules preview|replay`: what a rule, or the rules of today, would make of what is stored."""

from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, progress, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError
from pipelines.cli.rules import RuleId, known_rule

if TYPE_CHECKING:
    from assets.rule_trials import Difference, Failing, Replayed

#: Agency-months that the terminal lists; JSON has all of them.
_LISTED = 20

_First = Annotated[
    str | None, typer.Option("--from", parser=options.month, metavar="YYYY-MM", help="起始年月，預設全部 first month")
]
_Last = Annotated[
    str | None, typer.Option("--to", parser=options.month, metavar="YYYY-MM", help="截止年月，預設全部 last month")
]


class _Severity(StrEnum):
    """What a rule can be tried as."""

    WARNING = "warning"
    ERROR = "error"


def add_to(group: typer.Typer) -> None:
    """Register the commands in `attendance rules`."""
    group.command("preview", short_help="試算一條規則 who would fail a rule")(preview)
    group.command("replay", short_help="以現行規則重算比對 the rules of today on what is stored")(replay)


def preview(
    rule: RuleId,
    first: _First = None,
    last: _Last = None,
    severity: Annotated[
        _Severity | None, typer.Option("--as", help="試為此嚴重度，預設為規則現行者 default: the rule's own")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """試算：若該規則自始施行，哪些機關月份不符；不更動任何資料 Who would fail the rule; nothing is changed."""
    from assets.rule_trials import TrialRefused
    from assets.rule_trials import preview as preview_rule
    from checks.findings import Severity
    from pipelines.cli.platform import opened

    found = known_rule(rule)
    _in_order(first, last)
    with opened() as platform, progress("試算 trying") as advance:
        try:
            tried = preview_rule(
                platform,
                found,
                Severity(severity) if severity else None,
                first=first or "",
                last=last or "9999-12",
                on_progress=lambda done, total: advance(completed=done, total=total),
            )
        except TrialRefused as error:
            raise CannotError(str(error)) from error
    failing = tried.failing
    if tried.not_evaluated:
        note(
            f"{tried.agency_months:,} 個機關月份中有 {tried.not_evaluated:,} 個無從評估（當月無此上限，或往月不足） "
            "agency-months not evaluated: no such limit then, or no months before"
        )
    if output is Format.JSON:
        for one in failing:
            say_json(asdict(one))
        return
    say(
        f"{found.id} {found.title} {found.title_en}: {tried.agency_months:,} 個機關月份中 agency-months, "
        f"{len(failing):,} 個不符 fail it, "
        f"{sum(one.findings for one in failing):,} 項檢出 findings, "
        f"{sum(one.refused_more for one in failing):,} 筆會因此退件 records refused by it"
    )
    _by_month(failing)
    _worst(failing)


def replay(first: _First = None, last: _Last = None, output: options.Format = Format.TEXT) -> None:
    """以現行規則重新檢核已存資料並與原結果比對；有不同則結束代碼為 1 Compare the rules of today with what was said."""
    from assets.rule_trials import replay as replay_all
    from pipelines.cli.platform import opened

    _in_order(first, last)
    with opened() as platform, progress("重算 replaying") as advance:
        replayed = replay_all(
            platform,
            first=first or "",
            last=last or "9999-12",
            on_progress=lambda done, total: advance(completed=done, total=total),
        )
    if replayed.reviews_waiting:
        note("未比對跨檔規則，請先執行 attendance run rules across submissions left out: attendance run first")
    if replayed.refused_no_more:
        note(
            f"{replayed.refused_no_more:,} 份退件依現行規則可入檔，須由機關重新報送 refused documents would be let in "
            "today: their agencies hand them in again"
        )
    if output is Format.JSON:
        for one in replayed.differences:
            say_json(asdict(one))
    else:
        _tell(replayed)
    raise typer.Exit(FAULTS_FOUND if replayed.differences else DONE)


def _in_order(first: str | None, last: str | None) -> None:
    """Months in the wrong order would quietly be none."""
    if first and last and last < first:
        raise CannotError(f"--to {last} 早於 --from {first} lies before it")


def _by_month(failing: list["Failing"]) -> None:
    agencies = Counter(one.month for one in failing)
    findings: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for one in failing:
        findings[one.month] += one.findings
        refused[one.month] += one.refused_more
    rows = [(month, agencies[month], findings[month], refused[month]) for month in sorted(agencies)]
    if rows:
        table("各月 by month", ("年月 month", "機關 agencies", "檢出 findings", "退件 refused"), rows)


def _worst(failing: list["Failing"]) -> None:
    worst = sorted(failing, key=lambda one: (-one.findings, one.month, one.agency_code))
    rows = [(one.agency_code, one.month, one.findings, one.records, one.refused_more) for one in worst[:_LISTED]]
    if rows:
        headings = ("機關 agency", "年月 month", "檢出 findings", "紀錄 records", "退件 refused")
        table("檢出最多者 most findings", headings, rows)
    if len(worst) > _LISTED:
        say(f"…另有 {len(worst) - _LISTED:,} 個機關月份，請用 --format json and more; --format json has them all")


def _tell(replayed: "Replayed") -> None:
    found = replayed.differences
    if not found:
        say(f"{replayed.submissions:,} 份報送的檢核結果與現行規則一致 nothing differs by the rules of today")
        return
    say(
        f"{replayed.submissions:,} 份報送中，{len({one.submission_id for one in found}):,} 份結果不同 differ; "
        "attendance rebuild --accept-changes 依現行規則重新檢核 judges them anew"
    )
    rows = [(one.rule, one.severity, one.before, one.now, one.differing) for one in replayed.totals]
    columns = ("規則 rule", "嚴重度 severity", "原 before", "現 now", "不同之機關月份 agency-months that differ")
    table("各規則檢出數 findings by rule", columns, rows)
    if others := sum(not one.rule for one in found):
        say(
            f"另有 {others:,} 份報送僅退件或警告筆數不同 submissions with as many findings, but other numbers of "
            "records refused or warned of"
        )
    listed = [
        (one.agency_code, one.month, one.submission_id[:12], _name(one), one.before, one.now) for one in found[:_LISTED]
    ]
    headings = ("機關 agency", "年月 month", "報送 submission", "規則 rule", "原 before", "現 now")
    table("不同之處 differences", headings, listed)
    if len(found) > _LISTED:
        say(f"…另有 {len(found) - _LISTED:,} 項，請用 --format json and more; --format json has them all")


def _name(one: "Difference") -> str:
    return f"{one.rule} {one.severity}" if one.rule else "筆數 counts"

"""`attendance status` and `attendance findings`: what has come in, and what is wrong with it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.words import STATES
from pipelines.cli import options
from pipelines.cli.console import Format, note, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError
from pipelines.cli.findings_text import agency_month, roc, say_findings, tally
from pipelines.cli.look_text import as_json, overdue_of, say_authorities, say_lately, say_look, spoken

if TYPE_CHECKING:
    from assets.look import Look
    from assets.platform import Platform
    from assets.standing_findings import Standing

_FAULTY = {"refused", "entered_with_errors"}
_LISTED = ("missing", "refused", "entered_with_errors")
_ENTERED = ("entered", "entered_with_errors")
#: Of what was entered and came before its month had ended.
_EARLY_ZH, _EARLY_EN = "月份未結束即報送", "came before the month ended"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("status", short_help="入檔情形 who owes what, what has come in")(status)
    app.command("findings", short_help="檢誤結果 findings of an agency and month")(findings)


def status(
    month: options.OptionalMonth = None,
    as_of: options.AsOf = None,
    authority: options.Authority = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE", help="圖表存成 .png 或 .svg the charts, in a file")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """入檔情形一覽：誰未報送、自何時、已提醒誰、何者最差、昨日以來的異動 Who owes what since when, in one look.

    Of one month: its totals, then each agency that is missing, refused or has errors. Without: all months whose year
    is not closed.
    """
    from assets.look import look
    from pipelines.cli.platform import opened

    with opened(to_read=True) as platform:
        one = look(platform, month, as_of=as_of, authority=authority)
        rows = status_rows(platform, month, as_of, authority) if month else []
        waiting = _waiting(platform, month)
    if waiting and as_of is None:
        runs = f"attendance run --month {month}" if month else "attendance run"
        note(f"另有 {waiting:,} 份已收件而未檢核 {waiting:,} received and not checked yet: {runs}")
    if chart is not None:
        _write_chart(one, chart)
    if output is Format.JSON:
        for row in rows if month else [as_json(one)]:
            say_json(row)
    elif month:
        say_status(month, rows, as_of, one)
    else:
        say_look(one)
    refused = any(debtor.refused for debtor in one.late.debtors)
    raise typer.Exit(FAULTS_FOUND if refused or any(row["state"] in _FAULTY for row in rows) else DONE)


def _write_chart(one: "Look", file: Path) -> None:
    from assets.charts import picture, rendered
    from warehouse.export import appearing_whole

    kind = file.suffix.lower().removeprefix(".")
    if kind not in {"png", "svg"}:
        raise CannotError(f"{file}: 圖表存成 .png 或 .svg a chart is a .png or an .svg")
    with appearing_whole(file) as unfinished:
        unfinished.write_bytes(rendered(picture(one), kind))
    note(f"圖表 charts → {file}")


def status_rows(
    platform: "Platform", month: str, as_of: datetime | None, authority: str | None = None
) -> list[dict[str, Any]]:
    """Rows of `reports.submission_status`: as published, or from the ledger as of a moment or where nothing is yet."""
    from pipelines.cli.report import report_frame, rows_of
    from warehouse.publish.fetching import newest_here

    newest_here(platform.home, platform.clock(), platform.grace)
    now = None if platform.home.warehouse.exists() else platform.clock()
    of_year = int(month[:4])
    return rows_of(report_frame(platform, "submission_status", of_year, month, authority=authority, as_of=as_of or now))


def _waiting(platform: "Platform", month: str | None) -> int:
    """Documents that wait to be checked, of the month or of all."""
    from sqlalchemy import func, select

    from warehouse.ledger import lifecycle
    from warehouse.ledger.engine import reading
    from warehouse.ledger.models import Submission

    query = select(func.count()).select_from(Submission).where(Submission.state == lifecycle.RECEIVED)
    with reading(platform.engine) as session:
        return session.scalar(query if month is None else query.where(Submission.month == month)) or 0


def say_status(
    month: str, rows: list[dict[str, Any]], as_of: datetime | None = None, look: "Look | None" = None
) -> None:
    """Print the totals, then each agency that is missing, refused or has errors; of a look the rest of it too."""
    counts = Counter(row["state"] for row in rows)
    late, early = sum(row["on_time"] is False for row in rows), sum(map(_is_early, rows))
    totals = [(title, f"{counts[state]:,}") for state, title in STATES.items()]
    totals += [("其中逾期 of these late", f"{late:,}"), (f"其中{_EARLY_ZH} of these {_EARLY_EN}", f"{early:,}")]
    totals += [("合計 agencies", f"{len(rows):,}")]
    if as_of:
        say(f"{as_of:%Y-%m-%d %H:%M} 所知的情形 as it was known then")
    table(f"入檔情形 submission status, {roc(month)}", ("狀態 state", "機關數 agencies"), totals, numbers=[1])
    if look and look.late.months:
        due, closes = look.late.months[0].deadline, look.corrections_close[month]
        say(f"  期限 due until {spoken(due)}，更正截止 corrections close {spoken(closes)}")
    listed = sorted(
        (row for row in rows if row["state"] in _LISTED or _is_early(row)),
        key=lambda row: (_listed_under(row), row["agency_code"]),
    )
    if listed:
        owed = overdue_of(look) if look else {}
        headings = (
            *("機關代碼 code", "機關名稱 name", "狀態 state", "期限 due until", "提醒 reminded", "送達 received"),
            *("致命 fatal", "錯誤 errors", "警告 warnings"),
        )
        lines = [_status_line(row, *owed.get(row["agency_code"], ("", ""))) for row in listed]
        table("未報送、退件或有誤 missing, refused or with errors", headings, lines, numbers=[6, 7, 8])
    if look:
        say_authorities(look)
        say_lately(look)


def _status_line(row: Mapping[str, Any], due: str, reminder: str) -> tuple[object, ...]:
    received = f"{row['received_at']:%Y-%m-%d %H:%M}" if row["received_at"] else None
    counts = (row["fatal"], row["errors"], row["warnings"])
    state = f"{_EARLY_ZH} {_EARLY_EN}" if _is_early(row) else STATES[row["state"]]
    return (row["agency_code"], row["agency_name"], state, due, reminder, received, *counts)


def _is_early(row: Mapping[str, Any]) -> bool:
    """Whether what was entered came before the month had ended, so that the agency still owes it."""
    return row["on_time"] is None and row["state"] in _ENTERED


def _listed_under(row: Mapping[str, Any]) -> int:
    """Where a row is listed: who owes the month first."""
    return 0 if _is_early(row) else _LISTED.index(row["state"])


def findings(
    agency: options.Agency,
    month: options.Month,
    file: options.ErrorReport = None,
    output: options.Format = Format.TEXT,
) -> None:
    """檢誤結果：採計的報送及其後的退件 Findings of what the agency's month counts, and of what was refused since."""
    from assets.error_report import write_error_report
    from assets.standing_findings import standing_findings
    from assets.standing_report import reported
    from pipelines.cli.platform import opened

    with opened(to_read=True) as platform:
        standing = standing_findings(platform, agency, month)
        if file is not None:
            write_error_report(reported(platform, standing), file)
    if file is not None:
        note(f"檢誤報告 error report → {file}")
    if standing.waiting:
        note(f"有報送尚未檢核 some are received and not yet checked: attendance run --month {month} --agency {agency}")
    if output is Format.JSON:
        for row in standing.findings:
            say_json(row)
    else:
        _say_standing(agency, month, standing)
    raise typer.Exit(FAULTS_FOUND if any(row["severity"] != "warning" for row in standing.findings) else DONE)


def _say_standing(agency: str, month: str, standing: "Standing") -> None:
    from assets.standing_findings import may_have_more

    explained = sum(row["explanation"] is not None for row in standing.findings)
    answered = f"，其中已說明 of these explained {explained:,}" if explained else ""
    say(f"檢誤結果 findings: {agency_month(agency, month)}: {tally(standing.findings) or '無 none'}{answered}")
    if not standing.submissions:
        say("  沒有檢核過的報送 no submission of this month has been checked")
    for one in standing.submissions:
        received = f"{one.last_received_at:%Y-%m-%d %H:%M}"
        say(f"  {STATES[one.state]}: {one.submission_id} ({one.channel}, 送達 received {received})")
        say_findings(standing.of(one.submission_id))
        if may_have_more(one):
            say("  僅列前若干件，可能另有其他 the first of them: there may be more")

"""`attendance status` and `attendance findings`: what has come in, and what is wrong with it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND
from pipelines.cli.findings_text import agency_month, roc, say_findings, tally

if TYPE_CHECKING:
    from assets.error_report import Reported
    from assets.platform import Platform
    from assets.standing_findings import Standing
    from warehouse.receipts import Receipt

#: State → what it is called, in the order of the totals; the last three are listed agency by agency.
STATES = {
    "entered": "入檔 entered",
    "entered_with_errors": "入檔有誤 entered with errors",
    "refused": "退件 refused",
    "missing": "未報送 missing",
}
#: Characters of a submission's id that tell it from the others.
_ID_SHOWN = 12
_FAULTY = {"refused", "entered_with_errors"}
_LISTED = ("missing", "refused", "entered_with_errors")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("status", short_help="入檔情形 what has come in of a month")(status)
    app.command("findings", short_help="檢誤結果 findings of an agency and month")(findings)


def status(month: options.Month, as_of: options.AsOf = None, output: options.Format = Format.TEXT) -> None:
    """入檔情形：合計，以及未報送、退件、有誤的機關 Totals, then each agency that is missing, refused or has errors."""
    from pipelines.cli.platform import opened

    with opened() as platform:
        rows = status_rows(platform, month, as_of)
        waiting = _waiting(platform, month)
    if waiting and as_of is None:
        note(
            f"另有 {waiting:,} 份已收件而未檢核 {waiting:,} received and not checked yet: "
            f"attendance run --month {month}"
        )
    if output is Format.JSON:
        for row in rows:
            say_json(row)
    else:
        say_status(month, rows, as_of)
    raise typer.Exit(FAULTS_FOUND if any(row["state"] in _FAULTY for row in rows) else DONE)


def status_rows(platform: "Platform", month: str, as_of: datetime | None) -> list[dict[str, Any]]:
    """Rows of `reports.submission_status`: as published, or from the ledger as of a moment or where nothing is yet."""
    from pipelines.cli.report import report_rows
    from warehouse.publish.fetching import newest_here

    newest_here(platform.home, platform.clock(), platform.grace)
    now = None if platform.home.warehouse.exists() else platform.clock()
    return report_rows(platform, "submission_status", int(month[:4]), month, as_of=as_of or now)


def _waiting(platform: "Platform", month: str) -> int:
    from warehouse.ledger.engine import reading
    from warehouse.ledger.entries import pending

    with reading(platform.engine) as session:
        return len(pending(session, month))


def say_status(month: str, rows: list[dict[str, Any]], as_of: datetime | None = None) -> None:
    """Print the totals, then each agency that is missing, refused or has errors."""
    counts = Counter(row["state"] for row in rows)
    late = sum(row["on_time"] is False for row in rows)
    totals = [(title, f"{counts[state]:,}") for state, title in STATES.items()]
    totals += [("其中逾期 of these late", f"{late:,}"), ("合計 agencies", f"{len(rows):,}")]
    if as_of:
        say(f"{as_of:%Y-%m-%d %H:%M} 所知的情形 as it was known then")
    table(f"入檔情形 submission status, {roc(month)}", ("狀態 state", "機關數 agencies"), totals, numbers=[1])
    listed = sorted(
        (row for row in rows if row["state"] in _LISTED),
        key=lambda row: (_LISTED.index(row["state"]), row["agency_code"]),
    )
    if listed:
        table(
            "未報送、退件或有誤 missing, refused or with errors",
            (
                "機關代碼 code",
                "機關名稱 name",
                "狀態 state",
                "送達 received",
                "致命 fatal",
                "錯誤 errors",
                "警告 warnings",
            ),
            [_status_line(row) for row in listed],
            numbers=[4, 5, 6],
        )


def _status_line(row: Mapping[str, Any]) -> tuple[object, ...]:
    received = f"{row['received_at']:%Y-%m-%d %H:%M}" if row["received_at"] else None
    counts = (row["fatal"], row["errors"], row["warnings"])
    return (row["agency_code"], row["agency_name"], STATES[row["state"]], received, *counts)


def findings(
    agency: options.Agency,
    month: options.Month,
    file: options.ErrorReport = None,
    output: options.Format = Format.TEXT,
) -> None:
    """檢誤結果：採計的報送及其後的退件 Findings of what the agency's month counts, and of what was refused since."""
    from assets.error_report import write_error_report
    from assets.standing_findings import standing_findings
    from pipelines.cli.platform import opened

    with opened() as platform:
        standing = standing_findings(platform, agency, month)
        if file is not None:
            write_error_report([_reported(platform, standing, one) for one in standing.submissions], file)
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


def _reported(platform: "Platform", standing: "Standing", one: "Receipt") -> "Reported":
    from assets.error_report import Reported
    from checks.causes import record_days

    found = standing.of(one.submission_id)
    return Reported(
        name=one.submission_id[:_ID_SHOWN],
        agency_code=one.agency_code,
        agency_name=_name_of(platform, one.agency_code),
        month=one.month,
        when=f"{one.last_received_at:%Y-%m-%d %H:%M}",
        counts=one.counts,
        findings=found,
        days=record_days(platform.landing.read(one.submission_id)) if found else {},
    )


def _name_of(platform: "Platform", agency: str) -> str | None:
    from sqlalchemy import select

    from warehouse.ledger.engine import reading
    from warehouse.ledger.models import Agency

    with reading(platform.engine) as session:
        of_it = select(Agency.name).where(Agency.agency_code == agency).order_by(Agency.active_from.desc())
        return session.scalars(of_it).first()


def _say_standing(agency: str, month: str, standing: "Standing") -> None:
    explained = sum(row["explanation"] is not None for row in standing.findings)
    answered = f"，其中已說明 of these explained {explained:,}" if explained else ""
    say(f"檢誤結果 findings: {agency_month(agency, month)}: {tally(standing.findings) or '無 none'}{answered}")
    if not standing.submissions:
        say("  沒有檢核過的報送 no submission of this month has been checked")
    for one in standing.submissions:
        received = f"{one.last_received_at:%Y-%m-%d %H:%M}"
        say(f"  {STATES[one.state]}: {one.submission_id} ({one.channel}, 送達 received {received})")
        say_findings(standing.of(one.submission_id))

"""`attendance check`: the format check of files, without submitting or writing anything.

It is what an agency runs a hundred times while it mends a file, so nothing is imported before it is needed.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, progress, say, say_json
from pipelines.cli.failures import DONE, FAULTS_FOUND

if TYPE_CHECKING:
    from assets.error_report import Reported
    from assets.working_days import WorkingDays
    from checks.bulk import CheckedDocument
    from checks.context import AgencyLookup, CheckContext

#: Checked together: enough to use both cores, little enough that the first answer comes soon.
BATCH_BYTES = 16 << 20
BATCH_FILES = 200
#: No document is of an earlier month.
_FIRST_MONTH = "2021-01"
_NO_REGISTER = "沒有機關代碼檔 no register at hand"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("check", short_help="檢核檔案，不報送 check files; submits nothing")(check)


def check(
    files: options.Files,
    agency: options.OptionalAgency = None,
    month: options.OptionalMonth = None,
    today: Annotated[
        Any, typer.Option(parser=options.day, metavar="YYYY-MM-DD", help="以此日判斷未來月份 the day F012 goes by")
    ] = None,
    file: options.ErrorReport = None,
    output: options.Format = Format.TEXT,
) -> None:
    """檢核檔案，不報送、不寫入 Check files: every finding; submits nothing, writes nothing."""
    context, why_no_register = context_of_this_place(today)
    counts = {"files": 0, "faulty": 0}
    explained = False
    reported = []
    with progress("檢核 checking") as advance:
        for name, data, checked in checked_files(files, context, agency, month):
            ok = is_ok(checked)
            counts["files"] += 1
            counts["faulty"] += not ok
            if output is Format.JSON:
                more = {"unlisted": checked.unlisted} if checked.unlisted else {}
                say_json({"file": name, "ok": ok, "findings": findings_of(checked), **more})
            else:
                _say_file(name, checked, agency, month, ok=ok)
            if file is not None:
                reported.append(_reported(name, data, checked))
            if not explained:
                explained = True
                _explain(checked.not_evaluated, why_no_register, to_stderr=output is Format.JSON)
            advance()
    if file is not None:
        from assets.error_report import write_error_report

        write_error_report(reported, file)
        note(f"檢誤報告 error report → {file}")
    if output is Format.TEXT and counts["files"] > 1:
        say(f"共 {counts['files']:,} 檔，{counts['faulty']:,} 檔有誤 files: {counts['files']:,}, with faults: "
            f"{counts['faulty']:,}")  # fmt: skip
    raise typer.Exit(FAULTS_FOUND if counts["faulty"] else DONE)


def findings_of(checked: "CheckedDocument") -> list[dict[str, Any]]:
    """Its findings, with the properties that a finding is printed with."""
    from checks.findings import FINDING_SCHEMA

    return checked.findings.select(*FINDING_SCHEMA).to_dicts()


def is_ok(checked: "CheckedDocument") -> bool:
    """Whether nothing keeps the document or one of its records out; warnings do not."""
    return set(checked.findings["severity"]) <= {"warning"}


def checked_files(
    paths: Sequence[Path], context: "CheckContext", agency: str | None = None, month: str | None = None
) -> Iterator[tuple[str, bytes, "CheckedDocument"]]:
    """Each file with its bytes and what the check says of it, in order, a batch at a time.

    Folders and archives are their files; `agency` and `month` are what they would be submitted for.  Raises OSError
    where a file cannot be read and `assets.channels.documents.ArchiveRefused` for an archive that is damaged or a trap.
    """
    from checks.bulk import check_documents
    from checks.format.identify import as_filed

    for batch in _batches(paths, context.limits.max_bytes):
        documents = [as_filed(data, agency, month) for _, data in batch]
        for (name, data), checked in zip(batch, check_documents(documents, context).documents, strict=True):
            yield name, data, checked


def _reported(name: str, data: bytes, checked: "CheckedDocument") -> "Reported":
    from assets.error_report import Reported
    from checks.causes import record_days
    from warehouse.deadlines import TAIPEI

    found = findings_of(checked)
    return Reported(
        name=Path(name).name,
        agency_code=checked.agency_code,
        agency_name=None,
        month=checked.month,
        when=f"{datetime.now(TAIPEI):%Y-%m-%d %H:%M}",
        counts=checked.counts,
        findings=found,
        unlisted=checked.unlisted,
        days=record_days(data) if found else {},
    )


def _batches(paths: Sequence[Path], max_bytes: int) -> Iterator[list[tuple[str, bytes]]]:
    """The documents in batches; what was read before an unreadable one is still given, then the error is raised."""
    from assets.channels.documents import ArchiveRefused, ReadLimits, read_submissions

    batch: list[tuple[str, bytes]] = []
    size = 0
    try:
        for name, data in read_submissions(paths, ReadLimits(max_bytes=max_bytes)):
            batch.append((name, data))
            size += len(data)
            if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                yield batch
                batch, size = [], 0
    except (OSError, ArchiveRefused):
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def context_of_this_place(today: date | None) -> "tuple[CheckContext, str]":
    """The check's context: limits and register of this installation where there is one.

    The second is why there is no register, in both languages; empty where there is one.
    """
    from checks.context import CheckContext
    from warehouse.deadlines import TAIPEI

    day = today or datetime.now(TAIPEI).date()
    if not is_an_installation():
        return CheckContext(day), _NO_REGISTER
    from checks.limit_tables import limit_tables
    from pipelines.settings import load_settings

    settings = load_settings()
    agencies, days, why = _known(settings.place.ledger_url, f"{day:%Y-%m}")
    limits = limit_tables(settings.rows_switched_on).overtime_limits
    return CheckContext(day, settings.check_limits, agencies, overtime_limits=limits, **days._asdict()), why


def is_an_installation() -> bool:
    """Whether there is anything to load: without settings and without a home, the file alone is enough."""
    return any(name.startswith("ATTENDANCE_") for name in os.environ) or Path("data").is_dir()


def _known(ledger_url: str, this_month: str) -> "tuple[AgencyLookup | None, WorkingDays, str]":
    """The register and the days where this installation has them; only read, and their absence is no fault."""
    from urllib.parse import quote

    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from assets.working_days import WorkingDays, load_working_days
    from warehouse.register.agencies import RegisterAgencies

    url = make_url(ledger_url)
    if url.get_backend_name() == "sqlite":
        if not Path(str(url.database)).exists():
            return None, WorkingDays(), _NO_REGISTER
        # Even a reader leaves files beside a ledger in WAL mode; while nobody has it open, it can be read without.
        how = {"mode": "ro"} if Path(f"{url.database}-wal").exists() else {"immutable": "1"}
        url = url.set(database=f"file:{quote(str(url.database))}", query={**how, "uri": "true"})
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            agencies = RegisterAgencies(session)
            days = load_working_days(session, [_FIRST_MONTH, this_month])
    except SQLAlchemyError as error:
        reason = "機關代碼檔無法讀取，請執行 attendance doctor the register cannot be read"
        return None, WorkingDays(), f"{reason} ({type(error).__name__})"
    finally:
        engine.dispose()
    return (agencies, days, "") if agencies.periods else (None, days, _NO_REGISTER)


def _say_file(name: str, checked: "CheckedDocument", agency: str | None, month: str | None, *, ok: bool) -> None:
    from pipelines.cli.findings_text import agency_month, say_findings, tally

    findings = findings_of(checked)
    verdict = "整份退件 refused" if checked.refused else "合格 ok" if ok else "部分退件 entered in part"
    whose = agency_month(checked.agency_code or agency, checked.month or month)
    say(f"{printable(name)}: {whose}: {verdict}{f' ({tally(findings, checked.unlisted)})' if findings else ''}")
    say_findings(findings, checked.unlisted)


def _explain(not_evaluated: dict[str, str], why_no_register: str, *, to_stderr: bool) -> None:
    """Say which rules did not run, and why; once, as it is the same for every file."""
    reasons: dict[str, list[str]] = {}
    for rule, reason in not_evaluated.items():
        reasons.setdefault(why_no_register if rule == "F011" and why_no_register else reason, []).append(rule)
    for reason, rules in reasons.items():
        (note if to_stderr else say)(f"未檢核 not evaluated: {', '.join(rules)}: {reason}")

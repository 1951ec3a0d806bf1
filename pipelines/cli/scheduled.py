"""`attendance scheduled`: what the schedules would do, or have done, by hand: now, at a moment, or for any month."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, say, say_json
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from assets.agenda import Agenda, Asked, Work
    from assets.overdue import Overdue
    from assets.platform import Platform


class Scheduled(StrEnum):
    """The schedules, and the watch over what never came back."""

    PULL = "pull"
    CLOSE = "close"
    YEAR_END = "year-end"
    LOOK = "look"
    WATCH = "watch"


#: Agencies that a line names; JSON has them all.
_NAMED = 6
_WHEN = {
    Scheduled.PULL: "上班日 06:00 on working days",
    Scheduled.CLOSE: "每日 03:00 daily",
    Scheduled.YEAR_END: "每日 05:00 daily",
    Scheduled.LOOK: "每日 07:00 daily",
}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("scheduled", short_help="排程作業：試算或執行 what the schedules do, tried or done by hand")(scheduled)


def scheduled(
    which: Annotated[Scheduled, typer.Argument(metavar="pull|close|year-end|look|watch", help="排程 schedule")],
    month: options.OptionalMonth = None,
    year: Annotated[int | None, typer.Option(min=1912, max=2999, help="年度，用於 year-end year")] = None,
    at: Annotated[
        Any,
        typer.Option(
            "--at", parser=options.moment, metavar="YYYY-MM-DDThh:mm", help="以此時點試算，只用於 --dry-run as if then"
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只說明將執行什麼 say what it would do, do nothing")
    ] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """排程作業：不給月份者依報送行事曆，給月份者即為該月 By the calendar of duties, or for the month or year given.

    pull asks whoever owes a month and has not answered, and who has for changes only; close pulls, checks and publishes
    months whose deadline has passed; year-end reckons a year's ratios; look makes the page of who is late and missing;
    watch names what should have been done and was not.
    """
    from pipelines.cli.platform import opened

    _refuse_odd(which, month, year, at, dry_run=dry_run)
    with opened() as platform:
        now = at or platform.clock()
        if which is Scheduled.WATCH:
            raise typer.Exit(_watch(platform, output))
        works, asked = _planned(platform, which, month, year, now)
    if output is Format.JSON and dry_run:
        for work in works:
            say_json({**asdict(work), "asked": asdict(asked[work.partition]) if work.partition in asked else None})
    elif output is Format.TEXT:
        _say_planned(which, works, asked, now, dry_run=dry_run)
    if not dry_run:
        for work in works:
            _run(work, output)


def _refuse_odd(which: Scheduled, month: str | None, year: int | None, at: Any, *, dry_run: bool) -> None:
    if at is not None and not dry_run:
        raise CannotError("--at 只能與 --dry-run 併用 --at goes with --dry-run: what is done is done now")
    if month is not None and which not in (Scheduled.PULL, Scheduled.CLOSE):
        raise CannotError(f"{which.value} 不分月份，請勿給 --month is not of a month: leave out --month")
    if year is not None and which is not Scheduled.YEAR_END:
        raise CannotError(f"{which.value} 不分年度，請勿給 --year is not of a year: leave out --year")


def _planned(
    platform: "Platform", which: Scheduled, month: str | None, year: int | None, now: datetime
) -> tuple[list["Work"], Mapping[str, "Asked"]]:
    """What is to be done, and whom each pull asks."""
    from assets.agenda import Agenda
    from warehouse.ledger.engine import reading

    with reading(platform.engine) as session:
        agenda = Agenda(platform, session, now)
        works = _works(agenda, which, month, year, now)
        months = [work.partition for work in works if work.kind == Scheduled.PULL.value]
        return works, {one: agenda.asked(one, now) for one in months}


def _works(agenda: "Agenda", which: Scheduled, month: str | None, year: int | None, now: datetime) -> list["Work"]:
    from assets.agenda import Work

    if which is Scheduled.LOOK:
        return [Work(which.value, "", "逾期與未報送一覽 who is late and missing")]
    if month is not None or year is not None:
        return [Work(which.value, month or f"{year:04}", "指定 as asked")]
    return agenda.works(which.value, now)


def _say_planned(
    which: Scheduled, works: list["Work"], asked: Mapping[str, "Asked"], now: datetime, *, dry_run: bool
) -> None:
    from warehouse.deadlines import TAIPEI

    what = "將執行 would run" if dry_run else "執行 runs"
    say(f"{which.value}（{_WHEN[which]}），{now.astimezone(TAIPEI):%Y-%m-%d %H:%M}: {len(works)} 項 {what}")
    for work in works:
        place = roc(work.partition) if "-" in work.partition else work.partition
        say(f"  {place} {work.why}".rstrip())
        if work.partition in asked:
            _say_asked(asked[work.partition])


def _say_asked(asked: "Asked") -> None:
    for title, by_channel in (
        ("未回覆 has not answered", asked.unanswered), ("已回覆，僅取異動 changes only", asked.answered)
    ):  # fmt: skip
        for channel, codes in sorted(by_channel.items()):
            named = "、".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")
            hands_in = "（自行報送，不詢問 hands in by itself）" if channel == "manual" else ""
            say(f"    {title}: {channel} {len(codes):,}{hands_in}: {named}")
    if asked.left:
        say(f"    不再詢問 not asked any more: {asked.left:,}")


def _run(work: "Work", output: Format) -> None:
    from pipelines.cli.platform import user
    from pipelines.jobs import AS_DUE, look_job, monthly, pull, yearly_ratios_job
    from pipelines.runs import run_job
    from pipelines.settings import load_settings

    job = {
        Scheduled.PULL: pull.name, Scheduled.CLOSE: monthly.name, Scheduled.YEAR_END: yearly_ratios_job.name,
        Scheduled.LOOK: look_job.name,
    }[Scheduled(work.kind)]  # fmt: skip
    config = AS_DUE if work.kind == Scheduled.PULL.value else {}
    run = run_job(load_settings(), job, work.partition or None, config, actor=f"cli:{user()}")
    if output is Format.JSON:
        say_json({**asdict(work), "job": job, "run_id": run})
    else:
        say(f"  {work.partition} 完成 done; Dagster run {run}")


def _watch(platform: "Platform", output: Format) -> int:
    """Name what is overdue; the sensor `work_overdue` runs it again.  The exit code."""
    import dagster as dg

    from assets.overdue import overdue
    from pipelines.dagster_home import prepare
    from pipelines.settings import load_settings

    with dg.DagsterInstance.from_config(str(prepare(load_settings()))) as instance:
        found = overdue(platform, instance)
    if output is Format.JSON:
        say_json(asdict(found))
    else:
        _say_overdue(found)
    return FAULTS_FOUND if found else DONE


def _say_overdue(found: "Overdue") -> None:
    if not found:
        say("沒有未完成的作業 nothing is overdue")
    for month in found.unpulled:
        say(f"未收檔 not pulled since the last working day: {roc(month)}: attendance scheduled pull --month {month}")
    for month in found.unclosed:
        say(f"未關帳 not closed though its deadline passed: {roc(month)}: attendance scheduled close --month {month}")
    for month in sorted(found.waiting):
        again = f"attendance run --month {month}" if month else "attendance run"
        say(f"久候未檢核 received and still not checked: {roc(month)}: {again}")
    for channel in found.channels:
        say(f"管道中斷 channel down: {channel}")
    for run in found.runs:
        say(f"久無回應或中止 going on for long, or dead: {run}")

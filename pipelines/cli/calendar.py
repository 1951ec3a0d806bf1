"""`attendance calendar`: the government's office calendar as published, taken in and listed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, progress, say, say_json, table
from pipelines.cli.failures import CannotError

if TYPE_CHECKING:
    from assets.calendar_recheck import RecheckReport
    from checks.model.office_days import OfficeDays
    from warehouse.office_calendar import CalendarImport

#: Agency-months and days that the terminal names; JSON has all of them.
_NAMED = 5
_Year = Annotated[int | None, typer.Option("--year", min=1912, max=2910, help="西元年度，預設全部 year")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="辦公日曆 The government's office calendar, as published.")
    group.command("import", short_help="匯入辦公日曆 take in a published calendar")(import_)
    group.command("list", short_help="列出辦公日曆 editions, and days that differ")(list_)
    app.add_typer(group, name="calendar")


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="公告的 CSV as published: 西元日期,星期,是否放假,備註")
    ],
    output: options.Format = Format.TEXT,
) -> None:
    """匯入辦公日曆（整年），並重新檢核所涉及的已入檔機關月份 Whole years; what they touch is checked again."""
    from assets.calendar_recheck import recheck
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.office_calendar import import_calendar

    calendars = _read(files)
    with opened() as platform:
        with writing(platform.engine) as session:
            done = [import_calendar(session, data, by=platform.actor, at=platform.clock()) for data in calendars]
        with progress("重新檢核 checking again") as advance:
            rechecked = recheck(platform, lambda finished, total: advance(completed=finished, total=total))
    if output is Format.JSON:
        differing = set(rechecked.differing)
        say_json({
            "files": [{"file": str(file), **asdict(imported)} for file, imported in zip(files, done, strict=True)],
            "rechecked": [
                {"agency_code": agency, "month": month, "differs": (agency, month) in differing}
                for agency, month in rechecked.places
            ],
        })  # fmt: skip
        return
    for file, imported in zip(files, done, strict=True):
        _say_imported(file, imported)
    _say_rechecked(rechecked)


def list_(year: _Year = None, output: options.Format = Format.TEXT) -> None:
    """列出匯入的版本，及與內建日曆不同的日子 The editions imported, and the days not as in the packaged calendar."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import reading
    from warehouse.office_calendar import list_editions, load_office_days

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        editions = list_editions(session, year)
        differing = _differing(load_office_days(session), year)
    if output is Format.JSON:
        rows = [edition._asdict() | {"at": edition.at.isoformat(timespec="seconds")} for edition in editions]
        days = [{"day": day, "worked": worked} for day, worked in differing]
        say_json({"editions": rows, "differing": days})
        return
    headings = ("年度 year", "新增或變更日數 days new", "登錄者 by", "登錄時間 at", "SHA-256")
    lines = [
        (str(edition.year), edition.days, edition.by, edition.at.isoformat(timespec="seconds"), edition.sha256[:12])
        for edition in editions
    ]
    table(f"辦公日曆版本 editions: {len(editions):,}", headings, lines, numbers=[1])
    said = {True: "上班 worked", False: "放假 off"}
    table(
        f"與內建日曆不同的日子 days not as packaged: {len(differing):,}",
        ("日期 day", "匯入 imported", "內建 packaged"),
        [(day, said[worked], said[not worked]) for day, worked in differing],
    )


def _read(files: Sequence[Path]) -> list[bytes]:
    """The bytes of files that are all calendars; raises `CannotError` with every fault of every file."""
    from warehouse.office_calendar import read_published
    from warehouse.office_text import OfficeFileRefused

    calendars, faults = [], list[str]()
    for file in files:
        calendars.append(file.read_bytes())
        try:
            read_published(calendars[-1])
        except OfficeFileRefused as error:
            faults += [f"{file}: {fault}" for fault in error.faults]
    if faults:
        raise CannotError(str(OfficeFileRefused(faults)))
    return calendars


def _differing(days: "OfficeDays", year: int | None) -> list[tuple[str, bool]]:
    return [(day.isoformat(), worked) for day, worked in days.differing().items() if year in {None, day.year}]


def _say_imported(file: Path, imported: "CalendarImport") -> None:
    years = "、".join(str(year) for year in imported.years)
    say(f"{file}: {years} 年，{imported.days:,} 日 days，新增或變更 new or changed: {imported.added:,}")
    if imported.moved:
        named = "、".join(str(day) for day in imported.moved[:_NAMED]) + ("…" if len(imported.moved) > _NAMED else "")
        say(f"上班與否有變更 worked otherwise than known before: {len(imported.moved):,}（{named}）")


def _say_rechecked(rechecked: "RecheckReport") -> None:
    if not rechecked.places:
        say("沒有須重新檢核的機關月份 no agency-month to be checked again")
        return
    say(
        f"已重新檢核 checked again: {len(rechecked.places):,} 個機關月份 agency-months，"
        f"結果不同 with another result: {len(rechecked.differing):,}"
    )
    if rechecked.differing:
        named = "、".join(f"{agency} {month}" for agency, month in rechecked.differing[:_NAMED])
        say(named + ("…" if len(rechecked.differing) > _NAMED else ""))

"""`attendance closures`: what counties, towns and agencies declared closed (停止上班), taken in and listed."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, say, say_json, table

#: Agency-months that the terminal names; JSON has all of them.
_NAMED = 5


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="停止上班 Closures on top of the office calendar.")
    group.command("import", short_help="匯入停止上班 take in what was declared")(import_)
    group.command("list", short_help="列出停止上班 list what holds")(list_)
    app.add_typer(group, name="closures")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: code 或 or county,town；day,hours,reason")],
    output: options.Format = Format.TEXT,
) -> None:
    """匯入停止上班：機關代碼（及於所有下級機關）或縣市、鄉鎮市區，日期、時數（0 為照常上班） By agency, or by area."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.register.closures import import_closures

    with opened() as platform, writing(platform.engine) as session:
        done = import_closures(session, file, by=platform.actor, at=platform.clock())
    if output is Format.JSON:
        concerned = [{"agency_code": agency, "month": month} for agency, month in done.concerned]
        say_json({"rows": done.rows, "added": done.added, "concerned": concerned, "unplaced": done.unplaced})
        return
    say(f"{done.rows:,} 列 rows，新增或變更 new or changed: {done.added:,}")
    if done.unplaced:
        say(
            f"{done.unplaced:,} 個有效機關的郵遞區號不詳，縣市之停止上班不及於該等機關 agencies in force have no known "
            "postal code, so that no county's closure reaches them: declare for their codes"
        )
    if done.concerned:
        named = "、".join(f"{agency} {month}" for agency, month in done.concerned[:_NAMED])
        more = f"…共 {len(done.concerned):,} 個 in all" if len(done.concerned) > _NAMED else ""
        say(
            f"已入檔的機關月份不會自動重新檢核 months entered already keep their judgement: {named}{more}；"
            "attendance rules replay 查看影響 shows what it would change, attendance rebuild --accept-changes 重新檢核"
        )


def list_(
    month: options.OptionalMonth = None,
    agency: options.OptionalAgency = None,
    output: options.Format = Format.TEXT,
) -> None:
    """列出現行的停止上班 What holds of what was declared; with an agency, what that very code declared."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import reading
    from warehouse.register.closures import list_closures

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        rows = [
            {
                "code": one.code,
                "county": one.county,
                "town": one.town,
                "day": one.day.isoformat(),
                "hours": one.hours,
                "reason": one.reason,
                "by": one.by,
                "at": one.at.isoformat(timespec="seconds"),
            }
            for one in list_closures(session, month, agency)
        ]
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    headings = (
        *("機關代碼 code", "縣市 county", "鄉鎮市區 town", "日期 day", "時數 hours", "原因 reason"),
        *("登錄者 by", "登錄時間 at"),
    )
    table(f"停止上班 closures: {len(rows):,}", headings, [tuple(row.values()) for row in rows], numbers=[4])

"""`attendance register`: the register of agencies, taken in and listed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, say, say_json, table
from pipelines.cli.failures import CannotError
from pipelines.cli.findings_text import roc


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="機關代碼 The register of agencies.")
    group.command("import", short_help="匯入機關代碼檔 take in a register file")(import_)
    group.command("list", short_help="列出機關 list the agencies of a month")(list_)
    app.add_typer(group, name="register")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="機關代碼檔 CSV register file")],
    output: options.Format = Format.TEXT,
) -> None:
    """匯入機關代碼檔 Take in a register: the government's CSV as published, or the project's own columns."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.register.importing import import_register

    with opened() as platform, writing(platform.engine) as session:
        report = import_register(session, file, platform.today(), by=platform.actor, at=platform.clock())
    if output is Format.JSON:
        say_json(report.as_dict())
        return
    for line in report.lines():
        say(line)


def list_(
    month: options.OptionalMonth = None,
    authority: options.Authority = None,
    output: options.Format = Format.TEXT,
) -> None:
    """列出當月有效的機關及其應否報送 List the agencies in force in a month, and whether each owes it."""
    from pipelines.cli.platform import opened
    from warehouse.deadlines import TAIPEI
    from warehouse.duties import Duties, calendar_of
    from warehouse.duties.listing import list_agencies
    from warehouse.duties.reckoning import spoken
    from warehouse.ledger.engine import reading

    wanted = month or datetime.now(TAIPEI).strftime("%Y-%m")
    with opened(to_read=True) as platform, reading(platform.engine) as session:
        agencies = list_agencies(Duties(session, calendar_of(platform.home)), wanted, authority)
    if not agencies:
        raise CannotError(
            f"{wanted} 沒有有效的機關，請先匯入機關代碼檔 no agency in force: first attendance register import FILE"
        )
    if output is Format.JSON:
        for agency in agencies:
            say_json({name: getattr(agency, name) for name in agency.__slots__})
        return
    table(
        f"機關代碼 agencies in force, {roc(wanted)}: {len(agencies):,}",
        (
            "機關代碼 code",
            "機關名稱 name",
            "上級 parent",
            "主管機關 authority",
            "人數 headcount",
            "應報 due",
            "期限 until",
            "說明 why",
        ),
        [
            (
                a.agency_code,
                a.name,
                a.parent_code,
                a.authority_code,
                a.expected_headcount,
                "是" if a.due else "否",
                spoken(a.deadline) if a.deadline else None,
                a.why,
            )
            for a in agencies
        ],
        numbers=[4],
    )

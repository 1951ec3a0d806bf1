"""`attendance retention`: what is kept for how long, what was removed, and removing what is past its time."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, say, say_json, table

if TYPE_CHECKING:
    from assets.retention import Standing

Reason = Annotated[str, typer.Option("--reason", help="原因或依據，勿含個資 why, or by what order, for the audit")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="保存年限 How long what is kept, removing what is past it.")
    group.command("show", short_help="各年度各資料表的保存情形 what there is, kept until when")(show)
    group.command("apply", short_help="刪除屆期者 remove what is past its time")(apply)
    app.add_typer(group, name="retention")


def show(output: options.Format = Format.TEXT) -> None:
    """各年度各資料表：數量、保存至何時、由何人刪除 By year and table: how much, kept until when, removed by whom."""
    from assets.retention import standing
    from pipelines.cli.platform import opened
    from warehouse.retention.policy import TABLES, policy_of

    with opened(to_read=True) as platform:
        policy, rows = policy_of(platform.home), standing(platform)
        own = platform.home.retention if platform.home.retention.exists() else None
    if output is Format.JSON:
        for one in rows:
            say_json(_as_json(one, policy.last_year(one.held.table, one.held.year)))
        return
    note(f"保存年限 years of keeping: {own or '本程式所附，永久保存 as shipped: for ever'}")
    headings = ("年度 year", "資料表 table", "數量 how many", "位元組 bytes", "保存 kept")
    lines = [
        (
            str(one.held.year),
            TABLES[one.held.table],
            f"{one.held.items:,}",
            f"{one.held.bytes:,}" if one.held.bytes else None,
            _kept(one, policy.last_year(one.held.table, one.held.year)),
        )
        for one in rows
    ]
    table("保存情形 what is kept", headings, lines, numbers=[2, 3])
    due = sum(one.due for one in rows)
    if due:
        say(f"屆期 past their time: {due}; attendance retention apply --reason … 刪除 removes them")


def apply(
    reason: Reason,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不刪除 list them only")] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """刪除屆期的資料；該年度報表先封存，其後不再異動 Remove what is past its time, for ever; its figures are archived.

    Nothing of such a year is received, decided or reported anew afterwards. Take a backup first.
    """
    from assets.retention import apply as remove
    from assets.retention import standing
    from pipelines.cli.platform import opened
    from warehouse.retention.policy import TABLES

    with opened() as platform:
        gone = [one.held for one in standing(platform) if one.due] if dry_run else remove(platform, reason)
    if output is Format.JSON:
        for one in gone:
            say_json({**asdict(one), "removed": not dry_run})
        return
    what = "將刪除 would go" if dry_run else "已刪除 removed"
    for one in gone:
        say(f"{what}: {one.year} {TABLES[one.table]} {one.items:,}")
    if not gone:
        say("沒有屆期的資料 nothing is past its time: attendance retention show")


def _kept(one: "Standing", last_year: int | None) -> str:
    if one.gone is not None:
        return f"已刪除 removed {one.gone.at:%Y-%m-%d} {printable(one.gone.actor)}: {printable(one.gone.reason)}"
    if last_year is None:
        return "永久 for ever"
    return f"屆期 past its time ({last_year})" if one.due else f"至 to the end of {last_year}"


def _as_json(one: "Standing", last_year: int | None) -> dict[str, object]:
    gone = one.gone
    removed = gone and {"at": gone.at.isoformat(), "actor": gone.actor, "reason": gone.reason}
    return {**asdict(one.held), "kept_to_end_of": last_year, "due": one.due, "removed": removed}

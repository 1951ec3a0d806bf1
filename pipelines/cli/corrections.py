"""`attendance withdraw`, `revert`, `compare`: what a month counts, moved by decision; what a file changed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, printable, say, say_json, table
from pipelines.cli.findings_text import agency_month, say_findings

if TYPE_CHECKING:
    from assets.decisions import Decided
    from warehouse.comparison import Comparison

Reason = Annotated[
    str, typer.Option("--reason", help="原因，記入帳冊，勿含個資 why, kept for the audit; no personal data")
]

#: Records of a kind listed on the terminal; JSON has them all.
_SHOWN = 10


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("compare", short_help="與前一份報送比較 compare with the submission before")(compare)
    app.command("withdraw", short_help="撤回採計的報送 take back what a month counts")(withdraw)
    app.command("revert", short_help="回復為先前的報送 have an earlier submission count again")(revert)


def withdraw(
    agency: options.Agency, month: options.Month, reason: Reason, output: options.Format = Format.TEXT
) -> None:
    """撤回：該月不再採計任何報送，至重新報送為止 The month counts nothing until something is handed in again."""
    from assets import decisions
    from assets.words_of_people import without_people
    from pipelines.cli.platform import opened

    with opened() as platform:
        said = without_people(platform, agency, month, reason)
        _say_decided(decisions.withdraw(platform, agency, month, said), output)


def revert(
    agency: options.Agency,
    month: options.Month,
    to: Annotated[str, typer.Option("--to", metavar="ID", help="報送編號或其開頭 submission id, or its beginning")],
    reason: Reason,
    output: options.Format = Format.TEXT,
) -> None:
    """回復：先前入檔的報送重新採計 An earlier submission that was entered counts again."""
    from assets import decisions
    from assets.words_of_people import without_people
    from pipelines.cli.platform import opened

    with opened() as platform:
        said = without_people(platform, agency, month, reason)
        _say_decided(decisions.revert(platform, agency, month, to, said), output)


def _say_decided(decided: "Decided", output: Format) -> None:
    if output is Format.JSON:
        say_json(asdict(decided))
        return
    say(f"{agency_month(decided.agency_code, decided.month)}")
    say(f"  原採計 counted      {decided.before or '無 nothing'}")
    say(f"  現採計 counts now   {decided.after or '無，視為未報送 nothing: the month is missing'}")
    say(f"  已重新發布 published {', '.join(decided.published)}")


def compare(
    agency: options.Agency,
    month: options.Month,
    before: Annotated[str | None, typer.Option("--from", metavar="ID", help="前一份 the one before")] = None,
    after: Annotated[str | None, typer.Option("--to", metavar="ID", help="後一份 the one after")] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """比較兩份報送 What changed between two submissions; by default the newest and what it replaced."""
    from pipelines.cli.platform import opened
    from warehouse.comparison import compare as compare_them
    from warehouse.ledger.engine import reading

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        found = compare_them(session, platform.home, agency, month, before, after)
    if output is Format.JSON:
        say_json(_as_json(found))
    else:
        _say(found)


def _as_json(found: "Comparison") -> dict[str, Any]:
    return asdict(found)


def _say(found: "Comparison") -> None:
    from assets.report_words import DATASETS

    say(f"{agency_month(found.agency_code, found.month)}")
    say(f"  前 before {found.before}")
    say(f"  後 after  {found.after}")
    totals = [
        ("已更正 mended", len(found.mended)),
        ("新增 new", len(found.new)),
        ("仍在 remaining", len(found.remaining)),
    ]
    if found.unlooked:
        totals.append(("退件而未再檢核 not looked at: refused", len(found.unlooked)))
    table("檢誤 findings", ("", "項數 number"), [(name, f"{number:,}") for name, number in totals], numbers=[1])
    if found.records:
        rows = [
            (f"{DATASETS[name]} {name}", *(f"{n:,}" for n in (len(c.added), len(c.changed), len(c.removed), c.same)))
            for name, c in found.records.items()
        ]
        headings = ("資料集 dataset", "新增 added", "異動 changed", "刪除 removed", "相同 same")
        table("紀錄 records", headings, rows, numbers=[1, 2, 3, 4])
    else:
        say("  其中一份整份退件，紀錄無從比較 one of the two was refused as a whole: no records to compare")
    for heading, rows_ in (("新增的檢誤 new findings", found.new), ("仍在的檢誤 remaining findings", found.remaining)):
        if rows_:
            say(f"{heading}:")
            say_findings(rows_)
    _say_changed(found)


def _say_changed(found: "Comparison") -> None:
    """The records, each by its number as the report and the file's author count them: from 1."""
    from assets.report_words import DATASETS

    for name, changes in found.records.items():
        titles = _titles(name)
        lines = [("新增 added", one, "") for one in changes.added]
        lines += [("刪除 removed", one, "") for one in changes.removed]
        lines += [("異動 changed", one.record, _moved(one.before, one.after, titles)) for one in changes.changed]
        for what, record, moved in lines[:_SHOWN]:
            say(f"  {what} {DATASETS[name]} {_named(record)}{moved}")
        if len(lines) > _SHOWN:
            say(f"  …{DATASETS[name]} 另有 and {len(lines) - _SHOWN:,} more: --format json")


def _titles(dataset: str) -> dict[str, str]:
    from checks.model.stored import STORED

    return {name: column.title or name for name, column in STORED[dataset].to_schema().columns.items()}


def _named(record: Mapping[str, Any]) -> str:
    """`第 3 筆 L-0003`; a person's key says nothing to a reader, so its number stands alone."""
    id_ = record.get("record_id") or record.get("clocked_at")
    return f"第 {record['index'] + 1:,} 筆" + (f" {printable(id_)}" if id_ else "")


def _moved(before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    parts = [f"{titles[name]} {_plain(before[name])} → {_plain(after[name])}" for name in before if name in titles]
    return f": {'; '.join(parts)}" if parts else ""


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "無 none" if value is None else printable(value)

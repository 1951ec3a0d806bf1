"""`attendance audit`: who did what, when, why, to which agency-month; and that nobody has changed the record of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, progress, say, say_json, table
from pipelines.cli.failures import DONE, FAULTS_FOUND, CannotError

if TYPE_CHECKING:
    from warehouse.ledger.audit import AuditEntry

#: Rows listed unless said otherwise.
_MOST = 200
_ID_SHOWN = 12


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="稽核紀錄 The audit: who did what, when and why.")
    group.command("list", short_help="列出稽核紀錄 list what was done")(list_)
    group.command("verify", short_help="驗證稽核紀錄未遭更改 verify that nothing was changed")(verify)
    group.command("head", short_help="開立簽章的鏈首 a signed statement of its newest row")(head)
    group.command("accept", short_help="認可還原備份後的缺漏 accept what a restored backup lacks")(accept)
    app.add_typer(group, name="audit")


def list_(
    agency: options.OptionalAgency = None,
    month: options.OptionalMonth = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="WHO", help="何人 by whom")] = None,
    action: Annotated[
        list[str] | None, typer.Option("--action", metavar="NAME", help="動作，可重複 what was done; may be repeated")
    ] = None,
    since: Annotated[
        Any, typer.Option("--since", parser=options.start, metavar="YYYY-MM-DD[Thh:mm]", help="起（含） from")
    ] = None,
    until: Annotated[
        Any, typer.Option("--until", parser=options.moment, metavar="YYYY-MM-DD[Thh:mm]", help="迄（含該日） until")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=0, help="最近幾列，0 為全部 the newest so many; 0: all")
    ] = _MOST,
    output: options.Format = Format.TEXT,
) -> None:
    """列出稽核紀錄 What was done, oldest first; of more than --last the newest."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.audit import ACTIONS, listed
    from warehouse.ledger.engine import reading

    unknown = sorted(set(action or ()) - set(ACTIONS))
    if unknown:
        raise CannotError(f"沒有這種動作 no such action: {unknown[0]}; 可用者 there are: {', '.join(ACTIONS)}")
    wanted = {"agency_code": agency, "month": month, "actor": actor, "since": since, "until": until}
    with opened(to_read=True) as platform, reading(platform.engine) as session:
        rows = listed(session, **wanted, actions=action or (), most=(last or 0) + 1 if last else None)
    more = bool(last) and len(rows) > (last or 0)
    rows = rows[1:] if more else rows
    if output is Format.JSON:
        for row in rows:
            say_json(_as_json(row))
        return
    columns = (
        "列 row", "時間 when", "何人 who", "動作 what", "機關 agency", "月份 month", "對象 concerns", "原因 why",
    )  # fmt: skip
    table(f"稽核紀錄 audit: {len(rows):,}", columns, [_line(row) for row in rows], numbers=[0])
    if more:
        note(f"僅列最近 {last:,} 列 the newest {last:,} only; 全部 all: --last 0")


def _as_json(row: "AuditEntry") -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def _line(row: "AuditEntry") -> tuple[object, ...]:
    from warehouse.deadlines import TAIPEI
    from warehouse.ledger.audit import ACTIONS

    when = f"{row.at.astimezone(TAIPEI):%Y-%m-%d %H:%M:%S}"
    concerns = row.concerns and row.concerns[:_ID_SHOWN]
    what = ACTIONS.get(row.action, row.action)
    return (row.seq, when, row.actor, what, row.agency_code, row.month, concerns, row.reason)


@dataclass(frozen=True)
class _Heads:
    """The head files and receipts to hold the audit to, and the key that they must be signed under."""

    files: list[Path]
    public_key: Path | None


def verify(
    heads: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="收據或鏈首檔 receipts or heads that others kept")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="PEM", help="預設為平臺現用公鑰 default: the platform's own")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """驗證：各列相連，且與帳冊、最近發布及他人保存的收據相符 Whether the chain is whole and as others noted it."""
    from pipelines.cli.platform import opened
    from warehouse.doctor_audit import published_anchor
    from warehouse.ledger.audit_check import verify as verified_by
    from warehouse.ledger.engine import reading

    noted = [*_noted(_Heads(heads or [], public_key))]
    with opened(to_read=True) as platform, progress("驗證 verifying") as advance, reading(platform.engine) as session:
        verified = verified_by(session, [*published_anchor(platform.home), *noted], advance)
    if output is Format.JSON:
        say_json({
            "rows": verified.rows,
            "head": verified.head._asdict(),
            "faults": [fault._asdict() for fault in verified.faults],
        })  # fmt: skip
    else:
        for fault in verified.faults:
            say(f"有誤 FAULT {fault.found}")
        if not verified.faults:
            held = f"，並符合 and is as in {len(noted):,} 份保存檔 kept files" if noted else ""
            say(f"正常 ok   {verified.rows:,} 列連續無缺{held} rows, an unbroken chain")
        say(f"鏈首 head {verified.head.seq} {verified.head.hash}")
    raise typer.Exit(FAULTS_FOUND if verified.faults else DONE)


def _noted(heads: _Heads) -> Iterator[Any]:
    from pipelines.receipt_key import receipt_key
    from pipelines.settings import load_settings
    from warehouse.audit_heads import noted_in
    from warehouse.receipt_signature import public_key

    if heads.files:
        given = heads.public_key
        pem = given.read_text("ascii", "replace") if given else public_key(receipt_key(load_settings()))
        for file in heads.files:
            yield noted_in(str(file), file.read_bytes(), pem)


def head(
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="鏈首檔 the head")] = None,
) -> None:
    """開立鏈首：交由政風或他機關保存，日後據以驗證 A signed head for others to keep: `audit verify FILE`."""
    from pipelines.cli.platform import opened
    from pipelines.receipt_key import receipt_key
    from pipelines.settings import load_settings
    from warehouse.audit_heads import signed_head
    from warehouse.export import appearing_whole
    from warehouse.ledger.audit import head as newest
    from warehouse.ledger.engine import reading

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        said = signed_head(newest(session), platform.clock(), receipt_key(load_settings()))
    text = json.dumps(said, ensure_ascii=False, indent=1)
    if output is None:
        say(text)
        return
    with appearing_whole(output) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")
    note(f"鏈首 head of the audit → {output}")


def accept(
    reason: Annotated[str, typer.Option("--reason", help="原因，勿含個資 why; no personal data")],
    output: options.Format = Format.TEXT,
) -> None:
    """認可：還原備份後，最近發布所記的鏈首不再存在 Accept what a restored backup lacks."""
    from checks.model.masking import mask_ids_in
    from pipelines.cli.platform import opened
    from warehouse.doctor_audit import published_anchor
    from warehouse.ledger.audit import Deed, anchor_text, stands
    from warehouse.ledger.audit import note as noted
    from warehouse.ledger.engine import writing

    if not reason.strip():
        raise CannotError("請說明原因 a reason is needed: --reason")
    with opened() as platform, writing(platform.engine) as session:
        lost = [one.anchor for one in published_anchor(platform.home) if not stands(session, one.anchor)]
        said = mask_ids_in(reason)
        at = platform.clock()
        noted(
            session,
            (Deed("anchor_accepted", platform.actor, None, None, anchor_text(one), said, at) for one in lost),
        )
    if output is Format.JSON:
        say_json({"accepted": [one._asdict() for one in lost]})
    elif lost:
        say(f"已認可 accepted: {anchor_text(lost[0])}")
    else:
        say("無須認可，稽核紀錄與最近發布相符 nothing to accept: the audit is as it was at the newest publishing")

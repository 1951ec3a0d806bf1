"""`attendance notices`: who is told what: seen beforehand, sent, looked up, and settled where it went wrong."""

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, progress, say, say_json, table
from pipelines.cli.failures import CANNOT, DONE, FAULTS_FOUND, CannotError

if TYPE_CHECKING:
    from assets.notices.delivery import Parcel
    from assets.notices.sending import Told
    from assets.platform import Platform
    from warehouse.ledger.outbox import Notice, Telling

_ID_SHOWN = 12
_MOST = 200
_NAMED = 5
#: Notices of a kind that a preview shows on the terminal; `-o` writes all.
_SHOWN = 1

At = Annotated[
    Any,
    typer.Option(
        "--at", parser=options.instant, metavar="YYYY-MM-DD[Thh:mm]", help="假設當時 as if it were then (a day: 8:00)"
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="通知 Notices to agencies and supervising authorities.")
    group.command("list", short_help="列出通知及其狀態 list notices and what became of them")(list_)
    group.command("preview", short_help="預覽應發的通知 what would be told, as it would be said")(preview)
    group.command("send", short_help="發送應發的通知 send what is to be told")(send)
    group.command("settle", short_help="處理不確定或失敗的通知 settle what is uncertain or failed")(settle)
    group.command("addresses", short_help="聯絡信箱及退信 addresses, and those that were refused")(addresses)
    app.add_typer(group, name="notices")


def list_(
    agency: options.OptionalAgency = None,
    month: options.OptionalMonth = None,
    state: Annotated[str | None, typer.Option("--state", metavar="STATE", help="狀態 e.g. uncertain")] = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="種類 e.g. refused")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="最近幾則 the newest so many")] = _MOST,
    output: options.Format = Format.TEXT,
) -> None:
    """列出通知 Notices, the newest first; counts of all by state before them."""
    from assets.notices.occasions import KINDS
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import reading
    from warehouse.ledger.outbox import STATES, counts, listed

    _one_of("--state", state, STATES)
    _one_of("--kind", kind, KINDS)
    with opened(to_read=True) as platform, reading(platform.engine) as session:
        totals = counts(session)
        rows = listed(session, most=last, state=state, kind=kind, agency_code=agency, month=month)
    if output is Format.JSON:
        for row in rows:
            say_json({column.name: getattr(row, column.name) for column in row.__table__.columns})
        return
    say(
        "通知 notices: " + ("、".join(f"{STATES[one]} {totals[one]:,}" for one in STATES if one in totals) or "無 none")
    )
    if rows:
        columns = (
            "編號 id", "種類 kind", "機關 agency", "月份 month", "方式 by", "狀態 state", "次數 tries", "時間 when",
            "說明 detail",
        )  # fmt: skip
        table("最近的通知 the newest", columns, [_line(row) for row in rows], numbers=[6])


def _line(row: "Notice") -> tuple[object, ...]:
    from assets.notices.occasions import KINDS
    from warehouse.deadlines import TAIPEI
    from warehouse.ledger.outbox import STATES

    when = row.settled_at or row.queued_at
    kind, state = KINDS.get(row.kind, row.kind), STATES[row.state]
    moment = f"{when.astimezone(TAIPEI):%Y-%m-%d %H:%M}"
    return (
        row.id[:_ID_SHOWN],
        kind,
        row.agency_code,
        row.month,
        row.transport,
        state,
        row.attempts,
        moment,
        row.detail,
    )


def preview(
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="只看該種類 of that kind only")] = None,
    agency: options.OptionalAgency = None,
    at: At = None,
    folder: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="全部存成 .eml all of them as .eml files")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """預覽：應發而未發的通知，不發送也不記錄 What would be told and how; nothing is sent, nothing recorded."""
    from assets.notices.occasions import KINDS
    from assets.notices.sending import due
    from assets.notices.sending import preview as shown
    from pipelines.cli.platform import opened

    _one_of("--kind", kind, KINDS)
    with opened(to_read=True) as platform:
        moment = at or platform.clock()
        asked, unreachable = due(platform, moment)
        wanted = [
            one
            for one in dict.fromkeys(one for tellings in asked.values() for one in tellings)
            if kind in (None, one.kind) and agency in (None, one.agency_code)
        ]
        if output is Format.JSON:
            for one in wanted:
                say_json(one._asdict())
            return
        _say_counts(wanted, asked)
        _say_unreachable(unreachable)
        chosen = wanted if folder else _first_of_each_kind(wanted)
        parcels = [(one, parcel) for one in chosen if (parcel := shown(platform, one, moment)) is not None]
        if folder is None:
            for _, parcel in parcels:
                _say_parcel(parcel)
        else:
            _write(platform, parcels, folder)


def _say_counts(wanted: "Iterable[Telling]", ways: Iterable[str]) -> None:
    from assets.notices.occasions import KINDS

    if not list(ways):
        note("尚未設定通知管道 no way is set up: attendance settings（notices.smtp_url, notices.webhook_url）")
    counted = Counter(one.kind for one in wanted)
    rows = [(title, f"{counted[kind]:,}") for kind, title in KINDS.items() if counted[kind]]
    if rows:
        table("應發的通知 to be told", ("種類 kind", "則數 notices"), rows, numbers=[1])
    else:
        say("沒有應發的通知 nothing to tell")


def _first_of_each_kind(wanted: "Iterable[Telling]") -> "list[Telling]":
    seen: Counter[str] = Counter()
    chosen = []
    for one in wanted:
        seen[one.kind] += 1
        if seen[one.kind] <= _SHOWN:
            chosen.append(one)
    return chosen


def _say_parcel(parcel: "Parcel") -> None:
    say("─" * 78)
    say(f"主旨 Subject: {parcel.message.subject}")
    if parcel.message.attachment:
        name, data = parcel.message.attachment
        say(f"附檔 attachment: {name}（{len(data):,} bytes）")
    say()
    say(parcel.message.text)


def _write(platform: "Platform", parcels: "list[tuple[Telling, Parcel]]", folder: Path) -> None:
    """One `.eml` each, as any mail program opens it; to nobody."""
    from assets.notices.mail import compose

    folder.mkdir(parents=True, exist_ok=True)
    sender = platform.notices.sender or "差勤資料彙整平臺 <noreply@localhost.localdomain>"
    for one, parcel in parcels:
        name = f"{one.kind}-{one.agency_code}-{one.month}.eml"
        (folder / name).write_bytes(compose(parcel, sender, platform.notices.reply_to).as_bytes())
    note(f"{len(parcels):,} 則 notices → {folder}")


def send(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不發送 list only; nothing is sent")] = False,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="至多幾則（每種方式） at most so many, by each way")
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """發送：應發而未發者各一次；中斷可再執行 Send what is to be told, each once; cut off, it may be run again."""
    from assets.notices.sending import due, tell
    from pipelines.cli.platform import opened

    with opened() as platform:
        if dry_run:
            asked, unreachable = due(platform, platform.clock())
            rows = [{"transport": way, **one._asdict()} for way, tellings in asked.items() for one in tellings]
            if output is Format.JSON:
                for row in rows:
                    say_json(row)
            else:
                _say_counts(dict.fromkeys(one for tellings in asked.values() for one in tellings), asked)
                _say_unreachable(unreachable)
            return
        with progress("發送 sending") if output is Format.TEXT else nullcontext(lambda: None) as advance:
            told = tell(platform, most, advance)
    if output is Format.JSON:
        say_json({**vars(told), "unreachable": sorted(told.unreachable)})
    else:
        _say_told(told)
    raise typer.Exit(_code_of(told))


def _code_of(told: "Told") -> int:
    if told.down:
        return CANNOT
    wrong = told.uncertain + told.became["failed"] + told.became["uncertain"]
    return FAULTS_FOUND if wrong else DONE


def _say_told(told: "Told") -> None:
    from warehouse.ledger.outbox import STATES

    became = "、".join(f"{STATES[state]} {number:,}" for state, number in told.became.items() if number)
    say(f"新增 queued: {told.queued:,}；{became or '沒有可送的 nothing to send'}")
    if told.recovered:
        note(f"前次中斷而未送出 {told.recovered:,} 則，已重新排入 cut off before they were sent, queued again")
    uncertain = told.uncertain + told.became["uncertain"]
    if uncertain:
        note(
            f"{uncertain:,} 則不確定是否送達，不會自動重送 may or may not have gone and are not sent again: "
            "attendance notices list --state uncertain, then attendance notices settle ID --sent | --again"
        )
    if told.became["failed"]:
        note("發送失敗者見 for what failed: attendance notices list --state failed; attendance notices addresses")
    for way, reason in told.down.items():
        note(f"{way} 無法連線，稍後會再試 does not answer, what waits is tried again later: {reason}")
    _say_unreachable(told.unreachable)


def _say_unreachable(unreachable: set[str]) -> None:
    if unreachable:
        named = "、".join(sorted(unreachable)[:_NAMED]) + (" …" if len(unreachable) > _NAMED else "")
        note(
            f"{len(unreachable):,} 個機關沒有可用的信箱，未能通知 agencies without an address that works: "
            f"{named}（attendance notices addresses）"
        )


def settle(
    id_: Annotated[str, typer.Argument(metavar="ID", help="通知編號或其開頭 the notice's id, or its beginning")],
    *,
    again: Annotated[bool, typer.Option("--again/--sent", help="重送，或視為已送 send it again, or take it as sent")],
    output: options.Format = Format.TEXT,
) -> None:
    """處理：不確定或失敗的通知，重送或視為已送 Settle a notice that is uncertain or failed, by hand."""
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.ledger.outbox import resolve

    with opened() as platform, writing(platform.engine) as session:
        found = [one.id for one in resolve(session, id_, again=again, actor=platform.actor, at=platform.clock())]
    if len(found) != 1:
        raise CannotError(
            f"沒有唯一符合 {id_} 且不確定或失敗的通知 not exactly one uncertain or failed notice begins with {id_}: "
            "attendance notices list --state uncertain"
        )
    if output is Format.JSON:
        say_json({"id": found[0], "again": again})
    else:
        say(
            f"{found[0]}: "
            + ("將重送 is sent again by the next attendance notices send" if again else "視為已送 taken as sent")
        )


def addresses(
    *,
    retry: Annotated[bool, typer.Option("--retry", help="退信的信箱再試 try those again that were refused")] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """列出聯絡信箱檔的信箱；被拒收者不再寄 The addresses of the contacts file; who was refused gets no more mail."""
    from assets.notices.contacts import mac_of, read_contacts
    from pipelines.cli.platform import opened
    from warehouse.ledger.engine import writing
    from warehouse.ledger.outbox import bad_addresses, forget_bad

    with opened(to_read=True) as platform:
        key = platform.person_key()
        known = list(read_contacts(platform.notices.contacts, key).all())
        macs = [mac_of(key, address) for _, _, address in known]
        with writing(platform.engine) as session:
            if retry:
                note(f"再試 to be tried again: {forget_bad(session, macs):,}")
            bad = {mac: (one.code, one.at) for mac, one in bad_addresses(session).items()}
    rows = [
        {"agency_code": agency, "role": role, "address": address, "refused": bad.get(mac, (None,))[0]}
        for (agency, role, address), mac in zip(known, macs, strict=True)
    ]
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    headings = ("機關代碼 code", "角色 role", "電子郵件 address", "拒收 refused")
    title = f"聯絡信箱 addresses: {len(rows):,}，拒收 refused {sum(row['refused'] is not None for row in rows):,}"
    table(title, headings, [tuple(row.values()) for row in rows])
    if not rows:
        note(f"沒有信箱 there are none: {platform.notices.contacts}（CSV: agency_code,role,address）")


def _one_of(option: str, value: str | None, known: Iterable[str]) -> None:
    if value is not None and value not in known:
        raise CannotError(f"{option}: 可用者 there are: {', '.join(known)}")

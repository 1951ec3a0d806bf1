"""`attendance duties`: what is due when, and what is granted beside it: exemptions and extensions, by whom and why."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, note, printable, say, say_json, table
from pipelines.cli.findings_text import roc

if TYPE_CHECKING:
    from assets.grants import GrantDone
    from warehouse.duties.grants import Standing

Below = Annotated[bool, typer.Option("--below", help="及於其所有下級機關 all agencies below it too")]
First = Annotated[str, typer.Option("--month", parser=options.month, metavar="YYYY-MM", help="起始月份 first month")]
GrantedBy = Annotated[
    str, typer.Option("--granted-by", metavar="WHO", help="核准者（機關、單位或職稱） who grants it: an office")
]
Reason = Annotated[str, typer.Option("--reason", help="原因，記入帳冊，勿含個資 why, for the audit; no personal data")]

_KINDS = {"exemption": "免報 exemption", "extension": "展延 extension"}


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="報送義務 What is due when, exemptions and extensions.")
    group.command("show", short_help="某月的期限 when a month is due and closes")(show)
    group.command("exempt", short_help="核准免報 grant an exemption")(exempt)
    group.command("extend", short_help="核准展延 grant an extension")(extend)
    group.command("withdraw", short_help="撤銷核准 take a grant back")(withdraw)
    group.command("list", short_help="列出核准 list what is granted")(list_)
    app.add_typer(group, name="duties")


def show(month: options.Month, agency: options.OptionalAgency = None, output: options.Format = Format.TEXT) -> None:
    """某月何時開放、到期、截止更正，該年度何時關帳 When a month opens, is due, closes to corrections; its year's close.

    Of every kind of agency; with an agency, of that one, what was granted included.
    """
    from pipelines.cli.platform import opened
    from warehouse.duties import Duties, calendar_of
    from warehouse.ledger.engine import reading

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        duties = Duties(session, calendar_of(platform.home))
        own = platform.home.duties if platform.home.duties.exists() else None
        rows = _of_agency(duties, agency, month) if agency else _of_kinds(duties, month)
    if output is Format.JSON:
        for row in rows:
            say_json(row)
        return
    note(f"行事曆 calendar: {own or '本程式所附 as shipped'}")
    headings = (
        *("類別 kind", "開放 opens", "期限 due until", "遇假日 on a day off"),
        *("更正截止 corrections close", "年度關帳 year closes"),
    )
    table(f"報送義務 duties, {roc(month)}", headings, [_line(row) for row in rows])
    if agency:
        say(f"{agency}: {rows[0]['why']}")


def _of_kinds(duties: Any, month: str) -> list[dict[str, Any]]:
    from warehouse.duties.calendar import EVERY_KIND

    kinds = [EVERY_KIND, *sorted(duties.calendar.kinds(month))]
    return [{"month": month, "kind": kind, **_moments(duties.calendar, month, kind)} for kind in kinds]


def _of_agency(duties: Any, agency: str, month: str) -> list[dict[str, Any]]:
    from warehouse.duties.calendar import EVERY_KIND

    period, said = duties.register.of_month(month).get(agency), duties.of_month(month)
    kind = period.kind if period and period.kind in duties.calendar.kinds(month) else EVERY_KIND
    answer = said.due.get(agency) or said.not_due.get(agency)
    why = answer.why if answer else "當月不在機關代碼檔 not in force in that month"
    moments = _moments(duties.calendar, month, kind) | {"due": said.until(agency) if agency in said.due else None}
    return [{"month": month, "agency_code": agency, "kind": kind, **moments, "owes": agency in said.due, "why": why}]


def _moments(calendar: Any, month: str, kind: str) -> dict[str, Any]:
    row = calendar.row(month, kind)
    return {
        "opens": calendar.opens(month, kind),
        "due": calendar.due(month, kind),
        "due_on_day_off": row.due_on_day_off,
        "corrections_close": calendar.corrections_close(month, kind),
        "year_closes": calendar.year_closes(int(month[:4]), kind),
        "source": row.source,
    }


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    from warehouse.duties.reckoning import spoken

    day_off = {"stays": "不變 stays", "next_working_day": "順延 next working day"}[row["due_on_day_off"]]
    kind = "全部 every kind" if row["kind"] == "*" else row["kind"]
    due = spoken(row["due"]) if row["due"] else "不必報送 owes nothing"
    opens = f"{row['opens']:%Y-%m-%d %H:%M}"
    return (kind, opens, due, day_off, spoken(row["corrections_close"]), spoken(row["year_closes"]))


def exempt(
    agency: options.Agency,
    month: First,
    granted_by: GrantedBy,
    reason: Reason,
    to: Annotated[
        str | None,
        typer.Option("--to", parser=options.month, metavar="YYYY-MM", help="終止月份，預設為起始月份 last month"),
    ] = None,
    open_ended: Annotated[bool, typer.Option("--open-ended", help="至撤銷為止 until it is withdrawn")] = False,
    below: Below = False,
    output: options.Format = Format.TEXT,
) -> None:
    """核准免報：這些月份不必報送，不列入比例 Exempt from these months: nothing is owed, no ratio counts them."""
    from warehouse.duties.grants import EXEMPTION

    last = None if open_ended else to or month
    _give((EXEMPTION, agency, below, month, last, None, granted_by, reason), output)


def extend(
    agency: options.Agency,
    month: First,
    until: Annotated[
        Any,
        typer.Option(
            "--until",
            parser=options.moment,
            metavar="YYYY-MM-DD[Thh:mm]",
            help="展延至（當日 24 時） until (that day's end)",
        ),
    ],
    granted_by: GrantedBy,
    reason: Reason,
    to: Annotated[
        str | None,
        typer.Option("--to", parser=options.month, metavar="YYYY-MM", help="終止月份，預設為起始月份 last month"),
    ] = None,
    below: Below = False,
    output: options.Format = Format.TEXT,
) -> None:
    """核准展延：這些月份於此前送達即為準時 Extend these months: what arrives until then is on time."""
    from warehouse.duties.grants import EXTENSION

    _give((EXTENSION, agency, below, month, to or month, until, granted_by, reason), output)


def _give(wanted: tuple[str, str, bool, str, str | None, datetime | None, str, str], output: Format) -> None:
    from assets.grants import give
    from pipelines.cli.platform import opened
    from warehouse.duties.grants import Granted

    with opened() as platform:
        _say_done(give(platform, Granted(*wanted)), output)


def withdraw(
    id_: Annotated[int, typer.Argument(metavar="ID", help="核准編號，見 duties list a grant's number")],
    reason: Reason,
    output: options.Format = Format.TEXT,
) -> None:
    """撤銷核准：該等月份回復為原來的義務 Take a grant back: its months are due as if it had never been."""
    from assets.grants import take_back
    from pipelines.cli.platform import opened

    with opened() as platform:
        _say_done(take_back(platform, id_, reason), output)


def _say_done(done: "GrantDone", output: Format) -> None:
    if output is Format.JSON:
        say_json({**_as_json(done.grant), "published": done.published})
        return
    one = done.grant
    what = "撤銷 withdrawn" if one.withdrawn_at else "核准 granted"
    say(f"{what} {one.id}: {_KINDS[one.kind]} {_whom(one)} {_months(one)} {_until(one) or ''}".rstrip())
    say(f"  已重新發布 published {'、'.join(done.published) or '無須更動 nothing to change'}")


def list_(
    month: options.OptionalMonth = None,
    agency: options.OptionalAgency = None,
    everything: Annotated[bool, typer.Option("--all", help="含已撤銷者 those withdrawn too")] = False,
    output: options.Format = Format.TEXT,
) -> None:
    """列出核准：對誰、哪些月份、至何時、何人核准、為何 What is granted: to whom, for which months, by whom and why."""
    from pipelines.cli.platform import opened
    from warehouse.duties.grants import all_grants
    from warehouse.ledger.engine import reading

    with opened(to_read=True) as platform, reading(platform.engine) as session:
        rows = [
            one
            for one in all_grants(session)
            if (everything or one.withdrawn_at is None)
            and (month is None or one.touches(month))
            and agency in (None, one.code)
        ]
    if output is Format.JSON:
        for one in rows:
            say_json(_as_json(one))
        return
    headings = (
        *("編號 id", "種類 kind", "機關 agency", "月份 months", "至 until", "核准者 granted by", "原因 reason"),
        *("登錄 entered", "撤銷 withdrawn"),
    )
    table(f"核准 grants: {len(rows):,}", headings, [_grant_line(one) for one in rows], numbers=[0])


def _grant_line(one: "Standing") -> tuple[object, ...]:
    entered = f"{one.actor} {_day(one.at)}"
    ended = f"{one.withdrawn_by} {_day(one.withdrawn_at)}: {one.withdrawn_because}" if one.withdrawn_at else None
    place = (one.id, _KINDS[one.kind], _whom(one), _months(one), _until(one))
    return (*place, printable(one.granted_by), printable(one.reason), entered, ended)


def _as_json(one: "Standing") -> dict[str, Any]:
    from warehouse.deadlines import TAIPEI

    said = asdict(one)
    return {
        name: value.astimezone(TAIPEI).isoformat() if isinstance(value, datetime) else value
        for name, value in said.items()
    }


def _whom(one: "Standing") -> str:
    return f"{one.code}{' 及下級 and all below' if one.below else ''}"


def _months(one: "Standing") -> str:
    if one.last_month is None:
        return f"{one.first_month} 起 on"
    return one.first_month if one.last_month == one.first_month else f"{one.first_month} ~ {one.last_month}"


def _until(one: "Standing") -> str | None:
    from warehouse.duties.reckoning import spoken

    return spoken(one.until) if one.until else None


def _day(moment: datetime) -> str:
    from warehouse.deadlines import TAIPEI

    return f"{moment.astimezone(TAIPEI):%Y-%m-%d %H:%M}"

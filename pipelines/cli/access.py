"""`attendance access`: who may do what in the portal: the first people authorised, everybody listed, taken back."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import options
from pipelines.cli.console import Format, say, say_json, table
from pipelines.cli.failures import CannotError

if TYPE_CHECKING:
    from warehouse.access.authorisations import Held

Account = Annotated[
    str | None, typer.Option("--account", metavar="ACCOUNT", help="單一簽入帳號 single sign-on account")
]
Certificate = Annotated[
    str | None,
    typer.Option("--certificate", metavar="SUBJECT", help="機關憑證主體 the subject, like CN=…,C=TW (RFC 4514)"),
]
Reason = Annotated[str, typer.Option("--reason", help="原因，記入帳冊，勿含個資 why, for the audit; no personal data")]
Everything = Annotated[
    bool, typer.Option("--all", help="含已撤銷、已屆期者 those withdrawn and those past their last day too")
]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    group = typer.Typer(rich_markup_mode=None, help="入口網授權 Who may do what in the portal.")
    group.command("grant", short_help="授權 authorise somebody")(grant)
    group.command("import", short_help="匯入授權 authorise everybody in a file")(import_)
    group.command("withdraw", short_help="撤銷授權 take an authorisation back")(withdraw)
    group.command("list", short_help="列出授權 list who holds what")(list_)
    app.add_typer(group, name="access")


def grant(
    name: Annotated[str, typer.Option("--name", help="姓名或職稱；機關憑證填機關 who it is")],
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="operator authority agency head submitter viewer")
    ],
    reason: Reason,
    account: Account = None,
    certificate: Certificate = None,
    agency: options.OptionalAgency = None,
    first_day: Annotated[
        Any, typer.Option("--from", parser=options.day, metavar="YYYY-MM-DD", help="起日，預設今日 first day; today")
    ] = None,
    last_day: Annotated[
        Any,
        typer.Option("--until", parser=options.day, metavar="YYYY-MM-DD", help="迄日（含），預設至撤銷 last day"),
    ] = None,
    output: options.Format = Format.TEXT,
) -> None:
    """授權：中央管理人員不填機關，其他角色須填 Authorise; operators have no agency, everybody else has one."""
    from pipelines.cli.platform import opened
    from warehouse.access.importing import grant as write
    from warehouse.access.importing import wanted_of
    from warehouse.ledger.engine import writing
    from warehouse.register.agencies import RegisterAgencies

    with opened() as platform, writing(platform.engine) as session:
        said = {
            "account": account or "",
            "certificate": certificate or "",
            "name": name,
            "role": role,
            "agency": agency or "",
            "reason": reason,
            "from": str(first_day or platform.today()),
            "until": str(last_day or ""),
        }
        register = RegisterAgencies(session)
        held = write(session, register, wanted_of(said), actor=platform.actor, at=platform.clock())
    _say_done(held, output)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: account,certificate,name,role,agency,from,until,reason")
    ],
    output: options.Format = Format.TEXT,
) -> None:
    """匯入授權：全部寫入，或有誤時全部不寫入 Authorise everybody in a file; one fault, and nobody is."""
    from pipelines.cli.platform import opened
    from warehouse.access.importing import import_authorisations
    from warehouse.ledger.engine import writing

    data = file.read_bytes()
    with opened() as platform, writing(platform.engine) as session:
        done = import_authorisations(session, data, actor=platform.actor, at=platform.clock())
    if output is Format.JSON:
        for one in done:
            say_json(asdict(one))
        return
    say(f"{len(done):,} 筆授權 authorisations")


def withdraw(
    id_: Annotated[int, typer.Argument(metavar="ID", help="授權編號，見 access list an authorisation's number")],
    reason: Reason,
    output: options.Format = Format.TEXT,
) -> None:
    """撤銷這筆授權，即時生效；同一人的其他授權不變 Take it back, from now on; the same person's others stand."""
    from pipelines.cli.platform import opened
    from warehouse.access.authorisations import withdraw_authorisation
    from warehouse.ledger.engine import writing

    with opened() as platform, writing(platform.engine) as session:
        held = withdraw_authorisation(session, id_, reason=reason, actor=platform.actor, at=platform.clock())
    _say_done(held, output)


def list_(
    agency: options.OptionalAgency = None,
    account: Account = None,
    certificate: Certificate = None,
    everything: Everything = False,
    output: options.Format = Format.TEXT,
) -> None:
    """列出授權：何人、何種角色、哪個機關、起訖、何人授權 Who holds what, for which agency, until when, by whom."""
    from pipelines.cli.platform import opened
    from warehouse.access.authorisations import all_authorisations
    from warehouse.access.certificates import subject_of
    from warehouse.ledger.engine import reading

    if account and certificate:
        raise CannotError("帳號與憑證主體擇一 give either --account or --certificate")
    wanted = subject_of(certificate).account if certificate else account
    with opened(to_read=True) as platform, reading(platform.engine) as session:
        rows = [
            one
            for one in all_authorisations(session)
            if (everything or _to_come(one, platform.today()))
            and agency in (None, one.agency_code)
            and wanted in (None, one.account)
        ]
    if output is Format.JSON:
        for one in rows:
            say_json(asdict(one))
        return
    columns = (
        *("編號 id", "帳號 account", "姓名 name", "角色 role", "機關 agency", "起 from", "迄 until", "授權 by"),
        "撤銷 withdrawn",
    )
    table(f"授權 authorisations: {len(rows):,}", columns, [_line(one) for one in rows], numbers=[0])


def _to_come(one: "Held", today: date) -> bool:
    """Whether it stands today or will."""
    return one.withdrawn_at is None and (one.last_day is None or one.last_day >= today)


def _say_done(one: "Held", output: Format) -> None:
    from warehouse.access.authorisations import ROLES

    if output is Format.JSON:
        say_json(asdict(one))
        return
    what = "撤銷 withdrawn" if one.withdrawn_at else "授權 authorised"
    say(f"{what} {one.id}: {one.account} {ROLES[one.role]} {one.agency_code or ''}".rstrip())


def _line(one: "Held") -> tuple[object, ...]:
    from warehouse.access.authorisations import ROLES

    ended = f"{one.withdrawn_by}: {one.withdrawn_because}" if one.withdrawn_at else None
    place = (one.agency_code, one.first_day, one.last_day)
    return (one.id, one.account, one.holder, ROLES[one.role], *place, f"{one.actor}: {one.reason}", ended)

"""授權人員: whom an agency's head of personnel has authorised, from when to when; granting and withdrawing."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal.access import Right
from portal.guard import Allowed, NotAllowed, Number, Visit
from warehouse.access.authorisations import (
    AuthorisationRefused,
    Wanted,
    authorisation,
    authorise,
    held_for,
    withdraw_authorisation,
)
from warehouse.ledger.engine import reading, writing

router = APIRouter(
    prefix="/agencies/{agency}/authorisations", default_response_class=HTMLResponse, include_in_schema=False
)

Granter = Annotated[Visit, Depends(Allowed(Right.GRANT))]


@router.get("")
def people(request: Request, visit: Granter) -> Response:
    """Who is authorised, and a form to authorise more."""
    return _page(request, visit)


@router.post("")
def grant(
    request: Request,
    visit: Granter,
    account: Annotated[str, Form()],
    holder: Annotated[str, Form()],
    role: Annotated[str, Form()],
    first_day: Annotated[date, Form()],
    reason: Annotated[str, Form(max_length=200)],
    last_day: Annotated[str, Form()] = "",
) -> Response:
    """Authorise somebody, to what the visitor may grant."""
    if role not in visit.access.may_grant(visit.agency):
        raise NotAllowed("您不能授予這個角色 you may not grant this role")
    platform = visit.desk.platform
    try:
        until = date.fromisoformat(last_day) if last_day else None
        wanted = Wanted(account.strip(), holder.strip(), role, visit.agency, first_day, until, reason.strip())
        with writing(platform.engine) as session:
            authorise(session, wanted, actor=visit.visitor.actor, at=platform.clock())
    except AuthorisationRefused as error:
        return _page(request, visit, status=422, refused=str(error))
    except ValueError:
        return _page(request, visit, status=422, refused="迄日不是日期 the last day is no date")
    return RedirectResponse(f"/agencies/{visit.agency}/authorisations", 303)


@router.post("/{id_}/withdraw")
def withdraw(request: Request, visit: Granter, id_: Number, reason: Annotated[str, Form(max_length=200)]) -> Response:
    """Take an authorisation back; it opens nothing from now on."""
    platform = visit.desk.platform
    with reading(platform.engine) as session:
        one = authorisation(session, id_)
    if one is None or one.agency_code != visit.agency:
        raise HTTPException(404, "這個機關沒有這筆授權 the agency has no such authorisation")
    if one.role not in visit.access.may_grant(visit.agency):
        raise NotAllowed("您不能撤銷這個角色 you may not withdraw this role")
    try:
        with writing(platform.engine) as session:
            withdraw_authorisation(session, id_, reason=reason, actor=visit.visitor.actor, at=platform.clock())
    except AuthorisationRefused as error:
        return _page(request, visit, status=422, refused=str(error))
    return RedirectResponse(f"/agencies/{visit.agency}/authorisations", 303)


def _page(request: Request, visit: Visit, *, status: int = 200, refused: str | None = None) -> Response:
    with reading(visit.desk.platform.engine) as session:
        held = held_for(session, [visit.agency])
    name = visit.desk.remembered.register.name(visit.agency) or visit.agency
    values = {"held": held, "name": name, "refused": refused, "today": visit.desk.platform.today()}
    granted = visit.access.may_grant(visit.agency)
    return visit.desk.page(request, "people.html", status=status, visit=visit, granted=granted, **values)

"""系統權杖: tokens by which an agency's own system checks, submits and reads; said once, revoked at any time."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from portal.access import Right
from portal.guard import Allowed, Number, Visit
from warehouse.access.tokens import LONGEST, SCOPES, TokenRefused, issue_token, revoke_token, tokens_of
from warehouse.ledger.engine import reading, writing

router = APIRouter(prefix="/agencies/{agency}/tokens", default_response_class=HTMLResponse, include_in_schema=False)

Granter = Annotated[Visit, Depends(Allowed(Right.GRANT))]


@router.get("")
def tokens(request: Request, visit: Granter) -> Response:
    """The agency's tokens, and a form to issue one."""
    return _page(request, visit)


@router.post("")
def issue(
    request: Request,
    visit: Granter,
    label: Annotated[str, Form(max_length=80)],
    last_day: Annotated[date, Form()],
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Issue a token and say it, this once."""
    platform = visit.desk.platform
    try:
        with writing(platform.engine) as session:
            secret, _ = issue_token(
                session,
                visit.agency,
                label.strip(),
                scopes or [],
                last_day,
                actor=visit.visitor.actor,
                at=platform.clock(),
            )
    except TokenRefused as error:
        return _page(request, visit, status=422, refused=str(error))
    return _page(request, visit, secret=secret)


@router.post("/{id_}/revoke")
def revoke(request: Request, visit: Granter, id_: Number) -> Response:
    """Take a token back; it opens nothing from now on."""
    platform = visit.desk.platform
    try:
        with writing(platform.engine) as session:
            revoke_token(session, visit.agency, id_, actor=visit.visitor.actor, at=platform.clock())
    except TokenRefused as error:
        return _page(request, visit, status=422, refused=str(error))
    return RedirectResponse(f"/agencies/{visit.agency}/tokens", 303)


def _page(
    request: Request, visit: Visit, *, status: int = 200, refused: str | None = None, secret: str | None = None
) -> Response:
    today = visit.desk.platform.today()
    with reading(visit.desk.platform.engine) as session:
        issued = tokens_of(session, visit.agency)
    name = visit.desk.remembered.register.name(visit.agency) or visit.agency
    values = {"issued": issued, "name": name, "refused": refused, "secret": secret, "scopes": SCOPES}
    days = {"today": today, "longest": today + LONGEST - timedelta(days=1)}
    return visit.desk.page(request, "tokens.html", status=status, visit=visit, **values, **days)

"""登入、登出: by the single sign-on, or by an agency's certificate that a believed proxy has verified."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from portal.desk import Desk
from portal.guard import SIGNED_IN, NotAllowed, Visit, visit_of
from portal.identity.entering import enter, leave
from portal.identity.on_the_way import local
from portal.identity.proxies import certificate_of
from portal.identity.refusals import SignInRefused
from portal.identity.single_sign_on import SingleSignOn
from warehouse.access.authorisations import AGENCY, held_by
from warehouse.access.certificates import CERTIFICATE
from warehouse.ledger.engine import reading

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/sign-in")
def ways(request: Request, next: str = "/") -> Response:  # noqa: A002 — as the address has it
    """The ways of signing in that there are; whoever is signed in goes on."""
    desk: Desk = request.app.state.desk
    if visit_of(request) is not None:
        return RedirectResponse(local(next), 303)
    certificate = certificate_of(request)
    single = request.app.state.single_sign_on is not None
    return desk.page(
        request, "sign_in.html", visit=None, next=local(next), certificate=certificate, single_sign_on=single
    )


@router.get("/sign-in/start")
async def start(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Go to the single sign-on."""
    return await _single_sign_on(request).leave(request, next)


@router.get("/sign-in/back")
async def back(request: Request) -> Response:
    """Come back from it, signed in or not; either way what the browser kept for it has served."""
    sign_on = _single_sign_on(request)
    try:
        came = await sign_on.come_back(request)
        answer = await to_thread.run_sync(enter, request, came.account, came.holder, came.next)
    except SignInRefused as refused:
        desk: Desk = request.app.state.desk
        answer = desk.page(request, "sign_in_refused.html", status=refused.status_code, visit=None, said=refused.detail)
    sign_on.on_the_way.forget(answer)
    return answer


@router.post("/sign-in/certificate")
def certificate(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Sign in as the agency whose certificate came with the request."""
    desk: Desk = request.app.state.desk
    if request.headers.get("origin", desk.settings.url) != desk.settings.url:
        raise NotAllowed("這個表單不是由本網站送出 this form was not sent from here")
    subject = certificate_of(request)
    if subject is None:
        raise SignInRefused(
            400,
            "no_certificate",
            "瀏覽器沒有出示機關憑證，請插入憑證後重新開啟瀏覽器 no certificate was shown: insert it",
        )
    with reading(desk.platform.engine) as session:
        held = held_by(session, subject.account, desk.platform.today())
    if not any(one.role == AGENCY for one in held):
        raise SignInRefused(
            403,
            "certificate",
            "這張機關憑證尚未授權，請洽系統管理人員 this certificate is not authorised: ask the operators",
            account=subject.account,
        )
    return enter(request, subject.account, subject.holder, local(next))


@router.post("/sign-out")
async def sign_out(request: Request, visit: Annotated[Visit, Depends(SIGNED_IN)]) -> Response:
    """End the session; the browser goes on to end the single sign-on's, where that has a place for it."""
    account = visit.visitor.account
    sign_on: SingleSignOn | None = request.app.state.single_sign_on
    place = None
    if sign_on is not None and not account.startswith(CERTIFICATE):
        place = await sign_on.signing_out_place()
    answer = visit.desk.page(request, "signed_out.html", visit=None, place=place)
    if place:
        # By header, as a form may not lead elsewhere (form-action, in wire.py).
        answer.headers["Refresh"] = f"0; url={place}"
    await to_thread.run_sync(leave, request, account, answer)
    return answer


def _single_sign_on(request: Request) -> SingleSignOn:
    sign_on: SingleSignOn | None = request.app.state.single_sign_on
    if sign_on is None:
        raise SignInRefused(
            503, "not_set", "尚未設定單一簽入，請洽系統管理人員 no single sign-on is set: tell the operators"
        )
    return sign_on

"""Beginning a session and ending it: the row in the ledger, the cookie in the browser, the line in the journal."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.desk import Desk
from warehouse.access.sessions import begin_session, end_session
from warehouse.journal import log
from warehouse.ledger.engine import writing


def enter(request: Request, account: str, holder: str, place: str) -> Response:
    """Begin a session and go to `place`; the one whose cookie came with the request ends (no session fixation)."""
    desk: Desk = request.app.state.desk
    with writing(desk.platform.engine) as session:
        if before := request.cookies.get(desk.cookie):
            end_session(session, before)
        cookie, _ = begin_session(session, account, holder, at=desk.platform.clock())
    log.info("signed_in", account=account)
    answer = RedirectResponse(place, 303)
    # Without an age: it goes when the browser does, if not ended before.
    answer.set_cookie(desk.cookie, cookie, path="/", secure=desk.settings.secure, httponly=True, samesite="lax")
    return answer


def leave(request: Request, account: str, answer: Response) -> None:
    """End the session whose cookie came with the request, and have the browser keep it no longer."""
    desk: Desk = request.app.state.desk
    with writing(desk.platform.engine) as session:
        end_session(session, request.cookies.get(desk.cookie, ""))
    log.info("signed_out", account=account)
    answer.delete_cookie(desk.cookie, path="/", secure=desk.settings.secure, httponly=True, samesite="lax")

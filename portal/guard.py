"""Who is asking, and whether they may: a dependency that every page states, `Allowed(right)` or `SIGNED_IN`.

The agency is the path's `agency`, the month its `month` or the query's.  Authorisations are read on every request, so
that one that is withdrawn opens nothing from then on.  A form is taken only from the portal's own pages: its `csrf` is
the session's, and a browser that says where the form was says that it was here.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import Path, Request
from starlette.exceptions import HTTPException

from portal.access import Access, Right, Visitor
from portal.desk import Desk
from warehouse.access.authorisations import held_by
from warehouse.access.sessions import heard_of, session_of
from warehouse.journal import log
from warehouse.ledger.engine import reading, writing
from warehouse.months import is_month

_SAFE = frozenset({"GET", "HEAD"})
#: A row's number in a path: of those that the ledger can have.
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_AGENCY_CODE = re.compile(r"[0-9A-Za-z]{1,10}")


class NotSignedIn(HTTPException):
    """Nobody is signed in; a page sends to signing in and back."""

    def __init__(self, request: Request) -> None:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        place = f"/sign-in?next={quote(back)}" if request.method in _SAFE else "/sign-in"
        super().__init__(303, headers={"Location": place})


class NotAllowed(HTTPException):
    """Signed in, and not authorised to this."""

    def __init__(self, why: str = "您的授權不含這個機關或這項作業 you are not authorised to this") -> None:
        super().__init__(403, why)


@dataclass(frozen=True)
class Visit:
    """A request that was let in: by whom, with what rights, to which agency and month; None where the page has none."""

    desk: Desk
    visitor: Visitor
    access: Access
    agency_code: str | None
    month: str | None

    @property
    def agency(self) -> str:
        """The page's agency; pages that have one only."""
        if self.agency_code is None:
            raise LookupError("this page has no agency")
        return self.agency_code

    @property
    def of_month(self) -> str:
        """The page's month; pages that have one only."""
        if self.month is None:
            raise LookupError("this page has no month")
        return self.month


class Allowed:
    """The visit, where somebody is signed in and has the right to the page's agency (None: signed in is enough)."""

    def __init__(self, right: Right | None) -> None:
        self.right = right

    async def __call__(self, request: Request) -> Visit:
        """Raises `NotSignedIn`, `NotAllowed`, 404 for what is no agency or month, 429 for one form too many."""
        visit = await to_thread.run_sync(self._let_in, request)
        if request.method not in _SAFE:
            try:
                await _from_here(request, visit)
            except BaseException:
                await request.close()  # files that came with the form
                raise
        return visit

    def _let_in(self, request: Request) -> Visit:
        visit = visit_of(request)
        if visit is None:
            raise NotSignedIn(request)
        agency = visit.agency_code
        if request.method not in _SAFE:
            visit.desk.limiter.count(f"account:{visit.visitor.account}")
        if self.right is not None and not self._may(self.right, visit):
            log.warning("access_refused", agency=agency, account=visit.visitor.account, right=self.right.value)
            raise NotAllowed
        if self.right is Right.GRANT and agency is not None and visit.desk.remembered.register.name(agency) is None:
            raise HTTPException(404, "機關代碼檔沒有這個機關 the register has no such agency")
        return visit

    def _may(self, right: Right, visit: Visit) -> bool:
        return visit.agency_code is not None and visit.access.may(right, visit.agency_code, visit.month)


class AllowedSomewhere(Allowed):
    """The visit, where somebody is signed in and has the right to any agency; the page itself has none."""

    def _may(self, right: Right, visit: Visit) -> bool:
        return visit.access.everywhere or bool(visit.access.own(right))


#: Whoever is signed in, whatever they may.
SIGNED_IN = Allowed(None)


def visit_of(request: Request) -> Visit | None:
    """Who is signed in with this request's cookie, whatever they may do here; None where nobody is."""
    desk: Desk = request.app.state.desk
    visitor = visitor_of(request, desk)
    if visitor is None:
        return None
    access = Access(visitor.held, desk.remembered.register, desk.this_month)
    visit = Visit(desk, visitor, access, _agency_of(request), _month_of(request))
    request.state.visit = visit  # whose page it is, also where it becomes that of a problem
    return visit


def visitor_of(request: Request, desk: Desk) -> Visitor | None:
    """Who has this request's cookie; None where nobody has."""
    cookie = request.cookies.get(desk.cookie)
    if not cookie:
        return None
    at = desk.platform.clock()
    with reading(desk.platform.engine) as session:
        signed_in = session_of(session, cookie, at, desk.settings.lifetime)
        held = held_by(session, signed_in.account, desk.platform.today()) if signed_in else []
    if signed_in is None:
        return None
    if signed_in.stale:
        with writing(desk.platform.engine) as session:
            heard_of(session, cookie, at)
    return Visitor(signed_in.account, signed_in.holder, signed_in.csrf, held)


async def _from_here(request: Request, visit: Visit) -> None:
    """A form of ours, sent by a page of ours (OWASP: synchroniser token, and Origin as the second line)."""
    origin = request.headers.get("origin")
    if origin is not None and origin != visit.desk.settings.url:
        log.warning("form_refused", account=visit.visitor.account, why="origin")
        raise NotAllowed("這個表單不是由本網站送出 this form was not sent from here")
    said: Any = request.headers.get("x-csrf-token") or (await request.form()).get("csrf")
    if not isinstance(said, str) or not secrets.compare_digest(said.encode(), visit.visitor.csrf.encode()):
        log.warning("form_refused", account=visit.visitor.account, why="token")
        raise NotAllowed("頁面已逾時，請重新整理後再送出 this page has expired: load it again, then send")


def _month_of(request: Request) -> str | None:
    said = request.path_params.get("month") or request.query_params.get("month") or None
    if said is not None and not is_month(said):
        raise HTTPException(404, "年月應為 YYYY-MM a month is YYYY-MM")
    return said


def _agency_of(request: Request) -> str | None:
    said = request.path_params.get("agency")
    if said is not None and not _AGENCY_CODE.fullmatch(said):
        raise HTTPException(404, "機關代碼至多 10 個英數字元 an agency's code has at most 10 letters and digits")
    return said

"""首頁: what there is for whoever is here, and what waits for them."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from portal.access import Right
from portal.desk import Desk
from portal.guard import visit_of

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/")
def home(request: Request) -> Response:
    """The first page, signed in or not."""
    desk: Desk = request.app.state.desk
    visit = visit_of(request)
    own = visit.access.own(Right.VIEW) if visit else []
    names = {code: desk.remembered.register.name(code) or code for code in own}
    return desk.page(request, "home.html", visit=visit, names=names)

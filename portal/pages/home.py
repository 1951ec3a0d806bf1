"""首頁: what there is for whoever is here, and what waits for them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from portal.access import Right
from portal.desk import Desk
from portal.guard import Visit, visit_of
from portal.status import OWING, Cell, grid, now, owing, years

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

#: Agencies of one's own whose months are looked through.
_OWN = 5


@router.get("/")
def home(request: Request) -> Response:
    """The first page, signed in or not."""
    desk: Desk = request.app.state.desk
    visit = visit_of(request)
    values = _of(visit) if visit and visit.visitor.held else {}
    return desk.page(request, "home.html", visit=visit, **values)


def _of(visit: Visit) -> dict[str, Any]:
    """Their agencies; what of the year they have to see to there, and how many of those below have something."""
    desk, own = visit.desk, visit.access.own(Right.VIEW)
    year, moment = years(desk)[0], now(desk)
    found = grid(desk, own[:_OWN], year)
    asked: dict[str, list[tuple[Cell, str]]] = {
        code: [(cell, what) for cell in cells if (what := cell.asks(moment)) is not None]
        for code, cells in found.items()
    }
    below = set(visit.access.agencies(Right.VIEW)) - set(own)
    return {
        "names": {code: desk.remembered.register.name(code) or code for code in own},
        "asked": asked,
        "year": year,
        "below": len(below),
        "owed": {what: len(owing(desk, year, what) & below) for what in OWING} if below else {},
    }

"""格式檢核: a form that takes a document and shows everything wrong with it; nothing is stored.  Open to everybody."""

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from portal.desk import Desk
from portal.format_check import SHOWN
from portal.guard import Visit, visit_of
from portal.limiting import limited
from portal.uploads import Uploaded

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/check")
def form(request: Request) -> Response:
    """The form."""
    desk: Desk = request.app.state.desk
    visit = visit_of(request)
    return desk.page(request, "check.html", visit=visit, most=_most(desk, visit))


@router.post("/check", dependencies=[Depends(limited)])
async def check(request: Request, file: Uploaded) -> Response:
    """The findings, and the form again."""
    desk: Desk = request.app.state.desk
    visit = await to_thread.run_sync(visit_of, request)
    checked = await desk.check.check(await file.read())
    values: dict[str, Any] = {
        "checked": checked,
        "shown": SHOWN,
        "name": file.filename or "",
        "most": _most(desk, visit),
    }
    return desk.page(request, "check.html", visit=visit, **values)


def _most(desk: Desk, visit: Visit | None) -> int:
    """Bytes of a file that is taken of somebody."""
    most = desk.platform.limits.max_bytes
    return most if visit and visit.visitor.held else min(desk.settings.anonymous_bytes_a_minute, most)

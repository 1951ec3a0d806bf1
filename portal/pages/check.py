"""格式檢核: a form that takes a document and shows everything wrong with it; nothing is stored.  Open to everybody."""

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from portal.desk import Desk
from portal.format_check import SHOWN
from portal.guard import visit_of
from portal.limiting import limited
from portal.uploads import Uploaded

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/check")
def form(request: Request) -> Response:
    """The form."""
    desk: Desk = request.app.state.desk
    return desk.page(request, "check.html", visit=visit_of(request))


@router.post("/check", dependencies=[Depends(limited)])
async def check(request: Request, file: Uploaded) -> Response:
    """The findings, and the form again."""
    desk: Desk = request.app.state.desk
    visit = await to_thread.run_sync(visit_of, request)
    checked = await desk.check.check(await file.read())
    return desk.page(request, "check.html", visit=visit, checked=checked, shown=SHOWN, name=file.filename or "")

"""介接 API: how an agency's own system checks, submits and reads, with curl and Python; open to everybody."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.responses import Response

from portal import client
from portal.desk import Desk
from portal.guard import visit_of

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/api")
def interface(request: Request) -> Response:
    """The page."""
    desk: Desk = request.app.state.desk
    return desk.page(request, "interface.html", visit=visit_of(request), address=desk.settings.url)


@router.get("/api/client.py")
def python_client() -> Response:
    """The client, to keep beside one's own program."""
    text = Path(client.__file__).read_text(encoding="utf-8")
    return PlainTextResponse(text, headers={"Content-Disposition": 'attachment; filename="client.py"'})

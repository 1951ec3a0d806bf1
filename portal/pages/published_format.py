"""報送格式: what vendors write a document by, as the data model states it; open to everybody."""

from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from checks.format.versions import VERSIONS
from checks.limits import Limits
from checks.published.documents import schema_text
from checks.published.examples import example_text
from checks.published.language import Language
from checks.published.leave_codes import leave_codes_csv
from checks.published.page import page
from portal.desk import Desk
from portal.etags import tagged
from portal.guard import visit_of
from portal.language import language_of
from portal.prose import Prose, render

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

_JSON = "application/json"


@router.get("/format")
def format_page(request: Request) -> Response:
    """The page."""
    desk: Desk = request.app.state.desk
    language = language_of(request)
    prose = _prose(language, desk.settings.url, desk.platform.limits)
    visit = visit_of(request)
    return desk.page(request, "prose.html", visit=visit, prose=prose, language=language, place="/format", pdf=None)


@router.get("/format/leave-types.csv")
def leave_types(request: Request) -> Response:
    """The leave codes."""
    return tagged(request, leave_codes_csv().encode(), "text/csv; charset=utf-8", name="leave-types.csv")


@router.get("/format/schema/{version}.json")
def schema(request: Request, version: str) -> Response:
    """The JSON Schema of a version."""
    return tagged(request, schema_text(_known(version)).encode(), _JSON)


@router.get("/format/example/{version}.json")
def example(request: Request, version: str) -> Response:
    """The example of a version."""
    return tagged(request, example_text(_known(version)).encode(), _JSON)


def _known(version: str) -> str:
    if version not in VERSIONS:
        raise HTTPException(404, f"格式版本為 {'、'.join(VERSIONS)} versions of the format: {', '.join(VERSIONS)}")
    return version


@cache
def _prose(language: Language, address: str, limits: Limits) -> Prose:
    return render(page(language, address=address, limits=limits), lambda _: {})

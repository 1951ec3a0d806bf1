"""The application: which pages and which endpoints there are, and what they answer with."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, File, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.responses import Response

from assets.error_report import DATASETS, SEVERITIES
from assets.platform import Platform
from portal.format_check import SHOWN, FormatCheck
from portal.wire import Guarded

_HERE = Path(__file__).parent
_VERDICTS = {
    "ok": "合格：沒有退件的理由 ok: nothing keeps it or any of its records out",
    "entered_in_part": "部分退件：下列紀錄不會入檔 some records would not be entered",
    "refused": "整份退件：這個檔案不會入檔 the whole document would be refused",
}


_TITLES = {404: "查無此頁 Not found", 405: "不支援的方法 Method not allowed", 413: "檔案過大 Too large"}
#: Answers whose own words say what to do.
_EXPLAINED = {413}
_BEGIN_AGAIN = "請自首頁重新開始 begin again at /"


def create_app(platform: Platform) -> Guarded:
    """The portal over a platform, which whoever calls opens and closes."""
    app = FastAPI(
        title="差勤資料彙整平臺 Attendance data platform",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    templates = Jinja2Templates(_HERE / "templates")
    templates.env.globals |= {"severities": SEVERITIES, "verdicts": _VERDICTS, "shown": SHOWN, "datasets": DATASETS}
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    _add_pages(app, templates, FormatCheck(platform), platform.limits.max_bytes)
    _add_problems(app, templates)
    return Guarded(app, platform.limits.max_bytes)


def _add_pages(app: FastAPI, templates: Jinja2Templates, checker: FormatCheck, max_bytes: int) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    @app.get("/check", response_class=HTMLResponse, include_in_schema=False)
    async def form(request: Request) -> Response:
        return templates.TemplateResponse(request, "check.html", {"max_bytes": max_bytes})

    @app.post("/check", response_class=HTMLResponse, include_in_schema=False)
    async def check(request: Request, file: Annotated[UploadFile, File()]) -> Response:
        checked = await checker.check(await file.read())
        values = {"checked": checked, "name": file.filename or "", "max_bytes": max_bytes}
        return templates.TemplateResponse(request, "check.html", values)

    @app.post(
        "/api/v1/check",
        summary="格式檢核，不報送 Check a document; submits nothing",
        responses={413: {"description": "檔案過大 too large"}},
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
    )
    async def check_by_api(request: Request) -> JSONResponse:
        """Check the request's body, whatever it is; the answer is 200 with every finding."""
        checked = await checker.check(await request.body())
        return JSONResponse(checked.as_json())


def _add_problems(app: FastAPI, templates: Jinja2Templates) -> None:
    """Answers that say what to do: problem details (RFC 9457) to programs, a page to people."""

    def problem(request: Request, status: int, title: str, detail: str) -> Response:
        if request.url.path.startswith("/api/"):
            body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
            return JSONResponse(body, status, media_type="application/problem+json")
        return templates.TemplateResponse(request, "problem.html", {"title": title, "detail": detail}, status)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        said = error.detail if isinstance(error, HTTPException) and status in _EXPLAINED else _BEGIN_AGAIN
        return problem(request, status, _TITLES.get(status, "無法處理 Refused"), said)

    async def unreadable(request: Request, _error: Exception) -> Response:
        return problem(request, 422, "沒有收到檔案 No file came", "請選擇一個 JSON 檔案 choose a JSON file")

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: refused,
        RequestValidationError: unreadable,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)

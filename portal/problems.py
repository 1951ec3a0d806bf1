"""Answers that say what to do: problem details (RFC 9457) to programs, a page to people."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from portal.desk import Desk
from warehouse.journal import log
from warehouse.landing import LandingFull
from warehouse.ledger.engine import LedgerLost

_TITLES = {
    401: "請先登入 Sign in first",
    403: "沒有權限 Not allowed",
    404: "查無此頁 Not found",
    405: "不支援的方法 Method not allowed",
    408: "傳送逾時 Too slow",
    409: "無法照辦 Conflict",
    411: "未標明長度 Length required",
    413: "檔案過大 Too large",
    415: "不支援的格式 Unsupported",
    422: "資料不完整 Incomplete",
    429: "請求過多 Too many requests",
    500: "系統錯誤 Our fault",
    503: "暫停服務 Not available now",
}
#: Starlette's own words for these say nothing of what to do.
_OWN_WORDS = {
    404: "請自首頁重新開始 begin again at /",
    405: "請自首頁重新開始 begin again at /",
    400: "請求無法讀取，請重新送出 the request could not be read: send it again",
    500: "已記錄，請稍後再試 it was recorded; try again later",
}
#: What the portal stands on and cannot mend → the journal's word for it.
_NOT_NOW: dict[type[Exception], str] = {
    LedgerLost: "ledger",
    LandingFull: "landing",
}
_LATER = "系統暫時無法服務，請稍後再試；未收件者請重送 it cannot be done now: try again later"


def add_problems(app: FastAPI) -> None:
    """Have an application answer so."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: _refused,
        RequestValidationError: _unreadable,
        ClientDisconnect: _gone,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer with this status."""
    title = _TITLES.get(status, "無法處理 Refused")
    if request.url.path.startswith("/api/"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    desk: Desk = request.app.state.desk
    answer = desk.page(
        request, "problem.html", status=status, visit=getattr(request.state, "visit", None), title=title, detail=detail
    )
    answer.headers.update(headers or {})
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — as it is registered
    headers = dict(error.headers or {})
    if "Location" in headers:
        return RedirectResponse(headers["Location"], error.status_code)
    said = (
        error.detail
        if any(ord(one) > ord("~") for one in error.detail)
        else _OWN_WORDS.get(error.status_code, error.detail)
    )
    return problem(request, error.status_code, said, headers)


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads it: whoever sent the request hung up before its end."""
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    """Our own fault, or what the portal stands on does not answer; what it was is for the journal alone."""
    for kind, what in _NOT_NOW.items():
        if isinstance(error, kind):
            log.error("portal_unavailable", what=what)
            return problem(request, 503, _LATER, {"Retry-After": "60"})
    log.error("portal_failed", error=type(error).__name__)
    return problem(request, 500, _OWN_WORDS[500])


async def _unreadable(request: Request, error: Exception) -> Response:
    """Name the fields; what was in them is not repeated."""
    fields = {str(one["loc"][-1]) for one in error.errors()} if isinstance(error, RequestValidationError) else set()
    return problem(request, 422, f"欄位不正確 not as they should be: {', '.join(sorted(fields))}")

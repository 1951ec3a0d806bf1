"""Answers that say what to do: problem details (RFC 9457) to programs, a page to people."""

import sys
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.desk import Desk
from portal.log_throttle import LogThrottle
from portal.outages import outage_of
from warehouse.journal import log

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
_LATER = "系統暫時無法服務，請稍後再試；未收件者請重送 it cannot be done now: try again later"
_PACKAGES = frozenset({"assets", "checks", "pipelines", "portal", "warehouse"})
_ROOT = Path(__file__).parents[1]


def add_problems(app: FastAPI, *, debug: bool) -> None:
    """Have an application answer so, outside of the middleware added before.

    `debug`: faults of ours are shown on standard error with their traceback, which may quote what was sent.
    """
    app.state.outages = LogThrottle(log.error, "portal_unavailable")
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: _refused,
        RequestValidationError: _unreadable,
        ClientDisconnect: _gone,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(AnswersErrors, debug=debug)


class AnswersErrors:
    """An application that never raises: outages are 503, faults of ours 500, at whatever stage of a request.

    Starlette would answer an `Exception`, and raise it again for its server to print.
    """

    def __init__(self, app: ASGIApp, *, debug: bool) -> None:
        self._app = app
        self._debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def answer(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 — the one place where errors become answers
            response = _failed(Request(scope), error, debug=self._debug)
            if not began:  # otherwise the server closes the connection, and its reader knows that it is not whole
                await response(scope, receive, send)


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
    # FastAPI makes a 400 of whatever is raised while it reads a body.
    if error.status_code == HTTPStatus.BAD_REQUEST and (what := outage_of(error)) is not None:
        return _unavailable(request, what)
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


def _failed(request: Request, error: Exception, *, debug: bool) -> Response:
    """An outage, or a fault of ours, of which the journal has kind and place, never the text."""
    if (what := outage_of(error)) is not None:
        return _unavailable(request, what)
    log.error("portal_failed", error=type(error).__name__, at=_raised_at(error))
    if debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    return problem(request, 500, _OWN_WORDS[500])


def _unavailable(request: Request, what: str) -> Response:
    outages: LogThrottle = request.app.state.outages
    outages.count(what)
    return problem(request, 503, _LATER, {"Retry-After": "60"})


def _raised_at(error: Exception) -> str:
    """File and line, of our own code where the traceback has any: `portal/guard.py:42`."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    within = [(file.relative_to(_ROOT), line) for file, line in frames if file.is_relative_to(_ROOT)]
    ours = [(file, line) for file, line in within if file.parts[0] in _PACKAGES]
    file, line = (ours or frames)[-1]
    return f"{file}:{line}"


async def _unreadable(request: Request, error: Exception) -> Response:
    """Name the fields; what was in them is not repeated."""
    fields = {str(one["loc"][-1]) for one in error.errors()} if isinstance(error, RequestValidationError) else set()
    return problem(request, 422, f"欄位不正確 not as they should be: {', '.join(sorted(fields))}")

"""WebITR's side of the pull: a real HTTP server on this machine that speaks docs/webitr-openapi.yaml.

One process serves all the made-up country's WebITR agencies, each below its own path and with its own token.
"""

import asyncio
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.demo.country import Handing

_START_SECONDS = 10.0
_HOST = "127.0.0.1"


class WebItrServer:
    """Serves what is offered; use it as a context manager.  It listens on a free port of the loopback address.

    `down` are agencies whose server answers 503, `slow` the seconds that an agency's takes before it answers; both may
    be changed while it runs.
    """

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.slow: dict[str, float] = {}
        self._documents: dict[tuple[str, str], bytes] = {}
        routes = [Route("/{agency}/attendance/v1/submissions/{month}", self._answer)]
        app = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware)])
        # Its own lifespan and log say nothing that the demo's reader needs; errors still go to standard error.
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._socket = socket.socket()
        self._thread = threading.Thread(target=self._serve, name="demo-webitr", daemon=True)

    def __enter__(self) -> Self:
        """Start; raises OSError where no port can be had, RuntimeError where the server does not come up."""
        self._socket.bind((_HOST, 0))
        self._thread.start()
        started = threading.Event()
        for _ in range(int(_START_SECONDS / 0.01)):
            if self._server.started or not self._thread.is_alive():
                break
            started.wait(0.01)
        if not self._server.started:
            raise RuntimeError("the demo's WebITR server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait until it has."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def offer(self, handings: Iterable[Handing]) -> None:
        """Serve these documents from now on, each in place of the agency's earlier one of that month."""
        self._documents.update(((one.agency_code, one.month), one.data) for one in handings)

    @property
    def url(self) -> str:
        """Where all of them are."""
        return f"http://{_HOST}:{self._socket.getsockname()[1]}"

    def base_url(self, agency_code: str) -> str:
        """The agency's `base_url` for sources.toml."""
        return f"{self.url}/{agency_code}"

    @staticmethod
    def token(agency_code: str) -> str:
        """The agency's bearer token: made up, and good for nothing but this server."""
        return hashlib.sha256(f"demo {agency_code}".encode()).hexdigest()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    async def _answer(self, request: Request) -> Response:
        agency, month = request.path_params["agency"], request.path_params["month"]
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.token(agency)}"):
            return _problem(401, "權杖不符 wrong token", {"WWW-Authenticate": "Bearer"})
        await asyncio.sleep(self.slow.get(agency, 0))
        if agency in self.down:
            return _problem(503, "系統維護中 down for maintenance", {"Retry-After": "0"})
        data = self._documents.get((agency, month))
        if data is None:
            return _problem(404, "尚無當月資料 nothing for this month yet")
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(data, media_type="application/json", headers={"ETag": etag})


def _problem(status: int, title: str, headers: dict[str, str] | None = None) -> Response:
    """An error as RFC 9457 has it."""
    return JSONResponse(
        {"title": title, "status": status}, status, headers=headers, media_type="application/problem+json"
    )

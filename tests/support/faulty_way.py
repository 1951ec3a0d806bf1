"""A real way to a real server that is not always good: a proxy that is told which faults the next requests meet."""

import http.client
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_SLOW_DOWN = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>'


class FaultyWay(ThreadingHTTPServer):
    """Requests go on to `target` as they are.

    Each takes a fault off `faults` while there are some: `busy` (503 SlowDown, not sent on), `cut` (half the answer),
    `lost` (sent on, answered with nothing), `None` (no fault).
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.faults: deque[str | None] = deque()
        self.requests: list[str] = []

    @property
    def endpoint(self) -> str:
        """Where to reach it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of broken connections: they are the purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyWay
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.faults.popleft() if self.server.faults else None
        self.server.requests.append(f"{self.command} {fault or ''}".strip())
        if fault == "busy":
            self._answer(503, {"Content-Type": "application/xml"}, _SLOW_DOWN, len(_SLOW_DOWN))
            return
        onward = http.client.HTTPConnection(self.server.target)
        onward.request(self.command, self.path, body, dict(self.headers))  # the signature is over the Host as it came
        got = onward.getresponse()
        data = got.read()
        onward.close()
        if fault == "lost":
            self.close_connection = True
            return
        declared = int(got.headers.get("Content-Length", len(data)))
        kept = {
            name: value
            for name, value in got.headers.items()
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}
        }
        self._answer(got.status, kept, data[: len(data) // 2] if fault == "cut" else data, declared)
        self.close_connection = fault == "cut"

    def _answer(self, status: int, headers: dict[str, str], data: bytes, declared: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(declared))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815 — the server looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class says so
        """Nothing."""


@contextmanager
def faulty_way(target: str) -> Iterator[FaultyWay]:
    """Run one for the block."""
    with FaultyWay(target) as way:
        thread = threading.Thread(target=way.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield way
        way.shutdown()
        thread.join()

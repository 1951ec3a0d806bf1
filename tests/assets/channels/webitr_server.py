"""A real HTTP(S) server on loopback: a WebITR that keeps to docs/webitr-openapi.yaml, and can be told not to."""

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "secret-token-0123456789"

#: Misbehaves: writes whatever it likes, instead of the answer.
Misbehaviour = Callable[["Handler"], None]


@dataclass
class Exchange:
    """One request and what was answered, as they went over the wire."""

    path: str
    request: dict[str, str]
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        owner = self.server.owner
        owner.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, time.monotonic()))
        queue = owner.script.get(self.path, [])
        if queue:
            misbehave = queue.pop(0) if len(queue) > 1 or not owner.repeat_last else queue[0]
            misbehave(self)
            return
        self._answer()

    def _answer(self) -> None:
        owner = self.server.owner
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.problem(401, "unauthorized")
        document = owner.documents.get(self.path)
        if document is None:
            return self.problem(404, "no such month")
        etag = f'"{hashlib.sha256(document).hexdigest()}"'
        if self.headers.get("If-None-Match") == etag:
            return self.reply(304, {"ETag": etag})
        return self.reply(200, {"ETag": etag, "Content-Type": "application/json"}, document)

    def problem(self, status: int, title: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"title": title, "status": status}).encode()
        self.reply(status, {"Content-Type": "application/problem+json", **(headers or {})}, body)

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        if status not in {204, 304}:
            headers = {**headers, "Content-Length": str(len(body))}
        # Noted before it is sent: whoever has the answer may look here at once.
        request = {name.lower(): value for name, value in self.headers.items()}
        lower = {name.lower(): value for name, value in headers.items()}
        self.server.owner.exchanges.append(Exchange(self.path, request, status, lower, body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: "WebItrServer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what some tests are about."""


class WebItrServer:
    """`documents` by path; `script` answers a path's requests one by one, in place of the document."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, repeat_last: bool = False) -> None:
        self.documents: dict[str, bytes] = {}
        self.script: dict[str, list[Misbehaviour]] = {}
        self.repeat_last = repeat_last
        self.asked: list[tuple[str, dict[str, str], float]] = []
        self.exchanges: list[Exchange] = []
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, agency: str, month: str, document: bytes, *first: Misbehaviour) -> str:
        """Offer a document at the agency's base URL, which is returned; the misbehaviours come first."""
        path = f"/{agency}/attendance/v1/submissions/{month}"
        self.documents[path] = document
        if first:
            self.script[path] = list(first)
        return f"{self.url}/{agency}"

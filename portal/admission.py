"""Admission (收件前): who may send a body, how large, how fast; decided before a byte of it is read.

Pure ASGI.  A request without a body, or whose body nobody reads, is none of this module's.  Who is neither signed in
nor has a token sends only to the format check, and little; who has a form to send sends a form's size; documents of any
size come from those who are authorised to something.  Endpoints ask again what a sender may.
"""

import asyncio
import sys

from anyio import to_thread
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.settings_portal import KIB, MIB
from portal.api.guard import token_refused, token_that_stands
from portal.desk import Desk
from portal.guard import NotSignedIn, visitor_of
from portal.in_transit import InTransit, Sender
from portal.limiting import address_key

#: Where documents are sent.
DOCUMENTS = frozenset({"/check", "/submit", "/api/v1/check", "/api/v1/submissions"})
#: Where strangers may send anything.
OPEN = frozenset({"/check", "/api/v1/check"})
#: Bytes of any other body: ten thousand findings are explained at once.
_FORM = MIB
#: Bytes of a form around the file in it.
_AROUND = 64 * KIB
#: Of a length; Python refuses to read numbers of thousands.
_DIGITS = 18
_PLAIN = frozenset({"", "identity"})
_PACKED = "請勿壓縮，直接傳送 JSON 檔案 do not compress (Content-Encoding): send the JSON itself"
_SLOW = "內容傳送逾時，請重新傳送 the body came too slowly: send it again"
_NO_LENGTH = "請標明內容長度 say the body's length (Content-Length), or sign in"


class Admission:
    """An application that reads only what its senders may send."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._in_transit = InTransit(desk.settings, desk.platform.limits.max_bytes + _AROUND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Request(scope), receive, self._desk, self._in_transit)

        async def answer(message: Message) -> None:
            body.answered = True
            await send(message)

        try:
            await self._app(scope, body.receive, answer)
        finally:
            body.give_back()


class _Body:
    """One request's body."""

    def __init__(self, request: Request, receive: Receive, desk: Desk, in_transit: InTransit) -> None:
        self.answered = False
        self._request, self._receive, self._desk, self._in_transit = request, receive, desk, in_transit
        length = request.headers.get("content-length", "")
        digits = length.isascii() and length.isdigit()
        self._declared = (int(length) if len(length) <= _DIGITS else sys.maxsize) if digits else None
        self._whole = not self._declared and "transfer-encoding" not in request.headers
        self._sender: Sender | None = None
        self._most = self._came = self._taken = 0
        self._began = 0.0

    async def receive(self) -> Message:
        """The next of it.  Raises 303, 401, 408, 411, 413, 415, 429, 503 where the answer has not begun."""
        if self._whole or self.answered:
            return await self._receive()
        try:
            return await self._next()
        except HTTPException:
            if self.answered:  # who streams an answer listens whether its reader is still there
                return {"type": "http.disconnect"}
            raise

    async def _next(self) -> Message:
        if self._sender is None:
            self._sender = await self._admitted()
            self._began = asyncio.get_running_loop().time()
        message = await self._in_time()
        self._came += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._came > self._most:
            raise self._too_large()
        self._take(self._sender, self._came)
        return message

    def give_back(self) -> None:
        """The request is answered, or given up."""
        if self._sender is not None:
            self._in_transit.give_back(self._sender, self._taken)
            self._taken = 0

    async def _admitted(self) -> Sender:
        request = self._request
        if request.headers.get("content-encoding", "").strip().lower() not in _PLAIN:
            raise HTTPException(415, _PACKED)
        sender = await to_thread.run_sync(_sender_of, request, self._desk)
        self._most = self._most_of(sender)
        if self._declared is not None and self._declared > self._most:
            raise self._too_large()
        if not sender.known:
            if self._declared is None:
                raise HTTPException(411, _NO_LENGTH)
            counted = self._desk.limiter.count_bytes
            await to_thread.run_sync(counted, address_key(request), self._declared)
        self._take(sender, self._declared or 0)
        return sender

    def _most_of(self, sender: Sender) -> int:
        if self._request.url.path not in DOCUMENTS:
            return _FORM
        largest = self._desk.platform.limits.max_bytes + _AROUND
        return largest if sender.known else min(self._desk.settings.anonymous_bytes_a_minute, largest)

    def _take(self, sender: Sender, size: int) -> None:
        if size > self._taken:
            self._in_transit.take(sender, size - self._taken)
            self._taken = size

    async def _in_time(self) -> Message:
        """The next of it, within its time: pauses are bounded, and so is how slowly it comes."""
        settings, now = self._desk.settings, asyncio.get_running_loop().time()
        until = self._began + settings.body_seconds + self._came / settings.body_bytes_a_second
        try:
            async with asyncio.timeout_at(min(until, now + settings.body_seconds)):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, _SLOW, headers={"Connection": "close"}) from None

    def _too_large(self) -> HTTPException:
        most = self._desk.platform.limits.max_bytes
        words = f"上限 {most:,} 位元組 at most {most:,} bytes (F009)"
        if self._most < most:
            words = f"此處上限 {self._most:,} 位元組 at most {self._most:,} bytes here"
            if self._request.url.path in DOCUMENTS:
                words += "；登入並經授權者上限較高 more for those who are signed in and authorised"
        return HTTPException(413, words)


def _sender_of(request: Request, desk: Desk) -> Sender:
    """Whose a body is; raises 401 or `NotSignedIn` where nobody's is taken."""
    stranger = Sender(address_key(request), signed_in=False, known=False)
    if request.url.path.startswith("/api/"):
        scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
        if scheme.lower() == "bearer" and (token := token_that_stands(desk, credentials)) is not None:
            return Sender(f"token:{token.id}", signed_in=True, known=True)
        if request.url.path not in OPEN:
            raise token_refused(request, sent=bool(credentials))
        return stranger
    visitor = visitor_of(request, desk)
    if visitor is not None:
        return Sender(f"account:{visitor.account}", signed_in=True, known=bool(visitor.held))
    if request.url.path not in OPEN:
        raise NotSignedIn(request)
    return stranger

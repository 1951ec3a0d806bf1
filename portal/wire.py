"""What holds for every request and answer: the headers that a browser goes by, and how much anybody may send.

Pure ASGI, so that a body is counted while it comes and never held for it.
"""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Everything comes from the portal itself; nothing is inline, nothing is framed.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: browsers would say of our own forms that they come from `null` (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
#: By TLS, by nothing else from then on (RFC 6797): a year, without what other hosts of the domain do.
_TLS_ALONE = "max-age=31536000"
_PLAIN = frozenset({b"", b"identity"})
_PACKED = "請勿壓縮，直接傳送 JSON 檔案 do not compress (Content-Encoding): send the JSON itself"
#: Bytes of a form around the file in it.
_AROUND = 64 * 1024


class Guarded:
    """An application behind these headers and this limit (`max_bytes` of a document); `secure`: browsers come by TLS.

    A body is taken as it is: what was compressed is refused (415), so that nothing here unpacks more than came.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, *, secure: bool = False) -> None:
        self._app = app
        self._headers = {**_HEADERS, **({"Strict-Transport-Security": _TLS_ALONE} if secure else {})}
        self._limit = max_bytes + _AROUND
        self._said = f"上限 {max_bytes:,} 位元組 at most {max_bytes:,} bytes (F009)"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(reversed(scope["headers"]))
        declared, packed = said.get(b"content-length", b"0"), said.get(b"content-encoding", b"")
        came = 0

        async def counted() -> Message:
            nonlocal came
            if packed.strip().lower() not in _PLAIN:
                raise HTTPException(415, _PACKED)
            if declared.isdigit() and int(declared) > self._limit:
                raise HTTPException(413, self._said)
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._limit:
                raise HTTPException(413, self._said)
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if scope["path"].startswith("/api/v1/"):
                    # A browser that is led here keeps it and shows nothing (reflected downloads, ASVS 14.4.2).
                    headers.setdefault("Content-Disposition", 'attachment; filename="api.json"')
                # Static files may be kept, and are asked for again; whatever is about somebody is not.
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, counted, guarded)

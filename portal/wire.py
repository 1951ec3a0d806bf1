"""What holds for every answer: the headers that a browser goes by."""

from starlette.datastructures import MutableHeaders
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


class Guarded:
    """An application behind these headers; `secure`: browsers come by TLS."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        self._headers = {**_HEADERS, **({"Strict-Transport-Security": _TLS_ALONE} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

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

        await self._app(scope, receive, guarded)

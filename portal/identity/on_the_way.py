"""Between going to the single sign-on and coming back: what the browser keeps for us, signed and for ten minutes.

In a cookie and not in the ledger: anybody may begin to sign in, and what strangers begin should write nothing.  It is
of one browser, so another's `state` is worth nothing, and it is taken away when somebody comes back with it.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

#: Seconds that somebody may take at the single sign-on.
_LASTS = 600
_LONGEST = 1000
_HIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


class OnTheWay:
    """Keeps and gives back; `secure`: by TLS only."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="attendance sign-in")
        self._secure = secure
        self._name = "__Secure-attendance-sign-in" if secure else "attendance-sign-in"

    def keep(self, answer: Response, what: dict[str, Any]) -> None:
        """Have the browser keep it; what was kept before is forgotten."""
        value = self._serializer.dumps(what)
        assert isinstance(value, str)  # noqa: S101 — as our serializer gives
        answer.set_cookie(
            self._name, value, _LASTS, path="/sign-in/back", secure=self._secure, httponly=True, samesite="lax"
        )

    def kept(self, request: Request) -> dict[str, Any]:
        """What this browser keeps; nothing where it is too old, or not ours."""
        try:
            what = self._serializer.loads(request.cookies.get(self._name, ""), max_age=_LASTS)
        except BadSignature:
            return {}
        return what if isinstance(what, dict) else {}

    def forget(self, answer: Response) -> None:
        """Have the browser keep it no longer."""
        answer.delete_cookie(self._name, path="/sign-in/back", secure=self._secure, httponly=True, samesite="lax")


def local(place: str | None) -> str:
    """The place if it is one of the portal's own pages, else the first page: nobody is sent elsewhere (CWE-601)."""
    if not place or len(place) > _LONGEST or not place.startswith("/") or place.startswith("//"):
        return "/"
    # Browsers take \ for / and leave tabs and line ends out.
    if _HIDDEN.search(place) or place.split("?")[0].startswith("/sign-"):
        return "/"
    try:
        parts = urlsplit(place)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else place

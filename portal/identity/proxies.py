"""Which proxies are believed: what they say of the client's address, and of the certificate that they have verified.

The peer's address decides (`ATTENDANCE_PORTAL__PROXIES`).  Certificate or address in a header from anywhere else is
somebody's own claim: the first is refused, so that nobody relies on it, the second does not count.  Behind this, the
header is gone from the request, and what was verified is in its state.
"""

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.settings_portal import PortalSettings
from portal.addresses import Address, Network, address_of, is_in
from portal.problems import problem
from warehouse.access.certificates import NoSubject, Subject, subject_of
from warehouse.journal import log

_KEPT = "certificate"


class BelievedProxies:
    """An application that knows of its clients what believed proxies say, and nothing that others do."""

    def __init__(self, app: ASGIApp, settings: PortalSettings) -> None:
        self._app = app
        self._networks = settings.networks
        self._header = settings.certificate_header.lower().encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = address_of(scope["client"][0]) if scope.get("client") else None
        believed = peer is not None and is_in(peer, self._networks)
        said = [value for name, value in scope["headers"] if name == self._header]
        try:
            subject = _subject(said, believed=believed)
        except _NotBelievedError as error:
            log.warning("certificate_refused", peer=str(peer), why=error.why)
            await problem(Request(scope), 403, str(error))(scope, receive, send)
            return
        inside = dict(scope)
        inside["headers"] = [(name, value) for name, value in scope["headers"] if name != self._header]
        inside["state"] = {**scope.get("state", {}), _KEPT: subject}
        if believed:
            inside["client"] = (str(_client(scope, self._networks, peer)), 0)
        await self._app(inside, receive, send)


def certificate_of(request: Request) -> Subject | None:
    """The certificate that a believed proxy has verified for this request."""
    return getattr(request.state, _KEPT, None)


class _NotBelievedError(Exception):
    def __init__(self, why: str, words: str) -> None:
        self.why = why
        super().__init__(words)


def _subject(said: Sequence[bytes], *, believed: bool) -> Subject | None:
    """The subject out of the header's values; none where there is none, or an empty one."""
    if not said:
        return None
    if not believed:
        raise _NotBelievedError(
            "peer",
            "機關憑證標頭只能由核可的代理伺服器送出 the certificate's header is taken from the proxies of the settings "
            "alone (ATTENDANCE_PORTAL__PROXIES)",
        )
    if len(said) > 1:  # one of them is the client's own
        raise _NotBelievedError(
            "twice",
            "機關憑證標頭重複，代理伺服器應取代之 the certificate's header came twice: the proxy must replace it",
        )
    # A subject has a =, which percent-encoding leaves nowhere.
    value = said[0] if b"=" in said[0] else unquote_to_bytes(said[0])
    if not value.strip():
        return None
    try:
        return subject_of(value.decode())
    except (NoSubject, UnicodeDecodeError):
        raise _NotBelievedError("subject", str(NoSubject())) from None


def _client(scope: Scope, networks: Sequence[Network], peer: Address | None) -> Address | None:
    """The last hop that is no believed proxy: what is left of it anybody may have written."""
    came = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    last = peer
    for hop in reversed([one.strip() for one in came.split(",") if one.strip()]):
        address = address_of(hop)
        if address is None:
            break
        last = address
        if not is_in(address, networks):
            break
    return last

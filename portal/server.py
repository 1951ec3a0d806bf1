"""The portal's server: uvicorn, with bounds that it has none of, on connections and on how long each may take.

How many connections there may be, in all and of one address; how long a request's line and headers may take; how long
an answer waits for who does not read it.  How long a body may take is in `portal/admission.py`.
"""

import asyncio
import contextlib
import resource
from collections import Counter
from typing import ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipelines import signals
from pipelines.settings_portal import PortalSettings
from portal.addresses import Network, address_of, counted_as, is_in

#: Files that a process has open beside its connections, at most: databases, temporary files, pipes.
_OTHER_FILES = 512
#: Seconds after which who was turned away may try again.
_LATER = 10
_HEAD, _UNREAD = "head", "unread"
_TURNED_AWAY = (
    f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {_LATER}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
).encode()


def serve(app: ASGIApp, settings: PortalSettings, *, host: str = "127.0.0.1", port: int) -> None:
    """Serve until Ctrl-C or SIGTERM, however this process was started; what is under way is ended in order."""
    # uvicorn has ended by it, and raises it once more.
    with contextlib.suppress(KeyboardInterrupt, signals.Terminated), signals.ending_the_process():
        uvicorn.Server(server_config(app, settings, host=host, port=port)).run()


def server_config(app: ASGIApp, settings: PortalSettings, *, host: str = "127.0.0.1", port: int) -> uvicorn.Config:
    """How the portal is served; raises this process's limit of open files to what so many connections need."""
    _allow_files(settings.connections + _OTHER_FILES)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=type("Connection", (BoundedConnection,), {"settings": settings, "connected": Counter()}),
        ws="none",
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # which proxies are believed is ours to say (identity/proxies.py)
    )


class BoundedConnection(H11Protocol):
    """One connection: closed where its headers, or whoever should read its answer, take too long.

    h11 takes 64 KiB of headers at most (httptools any number).  `server_config` makes a subclass for each server.
    """

    settings: ClassVar[PortalSettings]
    #: Address → how many connections it has.
    connected: ClassVar[Counter[str]]
    _address: str | None = None  # none of who was turned away

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Have it, or turn it away."""
        settings, connected = self.settings, self.connected
        address = _address_of(transport, settings.networks)
        if connected.total() >= settings.connections or connected[address] >= settings.connections_an_address:
            transport.write(_TURNED_AWAY)
            transport.close()
            return
        connected[address] += 1
        self._address = address
        self._timers: dict[str, asyncio.TimerHandle] = {}
        # So that any byte that waits is known of: by default 64 KiB may wait unseen.
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, or of several."""
        if self._address is not None:
            super().data_received(data)
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        if self._address is None:
            return
        self.connected[self._address] -= 1
        if not self.connected[self._address]:
            del self.connected[self._address]
        for name in list(self._timers):
            self._stop(name)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """An answer waits for its reader."""
        super().pause_writing()
        self._start(_UNREAD, self.settings.unread_seconds)

    def resume_writing(self) -> None:
        """It was read."""
        self._stop(_UNREAD)
        super().resume_writing()

    def _await_head(self) -> None:
        """Between requests what has begun has its time, which more bytes do not prolong.

        A body that nobody reads, as its request was refused, is among what comes between requests.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop(_HEAD)
        elif _HEAD not in self._timers:
            self._start(_HEAD, self.settings.head_seconds)

    def _start(self, name: str, seconds: float) -> None:
        self._stop(name)
        self._timers[name] = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()


def _address_of(transport: asyncio.BaseTransport, networks: tuple[Network, ...]) -> str:
    """Whose connections are counted together; those of a believed proxy, which are everybody's, singly."""
    peer = transport.get_extra_info("peername")
    address = address_of(peer[0]) if isinstance(peer, tuple) else None
    if address is None or is_in(address, networks):
        return f"{peer}"
    return counted_as(peer[0])


def _cancelled(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

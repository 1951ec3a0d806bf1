"""`/health/live` and `/health/ready`, for whoever starts portals and sends requests to them; they tell nothing else.

Alive is a process that answers: nothing is touched for it.  Ready is one whose ledger can be read and whose home can be
written; that is looked at by a thread of its own, one at a time and at most once a second, so that neither a database
that hangs nor strangers who ask all day hold anything up.
"""

import asyncio
import tempfile
import time
from concurrent.futures import Future
from threading import Thread

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select

from assets.platform import Platform
from warehouse.journal import log
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Agency

#: Seconds that the ledger and the home may take; orchestrators' probes are set to wait longer (deploy/portal.yaml).
PATIENCE = 2.0
#: Seconds for which an answer holds.
_HOLDS = 1.0

router = APIRouter(prefix="/health", include_in_schema=False)


class Readiness:
    """Whether a portal can do its work now; asked within one event loop."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._look: Future[str | None] | None = None
        self._began = 0.0
        self._lacked: str | None = None

    async def lacks(self) -> str | None:
        """What is missing: `ledger`, `home`, or `time` to look at them; None: nothing.  Answers within `PATIENCE`."""
        look = self._newest()
        left = self._began + PATIENCE - time.monotonic()
        if left > 0 and not look.done():
            await asyncio.wait([asyncio.wrap_future(look)], timeout=left)
        lacked = look.result() if look.done() else "time"
        self._say(lacked)
        return lacked

    def _say(self, lacked: str | None) -> None:
        """In the journal, where it is another answer than before."""
        if lacked != self._lacked and lacked is None:
            log.info("portal_ready")
        elif lacked != self._lacked:
            log.warning("portal_not_ready", what=lacked)
        self._lacked = lacked

    def _newest(self) -> Future[str | None]:
        """The look that goes on, the one that still holds, or a new one."""
        look = self._look
        if look is None or (look.done() and time.monotonic() - self._began > _HOLDS):
            look = self._look = Future()
            self._began = time.monotonic()
            # A daemon: a look that never ends must not keep the portal from ending.
            Thread(target=self._see, args=(look,), name="portal-ready", daemon=True).start()
        return look

    def _see(self, look: Future[str | None]) -> None:
        what = "ledger"
        try:
            with reading(self._platform.engine) as session:
                session.scalar(select(Agency.agency_code).limit(1))
            what = "home"
            with tempfile.TemporaryFile(dir=self._platform.home.root) as file:  # nameless: nothing is left behind
                file.write(b"\n")
        except Exception:  # noqa: BLE001 — whatever it is, the answer is no
            look.set_result(what)
        else:
            look.set_result(None)


@router.get("/live")
async def live() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "live"})


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 where requests may be sent here, 503 where not; which of both is in the journal."""
    readiness: Readiness = request.app.state.readiness
    if await readiness.lacks() is None:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready"}, 503, {"Retry-After": "10"})

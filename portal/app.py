"""The application: which pages and which endpoints there are, and what holds for all of them."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from assets.font import FONT
from assets.platform import Platform
from pipelines.settings_portal import PortalSettings
from pipelines.sign_in_key import sign_in_key
from portal import health
from portal.admission import Admission
from portal.api import check as api_check
from portal.api import findings, submissions
from portal.api.documents import Interface
from portal.desk import open_desk
from portal.identity.proxies import BelievedProxies
from portal.identity.single_sign_on import SingleSignOn
from portal.pages import (
    agencies,
    check,
    home,
    interface,
    manual,
    month,
    people,
    published_format,
    reports,
    sign_in,
    submit,
    tokens,
)
from portal.problems import add_problems
from portal.wire import Guarded
from warehouse.ledger.engine import LedgerLost

_HERE = Path(__file__).parent
#: The more particular path first: `/agencies/{agency}/tokens` is no month.
_ROUTERS = (
    health.router,
    home.router,
    sign_in.router,
    check.router,
    interface.router,
    published_format.router,
    manual.router,
    submit.router,
    people.router,
    tokens.router,
    reports.router,
    agencies.router,
    month.router,
    api_check.router,
    submissions.router,
    findings.router,
)


def create_app(
    platform: Platform, settings: PortalSettings, *, check_processes: int = 0, debug: bool = False
) -> Guarded:
    """The portal over a platform, which whoever calls opens and closes; 0 `check_processes`: it checks in threads.

    `debug`: faults of ours are shown on standard error.
    """
    desk = open_desk(platform, settings, check_processes)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        desk.check.start()
        with contextlib.suppress(LedgerLost):  # then the first page says so
            await to_thread.run_sync(lambda: desk.remembered.register)
        yield
        desk.check.close()

    app = Interface(
        title="差勤資料彙整平臺 Attendance data platform",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        # They would lead to whatever host the request names (Host is the client's own claim).
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.readiness = health.Readiness(platform)
    app.state.single_sign_on = (
        SingleSignOn(settings, sign_in_key(platform.home, settings)) if settings.oidc_issuer else None
    )
    app.mount("/static/fonts", StaticFiles(directory=FONT.parent), name="fonts")
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    for router in _ROUTERS:
        app.include_router(router)
    app.add_middleware(Admission, desk=desk)
    app.add_middleware(BelievedProxies, settings=settings)  # outside: whose a body is goes by the address it finds
    add_problems(app, debug=debug)
    return Guarded(app, secure=settings.secure)

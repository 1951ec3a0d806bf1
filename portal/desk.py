"""What every page works with: the platform, the portal's settings, the register as remembered, check and counter."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

from assets.platform import Platform
from pipelines.settings_portal import PortalSettings
from portal.counter import Counter
from portal.format_check import FormatCheck
from portal.limiting import Limiter
from portal.register import Remembered
from portal.reports.sources import Sources
from portal.slow_reads import SlowReads
from portal.words import in_templates

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Desk:
    """One portal over one installation."""

    platform: Platform
    settings: PortalSettings
    remembered: Remembered
    check: FormatCheck
    counter: Counter
    limiter: Limiter
    slow: SlowReads
    reports: Sources
    templates: Jinja2Templates

    @property
    def cookie(self) -> str:
        """The session cookie's name; `__Host-` has browsers refuse it but from here, by TLS (RFC 6265bis)."""
        return "__Host-attendance" if self.settings.secure else "attendance"

    @property
    def this_month(self) -> str:
        """The month of today in Taipei."""
        return f"{self.platform.today():%Y-%m}"

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Answer with a template; `visit` among the values is whose page it is (None: nobody is signed in)."""
        return self.templates.TemplateResponse(request, template, values, status)


def open_desk(platform: Platform, settings: PortalSettings, processes: int = 0) -> Desk:
    """The portal of a platform, which whoever calls opens and closes; checks are by so many processes (0: here)."""
    remembered, slow = Remembered(platform), SlowReads(settings)
    templates = Jinja2Templates(_HERE / "templates")
    templates.env.globals |= in_templates(platform)
    return Desk(
        platform=platform,
        settings=settings,
        remembered=remembered,
        check=FormatCheck(remembered, processes),
        counter=Counter(platform),
        limiter=Limiter(settings),
        slow=slow,
        reports=Sources(platform, remembered, slow),
        templates=templates,
    )

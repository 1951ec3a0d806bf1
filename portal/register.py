"""The register as the portal remembers it: reading 8,300 agencies takes longer than most answers."""

import math
import threading
import time

from assets.platform import Platform
from assets.working_days import load_working_days
from checks.context import CheckContext
from warehouse.ledger.engine import reading
from warehouse.register.agencies import RegisterAgencies

#: Seconds for which register, office days and closures are remembered.
_REMEMBERED = 60.0


class Remembered:
    """The register and what checks go by, of now or of a minute ago; for any number of threads."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._read_at = -math.inf
        self._register: RegisterAgencies
        self._context: CheckContext

    @property
    def register(self) -> RegisterAgencies:
        """The register of agencies."""
        self._see_to_it()
        return self._register

    @property
    def context(self) -> CheckContext:
        """What a document is checked against."""
        self._see_to_it()
        return self._context

    @property
    def fresh(self) -> CheckContext | None:
        """The same where nothing has to be read for it, for who must not wait."""
        return self._context if self._stands() else None

    def _stands(self) -> bool:
        return time.monotonic() - self._read_at < _REMEMBERED

    def _see_to_it(self) -> None:
        # While one thread reads it anew the others go by the old one: all of them would wait here, and every page.
        if self._stands() or not self._lock.acquire(blocking=self._read_at < 0):
            return
        try:
            if not self._stands():
                self._read()
        finally:
            self._lock.release()

    def _read(self) -> None:
        platform, today = self._platform, self._platform.today()
        with reading(platform.engine) as session:
            self._register = RegisterAgencies(session)
            days = load_working_days(session, [platform.limits.collection_began, f"{today:%Y-%m}"])
        self._context = CheckContext(
            today,
            platform.limits,
            self._register or None,
            overtime_limits=platform.limit_tables.overtime_limits,
            **days._asdict(),
        )
        self._read_at = time.monotonic()

"""How many requests a minute a system, or an address without a token, may make; counted in Redis for several portals.

Where Redis does not answer each portal counts by itself: at the deadline a portal that counts a little wrongly is worth
more than none.
"""

from anyio import to_thread
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from pipelines.settings_portal import PortalSettings
from warehouse.journal import log

_MINUTE = 60


class Limiter:
    """Counts requests by whom they are of."""

    def __init__(self, settings: PortalSettings) -> None:
        self._most = RateLimitItemPerMinute(settings.requests_a_minute)
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._together = self._alone
        if settings.redis_url is not None:
            shared = storage_from_string(settings.redis_url.get_secret_value(), wrap_exceptions=True)
            self._together = MovingWindowRateLimiter(shared)

    @property
    def waits(self) -> bool:
        """Whether counting asks another machine: then it is a thread's work."""
        return self._together is not self._alone

    def count(self, whose: str) -> None:
        """Count one request; raises 429 where it is one too many."""
        try:
            within = self._together.hit(self._most, whose)
        except StorageError:
            log.warning("requests_counted_alone")
            within = self._alone.hit(self._most, whose)
        if not within:
            raise HTTPException(
                429,
                f"每分鐘至多 {self._most.amount:,} 次，請稍候再試 "
                f"at most {self._most.amount:,} requests a minute: wait and retry",
                headers={"Retry-After": str(_MINUTE)},
            )


def count_address(request: Request) -> None:
    """Count a request by its address."""
    _limiter(request).count(_address(request))


async def limited(request: Request) -> None:
    """A dependency: counts a request by its address."""
    if _limiter(request).waits:
        await to_thread.run_sync(count_address, request)
    else:
        count_address(request)


def _limiter(request: Request) -> Limiter:
    limiter: Limiter = request.app.state.desk.limiter
    return limiter


def _address(request: Request) -> str:
    return f"address:{request.client.host if request.client else ''}"

"""How much a minute anybody may ask of the portal; counted in Redis for several portals.

Requests of a system, or of an address without a token; bytes that an address sends without signing in.  Where Redis
does not answer each portal counts by itself: at the deadline a portal that counts a little wrongly is worth more than
none.
"""

from collections.abc import Sequence

from anyio import to_thread
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException

from pipelines.settings_portal import KIB, PortalSettings
from portal.addresses import counted_as
from portal.log_throttle import LogThrottle
from warehouse.journal import log

_MINUTE = 60


class Limiter:
    """Counts requests and bytes by whom they are of."""

    def __init__(self, settings: PortalSettings) -> None:
        self._most = RateLimitItemPerMinute(settings.requests_a_minute)
        self._most_kib = RateLimitItemPerMinute(settings.anonymous_bytes_a_minute // KIB, namespace="KIB")
        alone = MemoryStorage()
        #: Whether counting asks another machine: then it is a thread's work.
        self.waits = settings.redis_url is not None
        shared = settings.redis_url.get_secret_value() if settings.redis_url is not None else None
        together = storage_from_string(shared, wrap_exceptions=True) if shared is not None else alone
        self._counted_alone = LogThrottle(log.warning, "requests_counted_alone")
        # Of requests each moment is kept; of bytes there would be thousands of moments.
        self._requests = [MovingWindowRateLimiter(storage) for storage in (together, alone)]
        self._bytes = [SlidingWindowCounterRateLimiter(storage) for storage in (together, alone)]

    def count(self, whose: str) -> None:
        """Count one request; raises 429 where it is one too many."""
        if not self._hit(self._requests, self._most, whose, 1):
            raise too_many(
                f"每分鐘至多 {self._most.amount:,} 次，請稍候再試 "
                f"at most {self._most.amount:,} requests a minute: wait and retry"
            )

    def count_bytes(self, whose: str, size: int) -> None:
        """Count what somebody sends without signing in; raises 429 where it is too much."""
        if not self._hit(self._bytes, self._most_kib, whose, -(-size // KIB)):
            most = self._most_kib.amount * KIB
            raise too_many(
                f"未登入者每分鐘至多 {most:,} 位元組，請稍候再試，或登入後檢核 "
                f"at most {most:,} bytes a minute without signing in: wait and retry, or sign in"
            )

    def _hit(self, limiters: Sequence[RateLimiter], most: RateLimitItemPerMinute, whose: str, cost: int) -> bool:
        together, alone = limiters
        try:
            return together.hit(most, whose, cost=cost)
        except StorageError:
            self._counted_alone.count("redis")
            return alone.hit(most, whose, cost=cost)


def too_many(words: str, seconds: int = _MINUTE) -> HTTPException:
    """429 (RFC 6585): what somebody has had enough of, and after how many seconds there is more."""
    return HTTPException(429, words, headers={"Retry-After": str(seconds)})


def count_address(request: Request) -> None:
    """Count a request by its address."""
    _limiter(request).count(address_key(request))


async def limited(request: Request) -> None:
    """A dependency: counts a request by its address."""
    if _limiter(request).waits:
        await to_thread.run_sync(count_address, request)
    else:
        count_address(request)


def _limiter(request: Request) -> Limiter:
    limiter: Limiter = request.app.state.desk.limiter
    return limiter


def address_key(request: Request) -> str:
    """As whose a request counts that is nobody's."""
    return f"address:{counted_as(request.client.host) if request.client else ''}"

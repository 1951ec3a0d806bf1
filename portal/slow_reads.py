"""Slow reads (費時查詢): a past, a file, a comparison wait in queues of their own, and no ordinary page waits for them.

Each queue has its own threads and a length; each account has a few places in all of them together.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException

from pipelines.settings_portal import PortalSettings
from portal.limiting import too_many

_Read = TypeVar("_Read")

#: Seconds after which there may be a place again.
_LATER = 10


class Queue:
    """Work that is done in threads, so many at a time; at most `length` wait, without holding a thread."""

    def __init__(self, at_a_time: int, length: int) -> None:
        self._limiter = CapacityLimiter(at_a_time)
        self._most = at_a_time + length
        self._inside = 0

    async def run(self, read: Callable[[], _Read]) -> _Read:
        """Do it when its turn comes; raises 503 where too many wait."""
        if self._inside >= self._most:
            words = "目前費時的查詢過多，請稍候再試 too many slow reads at the moment: try again later"
            raise HTTPException(503, words, headers={"Retry-After": str(_LATER)})
        self._inside += 1
        try:
            return await to_thread.run_sync(read, limiter=self._limiter)
        finally:
            self._inside -= 1


class SlowReads:
    """The queues, and who is in them."""

    def __init__(self, settings: PortalSettings) -> None:
        #: Two pasts at a time would take twice the memory.
        self.building = Queue(1, settings.slow_reads)
        #: What is built already is read quickly, and threads that hold Python's lock for long delay every page.
        self.reading = Queue(1, settings.slow_reads * settings.slow_reads_an_account)
        self.making_files = Queue(2, settings.slow_reads)
        self._most = settings.slow_reads_an_account
        self._of: Counter[str] = Counter()

    async def run(self, account: str, read: Callable[[], _Read]) -> _Read:
        """A file or a comparison of an account, in its turn; raises 429 and 503."""
        with self.place_of(account):
            return await self.making_files.run(read)

    @contextmanager
    def place_of(self, account: str) -> Iterator[None]:
        """A place in the queues, until the block ends; raises 429 where the account has all of its own already."""
        if self._of[account] >= self._most:
            raise too_many(
                f"同時至多 {self._most:,} 項費時的查詢，請待前者完成 "
                f"at most {self._most:,} slow reads at a time: wait for those before",
                _LATER,
            )
        self._of[account] += 1
        try:
            yield
        finally:
            self._of[account] -= 1
            if not self._of[account]:
                del self._of[account]

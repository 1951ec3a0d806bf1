"""Which errors are outages: what the portal depends on is away, full or wrong, whoever raised it, however wrapped."""

import errno
from collections.abc import Iterator

import psycopg
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from warehouse.landing import LandingFull
from warehouse.ledger.clock import ClockDisagrees
from warehouse.ledger.engine import LedgerLost, LedgerUnavailable

#: Kind of error → the journal's word for what is away.
_KINDS: dict[type[Exception], str] = {
    LandingFull: "landing",
    ClockDisagrees: "clock",
    LedgerLost: "ledger",
    LedgerUnavailable: "ledger",
    NoConnectionFree: "ledger",
    psycopg.OperationalError: "ledger",
}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
#: DuckDB and Polars have no error of their own for it, and quote the system's.
_NO_ROOM_WORDS = "No space left on device"


def outage_of(error: BaseException) -> str | None:
    """`ledger`, `landing`, `disk` or `clock`; None for a fault of ours."""
    for cause in _causes(error, set()):
        for kind, what in _KINDS.items():
            if isinstance(cause, kind):
                return what
        if (isinstance(cause, OSError) and cause.errno in _NO_ROOM) or _NO_ROOM_WORDS in str(cause):
            return "disk"
    return None


def _causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """The error, what it was raised from, and the members of groups."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for member in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _causes(member, seen)
    yield from _causes(error.__cause__ or error.__context__, seen)

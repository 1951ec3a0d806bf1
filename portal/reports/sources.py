"""Where figures are read: the published warehouse, or one as of a moment, which takes seconds and is kept a while.

The past is not quite still: what had arrived by a moment may be judged after it, and the register may be mended.  So
what was built is kept for minutes only, and a moment that has hardly passed not at all.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
from anyio import CapacityLimiter

from assets.platform import Platform
from warehouse.publish.database import open_warehouse
from warehouse.publish.past import warehouse_as_of
from warehouse.reports.query import NothingPublished

#: Seconds for which a past is kept, and how many of them.
KEPT, MOST = 300.0, 3
#: A moment less long ago is built anew each time: what arrived by then may still be on its way into the ledger.
SETTLED = timedelta(minutes=5)
#: Files made at a time, of all who ask; others wait without holding a thread.
_FILES_AT_A_TIME = 2


@dataclass
class _Past:
    """A warehouse as of a moment; closed when it is no longer kept and nobody reads it."""

    opened: AbstractContextManager[duckdb.DuckDBPyConnection]
    connection: duckdb.DuckDBPyConnection
    made_at: float = field(default_factory=time.monotonic)
    readers: int = 0
    kept: bool = True

    def close_if_done(self) -> None:
        if not self.kept and not self.readers:
            self.opened.__exit__(None, None, None)


class Sources:
    """Opens what a question is asked of; for any number of threads."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._pasts: dict[tuple[datetime, int], _Past] = {}
        self._lock = threading.Lock()
        #: One is built at a time: two would take twice the memory, and mostly they are the same one.
        self._building = threading.Lock()
        self.making_files = CapacityLimiter(_FILES_AT_A_TIME)

    @contextmanager
    def open(self, year: int, as_of: datetime | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Figures of a year as published, or as known at an aware moment.

        Raises `NothingPublished`, and as `warehouse_as_of` does.
        """
        platform = self._platform
        if as_of is None:
            if not platform.home.warehouse.exists():
                raise NothingPublished(platform.home)
            with open_warehouse(platform.home.warehouse) as connection:
                yield connection
            return
        past = self._past(as_of, year)
        try:
            with past.connection.cursor() as cursor:
                yield cursor
        finally:
            with self._lock:
                past.readers -= 1
                past.close_if_done()

    def _past(self, as_of: datetime, year: int) -> _Past:
        """One that is kept or a new one, with one reader more."""
        with self._building:
            with self._lock:
                self._forget_old()
                past = self._pasts.get((as_of, year))
                if past is not None:
                    past.readers += 1
                    return past
            platform = self._platform
            opened = warehouse_as_of(platform.home, platform.engine, as_of, year, first_month=platform.first_month)
            past = _Past(opened, opened.__enter__(), readers=1)
            with self._lock:
                if platform.clock() - as_of < SETTLED:
                    past.kept = False
                    return past
                self._pasts[as_of, year] = past
                while len(self._pasts) > MOST:
                    self._drop(next(iter(self._pasts)))
            return past

    def _forget_old(self) -> None:
        now = time.monotonic()
        for key in [key for key, past in self._pasts.items() if now - past.made_at >= KEPT]:
            self._drop(key)

    def _drop(self, key: tuple[datetime, int]) -> None:
        past = self._pasts.pop(key)
        past.kept = False
        past.close_if_done()


def published_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When what is published changed last, in Taipei; None of a warehouse that was not published."""
    known = connection.execute(
        "FROM duckdb_tables() SELECT 1 WHERE schema_name = 'core' AND table_name = 'publications'"
    ).fetchone()
    row = connection.execute("SELECT max(published_at) FROM core.publications").fetchone() if known else None
    return row[0] if row else None

"""Where figures are read: the published warehouse, or one as of a moment, which takes seconds and is kept a while.

The past is not quite still: what had arrived by a moment may be judged after it, and the register may be mended.  So
what was built is kept for minutes only, and a moment that has hardly passed not at all.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import duckdb
from anyio import CancelScope, to_thread

from assets.platform import Platform
from portal.register import Remembered
from portal.slow_reads import Queue, SlowReads
from warehouse.publish.database import open_warehouse
from warehouse.publish.past import warehouse_as_of
from warehouse.reports.query import NothingPublished

_Read = TypeVar("_Read")

#: Seconds for which a past is kept, and how many of them.
KEPT, MOST = 300.0, 3
#: A moment less long ago is built anew each time: what arrived by then may still be on its way into the ledger.
SETTLED = timedelta(minutes=5)


@dataclass
class _Past:
    """A warehouse as of a moment, built or being built; closed when it is no longer kept and nobody reads it."""

    opened: AbstractContextManager[duckdb.DuckDBPyConnection]
    #: Of its own, so that it goes on for others where who asked first has gone.
    building: asyncio.Task[duckdb.DuckDBPyConnection]
    asked_at: float = field(default_factory=time.monotonic)
    readers: int = 0
    kept: bool = True

    @property
    def built(self) -> bool:
        return self.building.done() and not self.building.cancelled() and self.building.exception() is None

    async def close_if_done(self) -> None:
        if not self.kept and not self.readers and self.built:
            self.readers = -1  # once
            with CancelScope(shield=True):
                await to_thread.run_sync(self.opened.__exit__, None, None, None)


class Sources:
    """Reads what a question is asked of; for one event loop."""

    def __init__(self, platform: Platform, remembered: Remembered, slow: SlowReads) -> None:
        self._platform = platform
        self._remembered = remembered
        self._slow = slow
        self._pasts: dict[tuple[datetime, int], _Past] = {}

    async def read(
        self, year: int, as_of: datetime | None, read: Callable[[duckdb.DuckDBPyConnection], _Read], queue: Queue
    ) -> _Read:
        """What `read` makes, in a queue's turn, of a year's figures as published, or as known at an aware moment.

        Raises `NothingPublished`, 503 where too many wait, and as `warehouse_as_of` does.
        """
        if as_of is None:
            return await queue.run(partial(self.published, read))
        return await self._of_past(as_of, year, read, queue)

    def published(self, read: Callable[[duckdb.DuckDBPyConnection], _Read]) -> _Read:
        """What `read` makes, here and now, of what is published; raises `NothingPublished`."""
        home = self._platform.home
        if not home.warehouse.exists():
            raise NothingPublished(home)
        with open_warehouse(home.warehouse) as connection:
            return read(connection)

    async def _of_past(
        self, as_of: datetime, year: int, read: Callable[[duckdb.DuckDBPyConnection], _Read], queue: Queue
    ) -> _Read:
        past = self._pasts.get((as_of, year)) or self._begun(as_of, year)
        past.readers += 1
        try:
            connection = await asyncio.shield(past.building)
            return await queue.run(partial(_read, connection, read))
        finally:
            past.readers -= 1
            for over in (past, *self._forgotten()):
                await over.close_if_done()

    def _begun(self, as_of: datetime, year: int) -> _Past:
        """Begin to build one; what asks for the same from now on gets this one."""
        platform, key = self._platform, (as_of, year)
        opened = self._warehouse_as_of(as_of, year)
        past = self._pasts[key] = _Past(opened, asyncio.create_task(self._slow.building.run(opened.__enter__)))

        def done(_building: object) -> None:
            if not past.built or platform.clock() - as_of < SETTLED:
                self._forget(key, past)

        past.building.add_done_callback(done)
        return past

    @contextmanager
    def _warehouse_as_of(self, as_of: datetime, year: int) -> Iterator[duckdb.DuckDBPyConnection]:
        """With the register as it is remembered: reading it anew for each past kept every page waiting."""
        platform, register = self._platform, self._remembered.register
        home, engine, first = platform.home, platform.engine, platform.first_month
        with warehouse_as_of(home, engine, as_of, year, first_month=first, register=register) as connection:
            yield connection

    def _forget(self, key: tuple[datetime, int], past: _Past) -> None:
        past.kept = False
        if self._pasts.get(key) is past:
            del self._pasts[key]

    def _forgotten(self) -> list[_Past]:
        """Forget what was asked for long ago, and all but the newest."""
        built = [(key, past) for key, past in self._pasts.items() if past.built]
        now = time.monotonic()
        over = built[:-MOST] + [(key, past) for key, past in built[-MOST:] if now - past.asked_at >= KEPT]
        for key, past in over:
            self._forget(key, past)
        return [past for _, past in over]


def _read(connection: duckdb.DuckDBPyConnection, read: Callable[[duckdb.DuckDBPyConnection], _Read]) -> _Read:
    with connection.cursor() as cursor:
        return read(cursor)


def published_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When what is published changed last, in Taipei; None of a warehouse that was not published."""
    known = connection.execute(
        "FROM duckdb_tables() SELECT 1 WHERE schema_name = 'core' AND table_name = 'publications'"
    ).fetchone()
    row = connection.execute("SELECT max(published_at) FROM core.publications").fetchone() if known else None
    return row[0] if row else None

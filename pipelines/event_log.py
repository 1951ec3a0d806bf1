"""Dagster's event log on SQLite, quick enough for thousands of marks in one run.

The files are those of Dagster's own storage, and removing this class from `dagster.yaml` goes back to it.  That one
makes an engine and a connection for each statement, and waits for the disk at each commit; this one keeps the
connections of the files in use, and leaves the disk to the write-ahead log (docs/dagster.md has the numbers).  A power
cut may cost the last events of a run, never the file; marks are made anew from the ledger.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from pipelines.grid_pages import StatusAsKept

#: Files kept open at once: the index, and those of the runs last asked for.
KEPT = 8


class KeptOpenSqliteEventLog(StatusAsKept, SqliteEventLogStorage):
    """`SqliteEventLogStorage` with connections that are kept open."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "KeptOpenSqliteEventLog":
        """Make the storage from its section of `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """Give a transaction on a file; Dagster's lock lets one thread in at a time."""
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or _open(self.conn_string_for_shard(shard))
        self._engines[shard] = engine
        while len(self._engines) > KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def wipe(self) -> None:
        """Close the files, which are then removed."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close the files and stop watching them."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _open(url: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=NORMAL"))
    return engine

"""How the ledger uses SQLite: readers wait for nobody, writers queue, and every commit is on the disk."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

#: Seconds that a writer waits for another; a national month is recorded in less than two.
BUSY_SECONDS = 60

#: The execution option of an engine whose transactions only read.
READS = "ledger_reads"


def open_sqlite(url: URL) -> Engine:
    """Make an engine whose transactions begin as the only writer, or with the option `READS` as a reader.

    A write lock asked for in the middle of a transaction fails at once instead of waiting, so it is taken at the
    beginning.
    """
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    """Leave BEGIN to us; WAL lets readers read while one writes; FULL, as a receipt must outlive a power cut."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get(READS))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

"""How the ledger uses SQLite: readers wait for nobody, writers queue, and every commit is on the disk."""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

#: Seconds that a writer waits for another; a national month is recorded in less than two.
BUSY_SECONDS = 60

_TO_READ: dict[str, Any] = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
#: What SQLite says, by the beginning of its error's name, where it cannot write beside the file.
_UNWRITABLE = ("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_READONLY")

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


def open_sqlite_to_read(url: URL) -> Engine:
    """Make an engine that only reads, also where nothing can be written: on a full disk, in a folder mounted read-only.

    The file must be there; what cannot be read is raised when the engine first connects.
    """
    engine = create_engine(
        "sqlite://", creator=partial(_connect_to_read, Path(str(url.database))), hide_parameters=True
    )
    event.listen(engine, "begin", _begin)
    return engine


def _connect_to_read(file: Path) -> sqlite3.Connection:
    """Connect as any reader does; where the file beside the ledger that readers share cannot be made, without it.

    That is safe where nobody writes: there is no log of changes beside it, and no room for anybody to begin one.
    """
    place = quote(str(file))
    try:
        return _checked(sqlite3.connect(f"file:{place}?mode=rw", uri=True, **_TO_READ))
    except sqlite3.OperationalError as error:
        log = file.with_name(f"{file.name}-wal")
        if not error.sqlite_errorname.startswith(_UNWRITABLE) or (log.exists() and log.stat().st_size):
            raise
    return _checked(sqlite3.connect(f"file:{place}?mode=ro&immutable=1", uri=True, **_TO_READ))


def _checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: Any, _record: Any) -> None:
    """Leave BEGIN to us; WAL lets readers read while one writes; FULL, as a receipt must outlive a power cut."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get(READS))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

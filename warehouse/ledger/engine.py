"""The ledger's database: how it is opened, and how a session reads or writes.

SQLite is used in WAL mode with every commit on the disk; it cannot live on a network file system: a team on several
machines takes PostgreSQL.
"""

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from warehouse.ledger import lifecycle
from warehouse.ledger.database_errors import reason_of
from warehouse.ledger.sqlite import READS, open_sqlite, open_sqlite_to_read
from warehouse.redaction import shown_address

#: First half of PostgreSQL's advisory locks of ours, so that no other program's are met ("ledg" in ASCII).
_LOCK_SPACE = 0x6C656467
_LOCK = text("SELECT pg_advisory_xact_lock(CAST(:space AS integer), CAST(:key AS integer))")


#: Beginnings of SQLite's errors where the disk, a lock or the file itself is at fault, and not we.
_OF_SQLITE = (
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_READONLY",
)


class LedgerUnavailable(RuntimeError):  # noqa: N818 — reads as what it is
    """The ledger's database cannot be reached or opened; the message names it without account and parameters."""

    def __init__(self, url: URL, reason: str) -> None:
        self.url = shown_address(url.render_as_string(hide_password=False))
        super().__init__(f"無法開啟報送帳冊 cannot open the ledger {self.url}: {reason}")


class LedgerLost(RuntimeError):  # noqa: N818 — says what happened
    """The ledger's database gave up in the middle of the work: gone, locked, or its disk full."""

    def __init__(self, url: URL, reason: str) -> None:
        self.url = shown_address(url.render_as_string(hide_password=False))
        super().__init__(
            f"報送帳冊中斷 the ledger {self.url} does not answer any more: {reason}；已登錄者不變，請確認資料庫已啟動、"
            "磁碟有空間後再執行一次 what was recorded stays: see that the database is up and its disk has room, and "
            "run it again"
        )


def open_ledger(url: str | URL, *, to_read: bool = False) -> Engine:
    """Open the ledger, make or migrate its tables where needed, and watch over who writes a submission's state.

    `to_read`: of who only reads, also where the disk is full or read-only; an older ledger is migrated all the same.
    Raises `LedgerUnavailable`, or `migrate.LedgerTooNew` where a newer version of this program has migrated it.
    """
    address = make_url(url)
    on_sqlite = address.get_backend_name() == "sqlite"
    if to_read and on_sqlite and Path(str(address.database)).exists() and (as_it_is := _as_it_is(address)):
        return as_it_is
    engine = open_sqlite(address) if on_sqlite else create_engine(address, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "before_cursor_execute", lifecycle.guard)
    try:
        from warehouse.ledger import migrate  # noqa: PLC0415 — Alembic: Dagster loads this module and opens nothing

        migrate.to_head(engine)
    except DBAPIError as error:
        engine.dispose()
        if not _is_unreachable(error):
            raise
        raise LedgerUnavailable(address, reason_of(error)) from None  # the driver's words may quote the address
    except BaseException:
        engine.dispose()
        raise
    event.listen(engine, "handle_error", partial(_explain, address))
    return engine


def _as_it_is(address: URL) -> Engine | None:
    """An engine over a SQLite ledger that only reads; None where its schema is not this program's."""
    from warehouse.ledger import migrate  # noqa: PLC0415 — as above

    engine = open_sqlite_to_read(address)
    try:
        if migrate.is_at_head(engine):
            event.listen(engine, "handle_error", partial(_explain, address))
            return engine
    except OperationalError as error:
        engine.dispose()
        raise LedgerUnavailable(address, reason_of(error)) from None  # the driver's words may quote the address
    engine.dispose()
    return None


def _is_unreachable(error: DBAPIError) -> bool:
    """Whether no server was asked: it is away, or its address has parameters that the driver does not know."""
    on_server = getattr(error.orig, "sqlstate", None) or hasattr(error.orig, "sqlite_errorname")
    return isinstance(error, OperationalError) or not on_server


def _explain(url: URL, context: ExceptionContext) -> None:
    """Say what to do where the database is at fault; SQLAlchemy's own words quote the statement and its values."""
    error = context.sqlalchemy_exception
    if not isinstance(error, OperationalError):
        return
    name = getattr(error.orig, "sqlite_errorname", None)
    if name == "SQLITE_READONLY" and context.connection and context.connection.get_execution_options().get(READS):
        return  # written in a session that only reads: our fault
    if name is None or name.startswith(_OF_SQLITE):
        raise LedgerLost(url, reason_of(error)) from None  # as above


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session whose work is committed at the end, or rolled back as a whole where an error leaves the block.

    Keep it short: on SQLite no one else writes meanwhile.
    """
    with Session(engine) as session, session.begin():
        yield session


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that sees the ledger as of one moment, waits for no writer and makes none wait.

    What it loaded stays readable after the block.
    """
    options: dict[str, Any] = {READS: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with Session(engine.execution_options(**options), expire_on_commit=False) as session:
        yield session


def lock_months(session: Session, months: Iterable[str]) -> None:
    """Make this transaction the only one that changes the submissions of these months, until it ends.

    On SQLite it is already: a transaction of `open_ledger`'s engine that may write begins as the only writer.
    """
    session.flush()
    if session.get_bind().dialect.name != "postgresql":
        return
    for key in sorted({zlib.crc32(month.encode()) - 2**31 for month in months}):  # one order for all: no deadlocks
        session.execute(_LOCK, {"space": _LOCK_SPACE, "key": key})

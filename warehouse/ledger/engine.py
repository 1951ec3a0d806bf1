"""The ledger's database: how it is opened, and how a session reads or writes.

SQLite is used in WAL mode with every commit on the disk; it cannot live on a network file system: a team on several
machines takes PostgreSQL.
"""

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from warehouse.ledger import lifecycle
from warehouse.ledger.sqlite import READS, open_sqlite

#: First half of PostgreSQL's advisory locks of ours, so that no other program's are met ("ledg" in ASCII).
_LOCK_SPACE = 0x6C656467
_LOCK = text("SELECT pg_advisory_xact_lock(CAST(:space AS integer), CAST(:key AS integer))")


#: What SQLite says, by the beginning of its error's name, where the disk, a lock or the file is at fault, and not we.
_OF_SQLITE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_CORRUPT")


class LedgerUnavailable(RuntimeError):  # noqa: N818 — reads as what it is
    """The ledger's database cannot be reached or opened; the message names it without its password."""

    def __init__(self, url: URL, reason: str) -> None:
        self.url = url.render_as_string(hide_password=True)
        super().__init__(f"無法開啟報送帳冊 cannot open the ledger {self.url}: {reason}")


class LedgerLost(RuntimeError):  # noqa: N818 — says what happened
    """The ledger's database gave up in the middle of the work: gone, locked, or its disk full."""

    def __init__(self, url: URL, reason: str) -> None:
        self.url = url.render_as_string(hide_password=True)
        super().__init__(
            f"報送帳冊中斷 the ledger {self.url} does not answer any more: {reason}；已登錄者不變，請確認資料庫已啟動、"
            "磁碟有空間後再執行一次 what was recorded stays: see that the database is up and its disk has room, and "
            "run it again"
        )


def open_ledger(url: str | URL) -> Engine:
    """Open the ledger, make or migrate its tables where needed, and watch over who writes a submission's state.

    Raises `LedgerUnavailable`, or `migrate.LedgerTooNew` where a newer version of this program has migrated it.
    """
    address = make_url(url)
    on_sqlite = address.get_backend_name() == "sqlite"
    engine = open_sqlite(address) if on_sqlite else create_engine(address, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "before_cursor_execute", lifecycle.guard)
    try:
        from warehouse.ledger import migrate  # noqa: PLC0415 — Alembic: Dagster loads this module and opens nothing

        migrate.to_head(engine)
    except OperationalError as error:
        engine.dispose()
        raise LedgerUnavailable(address, str(error.orig).strip()) from error
    except BaseException:
        engine.dispose()
        raise
    event.listen(engine, "handle_error", partial(_explain, address))
    return engine


def _explain(url: URL, context: ExceptionContext) -> None:
    """Say what to do where the database is at fault; SQLAlchemy's own words quote the statement and its values."""
    error = context.sqlalchemy_exception
    if not isinstance(error, OperationalError):
        return
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is None or name.startswith(_OF_SQLITE):
        reason = str(error.orig).strip().partition("\n")[0]
        raise LedgerLost(url, reason) from context.original_exception


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

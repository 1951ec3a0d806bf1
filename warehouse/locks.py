"""One at a time: an exclusive lock on a file, and on every machine where the ledger is PostgreSQL.

The system lets go of the file when its holder dies, PostgreSQL of its own lock when the holder's connection ends.
"""

import contextlib
import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from warehouse.journal import log
from warehouse.ledger.engine import LedgerLost

#: Seconds between two tries.
_PATIENCE = 0.1
#: First half of the advisory locks that a session holds ("lock" in ASCII); the ledger's transactions have their own.
_SPACE = 0x6C6F636B
_TRY = text("SELECT pg_try_advisory_lock(CAST(:space AS integer), CAST(:key AS integer))")
_LET_GO = text("SELECT pg_advisory_unlock(CAST(:space AS integer), CAST(:key AS integer))")
_NAMED = text("SELECT set_config('application_name', :name, false)")
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' "
    "AND l.granted AND l.classid = CAST(:space AS oid) AND l.objid = CAST(:key AS oid) "
    "AND a.datname = current_database()"
)


class Busy(TimeoutError):  # noqa: N818 — reads as what it is
    """Another held the lock all the time; `holder` is what it wrote about itself, `waited` in seconds.

    Each lock has its own: `doing` says in Chinese what the holder does, `english` the same with all three in it.
    """

    doing: ClassVar[str]
    english: ClassVar[str]

    def __init__(self, path: Path, holder: str, waited: float) -> None:
        self.path, self.holder, self.waited = path, holder, waited
        super().__init__(
            f"另一個程序正在{self.doing}（{holder or '不明'}），已等候 {waited:g} 秒，請稍後再試 "
            + self.english.format(path=path, holder=holder or "unknown", waited=waited)
        )


@contextlib.contextmanager
def exclusive(path: Path, timeout: float, busy: type[Busy]) -> Iterator[None]:
    """Hold the lock for the block; wait up to `timeout` seconds for it, then raise `busy(path, holder, timeout)`."""
    with path.open("a+", encoding="utf-8") as file:
        began, waited = time.monotonic(), False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= began + timeout:
                    raise _gave_up(busy(path, path.read_text(encoding="utf-8").strip(), timeout)) from None
                waited = True
                time.sleep(_PATIENCE)
        if waited:
            _log_waited(path, began)
        file.truncate(0)
        file.write(f"{_myself()}\n")
        file.flush()
        yield


@contextlib.contextmanager
def exclusive_everywhere(engine: Engine, what: str, path: Path, timeout: float, busy: type[Busy]) -> Iterator[None]:
    """Hold the lock on a file, as `exclusive` does, and `what` on all machines that share a ledger on PostgreSQL.

    Both are waited for, up to `timeout` seconds each.  PostgreSQL lets go where the holder's connection is cut: who
    goes on then is alone on its machine only, and must replace nothing that others share without a condition.
    """
    everywhere = (
        contextlib.nullcontext()
        if engine.dialect.name != "postgresql"
        else _in_database(engine, what, path, timeout, busy)
    )
    with everywhere, exclusive(path, timeout, busy):
        yield


@contextlib.contextmanager
def _in_database(engine: Engine, what: str, path: Path, timeout: float, busy: type[Busy]) -> Iterator[None]:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.detach()  # its end is the lock's end: it must never go back to the pool
        connection.execute(_NAMED, {"name": f"attendance {_myself()}"})
        lock = {"space": _SPACE, "key": zlib.crc32(what.encode()) - 2**31}
        began, waited = time.monotonic(), False
        while not connection.scalar(_TRY, lock):
            if time.monotonic() >= began + timeout:
                raise _gave_up(busy(path, _holder(connection, lock), timeout))
            waited = True
            time.sleep(_PATIENCE)
        if waited:
            _log_waited(path, began)
        try:
            yield
        finally:
            # By word: the server notices the connection's end a moment later, when the next one may have asked already.
            with contextlib.suppress(LedgerLost, DBAPIError):  # it is gone, and the lock with it
                connection.scalar(_LET_GO, lock)


def _log_waited(path: Path, began: float) -> None:
    log.info("lock_waited", lock=str(path), seconds=round(time.monotonic() - began, 3))


def _gave_up(busy: Busy) -> Busy:
    log.error("lock_given_up", lock=str(busy.path), holder=busy.holder, seconds=busy.waited)
    return busy


def _holder(connection: Connection, lock: dict[str, int]) -> str:
    """What the holder says of itself; empty where it has just let go."""
    unsigned = {name: number % 2**32 for name, number in lock.items()}  # an oid has no sign
    return str(connection.scalar(_HOLDER, unsigned) or "")


def _myself() -> str:
    return f"pid {os.getpid()} on {os.uname().nodename}"

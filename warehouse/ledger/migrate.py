"""Bringing the ledger's schema to the version of this program, with Alembic, from code alone."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from warehouse.journal import log
from warehouse.ledger.sqlite import READS

_SCRIPTS = Path(__file__).parent / "migrations"

#: PostgreSQL's advisory lock while the schema changes ("ledger" in ASCII); two programs may start at once.
_MIGRATION_LOCK = 0x6C6564676572


class LedgerTooNew(RuntimeError):  # noqa: N818 — reads as what it is
    """A newer version of this program has migrated the ledger; this one must not touch it."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"報送帳冊由較新版程式建立，請先更新本程式 the ledger is of a newer version ({revision}): update"
        )


def to_head(engine: Engine) -> None:
    """Migrate the ledger to head, in one transaction; nothing is written where it is there already."""
    revision, head = _revision(engine), head_revision()
    if revision == head:
        return
    if revision is not None:
        refuse_unknown(revision)
    with engine.begin() as connection:
        alone(connection)
        upgrade(connection, "head")
    log.info("ledger_migrated", before=revision or "empty", now=head)


def is_at_head(engine: Engine) -> bool:
    """Whether the ledger's schema is this program's; reads only."""
    return _revision(engine) == head_revision()


def _revision(engine: Engine) -> str | None:
    with engine.execution_options(**{READS: True}).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def head_revision() -> str | None:
    """The newest revision that this program has; Alembic loads all of them to say so."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()


def alone(connection: Connection) -> None:
    """Be the only one who changes the schema until the transaction ends; on SQLite who writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def upgrade(connection: Connection, revision: str) -> None:
    """Migrate up to a revision; the transaction's owner commits."""
    command.upgrade(configuration(connection), revision)


def configuration(connection: Connection) -> Config:
    """Alembic's configuration over a connection that is in a transaction; its owner commits."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def refuse_unknown(revision: str) -> None:
    """Raise `LedgerTooNew` where this program does not have the revision."""
    scripts = ScriptDirectory(str(_SCRIPTS))
    try:
        scripts.get_revision(revision)
    except (CommandError, ResolutionError) as error:
        raise LedgerTooNew(revision) from error

"""The ledger's tables as Parquet files and back: one file a table, the same whatever database the ledger is.

Written of one moment while others go on writing; loaded into an empty database at the revision that they were written
at, in one transaction, so that a ledger is there as a whole or not at all.  Tables that a rebuild makes anew are left
out.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy import Integer as IntegerType
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from warehouse.diagnosis import Advance
from warehouse.ledger import migrate
from warehouse.ledger.audit_chain import Anchor
from warehouse.ledger.schema import tables
from warehouse.ledger.sqlite import open_sqlite
from warehouse.redaction import shown_address

#: Bundles name files of the store, which is not in a backup; who was signed in is not to be so again after a restore.
LEFT_OUT = frozenset({"store_bundles", "portal_sessions"})

_ARROW = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}
#: Rows in memory at once.
_BATCH = 20_000


class LedgerNotEmpty(RuntimeError):  # noqa: N818 — reads as what it is
    """There is a ledger already where one was to be restored."""

    def __init__(self, engine: Engine) -> None:
        where = shown_address(engine.url.render_as_string(hide_password=False))
        super().__init__(
            f"報送帳冊已有資料，僅能還原至空的資料庫 the ledger {where} is not empty: restore into an empty database "
            "(ATTENDANCE_LEDGER_URL), or with --without-settings into SQLite in the home folder"
        )


class RowsDiffer(ValueError):  # noqa: N818 — says what happened
    """A table's file does not fit the ledger's table of its revision."""


def backed_up() -> list[Table]:
    """The tables that are backed up, those that others refer to first."""
    return [table for table in tables().sorted_tables if table.name not in LEFT_OUT]


def revision_of(session: Session) -> str | None:
    """The revision of the schema that this session sees."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def write_table(session: Session, table: Table, file: IO[bytes]) -> int:
    """Write the table as the session sees it, ordered by its key; how many rows."""
    schema = pa.schema([pa.field(column.name, _arrow(column.type)) for column in table.columns])
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
    rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in session.execute(query).partitions():
            writer.write_table(pa.table(list(map(list, zip(*batch, strict=True))), schema=schema))
            rows += len(batch)
    return rows


def load(url: str, revision: str, files: Mapping[str, Path], anchor: Anchor, *, again: bool, advance: Advance) -> None:
    """Fill an empty database with these tables (name → file), at the revision that they were written at.

    `again`: a restore that was cut off is begun again; a ledger that has the audit's row `anchor` is its work, and
    stays.  Raises `LedgerNotEmpty`, `RowsDiffer`.  Nothing of it is there unless all is.
    """
    with _opened(url) as engine, engine.begin() as connection:
        migrate.alone(connection)
        if _in_use(connection):
            if again and _has(connection, anchor):
                return
            raise LedgerNotEmpty(engine)
        # The schema of then, by the migrations of now; opening the ledger brings it up to date afterwards.
        migrate.upgrade(connection, revision)
        metadata = MetaData()
        metadata.reflect(connection, only=sorted(files))
        for table in metadata.sorted_tables:
            if table.name in files:
                _load_table(connection, table, files[table.name])
                advance()


def refuse_in_use(url: str) -> None:
    """Raise `LedgerNotEmpty` where there is a ledger; an SQLite file that is not there is not made."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        return
    with _opened(url) as engine, engine.connect() as connection:
        if _in_use(connection):
            raise LedgerNotEmpty(engine)


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    """The database as it is: neither migrated nor watched over, as whole tables come and no state changes."""
    address = make_url(url)
    engine = open_sqlite(address) if address.get_backend_name() == "sqlite" else create_engine(address)
    try:
        yield engine
    finally:
        engine.dispose()


def _arrow(kind: TypeEngine[Any]) -> pa.DataType:
    return _ARROW[kind.impl_instance.python_type if isinstance(kind, TypeDecorator) else kind.python_type]


def _in_use(connection: Connection) -> bool:
    ours = {"alembic_version", *tables().tables}
    return bool(ours & set(inspect(connection).get_table_names()))


def _has(connection: Connection, anchor: Anchor) -> bool:
    found = connection.scalar(text("SELECT hash FROM audit WHERE seq = :seq"), {"seq": anchor.seq})
    return anchor.seq == 0 or found == anchor.hash


def _load_table(connection: Connection, table: Table, path: Path) -> None:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        if set(names) != set(table.columns.keys()):
            raise RowsDiffer(f"{path}: 欄位與帳冊版本不符 its columns are not those of the ledger's revision")
        for batch in file.iter_batches(_BATCH):
            connection.execute(insert(table), batch.to_pylist())
        rows = connection.scalar(select(func.count()).select_from(table))
        if rows != file.metadata.num_rows:
            raise RowsDiffer(f"{path}: {file.metadata.num_rows:,} ≠ {rows:,} 列 rows")
    if connection.dialect.name == "postgresql":
        _count_on(connection, table)


def _count_on(connection: Connection, table: Table) -> None:
    """Have PostgreSQL number the next row after those that came with their numbers."""
    keys: Sequence[Any] = [column for column in table.primary_key if isinstance(column.type, IntegerType)]
    for column in keys:
        named = {"table": table.name, "column": column.name}
        sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
        highest = connection.scalar(select(func.max(column)))
        if sequence is not None and highest is not None:
            connection.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})

"""The DuckDB side: opening without the network, typed selects, tables and views with their Chinese comments."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import reports
from warehouse.client_versions import Versions, standings
from warehouse.tables import TABLES, Table

#: Nothing is fetched from outside: closed networks cannot, and a warehouse that needs an extension is of no use there.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def open_empty(path: Path | str, spill: Path) -> duckdb.DuckDBPyConnection:
    """Open a database to build a warehouse in (`:memory:` too), with its two schemas; `spill` is for large sorts."""
    connection = duckdb.connect(str(path), config={**CONFIG, "temp_directory": str(spill)})
    connection.execute("CREATE SCHEMA core; CREATE SCHEMA reports")
    return connection


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a published warehouse for reading; it blocks no publisher.  `duckdb.IOException` where there is none."""
    return duckdb.connect(str(path), read_only=True, config=CONFIG)


def quoted(text: str) -> str:
    """Return text as an SQL literal, for the statements that take no bound values (views, COPY, COMMENT)."""
    return "'" + text.replace("'", "''") + "'"


def typed_select(table: Table, source: str) -> str:
    """Select exactly the table's columns, in order and in their types, from `source` (a relation or `(SELECT …)`)."""
    columns = ", ".join(f'"{column.name}"::{column.type} AS "{column.name}"' for column in table.columns)
    return f"SELECT {columns} FROM {source}"  # noqa: S608 — names from warehouse.tables


def from_files(table: Table, files: Sequence[Path]) -> str:
    """Select the table from Parquet files, in the order given; from none of them, no rows in the right types.

    A column that came after a file was written is null in it.
    """
    columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in table.columns)
    none = f"SELECT {columns} WHERE false"
    if not files:
        return none
    listed = ", ".join(quoted(str(file)) for file in files)
    some = f"FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    return typed_select(table, f"({none} UNION ALL BY NAME {some})")


def show_files(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> None:
    """Make the table a view over exactly these files."""
    connection.execute(f"CREATE OR REPLACE VIEW {table.qualified} AS {from_files(table, files)}")


def build_tables(connection: duckdb.DuckDBPyConnection, versions: Versions) -> None:
    """Make the tables that are over all months at once; those by month and year must be there."""
    _fill(connection, TABLES["core.agencies"], "(FROM ledger.agencies ORDER BY agency_code, active_from)")
    _fill(connection, TABLES["core.duty_grants"], "(FROM ledger.duty_grants ORDER BY id)")
    _fill(connection, TABLES["core.explanations"], "(FROM ledger.explanations ORDER BY agency_code, id)")
    _fill(connection, TABLES["core.agency_ancestors"], f"({reports.sql('agency_ancestors')})")
    _stage_standings(connection, versions)
    _fill(connection, TABLES["reports.client_versions"], f"({reports.sql('client_versions')})")


def _stage_standings(connection: duckdb.DuckDBPyConnection, versions: Versions) -> None:
    """Stage how the system that each agency uses stood among the released ones when its document came."""
    connection.execute(f"CREATE TEMP VIEW clients_used AS {reports.sql('clients_used')}")
    used = connection.execute(
        "SELECT agency_code, system, version, CAST(received_at AS DATE) FROM clients_used"
    ).fetchall()
    connection.execute(
        "CREATE TABLE ledger.version_standings (agency_code VARCHAR, newest_version VARCHAR, versions_behind INTEGER, "
        "behind_since DATE, months_behind INTEGER, automatic_updates BOOLEAN)"
    )
    rows = list(standings(versions, used))
    names = ("agency_code", "newest_version", "versions_behind", "behind_since", "months_behind", "automatic_updates")
    types = (pa.string(), pa.string(), pa.int32(), pa.date32(), pa.int32(), pa.bool_())
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    arrays = [pa.array(list(values), type_) for values, type_ in zip(columns, types, strict=True)]
    connection.register("incoming", pa.table(arrays, names=list(names)))
    connection.execute("INSERT INTO ledger.version_standings BY NAME SELECT * FROM incoming")
    connection.unregister("incoming")


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, source: str) -> None:
    connection.execute(f"CREATE TABLE {table.qualified} AS {typed_select(table, source)}")


def comment_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the Chinese comments on every table, view and column."""
    kinds: Mapping[str, str] = dict(
        connection.execute(
            "SELECT table_schema || '.' || table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END "
            "FROM information_schema.tables WHERE table_schema IN ('core', 'reports') "
            "AND table_catalog = current_database()"
        ).fetchall()
    )
    connection.begin()  # each of hundreds of statements would be flushed by itself
    for name, kind in kinds.items():
        table = TABLES[name]
        connection.execute(f"COMMENT ON {kind} {name} IS {quoted(table.comment)}")
        for column in table.columns:
            connection.execute(f'COMMENT ON COLUMN {name}."{column.name}" IS {quoted(column.comment)}')
    connection.commit()

"""The tables of a published warehouse, for comparing two of them row for row."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

#: Its rows name files, which are named after the moments of what they were made of.
OWN = {"core.publications"}


def rows(warehouse: Path) -> dict[str, list[str]]:
    """Table → its rows in a fixed order, without the columns of moments, which are each installation's own."""
    return {table: [repr(row) for row in of] for table, (_, of) in tables(warehouse).items()}


def tables(
    warehouse: Path, only: Mapping[str, Sequence[str]] | None = None, where: Mapping[str, str] | None = None
) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Table → its columns but those of moments, and its rows; `only` these columns of these tables.

    `where`: column → condition for the tables that have it.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        columns: dict[str, list[str]] = {}
        for table, column, kind in connection.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name IN ('core', 'reports') ORDER BY ALL"
        ).fetchall():
            if table not in OWN and not kind.startswith("TIMESTAMP"):
                columns.setdefault(table, []).append(column)
        wanted = columns if only is None else only
        return {
            table: (list(of), connection.execute(_query(table, of, columns[table], where or {})).fetchall())
            for table, of in wanted.items()
        }


def _query(table: str, columns: Sequence[str], known: Sequence[str], where: Mapping[str, str]) -> str:
    quoted = ", ".join(f'"{column}"' for column in columns)
    conditions = [condition for column, condition in where.items() if column in known]
    return f"SELECT {quoted} FROM {table} WHERE {' AND '.join(conditions) or 'true'} ORDER BY ALL"

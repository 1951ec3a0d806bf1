"""Reports as they were known at a moment: from the ledger and the store alone, without the published warehouse."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import Engine

from warehouse import reports
from warehouse.home import Home
from warehouse.ledger.engine import reading
from warehouse.publish.database import build_tables, from_files, open_empty, show_files, typed_select
from warehouse.publish.partitions import DETAILS, partitions
from warehouse.publish.staging import stage
from warehouse.tables import TABLES


@contextmanager
def warehouse_as_of(
    home: Home, engine: Engine, as_of: datetime, year: int, *, first_month: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a warehouse in memory with the tables of the published one, as they were at `as_of` (aware).

    What had arrived by then counts.  Details, corrections and summary are of `year` alone.  Raises `StoreIncomplete`.
    """
    with tempfile.TemporaryDirectory() as spill, open_empty(":memory:", Path(spill)) as connection:
        with reading(engine) as session:
            stage(connection, session, now=as_of, as_of=as_of, first_month=first_month)
        year_months = "SELECT month FROM ledger.months WHERE month LIKE ? || '-%' ORDER BY month"
        months = [row[0] for row in connection.execute(year_months, [f"{year:04}"]).fetchall()]
        for name in DETAILS:
            files = [part.path for month in months for part in partitions(connection, home.store, name, month)]
            show_files(connection, TABLES[f"core.{name}"], files)
        summary = TABLES["reports.summary"]
        connection.execute(f"CREATE TABLE {summary.qualified} AS {from_files(summary, [])}")
        for month in months:
            values = {"month": month}
            connection.execute(f"INSERT INTO ledger.corrections BY NAME {reports.sql('corrections')}", values)
            rows = typed_select(summary, f"({reports.sql('summary')})")
            connection.execute(f"INSERT INTO {summary.qualified} {rows}", values)
        build_tables(connection)
        yield connection

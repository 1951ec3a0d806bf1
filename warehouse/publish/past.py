"""Reports as they were known at a moment: from the ledger and the store alone, without the published warehouse."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import Engine

from warehouse import reports
from warehouse.bundle_cache import bring
from warehouse.client_versions import read_versions
from warehouse.duties import Duties, calendar_of
from warehouse.home import Home
from warehouse.ledger.engine import reading
from warehouse.ledger.retirements import refuse_retired
from warehouse.publish.copies import table_of
from warehouse.publish.database import build_tables, from_files, open_empty, show_files, typed_select
from warehouse.publish.known import known_months
from warehouse.publish.partitions import DETAILS, partitions
from warehouse.publish.staging import stage
from warehouse.register.agencies import RegisterAgencies
from warehouse.tables import TABLES


@contextmanager
def warehouse_as_of(
    home: Home,
    engine: Engine,
    as_of: datetime,
    year: int,
    *,
    first_month: str | None = None,
    register: RegisterAgencies | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a warehouse in memory with the tables of the published one, as they were at `as_of` (aware).

    What had arrived and was granted by then counts.  Only what is of `year` is there.  `register` is
    for who has it at hand: reading it takes most of the time of a small past.  Raises `StoreIncomplete`,
    `VersionsRefused`, `warehouse.duties.CalendarRefused`, and `YearRetired` for a year whose records were removed.
    """
    with tempfile.TemporaryDirectory() as spill, open_empty(":memory:", Path(spill)) as connection:
        with reading(engine) as session:
            refuse_retired(session, f"{year:04}-12")
            known = known_months(session, first_month, as_of, as_of)
            months = [month for month in known.months if month.startswith(f"{year:04}-")]
            duties = Duties(session, calendar_of(home), register=register, as_of=as_of)
            stage(connection, session, duties, known, months, now=as_of, as_of=as_of)
            bring(home, session, months)
        for name in DETAILS:
            files = [part.path for month in months for part in partitions(connection, home.store, name, month)]
            show_files(connection, TABLES[f"core.{name}"], files)
        for month in months:
            connection.execute(f"INSERT INTO ledger.corrections BY NAME {reports.sql('corrections')}", {"month": month})
        _insert_all(connection, "summary", [{"month": month} for month in months])
        for name in reports.FROM_LEDGER:
            _insert_all(connection, name, [{"months": months}])
        for name in reports.BY_YEAR:
            _insert_all(connection, name, [{"year": f"{year:04}"}])
        build_tables(connection, read_versions(home.root))
        yield connection


def _insert_all(connection: duckdb.DuckDBPyConnection, name: str, values: Iterable[Mapping[str, object]]) -> None:
    table = table_of(name)
    connection.execute(f"CREATE TABLE {table.qualified} AS {from_files(table, [])}")
    for one in values:
        connection.execute(f"INSERT INTO {table.qualified} {typed_select(table, f'({reports.sql(name)})')}", one)

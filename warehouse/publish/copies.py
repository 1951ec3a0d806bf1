"""Reading copies: one Parquet file a table and month, sorted by agency, named after what it was made of.

A national month has 8,300 partition files a dataset, each of which costs a reader an open; a copy is one, and its
row groups tell which agencies they hold.  The same content is never written twice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse import reports
from warehouse.publish.database import from_files, quoted, show_files, typed_select
from warehouse.publish.durable import aside, settle
from warehouse.publish.manifest import Copy, Manifest
from warehouse.publish.partitions import DETAILS, FINDINGS, fingerprint, partitions
from warehouse.tables import TABLES

#: Rows that a reader of one agency has to look at, at most; a large agency has 50,000 clockings a month.
ROWS_IN_GROUP = 61_440

#: Of the register, what a month's rolled-up rows rest on: who is below whom, and the names.
_REGISTER = """
    SELECT (SELECT coalesce(bit_xor(md5_number(authority_code || '>' || agency_code)), 0)
            FROM ledger.below WHERE month = ?),
           (SELECT coalesce(bit_xor(md5_number(agency_code || '=' || agency_name)), 0) FROM ledger.names)
"""


class Copies:
    """Writes copies below the manifest's folder and takes them into the manifest."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, manifest: Manifest, store: Path, now: datetime) -> None:
        self._connection = connection
        self._manifest = manifest
        self._store = store
        self._now = now.astimezone(UTC).isoformat()

    def refresh_details(self, month: str) -> None:
        """Bring a month's detail tables up to what the ledger counts.  Raises `StoreIncomplete`."""
        for name in DETAILS:
            self.detail(name, month)

    def detail(self, name: str, month: str) -> Path | None:
        """Bring one of them up to date; the copy, None where there is nothing of the month.  Raises `StoreIncomplete`.

        Needs only `ledger.counted` for the datasets of records.
        """
        table = TABLES[f"core.{name}"]
        files = partitions(self._connection, self._store, name, month)
        key = fingerprint([repr(table.columns), *(f"{part.path}|{part.size}|{part.modified}" for part in files)])
        query = from_files(table, [part.path for part in files])
        self._refresh(name, month, key if files else None, query)
        copy = self._manifest.copies.get((name, month))
        return self._manifest.folder / copy.file if copy else None

    def refresh_by_month(self, month: str) -> None:
        """Bring a month's corrections and summary up to its details, which must be shown, and to the register."""
        for name in reports.BY_MONTH:
            query, sources = reports.sql(name), _SOURCES[name]
            if f"reports.{name}" in TABLES:
                query = typed_select(TABLES[f"reports.{name}"], f"({query})")
            made_of = [self._manifest.copies.get((source, month)) for source in sources]
            register = self._connection.execute(_REGISTER, [month]).fetchall()
            key = fingerprint([query, repr(register), *(copy.file if copy else "" for copy in made_of)])
            self._refresh(name, month, key if any(made_of) else None, query, {"month": month})

    def show(self, name: str, table: str) -> None:
        """Make a table of the warehouse a view over the copies of all months."""
        show_files(
            self._connection, TABLES[table], [self._manifest.folder / copy.file for copy in self._manifest.of(name)]
        )

    def _refresh(
        self, name: str, month: str, key: str | None, query: str, values: Mapping[str, str] | None = None
    ) -> None:
        held = self._manifest.copies.get((name, month))
        if key is None:
            self._manifest.set_month(name, month, None)
            return
        # What stands of a month's findings is mostly all that there ever were: then one file is both tables.
        path = self._manifest.folder / FINDINGS.get(name, name) / f"month={month}" / f"{key}.parquet"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_copy(self._connection, query, path, values)
        file = str(path.relative_to(self._manifest.folder))
        if held is None or held.file != file:
            rows = pq.read_metadata(path).num_rows
            self._manifest.set_month(name, month, Copy(name, month, file, rows, self._now))


#: What each report by month reads.
_SOURCES = {"corrections": ("findings", "findings_history"), "summary": ("leaves", "overtime")}


def write_copy(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, values: Mapping[str, str] | None = None
) -> None:
    """Write a query's rows in their order as one Parquet file, there as a whole or not at all."""
    unfinished = aside(path)
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_GROUP}, PRESERVE_ORDER true"
    connection.execute(f"COPY ({query}) TO {quoted(str(unfinished))} ({options})", dict(values) if values else None)
    settle(unfinished, path)

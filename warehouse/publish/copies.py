"""Reading copies: Parquet files by table and month (or year), sorted by agency, named after what they were made of.

A national month has 8,300 partition files a dataset, each of which costs a reader an open; a copy is a few, and their
row groups tell which agencies they hold.  The same content is never written twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq

from checks.model.stored import STORED
from warehouse import reports
from warehouse.ledger.retirements import Gone
from warehouse.months import is_month
from warehouse.publish.database import quoted, show_files, typed_select
from warehouse.publish.durable import aside, refuse_where_full, settle, settle_all
from warehouse.publish.known import NO_MONTH
from warehouse.publish.manifest import Copy, Manifest, sha256_of
from warehouse.publish.partitions import DETAILS, FINDINGS, Partition, fingerprint, partitions, shards
from warehouse.tables import TABLES, Table

#: Rows that a reader of one agency has to look at, at most; a large agency has 50,000 clockings a month.
ROWS_IN_GROUP = 61_440

#: Each takes some 300 MB for a quarter of a national month's clockings.
PARTS_AT_ONCE = 2

#: So many months of a report are asked for together; each is up to 8,300 agencies' rows.
MONTHS_AT_ONCE = 24

#: Of the register, what a month's rolled-up rows rest on: who is below whom, and the names.
_REGISTER = """
    SELECT (SELECT coalesce(bit_xor(md5_number(authority_code || '>' || agency_code)), 0)
            FROM ledger.below WHERE month BETWEEN ? AND ?),
           (SELECT coalesce(bit_xor(md5_number(agency_code || '=' || agency_name)), 0) FROM ledger.names)
"""

#: Which other copies of its period each report by month reads.
_SOURCES = {
    "corrections": ("findings", "findings_history"),
    "summary": ("leaves", "overtime"),
    "due_months": ("corrections",),
    "submission_status": ("due_months", "findings"),
    "monthly_counts": ("due_months",),
    "submissions": (),
    "reviews": (),
}


class Copies:
    """Writes copies below the manifest's folder and takes them into the manifest."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Manifest,
        store: Path,
        now: datetime,
        gone: Gone = frozenset(),
    ) -> None:
        """`gone`: what was removed of the store under the retention rules."""
        self._connection = connection
        self._gone = gone
        self._manifest = manifest
        self._store = store
        self._now = now.astimezone(UTC).isoformat()

    def refresh_details(self, month: str) -> None:
        """Bring a month's detail tables up to what the ledger counts.  Raises `StoreIncomplete`."""
        query = "SELECT 1 FROM ledger.submissions WHERE month = ? LIMIT 1"
        handed_in = self._connection.execute(query, [month]).fetchone()
        for name in DETAILS:
            if handed_in and not is_gone(name, month, self._gone):
                self.detail(name, month)
            else:
                self._manifest.set_period(name, month, [])

    def detail(self, name: str, month: str) -> list[Path]:
        """Bring one of them up to date and give its copies, none where there is nothing of the month.

        Needs only `ledger.counted` for the datasets of records.  Raises `StoreIncomplete`.
        """
        parts = shards(partitions(self._connection, self._store, name, month))
        # One part alone keeps a core and a half busy: it opens files, decodes, encodes and flushes by turns.
        with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
            copies = list(threads.map(partial(self._detail, name, month), parts))
        self._manifest.set_period(name, month, copies)
        return self._manifest.files(name, month)

    def _detail(self, name: str, month: str, files: Sequence[Partition]) -> Copy:
        key = fingerprint([_columns(name), *(f"{part.path}|{part.size}|{part.modified}" for part in files)])
        # What stands of a month's findings is mostly all that there ever were: then one file is both tables.
        path = self._path(FINDINGS.get(name, name), f"month={month}", key)
        if not path.is_file():
            _write_details(FINDINGS.get(name, name), [part.path for part in files], path)
        return self._copy(name, month, path)

    def refresh_from_details(self, month: str) -> None:
        """Bring a month's corrections and summary up to its details, which must be shown, and to the register."""
        made_of = {name: self._made_of(name, month) for name in reports.FROM_DETAILS}
        register = self._register(month, month) if any(made_of.values()) else ""
        for name, files in made_of.items():
            self._refresh(name, month, [register, *files] if files else None, {"month": month})

    def refresh_from_ledger(self, name: str, states: Mapping[str, str]) -> None:
        """Bring a table of what the ledger says of periods (period → state) up to these states.

        The copies that it reads must be shown.
        """
        query, paths = _query(name), dict[str, Path]()
        for period, state in states.items():
            key = fingerprint([query, state, *self._made_of(name, period)])
            paths[period] = self._path(name, f"month={period}", key)
        wanted = [period for period, path in paths.items() if not path.is_file()]
        # What is no month is asked for by itself: its rows do not say under which period they are.
        alone = [period for period in wanted if period == NO_MONTH]
        months = [period for period in wanted if period != NO_MONTH]
        parts = [months[first : first + MONTHS_AT_ONCE] for first in range(0, len(months), MONTHS_AT_ONCE)]
        for some in filter(None, [*parts, alone]):
            self._write_periods(query, {period: paths[period] for period in some})
        for period, path in paths.items():
            self._manifest.set_period(name, period, [self._copy(name, period, path)])

    def _write_periods(self, query: str, paths: Mapping[str, Path]) -> None:
        """Write the copies of several periods from one query: most of what a small one costs alone is the asking."""
        rows = self._connection.sql(query, params={"months": list(paths)}).to_arrow_table()
        for period, path in paths.items():
            own = rows if len(paths) == 1 else rows.filter(pc.equal(rows["month"], period))
            pq.write_table(own, aside(path), compression="zstd", row_group_size=ROWS_IN_GROUP)
        settle_all(list(paths.values()))

    def refresh_year(self, name: str, year: str) -> None:
        """Bring a report by year up to the months due in it, which must be shown."""
        months = [copy for copy in self._manifest.of("due_months") if copy.period[:4] == year]
        made_of = [self._register(f"{year}-01", f"{year}-12"), *(copy.file for copy in months)]
        self._refresh(name, year, made_of if months else None, {"year": year})

    def show(self, name: str) -> None:
        """Make a table of the warehouse a view over its copies of all periods."""
        show_files(self._connection, table_of(name), self._manifest.files(name))

    def _made_of(self, name: str, period: str) -> list[str]:
        return [copy.file for source in _SOURCES[name] for copy in self._manifest.of(source, period)]

    def _register(self, first: str, last: str) -> str:
        return repr(self._connection.execute(_REGISTER, [first, last]).fetchall())

    def _refresh(self, name: str, period: str, made_of: Iterable[str] | None, values: Mapping[str, str]) -> None:
        """Write what the query says of a period unless it is there; `made_of` None: there is nothing of it."""
        if made_of is None:
            self._manifest.set_period(name, period, [])
            return
        query = _query(name)
        (word,) = values
        path = self._path(name, f"{word}={period}", fingerprint([query, *made_of]))
        if not path.is_file():
            write_copy(self._connection, query, path, values)
        self._manifest.set_period(name, period, [self._copy(name, period, path)])

    def _path(self, name: str, folder: str, key: str) -> Path:
        path = self._manifest.folder / name / folder / f"{key}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _copy(self, name: str, period: str, path: Path) -> Copy:
        file = str(path.relative_to(self._manifest.folder))
        held = next((copy for copy in self._manifest.of(name, period) if copy.file == file), None)
        return held or Copy(name, period, file, pq.read_metadata(path).num_rows, self._now, sha256_of(path))


def is_gone(name: str, month: str, gone: Gone) -> bool:
    """Whether the records of a detail table were removed for the month's year."""
    return (FINDINGS.get(name, name), int(month[:4])) in gone if is_month(month) else False


def table_of(name: str) -> Table:
    """The table of the warehouse that has this name in one of its schemas."""
    return TABLES.get(f"core.{name}") or TABLES[f"reports.{name}"]


@cache
def _query(name: str) -> str:
    query = reports.sql(name)
    # Corrections are no table of the warehouse: only the reports read them.
    return query if name == "corrections" else typed_select(table_of(name), f"({query})")


def _columns(name: str) -> str:
    return repr(TABLES[f"core.{name}"].columns)


def _write_details(dataset: str, files: list[Path], path: Path) -> None:
    """Write the rows of partition files one after another.

    By Polars, which takes half the time of DuckDB over thousands of small files (docs/decisions/0009).
    """
    unfinished = aside(path)
    columns = [
        pl.col(name).cast(pl.String) if isinstance(column.dtype.type, pl.Enum) else pl.col(name)
        for name, column in STORED[dataset].to_schema().columns.items()
    ]
    written = pl.read_parquet_schema(files[0])
    schema = {
        name: written.get(name, pl.String() if isinstance(column.dtype.type, pl.Enum) else column.dtype.type)
        for name, column in STORED[dataset].to_schema().columns.items()
    }
    rows = pl.scan_parquet(
        files,
        schema=schema,
        missing_columns="insert",  # a column that came after a file was written is null in it
        cast_options=pl.ScanCastOptions(categorical_to_string="allow"),
        hive_partitioning=False,
        cache=False,
    ).select(columns)
    try:
        rows.sink_parquet(unfinished, compression="zstd", compression_level=1, row_group_size=ROWS_IN_GROUP)
    except (pl.exceptions.PolarsError, OSError):
        refuse_where_full(unfinished)
        raise
    settle(unfinished, path)


def write_copy(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, values: Mapping[str, str] | None = None
) -> None:
    """Write a query's rows in their order as one Parquet file, there as a whole or not at all."""
    unfinished = aside(path)
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_IN_GROUP}, PRESERVE_ORDER true"
    connection.execute(f"COPY ({query}) TO {quoted(str(unfinished))} ({options})", dict(values) if values else None)
    settle(unfinished, path)

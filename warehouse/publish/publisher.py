"""`publish`: the one writer of `warehouse.duckdb`.

Whatever it dies of, the warehouse that was there before still opens, and the next publishing makes good.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine

from warehouse.deadlines import TAIPEI
from warehouse.home import Home
from warehouse.ledger.engine import reading
from warehouse.publish.copies import Copies
from warehouse.publish.database import build_tables, comment_all, from_files, open_empty
from warehouse.publish.durable import UNFINISHED, aside, settle
from warehouse.publish.lock import exclusive
from warehouse.publish.manifest import Manifest
from warehouse.publish.partitions import DETAILS
from warehouse.publish.staging import stage
from warehouse.tables import TABLES

#: How long a publisher waits for another; a national month takes less than a minute.
TIMEOUT = 600.0

#: How long a reader may keep a warehouse open that has been replaced.
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: rows of each table of the warehouse, the months brought up to date, seconds it took."""

    rows: dict[str, int]
    months: tuple[str, ...]
    seconds: float


def publish(
    home: Home,
    engine: Engine,
    months: Iterable[str] | None = None,
    *,
    now: datetime | None = None,
    first_month: str | None = None,
    timeout: float = TIMEOUT,
    grace: timedelta = GRACE,
) -> Published:
    """Bring the details of these months (None: of all) up to the ledger, and every report, then swap the warehouse in.

    `now` (aware; default: the clock) judges deadlines, `first_month` is the first that agencies owe (default: the
    first in which anything was entered).  Raises `PublishingBusy` after `timeout` seconds of waiting for another
    publisher and `StoreIncomplete` where the store lacks what the ledger counts; the old warehouse then stays.
    """
    began = time.monotonic()
    now = now or datetime.now(UTC)
    home.published.mkdir(parents=True, exist_ok=True)
    with exclusive(home.published / ".lock", timeout):
        manifest = Manifest.load(home.published)
        manifest.clean_unfinished()
        unfinished = aside(home.warehouse)
        for leftover in home.root.glob(f"{unfinished.name}*"):
            leftover.unlink()
        with open_empty(unfinished, home.published / f".spill{UNFINISHED}") as connection:
            with reading(engine) as session:
                stage(connection, session, now=now, first_month=first_month)
            refreshed = _months(connection, manifest, months)
            _build(connection, Copies(connection, manifest, home.store, now), manifest, refreshed)
            rows = _rows(connection, manifest)
        manifest.save(now)
        settle(unfinished, home.warehouse)
        manifest.confirm()
        manifest.clean(now, grace)
    return Published(rows, tuple(refreshed), time.monotonic() - began)


def _months(connection: duckdb.DuckDBPyConnection, manifest: Manifest, asked: Iterable[str] | None) -> list[str]:
    """List the months asked for and those with a lost copy; all where none are asked for or nothing is held."""
    if asked is not None and manifest.copies:
        return sorted({*asked, *manifest.missing()})
    known = {row[0] for row in connection.execute("SELECT month FROM ledger.months").fetchall()}
    return sorted(known | {month for _, month in manifest.copies})


def _build(connection: duckdb.DuckDBPyConnection, copies: Copies, manifest: Manifest, months: Iterable[str]) -> None:
    for month in months:
        copies.refresh_details(month)
    for name in DETAILS:
        copies.show(name, f"core.{name}")
    # All months: their details may be as they were and the register not.
    for month in sorted({month for _, month in manifest.copies}):
        copies.refresh_by_month(month)
    copies.show("summary", "reports.summary")
    corrections = [str(manifest.folder / copy.file) for copy in manifest.of("corrections")]
    if corrections:
        load = "INSERT INTO ledger.corrections BY NAME FROM read_parquet($files, hive_partitioning = false)"
        connection.execute(load, {"files": corrections})
    build_tables(connection)
    _record_copies(connection, manifest)
    comment_all(connection)


def _record_copies(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """`core.publications`: which files the views show."""
    table = TABLES["core.publications"]
    rows = [
        (copy.month, copy.dataset, copy.file, copy.rows, _local(copy.published_at))
        for copy in sorted(manifest.copies.values(), key=lambda copy: (copy.month, copy.dataset))
        if copy.dataset != "corrections"
    ]
    frame = pd.DataFrame(rows, columns=[column.name for column in table.columns], dtype=object)
    connection.execute(f"CREATE TABLE {table.qualified} AS {from_files(table, [])}")
    connection.register("incoming", pa.Table.from_pandas(frame, preserve_index=False))
    connection.execute(f"INSERT INTO {table.qualified} BY NAME FROM incoming")
    connection.unregister("incoming")


def _local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(TAIPEI).replace(tzinfo=None)


def _rows(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> dict[str, int]:
    """Rows of each table; those of views are known from their copies' footers."""
    rows = dict.fromkeys(TABLES, 0)
    for copy in manifest.copies.values():
        for name in (f"core.{copy.dataset}", f"reports.{copy.dataset}"):
            if name in rows:
                rows[name] += copy.rows
    physical = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND schema_name IN ('core', 'reports')"
    ).fetchall()
    for (name,) in physical:
        counted = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 — our own names
        rows[name] = counted[0] if counted else 0
    return rows

"""`publish`: the one writer of `warehouse.duckdb`.

Whatever it dies of, the warehouse that was there before still opens, and the next publishing makes good.  What it
costs hangs on what has changed, not on how many months there are: a period whose state is the same keeps its copies.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from warehouse import reports
from warehouse.bundle_cache import bring
from warehouse.client_versions import read_versions
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties, calendar_of
from warehouse.home import GRACE, Home
from warehouse.ledger.audit import head, stands
from warehouse.ledger.engine import reading
from warehouse.ledger.retirements import Gone, first_open_month, retired, retired_years
from warehouse.publish.copies import Copies, is_gone
from warehouse.publish.database import build_tables, comment_all, from_files, open_empty
from warehouse.publish.durable import UNFINISHED, aside, settle
from warehouse.publish.editions import hand_out, take_up
from warehouse.publish.explained import take_in
from warehouse.publish.known import NO_MONTH, KnownMonths, known_months, states
from warehouse.publish.lock import publishing_alone
from warehouse.publish.manifest import Manifest
from warehouse.publish.partitions import DETAILS
from warehouse.publish.staging import stage
from warehouse.publish.sweeping import sweep
from warehouse.retention import archive
from warehouse.tables import TABLES

#: How long a publisher waits for another; a national month takes less than a minute.
TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Published:
    """What was published: rows of each table of the warehouse, the months brought up to date, seconds it took.

    `months` are those whose details were, `periods` those whose reports were made anew.
    """

    rows: dict[str, int]
    months: tuple[str, ...]
    periods: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Plan:
    """What is to be made anew: the details of `details`, the reports of `periods` (which hold these) and `years`."""

    known: KnownMonths
    details: list[str]
    periods: list[str]
    years: list[str]
    states: dict[str, str]


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
    first in which anything was entered).  Where there is an object store, what was published goes there too.  Raises
    `PublishingBusy` after `timeout` seconds of waiting for another publisher, `StoreIncomplete` where the store lacks
    what the ledger counts, `VersionsRefused` and `warehouse.duties.CalendarRefused` where the installation's own tables
    cannot be read; the old warehouse then stays.
    """
    began = time.monotonic()
    now = now or datetime.now(UTC)
    versions, calendar = read_versions(home.root), calendar_of(home)
    with publishing_alone(home, engine, timeout):
        edition = take_up(home, now)
        manifest = Manifest.load(home.published)
        manifest.clean_unfinished()
        unfinished = aside(home.warehouse)
        for leftover in home.root.glob(f"{unfinished.name}*"):
            leftover.unlink()
        with open_empty(unfinished, home.published / f".spill{UNFINISHED}") as connection:
            with reading(engine) as session:
                duties = Duties(session, calendar)
                gone = retired(session)
                archive.take_in(home, manifest, retired_years(gone), now)
                manifest.explained = take_in(connection, session, manifest.explained, manifest.files("findings"))
                # An anchor that no longer stands stays, for the doctor to find.
                if manifest.audit is None or stands(session, manifest.audit):
                    manifest.audit = head(session)
                plan = _plan(session, manifest, duties, gone, months, first_month, now)
                stage(connection, session, duties, plan.known, {*plan.periods, *plan.details}, now=now)
                bring(home, session, plan.details)
            _build(connection, Copies(connection, manifest, home.store, now, gone), manifest, plan)
            build_tables(connection, versions)
            _record_copies(connection, manifest)
            comment_all(connection)
            rows = _rows(connection, manifest)
        manifest.save(now)
        settle(unfinished, home.warehouse)
        manifest.confirm(home.warehouse)
        manifest.clean(now, grace)
        hand_out(home, manifest, edition, now, grace)
        sweep(home, engine, now, grace)
    return Published(rows, tuple(plan.details), tuple(plan.periods), time.monotonic() - began)


def _plan(
    session: Session,
    manifest: Manifest,
    duties: Duties,
    gone: Gone,
    asked: Iterable[str] | None,
    first_month: str | None,
    now: datetime,
) -> _Plan:
    known = known_months(session, first_month, now)
    current = states(session, known, duties, manifest.explained.months, now)
    opened, lost = first_open_month(session), manifest.missing()
    still_shown = {period for name, period in manifest.copies if name in DETAILS and is_gone(name, period, gone)}
    # Of retired years only what is gone by now, and what was lost of that which stays, is looked at.
    left = {month for month in known.months if any(not is_gone(name, month, gone) for name in DETAILS)} - _held(
        manifest
    )
    looked_at = {month for month in _details(manifest, known, asked) if month >= opened or month in lost | left}
    details = sorted(looked_at | still_shown)
    changed = {period for period, state in current.items() if manifest.states.get(period) != state}
    wanted = (changed | set(details) | lost) & set(known.periods)
    periods = sorted(period for period in wanted if period >= opened)
    years = {period[:4] for period in periods if period != NO_MONTH} | (lost & {month[:4] for month in known.months})
    return _Plan(known, details, periods, sorted(year for year in years if year >= opened[:4]), current)


def _details(manifest: Manifest, known: KnownMonths, asked: Iterable[str] | None) -> list[str]:
    """List the months asked for and those with a lost copy of their details; all where none are asked for or held."""
    held = _held(manifest)
    if asked is not None and held:
        return sorted({*asked, *(manifest.missing() & held)})
    return sorted({*known.months, *held})


def _held(manifest: Manifest) -> set[str]:
    """Months of whose details there are copies."""
    return {period for name, period in manifest.copies if name in DETAILS}


def _build(connection: duckdb.DuckDBPyConnection, copies: Copies, manifest: Manifest, plan: _Plan) -> None:
    for month in plan.details:
        copies.refresh_details(month)
    for name in DETAILS:
        copies.show(name)
    months = [period for period in plan.periods if period != NO_MONTH]
    for month in months:
        copies.refresh_from_details(month)
    _load_corrections(connection, [file for month in months for file in manifest.files("corrections", month)])
    manifest.keep_only(reports.FROM_LEDGER, plan.known.periods)
    for name in reports.FROM_LEDGER:
        periods = plan.periods if name == "submissions" else months
        copies.refresh_from_ledger(name, {period: plan.states[period] for period in periods})
        copies.show(name)
    manifest.keep_only(reports.BY_YEAR, {month[:4] for month in plan.known.months})
    for name in reports.BY_YEAR:
        for year in plan.years:
            copies.refresh_year(name, year)
        copies.show(name)
    copies.show("summary")
    manifest.states = plan.states


def _load_corrections(connection: duckdb.DuckDBPyConnection, files: Collection[Path]) -> None:
    if files:
        load = "INSERT INTO ledger.corrections BY NAME FROM read_parquet($files, hive_partitioning = false)"
        connection.execute(load, {"files": [str(file) for file in files]})


def _record_copies(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """`core.publications`: which files the views show."""
    table = TABLES["core.publications"]
    rows = [
        (copy.period, copy.dataset, copy.file, copy.rows, _local(copy.published_at))
        for copy in manifest.all()
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
    for copy in manifest.all():
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

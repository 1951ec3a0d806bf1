"""Looking an installation over: ledger, landing, store and warehouse, and whether each is what the others say.

Nothing is changed.  Each `Diagnosis` is one line: what was looked at, what was found, and what to do where it is wrong.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pyarrow.lib import ArrowException
from sqlalchemy import Engine, create_engine, func, make_url, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from warehouse.bundle_cache import bring
from warehouse.diagnosis import REBUILD, RESTORE, Advance, Diagnosis, some
from warehouse.doctor_audit import audit_whole
from warehouse.doctor_landing import (
    landing_complete,
    landing_hashes,
    landing_leftovers,
    landing_orphans,
    landing_sealed,
)
from warehouse.doctor_objects import bundles_there, bundles_unrecorded, edition_elsewhere, edition_there
from warehouse.doctor_published import published_sums, warehouse_unread
from warehouse.doctor_retention import retention_kept
from warehouse.duties import CalendarRefused, calendar_of
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.ledger import lifecycle, migrate
from warehouse.ledger.base import same_submission
from warehouse.ledger.database_errors import reason_of
from warehouse.ledger.engine import reading
from warehouse.ledger.models import AgencyMonth, DatasetCount, Submission, Transition
from warehouse.ledger.retirements import first_open_month, retired
from warehouse.ledger.sqlite import open_sqlite_to_read
from warehouse.publish.database import open_warehouse
from warehouse.publish.manifest import Manifest
from warehouse.reconciliation import Unreconciled, accounts_of, unreconciled
from warehouse.redaction import shown_address
from warehouse.sealed import Keyring
from warehouse.store import RECORDS, SPARSE, file_of

_READERS = 4
_NEVER = datetime.min.replace(tzinfo=UTC)
#: Months for which a remedy names the command.
_COMMANDS = 3


def diagnose(home: Home, advance: Advance, ring: Keyring | None) -> Iterator[Diagnosis]:
    """Look everything over but the settings; what cannot be looked at without a sound ledger is left out.

    `ring` holds the keys of landing.
    """
    yield duties_readable(home)
    ledger, engine = open_as_it_is(home)
    yield ledger
    if engine is None:
        return
    try:
        yield from _over_the_ledger(home, engine, advance, ring)
    finally:
        engine.dispose()


def duties_readable(home: Home) -> Diagnosis:
    """Whether the calendar of duties can be used: without it nothing is received or published."""
    name = "報送行事曆 calendar of duties"
    try:
        rows = len(calendar_of(home).rows)
    except (CalendarRefused, OSError) as error:
        return Diagnosis(name, ok=False, found=str(error), remedy=f"請更正 mend {home.duties}")
    whose = home.duties if home.duties.exists() else "本程式所附 as shipped"
    return Diagnosis(name, ok=True, found=f"{whose}: {rows:,} 列 rows")


def _over_the_ledger(home: Home, engine: Engine, advance: Advance, ring: Keyring | None) -> Iterator[Diagnosis]:
    landing = Landing(home.landing_files, ring)
    yield landing_hashes(landing, advance)
    yield landing_sealed(landing)
    with reading(engine) as session:
        for look in (landing_complete, landing_orphans):
            yield look(landing, session)
        yield landing_leftovers(landing)
        yield audit_whole(home, session, advance)
        if home.objects is not None:
            there = bundles_there(home.objects, session)
            yield there
            yield bundles_unrecorded(home.objects, session)
            yield edition_there(home.objects)
            if not there.ok:
                return
            bring(home, session)
        yield from retention_kept(home, landing, session)
        yield store_complete(home.store, session, advance)
        yield store_findings(home.store, session)
        elsewhere = None if home.objects is None else edition_elsewhere(home, home.objects)
        if elsewhere is not None:
            yield elsewhere
        else:
            yield published_sums(home, advance)
            yield from warehouse_counts(home, session)


def open_as_it_is(home: Home) -> tuple[Diagnosis, Engine | None]:
    """Open the ledger without migrating it; None where it is absent, unreachable, damaged or of another version."""
    name = "報送帳冊 ledger"
    url = make_url(home.ledger_url)
    on_sqlite = url.get_backend_name() == "sqlite"
    if on_sqlite and not Path(str(url.database)).exists():
        if any(Landing(home.landing_files).ids()):
            return Diagnosis(name, ok=False, found=f"不存在 there is none at {url.database}", remedy=RESTORE), None
        return Diagnosis(name, ok=True, found="尚未使用 not in use yet"), None
    engine = open_sqlite_to_read(url) if on_sqlite else create_engine(url)
    try:
        diagnosis = _schema(name, engine)
        if diagnosis.ok and on_sqlite:
            diagnosis = _sound(diagnosis, engine)
    except SQLAlchemyError as error:
        reason = reason_of(error) if isinstance(error, DBAPIError) else type(error).__name__
        where = shown_address(url.render_as_string(hide_password=False))
        found = f"無法開啟 cannot be opened: {where}: {reason}"
        diagnosis = Diagnosis(
            name, ok=False, found=found, remedy="請確認資料庫已啟動且設定無誤 see that the database is up"
        )
    if diagnosis.ok:
        return diagnosis, engine
    engine.dispose()
    return diagnosis, None


def _schema(name: str, engine: Engine) -> Diagnosis:
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(migrate.configuration(connection))
        revision = MigrationContext.configure(connection).get_current_revision()
    head = scripts.get_current_head()
    if revision == head:
        return Diagnosis(name, ok=True, found=f"結構為最新 schema at head ({head})")
    known = revision is None or revision in {script.revision for script in scripts.walk_revisions()}
    found = f"結構版本 schema is {revision or 'empty'}, 本程式為 this program's is {head}"
    migrates = "下一個開啟帳冊的指令會自動升級 the next command that opens it migrates it: attendance register list"
    return Diagnosis(name, ok=False, found=found, remedy=migrates if known else "請更新本程式 update this program")


def _sound(diagnosis: Diagnosis, engine: Engine) -> Diagnosis:
    with engine.connect() as connection:
        said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if said == "ok":
        return diagnosis
    return Diagnosis(diagnosis.name, ok=False, found=f"檔案毀損 the file is damaged: {said}", remedy=RESTORE)


def store_complete(store: Path, session: Session, advance: Advance) -> Diagnosis:
    """Whether every agency-month counted has its data files, readable, with as many rows as the ledger says."""
    name = "資料庫與帳冊 store and ledger"
    wanted = _expected_files(store, session)
    with ThreadPoolExecutor(_READERS) as readers:
        wrong = [bad for bad in readers.map(partial(_fault, advance), wanted.items()) if bad]
    if wrong:
        found = f"{len(wrong):,}/{len(wanted):,} 檔有誤 files wrong: {some(wrong)}"
        return Diagnosis(name, ok=False, found=found, remedy=REBUILD)
    return Diagnosis(name, ok=True, found=f"{len(wanted):,} 檔筆數相符 files, rows as the ledger counts them")


def _expected_files(store: Path, session: Session) -> dict[Path, int]:
    """File → rows that it must have."""
    counts = {
        (row.agency_code, row.month, row.submission_id, row.dataset): row.entered
        for row in session.execute(
            select(
                DatasetCount.agency_code,
                DatasetCount.month,
                DatasetCount.submission_id,
                DatasetCount.dataset,
                DatasetCount.entered,
            )
        )
    }
    pointers = session.execute(select(AgencyMonth.agency_code, AgencyMonth.month, AgencyMonth.submission_id)).all()
    gone = retired(session)
    return {
        file_of(store, dataset, agency, month, id_): counts.get((agency, month, id_, dataset), 0)
        for agency, month, id_ in pointers
        if id_ is not None
        for dataset in RECORDS
        if (dataset, int(month[:4])) not in gone
        and (dataset not in SPARSE or counts.get((agency, month, id_, dataset), 0))
    }


def _fault(advance: Advance, wanted: tuple[Path, int]) -> str | None:
    path, rows = wanted
    try:
        found = pq.read_metadata(path).num_rows
    except FileNotFoundError:
        return f"{path} (不存在 missing)"
    except (ArrowException, OSError):
        return f"{path} (無法讀取 unreadable)"
    finally:
        advance()
    return None if found == rows else f"{path} ({found:,} 列 rows, 應為 expected {rows:,})"


def store_findings(store: Path, session: Session) -> Diagnosis:
    """Whether every submission that was judged to have faults has its file of findings."""
    name = "檢誤結果 findings"
    faulty = session.execute(
        select(Submission.agency_code, Submission.month, Submission.id).where(
            Submission.fatal + Submission.errors > 0, Submission.state != lifecycle.RECEIVED
        )
    ).all()
    opened = first_open_month(session)
    # What names no month has its findings by when it came, and is not looked for once anything was removed.
    faulty = [place for place in faulty if place.month >= opened]
    missing = [path for place in faulty if not (path := file_of(store, "findings", *place)).is_file()]
    if missing:
        found = f"{len(missing):,} 份沒有檢誤檔 submissions without their findings: {some(map(str, missing))}"
        return Diagnosis(name, ok=False, found=found, remedy=REBUILD)
    return Diagnosis(name, ok=True, found=f"{len(faulty):,} 份有誤者俱在 submissions with faults, all there")


def warehouse_counts(home: Home, session: Session) -> Iterator[Diagnosis]:
    """Whether the warehouse opens, without any extension from outside, and counts what the ledger counts."""
    name, path = "warehouse.duckdb", home.warehouse
    expected, waiting = _entered(session), unpublished(home, session)
    if not path.exists():
        if any(expected.values()):
            yield Diagnosis(name, ok=False, found="尚未發布 not published", remedy=_publishing(waiting))
        else:
            yield Diagnosis(name, ok=True, found="尚無資料 nothing to publish yet")
        return
    try:
        with open_warehouse(path) as connection:
            found = {dataset: _rows(connection, f"core.{dataset}") for dataset in RECORDS}
            unequal = [one for month in _months(session) for one in _unreconciled(connection, session, month)]
            needed = _extensions(connection)
    except duckdb.Error as error:
        yield warehouse_unread(name, error, _months(session))
        return
    # What was entered and is not published yet is no damage: a run died in between, or has not come to it.
    late = bool(unequal) and {one.month for one in unequal} <= set(waiting)
    remedy = _publishing(waiting) if late else REBUILD
    wrong = [f"{one} {found[one]:,} ≠ {expected[one]:,}" for one in RECORDS if found[one] != expected[one]]
    if wrong:
        said = f"筆數與帳冊不符 rows differ from the ledger's: {', '.join(wrong)}"
        yield Diagnosis(name, ok=False, found=said, remedy=remedy)
    else:
        yield Diagnosis(name, ok=True, found=f"筆數相符 rows as the ledger counts them: {sum(found.values()):,}")
    name = "對帳 reconciliation"
    if unequal:
        said = f"{len(unequal):,} 處不符 differences: {some(map(str, unequal))}"
        yield Diagnosis(name, ok=False, found=said, remedy=remedy)
    else:
        said = "讀入 = 入檔 + 退件，四處相符 read = entered + refused, alike in all four accounts"
        yield Diagnosis(name, ok=True, found=said)
    if needed:
        found_needed = f"載入了外部延伸套件 loads extensions from outside: {', '.join(needed)}"
        yield Diagnosis("DuckDB", ok=False, found=found_needed, remedy="請移除 remove them: they need the network")
    else:
        yield Diagnosis("DuckDB", ok=True, found=f"{duckdb.__version__},不需外部延伸套件 needs no extension")


def unpublished(home: Home, session: Session) -> list[str]:
    """The months of which something was entered or judged after they were last published."""
    published: dict[str, datetime] = {}
    for copy in Manifest.load(home.published).all():
        published[copy.period] = max(datetime.fromisoformat(copy.published_at), published.get(copy.period, _NEVER))
    newest = select(Transition.month, func.max(Transition.at)).where(Transition.to_state != lifecycle.RECEIVED)
    judged = session.execute(newest.group_by(Transition.month)).all()
    months = set(_months(session))
    return sorted(month for month, at in judged if month in months and published.get(month, _NEVER) < at)


def _publishing(months: Sequence[str]) -> str:
    """What publishes these months: the run that takes up whatever an earlier one left."""
    return "；".join(f"attendance run --month {month}" for month in months[:_COMMANDS]) or REBUILD


def _months(session: Session) -> list[str]:
    opened = first_open_month(session)
    return sorted(month for month in session.scalars(select(AgencyMonth.month).distinct()) if month >= opened)


def _unreconciled(connection: duckdb.DuckDBPyConnection, session: Session, month: str) -> list[Unreconciled]:
    return unreconciled(connection, month, accounts_of(session, month))


def _entered(session: Session) -> dict[str, int]:
    """Dataset → records entered in what the agency-months count."""
    counted = (
        select(DatasetCount.dataset, DatasetCount.month, func.sum(DatasetCount.entered))
        .join(AgencyMonth, same_submission(AgencyMonth, DatasetCount))
        .group_by(DatasetCount.dataset, DatasetCount.month)
    )
    entered, gone = dict.fromkeys(RECORDS, 0), retired(session)
    for dataset, month, total in session.execute(counted):
        entered[dataset] += 0 if (dataset, int(month[:4])) in gone else int(total)
    return entered


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 — a name of ours
    return int(row[0]) if row else 0


def _extensions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Extensions in use that do not come with DuckDB itself."""
    rows = connection.execute(
        "SELECT extension_name FROM duckdb_extensions() WHERE loaded AND install_mode <> 'STATICALLY_LINKED'"
    ).fetchall()
    return [str(name) for (name,) in rows]

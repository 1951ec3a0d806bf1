"""What must hold after every disturbed run, held against the picture that an undisturbed one left.

Tables are compared as multisets of rows, every column as it is, but:
- moments of arrival (`received_at` and its like) by their day: a run that was repeated pulled an hour later;
- left out: when something was reviewed or published, and the names of the copies, which say when partition files were
  written.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb
from faults_process import RECEIPTS
from sqlalchemy import Engine, NullPool, create_engine, select

from assets.channels.documents import read_submissions
from pipelines.doctor import diagnoses
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.ledger.lifecycle import RECEIVED
from warehouse.ledger.models import AgencyMonth, DatasetCount, Submission, Transition
from warehouse.tables import TABLES, Table

_BY_DAY = {"received_at", "first_received_at", "first_entered_at", "last_refused_at"}
_LEFT_OUT = {("core.reviews", "reviewed_at"), ("core.publications", "published_at"), ("core.publications", "file")}
#: Names of what is written before it has its own name.
_UNFINISHED = re.compile(r"\.(part|unfinished\S*)$")
#: Two hours: nobody may say that what a killed process left is somebody's who still writes.
_LONG_AGO = 7200

_JUDGED = (Submission.agency_code, Submission.month, Submission.id)
_RESULTS = ("state", "supersedes", "rule_set", "fatal", "errors", "warnings", "channel")
_COUNTS = ("agency_code", "month", "submission_id", "dataset", "read", "entered", "refused", "warned")
_CHANGE = ("submission_id", "agency_code", "month", "from_state", "to_state")

Row = tuple[object, ...]


@dataclass(frozen=True)
class Picture:
    """What an undisturbed run left: `tables` as Parquet files, the ledger's rows without moments, ids in landing.

    `transitions`: how often each submission went from a state to another.
    """

    tables: Path
    ledger: Counter[Row]
    transitions: Counter[Row]
    landed: frozenset[str]


def picture(home: Path, ledger_url: str | None, tables: Path) -> Picture:
    """Take the picture; raises ValueError where the home is not even sound now."""
    if complaints := [*unsound(home, ledger_url), *_left_behind(home)]:
        raise ValueError(f"the undisturbed run is not sound: {complaints}")
    tables.mkdir()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        for name, table in TABLES.items():
            warehouse.execute(f"COPY ({_comparable(table, name)}) TO '{tables / name}.parquet'")
    return Picture(tables, *_ledger(home, ledger_url), _landed(home))


def unsound(home: Path, ledger_url: str | None) -> list[str]:
    """What `attendance doctor` finds at fault."""
    os.environ["ATTENDANCE_HOME"] = str(home)
    os.environ["ATTENDANCE_LEDGER_URL"] = ledger_url or ""
    return [f"doctor: {one.name}: {one.found}" for one in diagnoses(lambda: None) if not one.ok]


def differences(home: Path, ledger_url: str | None, right: Picture, *, once: bool = True) -> list[str]:
    """All that is not as the undisturbed run left it.

    Not `once`: the same bytes may rightly have come, and been judged, more often than there.
    """
    complaints = [*unsound(home, ledger_url), *_left_behind(home)]
    ledger, transitions = _ledger(home, ledger_url)
    if ledger != right.ledger:
        complaints.append(f"ledger: {_both_ways(ledger, right.ledger)}")
    if once and transitions != right.transitions:
        complaints.append(f"transitions: {_both_ways(transitions, right.transitions)}")
    complaints += _entered_twice(transitions)
    if _landed(home) != right.landed:
        complaints.append("landing holds other documents")
    return [*complaints, *_table_differences(home, right.tables)]


def _table_differences(home: Path, right: Path) -> list[str]:
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{home / 'warehouse.duckdb'}' AS now (READ_ONLY); USE now")
        for name, table in TABLES.items():
            is_now, was = _comparable(table, name), f"SELECT * FROM read_parquet('{right / name}.parquet')"
            more, less = (
                connection.execute(f"({one}) EXCEPT ALL ({other})").fetchall()
                for one, other in ((is_now, was), (was, is_now))
            )
            if more or less:
                found.append(f"{name}: {len(more)} rows more, {len(less)} less: {more[:2]} {less[:2]}")
    return found


def accepted_lost(home: Path, ledger_url: str | None) -> list[str]:
    """Documents that somebody was told are taken (a receipt, or moved to `processed`) and that are not in the ledger.

    To be asked at once after a process has died, before anything makes good.
    """
    receipts = home / RECEIPTS
    accepted = set(receipts.read_text().split()) if receipts.exists() else set()
    processed = [path for path in (home / "inbox" / "processed").rglob("*") if path.is_file()]
    accepted |= {sha256(data).hexdigest() for _, data in read_submissions(processed)}
    with _engine(home, ledger_url).connect() as connection:
        known = set(connection.scalars(select(Submission.id)))
    return [f"accepted and lost: {id_}" for id_ in sorted(accepted - (known & _landed(home)))]


def age(home: Path) -> None:
    """Make what is in landing two hours older: the doctor shall not say that somebody may still be writing it."""
    for path in (home / "landing").rglob("*"):
        if path.is_file():
            moment = path.stat().st_mtime - _LONG_AGO
            os.utime(path, (moment, moment))


def traces(home: Path, ledger_url: str | None) -> set[str]:
    """What a killed process left half done, by kind."""
    found = {f"half a file in {path.relative_to(home).parts[0]}" for path in _unfinished(home)}
    with _engine(home, ledger_url).connect() as connection:
        known = set(connection.scalars(select(Submission.id)))
        judged = set(connection.execute(select(*_JUDGED).where(Submission.rule_set.is_not(None))).tuples())
    if _landed(home) - known:
        found.add("landed, not recorded")
    if {_place(path) for path in (home / "store" / "employees").rglob("*.parquet")} - judged:
        found.add("stored, not recorded")
    manifest = home / "published" / "manifest.json"
    if manifest.exists() and not json.loads(manifest.read_text())["confirmed"]:
        found.add("published, not swapped in")
    return found


def _place(path: Path) -> Row:
    """Agency, month and submission of a file of the store."""
    return path.parent.name.removeprefix("agency="), path.parent.parent.name.removeprefix("month="), path.stem


def _left_behind(home: Path) -> list[str]:
    return [f"left behind: {path.relative_to(home)}" for path in _unfinished(home)]


def _unfinished(home: Path) -> list[Path]:
    named = [path for path in home.rglob(".*") if _UNFINISHED.search(path.name)]
    return [*named, *(home / "landing" / ".incoming").glob("*")]


def _landed(home: Path) -> frozenset[str]:
    return frozenset(Landing(home / "landing").ids())


def _ledger(home: Path, ledger_url: str | None) -> tuple[Counter[Row], Counter[Row]]:
    """The rows that say what counts, and how often each change of state was."""
    queries = (
        select(*_JUDGED, *(getattr(Submission, name) for name in _RESULTS)),
        select(AgencyMonth.agency_code, AgencyMonth.month, AgencyMonth.submission_id),
        select(*(getattr(DatasetCount, name) for name in _COUNTS)),
    )
    changes = select(*(getattr(Transition, name) for name in _CHANGE))
    with _engine(home, ledger_url).connect() as connection:
        rows = Counter(row for query in queries for row in connection.execute(query).tuples())
        return rows, Counter(connection.execute(changes).tuples())


def _entered_twice(transitions: Counter[Row]) -> list[str]:
    """Submissions that were judged more often than received."""
    received: Counter[Row] = Counter()
    judged: Counter[Row] = Counter()
    for (*place, before, after), times in transitions.items():
        if after == RECEIVED:
            received[tuple(place)] += times
        elif before == RECEIVED:
            judged[tuple(place)] += times
    return [f"entered twice: {place}" for place in judged if judged[place] > received[place]]


def _engine(home: Path, ledger_url: str | None) -> Engine:
    return create_engine(Home(home, ledger_url or "").ledger_url, poolclass=NullPool)


def _comparable(table: Table, relation: str) -> str:
    columns = [
        f'date_trunc(\'day\', "{column.name}") AS "{column.name}"' if column.name in _BY_DAY else f'"{column.name}"'
        for column in table.columns
        if (table.qualified, column.name) not in _LEFT_OUT
    ]
    return f"SELECT {', '.join(columns)} FROM {relation}"


def _both_ways(now: Counter[Row], right: Counter[Row]) -> str:
    more, less = now - right, right - now
    return f"{more.total()} rows more, {less.total()} less: {_first(more)} {_first(less)}"


def _first(rows: Iterable[Row]) -> list[Row]:
    return list(rows)[:2]

"""Fill Dagster's grid: every agency-month of many years marked, in minutes instead of hours.

Two marks are written by Dagster itself, one entered and one refused, and their rows repeated for every partition with
agency and month changed in the text: what the tables hold is in form what Dagster writes.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
from dagster_marks import log, mark, marks_of_a_month

from assets.marks import ASSET, Mark
from assets.partitions import know_agencies

EVENTS = ("id", "run_id", "event", "dagster_event_type", "timestamp", "step_key", "asset_key", "partition")
CHECKS = (
    *("asset_key", "check_name", "partition", "run_id", "execution_status", "evaluation_event"),
    *("evaluation_event_timestamp", "evaluation_event_storage_id", "materialization_event_storage_id"),
)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Template:
    """The rows of one mark as Dagster wrote them: its events, the last of them the check's, and its check result."""

    partition: str
    events: Sequence[Row]
    check: Row

    def at(self, partition: str, first_id: int) -> tuple[list[Row], Row]:
        """The same rows of another agency-month, with ids from `first_id`."""
        events = [
            (first_id + number, *(_moved(value, self.partition, partition) for value in row[1:]))
            for number, row in enumerate(self.events)
        ]
        check = [_moved(value, self.partition, partition) for value in self.check]
        check[CHECKS.index("evaluation_event_storage_id")] = events[-1][0]
        return events, tuple(check)


def _moved(value: Any, before: str, after: str) -> Any:
    return value.replace(before, after) if isinstance(value, str) else value


def fill(instance: dg.DagsterInstance, home: Path, url: str | None, agencies: int, months: Sequence[str]) -> int:
    """Mark all agencies in all months; how many marks."""
    marks = marks_of_a_month(agencies, months[0])
    codes = [one.agency_code for one in marks]
    know_agencies(instance, set(codes))
    examples = [next(one for one in marks if one.state == state) for state in ("entered", "refused")]
    log(instance, examples)
    connection = psycopg.connect(url.replace("+psycopg2", "")) if url else sqlite3.connect(_index(home))
    templates = {one.state: _template(connection, one) for one in examples}
    first = connection.execute("SELECT max(id) FROM event_logs").fetchone()[0] + 1
    written = {f"{one.agency_code}|{one.month}" for one in examples}
    for month in months:
        states = {one.agency_code: "refused" if one.state == "refused" else "entered" for one in marks}
        places = {f"{code}|{month}": states[code] for code in codes if f"{code}|{month}" not in written}
        first = _write(connection, [(templates[state], place) for place, state in places.items()], first)
    if url:
        connection.execute("SELECT setval(pg_get_serial_sequence('event_logs', 'id'), %s)", [first])
    connection.commit()
    if url:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    connection.close()
    mark(instance, marks[:1], months[0])  # the asset's newest event is Dagster's own affair
    return len(codes) * len(months)


def _index(home: Path) -> Path:
    return home / "dagster" / "history" / "runs" / "index.db"


def _template(connection: Any, example: Mark) -> Template:
    partition = f"{example.agency_code}|{example.month}"
    where = f"WHERE asset_key = '{ASSET.to_string()}' AND partition = '{partition}'"
    (check,) = connection.execute(f"SELECT {', '.join(CHECKS)} FROM asset_check_executions {where}").fetchall()
    own = f"{where} OR id = {check[CHECKS.index('evaluation_event_storage_id')]}"
    events = connection.execute(f"SELECT {', '.join(EVENTS)} FROM event_logs {own} ORDER BY id").fetchall()
    return Template(partition, events, check)


def _write(connection: Any, wanted: Sequence[tuple[Template, str]], first: int) -> int:
    events: list[Row] = []
    checks: list[Row] = []
    for template, partition in wanted:
        mine, check = template.at(partition, first + len(events))
        events += mine
        checks.append(check)
    for table, columns, rows in (("event_logs", EVENTS, events), ("asset_check_executions", CHECKS, checks)):
        _insert(connection, table, columns, rows)
    return first + len(events)


def _insert(connection: Any, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if isinstance(connection, sqlite3.Connection):
        places = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        return
    with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

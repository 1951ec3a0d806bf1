"""Telling Dagster: thousands of events in a few transactions, and remembering what it has been told.

Dagster logs what a step says one event at a time: three transactions and two lines of a console log for each, tens of
milliseconds.  Here the same events, in the same form, go into its event log a thousand at a time, by the storage's own
methods (a test holds that the tables come out the same as Dagster's own logging leaves them).  Dagster's batch method,
`store_event_batch`, takes no check results and on SQLite does not batch.

A batch is there as a whole or not at all.  What has been told of a month is remembered after all of it was, beside the
events in Dagster's own database: a run that dies half-way leaves marks that the next run makes again.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import cast

import dagster as dg
from dagster._core.events import AssetObservationData, DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from sqlalchemy import Connection, insert

from assets.marks import ASSET, Event, Mark
from assets.partitions import AGENCY_MONTHS
from warehouse.journal import log

#: Events in one transaction: others who write wait for one, and 1,000 take a tenth of a second.
BATCH = 1_000


def say(context: dg.OpExecutionContext | dg.AssetExecutionContext, event: Event) -> None:
    """Log one event as Dagster does.

    It takes check results too, though the signature does not say so; a test holds that it still does.
    """
    context.log_event(cast("dg.AssetMaterialization", event))


def tell(context: dg.OpExecutionContext | dg.AssetExecutionContext, said: Iterable[Event]) -> int:
    """Log the events at once, in their order; how many there were."""
    storage = cast("SqlEventLogStorage", context.instance.event_log_storage)  # SQLite or PostgreSQL, both are one
    waiting, count = iter(said), 0
    while batch := [_entry(context, event) for event in islice(waiting, BATCH)]:
        _store(storage, batch)
        count += len(batch)
    log.info("marks_told", marks=count)
    return count


def untold(instance: dg.DagsterInstance, month: str, marks: Iterable[Mark]) -> list[Mark]:
    """Those of the month's marks that Dagster was not told of as they now are, by any run and of this Dagster home."""
    told = _told(instance, month)
    return [mark for mark in marks if told.get(mark.agency_code) != _fingerprint(mark)]


def remember(instance: dg.DagsterInstance, month: str, marks: Iterable[Mark]) -> None:
    """Note that Dagster has been told.  Two runs at once may lose each other's notes: those marks are made again."""
    told = {**_told(instance, month), **{mark.agency_code: _fingerprint(mark) for mark in marks}}
    instance.daemon_cursor_storage.set_cursor_values({_key(month): json.dumps(told)})


def reckon_grid(instance: dg.DagsterInstance) -> None:
    """Have Dagster bring what it keeps of the grid up to date, or whoever opens the page next waits for it.

    Of half a million marks that is a second after a month, and half a minute after a change of the register.
    """
    get_and_update_asset_status_cache_value(instance, ASSET, AGENCY_MONTHS)


def _told(instance: dg.DagsterInstance, month: str) -> Mapping[str, str]:
    held = instance.daemon_cursor_storage.get_cursor_values({_key(month)}).get(_key(month))
    return json.loads(held) if held else {}


def _key(month: str) -> str:
    return f"attendance/agency_months/{month}"


def _fingerprint(mark: Mark) -> str:
    """Of all that a mark shows, save what only the run that judged it knows (`rules`)."""
    shown = (mark.submission_id, mark.state, mark.fatal, mark.errors, mark.warnings, mark.entered, mark.refused)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


def _entry(context: dg.OpExecutionContext | dg.AssetExecutionContext, said: Event) -> EventLogEntry:
    """What `context.log_event` makes of an event before it stores it."""
    step = context.get_step_execution_context()
    data: StepMaterializationData | AssetObservationData | dg.AssetCheckEvaluation
    message: str | None
    if isinstance(said, dg.AssetMaterialization):
        kind, data = DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(said)
        message = f"Materialized value {said.label}."
    elif isinstance(said, dg.AssetObservation):
        kind, data = DagsterEventType.ASSET_OBSERVATION, AssetObservationData(said)
        message = None
    else:
        kind, data = DagsterEventType.ASSET_CHECK_EVALUATION, said
        outcome = "passed." if said.passed else "did not pass."
        described = "" if said.description is None else f" Description: '{said.description}'"
        message = f"Asset check '{said.check_name}' on '{said.asset_key.to_user_string()}' {outcome}{described}"
    event = DagsterEvent(
        event_type_value=kind.value,
        job_name=step.job_name,
        step_handle=step.step.handle,
        node_handle=step.step.node_handle,
        step_kind_value=step.step.kind.value,
        logging_tags=step.event_tags,
        event_specific_data=data,
        message=message,
        pid=os.getpid(),
    )
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level=logging.DEBUG,
        user_message=message or f"{kind} for step {step.step.key}",
        run_id=step.run_id,
        timestamp=time.time(),
        step_key=step.step.key,
        job_name=step.job_name,
        dagster_event=event,
    )


def _store(storage: SqlEventLogStorage, entries: Sequence[EventLogEntry]) -> None:
    """Do what `storage.store_event` does of each, in one transaction of each database (SQLite has a file a run)."""
    rows = [storage._event_to_row(entry) for entry in entries]  # noqa: SLF001
    if isinstance(storage, SqliteEventLogStorage):
        with storage.run_connection(entries[0].run_id) as connection:
            connection.execute(insert(SqlEventLogStorageTable), rows)
    with storage.index_transaction() as connection:
        numbered = insert(SqlEventLogStorageTable).returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
        ids = connection.execute(numbered, rows).scalars().all()
        stored = list(zip(entries, rows, ids, strict=True))
        _store_assets(connection, storage, [(entry, id_) for entry, _, id_ in stored if _of(entry).asset_key])
        _store_checks(connection, [one for one in stored if not _of(one[0]).asset_key])


def _store_assets(
    connection: Connection, storage: SqlEventLogStorage, stored: Sequence[tuple[EventLogEntry, int]]
) -> None:
    """Tag materialisations and observations; the asset's own row is decided by the last of each."""
    if not stored:
        return
    storage._store_asset_event_tags(connection, *map(list, zip(*stored, strict=True)))  # noqa: SLF001
    last = {_of(entry).event_type: (entry, id_) for entry, id_ in stored}
    for entry, id_ in sorted(last.values(), key=itemgetter(1)):
        storage._store_asset_event(connection, entry, id_)  # noqa: SLF001


def _store_checks(connection: Connection, stored: Sequence[tuple[EventLogEntry, dict[str, object], int]]) -> None:
    """Put check results in the place of what the run had planned or said of them before."""
    if not stored:
        return
    table = AssetCheckExecutionsTable
    results = [_of(entry).asset_check_evaluation_data for entry, _, _ in stored]
    for key in {result.asset_check_key for result in results}:
        partitions = [result.partition for result in results if result.asset_check_key == key]
        connection.execute(
            table.delete().where(
                table.c.asset_key == key.asset_key.to_string(),
                table.c.check_name == key.name,
                table.c.run_id == stored[0][0].run_id,
                table.c.partition.in_(partitions),
            )
        )
    status = {True: AssetCheckExecutionRecordStatus.SUCCEEDED, False: AssetCheckExecutionRecordStatus.FAILED}
    connection.execute(
        insert(table),
        [
            {
                "asset_key": result.asset_key.to_string(),
                "check_name": result.check_name,
                "partition": result.partition,
                "run_id": entry.run_id,
                "execution_status": status[result.passed].value,
                "evaluation_event": row["event"],
                "evaluation_event_timestamp": row["timestamp"],
                "evaluation_event_storage_id": id_,
                "materialization_event_storage_id": None,
            }
            for result, (entry, row, id_) in zip(results, stored, strict=True)
        ],
    )


def _of(entry: EventLogEntry) -> DagsterEvent:
    return entry.get_dagster_event()

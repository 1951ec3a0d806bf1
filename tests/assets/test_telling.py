"""Telling many events at once leaves Dagster's tables as its own logging leaves them; what was told is remembered."""

import json
import signal

import dagster as dg
import pytest
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from sqlalchemy import select

from assets.marks import ASSET, FINDINGS, Mark, events
from assets.telling import remember, say, tell, untold
from pipelines.dagster_home import prepare
from pipelines.settings import Settings
from tests.support.programs import run_program

MONTH = "2021-06"
STATES = {"376500000A": "entered", "376500001A": "entered_with_errors", "376500002A": "refused"}


def mark(code, state, **more):
    return Mark(code, MONTH, f"id of {code}", state, 0, 1, 2, {"leaves": 3}, {"leaves": 2}, {"leaves": 1}, **more)


VERSIONED = dg.AssetMaterialization(ASSET, partition="376500003A|2021-06", tags={"dagster/data_version": "1"})
MARKS = [mark(code, state, rules={"R102": 1}) for code, state in STATES.items()]


@dg.op
def all_at_once(context: dg.OpExecutionContext) -> None:
    tell(context, [*events(MARKS), VERSIONED])


@dg.op
def one_by_one(context: dg.OpExecutionContext) -> None:
    for event in [*events(MARKS), VERSIONED]:
        say(context, event)


@pytest.fixture(params=["files kept open", "Dagster's own SQLite", "PostgreSQL"])
def instance(request, tmp_path):
    url = None
    if request.param == "PostgreSQL":
        create = request.getfixturevalue("new_postgresql_database")
        url = create().replace("postgresql+psycopg:", "postgresql+psycopg2:")
    home = prepare(Settings(home=tmp_path, dagster_url=url))
    if request.param == "Dagster's own SQLite":
        (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(home)) as made:
        yield made


def run(instance, op, tags=None):
    job = dg.GraphDefinition(name="marking", node_defs=[op]).to_job(executor_def=dg.in_process_executor)
    return job.execute_in_process(instance=instance, tags=tags).run_id


def rows_of(instance, run_id, op):
    """What is in the tables of a run's events, without what differs from run to run."""
    storage = instance.event_log_storage
    told = SqlEventLogStorageTable.c.dagster_event_type.like("ASSET_%")
    own = SqlEventLogStorageTable.c.run_id == run_id
    in_order = select(SqlEventLogStorageTable).where(own, told).order_by(SqlEventLogStorageTable.c.id)
    with storage.run_connection(run_id) as connection:
        of_run = [row._asdict() for row in connection.execute(in_order)]
    with storage.index_connection() as connection:
        index = [row._asdict() for row in connection.execute(in_order)]
        ids = {row["id"]: number for number, row in enumerate(index)}
        tags = [row._asdict() for row in connection.execute(select(AssetEventTagsTable)) if row.event_id in ids]
        checks = select(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id == run_id)
        checked = [row._asdict() for row in connection.execute(checks.order_by(AssetCheckExecutionsTable.c.id))]
        (asset,) = [row._asdict() for row in connection.execute(select(AssetKeyTable))]
    for row in tags:
        row["event_id"] = ids[row["event_id"]]
    for row in checked:
        row["evaluation_event_storage_id"] = ids[row["evaluation_event_storage_id"]]
    newest = json.loads(asset["last_materialization"])
    newest["storage_id"] = ids[newest["storage_id"]]
    asset["last_materialization"] = json.dumps(newest)
    tags.sort(key=lambda row: (row["event_id"], row["key"]))
    return {
        name: [plain(row, run_id, op) for row in rows]
        for name, rows in {"run": of_run, "index": index, "tags": tags, "checks": checked, "asset": [asset]}.items()
    }


def plain(row, run_id, op):
    """Without moments and numbers; events are JSON within JSON."""
    kept = {}
    for name, value in row.items():
        if name in {"id", "create_timestamp"} or "timestamp" in name:
            kept[name] = type(value).__name__
        else:
            text = str(value).replace(run_id, "RUN").replace(op.name, "OP")
            kept[name] = without_moments(json.loads(text)) if text.startswith("{") else text
    return kept


def without_moments(value):
    if isinstance(value, dict):
        return {
            name: type(one).__name__ if name in {"timestamp", "pid"} else without_moments(one)
            for name, one in value.items()
        }
    return [without_moments(one) for one in value] if isinstance(value, list) else value


def test_the_tables_are_as_dagsters_own_logging_leaves_them(instance):
    own = run(instance, one_by_one)
    before = rows_of(instance, own, one_by_one)
    ours = run(instance, all_at_once)
    assert rows_of(instance, ours, all_at_once) == before
    sizes = {name: len(rows) for name, rows in before.items()}
    assert sizes == {"run": 7, "index": 7, "tags": 1, "checks": 3, "asset": 1}


def test_what_was_planned_or_said_before_in_the_same_run_is_replaced(instance):
    @dg.op
    def twice(context: dg.OpExecutionContext) -> None:
        tell(context, events(MARKS))
        tell(context, events([mark(code, "entered") for code in STATES]))

    run(instance, twice)
    checks = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=10)
    assert {one.partition: one.status.value for one in checks} == {f"{code}|{MONTH}": "SUCCEEDED" for code in STATES}
    assert len(checks) == len(STATES)


def test_a_batch_is_there_as_a_whole_or_not_at_all(instance, monkeypatch):
    def no_room(*_args):
        raise OSError("No space left on device")

    monkeypatch.setattr("assets.telling._store_checks", no_room)
    with pytest.raises(OSError, match="No space"):
        run(instance, all_at_once)
    assert instance.get_materialized_partitions(ASSET) == set()


def test_what_was_told_is_remembered_until_it_is_otherwise(instance):
    assert untold(instance, MONTH, MARKS) == MARKS
    remember(instance, MONTH, MARKS[:2])
    assert untold(instance, MONTH, MARKS) == MARKS[2:]
    withdrawn = mark("376500000A", "withdrawn")
    assert untold(instance, MONTH, [withdrawn]) == [withdrawn]
    remember(instance, MONTH, [withdrawn, MARKS[2]])
    assert untold(instance, MONTH, [withdrawn, *MARKS[1:]]) == []
    assert untold(instance, "2021-07", MARKS) == MARKS


#: Marks a month, and dies by SIGKILL when the second of three transactions is done.
DIES = """
import os, signal, sys
import dagster as dg
import assets.telling as telling
from pipelines.runs import run_month
from pipelines.settings import load_settings
from tests.support.installations import NOW
from tests.support.programs import run_program
store, stored = telling._store, []
def store_and_die(*args):
    store(*args)
    stored.append(args)
    if len(stored) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
telling.BATCH, telling._store = 2, store_and_die
run_month(load_settings(sys.argv[1]), ["2021-06"], clock=lambda: NOW)
"""


def test_a_run_killed_half_way_through_its_marks_is_made_good_by_the_next(tmp_path):
    from pipelines.runs import run_month  # noqa: PLC0415 — only here
    from pipelines.settings import load_settings  # noqa: PLC0415
    from tests.support.installations import AUTHORITY, FIRST, NOW, SECOND, document, installation, refused  # noqa: PLC0415

    here = installation(tmp_path)
    here.sources.write_text("[manual]\nsettle_seconds = 0\n", encoding="utf-8")
    for name, data in {"a": document(AUTHORITY), "b": document(FIRST), "c": refused(SECOND)}.items():
        (here.home.inbox / f"{name}.json").write_bytes(data)
    assert run_program(DIES, tmp_path) == -signal.SIGKILL
    settings = load_settings(tmp_path)
    with dg.DagsterInstance.from_config(str(prepare(settings))) as instance:
        told = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=9)
        assert len(told) == 2  # of three
        run_month(settings, ["2021-06"], clock=lambda: NOW)
        assert instance.get_materialized_partitions(ASSET) == {f"{AUTHORITY}|2021-06", f"{FIRST}|2021-06"}
        told = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=9)
        assert {one.partition.partition("|")[0]: one.status.value for one in told} == {
            AUTHORITY: "SUCCEEDED",
            FIRST: "SUCCEEDED",
            SECOND: "FAILED",
        }
        run_month(settings, ["2021-06"], clock=lambda: NOW)  # and nothing is told twice
        assert len(instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=9)) == len(told)
    here.engine.dispose()

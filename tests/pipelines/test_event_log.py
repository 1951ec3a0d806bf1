"""The event log that keeps its files open: the same files as Dagster's own, any number of threads, wiped as a whole."""

import threading

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.exc import OperationalError

from pipelines.dagster_home import prepare
from pipelines.event_log import KeptOpenSqliteEventLog
from pipelines.settings import Settings

PARTS = dg.StaticPartitionsDefinition([str(number) for number in range(40)])
CHECK = dg.AssetCheckSpec("good", asset="marked")


@dg.op
def mark(context: dg.OpExecutionContext) -> None:
    for part in PARTS.get_partition_keys():
        context.log_event(dg.AssetMaterialization("marked", partition=part, metadata={"rows": 1}))
        context.log_event(
            dg.AssetCheckEvaluation(asset_key=dg.AssetKey("marked"), check_name="good", passed=True, partition=part)
        )


@dg.job(executor_def=dg.in_process_executor)
def marking() -> None:
    mark()


@pytest.fixture
def home(tmp_path):
    return prepare(Settings(home=tmp_path))


@pytest.fixture
def instance(home):
    with dg.DagsterInstance.from_config(str(home)) as made:
        assert isinstance(made.event_log_storage, KeptOpenSqliteEventLog)
        yield made


def test_what_is_written_is_read_by_dagsters_own_storage(home, instance):
    run = marking.execute_in_process(instance=instance)
    own = SqliteEventLogStorage(base_dir=str(home / "history" / "runs"))
    own.register_instance(instance)
    for storage in (instance.event_log_storage, own):
        assert storage.get_materialized_partitions(dg.AssetKey("marked")) == set(PARTS.get_partition_keys())
        assert len(storage.get_asset_check_execution_history(CHECK.key, limit=100)) == 40
        logged = storage.get_logs_for_run(run.run_id)
        assert sum(one.dagster_event.is_step_materialization for one in logged if one.is_dagster_event) == 40


def test_more_runs_than_files_are_kept_open(instance, monkeypatch):
    monkeypatch.setattr("pipelines.event_log.KEPT", 2)
    runs = [marking.execute_in_process(instance=instance).run_id for _ in range(3)]
    assert len(instance.event_log_storage._engines) == 2
    assert all(instance.event_log_storage.get_logs_for_run(run) for run in runs)


def tell(instance, parts):
    for part in parts:
        instance.report_runless_asset_event(dg.AssetMaterialization("marked", partition=part))


def test_threads_wait_for_each_other(instance):
    parts = PARTS.get_partition_keys()
    threads = [threading.Thread(target=tell, args=(instance, parts[number::4])) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert instance.get_materialized_partitions(dg.AssetKey("marked")) == set(parts)


def test_wiped_and_used_again(instance):
    marking.execute_in_process(instance=instance)
    instance.event_log_storage.wipe()
    assert instance.get_materialized_partitions(dg.AssetKey("marked")) == set()
    marking.execute_in_process(instance=instance)
    assert len(instance.get_materialized_partitions(dg.AssetKey("marked"))) == 40


def half_done(connection):
    connection.exec_driver_sql("INSERT INTO asset_keys (asset_key) VALUES ('half')")
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def test_an_error_in_a_transaction_leaves_nothing_of_it(instance):
    storage = instance.event_log_storage
    with pytest.raises(OperationalError), storage.index_connection() as connection:
        half_done(connection)
    with storage.index_connection() as connection:
        assert connection.exec_driver_sql("SELECT * FROM asset_keys WHERE asset_key = 'half'").fetchall() == []

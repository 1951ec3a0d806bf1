"""Runs whose process is gone are found out, exactly: killed with everything, on another host, about to end."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets import run_locks
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.sensors import AGAIN_AFTER, ATTEMPT, _again, dead_runs
from pipelines.settings import load_settings
from tests.support.installations import installation

#: Tags of a backfill's run over several partitions.
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
HOLDS = """
import sys, time
from pathlib import Path
from assets.run_locks import holding
with holding(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance(here):
    with dg.DagsterInstance.from_config(str(prepare(load_settings(here.home.root)))) as made:
        yield made


def started(instance, **tags):
    made = instance.create_run_for_job(defs.resolve_job_def("entry"), tags={"dagster/partition": "2021-06", **tags})
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name="entry", message="begun"), made.run_id
    )
    return made.run_id


@pytest.fixture
def process(here, instance):
    """A run with a process of its own that holds its lock, and the process."""
    run_id = started(instance, **run_locks.tags())
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(run_locks.folder_of(here.home)), run_id], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    yield run_id, holder
    holder.kill()
    holder.wait()


def dead(here, instance, **later):
    now = datetime.now(UTC) + timedelta(**later)
    return [run.run_id for run in run_locks.without_process(instance, run_locks.folder_of(here.home), now)]


def tick(here, instance, cursor):
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs, resources={"platform": here})
    result = dead_runs(context)
    return result.cursor, result.run_requests


def test_a_run_lives_as_long_as_its_process_however_long_that_is(here, instance, process):
    run_id, holder = process
    assert dead(here, instance, days=3) == []
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert dead(here, instance) == [run_id]


def test_a_dead_run_is_failed_at_the_second_look_and_nothing_waits_for_it(here, instance, process):
    run_id, holder = process
    cursor, _ = tick(here, instance, None)
    assert json.loads(cursor) == []
    holder.kill()
    holder.wait()
    suspects, requests = tick(here, instance, cursor)
    assert (json.loads(suspects), requests) == ([run_id], [])
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED
    cursor, (again,) = tick(here, instance, suspects)
    assert json.loads(cursor) == []
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE
    assert (again.job_name, again.partition_key) == ("entry", "2021-06")
    assert again.tags[AGAIN_AFTER] == run_id
    # A sensor that died before its cursor was kept looks again, and asks for the same run by the same key.
    assert [one.run_key for one in tick(here, instance, suspects)[1]] == [again.run_key]


def test_what_dies_each_time_is_not_run_for_ever(here, instance):
    run_id = started(instance, **run_locks.tags(), **{ATTEMPT: "3"})
    (run_locks.folder_of(here.home)).mkdir()
    (run_locks.folder_of(here.home) / run_id).touch()
    cursor, _ = tick(here, instance, None)
    assert tick(here, instance, cursor)[1] == []
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE


def test_of_a_dead_run_of_a_backfill_what_waits_in_its_month_is_entered():
    again = _again(dg.DagsterRun("__ASSET_JOB", tags=dict.fromkeys(RANGE, "376500001A|2021-06")))
    assert (again.job_name, again.partition_key) == ("late_entry", "2021-06")


def test_a_run_that_ended_between_two_looks_is_not_failed(here, instance, process):
    run_id, holder = process
    holder.kill()
    holder.wait()
    cursor, _ = tick(here, instance, None)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, job_name="entry", message="done"), run_id
    )
    left, requests = tick(here, instance, cursor)
    assert (json.loads(left), requests) == ([], [])
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.SUCCESS
    assert list(run_locks.folder_of(here.home).iterdir()) == []


def test_one_that_died_before_it_could_take_its_lock_is_dead_a_minute_later(here, instance):
    run_id = started(instance)
    assert dead(here, instance) == []
    assert dead(here, instance, minutes=2) == [run_id]


def test_a_run_of_another_machine_is_not_judged_here(here, instance):
    started(instance, **{run_locks.TAG: "another-host"})
    assert dead(here, instance, days=1) == []


def test_a_held_file_stays_whatever_dagster_says_of_its_run(here, instance, process):
    run_id, _ = process
    instance.report_run_failed(instance.get_run_by_id(run_id))
    run_locks.remove_left(instance, run_locks.folder_of(here.home))
    assert [file.name for file in run_locks.folder_of(here.home).iterdir()] == [run_id]


def test_work_is_done_where_no_lock_can_be_taken(tmp_path):
    (tmp_path / "file").touch()
    with run_locks.holding(tmp_path / "file" / "folder", "x"):
        done = True
    assert done

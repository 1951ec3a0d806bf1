"""Which runs have a process: each holds a lock on a file of its own, released by the system however it ends.

Dagster's default launcher cannot tell that a run's process is gone (a power cut, an OOM kill, `kill -9`): such a run
stays "started", keeps its place among the runs at once, and has others wait for it.  Here it is found out by whoever
asks, exactly and without a heartbeat that a busy machine could miss.  Runs of other machines that share Dagster's
database but not this home folder are not judged; on Kubernetes its own launcher does that.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from warehouse.home import Home
from warehouse.journal import log

#: Tag of a run that holds a lock: the host that it runs on.
TAG = "attendance/host"
#: A process that has not taken its lock by then, counted from the start of its run, ended before it could.
_TAKEN_BY = timedelta(seconds=60)

_STARTED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def folder_of(home: Home) -> Path:
    """Where the files are, each named by its run."""
    return home.dagster / "run_locks"


def tags() -> dict[str, str]:
    """The tags of a run whose process takes a lock."""
    return {TAG: os.uname().nodename}


@contextmanager
def holding(folder: Path, run_id: str) -> Iterator[None]:
    """Hold the run's lock for the block.  Where the file cannot be made the work is done without, and it is logged.

    The file stays behind: a run is final only after its process has let go, and `remove_left` takes it away then.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / run_id, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        log.error("run_lock_not_taken", run=run_id, error=type(error).__name__)
        yield
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def without_process(instance: dg.DagsterInstance, folder: Path, now: datetime | None = None) -> list[dg.DagsterRun]:
    """Runs that count as started and have no process.

    A run that just ended can be among them for the moment until Dagster has noted its end: ask twice.
    """
    now = now or datetime.now(UTC)
    records = instance.get_run_records(dg.RunsFilter(statuses=_STARTED))
    return [one.dagster_run for one in records if _is_dead(one, folder, now, _launches_here(instance))]


def remove_left(instance: dg.DagsterInstance, folder: Path) -> None:
    """Remove the files of runs that are final."""
    left = _ids(folder)  # before the question: a run that starts meanwhile is among the answers
    for run_id in left - _unfinished(instance, left):
        if not _is_held(folder / run_id):
            (folder / run_id).unlink(missing_ok=True)


def _is_dead(record: dg.RunRecord, folder: Path, now: datetime, launches_here: bool) -> bool:
    run = record.dagster_run
    if (folder / run.run_id).exists():
        return not _is_held(folder / run.run_id)
    if TAG in run.tags or not launches_here or record.start_time is None:
        return False
    return now.timestamp() - record.start_time > _TAKEN_BY.total_seconds()


def _launches_here(instance: dg.DagsterInstance) -> bool:
    """Whether runs are processes of this machine, and of no cluster that looks after them itself."""
    return isinstance(instance.run_launcher, dg.DefaultRunLauncher)


def _is_held(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_WRONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # it cannot be told
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _ids(folder: Path) -> set[str]:
    try:
        return {file.name for file in folder.iterdir()}
    except FileNotFoundError:
        return set()


def _unfinished(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> set[str]:
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(run_ids))) if run_ids else []
    return {run.run_id for run in runs if not run.is_finished}

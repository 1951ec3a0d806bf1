"""Dagster's own processes, for tests and benchmarks that must see a real daemon at work, and backfills asked of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill

from pipelines.definitions import defs

ROOT = Path(__file__).parents[2]
#: As `make dagster` has them: one planned event a run, and events that were committed late are looked at again.
ENVIRONMENT = {"DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1", "ASSET_BACKFILL_CURSOR_OFFSET": "10000"}


@contextmanager
def dagster_process(command: list[str], home: Path, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster…` of this virtual environment over an attendance home, with all that it starts; ended at the end."""
    variables = {"ATTENDANCE_HOME": str(home), "DAGSTER_HOME": str(home / "dagster"), **ENVIRONMENT, **environment}
    program = str(Path(sys.executable).with_name(command[0]))
    with log.open("ab") as file:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process first, so that it ends its own, then whatever of its group is left."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(happened: Callable[[], bool], seconds: float, every: float = 0.5) -> None:
    """Raises TimeoutError where it does not happen in time."""
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(every)


def request_backfill(instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]) -> str:
    """Ask for an asset backfill as Dagster's page does, without tags or options; its id."""
    id_ = f"backfill{time.time_ns() % 10**8:08d}"
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=id_,
            asset_graph=defs.resolve_asset_graph(),
            partition_names=sorted(partitions),
            asset_selection=[asset],
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
    )
    return id_

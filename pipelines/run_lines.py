"""A run's lines in the log: that it began, and how it ended; whatever is logged in between names the run.

The same for runs that Dagster launched and for those of the command line.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse.journal import bound, log

PARTITION_TAG = "dagster/partition"


@contextmanager
def run_lines(instance: dg.DagsterInstance, run_id: str, job: str, partition: str | None) -> Iterator[None]:
    """Log the beginning and the end of a run, and bind it and its month for the lines between.

    Of a step that failed the line has the kind of error only: what other libraries say may quote what they choked on.
    """
    about = {"run": run_id} | ({"month": partition} if partition else {})
    with bound(**about):
        log.info("run_began", job=job)
        began = time.monotonic()
        try:
            yield
        finally:
            failed = _failed(instance, run_id)
            seconds = round(time.monotonic() - began, 3)
            if failed:
                log.error("run_failed", job=job, failed=failed, seconds=seconds)
            else:
                log.info("run_ended", job=job, seconds=seconds)


def _failed(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Step → the kind of error with which it failed."""
    failed = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        error = event.step_failure_data.error if event else None
        cause = error.cause or error if error else None
        failed[str(entry.step_key)] = (cause.cls_name if cause else None) or "unknown"
    return failed

"""Dagster's runs: how the last of each job ended and how long it took, what goes on, what should have been done."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from assets.overdue import GOING_ON, overdue
from pipelines.jobs import JOBS
from pipelines.metrics.part import Family, Looked, gauge, single
from pipelines.telling_job import notices

#: Every job of ours: a label's only values.
NAMES = sorted([*(job.name for job in JOBS), notices.name])

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
#: Runs that are looked at as going on, at most; they queue beyond.
_MOST = 1_000


def runs(looked: Looked) -> Iterator[Family]:
    """The last run of each job that ended, and those that go on."""
    ended = gauge("run_last_end_timestamp_seconds", "最近一次執行結束 When the last run of the job ended", ["job"])
    took = gauge("run_last_duration_seconds", "最近一次執行秒數 How long it took", ["job"])
    failed = gauge("run_last_failed", "最近一次執行是否失敗 1 where it failed or was cancelled", ["job"])
    for job in NAMES:
        found = looked.instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_ENDED), limit=1)
        for record in found:
            end = record.end_time or record.update_timestamp.timestamp()
            ended.add_metric([job], end)
            took.add_metric([job], max(0.0, end - (record.start_time or end)))
            failed.add_metric([job], record.dagster_run.status is not dg.DagsterRunStatus.SUCCESS)
    yield from (ended, took, failed)
    yield from _going_on(looked)


def _going_on(looked: Looked) -> Iterator[Family]:
    number = gauge("runs_going_on", "執行中或等候中 Runs that go on or wait for their turn", ["job"])
    records = looked.instance.get_run_records(dg.RunsFilter(statuses=GOING_ON), limit=_MOST, ascending=True)
    by_job = Counter(record.dagster_run.job_name for record in records)
    for job in NAMES:
        number.add_metric([job], by_job[job])
    yield number
    now = looked.now.timestamp()
    oldest = max((now - record.create_timestamp.timestamp() for record in records), default=0)
    yield single("run_longest_going_on_seconds", "執行最久者之秒數 For how long the oldest of them has", max(0, oldest))


def undone(looked: Looked) -> Iterator[Family]:
    """What should have been done by now and was not, as `attendance scheduled watch` says it."""
    found = overdue(looked.platform, looked.instance)
    yield single(
        "months_not_pulled", "逾時未收檔之月份 Months that no run has pulled as it should", len(found.unpulled)
    )
    yield single(
        "months_not_closed", "逾期未關帳之月份 Months whose deadline passed and no run closed", len(found.unclosed)
    )

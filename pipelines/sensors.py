"""What arrives between the scheduled runs is entered; what was entered and not published is published.

Of `late_arrivals`, the cursor is the newest arrival that was looked at.  A month gets one run for what waits in it;
while a run of that month goes on nothing more is asked for, so a long pull leads to one run after it and not to one a
minute.

`ledger_ahead` looks at the months that were judged since it last did, when no backfill goes on: a backfill of any size,
or arrivals in any number of months, lead to one run of `catch_up`, which publishes each month once.  A month of which
a run goes on waits for that run, and no other month does.

`dead_runs` fails what counts as started and has no process any more, so that nothing waits for it, and runs it again.
Dagster's own run retries are not used for that: they look once, and miss a failure that is not in its run's record yet.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from sqlalchemy import func, select

from assets import run_locks
from assets.core_tables import behind
from assets.entry import months_outside
from assets.late_and_missing import judged
from assets.overdue import GOING_ON, NO_PROCESS, goes_on, month_of, overdue, waiting
from assets.partitions import MONTHS
from assets.platform import Platform
from pipelines import default_status
from pipelines.jobs import AS_DUE, JOBS, catch_up, entry, late_entry, look_job, monthly, only, pull
from pipelines.telling_job import notices
from warehouse.journal import log
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival
from warehouse.ledger.versions import newest_moment

EVERY_SECONDS = 60
WATCH_SECONDS = 600
#: A backfill that goes on for longer is not waited for: whatever hangs in it would withhold every month.
_BACKFILL_PATIENCE = timedelta(hours=3)

#: Tags of a run that lost its process, of the one that does its work again, and which attempt that is.
GONE, AGAIN_AFTER, ATTEMPT = "attendance/process_gone", "attendance/again_after", "attendance/attempt"
_ATTEMPTS = 3
_JOB_NAMES = {job.name for job in (*JOBS, notices)}
_PUBLISHES_NOTHING = {pull.name, look_job.name, notices.name}
_BACKFILLS_GOING_ON = BulkActionsFilter(
    statuses=[BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
)


def newest_arrival(platform: Platform) -> int:
    """The newest arrival of all; 0 where nothing ever came."""
    with reading(platform.engine) as session:
        return session.scalar(select(func.max(Arrival.id))) or 0


def runs_for(months: dict[str, int], outside: Iterable[str], last_month: str) -> dict[str, int]:
    """Month to run → newest arrival: what names no month, or none of ours, is dealt with by the last month's run."""
    elsewhere = {"", *outside}
    wanted = {month: newest for month, newest in months.items() if month not in elsewhere}
    unplaced = [newest for month, newest in months.items() if month in elsewhere]
    if unplaced:
        wanted[last_month] = max(*unplaced, wanted.get(last_month, 0))
    return wanted


@dg.sensor(
    jobs=[entry, late_entry],
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=default_status.SENSORS,
    description="補送與人工報送：有新送達者即入檔 Enter what has arrived since, late months included",
)
def late_arrivals(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """One run for each month in which something waits; where they are several, published after the last of them."""
    newest = newest_arrival(platform)
    if context.cursor == str(newest):
        return dg.SkipReason("沒有新送達 nothing has arrived since")
    if _backfill_goes_on(context.instance, platform):
        return dg.SkipReason("回填進行中，稍後再看 a backfill goes on, which may enter what waits")
    with reading(platform.engine) as session:
        waits = waiting(session)
    months = runs_for(waits, months_outside(platform), MONTHS.get_partition_keys()[-2])
    busy = {month for month in months if goes_on(context.instance, month)}
    job = entry if len(months) == 1 else late_entry
    requests = [
        dg.RunRequest(run_key=f"{month} {arrival}", partition_key=month, job_name=job.name)
        for month, arrival in sorted(months.items())
        if month not in busy
    ]
    # A month whose run goes on is looked at again: the cursor stays, and run keys keep the others from a second run.
    return dg.SensorResult(run_requests=requests, cursor=context.cursor if busy else str(newest))


@dg.sensor(
    job=catch_up,
    minimum_interval_seconds=EVERY_SECONDS // 2,
    default_status=default_status.SENSORS,
    description="補發布：已入檔而未發布的月份 Publish what was entered and is not published, as after a backfill",
)
def ledger_ahead(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """One run for all months that are behind and of which no run goes on."""
    with reading(platform.engine) as session:
        newest = newest_moment(session)
    cursor = " ".join(map(str, newest))
    if context.cursor == cursor:
        return dg.SkipReason("沒有新的檢核結果 nothing was judged or granted since")
    if _backfill_goes_on(context.instance, platform):
        return dg.SkipReason("回填進行中，稍後再看 a backfill goes on")
    runs = context.instance.get_runs(dg.RunsFilter(statuses=GOING_ON))
    under_way = {month_of(run) for run in runs if run.job_name not in _PUBLISHES_NOTHING}
    if None in under_way:
        return dg.SkipReason("補發布進行中，稍後再看 months are being published")
    transition, review, granted = [*map(int, (context.cursor or "").split()), 0, 0, 0][:3]
    months = behind(platform, context.instance, since=(transition, review, granted))
    free = [month for month in months if month not in under_way]
    # What waits for a run is looked at again: the cursor stays.
    requests = [dg.RunRequest(run_key=f"{cursor} {_digest(free)}", run_config=only(free))] if free else []
    return dg.SensorResult(run_requests=requests, cursor=cursor if free == months else context.cursor)


def _digest(months: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(months).encode()).hexdigest()[:12]


def _backfill_goes_on(instance: dg.DagsterInstance, platform: Platform) -> bool:
    since = (platform.clock() - _BACKFILL_PATIENCE).timestamp()
    backfills = instance.get_backfills(filters=_BACKFILLS_GOING_ON)
    return any(backfill.backfill_timestamp > since for backfill in backfills)


@dg.sensor(
    jobs=[*JOBS, notices],
    minimum_interval_seconds=EVERY_SECONDS // 2,
    default_status=default_status.SENSORS,
    description="程序已中止的作業：視為失敗並重新執行 Runs whose process is gone (power cut, out of memory): "
    "failed, and run again, twice at most",
)
def dead_runs(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]) -> dg.SensorResult:
    """Fail the runs that had no process at the last look and have none now; in between Dagster notes ordinary ends.

    That a run was failed here stands in its tags before it is, and what is to run again is told by them: should this
    process die in between, the next look asks for it. Run keys keep a run from being asked for twice.
    """
    instance, folder = context.instance, run_locks.folder_of(platform.home)
    suspected = json.loads(context.cursor or "[]")
    found = {run.run_id: run for run in run_locks.without_process(instance, folder)}
    for run_id in found.keys() & set(suspected):
        instance.add_run_tags(run_id, {GONE: "true"})
        instance.report_run_failed(found[run_id], NO_PROCESS)
        log.error("run_without_process", run=run_id, job=found[run_id].job_name)
    run_locks.remove_left(instance, folder)
    ended = instance.get_runs(dg.RunsFilter(run_ids=suspected)) if suspected else []
    requests = [again for run in ended if GONE in run.tags and (again := _again(run))]
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(sorted(found.keys() - set(suspected))))


def _again(run: dg.DagsterRun) -> dg.RunRequest | None:
    """The same once more; of a backfill's run, what waits in its month. None where it has died often enough."""
    attempt = int(run.tags.get(ATTEMPT, "1"))
    tags = {ATTEMPT: str(attempt + 1), AGAIN_AFTER: run.run_id}
    if attempt >= _ATTEMPTS:
        return None
    if run.job_name in _JOB_NAMES:
        partition = run.tags.get("dagster/partition")
        return dg.RunRequest(f"again {run.run_id}", run.run_config, tags, run.job_name, partition_key=partition)
    month = month_of(run)
    return dg.RunRequest(f"again {run.run_id}", None, tags, late_entry.name, partition_key=month) if month else None


@dg.sensor(
    jobs=[monthly, late_entry, pull],
    minimum_interval_seconds=WATCH_SECONDS,
    default_status=default_status.SENSORS,
    description="未完成的作業：未收檔、未關帳、久候未檢核或無回應者 Work that never came back: done again at most once "
    "a day, and shown as checks of late_and_missing",
)
def work_overdue(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """Run again what should have been done by now, once a day for each cause; say so where that has changed."""
    if _backfill_goes_on(context.instance, platform):
        return dg.SkipReason("回填進行中，稍後再看 a backfill goes on")
    found = overdue(platform, context.instance)
    day = platform.today()
    wanted = [
        *((monthly, month, f"overdue close {month} {day}") for month in found.unclosed),
        *((pull, month, f"overdue pull {month} {day}") for month in found.unpulled if month not in found.unclosed),
        *((late_entry, month, f"overdue entry {month} {newest} {day}") for month, newest in _placed(found.waiting)),
    ]
    requests = [
        dg.RunRequest(run_key=key, partition_key=month, job_name=job.name, run_config=AS_DUE if job is pull else None)
        for job, month, key in wanted
        if not goes_on(context.instance, month)
    ]
    said = f"{found}"
    if not found and context.cursor in (None, said):
        return dg.SkipReason("沒有未完成的作業 nothing is overdue")
    events = [] if context.cursor == said else judged(found)
    return dg.SensorResult(run_requests=requests, asset_events=events, cursor=said)


def _placed(waiting: dict[str, int]) -> list[tuple[str, int]]:
    """Months of ours in which something waits; what names none of them is dealt with by whichever month runs."""
    return sorted((month, newest) for month, newest in waiting.items() if MONTHS.has_partition_key(month))


SENSORS = [late_arrivals, ledger_ahead, dead_runs, work_overdue]

"""What arrives between the scheduled runs: found in the ledger, and entered.

The cursor is the newest arrival that was looked at.  A month gets one run for what waits in it; while a run of that
month goes on nothing more is asked for, so a long pull leads to one run after it and not to one a minute.
"""

from collections.abc import Iterable

import dagster as dg
from sqlalchemy import and_, func, select

from assets.entry import months_outside
from assets.partitions import MONTHS
from assets.platform import Platform
from pipelines.jobs import entry
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival, Submission

EVERY_SECONDS = 60

_GOING_ON = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def waiting(platform: Platform) -> dict[str, int]:
    """Month (`''` where a document names none) → its newest arrival that still waits to be checked."""
    same = and_(
        Arrival.submission_id == Submission.id,
        Arrival.agency_code == Submission.agency_code,
        Arrival.month == Submission.month,
    )
    query = (
        select(Submission.month, func.max(Arrival.id).label("newest"))
        .join(Arrival, same)
        .where(Submission.state == lifecycle.RECEIVED)
        .group_by(Submission.month)
    )
    with reading(platform.engine) as session:
        return {row.month: row.newest for row in session.execute(query)}


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
    job=entry,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="補送與人工報送：有新送達者即入檔 Enter what has arrived since, late months included",
)
def late_arrivals(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.SensorResult | dg.SkipReason:
    """One run for each month in which something waits."""
    newest = newest_arrival(platform)
    if context.cursor == str(newest):
        return dg.SkipReason("沒有新送達 nothing has arrived since")
    months = runs_for(waiting(platform), months_outside(platform), MONTHS.get_partition_keys()[-2])
    busy = {month for month in months if _goes_on(context.instance, month)}
    requests = [
        dg.RunRequest(run_key=f"{month} {arrival}", partition_key=month)
        for month, arrival in sorted(months.items())
        if month not in busy
    ]
    # A month whose run goes on is looked at again: the cursor stays, and run keys keep the others from a second run.
    return dg.SensorResult(run_requests=requests, cursor=context.cursor if busy else str(newest))


def _goes_on(instance: dg.DagsterInstance, month: str) -> bool:
    found = instance.get_runs(dg.RunsFilter(statuses=_GOING_ON, tags={"dagster/partition": month}), limit=1)
    return bool(found)


SENSORS = [late_arrivals]

"""Work that never came back (未完成的作業): what should have been done by now, by Dagster and the ledger, and was not.

Three questions: were the months pulled on the last working day, was every month closed after its deadline, does
anything that was received wait too long to be checked.  Runs that began long ago and say nothing are named as well.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dagster as dg
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets import run_locks
from assets.channel_health import health_recorded
from assets.platform import Platform
from warehouse.deadlines import TAIPEI
from warehouse.home import Home
from warehouse.ledger import lifecycle
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Arrival, Submission

#: Jobs that close a month, and those that pull one.
CLOSING, PULLING = ("monthly",), ("pull", "monthly")
#: After the hour at which a schedule runs, its work should have come back within this.
PATIENCE = timedelta(hours=6)
#: What was received is checked within a minute or two; a large pull before it takes an hour.
WAITING = timedelta(hours=2)
#: A run that goes on for longer is named.
LONG_RUN = timedelta(hours=3)
#: What is said of a run whose process is gone.
NO_PROCESS = (
    "作業程序已不存在（斷電、記憶體不足或遭強制結束），Dagster 服務運作中時將自動重新執行 "
    "its process is gone (power cut, out of memory, killed): failed and taken up again as soon as Dagster's daemon runs"
)
#: Seconds within which Dagster notes the end of a run whose process has ended as it should.
_ENDING = 2.0
#: At the end of a partition's name: `2021-06`, `376500000A|2021-06`.
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}$", re.ASCII)
_PULLS_BEGIN = timedelta(hours=6)
#: Deadlines that lie further back are history: whoever wants such a month closed runs it.
_LOOKED_BACK = timedelta(days=45)
_DAY = timedelta(days=1)

GOING_ON = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is overdue: months not pulled and not closed, months with documents that wait, and runs gone silent.

    `waiting`: month → newest arrival that waits; `runs`: those that go on for long or lost their process, a line each;
    `channels`: those that are down, a line each.
    """

    unpulled: Sequence[str]
    unclosed: Sequence[str]
    waiting: dict[str, int]
    runs: Sequence[str]
    channels: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.unpulled or self.unclosed or self.waiting or self.runs or self.channels)


def overdue(platform: Platform, instance: dg.DagsterInstance) -> Overdue:
    """What should have been done by now; raises `warehouse.duties.CalendarRefused`."""
    from assets.agenda import Agenda

    now = platform.clock()
    with reading(platform.engine) as session:
        agenda = Agenda(platform, session, now)
        closes = {
            work.partition: max(at for at in agenda.duties.deadlines(work.partition) if at <= now - PATIENCE)
            for work in agenda.closes(now - _LOOKED_BACK, now - PATIENCE)
            if agenda.duties.of_month(work.partition).due
        }
        pulled_by = _last_pull_hour(now, agenda.is_worked)
        pulls = [work.partition for work in agenda.pulls(pulled_by) if agenda.duties.of_month(work.partition).due]
        waits = waiting(session, now - WAITING)
        channels = health_recorded(session, platform.pull_limits.failed_share)
    return Overdue(
        [month for month in pulls if not _succeeded(instance, PULLING, month, pulled_by)],
        [month for month, at in closes.items() if not _succeeded(instance, CLOSING, month, at)],
        waits,
        [*_without_process(platform, instance), *_long_runs(instance, now)],
        [str(one) for one in channels if one.is_down],
    )


def goes_on(instance: dg.DagsterInstance, month: str) -> bool:
    """Whether a run of the month is under way or waits for its turn."""
    found = instance.get_runs(dg.RunsFilter(statuses=GOING_ON, tags={"dagster/partition": month}), limit=1)
    return bool(found)


def month_of(run: dg.DagsterRun) -> str | None:
    """The month that a run is of, also where it takes a range of agencies; None where it is of no month."""
    named = (run.tags.get("dagster/partition"), run.tags.get("dagster/asset_partition_range_start"))
    found = _MONTH.search(next((tag for tag in named if tag), ""))
    return found[0] if found else None


def _last_pull_hour(now: datetime, works: Callable[[date], bool]) -> datetime:
    """When the pulls of the last working day should have begun, whose work should have come back by now."""
    day = (now - PATIENCE).astimezone(TAIPEI)
    moment = day.replace(hour=0, minute=0, second=0, microsecond=0) + _PULLS_BEGIN
    while moment > now - PATIENCE or not works(moment.date()):
        moment -= _DAY
    return moment


def _succeeded(instance: dg.DagsterInstance, jobs: Sequence[str], month: str, since: datetime) -> bool:
    """Whether a run of one of these jobs that was made after the moment brought the month to an end."""
    return any(
        instance.get_runs(
            dg.RunsFilter(
                job_name=job,
                statuses=[dg.DagsterRunStatus.SUCCESS],
                tags={"dagster/partition": month},
                created_after=since,
            ),
            limit=1,
        )
        for job in jobs
    )


def waiting(session: Session, received_by: datetime | None = None) -> dict[str, int]:
    """Month (`''` where a document names none) → its newest arrival that still waits to be checked.

    Of all that waits, or of what was received by a moment (aware).
    """
    query = (
        select(Submission.month, func.max(Arrival.id).label("newest"))
        .join(Arrival, same_submission(Arrival, Submission))
        .where(Submission.state == lifecycle.RECEIVED)
        .group_by(Submission.month)
    )
    if received_by is not None:
        query = query.where(Submission.received_at <= received_by)
    return {row.month: row.newest for row in session.execute(query)}


def _without_process(platform: Platform, instance: dg.DagsterInstance) -> list[str]:
    return [f"{_named(run)}: {NO_PROCESS}" for run in runs_without_process(platform.home, instance)]


def runs_without_process(home: Home, instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that count as started and whose process is gone, asked twice a moment apart: one may just be ending."""
    folder = run_locks.folder_of(home)
    suspected = {run.run_id for run in run_locks.without_process(instance, folder)}
    if not suspected:
        return []
    time.sleep(_ENDING)
    return [run for run in run_locks.without_process(instance, folder) if run.run_id in suspected]


def _long_runs(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    records = instance.get_run_records(
        dg.RunsFilter(statuses=GOING_ON, created_before=now - LONG_RUN), limit=100, ascending=True
    )
    return [
        f"{_named(record.dagster_run)}: {record.dagster_run.status.value}, "
        f"{record.create_timestamp.astimezone(TAIPEI):%Y-%m-%d %H:%M} 起 since"
        for record in records
    ]


def _named(run: dg.DagsterRun) -> str:
    return f"{run.job_name} {run.tags.get('dagster/partition', '')} {run.run_id[:8]}"

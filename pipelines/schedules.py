"""When things run by themselves, all in Asia/Taipei.

The schedules look every day, each at its hour; whether there is anything to do, and for which months, the calendar of
duties says (`assets/agenda.py`): no day of the month is written here.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.partitions import MONTHS, TAIPEI, YEARS
from assets.platform import Platform
from pipelines import default_status
from pipelines.jobs import AS_DUE, look_job, monthly, pull, yearly_ratios_job
from warehouse.ledger.engine import reading

if TYPE_CHECKING:
    from assets.agenda import Work


def _asked_of(context: dg.ScheduleEvaluationContext, platform: Platform, kind: str) -> "list[Work]":
    """What there is to do at the tick; Dagster gives its moment in the schedule's own time zone."""
    from assets.agenda import Agenda

    now = context.scheduled_execution_time
    with reading(platform.engine) as session:
        works = Agenda(platform, session, now).works(kind, now)
    for work in works:
        context.log.info("%s %s: %s", work.kind, work.partition, work.why)
    return works


def _requests(
    context: dg.ScheduleEvaluationContext, works: "list[Work]", partitions: dg.TimeWindowPartitionsDefinition
) -> Iterator[dg.RunRequest]:
    day = context.scheduled_execution_time.date()
    for work in works:
        if partitions.has_partition_key(work.partition):
            yield dg.RunRequest(
                run_key=f"{work.kind} {work.partition} {day}",
                partition_key=work.partition,
                run_config=AS_DUE if work.kind == "pull" else None,
            )


@dg.schedule(
    cron_schedule="0 6 * * *",  # every day: made-up Saturdays are working days
    job=pull,
    execution_timezone=TAIPEI,
    default_status=default_status.SCHEDULES,
    description="上班日 06:00 收取未回覆者，已回覆者僅取異動 On working days who has not answered is asked, "
    "and who has for changes only",
)
def pull_on_working_days(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> list[dg.RunRequest] | dg.SkipReason:
    """A run for each month of which anybody is to be asked, unless the day is off."""
    works = _asked_of(context, platform, "pull")
    day = context.scheduled_execution_time.date()
    why = f"{day} 非上班日，或沒有開放中的月份 is not a working day, or no month is open"
    return list(_requests(context, works, MONTHS)) or dg.SkipReason(why)


@dg.schedule(
    cron_schedule="0 3 * * *",
    job=monthly,
    execution_timezone=TAIPEI,
    default_status=default_status.SCHEDULES,
    description="每日 03:00 關帳：前一日期限屆滿的月份 The months of which a deadline passed the day before are closed",
)
def close_when_due(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> list[dg.RunRequest] | dg.SkipReason:
    """Pull, enter, publish and mark each month of which a deadline has passed, an extended one too."""
    works = _asked_of(context, platform, "close")
    return list(_requests(context, works, MONTHS)) or dg.SkipReason("沒有到期的月份 no deadline has passed")


@dg.schedule(
    cron_schedule="0 5 * * *",
    job=yearly_ratios_job,
    execution_timezone=TAIPEI,
    default_status=default_status.SCHEDULES,
    description="每日 05:00：12 月期限屆滿或年度關帳時計算該年度報送比例 A year's ratios when its December was "
    "due, and when it closes",
)
def year_end(
    context: dg.ScheduleEvaluationContext, platform: dg.ResourceParam[Platform]
) -> list[dg.RunRequest] | dg.SkipReason:
    """The years whose last month was due, or that closed, the day before."""
    works = _asked_of(context, platform, "year-end")
    return list(_requests(context, works, YEARS)) or dg.SkipReason("沒有結束的年度 no year ended or closed")


@dg.schedule(
    cron_schedule="0 7 * * *",
    job=look_job,
    execution_timezone=TAIPEI,
    default_status=default_status.SCHEDULES,
    description="每日 07:00 製作逾期與未報送一覽 The page of who is late and missing, every day",
)
def look_every_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run a day."""
    return dg.RunRequest(run_key=f"look {context.scheduled_execution_time.date()}")


SCHEDULES = [pull_on_working_days, close_when_due, year_end, look_every_day]

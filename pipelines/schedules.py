"""When things run by themselves, all in Asia/Taipei.

Reports of a month are due on the 20th of the next.  So the month before is pulled on every working day, closed on the
21st when the deadline has passed, and the year before is reckoned up in January, after December's deadline.
"""

from datetime import date, timedelta

import dagster as dg
import polars as pl

from assets.partitions import TAIPEI
from checks.calendar import OfficeCalendar
from pipelines.jobs import monthly, pull, yearly_ratios_job

ON = dg.DefaultScheduleStatus.RUNNING


def month_before(day: date) -> str:
    """The month before the day's, `YYYY-MM`."""
    return (day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def is_working_day(day: date) -> bool:
    """Whether the government's offices work on that day, made-up Saturdays included."""
    days = pl.Series([day])
    return bool(OfficeCalendar(day.year, day.year).working_days(days, days)[0])


def _day(context: dg.ScheduleEvaluationContext) -> date:
    """The day in Taipei of the tick; Dagster gives its moment in the schedule's own time zone."""
    return context.scheduled_execution_time.date()


@dg.schedule(
    cron_schedule="0 6 * * *",  # every day: made-up Saturdays are working days
    job=pull,
    execution_timezone=TAIPEI,
    default_status=ON,
    description="上班日 06:00 收取上個月報送 Pull the month before, at 6:00 on working days",
)
def pull_on_working_days(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Pull the month before, unless the day is off."""
    day = _day(context)
    if not is_working_day(day):
        return dg.SkipReason(f"{day} 非上班日 is not a working day")
    return dg.RunRequest(run_key=f"pull {day}", partition_key=month_before(day))


@dg.schedule(
    cron_schedule="0 3 21 * *",
    job=monthly,
    execution_timezone=TAIPEI,
    default_status=ON,
    description="每月 21 日 03:00 截止後彙整上個月 Close the month before on the 21st, after its deadline",
)
def close_on_the_21st(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Pull, enter, publish and mark the month before."""
    day = _day(context)
    return dg.RunRequest(run_key=f"close {day}", partition_key=month_before(day))


@dg.schedule(
    cron_schedule="0 6 22 1 *",
    job=yearly_ratios_job,
    execution_timezone=TAIPEI,
    default_status=ON,
    description="每年 1 月 22 日計算上年度報送比例 Last year's ratios, once December's deadline has passed",
)
def yearly_ratios(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The year before."""
    day = _day(context)
    return dg.RunRequest(run_key=f"ratios {day}", partition_key=str(day.year - 1))


SCHEDULES = [pull_on_working_days, close_on_the_21st, yearly_ratios]

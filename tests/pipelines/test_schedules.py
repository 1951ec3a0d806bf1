"""When schedules run, and of which month or year."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.schedules import SCHEDULES, close_on_the_21st, month_before, pull_on_working_days, yearly_ratios

TAIPEI = ZoneInfo("Asia/Taipei")


def tick(schedule, *moment):
    context = dg.build_schedule_context(scheduled_execution_time=datetime(*moment, tzinfo=TAIPEI))
    (answer,) = [schedule(context)]
    return answer


@pytest.mark.parametrize(
    ("day", "month"), [((2021, 7, 1), "2021-06"), ((2022, 1, 3), "2021-12"), ((2021, 3, 31), "2021-02")]
)
def test_working_days_pull_the_month_before(day, month):
    request = tick(pull_on_working_days, *day, 6)
    assert (request.partition_key, request.run_key) == (month, f"pull {date(*day)}")


def test_a_made_up_saturday_is_a_working_day():
    assert isinstance(tick(pull_on_working_days, 2021, 2, 20, 6), dg.RunRequest)


@pytest.mark.parametrize("day", [(2021, 7, 3), (2021, 7, 4), (2021, 10, 11), (2022, 2, 1)])
def test_weekends_and_holidays_are_skipped_and_say_so(day):
    answer = tick(pull_on_working_days, *day, 6)
    assert isinstance(answer, dg.SkipReason)
    assert "非上班日" in answer.skip_message


def test_the_21st_closes_the_month_before():
    assert tick(close_on_the_21st, 2021, 7, 21, 3).partition_key == "2021-06"
    assert tick(close_on_the_21st, 2022, 1, 21, 3).partition_key == "2021-12"


def test_january_reckons_up_the_year_before():
    assert tick(yearly_ratios, 2022, 1, 22, 6).partition_key == "2021"


def test_month_before_the_first_month():
    assert month_before(date(2021, 1, 31)) == "2020-12"


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_schedules_tick_in_taipei_and_ask_for_partitions_that_exist(schedule):
    assert schedule.execution_timezone == "Asia/Taipei"
    job = defs.resolve_job_def(schedule.job_name)
    request = tick(schedule, 2022, 1, 21, 6)
    assert job.partitions_def.has_partition_key(request.partition_key)

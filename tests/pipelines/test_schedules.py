"""When schedules run, and of which months or years: evaluated as Dagster does, by the calendar of duties."""

from datetime import date, datetime

import dagster as dg
import pytest

from assets.agenda import Agenda
from assets.entry import enter_month
from assets.intake import HandedIn, hand_in
from pipelines.definitions import defs
from pipelines.jobs import AS_DUE
from pipelines.schedules import SCHEDULES, close_when_due, look_every_day, pull_on_working_days, year_end
from tests.support.installations import AUTHORITY, FIRST, SECOND, THIRD, document, installation, refused
from tests.support.office_calendars import calendar_file
from tests.support.world import taipei
from warehouse.duties.calendar import COLUMNS, shipped
from warehouse.duties.grants import EXEMPTION, EXTENSION, Granted, grant
from warehouse.ledger.engine import reading, writing
from warehouse.office_calendar import import_calendar


@pytest.fixture
def here(tmp_path):
    """An installation that has collected since January 2021."""
    opened = installation(tmp_path, collection_began="2021-01")
    yield opened
    opened.engine.dispose()


def tick(here, schedule, moment):
    """What Dagster makes of the tick: partition → run key; or why it does nothing."""
    context = dg.build_schedule_context(
        scheduled_execution_time=taipei(moment), repository_def=defs.get_repository_def(), resources={"platform": here}
    )
    data = schedule.evaluate_tick(context)
    if data.skip_message:
        return data.skip_message
    return {request.partition_key: request.run_key for request in data.run_requests}


def give(here, *wanted):
    with writing(here.engine) as session:
        grant(session, Granted(*wanted), shipped(), actor="test", at=taipei("2021-07-01 09:00"))


def test_working_days_pull_the_months_of_which_somebody_is_to_be_asked(here):
    months = tick(here, pull_on_working_days, "2021-07-01 06:00")
    assert list(months) == ["2021-06"]  # all report by hand here: the newest that is open, for the inbox
    assert months["2021-06"] == "pull 2021-06 2021-07-01"
    assert list(tick(here, pull_on_working_days, "2022-01-03 06:00")) == ["2021-12"]


def test_a_made_up_saturday_is_a_working_day(here):
    assert list(tick(here, pull_on_working_days, "2021-02-20 06:00")) == ["2021-01"]


@pytest.mark.parametrize("day", ["2021-07-03", "2021-07-04", "2021-10-11", "2022-02-01"])
def test_weekends_and_holidays_are_skipped_and_say_so(here, day):
    assert "非上班日" in tick(here, pull_on_working_days, f"{day} 06:00")


def test_working_days_are_those_of_the_calendar_that_was_imported(here):
    thursday, saturday = date(2021, 7, 1), date(2021, 7, 3)
    with writing(here.engine) as session:
        data = calendar_file(2021, turned={thursday: False, saturday: True})
        import_calendar(session, data, by="test", at=taipei("2021-06-01 09:00"))
    assert "非上班日" in tick(here, pull_on_working_days, "2021-07-01 06:00")
    assert list(tick(here, pull_on_working_days, "2021-07-03 06:00")) == ["2021-06"]


def test_a_pull_by_schedule_asks_those_whom_the_calendar_says(here):
    context = dg.build_schedule_context(
        scheduled_execution_time=taipei("2021-07-01 06:00"), resources={"platform": here}
    )
    (request,) = pull_on_working_days(context)
    assert request.run_config == AS_DUE
    pull = defs.resolve_job_def("pull")
    ran = pull.execute_in_process(partition_key="2021-06", run_config=AS_DUE, resources={"platform": here})
    (event,) = ran.get_asset_observation_events()
    assert event.asset_observation_data.asset_observation.metadata["未回覆 had not answered"].value == 4


def asked(here, month, moment):
    now = taipei(moment)
    with reading(here.engine) as session:
        found = Agenda(here, session, now).asked(month, now)
    return tuple(sorted(code for codes in one.values() for code in codes) for one in (found.unanswered, found.answered))


def test_who_has_not_answered_is_asked_and_who_has_for_changes_until_corrections_close(here):
    hand_in(here, [HandedIn("a", document(FIRST)), HandedIn("b", refused(SECOND))])
    enter_month(here, "2021-06")
    assert asked(here, "2021-06", "2021-06-30 23:59") == ([], [])
    assert asked(here, "2021-06", "2021-07-01 00:00") == ([AUTHORITY, SECOND, THIRD], [FIRST])
    assert asked(here, "2021-06", "2021-08-31 17:00") == ([AUTHORITY, SECOND, THIRD], [FIRST])
    assert asked(here, "2021-06", "2021-08-31 17:01") == ([AUTHORITY, SECOND, THIRD], [])
    assert asked(here, "2021-06", "2022-02-28 17:01") == ([], [])


def test_who_is_exempt_is_not_asked(here):
    give(here, EXEMPTION, THIRD, False, "2021-06", "2021-06", None, "x", "y")
    assert asked(here, "2021-06", "2021-07-05 06:00") == ([AUTHORITY, FIRST, SECOND], [])


@pytest.mark.parametrize(
    ("moment", "months"),
    [
        ("2021-07-21 03:00", ["2021-06"]),
        ("2022-01-21 03:00", ["2021-12"]),
        ("2021-07-20 03:00", []),
        ("2021-07-22 03:00", []),
    ],
)
def test_a_month_is_closed_on_the_day_after_it_was_due(here, moment, months):
    answer = tick(here, close_when_due, moment)
    assert (list(answer) if isinstance(answer, dict) else []) == months


def test_it_is_closed_again_when_an_extension_has_passed_and_by_the_installations_own_day(here):
    give(here, EXTENSION, FIRST, False, "2021-06", "2021-06", taipei("2021-08-02 17:00"), "x", "y")
    assert list(tick(here, close_when_due, "2021-08-03 03:00")) == ["2021-06"]
    rows = [
        f"{first},+1 01 00:00,+1 {day} 24:00,stays,+2 last 17:00,+2 last 17:00,x"
        for first, day in (("*,,2021-05", "20"), ("*,2021-06,", "9"))
    ]
    here.home.duties.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    assert list(tick(here, close_when_due, "2021-07-10 03:00")) == ["2021-06"]
    assert "no deadline" in tick(here, close_when_due, "2021-07-21 03:00")
    assert list(tick(here, close_when_due, "2021-06-21 03:00")) == ["2021-05"]


def test_a_year_is_reckoned_when_december_was_due_and_when_it_closes(here):
    assert list(tick(here, year_end, "2022-01-21 05:00")) == ["2021"]
    assert list(tick(here, year_end, "2022-03-01 05:00")) == ["2021"]
    for quiet in ("2022-01-20 05:00", "2022-01-22 05:00", "2022-02-28 05:00", "2022-03-02 05:00"):
        assert "no year" in tick(here, year_end, quiet)


def test_the_page_is_made_every_day(here):
    assert tick(here, look_every_day, "2021-07-04 07:00") == {None: "look 2021-07-04"}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_schedules_tick_in_taipei_daily_and_ask_for_partitions_that_exist(here, schedule):
    assert schedule.execution_timezone == "Asia/Taipei"
    assert schedule.cron_schedule.endswith("* * *")
    job = defs.resolve_job_def(schedule.job_name)
    for month in range(1, 13):
        answer = tick(here, schedule, datetime(2022, month, 21).strftime("%Y-%m-%d 06:00"))
        for partition in answer if isinstance(answer, dict) else ():
            assert partition is None or job.partitions_def.has_partition_key(partition)

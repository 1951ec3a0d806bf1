"""The watch over work that never came back: what it names, what it runs again, and how often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from assets.intake import HandedIn, hand_in
from assets.overdue import overdue
from pipelines.definitions import defs
from pipelines.resources import platform
from pipelines.sensors import work_overdue
from pipelines.settings import Settings
from tests.support.installations import FIRST, document, installation
from warehouse.deadlines import TAIPEI
from warehouse.duties.calendar import shipped
from warehouse.months import shifted

#: This machine's time, by which Dagster stamps its runs, and a month whose deadline passed 11 to 42 days ago.
NOW = datetime.now(UTC)
MONTH = shifted(NOW.astimezone(TAIPEI).strftime("%Y-%m"), -2)
DUE = shipped().due(MONTH)


@pytest.fixture
def here(tmp_path):
    opened = replace(installation(tmp_path, now=NOW), first_month=MONTH)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def at(here, moment):
    return replace(here, clock=lambda: moment)


def watch(here, instance, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs, resources={"platform": here})
    return work_overdue(context)


def key(result, job="monthly", month=MONTH):
    found = [
        request.run_key for request in result.run_requests if (request.job_name, request.partition_key) == (job, month)
    ]
    return found[0] if found else None


def started(instance, job, month=MONTH):
    tags = {"dagster/partition": month}
    instance.create_run_for_job(defs.resolve_job_def(job), status=dg.DagsterRunStatus.STARTED, tags=tags)


def test_a_close_that_never_came_is_named_and_run_again_once_a_day(here, instance):
    assert MONTH not in overdue(at(here, DUE + timedelta(hours=5)), instance).unclosed
    assert MONTH in overdue(at(here, DUE + timedelta(hours=7)), instance).unclosed
    first = watch(here, instance)
    assert key(first) is not None
    assert {event.check_name: event.passed for event in first.asset_events}["closed_in_time"] is False
    again = watch(here, instance, first.cursor)
    assert key(again) == key(first)  # the same key: Dagster makes no second run of it
    assert again.asset_events == []  # nothing new to say
    assert key(watch(at(here, NOW + timedelta(days=1)), instance)) not in (None, key(first))


def test_once_it_has_come_back_it_is_not_overdue_and_the_checks_say_so(here, instance):
    before = watch(here, instance)
    for month in (MONTH, shifted(MONTH, 1)):
        ran = defs.resolve_job_def("monthly").execute_in_process(
            instance=instance, partition_key=month, resources={"platform": here}
        )
        assert ran.success
    assert not overdue(here, instance)
    result = watch(here, instance, before.cursor)
    assert result.run_requests == []
    assert [event.passed for event in result.asset_events] == [True, True, True, True]
    assert isinstance(watch(here, instance, result.cursor), dg.SkipReason)


def test_a_run_that_goes_on_is_waited_for(here, instance):
    started(instance, "monthly")
    assert key(watch(here, instance)) is None


def test_a_run_that_goes_on_for_hours_is_named(here, instance):
    started(instance, "entry")
    assert overdue(at(here, NOW + timedelta(hours=2)), instance).runs == []
    (line,) = overdue(at(here, NOW + timedelta(hours=4)), instance).runs
    assert f"entry {MONTH}" in line


def test_what_was_received_and_waits_for_hours_is_entered_again(here, instance):
    hand_in(here, [HandedIn("a", document(FIRST, "2021-06"))])
    assert overdue(at(here, NOW + timedelta(hours=1)), instance).waiting == {}
    later = at(here, NOW + timedelta(hours=3))
    assert overdue(later, instance).waiting == {"2021-06": 1}
    assert key(watch(later, instance), "late_entry", "2021-06") is not None


def test_an_installation_without_agencies_has_nothing_overdue(tmp_path, instance):
    empty = platform(Settings(home=tmp_path), clock=lambda: NOW)
    assert not overdue(empty, instance)
    assert isinstance(watch(empty, instance), dg.SkipReason)
    empty.engine.dispose()

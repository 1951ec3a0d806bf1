"""The sensors: one run for each month in which something waits, one for all that is behind, and no second of either."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from assets import publishing
from assets.core_tables import CORE, behind
from assets.entry import enter_month
from assets.intake import HandedIn, hand_in
from assets.marks import ASSET
from assets.partitions import MONTHS
from assets.register import know_register
from pipelines.definitions import defs
from pipelines.sensors import late_arrivals, ledger_ahead, work_overdue
from tests.support.dagster_processes import request_backfill
from tests.support.installations import FIRST, SECOND, document, installation


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def handed_in(here, *documents):
    hand_in(here, [HandedIn(str(number), data) for number, data in enumerate(documents)])


def tick(here, instance, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs, resources={"platform": here})
    return late_arrivals(context)


def asked(result):
    return {request.partition_key: request.run_key for request in result.run_requests}


def test_each_month_that_waits_gets_one_run(here, instance):
    handed_in(here, document(FIRST), document(SECOND), document(FIRST, "2021-05"))
    result = tick(here, instance)
    assert asked(result) == {"2021-06": "2021-06 2", "2021-05": "2021-05 3"}
    assert isinstance(tick(here, instance, result.cursor), dg.SkipReason)


def test_a_new_arrival_is_a_new_run_of_its_month_alone(here, instance):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    first = tick(here, instance)
    enter_month(here, "2021-06")
    enter_month(here, "2021-05")
    handed_in(here, document(SECOND))
    assert asked(tick(here, instance, first.cursor)) == {"2021-06": "2021-06 3"}


def test_what_failed_is_not_asked_for_over_and_over(here, instance):
    handed_in(here, document(FIRST))
    first = tick(here, instance)
    assert isinstance(tick(here, instance, first.cursor), dg.SkipReason)  # still waiting, nothing new
    handed_in(here, document(SECOND, "2021-05"))
    again = asked(tick(here, instance, first.cursor))
    assert again["2021-06"] == asked(first)["2021-06"]  # the same key: Dagster makes no second run of it


def test_a_month_whose_run_goes_on_is_looked_at_again(here, instance):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    instance.create_run_for_job(
        defs.resolve_job_def("entry"), status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2021-06"}
    )
    result = tick(here, instance)
    assert list(asked(result)) == ["2021-05"]
    assert result.cursor is None


def test_what_names_no_month_of_ours_is_the_last_months_run(here, instance):
    handed_in(here, b"neither agency nor month", document(FIRST, "2019-05"))
    assert asked(tick(here, instance)) == {MONTHS.get_partition_keys()[-2]: f"{MONTHS.get_partition_keys()[-2]} 2"}


def test_nothing_ever_came(here, instance):
    result = tick(here, instance)
    assert result.run_requests == []
    assert isinstance(tick(here, instance, result.cursor), dg.SkipReason)


def look(here, instance, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs, resources={"platform": here})
    return ledger_ahead(context)


def catch_up(here, instance):
    job = defs.resolve_job_def("catch_up")
    assert job.execute_in_process(instance=instance, resources={"platform": here}).success


def test_what_is_entered_and_not_published_leads_to_one_run(here, instance):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    assert look(here, instance).run_requests == []  # nothing is judged yet
    for month in ("2021-05", "2021-06"):
        enter_month(here, month)
    first = look(here, instance)
    assert len(first.run_requests) == 1
    assert isinstance(look(here, instance, first.cursor), dg.SkipReason)
    catch_up(here, instance)
    again = look(here, instance, first.cursor)  # the review that belongs to it
    assert again.run_requests == []
    assert isinstance(look(here, instance, again.cursor), dg.SkipReason)


def test_a_month_judged_since_is_behind_again_and_alone(here, instance):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    for month in ("2021-05", "2021-06"):
        enter_month(here, month)
    catch_up(here, instance)
    handed_in(here, document(SECOND))
    enter_month(here, "2021-06")
    assert behind(here, instance) == ["2021-06"]
    catch_up(here, instance)
    assert behind(here, instance) == []
    published = instance.fetch_materializations(CORE, limit=10).records
    assert sorted(record.partition_key for record in published) == ["2021-05", "2021-06", "2021-06"]


@pytest.mark.parametrize("sensor", [late_arrivals, ledger_ahead, work_overdue])
def test_while_a_backfill_goes_on_the_sensors_wait(here, instance, sensor):
    handed_in(here, document(FIRST))
    know_register(here, instance)
    enter_month(here, "2021-06")
    id_ = request_backfill(instance, ASSET, [f"{FIRST}|2021-06"])
    context = dg.build_sensor_context(instance=instance, definitions=defs, resources={"platform": here})
    assert isinstance(sensor(context), dg.SkipReason)
    instance.update_backfill(instance.get_backfill(id_).with_status(BulkActionStatus.COMPLETED_SUCCESS))
    assert isinstance(sensor(context), dg.SensorResult)


def goes_on(instance, job, **tags):
    return instance.create_run_for_job(defs.resolve_job_def(job), status=dg.DagsterRunStatus.STARTED, tags=tags)


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/partition": "2021-06"},
        {"dagster/asset_partition_range_start": f"{FIRST}|2021-06", "dagster/asset_partition_range_end": "9|2021-06"},
    ],
)
def test_a_run_withholds_its_own_month_and_no_other(here, instance, tags):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    for month in ("2021-05", "2021-06"):
        enter_month(here, month)
    run = goes_on(instance, "entry", **tags)
    first = look(here, instance)
    assert months_of(first) == ["2021-05"]
    assert first.cursor is None  # June is looked at again
    assert [request.run_key for request in look(here, instance).run_requests] == [first.run_requests[0].run_key]
    instance.report_run_failed(run)
    second = look(here, instance)
    assert months_of(second) == ["2021-05", "2021-06"]
    assert second.run_requests[0].run_key != first.run_requests[0].run_key


def months_of(result):
    return result.run_requests[0].run_config["ops"]["publish_what_is_behind"]["config"]["months"]


def test_while_months_are_published_no_second_run_is_asked_for(here, instance):
    handed_in(here, document(FIRST))
    enter_month(here, "2021-06")
    goes_on(instance, "catch_up")
    assert isinstance(look(here, instance), dg.SkipReason)


def test_a_backfill_that_hangs_is_not_waited_for_for_ever(here, instance):
    handed_in(here, document(FIRST))
    know_register(here, instance)
    enter_month(here, "2021-06")
    request_backfill(instance, ASSET, [f"{FIRST}|2021-06"])
    later = replace(here, clock=lambda: datetime.now(UTC) + timedelta(hours=4))
    assert months_of(look(later, instance)) == ["2021-06"]


def test_a_month_that_cannot_be_published_withholds_no_other(here, instance, monkeypatch):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    for month in ("2021-05", "2021-06"):
        enter_month(here, month)
    real = publishing.publish_months

    def damaged(platform, months):
        if "2021-05" in months:
            raise OSError("a damaged file")
        return real(platform, months)

    monkeypatch.setattr(publishing, "publish_months", damaged)
    job = defs.resolve_job_def("catch_up")
    ended = job.execute_in_process(instance=instance, resources={"platform": here}, raise_on_error=False)
    assert not ended.success
    assert [one.partition_key for one in instance.fetch_materializations(CORE, limit=9).records] == ["2021-06"]
    assert behind(here, instance) == ["2021-05"]


def test_months_that_wait_together_are_entered_and_then_published_at_once(here, instance):
    handed_in(here, document(FIRST), document(FIRST, "2021-05"))
    assert {request.job_name for request in tick(here, instance).run_requests} == {"late_entry"}
    enter_month(here, "2021-05")
    assert {request.job_name for request in tick(here, instance).run_requests} == {"entry"}

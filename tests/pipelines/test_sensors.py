"""The sensor: one run for each month in which something waits, and no second one for the same."""

import dagster as dg
import pytest

from assets.entry import enter_month
from assets.intake import HandedIn, hand_in
from assets.partitions import MONTHS
from pipelines.definitions import defs
from pipelines.sensors import late_arrivals
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

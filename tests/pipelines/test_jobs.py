"""The jobs, run for real in this process against a real Dagster instance: from the inbox to the reports and marks.

By the installation's clock: by today's, every month since is owed, and publishing them all would be most of the work.
"""

from functools import partial

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from assets.core_tables import RECONCILED
from assets.marks import ASSET, FINDINGS
from assets.partitions import AGENCY_MONTHS
from pipelines import runs
from pipelines.dagster_home import prepare
from pipelines.definitions import defs
from pipelines.settings import Settings, load_settings
from tests.support.installations import (
    AGENCIES,
    AUTHORITY,
    FIRST,
    NOW,
    PERSON,
    SECOND,
    document,
    installation,
    refused,
    with_error,
)

run_month = partial(runs.run_month, clock=lambda: NOW)


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    opened.sources.write_text("[manual]\nsettle_seconds = 0\n", encoding="utf-8")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def settings(here) -> Settings:
    return load_settings(here.home.root)


@pytest.fixture
def instance(settings):
    with dg.DagsterInstance.from_config(str(prepare(settings))) as made:
        yield made


def lay(here, **documents):
    for name, data in documents.items():
        (here.home.inbox / f"{name}.json").write_bytes(data)


def entered(instance):
    return {str(key) for key in instance.get_materialized_partitions(ASSET)}


def latest(instance, name):
    return instance.get_latest_materialization_event(dg.AssetKey(name)).asset_materialization


def rows(here, query):
    with duckdb.connect(str(here.home.warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_month_from_the_inbox_to_the_reports(here, settings, instance):
    lay(here, a=document(AUTHORITY), b=with_error(FIRST), c=refused(SECOND), d=b"not a submission")
    report = run_month(settings, ["2021-06"])
    (done,) = report.months
    assert (done.pulled.arrived, done.pulled.failures) == (4, [])
    assert {one.agency_code for one in done.refused} == {SECOND, ""}
    assert [one.agency_code for one in done.with_errors] == [FIRST]
    assert report.has_faults

    assert instance.get_run_by_id(done.run_id).status is dg.DagsterRunStatus.SUCCESS
    assert entered(instance) == {f"{AUTHORITY}|2021-06", f"{FIRST}|2021-06"}
    checks = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=10)
    passed = {one.partition: one.event.dagster_event.event_specific_data.passed for one in checks}
    assert passed == {f"{AUTHORITY}|2021-06": True, f"{FIRST}|2021-06": False, f"{SECOND}|2021-06": False}
    assert set(instance.get_dynamic_partitions("agencies")) == set(AGENCIES)
    assert rows(here, "SELECT count(*) FROM core.leaves WHERE month = '2021-06'") == [(2,)]
    assert rows(here, "SELECT count(*) FROM reports.submission_status WHERE state LIKE 'entered%'") == [(2,)]


def test_every_asset_of_the_month_has_what_people_want_to_see(here, settings, instance):
    lay(here, a=document(AUTHORITY), b=with_error(FIRST))
    run_month(settings, ["2021-06"])
    for name in ("submissions_landed", "core_tables", "monthly_counts", "summary"):
        assert latest(instance, name).partition == "2021-06"
    assert latest(instance, "core_tables").metadata["dagster/row_count"].value == 5
    assert latest(instance, "core_tables").metadata["warehouse"].path == str(here.home.warehouse)
    preview = latest(instance, "monthly_counts").metadata["預覽 preview"].value
    assert "| overtime | 2 | 2 | 1 | 1 | 0 |" in preview
    assert "| 03 | " in latest(instance, "summary").metadata["預覽 preview"].value
    for name in ("submissions_landed", "agency_months", "core_tables", "monthly_counts", "summary"):
        shown = str(latest(instance, name).metadata)
        assert PERSON not in shown
        assert "王小明" not in shown


def test_only_the_first_pull_that_brings_something_makes_agency_months_older_than_what_they_are_made_of(
    here, settings, instance
):
    run_month(settings, ["2021-06"])
    lay(here, a=document(AUTHORITY))
    run_month(settings, ["2021-06"])
    lay(here, b=document(FIRST))
    run_month(settings, ["2021-06"])
    landed = dg.AssetKey("submissions_landed")
    assert len(instance.fetch_materializations(landed, limit=10).records) == 1
    observed = instance.fetch_observations(landed, limit=10).records
    arrived = [one.asset_observation.metadata["新報送 new submissions"].value for one in observed]
    assert arrived == [1, 0]  # the newest first
    resolver = CachingStaleStatusResolver(instance, defs.resolve_asset_graph(), LoadingContextForTest(instance))
    for agency in (AUTHORITY, FIRST):
        assert resolver.get_status(ASSET, f"{agency}|2021-06") is StaleStatus.FRESH


def test_a_second_run_marks_only_what_is_new(here, settings, instance):
    lay(here, a=document(AUTHORITY))
    run_month(settings, ["2021-06"])
    lay(here, b=document(FIRST))
    run_month(settings, ["2021-06"])
    records = instance.fetch_materializations(ASSET, limit=10).records
    assert sorted(record.partition_key for record in records) == [f"{AUTHORITY}|2021-06", f"{FIRST}|2021-06"]


def test_marks_that_a_run_could_not_make_are_made_by_the_next(here, settings, instance, monkeypatch):
    lay(here, a=document(AUTHORITY))

    def dies(*_args):
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr("pipelines.jobs.know_register", dies)
        with pytest.raises(RuntimeError, match="power cut"):
            run_month(settings, ["2021-06"])
    assert rows(here, "SELECT count(*) FROM core.leaves") == [(1,)]  # published before it was marked
    assert entered(instance) == set()
    run_month(settings, ["2021-06"])
    assert entered(instance) == {f"{AUTHORITY}|2021-06"}


def test_the_grid_is_reckoned_before_anybody_opens_its_page(here, settings, instance):
    for number, agency in enumerate((AUTHORITY, FIRST), 1):
        lay(here, **{f"file{number}": document(agency)})
        run_month(settings, ["2021-06"])
        (record,) = instance.get_asset_records([ASSET])
        kept = record.asset_entry.cached_status
        assert kept.latest_storage_id == record.asset_entry.last_materialization_storage_id
        assert len(AGENCY_MONTHS.deserialize_subset(kept.serialized_materialized_partition_subset)) == number


def test_chosen_agencies_and_several_months(here, settings, instance):
    lay(here, a=document(AUTHORITY), b=document(FIRST), c=document(FIRST, "2021-05"))
    report = run_month(settings, ["2021-05", "2021-06"], [FIRST])
    assert [[one.agency_code for one in done.outcomes] for done in report.months] == [[FIRST], [FIRST]]
    assert entered(instance) == {f"{FIRST}|2021-05", f"{FIRST}|2021-06"}
    assert not report.has_faults


def test_a_month_outside_the_collection_is_refused_by_whichever_month_runs(here, settings, instance):
    lay(here, a=document(FIRST, "2019-05"))
    run_month(settings, ["2021-06"])
    with pytest.raises(ValueError, match="2019-05"):
        run_month(settings, ["2019-05"])
    assert entered(instance) == set()
    states = rows(here, "SELECT state FROM core.submissions WHERE month = '2019-05'")
    assert states == [("refused",)]


def test_a_run_says_nothing_but_what_goes_wrong_is_raised(here, settings, capfd):
    lay(here, a=document(AUTHORITY))
    run_month(settings, ["2021-06"])
    here.sources.write_text("[nonsense]\n", encoding="utf-8")
    with pytest.raises(ValueError, match="nonsense"):
        run_month(settings, ["2021-06"])
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_published_rows_that_are_not_those_entered_fail_the_run(here, settings, instance, monkeypatch):
    lay(here, a=document(AUTHORITY))
    monkeypatch.setattr("assets.publishing.publish_now", lambda platform, months: None)
    with pytest.raises(duckdb.Error):  # there is no warehouse at all yet
        run_month(settings, ["2021-06"])
    monkeypatch.undo()
    run_month(settings, ["2021-06"])
    lay(here, b=document(FIRST))
    monkeypatch.setattr("assets.publishing.publish_now", lambda platform, months: None)
    with pytest.raises(dg.Failure, match="do not reconcile"):
        run_month(settings, ["2021-06"])


def test_entry_takes_what_has_arrived_and_pulls_nothing(here, settings, instance):
    lay(here, a=document(AUTHORITY))
    job = defs.resolve_job_def("entry")
    result = job.execute_in_process(instance=instance, partition_key="2021-06", resources={"platform": here})
    assert result.success
    assert entered(instance) == set()
    assert list(here.home.inbox.glob("*.json"))


def test_pull_publish_and_ratios_are_jobs_of_their_own(here, settings, instance):
    lay(here, a=document(AUTHORITY))
    run_month(settings, ["2021-06"])
    for name, partition, asset in (
        ("pull", "2021-06", "submissions_landed"),
        ("publish", "2021-06", "summary"),
        ("yearly_ratios", "2021", "submission_ratios"),
    ):
        job = defs.resolve_job_def(name)
        result = job.execute_in_process(instance=instance, partition_key=partition, resources={"platform": here})
        assert result.success
        assert latest(instance, asset).partition == partition
    assert "機關報送率" in latest(instance, "submission_ratios").metadata["預覽 preview"].value
    (record, *_) = instance.event_log_storage.get_asset_check_execution_history(RECONCILED.key, limit=10)
    assert record.partition == "2021-06"
    assert record.event.dagster_event.event_specific_data.passed


def test_the_reconciliation_of_a_month_is_of_its_newest_publishing(here, settings, instance):
    lay(here, a=document(AUTHORITY))
    run_month(settings, ["2021-06"])
    (info,) = instance.event_log_storage.get_asset_check_partition_info([RECONCILED.key])
    assert (info.partition_key, info.is_current) == ("2021-06", True)

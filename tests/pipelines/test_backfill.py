"""A backfill of late months, by a real daemon: what it enters is published by itself, each month and year once."""

from collections import Counter

import dagster as dg
import duckdb
import pytest

from assets.intake import HandedIn, hand_in
from assets.marks import ASSET, FINDINGS
from assets.partitions import agency_month
from assets.register import know_register
from pipelines.dagster_home import prepare
from pipelines.jobs import catch_up
from pipelines.settings import load_settings
from tests.support.dagster_processes import dagster_process, request_backfill, wait_until
from tests.support.installations import AGENCIES, AUTHORITY, add_agencies, document, installation, refused

FIFTH = "376500009A"
MONTHS = ("2021-12", "2022-01", "2022-02")
REFUSED = (AUTHORITY, "2022-01")
DONE = {"COMPLETED_SUCCESS", "COMPLETED_FAILED"}


@pytest.fixture
def here(tmp_path):
    opened = installation(tmp_path)
    add_agencies(opened, FIFTH)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def instance(here):
    with dg.DagsterInstance.from_config(str(prepare(load_settings(here.home.root)))) as made:
        know_register(here, made)
        yield made


def materialized(instance, name):
    records = instance.fetch_materializations(dg.AssetKey(name), limit=1000).records
    return Counter(str(record.partition_key) for record in records)


def runs(instance, **tags):
    return instance.get_runs(dg.RunsFilter(tags=tags))


def test_a_backfill_of_agency_months_is_published_by_itself_each_month_and_year_once(here, instance, tmp_path):
    places = [(agency, month) for agency in (*AGENCIES, FIFTH) for month in MONTHS]
    documents = [refused(*place) if place == REFUSED else document(*place) for place in places]
    hand_in(here, [HandedIn(str(number), data) for number, data in enumerate(documents)])
    id_ = request_backfill(instance, ASSET, [str(agency_month(*place)) for place in places])

    def caught_up():
        done = [run for run in instance.get_runs(dg.RunsFilter(job_name=catch_up.name)) if run.is_finished]
        return instance.get_backfill(id_).status.value in DONE and bool(done)

    with dagster_process(["dagster-daemon", "run", "-w", "workspace.yaml"], tmp_path, tmp_path / "daemon.log"):
        wait_until(caught_up, 1_200)

    assert len(runs(instance, **{"dagster/backfill": id_})) == len(MONTHS)  # agencies that are neighbours: one a month
    assert {run.status.value for run in instance.get_runs()} == {"SUCCESS"}
    assert [run.job_name for run in instance.get_runs() if run.job_name != "__ASSET_JOB"] == [catch_up.name]
    entered = {str(agency_month(*place)) for place in places if place != REFUSED}
    assert materialized(instance, "agency_months") == dict.fromkeys(entered, 1)
    checks = instance.event_log_storage.get_asset_check_execution_history(FINDINGS.key, limit=100)
    assert {one.partition for one in checks if one.status.value == "FAILED"} == {str(agency_month(*REFUSED))}
    for name in ("core_tables", "monthly_counts", "summary"):
        assert materialized(instance, name) == dict.fromkeys(MONTHS, 1)
    assert materialized(instance, "submission_ratios") == {"2021": 1, "2022": 1}
    with duckdb.connect(str(here.home.warehouse), read_only=True) as warehouse:
        counted = warehouse.execute("SELECT month, count(*) FROM core.leaves GROUP BY 1 ORDER BY 1").fetchall()
    assert counted == [("2021-12", 5), ("2022-01", 4), ("2022-02", 5)]

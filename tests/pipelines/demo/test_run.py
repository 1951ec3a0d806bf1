"""The demo, whole: what readers of the warehouse see in the end is what the plan says."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.demo.country import COUNTIES, Country
from pipelines.demo.plan import MONTHS, Round
from pipelines.demo.run import DemoRefused, RoundRun, run_demo
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def rounds(home: Path) -> list[RoundRun]:
    told: list[RoundRun] = []
    done = run_demo(Settings(home=home), MONTHS, told.append)
    assert told == done
    return done


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


def published(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("rounds")
def test_every_agency_month_ends_as_planned(home, country):
    rows = published(home, "SELECT agency_code, month, state, on_time FROM reports.submission_status")
    assert {(code, month): (state, on_time) for code, month, state, on_time in rows} == {
        (planned.agency_code, planned.month): (planned.state, planned.on_time) for planned in country.plan
    }


@pytest.mark.usefixtures("rounds")
def test_records_published_are_those_of_the_plan(home, country):
    expected = Counter()
    for planned in country.plan:
        for dataset, (read, refused) in country.expected_counts(planned).items():
            expected[dataset, planned.month] += read - refused
    for dataset in ("employees", "leaves", "overtime", "clockings"):
        rows = published(home, f"SELECT month, count(*) FROM core.{dataset} GROUP BY month")
        assert dict(rows) == {month: expected[dataset, month] for month in MONTHS}, dataset


@pytest.mark.usefixtures("rounds")
def test_no_national_id_and_no_name_is_in_the_warehouse_or_beside_it(home, country):
    people = [person for agency in country.agencies for person in agency.people]
    ids = {person.person_id.encode() for person in people}
    kept = [home / "warehouse.duckdb", home / "ledger.sqlite", *(home / "store").rglob("*.parquet")]
    assert len(kept) > 500
    for file in kept:
        data = file.read_bytes()
        assert not [person_id for person_id in ids if person_id in data], file


def test_each_channel_brings_and_one_that_is_down_costs_its_own_agencies_only(rounds, country):
    by_round = {(one.run.month, one.when): one.run.pulled for one in rounds}
    april, may = by_round["2021-04", Round.ON_TIME], by_round["2021-05", Round.ON_TIME]
    assert {channel for channel, outcome in april.outcomes if outcome == "delivered"} == {"webitr", "webhr", "manual"}
    assert [failure.channel for failure in april.failures] == ["webitr"]
    assert {failure.agency_code for failure in may.failures} == {
        agency.agency_code for agency in country.agencies_of(COUNTIES)
    }
    assert not by_round["2021-05", Round.LATE].failures


@pytest.mark.usefixtures("rounds")
def test_a_home_that_holds_data_is_left_alone(home):
    before = (home / "sources.toml").read_bytes()
    with pytest.raises(DemoRefused, match="ATTENDANCE_HOME"):
        run_demo(Settings(home=home))
    assert (home / "sources.toml").read_bytes() == before

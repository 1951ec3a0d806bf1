"""What a publishing makes anew: what has changed, and nothing else."""

import pytest

from tests.support.installations import MadeOnce
from tests.support.world import World, taipei
from warehouse.ledger.engine import writing
from warehouse.ledger.models import Agency, Explanation
from warehouse.publish import partitions
from warehouse.publish.database import open_warehouse
from warehouse.publish.known import known_months
from warehouse.publish.publisher import publish

AGENCIES = [f"A{number:08}1" for number in range(12)]
MONTHS = ("2021-01", "2021-02")
NOW = taipei("2021-04-01 09:00")


@pytest.fixture(scope="module")
def in_parts():
    """A month is copied in parts as a national one is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(partitions, "SHARDED_FROM", 10)
        yield


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, in_parts):
    return MadeOnce(tmp_path_factory.mktemp("incremental") / "home", two_months)


def two_months(root):
    """Of twelve agencies."""
    world = World(root)
    for number, agency in enumerate(AGENCIES):
        world.agency(agency, headcount=1)
        for month in MONTHS:
            world.enter(agency, month, f"2021-03-{number + 1:02} 09:00", people=[number], clockings=2)
    publish(world.home, world.engine, now=NOW)
    world.engine.dispose()


@pytest.fixture
def world(made_once):
    with made_once.brought_back() as root:
        world = World(root)
        yield world
        world.engine.dispose()


def ask(world, query):
    with open_warehouse(world.home.warehouse) as connection:
        return connection.execute(query).fetchall()


def written(world):
    """Reading copies by name, with what tells a file that was written anew."""
    return {
        str(path.relative_to(world.home.published)): path.stat().st_ino
        for path in world.home.published.glob("*/*=*/*.parquet")
    }


def test_a_large_month_is_copied_in_parts_that_hold_each_agency_once(world):
    parts = [file for file in written(world) if file.startswith("employees/month=2021-01/")]
    assert len(parts) == partitions.SHARDS
    found = ask(
        world, "SELECT agency_code, count(*) FROM core.employees WHERE month = '2021-01' GROUP BY ALL ORDER BY 1"
    )
    assert found == [(agency, 1) for agency in AGENCIES]


def test_one_late_agency_has_only_its_part_written_anew(world):
    before = written(world)
    world.enter(AGENCIES[3], "2021-01", "2021-03-25 09:00", people=[3, 99], clockings=2)
    publish(world.home, world.engine, ["2021-01"], now=NOW)
    new = {file for file in written(world) if file not in before}
    assert {file.split("/")[1] for file in new} == {"month=2021-01", "year=2021"}
    assert len([file for file in new if file.startswith("employees/")]) == 1
    assert ask(world, "SELECT count(*) FROM core.employees WHERE month = '2021-01'") == [(13,)]
    headcount = f"SELECT headcount FROM reports.monthly_counts WHERE agency_code = '{AGENCIES[3]}' ORDER BY ALL"
    assert ask(world, headcount) == [(1,)] * 4 + [(2,)] * 4


def test_an_explanation_reaches_the_month_of_its_finding_and_no_other(tmp_path):
    world = World(tmp_path)
    world.agency(AGENCIES[0])
    for month in MONTHS:
        world.enter(AGENCIES[0], month, "2021-03-01 09:00", findings=[("W208", "warning", f"L-{month}")])
    publish(world.home, world.engine, now=NOW)
    ((key,),) = ask(world, "SELECT finding_key FROM core.findings WHERE month = '2021-01'")
    before = written(world)
    row = Explanation(
        agency_code=AGENCIES[0], finding_key=key, rule="W208", reason_code="CERTIFIED", by="人事室", at=NOW
    )
    with writing(world.engine) as session:
        session.add(row)
    publish(world.home, world.engine, [], now=NOW)
    query = "SELECT month, warnings_explained FROM reports.submission_status WHERE month < '2021-03' ORDER BY 1"
    assert ask(world, query) == [("2021-01", 1), ("2021-02", 0)]
    new = {file.split("/")[1] for file in written(world) if file not in before}
    assert new == {"month=2021-01", "year=2021"}


def test_a_passed_deadline_reaches_the_month_without_anything_else(world):
    world.agency("Q000000001")
    publish(world.home, world.engine, [], now=taipei("2021-03-20 23:00"))
    query = "SELECT outcome FROM reports.due_months WHERE agency_code = 'Q000000001' AND month = '2021-02'"
    assert ask(world, query) == [("not_due_yet",)]
    publish(world.home, world.engine, [], now=taipei("2021-03-21 01:00"))
    assert ask(world, query) == [("missing",)]


def test_an_agency_added_to_the_register_is_missing_in_every_month(world):
    world.agency("Z000000001")
    publish(world.home, world.engine, [], now=NOW)
    query = "SELECT month, state FROM reports.submission_status WHERE agency_code = 'Z000000001' ORDER BY 1"
    assert ask(world, query) == [(month, "missing") for month in ("2021-01", "2021-02", "2021-03")]


def test_what_arrives_and_is_not_judged_yet_is_pending(world):
    world.receive(AGENCIES[0], "2021-01", "2021-03-28 09:00")
    publish(world.home, world.engine, [], now=NOW)
    assert ask(world, "SELECT sum(pending) FROM reports.submission_status") == [(1,)]


def test_incrementally_is_as_if_all_at_once(world, tmp_path):
    """A month resubmitted, refused, withdrawn from the register: the tables are those of a first publishing."""
    world.enter(AGENCIES[0], "2021-01", "2021-03-25 09:00", people=[0, 50], findings=[("R101", "error", "E-1")])
    world.refuse(AGENCIES[1], "2021-02", "2021-03-26 09:00", findings=[("F005", "fatal", None)])
    publish(world.home, world.engine, ["2021-01"], now=NOW)
    with writing(world.engine) as session:
        session.query(Agency).filter_by(agency_code=AGENCIES[2]).one().parent_code = AGENCIES[0]
    publish(world.home, world.engine, ["2021-02"], now=NOW)
    tables = [row[0] for row in ask(world, "SELECT table_schema || '.' || table_name FROM information_schema.tables")]
    compared = [name for name in tables if name != "core.publications"]
    step_by_step = {name: sorted(ask(world, f"FROM {name}"), key=repr) for name in compared}
    for path in world.home.published.rglob("*.parquet"):
        path.unlink()
    (world.home.published / "manifest.json").unlink()
    publish(world.home, world.engine, now=NOW)
    assert {name: sorted(ask(world, f"FROM {name}"), key=repr) for name in compared} == step_by_step


def test_months_are_known_as_they_were_at_a_moment(world):
    with writing(world.engine) as session:
        early = known_months(session, None, NOW, taipei("2021-02-28 00:00"))
        now = known_months(session, None, NOW)
    assert (early.owed, early.others) == ((), ())
    assert now.owed == ("2021-01", "2021-02", "2021-03")

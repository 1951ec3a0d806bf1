"""Who owes a month and until when: calendar, register, closures and grants together, now and as of a moment."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.support.office_calendars import calendar_file
from tests.support.world import World, taipei
from warehouse.duties import Duties
from warehouse.duties.calendar import COLUMNS, read_calendar, shipped
from warehouse.duties.grants import EXEMPTION, EXTENSION, Granted, GrantRefused, all_grants, grant, withdraw_grant
from warehouse.duties.owing import MonthDuties
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Agency
from warehouse.ledger.office_calendar import Closure
from warehouse.office_calendar import import_calendar

COUNTY, TOWN, SCHOOL, OTHER = "C000000001", "T000000001", "S000000001", "O000000001"
DUE = taipei("2021-07-21 00:00")
LATER = taipei("2021-08-01 00:00")
KINDS = read_calendar(
    "\n".join([
        ",".join(COLUMNS),
        "*,,,+1 01 00:00,+1 20 24:00,next_working_day,+2 last 17:00,+2 last 17:00,x",
        "school,,,+1 01 00:00,+1 25 24:00,stays,+2 last 17:00,+2 last 17:00,x",
    ]),
    "duties.csv",
)  # fmt: skip


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.agency(COUNTY)
    made.agency(TOWN, COUNTY)
    made.agency(SCHOOL, TOWN)
    made.agency(OTHER)
    yield made
    made.engine.dispose()


def give(world, kind, code, *, below=False, months=("2021-06", "2021-06"), until=None, at="2021-07-01 09:00"):
    wanted = Granted(kind, code, below, *months, until, "主管機關", "颱風")
    with writing(world.engine) as session:
        return grant(session, wanted, shipped(), actor="test", at=taipei(at)).id


def take_back(world, id_, at):
    with writing(world.engine) as session:
        withdraw_grant(session, id_, reason="誤植", actor="test", at=taipei(at))


def of_month(world, month="2021-06", calendar=None, as_of=None) -> MonthDuties:
    with reading(world.engine) as session:
        return Duties(session, calendar or shipped(), as_of=as_of and taipei(as_of)).of_month(month)


def test_without_grants_everybody_owes_until_the_calendars_day(world):
    said = of_month(world)
    assert set(said.due) == {COUNTY, TOWN, SCHOOL, OTHER}
    assert {said.until(code) for code in (*said.due, "Q000000009")} == {DUE}
    assert said.own == {}


def test_an_extension_reaches_its_agency_and_month_alone(world):
    give(world, EXTENSION, TOWN, until=LATER)
    said = of_month(world)
    assert said.own == {TOWN: LATER}
    assert "展延至 extended to 2021-07-31 24:00（主管機關）" in said.due[TOWN].why
    assert "展延" not in said.due[SCHOOL].why
    assert of_month(world, "2021-07").own == {}


def test_below_reaches_all_below_in_that_months_tree(world):
    give(world, EXTENSION, COUNTY, below=True, until=LATER)
    assert set(of_month(world).own) == {COUNTY, TOWN, SCHOOL}


def test_of_two_extensions_the_later_holds(world):
    give(world, EXTENSION, COUNTY, below=True, until=LATER)
    give(world, EXTENSION, SCHOOL, until=LATER + timedelta(days=5))
    assert of_month(world).own == {COUNTY: LATER, TOWN: LATER, SCHOOL: LATER + timedelta(days=5)}


def test_an_exemption_takes_the_months_out(world):
    give(world, EXEMPTION, TOWN, months=("2021-06", "2021-07"))
    for month, owes in (("2021-05", True), ("2021-06", False), ("2021-07", False), ("2021-08", True)):
        assert (TOWN in of_month(world, month).due) == owes
    assert of_month(world).not_due[TOWN].why == "核准免報 exempt by grant: 颱風（主管機關）"


def test_an_exemption_without_an_end_holds_until_it_is_withdrawn(world):
    id_ = give(world, EXEMPTION, TOWN, months=("2021-06", None))
    assert TOWN not in of_month(world, "2031-06").due
    take_back(world, id_, "2021-09-01 09:00")
    assert TOWN in of_month(world, "2031-06").due


def test_as_of_a_moment_only_what_was_granted_and_not_withdrawn_then_counts(world):
    id_ = give(world, EXTENSION, TOWN, until=LATER, at="2021-07-10 09:00")
    take_back(world, id_, "2021-07-25 09:00")
    for moment, extended in (("2021-07-09 09:00", False), ("2021-07-10 09:00", True), ("2021-07-25 08:59", True)):
        assert bool(of_month(world, as_of=moment).own) == extended
    assert of_month(world, as_of="2021-07-25 09:00").own == of_month(world).own == {}


def test_the_same_grant_twice_is_one(world):
    assert give(world, EXTENSION, TOWN, until=LATER) == give(world, EXTENSION, TOWN, until=LATER)
    with reading(world.engine) as session:
        assert len(all_grants(session)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "Q000000009"}, "not in the register"),
        ({"months": ("2021-07", "2021-06")}, "is before it"),
        ({"until": DUE}, "give a later --until"),
        ({"until": None}, "needs its months and a moment"),
        ({"months": ("2021-06", None)}, "needs its months and a moment"),
        ({"months": ("2021-06", "2021-07")}, "2021-08-20 24:00"),
    ],
)
def test_what_cannot_be_granted(world, changes, said):
    wanted = {"code": TOWN, "until": LATER} | changes
    with pytest.raises(GrantRefused, match=said):
        give(world, EXTENSION, wanted.pop("code"), **wanted)
    with reading(world.engine) as session:
        assert all_grants(session) == []


def test_a_grant_is_withdrawn_once_and_with_a_reason(world):
    id_ = give(world, EXTENSION, TOWN, until=LATER)
    with pytest.raises(GrantRefused, match="no grant 99"):
        take_back(world, 99, "2021-07-25 09:00")
    with writing(world.engine) as session, pytest.raises(GrantRefused, match="a reason is needed"):
        withdraw_grant(session, id_, reason=" ", actor="test", at=LATER)
    take_back(world, id_, "2021-07-25 09:00")
    with pytest.raises(GrantRefused, match="withdrawn already"):
        take_back(world, id_, "2021-07-26 09:00")


def closed(world, code, *days):
    with writing(world.engine) as session:
        session.add_all(
            Closure(code=code, day=day, hours=hours, reason="颱風", by="test", at=taipei("2021-07-19 09:00"))
            for day, hours in days
        )


def test_offices_closed_on_the_due_day_have_until_the_next_day_on_which_they_work(world):
    closed(world, COUNTY, (date(2021, 7, 20), 8), (date(2021, 7, 21), 8))
    closed(world, OTHER, (date(2021, 7, 20), 4))
    said = of_month(world, calendar=KINDS)
    assert said.own == dict.fromkeys([COUNTY, TOWN, SCHOOL], taipei("2021-07-23 00:00"))
    assert of_month(world).own == {}  # as shipped the day stays
    assert of_month(world, calendar=KINDS, as_of="2021-07-19 08:00").own == {}


def test_a_due_day_gives_way_by_the_office_calendar_that_was_imported(world):
    assert of_month(world, calendar=KINDS).deadline == DUE
    with writing(world.engine) as session:
        turned = {date(2021, 7, 20): False, date(2021, 7, 21): False}
        import_calendar(session, calendar_file(2021, turned=turned), by="test", at=taipei("2021-07-19 09:00"))
    assert of_month(world, calendar=KINDS).deadline == taipei("2021-07-23 00:00")
    assert of_month(world, calendar=KINDS, as_of="2021-07-19 08:00").deadline == DUE
    assert of_month(world).deadline == DUE  # as shipped the day stays
    closed(world, COUNTY, (date(2021, 7, 22), 8))
    assert of_month(world, calendar=KINDS).own[COUNTY] == taipei("2021-07-24 00:00")


def test_a_kind_of_agency_has_its_own_day_and_closures_do_not_move_what_stays(world):
    with writing(world.engine) as session:
        session.query(Agency).filter_by(agency_code=SCHOOL).one().kind = "school"
    closed(world, COUNTY, (date(2021, 7, 20), 8))
    said = of_month(world, calendar=KINDS)
    assert said.own == {
        COUNTY: taipei("2021-07-22 00:00"), TOWN: taipei("2021-07-22 00:00"), SCHOOL: taipei("2021-07-26 00:00")
    }  # fmt: skip


def test_one_agencys_answer_is_that_of_its_month(world):
    give(world, EXTENSION, COUNTY, below=True, until=LATER)
    with reading(world.engine) as session:
        duties = Duties(session, shipped())
        said = duties.of_month("2021-06")
        for code in (COUNTY, TOWN, SCHOOL, OTHER, "Q000000009"):
            assert duties.until(code, "2021-06") == said.until(code)
        assert duties.deadlines("2021-06") == [DUE, LATER]


MOMENTS = st.integers(0, 120).map(lambda hours: DUE - timedelta(hours=60) + timedelta(hours=hours))


@given(
    st.lists(st.tuples(st.sampled_from([COUNTY, TOWN, SCHOOL, OTHER]), st.booleans(), st.integers(1, 400)), max_size=4)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_extensions_never_shorten_and_reach_nobody_else(world, asked):
    above = {COUNTY: {COUNTY}, TOWN: {TOWN, COUNTY}, SCHOOL: {SCHOOL, TOWN, COUNTY}, OTHER: {OTHER}}
    with writing(world.engine) as session:
        ids = [
            grant(
                session,
                Granted(EXTENSION, code, below, "2021-06", "2021-06", DUE + timedelta(hours=hours), "x", "y"),
                shipped(),
                actor="test",
                at=LATER,
            ).id
            for code, below, hours in asked
        ]
        said = Duties(session, shipped()).of_month("2021-06")
        for code, path in above.items():
            mine = [h for granted, below, h in asked if granted == code or (below and granted in path)]
            assert said.until(code) == DUE + timedelta(hours=max(mine, default=0))
        for id_ in set(ids):
            withdraw_grant(session, id_, reason="x", actor="test", at=LATER)
        assert Duties(session, shipped()).of_month("2021-06").own == {}


def test_who_waits_for_a_connection_makes_nobody_wait_who_has_one(world):
    """All connections are in use by those who ask for grants; one more asks who has none yet."""
    pool = world.engine.pool
    others = [world.engine.connect() for _ in range(pool.size() + pool._max_overflow - 1)]
    calendar = shipped()
    with reading(world.engine) as session, ThreadPoolExecutor() as threads:
        session.scalars(select(Agency)).all()
        waits = threads.submit(_grants_of_another_session, world.engine, calendar)
        while world.engine.pool.checkedout() < len(others) + 1 or not waits.running():
            time.sleep(0.01)
        time.sleep(0.2)  # it is in the pool's queue by now
        assert threads.submit(lambda: Duties(session, calendar).grants).result(timeout=120) == []
        for one in others:
            one.close()
        assert waits.result(timeout=120) == []


def _grants_of_another_session(engine, calendar):
    with reading(engine) as session:
        return Duties(session, calendar).grants

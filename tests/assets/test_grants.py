"""What an exemption or extension does to what is published: its own months, their ratios, and nothing else."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from assets.grants import give, take_back
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.words_of_people import NamesSomebody
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import FIRST, PERSON, document, installation
from tests.support.world import World, taipei
from warehouse.changes import changes_since
from warehouse.deadlines import TAIPEI
from warehouse.duties.calendar import COLUMNS
from warehouse.duties.grants import EXEMPTION, EXTENSION, Granted
from warehouse.ledger.audit import listed as audited
from warehouse.ledger.engine import reading
from warehouse.publish.database import open_warehouse
from warehouse.publish.publisher import publish
from warehouse.reports.query import report_frame_as_of

COUNTY, TOWN, OTHER = "C000000001", "T000000001", "O000000001"


@pytest.fixture
def here(tmp_path):
    """Three months of 2021 of three agencies, published on 1 May; TOWN was three days late in February."""
    settings = Settings(home=tmp_path)
    opened = platform(settings, actor="test", clock=lambda: taipei("2021-05-01 09:00"))
    world = World(tmp_path)
    for agency, parent in ((COUNTY, None), (TOWN, COUNTY), (OTHER, None)):
        world.agency(agency, parent, level=2 if parent is None else 3, authority=parent or agency, headcount=1)
        for month, at in (("2021-01", "02-05"), ("2021-02", "03-05"), ("2021-03", "04-05")):
            late = agency == TOWN and month == "2021-02"
            (landed,) = opened.landing.put_many([f"{agency} {month}".encode()])
            world.enter(agency, month, "2021-03-23 09:00" if late else f"2021-{at} 09:00", submission=landed.id)
    publish_now(opened, ())
    yield opened
    opened.engine.dispose()
    world.engine.dispose()


def ask(here, query):
    with open_warehouse(here.home.warehouse) as connection:
        return connection.execute(query).fetchall()


def written(here):
    files = here.home.published.glob("*/*=*/*.parquet")
    return {str(file.relative_to(here.home.published)): file.stat().st_ino for file in files}


def made_anew(here, before):
    return {file.split("/")[1] for file, node in written(here).items() if before.get(file) != node}


def extension(code=TOWN, month="2021-02", until="2021-04-01 00:00", *, below=False, reason="颱風"):
    return Granted(EXTENSION, code, below, month, month, taipei(until), "主管機關", reason)


LATE = f"SELECT on_time, days_late FROM reports.submission_status WHERE agency_code = '{TOWN}' AND month = '2021-02'"
RATIO = "SELECT on_time, late, on_time_ratio FROM reports.submission_ratios WHERE scope = 'authority'"


def test_an_extension_granted_after_publication_publishes_its_month_and_no_other(here):
    assert (ask(here, LATE), ask(here, RATIO)) == ([(False, 3)], [(5, 1, Decimal("83.33"))])
    before = written(here)
    done = give(here, extension())
    assert done.published == ("2021-02",)
    assert made_anew(here, before) == {"month=2021-02", "year=2021"}
    assert (ask(here, LATE), ask(here, RATIO)) == ([(True, 0)], [(6, 0, 100)])
    assert ask(here, "SELECT code, kind, because FROM core.duty_grants") == [(TOWN, "extension", "颱風")]


def test_withdrawn_it_is_as_if_it_had_never_been_and_the_audit_says_who_and_why(here):
    before = {name: ask(here, f"FROM reports.{name}") for name in ("due_months", "submission_status")}
    id_ = give(here, extension()).grant.id
    done = take_back(here, id_, "誤植")
    assert done.published == ("2021-02",)
    assert {name: ask(here, f"FROM reports.{name}") for name in before} == before
    one = done.grant
    assert (one.actor, one.withdrawn_by, one.withdrawn_because, one.withdrawn_at) == (
        "test", "test", "誤植", here.clock()
    )  # fmt: skip
    with reading(here.engine) as session:
        rows = audited(session, actions=("duty_granted", "duty_grant_withdrawn"))
    assert [(row.action, row.agency_code, row.month, row.concerns, row.reason) for row in rows] == [
        ("duty_granted", TOWN, "2021-02", f"grant {id_}: extension by 主管機關", "颱風"),
        ("duty_grant_withdrawn", TOWN, "2021-02", f"grant {id_}: extension by 主管機關", "誤植"),
    ]


def test_an_exemption_of_a_county_and_all_below_takes_them_out_of_the_ratios(here):
    done = give(here, Granted(EXEMPTION, COUNTY, True, "2021-03", None, None, "主管機關", "災害"))
    assert done.published == ("2021-03", "2021-04")
    query = "SELECT agency_code, due, outcome FROM reports.due_months WHERE month = '2021-03' ORDER BY 1"
    assert ask(here, query) == [
        (COUNTY, False, "not_due"),
        (OTHER, True, "on_time"),
        (TOWN, False, "not_due"),
    ]
    assert ask(here, RATIO.replace("on_time,", "due, on_time,", 1)) == [(4, 3, 1, 75)]


def test_as_of_a_moment_before_the_grant_the_month_is_late_and_after_it_is_not(here):
    give(here, extension())
    for away, on_time in ((-1, False), (0, True)):
        moment = here.clock() + timedelta(seconds=away)
        rows = report_frame_as_of(here.home, here.engine, "submission_status", 2021, as_of=moment, month="2021-02")
        assert bool(rows.set_index("agency_code").loc[TOWN, "on_time"]) == on_time


def test_changes_name_the_grant_as_the_cause(here):
    before = here.clock() - timedelta(seconds=1)
    give(here, extension(COUNTY, below=True))
    found = changes_since(here.home, here.engine, 2021, since=before, as_of=here.clock())
    moved = {(one.scope, one.agency_code, one.figure): (one.before, one.after) for one in found.moved}
    assert moved["agency", TOWN, "late"] == (1, 0)
    assert moved["authority", COUNTY, "on_time"] == (5, 6)
    assert {(one.kind, one.agency_code, one.month) for one in found.causes} == {("extension", COUNTY, "2021-02")}
    assert all(one.causes == (0,) for one in found.moved)


def test_an_extended_deadline_passes_by_itself(here):
    world_month = extension(OTHER, "2021-04", "2021-06-10 00:00")
    give(here, world_month)
    query = f"SELECT outcome FROM reports.due_months WHERE agency_code = '{OTHER}' AND month = '2021-04'"
    publish(here.home, here.engine, (), now=taipei("2021-06-09 23:59"))
    assert ask(here, query) == [("not_due_yet",)]
    before = written(here)
    publish(here.home, here.engine, (), now=taipei("2021-06-10 00:00"))
    assert ask(here, query) == [("missing",)]
    assert made_anew(here, before) == {"month=2021-04", "year=2021"}


def test_a_new_row_of_the_calendar_changes_its_own_months_alone(here):
    rows = (
        "*,,2021-02,+1 01 00:00,+1 20 24:00,stays,+2 last 17:00,+2 last 17:00,x",
        "*,2021-03,,+1 01 00:00,+1 04 24:00,stays,+2 last 17:00,+2 last 17:00,x",
    )
    here.home.duties.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    assert publish_now(here, ()).periods == ("2021-03", "2021-04")
    assert ask(
        here, "SELECT DISTINCT month FROM reports.submission_status WHERE NOT on_time AND month > '2021-02'"
    ) == [("2021-03",)]


def test_receipts_go_by_what_was_granted(tmp_path):
    here = installation(tmp_path, now=datetime(2021, 7, 25, 9, tzinfo=TAIPEI))
    (late,) = hand_in(here, [HandedIn("a", document(FIRST))])
    give(here, Granted(EXTENSION, FIRST, False, "2021-06", "2021-06", taipei("2021-07-31 00:00"), "主管機關", "颱風"))
    (extended,) = hand_in(here, [HandedIn("a", document(FIRST))])
    assert (late.on_time, late.days_late, extended.on_time, extended.days_late) == (False, 5, True, 0)
    assert extended.deadline == taipei("2021-07-31 00:00")
    here.engine.dispose()


def test_no_person_is_named_in_a_grant(tmp_path):
    here = installation(tmp_path)
    hand_in(here, [HandedIn("a", document(FIRST))])
    wanted = Granted(EXEMPTION, FIRST, False, "2021-06", "2021-06", None, "主管機關", "王小明請假")
    with pytest.raises(NamesSomebody):
        give(here, wanted)
    done = give(here, Granted(*(*(getattr(wanted, name) for name in Granted.__slots__[:-1]), f"{PERSON} 請假")))
    assert PERSON not in done.grant.reason
    assert done.published == ()  # nothing was ever published here
    here.engine.dispose()

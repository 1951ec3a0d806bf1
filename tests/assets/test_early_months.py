"""A month that has not ended is never on time: every place that judges of time says so of what came before its end."""

from dataclasses import replace

import dagster as dg
import duckdb
import pytest

from assets.agenda import asked_of
from assets.intake import HandedIn, hand_in
from assets.look import look
from assets.notices.owing import held
from assets.publishing import publish_now
from pipelines.cli.app import ending
from pipelines.metrics.of_months import by_month
from pipelines.metrics.part import Looked
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import document
from tests.support.world import World, taipei
from warehouse.ledger.engine import reading
from warehouse.publish.past import warehouse_as_of

EARLY, TWICE, WHOLE = "E000000001", "T000000001", "W000000001"
MONTH = "2021-03"
STATUS = "SELECT state, on_time, days_late FROM reports.submission_status WHERE agency_code = ? AND month = ?"
OUTCOME = "SELECT outcome, first_entered_at FROM reports.due_months WHERE agency_code = ? AND month = ?"
RATIO = "SELECT due, submitted, on_time, late, missing FROM reports.submission_ratios WHERE scope = 'country'"


@pytest.fixture
def world(tmp_path):
    """March: one came a second before it ended, one before and after, one after."""
    made = World(tmp_path)
    for agency in (EARLY, TWICE, WHOLE):
        made.agency(agency, name="機關", level=2, authority=agency, since="2021-03-01")
    made.enter(EARLY, MONTH, "2021-03-31 23:59:59", people=[1])
    made.enter(TWICE, MONTH, "2021-03-20 09:00", people=[2])
    made.enter(TWICE, MONTH, "2021-04-20 09:00", people=[2])
    made.enter(WHOLE, MONTH, "2021-04-01 00:00", people=[3])
    yield made
    made.engine.dispose()


@pytest.fixture
def at(tmp_path, world):
    """The platform at a moment, with all that has come published."""
    opened = platform(Settings(home=tmp_path), actor="test")

    def then(text):
        here = replace(opened, clock=lambda: taipei(text))
        publish_now(here, ())
        return here

    yield then
    opened.engine.dispose()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def ask(here, query, *values):
    with duckdb.connect(str(here.home.warehouse), read_only=True) as warehouse:
        return warehouse.execute(query, values).fetchall()


def test_the_reports_say_that_it_is_still_owed(at):
    before = at("2021-04-19 12:00")
    assert ask(before, STATUS, EARLY, MONTH) == [("entered", None, None)]
    assert ask(before, OUTCOME, EARLY, MONTH) == [("not_due_yet", None)]
    after = at("2021-04-21 12:00")
    assert ask(after, OUTCOME, EARLY, MONTH) == [("missing", None)]
    assert ask(after, STATUS, TWICE, MONTH) == [("entered", True, 0)]
    assert ask(after, OUTCOME, WHOLE, MONTH)[0][0] == "on_time"
    assert ask(after, RATIO) == [(3, 2, 2, 0, 1)]


def test_as_of_a_moment_says_the_same(at):
    here = at("2021-04-21 12:00")
    for moment, known in (("2021-04-19 09:00", None), ("2021-04-20 09:00", True)):
        with warehouse_as_of(here.home, here.engine, taipei(moment), 2021) as warehouse:
            assert warehouse.execute(STATUS, [TWICE, MONTH]).fetchone()[:2] == ("entered", known)


def test_the_overview_the_pulls_the_notices_and_the_metrics_ask_for_it(at, instance):
    here = at("2021-04-21 12:00")
    assert [debtor.agency_code for debtor in look(here, MONTH).late.debtors] == [EARLY]
    asked = asked_of(here, MONTH)
    assert [code for codes in asked.unanswered.values() for code in codes] == [EARLY]
    with reading(here.engine) as session:
        states = held(session, MONTH)
        assert [states[code].state for code in (EARLY, TWICE, WHOLE)] == ["missing", "entered", "entered"]
    families = {family.name: family for family in by_month(Looked(here, instance, here.clock()))}
    states = {sample.labels["state"]: sample.value for sample in families["attendance_agency_months"].samples}
    assert (states["entered"], states["missing"]) == (2, 1)


def test_the_terminal_names_whoever_reported_before_the_month_had_ended(at, monkeypatch, capsys):
    here = at("2021-04-21 12:00")
    monkeypatch.setenv("ATTENDANCE_HOME", str(here.home.root))
    ending(["status", "--month", MONTH])
    said = capsys.readouterr().out
    assert "月份未結束即報送" in "".join(said.split())
    assert EARLY in said
    assert TWICE not in said


def test_the_receipt_says_that_it_does_not_count(at):
    here = replace(at("2021-04-19 12:00"), clock=lambda: taipei("2021-04-30 23:59"))
    (receipt,) = hand_in(here, [HandedIn("4.json", document(EARLY, "2021-04"))])
    assert (receipt.deadline, receipt.on_time, receipt.days_late) == (taipei("2021-05-21 00:00"), None, None)

"""What is past its time goes, table by table and year by year; the figures of those years stay what they were."""

import shutil
from dataclasses import replace
from datetime import datetime

import duckdb
import pytest
from sqlalchemy import select

from assets import retention
from assets.decisions import withdraw
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.publishing import publish_now
from assets.rebuild import rebuild
from assets.retention import apply, standing
from assets.reviewing import review
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.installations import FIRST, NOW, SECOND, THIRD, MadeOnce, document, installation, refused, with_error
from tests.support.noticed import Clock
from tests.support.object_store import settings_of
from warehouse.deadlines import TAIPEI
from warehouse.doctor import diagnose
from warehouse.ledger.audit import listed as audited
from warehouse.ledger.bundles import bundles_of
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Submission
from warehouse.ledger.retirements import YearRetired
from warehouse.publish.database import open_warehouse
from warehouse.reports.query import report_frame_as_of
from warehouse.retention.policy import RetentionRefused, read_policy

MONTHS = ("2021-11", "2021-12", "2022-01", "2022-02")
#: 2021 is past its three years, 2022 is not.
LATER = datetime(2025, 6, 1, 9, tzinfo=TAIPEI)
RECORDS = ("employees", "shifts", "leaves", "overtime", "clockings")
REPORTS = (
    *(
        f"reports.{name}"
        for name in ("due_months", "submission_status", "monthly_counts", "summary", "submission_ratios")
    ),
    *("core.submissions", "core.reviews"),
)


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture(scope="module")
def two_years(tmp_path_factory):
    def filled(home):
        clock = Clock(NOW)
        made = replace(installation(home), clock=clock)
        fill(made, clock)
        made.engine.dispose()

    return MadeOnce(tmp_path_factory.mktemp("two_years") / "home", filled)


@pytest.fixture
def opened(two_years, clock):
    """Two years of three agencies: sound, faulty, corrected and refused; published; now it is `LATER`."""
    clock.now = LATER
    with two_years.brought_back() as home:
        made = platform(Settings(home=home), actor="test", clock=clock)
        yield made
        made.engine.dispose()


def fill(made, clock):
    for month in MONTHS:
        clock.now = datetime(int(month[:4]) + (month[5:] == "12"), int(month[5:]) % 12 + 1, 5, 9, tzinfo=TAIPEI)
        for make, agency in ((document, FIRST), (with_error, SECOND), (refused, THIRD)):
            hand_in(made, [HandedIn(agency, make(agency, month))])
        enter(made, month)
        hand_in(made, [HandedIn("corrected", document(SECOND, month, leaves=[]))])
        enter(made, month)
    hand_in(made, [HandedIn("noise", b"noise")])
    enter(made, MONTHS[-1])
    review(made)
    publish_now(made, MONTHS)
    clock.now = LATER
    publish_now(made, ())


def keep(opened, years=3, **others):
    tables = dict.fromkeys(("landing", *RECORDS, "findings", "notices"), years) | others
    rows = [f"{table},{'' if kept is None else kept}," for table, kept in tables.items()]
    opened.home.retention.write_text("\n".join(["table,years,source", *rows]), encoding="utf-8")


def rows(opened, table, year=None):
    where = "" if year is None else f" WHERE {'month' if 'ratios' not in table else 'year::VARCHAR'} LIKE '{year}%'"
    with open_warehouse(opened.home.warehouse) as warehouse:
        return warehouse.execute(f"FROM {table}{where} ORDER BY ALL").fetchall()


def all_of(opened, year):
    return {name: rows(opened, name, year) for name in REPORTS}


def documents(opened, year):
    with reading(opened.engine) as session:
        ids = session.scalars(select(Submission.id).where(Submission.month.startswith(str(year)))).all()
    return set(ids) & set(opened.landing.ids())


def faults(opened):
    found = diagnose(opened.home, lambda: None, opened.landing.ring)
    return [(one.name, one.found) for one in found if not one.ok]


def test_a_year_past_its_time_goes_and_its_figures_stay(opened):
    keep(opened)
    before = {year: all_of(opened, year) for year in (2021, 2022)}
    assert all(before[2021].values())
    assert documents(opened, 2021)
    gone = apply(opened, "檔案保存年限區分表")
    assert {(one.table, one.year) for one in gone} == {(table, 2021) for table in ("landing", *RECORDS, "findings")}
    assert {year: all_of(opened, year) for year in (2021, 2022)} == before
    assert [name for name in (*RECORDS, "findings", "findings_history") if rows(opened, f"core.{name}", 2021)] == []
    assert rows(opened, "core.leaves", 2022)
    assert documents(opened, 2021) == set()
    assert len(documents(opened, 2022)) == 8
    assert not list(opened.home.store.glob("*/month=2021-*"))
    assert faults(opened) == []
    with reading(opened.engine) as session:
        told = audited(session, actions=("retired",))
    assert {(one.concerns.split(":")[0], one.reason) for one in told} == {
        (f"{one.table} 2021", "檔案保存年限區分表") for one in gone
    }
    assert apply(opened, "again") == []


def test_the_figures_outlive_the_published_files_and_a_rebuild(opened):
    keep(opened)
    before = {year: all_of(opened, year) for year in (2021, 2022)}
    details = rows(opened, "core.leaves", 2022)
    apply(opened, "x")
    shutil.rmtree(opened.home.published)
    opened.home.warehouse.unlink()
    publish_now(opened, ())
    assert {year: all_of(opened, year) for year in (2021, 2022)} == before
    rebuild(opened)
    assert {year: all_of(opened, year) for year in (2021, 2022)} == before
    assert rows(opened, "core.leaves", 2022) == details
    assert faults(opened) == []


def test_a_table_alone_goes_with_the_documents_and_the_others_stay(opened):
    keep(opened, years=None, landing=3, overtime=3)
    leaves, findings = rows(opened, "core.leaves", 2021), rows(opened, "core.findings", 2021)
    before = all_of(opened, 2021)
    assert {one.table for one in apply(opened, "x")} == {"landing", "overtime"}
    assert rows(opened, "core.overtime", 2021) == []
    assert (rows(opened, "core.leaves", 2021), rows(opened, "core.findings", 2021)) == (leaves, findings)
    shutil.rmtree(opened.home.published)
    rebuild(opened)
    assert (rows(opened, "core.leaves", 2021), all_of(opened, 2021)) == (leaves, before)
    assert faults(opened) == []


def test_nothing_of_a_retired_year_changes_any_more(opened):
    keep(opened)
    before = all_of(opened, 2021)
    apply(opened, "x")
    hand_in(opened, [HandedIn("late", document(THIRD, "2021-12"))])
    (outcome,) = enter(opened, "2021-12").outcomes
    assert (outcome.state, list(outcome.top_rules)) == ("refused", ["F012"])
    with pytest.raises(YearRetired):
        withdraw(opened, FIRST, "2021-12", "x")
    with pytest.raises(YearRetired):
        report_frame_as_of(opened.home, opened.engine, "summary", 2021, as_of=LATER)
    review(opened, everything=True)
    publish_now(opened, ())
    assert all_of(opened, 2021) == before


@pytest.mark.parametrize("step", ["_remove", "_retire", "publish_now"])
def test_a_removal_that_is_cut_off_is_finished_by_the_next(opened, monkeypatch, step):
    keep(opened)
    before = all_of(opened, 2021)

    def dies(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(retention, step, dies)
        with pytest.raises(KeyboardInterrupt):
            apply(opened, "x")
    publish_now(opened, ())
    assert all_of(opened, 2021) == before
    assert [name for name, _ in faults(opened)] == (["保存年限 retention"] if step == "_remove" else [])
    apply(opened, "x")
    assert documents(opened, 2021) == set()
    assert (all_of(opened, 2021), faults(opened)) == (before, [])


def test_what_waits_for_its_check_or_is_not_closed_is_not_removed(opened, clock):
    keep(opened, years=0)
    clock.now = datetime(2022, 2, 1, 9, tzinfo=TAIPEI)
    with pytest.raises(RetentionRefused, match="2021 年度尚未關帳"):
        apply(opened, "x")
    clock.now = LATER
    hand_in(opened, [HandedIn("late", document(THIRD, "2021-12"))])
    with pytest.raises(RetentionRefused, match="attendance run --month 2021-12"):
        apply(opened, "x")
    assert documents(opened, 2021)
    with pytest.raises(RetentionRefused, match="--reason"):
        apply(opened, " ")


def test_what_changes_while_it_is_archived_is_not_removed(opened, monkeypatch):
    keep(opened)
    kept = retention.archive.keep

    def changed(home, year):
        withdraw(opened, FIRST, "2021-12", "x")
        return kept(home, year)

    monkeypatch.setattr(retention.archive, "keep", changed)
    with pytest.raises(RetentionRefused, match="2021-12"):
        apply(opened, "x")
    assert documents(opened, 2021)


def test_standing_says_what_is_kept_due_and_gone(opened):
    keep(opened)
    due = {(one.held.table, one.held.year): (one.held.items, one.due) for one in standing(opened)}
    assert due["landing", 2021] == (8, True)
    assert due["landing", 2022] == (9, False)  # with the noise, by when it came
    assert due["leaves", 2021] == (4, True)  # those of what was replaced too
    apply(opened, "x")
    gone = {(one.held.table, one.held.year): one.gone for one in standing(opened)}
    assert gone["landing", 2021].reason == "x"
    assert gone["landing", 2022] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("table,years\nlanding,5\nleaves,3", "leaves"),
        ("table,years\nleaves,3", "leaves"),
        ("table,years\npayroll,3", "payroll"),
        ("table,years\nlanding,3\nlanding,4", "重複"),
        ("table,years\nlanding,-1", "0–100"),
        ("a,b\n1,2", "table, years"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(text, said):
    with pytest.raises(RetentionRefused, match=said):
        read_policy(text, "retention.csv")


def test_as_shipped_everything_is_kept(opened):
    assert not any(one.due for one in standing(opened))
    assert apply(opened, "x") == []
    assert isinstance(rows(opened, "core.leaves", 2021), list)
    with duckdb.connect(str(opened.home.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM core.leaves WHERE month LIKE '2021%'").fetchone() != (0,)


@pytest.fixture
def on_objects(tmp_path, clock, object_store):
    made = replace(installation(tmp_path, **settings_of(object_store), entry_workers=1), clock=clock)
    fill(made, clock)
    yield made
    made.engine.dispose()


def test_on_an_object_store_a_year_goes_as_a_whole(on_objects):
    keep(on_objects, years=None, landing=3, overtime=3)
    with pytest.raises(RetentionRefused, match="一併"):
        apply(on_objects, "x")
    keep(on_objects)
    before = {year: all_of(on_objects, year) for year in (2021, 2022)}
    apply(on_objects, "x")
    assert documents(on_objects, 2021) == set()
    with reading(on_objects.engine) as session:
        assert {month[:4] for month in bundles_of(session)} == {"2022", "unkn"}
    elsewhere = replace(on_objects, home=replace(on_objects.home, root=on_objects.home.root / "elsewhere").create())
    rebuild(elsewhere)
    for machine in (on_objects, elsewhere):
        publish_now(machine, ())
        assert {year: all_of(machine, year) for year in (2021, 2022)} == before
        assert faults(machine) == []

"""The look over a real ledger: now, as of a moment, of an authority, before anything is published; charts; Dagster."""

from dataclasses import replace
from datetime import datetime, timedelta

import dagster as dg
import pytest
from fontTools.ttLib import TTFont

from assets import charts
from assets.font import FONT
from assets.late_and_missing import KEY
from assets.look import look
from assets.publishing import publish_now
from pipelines.definitions import defs
from pipelines.resources import platform
from pipelines.settings import Settings
from tests.support.world import World, taipei
from warehouse.duties.calendar import shipped
from warehouse.duties.grants import EXTENSION, Granted, grant
from warehouse.ledger.engine import writing
from warehouse.ledger.outbox import MAIL, OVERDUE, SENDING, SENT, WEBHOOK, Telling, claim, listed, queue, settle

COUNTY, TOWN, OTHER = "C000000001", "T000000001", "O000000001"
NOW = taipei("2021-04-24 12:00")


@pytest.fixture
def here(tmp_path):
    """Three agencies and March of 2021: COUNTY on time, TOWN refused, OTHER late since this morning, NONE of April."""
    opened = platform(Settings(home=tmp_path), actor="test", clock=lambda: NOW)
    world = World(tmp_path)
    for agency, parent, name in ((COUNTY, None, "青川縣政府"), (TOWN, COUNTY, "三溪鄉公所"), (OTHER, None, "工程部")):
        world.agency(agency, parent, name=name, level=3 if parent else 2, authority=parent or agency)
        world.enter(agency, "2021-02", "2021-03-05 09:00")
    world.enter(COUNTY, "2021-03", "2021-04-05 09:00")
    world.refuse(TOWN, "2021-03", "2021-04-06 09:00", findings=[("F005", "fatal", None)])
    world.enter(OTHER, "2021-03", "2021-04-24 09:00")
    yield opened
    opened.engine.dispose()
    world.engine.dispose()


def test_in_one_look_who_owes_since_when_and_what_changed_since_yesterday(here):
    publish_now(here, ())
    one = look(here)
    assert [(line.month, line.on_time, line.late, line.missing) for line in one.late.months] == [
        ("2021-02", 3, 0, 0),
        ("2021-03", 1, 1, 1),
    ]
    (debtor,) = one.late.debtors
    assert (debtor.agency_code, debtor.agency_name, debtor.days, debtor.refused) == (TOWN, "三溪鄉公所", 4, True)
    (authority,) = one.late.authorities
    assert (authority.authority_code, authority.authority_name, authority.overdue) == (COUNTY, "青川縣政府", 1)
    assert [(event.kind, event.agency_code) for event in one.events] == [("came", OTHER)]
    assert one.newly_overdue == []


def test_what_went_overdue_since_yesterday_and_what_was_granted_is_told(here):
    with writing(here.engine) as session:
        wanted = Granted(EXTENSION, OTHER, False, "2021-03", "2021-03", taipei("2021-04-30 00:00"), "x", "y")
        grant(session, wanted, shipped(), actor="test", at=taipei("2021-04-20 12:00"))
    morning = replace(here, clock=lambda: taipei("2021-04-21 07:00"))
    publish_now(morning, ())
    one = look(morning, "2021-03", as_of=taipei("2021-04-21 07:00"))
    assert [owed.agency_code for owed in one.newly_overdue] == [TOWN]
    assert [(event.kind, event.agency_code) for event in one.events] == [("extension", OTHER)]
    (line,) = one.late.months
    assert (line.missing, line.open) == (1, 1)


def test_reminders_are_the_notices_that_went_out_counted_once_an_occasion(here):
    sent = taipei("2021-04-21 08:00")
    told = [Telling(OVERDUE, TOWN, "2021-03", "day +1"), Telling(OVERDUE, TOWN, "2021-03", "day +7")]
    with writing(here.engine) as session:
        for way, telling in ((MAIL, told[0]), (WEBHOOK, told[0]), (MAIL, told[1])):
            queue(session, way, [telling], sent)
        for way in (MAIL, WEBHOOK):  # the second mail still waits
            claim(session, way, "sender", 1, sent)
        for notice in listed(session, most=9, state=SENDING):
            settle(session, notice.id, "sender", SENT, detail=None, actor="test", at=sent)
    assert reminders(look(here)) == {TOWN: (1, datetime(2021, 4, 21, 8))}
    assert reminders(look(here, "2021-03", as_of=taipei("2021-04-21 07:00"))) == {TOWN: (0, None), OTHER: (0, None)}


def reminders(one):
    return {debtor.agency_code: (debtor.reminded, debtor.reminded_at) for debtor in one.late.debtors}


def test_the_same_as_published_as_of_now_and_before_anything_was_published(here):
    before = look(here)
    publish_now(here, ())
    assert look(here) == before == look(here, as_of=NOW)


def test_as_of_a_moment_and_of_one_authority(here):
    publish_now(here, ())
    then = look(here, "2021-03", as_of=taipei("2021-04-22 12:00"))
    assert {one.agency_code for one in then.late.debtors} == {TOWN, OTHER}
    below = look(here, "2021-03", as_of=taipei("2021-04-22 12:00"), authority=COUNTY)
    assert [one.agency_code for one in below.late.owed] == [COUNTY, TOWN]


def test_an_installation_with_nothing_in_it(tmp_path):
    empty = platform(Settings(home=tmp_path), clock=lambda: NOW)
    one = look(empty)
    assert (one.late.months, one.late.debtors, one.events) == ([], [], [])
    assert charts.charts(one) == {}
    assert charts.rendered(charts.picture(one), "png").startswith(b"\x89PNG")
    empty.engine.dispose()


def test_charts_are_pictures_and_in_svg_letters_are_outlines(here):
    one = look(here)
    drawn = charts.charts(one)
    assert set(drawn) == {"months", "arrivals", "authorities"}
    for figure in drawn.values():
        assert charts.rendered(figure, "png").startswith(b"\x89PNG")
    svg = charts.rendered(charts.picture(one), "svg")
    assert b"<text" not in svg
    assert svg == charts.rendered(charts.picture(one), "svg")


def test_no_letter_of_a_chart_is_missing_from_the_font(here, recwarn):
    charts.rendered(charts.picture(look(here)), "png")
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []


def test_the_shipped_font_holds_big5_level_1_and_a_long_agency_name():
    held = TTFont(FONT).getBestCmap()
    level_1 = {
        bytes([high, low]).decode("cp950")
        for high in range(0xA4, 0xC6)
        for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    }
    assert len(level_1) > 5000
    assert [
        character for character in (*level_1, *"宜蘭縣礁溪鄉公所埤壢磺崁（）0123456789%") if ord(character) not in held
    ] == []


def test_dagster_shows_it_with_numbers_tables_charts_and_checks(here):
    publish_now(here, ())
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("look")
        assert job.execute_in_process(instance=instance, resources={"platform": here}).success
        (record,) = instance.fetch_materializations(KEY, limit=1).records
    metadata = record.asset_materialization.metadata
    assert metadata["逾期未報送機關 agencies overdue"].value == 1
    assert "三溪鄉公所" in metadata["誰未報送 who owes"].value
    assert "未提醒" in metadata["誰未報送 who owes"].value
    assert metadata["圖 charts"].value.count("](data:image/png;base64,") == 3
    assert sum(len(one.value) for one in metadata.values() if isinstance(one.value, str)) < 400_000


def test_it_stays_fresh_for_a_day_and_some_hours():
    policy = defs.resolve_asset_graph().get(KEY).freshness_policy
    assert timedelta(days=1) < policy.fail_window.to_timedelta() < timedelta(days=2)

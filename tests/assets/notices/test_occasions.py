"""Who is told what and when: once an occasion, of what still holds, and of nothing that is long past."""

from dataclasses import replace
from hashlib import sha256

import pytest

from assets.notices.config import NoticeConfig
from assets.notices.sending import due
from assets.platform import Platform
from tests.support.installations import AGENCIES, AUTHORITY, FIRST, SECOND, THIRD, document, refused, with_error
from tests.support.noticed import MONTH, SECRET, Clock, mail_config, noticed, submit
from tests.support.world import taipei
from warehouse.duties.calendar import shipped
from warehouse.duties.grants import EXEMPTION, EXTENSION, Granted, grant
from warehouse.ledger.decisions import revert, withdraw
from warehouse.ledger.engine import writing


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path, clock):
    platform = noticed(tmp_path, clock, mail_config(tmp_path, "smtp://127.0.0.1:1"))
    yield platform
    platform.engine.dispose()


def told(opened: Platform) -> set[tuple[str, str]]:
    """Kind and agency of what is to be told now, digests aside."""
    asked, _ = due(opened, opened.clock())
    return {(one.kind, one.agency_code) for ways in asked.values() for one in ways if one.kind != "digest"}


def occasions(opened: Platform, kind: str) -> set[str]:
    asked, _ = due(opened, opened.clock())
    return {one.occasion for ways in asked.values() for one in ways if one.kind == kind}


def test_reminders_come_on_their_mornings_to_whoever_has_nothing_entered(opened, clock):
    submit(opened, document, FIRST)
    submit(opened, refused, SECOND)
    waiting = {AUTHORITY, SECOND, THIRD}
    days = [
        ((13, 7), "due_soon", set()),
        ((13, 8), "due_soon", {"day -7"}),
        ((18, 8), "due_soon", {"day -7"}),
        ((19, 8), "due_soon", {"day -1"}),
        ((20, 23), "due_soon", {"day -1"}),
        ((21, 7), "overdue", set()),
        ((21, 8), "overdue", {"day +1"}),
        ((27, 8), "overdue", {"day +7"}),
    ]
    for at, kind, occasion in days:
        clock.to(*at)
        assert occasions(opened, kind) == occasion, at
        assert {agency for its, agency in told(opened) if its == kind} == (waiting if occasion else set()), at
    clock.to(20, month=8)  # a week and more after the last reminder: nobody is told what is long past
    assert occasions(opened, "overdue") == set()


def test_who_was_granted_more_time_is_reminded_of_that_and_who_owes_nothing_of_nothing(opened, clock):
    clock.to(19)
    assert occasions(opened, "due_soon") == {"day -1"}
    with writing(opened.engine) as session:
        for kind, code, until in ((EXTENSION, FIRST, taipei("2021-08-01 00:00")), (EXEMPTION, SECOND, None)):
            wanted = Granted(kind, code, False, MONTH, MONTH, until, "主管機關", "颱風")
            grant(session, wanted, shipped(), actor="test", at=clock())
    assert {agency for _, agency in told(opened)} == {AUTHORITY, THIRD}
    clock.to(21)
    assert told(opened) == {("overdue", AUTHORITY), ("overdue", THIRD)}
    clock.to(30)
    assert ("due_soon", FIRST) in told(opened)
    assert "day -1 of 2021-07-31" in occasions(opened, "due_soon")
    clock.to(1, month=8)
    assert told(opened) == {("overdue", AUTHORITY), ("overdue", THIRD), ("overdue", FIRST)}


def test_what_was_judged_is_told_as_the_newest_judgement_has_it(opened, clock):
    submit(opened, document, FIRST)
    assert told(opened) == set()  # entered at once, without a fault: the receipt says it all
    submit(opened, with_error, SECOND)
    submit(opened, refused, THIRD)
    assert told(opened) == {("entered_with_errors", SECOND), ("refused", THIRD)}
    clock.to(7)
    submit(opened, document, SECOND)
    submit(opened, document, THIRD)
    assert told(opened) == {("mended", SECOND), ("mended", THIRD)}
    submit(opened, document, FIRST, leaves=[])
    assert ("superseded", FIRST) in told(opened)
    clock.to(16)
    assert told(opened) == {("due_soon", AUTHORITY)}  # what was judged a week ago and more is not told any more


def test_decisions_are_told_to_whom_they_concern(opened, clock):
    submit(opened, document, FIRST)
    clock.to(7)
    with writing(opened.engine) as session:
        withdraw(session, FIRST, MONTH, reason="報錯月份", actor="test", at=clock())
    assert told(opened) == {("withdrawn", FIRST)}
    clock.to(8)
    with writing(opened.engine) as session:
        revert(session, FIRST, MONTH, sha256(document(FIRST)).hexdigest(), reason="撤錯了", actor="test", at=clock())
    assert ("superseded", FIRST) in told(opened)


def test_authorities_get_a_digest_of_all_below_them_and_only_they(opened, clock):
    clock.to(17, 8)
    asked, _ = due(opened, clock())
    digests = [(one.agency_code, one.occasion) for one in asked["mail"] if one.kind == "digest"]
    assert digests == [(AUTHORITY, "day -3")]


def test_mail_goes_where_there_are_addresses_and_the_others_are_named(tmp_path, clock):
    config = mail_config(tmp_path, "smtp://127.0.0.1:1", {FIRST: "hr@first.example"})
    opened = noticed(tmp_path, clock, config)
    clock.to(13)
    asked, unreachable = due(opened, clock())
    assert [one.agency_code for one in asked["mail"]] == [FIRST]
    assert unreachable == set(AGENCIES) - {FIRST}
    opened.engine.dispose()


def test_a_webhook_is_told_of_everybody(tmp_path, clock):
    opened = noticed(tmp_path, clock, NoticeConfig(webhook_url="http://127.0.0.1:1/", webhook_secret=SECRET))
    clock.to(21)
    asked, unreachable = due(opened, clock())
    assert {one.agency_code for one in asked["webhook"] if one.kind == "overdue"} == set(AGENCIES)
    assert [one.agency_code for one in asked["webhook"] if one.kind == "digest"] == [AUTHORITY]
    assert unreachable == set()
    opened.engine.dispose()


def test_an_installation_that_never_entered_anything_reminds_nobody(tmp_path, clock):
    opened = replace(noticed(tmp_path, clock, mail_config(tmp_path, "smtp://127.0.0.1:1")), first_month=None)
    clock.to(21)
    assert told(opened) == set()
    opened.engine.dispose()

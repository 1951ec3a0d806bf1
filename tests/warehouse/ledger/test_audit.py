"""The audit: in it is whatever was done, in one chain however many write at once, and nobody changes it unseen."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import DBAPIError

from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, result, sha
from warehouse.ledger.audit import ACTIONS, Deed, anchor_text, head, listed, note, stands
from warehouse.ledger.audit_chain import BEGINNING, Anchor, Link, hash_of
from warehouse.ledger.audit_check import Noted, verify
from warehouse.ledger.decisions import revert, withdraw
from warehouse.ledger.engine import open_ledger, reading, writing
from warehouse.ledger.migrate import configuration
from warehouse.ledger.models import Explanation
from warehouse.ledger.office_calendar import Closure


def entries(ledger: Engine, **wanted) -> list[tuple[str, str, str | None]]:
    with reading(ledger) as session:
        return [(one.action, one.actor, one.reason) for one in listed(session, **wanted)]


def faults(ledger: Engine, *noted: Noted) -> list[str]:
    with reading(ledger) as session:
        return [one.found for one in verify(session, noted).faults]


def head_of(ledger: Engine) -> Anchor:
    with reading(ledger) as session:
        return head(session)


@pytest.fixture
def used(ledger: Engine) -> Engine:
    """Two documents handed in, the second withdrawn and the first back."""
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a"))
    arrive(ledger, arrived("b", day(6)))
    judge(ledger, result("b", "entered_with_errors"))
    with writing(ledger) as session:
        withdraw(session, AGENCY, MONTH, reason="報錯月份", actor="cli:chen", at=day(7))
    with writing(ledger) as session:
        revert(session, AGENCY, MONTH, sha("a"), reason="前一份無誤", actor="cli:chen", at=day(8))
    return ledger


def test_it_says_who_did_what_and_why(used):
    assert entries(used) == [
        ("received", "manual", None),
        ("entered", "pipeline", None),
        ("received", "manual", None),
        ("entered_with_errors", "pipeline", None),
        ("superseded", "pipeline", f"by {sha('b')}"),
        ("withdrawn", "cli:chen", "報錯月份"),
        ("entered", "cli:chen", "前一份無誤"),
        ("reverted", "cli:chen", "前一份無誤"),
    ]
    assert {action for action, _, _ in entries(used)} <= set(ACTIONS)
    assert faults(used) == []


def test_it_is_asked_by_agency_month_actor_action_and_time(used):
    arrive(used, arrived("c", day(9), "376500001A", "2021-07"))
    assert len(entries(used, agency_code=AGENCY)) == 8
    assert entries(used, month="2021-07") == [("received", "manual", None)]
    assert len(entries(used, actor="cli:chen")) == 3
    assert len(entries(used, actions=["withdrawn", "reverted"])) == 2
    assert [action for action, _, _ in entries(used, since=day(7), until=day(8))] == ["withdrawn"]
    assert [action for action, _, _ in entries(used, agency_code=AGENCY, most=2)] == ["entered", "reverted"]


def test_what_is_undone_was_not_done(ledger):
    with contextlib.suppress(ZeroDivisionError), writing(ledger) as session:
        note(session, [Deed("rebuilt", "clerk")])
        session.execute(text("SELECT 1")).scalar_one() / 0
    with writing(ledger) as session:
        note(session, [Deed("rebuilt", "another")])
    assert entries(ledger) == [("rebuilt", "another", None)]
    assert faults(ledger) == []


def test_what_a_savepoint_holds_is_chained_once(ledger):
    with writing(ledger) as session, session.begin_nested():
        note(session, [Deed("rebuilt", "clerk")])
    assert entries(ledger) == [("rebuilt", "clerk", None)]


def test_text_that_no_database_holds_is_hashed_as_it_is_stored(ledger):
    with writing(ledger) as session:
        note(session, [Deed("rebuilt", "x" * 300, reason="\0\ud800𠮷" + "長" * 600)])
    assert faults(ledger) == []


def test_many_writers_make_one_chain(ledger):
    writers, each = 6, 5
    barrier = threading.Barrier(writers)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(each):
            agency = f"{number:05}{turn:05}"
            arrive(ledger, arrived(f"{number} {turn}", day(5), agency, f"2021-{number + 1:02}"))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    assert faults(ledger) == []
    assert head_of(ledger).seq == writers * each


def test_the_database_itself_refuses_changes(used):
    for change in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"), used.begin() as connection:
            connection.execute(text(change))


def tamper(ledger: Engine, *changes: str) -> None:
    """As whoever owns the database could: the guard first, then the rows."""
    with ledger.begin() as connection:
        _unguard(connection)
        for change in changes:
            connection.execute(text(change))


def _unguard(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER IF EXISTS audit_append_only ON audit"))
    else:
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{change}"))


def chain_anew(ledger: Engine, first: int) -> None:
    """Give every row from `first` on a hash that fits, as a forger would who knows the format."""
    with reading(ledger) as session:
        rows = listed(session)
    last = BEGINNING
    for row in rows:
        link = Link(*(getattr(row, name) for name in Link._fields))
        last = hash_of(last, link) if row.seq >= first else row.hash
        tamper(ledger, f"UPDATE audit SET hash = '{last}' WHERE seq = {row.seq}")


TAMPERINGS: dict[str, tuple[Callable[[Engine], None], str]] = {
    "a row changed": (lambda one: tamper(one, "UPDATE audit SET actor = 'cli:wang' WHERE seq = 6"), "row 6 "),
    "a reason taken away": (lambda one: tamper(one, "UPDATE audit SET reason = NULL WHERE seq = 8"), "row 8 "),
    "a row removed": (lambda one: tamper(one, "DELETE FROM audit WHERE seq = 3"), "rows 3 to 3 are gone"),
    "the first row removed": (lambda one: tamper(one, "DELETE FROM audit WHERE seq = 1"), "rows 1 to 1 are gone"),
    "a row put in": (
        lambda one: tamper(
            one,
            "UPDATE audit SET seq = seq + 100 WHERE seq > 4",
            "UPDATE audit SET seq = seq - 99 WHERE seq > 100",
            "INSERT INTO audit SELECT 5, at, actor, action, agency_code, month, concerns, reason, hash FROM audit "
            "WHERE seq = 4",
        ),
        "row 5 ",
    ),
    "the last rows removed": (lambda one: tamper(one, "DELETE FROM audit WHERE seq > 6"), "not in the audit"),
    "a change of state removed": (
        lambda one: tamper(one, "DELETE FROM transitions WHERE to_state = 'withdrawn'"),
        "in the audit are not in the ledger",
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_where_it_is(used, what):
    change, found = TAMPERINGS[what]
    change(used)
    assert any(found in fault for fault in faults(used)), faults(used)


def test_a_state_that_no_change_led_to_is_found(used):
    with used.connect() as connection:
        raw = connection.connection.cursor()
        raw.execute("UPDATE submissions SET state = 'entered' WHERE state = 'withdrawn'")
        connection.connection.commit()
    assert any("no change led to" in fault for fault in faults(used))


def test_rows_removed_with_all_that_spoke_of_them_are_missed_by_whoever_noted_the_head(used):
    noted = Noted(head_of(used), "a receipt")
    assert faults(used, noted) == []
    tamper(used, "DELETE FROM audit WHERE action = 'reverted'")
    assert faults(used) == []
    assert [fault for fault in faults(used, noted) if "was a row 8" in fault]


def test_an_audit_chained_anew_is_not_the_one_that_was_noted(used):
    noted = Noted(head_of(used), "a receipt")
    tamper(used, "UPDATE audit SET reason = '另有原因' WHERE action = 'reverted'")
    chain_anew(used, first=8)
    assert faults(used) == []
    assert [fault for fault in faults(used, noted) if "row 8 is not the one" in fault]


def test_what_a_restored_backup_lacks_can_be_accepted_and_that_is_in_the_audit(used):
    lost = Anchor(99, "f" * 64)
    with reading(used) as session:
        assert not stands(session, lost)
    with writing(used) as session:
        note(session, [Deed("anchor_accepted", "cli:chen", concerns=anchor_text(lost), reason="硬碟故障")])
    with reading(used) as session:
        assert stands(session, lost)
    assert faults(used, Noted(lost, "the newest publishing")) == []


def test_a_ledger_of_before_is_chained_as_it_stands(ledger_url):
    ledger = open_ledger(ledger_url)
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a"))
    with ledger.begin() as connection:
        at = datetime(2021, 7, 9, tzinfo=UTC)
        answer = {"agency_code": AGENCY, "finding_key": "k" * 32, "rule": "W203", "by": "人事室", "at": at}
        connection.execute(insert(Explanation), {**answer, "reason_code": "emergency"})
        connection.execute(insert(Closure), {"code": AGENCY, "day": date(2021, 7, 8), "hours": 8, "by": "c", "at": at})
        command.downgrade(configuration(connection), "0004")
    ledger.dispose()
    ledger = open_ledger(ledger_url)
    actions = [action for action, _, _ in entries(ledger)]
    assert sorted(actions[:-1]) == ["closure_declared", "entered", "explained", "received"]
    assert actions[-1] == "chain_began"
    assert faults(ledger) == []
    arrive(ledger, arrived("b", day(6)))
    assert faults(ledger) == []
    ledger.dispose()

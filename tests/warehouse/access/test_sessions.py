"""Sessions: idle and at their age, ended, swept; the ledger holds nothing by which anybody could sign in."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.installations import NOW
from warehouse.access.sessions import (
    Lifetime,
    begin_session,
    end_session,
    end_sessions_of,
    heard_of,
    session_of,
)
from warehouse.ledger.access import PortalSession
from warehouse.ledger.engine import reading, writing

LIFETIME = Lifetime()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def begun(ledger):
    """The cookie of a session of `head`, begun now."""
    with writing(ledger) as session:
        cookie, _ = begin_session(session, "head", "林人事", at=NOW)
    return cookie


def found(ledger, cookie, after=timedelta(0), lifetime=LIFETIME):
    with reading(ledger) as session:
        return session_of(session, cookie, NOW + after, lifetime)


def test_a_session_is_known_by_its_cookie_alone(ledger, begun):
    one = found(ledger, begun)
    assert (one.account, one.holder, one.began_at, one.stale) == ("head", "林人事", NOW, False)
    for other in ("", begun[:-1], begun.swapcase(), one.csrf, begun + "x"):
        assert found(ledger, other) is None


def test_the_ledger_has_no_cookie(ledger, begun):
    with reading(ledger) as session:
        (row,) = session.scalars(select(PortalSession)).all()
    assert begun not in str(vars(row))
    assert found(ledger, row.cookie_hash) is None


def test_cookies_and_form_tokens_are_long_and_never_the_same(ledger):
    with writing(ledger) as session:
        said = [begin_session(session, "head", "林人事", at=NOW) for _ in range(50)]
    everything = [one for pair in said for one in pair]
    assert len(set(everything)) == 100
    assert {len(one) for one in everything} == {43}  # 256 bits in Base64


def test_idle_it_ends_after_half_an_hour(ledger, begun):
    assert found(ledger, begun, 30 * MINUTE) is not None
    assert found(ledger, begun, 30 * MINUTE + timedelta(seconds=1)) is None


def test_heard_of_it_goes_on_until_its_age(ledger, begun):
    after = timedelta(0)
    while after + 29 * MINUTE <= LIFETIME.whole:
        after += 29 * MINUTE
        assert found(ledger, begun, after).stale
        with writing(ledger) as session:
            heard_of(session, begun, NOW + after)
        assert not found(ledger, begun, after + MINUTE).stale
    assert found(ledger, begun, LIFETIME.whole + timedelta(seconds=1)) is None


def test_how_long_is_a_setting(ledger, begun):
    short = Lifetime(idle=MINUTE, whole=2 * MINUTE)
    assert found(ledger, begun, MINUTE, short) is not None
    assert found(ledger, begun, MINUTE + timedelta(seconds=1), short) is None


def test_what_has_ended_stays_ended(ledger, begun):
    with writing(ledger) as session:
        end_session(session, begun)
    with writing(ledger) as session:
        heard_of(session, begun, NOW)
        end_session(session, begun)
        end_session(session, "never was")
    assert found(ledger, begun) is None


def test_all_sessions_of_an_account_end_and_no_others(ledger, begun):
    with writing(ledger) as session:
        second, _ = begin_session(session, "head", "林人事", at=NOW)
        other, _ = begin_session(session, "other", "某人", at=NOW)
        end_sessions_of(session, "head")
    assert [found(ledger, one) is not None for one in (begun, second, other)] == [False, False, True]


def test_whoever_signs_in_sweeps_what_is_long_over(ledger, begun):
    with writing(ledger) as session:
        begin_session(session, "other", "某人", at=NOW + timedelta(hours=23))
        assert session.query(PortalSession).count() == 2
        begin_session(session, "other", "某人", at=NOW + timedelta(hours=25))
        assert session.query(PortalSession).count() == 2
    assert found(ledger, begun) is None

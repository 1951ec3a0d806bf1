"""Authorisations: from one day to another, withdrawn, written once, and what cannot be one."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.support.installations import FIRST, NOW, SECOND
from warehouse.access.authorisations import (
    AuthorisationRefused,
    Wanted,
    authorisation,
    authorise,
    held_by,
    held_for,
    withdraw_authorisation,
)
from warehouse.ledger.audit import AuditEntry
from warehouse.ledger.engine import reading, writing

DAY = timedelta(days=1)
FROM, UNTIL = date(2021, 7, 1), date(2021, 7, 31)


def wanted(**more):
    usual = {"account": "ecpa-1", "holder": "林人事", "role": "head", "agency_code": FIRST, "first_day": FROM}
    return Wanted(**{**usual, "last_day": UNTIL, "reason": "首任", **more})


def grant(ledger, **more):
    with writing(ledger) as session:
        return authorise(session, wanted(**more), actor="test", at=NOW)


def held(ledger, day, account="ecpa-1"):
    with reading(ledger) as session:
        return [one.id for one in held_by(session, account, day)]


def test_it_holds_from_its_first_day_through_its_last(ledger):
    one = grant(ledger)
    days = (FROM - DAY, FROM, UNTIL, UNTIL + DAY)
    assert [held(ledger, day) for day in days] == [[], [one.id], [one.id], []]
    assert held(ledger, FROM, "ecpa-2") == []
    assert held(ledger, FROM, "ECPA-1") == []


def test_without_a_last_day_it_holds_until_it_is_withdrawn(ledger):
    one = grant(ledger, last_day=None)
    assert held(ledger, date(9999, 12, 31)) == [one.id]
    with writing(ledger) as session:
        ended = withdraw_authorisation(session, one.id, reason="調職", actor="portal:x", at=NOW)
    assert (ended.withdrawn_at, ended.withdrawn_by, ended.withdrawn_because) == (NOW, "portal:x", "調職")
    for day in (FROM, UNTIL, date(9999, 12, 31)):
        assert held(ledger, day) == []
    with reading(ledger) as session:
        assert authorisation(session, one.id) == ended
        assert authorisation(session, 99) is None


def test_a_withdrawal_touches_no_other(ledger):
    first, second = grant(ledger), grant(ledger, role="viewer")
    other = grant(ledger, agency_code=SECOND)
    with writing(ledger) as session:
        withdraw_authorisation(session, first.id, reason="調職", actor="x", at=NOW)
    assert held(ledger, FROM) == [second.id, other.id]
    for number, words in ((first.id, "已經撤銷"), (99, "沒有")):
        with writing(ledger) as session, pytest.raises(AuthorisationRefused, match=words):
            withdraw_authorisation(session, number, reason="調職", actor="x", at=NOW)
    with writing(ledger) as session, pytest.raises(AuthorisationRefused, match="撤銷原因"):
        withdraw_authorisation(session, second.id, reason=" ", actor="x", at=NOW)


def test_the_same_is_written_once_until_it_is_withdrawn(ledger):
    one = grant(ledger)
    assert grant(ledger).id == one.id
    with writing(ledger) as session:
        withdraw_authorisation(session, one.id, reason="調職", actor="x", at=NOW)
    again = grant(ledger)
    assert again.id != one.id
    with reading(ledger) as session:
        assert [row.id for row in held_for(session, [FIRST])] == [again.id, one.id]
        assert held_for(session, [SECOND, None]) == []


def test_the_audit_has_the_account_and_never_the_name(ledger):
    one = grant(ledger)
    with writing(ledger) as session:
        withdraw_authorisation(session, one.id, reason="調職", actor="portal:x", at=NOW)
    with reading(ledger) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [row.action for row in rows] == ["authorised", "authorisation_withdrawn"]
    everything = " ".join(str(vars(row)) for row in rows)
    assert "ecpa-1" in everything
    assert "林人事" not in everything


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": ""},
        {"account": "有中文"},
        {"account": "a b"},
        {"account": "x" * 121},
        {"account": "A123456789"},
        {"account": "certificate:" + "0" * 40},
        {"role": "agency"},
        {"role": "root"},
        {"role": "operator"},
        {"agency_code": None},
        {"holder": " "},
        {"holder": "x" * 81},
        {"holder": "A123456789"},
        {"reason": " "},
        {"reason": "林人事到任"},
        {"reason": "證號 A123456789"},
        {"last_day": FROM - DAY},
    ],
)
def test_what_cannot_be_one(ledger, wrong):
    with pytest.raises(AuthorisationRefused):
        grant(ledger, **wrong)
    with reading(ledger) as session:
        assert held_for(session, [FIRST, SECOND, None]) == []

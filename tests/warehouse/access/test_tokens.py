"""Tokens of systems: what is kept of them, how long they last, revoked; and the keys that hold retries together."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from tests.support.installations import FIRST, NOW, SECOND
from warehouse.access.tokens import (
    LONGEST,
    PREFIX,
    REMEMBERED,
    TokenRefused,
    bind_key,
    issue_token,
    revoke_token,
    token_of,
    tokens_of,
)
from warehouse.ledger.access import ApiToken, IdempotencyKey
from warehouse.ledger.audit import AuditEntry
from warehouse.ledger.engine import reading, writing

TODAY = NOW.date()
LATER = TODAY + timedelta(days=30)


def issue(ledger, agency=FIRST, label="差勤系統", scopes=("read",), last_day=LATER):
    with writing(ledger) as session:
        return issue_token(session, agency, label, scopes, last_day, actor="portal:head", at=NOW)


def recognised(ledger, secret, day=TODAY):
    with reading(ledger) as session:
        return token_of(session, secret, day)


def test_a_token_is_known_by_all_of_it_and_kept_as_a_hash(ledger):
    secret, issued = issue(ledger, scopes=("submit", "check"))
    assert secret.startswith(PREFIX)
    assert len(secret) == len(PREFIX) + 43
    assert recognised(ledger, secret) == issued
    assert (issued.agency_code, issued.scopes) == (FIRST, {"check", "submit"})
    with reading(ledger) as session:
        (row,) = session.scalars(select(ApiToken)).all()
        audit = " ".join(str(vars(one)) for one in session.scalars(select(AuditEntry)))
    for text in (str(vars(row)), audit):
        assert secret not in text
        assert secret.removeprefix(PREFIX) not in text
    assert row.token_hash not in audit
    for other in ("", secret[:-1], secret.removeprefix(PREFIX), row.token_hash, secret + "\0"):
        assert recognised(ledger, other) is None


def test_it_lasts_through_its_last_day(ledger):
    secret, _ = issue(ledger)
    assert recognised(ledger, secret, LATER) is not None
    assert recognised(ledger, secret, LATER + timedelta(days=1)) is None


def test_revoked_it_opens_nothing_and_is_listed(ledger):
    secret, issued = issue(ledger)
    other, _ = issue(ledger)
    with writing(ledger) as session:
        assert revoke_token(session, FIRST, issued.id, actor="portal:head", at=NOW).revoked_at == NOW
    assert recognised(ledger, secret) is None
    assert recognised(ledger, other) is not None
    with reading(ledger) as session:
        listed = tokens_of(session, FIRST)
        assert tokens_of(session, SECOND) == []
        actions = [one.action for one in session.scalars(select(AuditEntry).order_by(AuditEntry.seq))]
    assert [one.revoked_at for one in listed] == [None, NOW]
    assert actions == ["token_issued", "token_issued", "token_revoked"]
    for agency, number, words in ((FIRST, issued.id, "已經註銷"), (SECOND, issued.id, "沒有"), (FIRST, 99, "沒有")):
        with writing(ledger) as session, pytest.raises(TokenRefused, match=words):
            revoke_token(session, agency, number, actor="x", at=NOW)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"label": "  "}, "系統名稱"),
        ({"scopes": ()}, "用途"),
        ({"scopes": ("read", "everything")}, "用途"),
        ({"last_day": TODAY - timedelta(days=1)}, "至多 366 天"),
        ({"last_day": TODAY + LONGEST + timedelta(days=1)}, "至多 366 天"),
        ({"last_day": date(9999, 12, 31)}, "至多 366 天"),
    ],
)
def test_what_no_token_can_be(ledger, wrong, words):
    with pytest.raises(TokenRefused, match=words):
        issue(ledger, **wrong)
    with reading(ledger) as session:
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 0


def bind(ledger, number, key, submission, at=NOW):
    with writing(ledger) as session:
        return bind_key(session, number, key, submission, at)


def test_a_key_is_of_one_document_of_one_token_for_a_week(ledger):
    (_, one), (_, other) = issue(ledger), issue(ledger)
    assert [bind(ledger, one.id, "key", "a" * 64) for _ in range(2)] == [False, True]
    with pytest.raises(TokenRefused, match="另一份檔案"):
        bind(ledger, one.id, "key", "b" * 64)
    assert bind(ledger, other.id, "key", "b" * 64) is False
    assert bind(ledger, one.id, "Key", "b" * 64) is False
    assert bind(ledger, one.id, "key", "b" * 64, NOW + REMEMBERED + timedelta(seconds=1)) is False
    with reading(ledger) as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


def test_of_two_at_the_same_moment_one_has_the_key(ledger):
    _, one = issue(ledger)
    together = threading.Barrier(4)

    def at_once(submission):
        together.wait()
        try:
            return bind(ledger, one.id, "key", submission * 64)
        except TokenRefused:
            return "refused"

    for number in range(5):
        with writing(ledger) as session:
            session.query(IdempotencyKey).delete()
        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(at_once, "aabb"))
        assert sorted(map(str, said)) == ["False", "True", "refused", "refused"], number

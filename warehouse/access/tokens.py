"""Tokens (系統權杖) by which an agency's own attendance system checks, submits and reads: issued, revoked, recognised.

A token is said once, when it is issued; the ledger has its SHA-256.  It is of one agency, for what its scopes say,
until its last day.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from warehouse.ledger.access import ApiToken, ApiTokenRevocation, IdempotencyKey
from warehouse.ledger.audit import Deed, note

#: Scope → what it lets a system do.
SCOPES = {"check": "格式檢核 check", "submit": "報送 submit", "read": "查詢 read what was entered and found"}
#: Recognisable where one was left lying about: secret scanners go by the prefix.
PREFIX = "att_"
#: A token lasts this long at most.
LONGEST = timedelta(days=366)
#: For how long a key of a submission is remembered.
REMEMBERED = timedelta(days=7)


class TokenRefused(ValueError):  # noqa: N818 — says what happened
    """The token cannot be issued or revoked, or its key is another submission's; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the ledger has it, without what is secret of it."""

    id: int
    agency_code: str
    label: str
    scopes: frozenset[str]
    last_day: date
    actor: str
    at: datetime
    revoked_at: datetime | None = None

    def stands(self, day: date) -> bool:
        """Whether it opens anything on that day."""
        return self.revoked_at is None and day <= self.last_day


def issue_token(
    session: Session, agency_code: str, label: str, scopes: Collection[str], last_day: date, *, actor: str, at: datetime
) -> tuple[str, Token]:
    """Issue a token: what the system is to send, and what is kept of it.  Raises `TokenRefused`."""
    if not label.strip():
        raise TokenRefused("請填系統名稱 say which system it is for")
    if not scopes or not set(scopes) <= SCOPES.keys():
        raise TokenRefused(f"請選擇用途 choose what it may do: {', '.join(SCOPES)}")
    if not at.date() <= last_day <= at.date() + LONGEST:
        raise TokenRefused(
            f"有效期限至多 {LONGEST.days} 天 it lasts at most {LONGEST.days} days, and ends no earlier than today"
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        token_hash=_hash(secret),
        agency_code=agency_code,
        label=label,
        scopes=" ".join(one for one in SCOPES if one in scopes),
        last_day=last_day,
        actor=actor,
        at=at,
    )
    session.add(row)
    session.flush()
    note(session, [Deed("token_issued", actor, agency_code, None, f"token {row.id}: {row.scopes}", label, at)])
    return secret, _token(row, None)


def revoke_token(session: Session, agency_code: str, id_: int, *, actor: str, at: datetime) -> Token:
    """Take a token of an agency back, from now on.  Raises `TokenRefused`."""
    row = session.get(ApiToken, id_)
    if row is None or row.agency_code != agency_code:
        raise TokenRefused(f"沒有這個權杖 there is no token {id_}")
    if session.get(ApiTokenRevocation, id_) is not None:
        raise TokenRefused(f"權杖 {id_} 已經註銷 token {id_} was revoked already")
    ending = ApiTokenRevocation(token_id=id_, actor=actor, at=at)
    session.add(ending)
    session.flush()
    note(session, [Deed("token_revoked", actor, agency_code, None, f"token {id_}", row.label, at)])
    return _token(row, ending)


def tokens_of(session: Session, agency_code: str) -> list[Token]:
    """Every token that an agency was ever given, the newest first."""
    query = (
        select(ApiToken, ApiTokenRevocation)
        .join(ApiTokenRevocation, ApiTokenRevocation.token_id == ApiToken.id, isouter=True)
        .where(ApiToken.agency_code == agency_code)
        .order_by(ApiToken.id.desc())
    )
    return [_token(row, ending) for row, ending in session.execute(query)]


def token_of(session: Session, secret: str, day: date) -> Token | None:
    """The token that a system has sent, if it stands."""
    row = session.scalar(select(ApiToken).filter_by(token_hash=_hash(secret)))
    if row is None:
        return None
    token = _token(row, session.get(ApiTokenRevocation, row.id))
    return token if token.stands(day) else None


def bind_key(session: Session, token_id: int, key: str, submission_id: str, at: datetime) -> bool:
    """Bind a key to what is submitted under it; whether it was bound to the same already.

    Raises `TokenRefused` where it is another submission's.  What is older than a week is forgotten.
    """
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < at - REMEMBERED))
    bound = session.get(IdempotencyKey, (token_id, key))
    if bound is None:
        try:
            with session.begin_nested():
                session.add(IdempotencyKey(token_id=token_id, key=key, submission_id=submission_id, at=at))
        except IntegrityError:  # the same key at the same moment
            bound = session.get_one(IdempotencyKey, (token_id, key))
    if bound is not None and bound.submission_id != submission_id:
        raise TokenRefused("這個 Idempotency-Key 已用於另一份檔案 this Idempotency-Key was used for another document")
    return bound is not None


def _token(row: ApiToken, ending: ApiTokenRevocation | None) -> Token:
    scopes = frozenset(row.scopes.split())
    revoked_at = ending.at if ending else None
    return Token(row.id, row.agency_code, row.label, scopes, row.last_day, row.actor, row.at, revoked_at)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

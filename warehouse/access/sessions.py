"""Sessions: who is signed in, kept in the ledger so that a cookie is worth nothing once its row is gone.

The cookie is 256 random bits, of which the ledger has the SHA-256.  A session ends when nothing was heard of it for a
while, at its age, or by signing out; whoever signs in always gets a new one (no session fixation).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from warehouse.ledger.access import PortalSession

#: Between two writes of when a session was last heard of.
_TICK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts without being heard of, and at most.  OWASP ASVS 4.0.3, 3.3.2 (level 2)."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody signed in; `csrf` is in each form; `stale` where it is time to write down that they were heard of."""

    account: str
    holder: str
    csrf: str
    began_at: datetime
    stale: bool


def begin_session(session: Session, account: str, holder: str, *, at: datetime) -> tuple[str, str]:
    """Begin a session and return its cookie's value and the token of its forms; those that are over are swept."""
    session.execute(delete(PortalSession).where(PortalSession.began_at < at - timedelta(days=1)))
    cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.add(
        PortalSession(
            cookie_hash=_hash(cookie),
            account=account,
            holder=holder,
            csrf=csrf,
            began_at=at,
            seen_at=at,
        )
    )
    return cookie, csrf


def session_of(session: Session, cookie: str, at: datetime, lifetime: Lifetime) -> SignedIn | None:
    """Who has this cookie; None where nobody has, or has it no longer."""
    row = session.get(PortalSession, _hash(cookie))
    if row is None or at - row.seen_at > lifetime.idle or at - row.began_at > lifetime.whole:
        return None
    return SignedIn(row.account, row.holder, row.csrf, row.began_at, at - row.seen_at > _TICK)


def heard_of(session: Session, cookie: str, at: datetime) -> None:
    """Write down that the session was heard of; one that has ended stays ended."""
    session.execute(update(PortalSession).filter_by(cookie_hash=_hash(cookie)).values(seen_at=at))


def end_session(session: Session, cookie: str) -> None:
    """End a session, if there is one."""
    session.execute(delete(PortalSession).filter_by(cookie_hash=_hash(cookie)))


def end_sessions_of(session: Session, account: str) -> None:
    """End all sessions of an account, whose authorisation was taken back."""
    session.execute(delete(PortalSession).filter_by(account=account))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()

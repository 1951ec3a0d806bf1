"""The ledger's tables of who may do what in the portal: authorisations, sessions, tokens of systems.

Written by `warehouse/access/` alone.  Authorisations are append-only: one ends by its last day or by a withdrawal.
Of cookies and tokens only the SHA-256 is kept; a holder's name stays in here and is never published.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime

#: Characters of an account as the identity provider gives it, and of a holder's name.
ACCOUNT_LENGTH, NAME_LENGTH = 120, 80


class Authorisation(Base):
    """授權 What an account may do for an agency, from one day to another (Taipei, both included; None: open).

    `agency_code` is None for the operators, who are everybody's.
    """

    __tablename__ = "authorisations"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    account: Mapped[str] = mapped_column(String(ACCOUNT_LENGTH), index=True)
    holder: Mapped[str] = mapped_column(OutsideText(NAME_LENGTH))
    role: Mapped[str] = mapped_column(String(12))
    agency_code: Mapped[str | None] = mapped_column(String(10), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    reason: Mapped[str] = mapped_column(OutsideText(200))
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuthorisationWithdrawal(Base):
    """撤銷授權 An authorisation taken back, once; from that moment on it gives nothing."""

    __tablename__ = "authorisation_withdrawals"

    authorisation_id: Mapped[int] = mapped_column(
        ForeignKey("authorisations.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(OutsideText(200))
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class PortalSession(Base):
    """連線 Somebody signed in: who, since when, last heard of when; the row goes when it ends."""

    __tablename__ = "portal_sessions"

    cookie_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(String(ACCOUNT_LENGTH), index=True)
    holder: Mapped[str] = mapped_column(OutsideText(NAME_LENGTH))
    csrf: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiToken(Base):
    """系統權杖 A token by which an agency's own system checks, submits and reads; `scopes` with blanks between."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agency_code: Mapped[str] = mapped_column(String(10), index=True)
    label: Mapped[str] = mapped_column(OutsideText(80))
    scopes: Mapped[str] = mapped_column(String(60))
    last_day: Mapped[date]
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiTokenRevocation(Base):
    """註銷權杖 A token taken back, once."""

    __tablename__ = "api_token_revocations"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id"), primary_key=True, autoincrement=False)
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """A key that a system gave a submission, and the SHA-256 of what it submitted: the same key is the same body."""

    __tablename__ = "idempotency_keys"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_idempotency_keys_at", "at"),)

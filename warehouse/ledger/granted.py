"""The ledger's tables of what people grant beside the calendar of duties.  Append-only: a grant ends by a withdrawal.

Written by `warehouse/duties/grants.py` alone.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime


class DutyGrant(Base):
    """核准免報與展延 An exemption from months, or an extension of them `until` a moment, granted by whom and why.

    Of the agency `code`, and of all below it where `below`.  `last_month` None: until it is withdrawn.
    """

    __tablename__ = "duty_grants"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(10), index=True)
    below: Mapped[bool]
    first_month: Mapped[str] = mapped_column(String(7))
    last_month: Mapped[str | None] = mapped_column(String(7))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(OutsideText(80))
    reason: Mapped[str] = mapped_column(OutsideText(200))
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class GrantWithdrawal(Base):
    """撤銷核准 A grant taken back, once, as if it had never been: what was known before stays known as of then."""

    __tablename__ = "grant_withdrawals"

    grant_id: Mapped[int] = mapped_column(ForeignKey("duty_grants.id"), primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(OutsideText(200))
    actor: Mapped[str] = mapped_column(OutsideText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

"""The ledger's tables: what came, when, from whom, and what became of it.

SQLAlchemy 2 models, the same on SQLite and PostgreSQL; the schema is changed only by the Alembic migrations in
`warehouse/ledger/migrations`.  All moments are UTC.  `Submission.state` is written by `lifecycle.py` alone.
"""

from datetime import UTC, date, datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept as UTC; SQLite drops the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a moment without a zone rather than guess one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment in the ledger needs a time zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """UTC again, whichever database it came from."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class OutsideText(TypeDecorator[str]):
    """Text that someone else wrote, made storable: at most `length` characters, no NUL, no half of a surrogate pair.

    A refused document may hold anything where a name should be, and a file's name need not be UTF-8; neither may
    keep the other 8,000 submissions of a batch out of the ledger.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what a database cannot hold, and cut what is too long."""
        if value is None:
            return None
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()[: self.length]


class Base(DeclarativeBase):
    """Base of every ledger table."""

    # Constraints get the same names on every database, so that a migration can speak of them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _of_a_submission() -> ForeignKeyConstraint:
    """Tie a row to its submission: it cannot be there without."""
    return ForeignKeyConstraint(
        ["submission_id", "agency_code", "month"], ["submissions.id", "submissions.agency_code", "submissions.month"]
    )


class Agency(Base):
    """機關代碼 An agency's row in the register, one for each period in force; `active_to` is its last day."""

    __tablename__ = "agencies"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), index=True)
    name: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(String(10))
    authority_code: Mapped[str | None] = mapped_column(String(10))
    level: Mapped[int | None] = mapped_column(Integer)
    active_from: Mapped[date | None]
    active_to: Mapped[date | None]
    expected_headcount: Mapped[int | None]

    __table_args__ = (UniqueConstraint("agency_code", "active_from"),)


class Obligation(Base):
    """報送義務 Who must report, from when to when (last day included), by which channel; or why not."""

    __tablename__ = "obligations"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    channel: Mapped[str | None] = mapped_column(String(20))
    exempt_reason: Mapped[str | None] = mapped_column(Text)
    reported_by: Mapped[str | None] = mapped_column(String(10))


class Submission(Base):
    """報送紀錄 A document received: `id` is the SHA-256 of its bytes, together with whom and when it was for.

    The same bytes handed in for another agency-month are another row (they are refused there by F010), so that
    nobody can spoil an agency's file by handing it in under another name first.  A document that says neither
    agency nor month and came by a channel that does not either has `''` for both.
    """

    __tablename__ = "submissions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(24))
    bytes: Mapped[int] = mapped_column(BigInteger)
    first_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    system: Mapped[str | None] = mapped_column(OutsideText(40))
    version: Mapped[str | None] = mapped_column(OutsideText(40))
    produced_at: Mapped[str | None] = mapped_column(OutsideText(40))
    supersedes: Mapped[str | None] = mapped_column(String(64))
    rule_set: Mapped[str | None] = mapped_column(String(40))
    fatal: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    warnings: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("ix_submissions_month_state", "month", "state"),
        Index("ix_submissions_agency_code_month", "agency_code", "month"),
    )


class Arrival(Base):
    """送達紀錄 Each time that bytes were handed in, first or again; `source` is a path or address without secrets."""

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64), index=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    channel: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(OutsideText)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (_of_a_submission(),)


class Transition(Base):
    """狀態異動 The audit trail: each change of a submission's state, written in the same transaction as the change."""

    __tablename__ = "transitions"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64), index=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    from_state: Mapped[str | None] = mapped_column(String(24))
    to_state: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(OutsideText)
    reason: Mapped[str | None] = mapped_column(OutsideText)

    __table_args__ = (_of_a_submission(),)


class DatasetCount(Base):
    """筆數 Records of one dataset of a submission: read = entered + refused; warned are among the entered."""

    __tablename__ = "dataset_counts"

    submission_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    dataset: Mapped[str] = mapped_column(String(20), primary_key=True)
    read: Mapped[int]
    entered: Mapped[int]
    refused: Mapped[int]
    warned: Mapped[int]

    __table_args__ = (_of_a_submission(),)


class AgencyMonth(Base):
    """入檔 The pointer: which submission an agency-month counts.  No row: nothing was ever entered.

    `first_entered_received_at` is when the first submission that was entered had arrived (on time or late is
    judged by it, so that a correction does not make a month late).
    """

    __tablename__ = "agency_months"

    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64))
    first_entered_received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (_of_a_submission(),)


class Fetch(Base):
    """介接紀錄 What a pulling channel remembers of its last request, so that nothing is fetched twice."""

    __tablename__ = "fetches"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    etag: Mapped[str | None] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(24))
    detail: Mapped[str | None] = mapped_column(OutsideText)
    submission_id: Mapped[str | None] = mapped_column(String(64))

"""The ledger's tables: what came, when, from whom, and what became of it.

SQLAlchemy 2 models, the same on SQLite and PostgreSQL; the schema is changed only by the Alembic migrations in
`warehouse/ledger/migrations`.  All moments are UTC.  `Submission.state` is written by `lifecycle.py` alone.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.ledger.base import Base, newest_of_a_month, of_a_submission
from warehouse.ledger.columns import OutsideText, UtcDateTime


class Agency(Base):
    """機關代碼 An agency's row in the register, one for each period in force; `active_to` is its last day.

    `kind` and `default_work_pattern` are as a register file stated them; None: it is the code that says the kind.
    """

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
    kind: Mapped[str | None] = mapped_column(String(20))
    postal_code: Mapped[str | None] = mapped_column(String(6))
    default_work_pattern: Mapped[str | None] = mapped_column(String(8))

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
    `first_received_at` is when the bytes first came after the month had ended, by which on time or late is judged; of
    bytes that came only before, when they first came.
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
    sequence: Mapped[int] = mapped_column(server_default="0")
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
    """送達紀錄 Each time that bytes were handed in, first or again; `source` is a path or address without secrets.

    `sequence` counts the arrivals of a month in the order in which the ledger recorded them; what was recovered from
    landing has the number of the one after which it had landed.
    """

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64), index=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    channel: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(OutsideText)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sequence: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (of_a_submission(), newest_of_a_month(), Index(None, "month", "sequence"))


class Transition(Base):
    """狀態異動 Each change of a submission's state, written in the same transaction as the change."""

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

    __table_args__ = (of_a_submission(), newest_of_a_month())


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

    __table_args__ = (of_a_submission(), Index("ix_dataset_counts_month", "month"))


class PastJudgement(Base):
    """先前的檢核結果 What the checks had said of a submission `until` it was judged anew.  Append-only."""

    __tablename__ = "past_judgements"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64), index=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    rule_set: Mapped[str] = mapped_column(String(40))
    fatal: Mapped[int]
    errors: Mapped[int]
    warnings: Mapped[int]

    __table_args__ = (of_a_submission(), newest_of_a_month())


class PastCount(Base):
    """先前的筆數 The counts that belong to a `PastJudgement`."""

    __tablename__ = "past_counts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64), index=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    dataset: Mapped[str] = mapped_column(String(20))
    read: Mapped[int]
    entered: Mapped[int]
    refused: Mapped[int]
    warned: Mapped[int]

    __table_args__ = (of_a_submission(),)


class AgencyMonth(Base):
    """入檔 The pointer: which submission an agency-month counts.  No row: nothing was ever entered.

    `submission_id` None: what was entered has been withdrawn.  `first_entered_received_at` is when the first
    submission that was entered, and was not withdrawn, had arrived (on time or late is judged by it, so that a
    correction does not make a month late), of arrivals after the month had ended; None: there was none yet.
    `decided_after` is set where the pointer was last moved by decision (see `Decision`): the `sequence` of the newest
    arrival that the decision holds over.
    """

    __tablename__ = "agency_months"

    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    submission_id: Mapped[str | None] = mapped_column(String(64))
    first_entered_received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_after: Mapped[int | None]

    __table_args__ = (of_a_submission(), Index("ix_agency_months_month", "month"))


class Decision(Base):
    """撤回與回復 A pointer moved by decision (`withdrawn`, `reverted`) to what then counts (None: nothing).

    It holds over every arrival of the month up to `sequence`.
    """

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(20))
    from_submission: Mapped[str | None] = mapped_column(String(64))
    to_submission: Mapped[str | None] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(server_default="0")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(OutsideText)
    reason: Mapped[str] = mapped_column(OutsideText)

    __table_args__ = (Index("ix_decisions_agency_code_month", "agency_code", "month"), newest_of_a_month())


class Review(Base):
    """跨檔檢核 What the rules across submissions said of the submission that an agency-month counts, and when.

    Append-only: a row for each time that the answer was another (`digest` is over its findings); the newest holds.
    `warnings` are findings; `warned_employees` and `warned_leaves` records that no rule of the document itself had
    warned of.
    """

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(64))
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rule_set: Mapped[str] = mapped_column(String(40))
    warnings: Mapped[int]
    warned_employees: Mapped[int]
    warned_leaves: Mapped[int]
    not_evaluated: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        of_a_submission(),
        Index("ix_reviews_month_agency_code", "month", "agency_code"),
        newest_of_a_month(),
    )


class Reviewed(Base):
    """已跨檔檢核 Which submission of an agency-month the last review took in; another since: it is due."""

    __tablename__ = "reviewed"

    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    submission_id: Mapped[str | None] = mapped_column(String(64))


class Explanation(Base):
    """說明 An agency's answer to a warning.  Append-only: the newest row of a `finding_key` holds.

    The key is over agency, rule, record and value (`checks.model.finding_keys`), so that the answer stands for every
    later submission of the same content and for no other.  `reason_code` None: taken back.
    """

    __tablename__ = "explanations"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), index=True)
    finding_key: Mapped[str] = mapped_column(String(32), index=True)
    rule: Mapped[str] = mapped_column(String(4))
    record_id: Mapped[str | None] = mapped_column(OutsideText(40))
    reason_code: Mapped[str | None] = mapped_column(String(20))
    text: Mapped[str | None] = mapped_column(OutsideText(500))
    by: Mapped[str] = mapped_column(OutsideText(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Fetch(Base):
    """介接紀錄 What a pulling channel remembers of its last request, so that nothing is fetched twice.

    `host` is the `host:port` that was asked.  The row of an inbox has `''` for the agency and says how it was listed.
    """

    __tablename__ = "fetches"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    etag: Mapped[str | None] = mapped_column(Text)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(24))
    detail: Mapped[str | None] = mapped_column(OutsideText)
    host: Mapped[str | None] = mapped_column(OutsideText)
    submission_id: Mapped[str | None] = mapped_column(String(64))

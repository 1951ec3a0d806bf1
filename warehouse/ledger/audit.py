"""The audit (稽核紀錄): who did what, when, why, to which agency-month; append-only and chained by hash.

Whatever changes the ledger `note`s it in the same session; the rows are chained at the very end of its transaction, so
that they are there with the change or not at all, and so that of writers at once each waits for another only while
that one chains and commits.  No names of people, no national IDs: whoever notes a reason has masked it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Index, Integer, String, event, insert, select, text
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from warehouse.ledger.audit_chain import BEGINNING, Anchor, Link, hash_of
from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime, storable

#: PostgreSQL's advisory lock while a transaction chains its rows ("audit" in ASCII); on SQLite one writes at a time.
_CHAIN_LOCK = 0x6175646974
_LOCK = text("SELECT pg_advisory_xact_lock(CAST(:key AS bigint))")
_NOTED = "audit_noted"

_ACTOR_LENGTH, _CONCERNS_LENGTH, _REASON_LENGTH = 120, 80, 500

#: Actions that are changes of a submission's state, by the names of the states; what it concerns is the submission.
OF_SUBMISSIONS = ("received", "refused", "entered", "entered_with_errors", "superseded", "withdrawn")

#: That rows which were noted elsewhere are not there any more was looked into and accepted.
ANCHOR_ACCEPTED = "anchor_accepted"

#: Every action, with what it is called.
ACTIONS = {
    "received": "送達 received",
    "refused": "退件 refused",
    "entered": "入檔 entered",
    "entered_with_errors": "入檔有誤 entered with errors",
    "superseded": "被取代 superseded",
    "withdrawn": "撤回 withdrawn",
    "reverted": "回復 reverted",
    "judged_anew": "重新檢核 judged anew",
    "explained": "說明警告 explained",
    "explanation_revoked": "收回說明 explanation revoked",
    "duty_granted": "核准免報或展延 exemption or extension granted",
    "duty_grant_withdrawn": "撤銷核准 exemption or extension withdrawn",
    "retired": "屆期刪除 removed when past its time",
    "authorised": "授權 authorised",
    "authorisation_withdrawn": "撤銷授權 authorisation withdrawn",
    "token_issued": "核發權杖 token issued",
    "token_revoked": "註銷權杖 token revoked",
    "closure_declared": "停止上班 closure declared",
    "calendar_imported": "匯入辦公日曆 office calendar imported",
    "register_imported": "匯入機關代碼檔 register imported",
    "rebuilt": "重建 rebuilt",
    "key_rotated": "新增密鑰 key rotated",
    "key_retired": "刪除密鑰 key retired",
    "landing_reencrypted": "重新加密 landing re-encrypted",
    "notice_sent": "通知已送 notice sent",
    "notice_failed": "通知失敗 notice failed",
    "notice_uncertain": "通知不確定 notice uncertain",
    "notice_resolved": "通知已處理 notice settled by hand",
    "backup_made": "備份 backup made",
    "backup_restored": "自備份還原 restored from a backup",
    "chain_began": "稽核鏈開始 chained from here on",
    ANCHOR_ACCEPTED: "認可稽核缺漏 gap in the audit accepted",
}


class AuditEntry(Base):
    """稽核紀錄 One thing that somebody did; `hash` chains it to the row before (`audit_chain`)."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(OutsideText(_ACTOR_LENGTH))
    action: Mapped[str] = mapped_column(String(24))
    agency_code: Mapped[str | None] = mapped_column(String(10))
    month: Mapped[str | None] = mapped_column(String(7))
    concerns: Mapped[str | None] = mapped_column(OutsideText(_CONCERNS_LENGTH))
    reason: Mapped[str | None] = mapped_column(OutsideText(_REASON_LENGTH))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index(None, "agency_code", "month"),)


class Deed(NamedTuple):
    """What is noted: `action` is one of `ACTIONS`; `at` None is now."""

    action: str
    actor: str
    agency_code: str | None = None
    month: str | None = None
    concerns: str | None = None
    reason: str | None = None
    at: datetime | None = None


def note(session: Session, deeds: Iterable[Deed]) -> None:
    """Have the session's transaction record these in the audit, after what it noted before; nothing is written yet."""
    noted: list[Deed] | None = session.info.get(_NOTED)
    if noted is None:
        noted = session.info[_NOTED] = []
        event.listen(session, "before_commit", _chain)
        event.listen(session, "after_soft_rollback", _forget)
    noted.extend(deeds)


def head(session: Session) -> Anchor:
    """The newest row's number and hash."""
    newest = select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1)
    row = session.execute(newest).first()
    return Anchor(row.seq, row.hash) if row else Anchor(0, BEGINNING)


def anchor_text(anchor: Anchor) -> str:
    """An anchor as the audit itself names it where it was accepted as lost."""
    return f"{anchor.seq}:{anchor.hash}"


def stands(session: Session, anchor: Anchor) -> bool:
    """Whether the audit still has that row, or it was accepted as lost."""
    if anchor.seq == 0 or session.scalar(select(AuditEntry.hash).filter_by(seq=anchor.seq)) == anchor.hash:
        return True
    accepted = select(AuditEntry.seq).filter_by(action=ANCHOR_ACCEPTED, concerns=anchor_text(anchor)).limit(1)
    return session.scalar(accepted) is not None


def linked(deeds: Iterable[Deed], before: Anchor, now: datetime) -> Iterable[dict[str, Any]]:
    """Give the rows of `deeds` as they are stored, chained to the row `before`; `now` is for those without a moment."""
    seq, last = before
    for deed in deeds:
        seq += 1
        link = Link(
            seq,
            (deed.at or now).astimezone(UTC),
            storable(deed.actor, _ACTOR_LENGTH),
            deed.action,
            deed.agency_code,
            deed.month,
            None if deed.concerns is None else storable(deed.concerns, _CONCERNS_LENGTH),
            None if deed.reason is None else storable(deed.reason, _REASON_LENGTH),
        )
        last = hash_of(last, link)
        yield {**link._asdict(), "hash": last}


def listed(
    session: Session,
    *,
    agency_code: str | None = None,
    month: str | None = None,
    actor: str | None = None,
    actions: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    most: int | None = None,
) -> list[AuditEntry]:
    """List the rows that fit, in their order; of more than `most` the newest."""
    query = select(AuditEntry)
    wanted = {"agency_code": agency_code, "month": month, "actor": actor}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(AuditEntry.__table__.c[name] == value)
    if actions:
        query = query.where(AuditEntry.action.in_(actions))
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    return list(session.scalars(query.order_by(AuditEntry.seq.desc()).limit(most)))[::-1]


def _chain(session: Session) -> None:
    """Write what was noted, as the last thing that the transaction does."""
    if session.in_nested_transaction():
        return
    noted: list[Deed] = session.info[_NOTED]
    if not noted:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCK, {"key": _CHAIN_LOCK})
    rows = list(linked(noted, head(session), datetime.now(UTC)))
    session.connection().execute(insert(AuditEntry), rows)
    noted.clear()


def _forget(session: Session, previous: SessionTransaction) -> None:
    """What was undone was not done."""
    if not previous.nested:
        session.info[_NOTED].clear()

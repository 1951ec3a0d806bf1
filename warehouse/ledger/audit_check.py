"""Verifying the audit: whether its chain holds, whether it is what others noted of it, whether the ledger follows it.

A chain shows that rows were changed, removed or put in between others.  That its last rows are missing, or that all of
it was chained anew, it cannot show by itself: the ledger's own changes do, and `Anchor`s kept elsewhere, which are in
what was published and in every signed receipt.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.diagnosis import Advance
from warehouse.ledger.audit import ANCHOR_ACCEPTED, OF_SUBMISSIONS, AuditEntry, anchor_text
from warehouse.ledger.audit_chain import BEGINNING, Anchor, Link, hash_of
from warehouse.ledger.base import same_submission
from warehouse.ledger.models import Submission, Transition

#: Rows in memory at once, and for each call of `advance`.
_BATCH = 10_000


class Noted(NamedTuple):
    """An anchor, and where it was kept (in Chinese and English)."""

    anchor: Anchor
    where: str


class AuditFault(NamedTuple):
    """What is wrong: `seq` is the first row concerned, `found` says it in Chinese and English, in one line."""

    seq: int
    found: str


class Verified(NamedTuple):
    """`rows` of the audit, its `head`, and every fault."""

    rows: int
    head: Anchor
    faults: list[AuditFault]


def verify(session: Session, noted: Iterable[Noted], advance: Advance = lambda: None) -> Verified:
    """Read the whole audit; `noted` are the anchors to hold it to, those accepted as lost aside."""
    wanted = list(noted)
    hashes: dict[int, str] = {0: BEGINNING}
    kept = {one.anchor.seq for one in wanted}
    faults: list[AuditFault] = []
    accepted: set[str] = set()
    rows, last = 0, Anchor(0, BEGINNING)
    for entry in _entries(session):
        rows += 1
        faults += _fault(last, entry)
        last = Anchor(entry.link.seq, entry.hash)
        if last.seq in kept:
            hashes[last.seq] = last.hash
        if entry.link.action == ANCHOR_ACCEPTED and entry.link.concerns:
            accepted.add(entry.link.concerns)
        if rows % _BATCH == 0:
            advance()
    held = [note for note in wanted if anchor_text(note.anchor) not in accepted]
    faults += [fault for note in held for fault in _held_to(note, hashes, last)]
    faults += _ledger(session)
    return Verified(rows, last, faults)


class _Entry(NamedTuple):
    link: Link
    hash: str


def _entries(session: Session) -> Iterator[_Entry]:
    columns = (getattr(AuditEntry, name) for name in Link._fields)
    query = select(*columns, AuditEntry.hash).order_by(AuditEntry.seq).execution_options(yield_per=_BATCH)
    for *link, hash_ in session.execute(query):
        yield _Entry(Link(*link), hash_)


def _fault(last: Anchor, entry: _Entry) -> Iterator[AuditFault]:
    seq = entry.link.seq
    if seq != last.seq + 1:
        gone = f"第 {last.seq + 1}–{seq - 1} 列不見 rows {last.seq + 1} to {seq - 1} are gone"
        yield AuditFault(last.seq + 1, gone)
    elif entry.hash != hash_of(last.hash, entry.link):
        found = (
            f"第 {seq} 列與前一列不連續（{entry.link.action}）：該列或前一列遭更改，或有列插入 row {seq} "
            f"({entry.link.action}) does not follow from the one before: one of the two was changed, or put in"
        )
        yield AuditFault(seq, found)


def _held_to(noted: Noted, hashes: dict[int, str], last: Anchor) -> Iterator[AuditFault]:
    (seq, hash_), where = noted
    if seq > last.seq:
        found = (
            f"止於第 {last.seq} 列，但 {where} 記有第 {seq} 列：其後各列遭刪除，或帳冊還原自較舊的備份 ends at row "
            f"{last.seq}, but there was a row {seq}: the last rows were removed, or the ledger is an older backup"
        )
        yield AuditFault(last.seq + 1, found)
    elif hashes.get(seq) != hash_:
        found = (
            f"第 {seq} 列不是 {where} 所記的那一列：其前各列曾重新編寫 row {seq} is not the one that was noted there: "
            "the audit up to it was written anew"
        )
        yield AuditFault(seq, found)


def _ledger(session: Session) -> Iterator[AuditFault]:
    """Whether every change of state is in the audit and every submission in the state that its last change left."""
    audited = select(
        AuditEntry.concerns, func.coalesce(AuditEntry.agency_code, ""), func.coalesce(AuditEntry.month, ""),
        AuditEntry.action, AuditEntry.at, AuditEntry.actor,
    ).where(AuditEntry.action.in_(OF_SUBMISSIONS))  # fmt: skip
    changes = select(
        Transition.submission_id, Transition.agency_code, Transition.month, Transition.to_state, Transition.at,
        Transition.actor,
    )  # fmt: skip
    for one, other, chinese, english in (
        (changes, audited, "狀態異動不在稽核紀錄中", "changes of state are not in the audit"),
        (audited, changes, "稽核紀錄的狀態異動不在帳冊中", "changes of state in the audit are not in the ledger"),
    ):
        different = one.except_(other).subquery()
        number = session.scalar(select(func.count()).select_from(different)) or 0
        if number:
            yield AuditFault(0, f"{number:,} 筆{chinese} {number:,} {english}")
    place = (Transition.submission_id, Transition.agency_code, Transition.month)
    newest = select(*place, func.max(Transition.id).label("id")).group_by(*place).subquery()
    unexplained = (
        select(func.count())
        .select_from(Submission)
        .outerjoin(newest, same_submission(newest, Submission))
        .outerjoin(Transition, Transition.id == newest.c.id)
        .where(func.coalesce(Transition.to_state, "") != Submission.state)
    )
    number = session.scalar(unexplained) or 0
    if number:
        found = f"{number:,} 份報送的狀態無異動紀錄可循 {number:,} submissions are in a state that no change led to"
        yield AuditFault(0, found)

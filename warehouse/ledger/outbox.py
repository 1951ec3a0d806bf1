"""The outbox (通知): what is to be told to whom, and what became of it; the life of a notice, in one place.

A notice's id is over what it is about, so that asking twice what is to be told queues it once.  A sender takes
notices for a while (`claim`); what it dies of is made good by whoever comes next (`take_back`):

    queued → sending → handed_over → sent
    sending     the sender died before it handed the message over: queued again, nothing was sent
    handed_over a mail server may have taken it and the sender died before it wrote that down: uncertain, and settled
                by hand, as a second mail to thousands is worse than asking once about one

A webhook's receiver tells repeated deliveries by their id, so a webhook is never handed over and never uncertain.
No addresses are in here: they are looked up when a message is sent, and a wrong one is kept as its MAC.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Index, Integer, String, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from warehouse.ledger.audit import Deed, note
from warehouse.ledger.base import Base
from warehouse.ledger.columns import OutsideText, UtcDateTime

MAIL, WEBHOOK = "mail", "webhook"

QUEUED, SENDING, HANDED_OVER = "queued", "sending", "handed_over"
SENT, FAILED, UNCERTAIN, DROPPED = "sent", "failed", "uncertain", "dropped"

#: Every state, with what it is called.
STATES = {
    QUEUED: "待送 queued",
    SENDING: "發送中 sending",
    HANDED_OVER: "交寄中 being handed over",
    SENT: "已送 sent",
    FAILED: "失敗 failed",
    UNCERTAIN: "不確定 uncertain",
    DROPPED: "免送 dropped",
}

#: Kinds of notices that ask for a month which was not handed in.
DUE_SOON, OVERDUE = "due_soon", "overdue"

#: How long a sender has for a message, from the moment at which it took or handed it over.
LEASE = timedelta(minutes=10)

#: Seconds until a message is tried again: doubled each time, up to six hours; given up after `ATTEMPTS`, two days.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=6)
ATTEMPTS = 16

_BOUND = 500


class Notice(Base):
    """通知 One message: by which way, of what kind, to which agency, about which month and occasion."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    transport: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(24))
    agency_code: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))
    occasion: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12))
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    sender: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detail: Mapped[str | None] = mapped_column(OutsideText(200))

    __table_args__ = (Index(None, "agency_code", "month"), Index(None, "state", "not_before"))


class BadAddress(Base):
    """退信地址 An address that a mail server refused for good, as its MAC; `code` is what the server said."""

    __tablename__ = "bad_addresses"

    mac: Mapped[str] = mapped_column(String(32), primary_key=True)
    agency_code: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Telling(NamedTuple):
    """What is to be told: a `kind` to an agency about a month; `occasion` tells it from the next of its kind."""

    kind: str
    agency_code: str
    month: str
    occasion: str


def notice_id(transport: str, telling: Telling) -> str:
    """32 hexadecimal digits: the same for the same notice, for ever."""
    return hashlib.sha256("\n".join(("attendance-notice-1", transport, *telling)).encode()).hexdigest()[:32]


def unknown(session: Session, transport: str, tellings: Iterable[Telling]) -> list[Telling]:
    """Those that were never queued, in order."""
    wanted = {notice_id(transport, telling): telling for telling in tellings}
    ids = list(wanted)
    for start in range(0, len(ids), _BOUND):
        for id_ in session.scalars(select(Notice.id).where(Notice.id.in_(ids[start : start + _BOUND]))):
            del wanted[id_]
    return list(wanted.values())


def queue(session: Session, transport: str, tellings: Iterable[Telling], at: datetime) -> int:
    """Queue what was never queued; how many.  Two at once queue each once."""
    rows: list[dict[str, Any]] = [
        {
            "id": notice_id(transport, telling),
            "transport": transport,
            **telling._asdict(),
            "state": QUEUED,
            "queued_at": at,
            "not_before": at,
            "attempts": 0,
        }
        for telling in unknown(session, transport, tellings)
    ]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for start in range(0, len(rows), _BOUND):
        session.execute(insert(Notice).values(rows[start : start + _BOUND]).on_conflict_do_nothing())
    return len(rows)


def take_back(session: Session, at: datetime) -> tuple[int, int]:
    """Make good what senders died of: how many are queued again, and how many are uncertain now."""
    late = Notice.lease_until < at
    free: dict[str, Any] = {"sender": None, "lease_until": None}
    again = session.execute(update(Notice).where(Notice.state == SENDING, late).values(state=QUEUED, **free)).rowcount  # type: ignore[attr-defined]
    lost = session.scalars(select(Notice).where(Notice.state == HANDED_OVER, late)).all()
    for one in lost:
        # `sender` stays: one that was only slow may still say that it was sent.
        one.state, one.lease_until, one.detail = UNCERTAIN, None, "sender died while handing it over"
    _note(session, "notice_uncertain", lost, "attendance notices", at)
    return again, len(lost)


def claim(session: Session, transport: str, sender: str, most: int, at: datetime) -> list[Notice]:
    """Take up to `most` notices whose time has come, oldest first; nobody else has them until the lease ends."""
    due = (
        select(Notice.id)
        .where(Notice.state == QUEUED, Notice.transport == transport, Notice.not_before <= at)
        .order_by(Notice.queued_at, Notice.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(due).all()
    taken = {"state": SENDING, "sender": sender, "lease_until": at + LEASE}
    session.execute(update(Notice).where(Notice.id.in_(ids), Notice.state == QUEUED).values(**taken))
    mine = select(Notice).where(Notice.id.in_(ids), Notice.sender == sender, Notice.state == SENDING)
    return list(session.scalars(mine.order_by(Notice.queued_at, Notice.id)))


def hand_over(session: Session, id_: str, sender: str, at: datetime) -> bool:
    """Write down that the message is about to be given away; False where somebody else has it by now."""
    mine = (Notice.id == id_, Notice.sender == sender, Notice.state == SENDING)
    done = session.execute(update(Notice).where(*mine).values(state=HANDED_OVER, lease_until=at + LEASE))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def settle(
    session: Session, id_: str, sender: str, state: str, *, detail: str | None, actor: str, at: datetime
) -> bool:
    """Write down what became of a message that this sender has: sent, failed, uncertain or dropped; in the audit too.

    False, and nothing is written, where it is not this sender's any more.
    """
    notice = session.get(Notice, id_, with_for_update=True)
    if notice is None or notice.sender != sender or notice.state not in (SENDING, HANDED_OVER, UNCERTAIN):
        return False
    notice.state, notice.lease_until, notice.detail = state, None, detail
    notice.settled_at = at
    notice.attempts += 1
    if state != DROPPED:
        _note(session, f"notice_{state}", [notice], actor, at)
    return True


def postpone(
    session: Session, id_: str, sender: str, *, detail: str, actor: str, at: datetime, counts: bool = True
) -> str:
    """Have a message that could not be sent now tried again later; its state then: after `ATTEMPTS` it has failed.

    `counts` False: it was no attempt, as nobody answered at all.
    """
    notice = session.get(Notice, id_, with_for_update=True)
    if notice is None or notice.sender != sender:
        return QUEUED
    if counts and notice.attempts + 1 >= ATTEMPTS:
        settle(session, id_, sender, FAILED, detail=f"gave up: {detail}", actor=actor, at=at)
        return FAILED
    notice.attempts += counts
    notice.state, notice.sender, notice.lease_until = QUEUED, None, None
    notice.not_before = at + min(_FIRST_WAIT * 2 ** max(notice.attempts - 1, 0), _LONGEST_WAIT)
    notice.detail = detail
    return QUEUED


def release(session: Session, sender: str) -> None:
    """Give back what this sender took and did not try."""
    back: dict[str, Any] = {"state": QUEUED, "sender": None, "lease_until": None}
    session.execute(update(Notice).where(Notice.sender == sender, Notice.state == SENDING).values(**back))


def resolve(session: Session, begins: str, *, again: bool, actor: str, at: datetime) -> list[Notice]:
    """Settle an uncertain or failed notice by hand, named by its id's beginning: it was sent, or is sent `again`.

    Gives the notices that fit; nothing is done unless it is exactly one.
    """
    stuck = Notice.state.in_((UNCERTAIN, FAILED))
    found = list(session.scalars(select(Notice).where(Notice.id.startswith(begins, autoescape=True), stuck)))
    if len(found) == 1:
        (one,) = found
        one.sender = None
        if again:
            one.state, one.not_before, one.attempts, one.settled_at = QUEUED, at, 0, None
        else:
            one.state, one.settled_at = SENT, at
        _note(session, "notice_resolved", found, actor, at, "again" if again else "was sent")
    return found


def listed(session: Session, *, most: int, **wanted: str | None) -> list[Notice]:
    """List the notices that fit (by state, kind, agency_code, month, transport), the newest first."""
    query = select(Notice)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(Notice.__table__.c[name] == value)
    return list(session.scalars(query.order_by(Notice.queued_at.desc(), Notice.id).limit(most)))


def counts(session: Session) -> dict[str, int]:
    """Notices by state, those of which there are any."""
    by_state = select(Notice.state, func.count()).group_by(Notice.state)
    return {state: number for state, number in session.execute(by_state)}  # noqa: C416 — a Row is no pair to mypy


def is_waiting(session: Session, at: datetime) -> bool:
    """Whether anything is to be sent, or to be taken back from a sender that died."""
    ready = (Notice.state == QUEUED) & (Notice.not_before <= at)
    left = Notice.state.in_((SENDING, HANDED_OVER)) & (Notice.lease_until < at)
    return session.scalar(select(Notice.id).where(or_(ready, left)).limit(1)) is not None


def bad_addresses(session: Session) -> dict[str, BadAddress]:
    """Every address that was refused for good, by its MAC."""
    return {one.mac: one for one in session.scalars(select(BadAddress))}


def remember_bad(session: Session, mac: str, agency_code: str, code: str, at: datetime) -> None:
    """Write down that an address was refused for good."""
    session.merge(BadAddress(mac=mac, agency_code=agency_code, code=code, at=at))


def forget_bad(session: Session, macs: Iterable[str]) -> int:
    """Try these addresses again; how many of them had been refused."""
    known = [one for mac in macs if (one := session.get(BadAddress, mac)) is not None]
    for one in known:
        session.delete(one)
    return len(known)


def _note(
    session: Session, action: str, notices: Sequence[Notice], actor: str, at: datetime, reason: str | None = None
) -> None:
    """Have it in the audit: who was told what, and how it ended."""
    note(
        session,
        (
            Deed(
                action,
                actor,
                one.agency_code,
                one.month,
                one.id,
                ": ".join(part for part in (f"{one.kind} by {one.transport}", reason or one.detail) if part),
                at,
            )
            for one in notices
        ),
    )

"""Taking documents in that somebody submits, into landing and ledger; what channels fetch is in `assets/pull.py`.

Bytes are in landing before the ledger says so: whatever is cut off, a document is submitted again rather than lost.
Nothing is checked here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from assets.channels.protocol import (
    MANUAL,
)
from assets.platform import Platform
from checks.format.identify import identify
from checks.model.masking import mask_ids_in
from warehouse.deadlines import Timeliness, timeliness
from warehouse.duties import Duties, DutyCalendar, calendar_of
from warehouse.journal import log
from warehouse.landing import Landed
from warehouse.ledger import clock
from warehouse.ledger.arrivals import Arrived, orphans, record_arrivals, recovered
from warehouse.ledger.engine import reading, writing
from warehouse.months import is_month

#: Documents, and bytes of them, that one ledger transaction records: few commits, little memory.
CHUNK_DOCUMENTS = 500
CHUNK_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A document handed in by hand: `name` is its path or file name, `by` who did it (None: the platform's actor)."""

    name: str
    data: bytes
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Receipted:
    """The receipt of one document: `new` False where the same bytes were known for that agency and month.

    `agency_code` and `month` are `''`, and `deadline` and what follows from it None, where the document does not say
    them readably; `on_time` and `days_late` are None, too, where it came before its month had ended.  `size` in bytes,
    `received_at` in UTC.
    """

    name: str
    submission_id: str
    agency_code: str
    month: str
    size: int
    received_at: datetime
    new: bool
    deadline: datetime | None
    on_time: bool | None
    days_late: int | None


def hand_in(platform: Platform, items: Iterable[HandedIn], channel: str = MANUAL) -> list[Receipted]:
    """Land and record documents, any number, in their order; what cannot be identified is kept like the rest.

    Raises `warehouse.landing.LandingFull` or `LandingDamaged`, `warehouse.duties.CalendarRefused` and
    `warehouse.ledger.clock.ClockDisagrees` before anything is landed; what was recorded before stays.
    """
    receipts: list[Receipted] = []
    calendar = calendar_of(platform.home)
    look_at_the_clock(platform)
    for chunk in _chunks(items):
        landed = platform.landing.put_many(item.data for item in chunk)
        now = platform.clock()
        arrivals = [_arrival(item, one, channel, now) for item, one in zip(chunk, landed, strict=True)]
        with writing(platform.engine) as session:
            new = record_arrivals(session, arrivals, actor=platform.actor, at=now)
        log.info(
            "documents_received",
            channel=channel,
            documents=len(new),
            new=sum(new),
            bytes=sum(one.bytes for one in landed),
        )
        receipts += _receipts(platform, calendar, [item.name for item in chunk], arrivals, new)
    return receipts


def adopt_orphans(platform: Platform) -> list[Receipted]:
    """Record what landed an hour ago or earlier and nobody recorded, as received when it landed.

    Whoever handed it in has no receipt and may have handed it in again since, which is then the same submission.
    Raises `warehouse.landing.LandingDamaged`, `warehouse.sealed.UnknownKey` and `warehouse.duties.CalendarRefused`;
    what was recorded before stays.
    """
    receipts: list[Receipted] = []
    calendar = calendar_of(platform.home)
    with reading(platform.engine) as session:
        found = orphans(platform.landing, session)
    for id_ in found:
        arrivals = recovered(platform.landing, [id_], _identified)
        with writing(platform.engine) as session:
            new = record_arrivals(session, arrivals, actor=platform.actor, at=platform.clock())
        receipts += _receipts(platform, calendar, [one.source for one in arrivals], arrivals, new)
    return receipts


def look_at_the_clock(platform: Platform) -> None:
    """Refuse to receive by a clock that PostgreSQL's contradicts; log one that the ledger's newest rows do."""
    with reading(platform.engine) as session:
        clock.refuse_wrong(session)
        ahead = clock.ahead_of(session, platform.clock())
    if ahead > clock.TOLERATED:
        log.warning("clock_behind_the_ledger", seconds=round(ahead.total_seconds()))


def _chunks(items: Iterable[HandedIn]) -> Iterator[list[HandedIn]]:
    chunk: list[HandedIn] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) >= CHUNK_DOCUMENTS or size + len(item.data) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.data)
    if chunk:
        yield chunk


def _arrival(item: HandedIn, landed: Landed, channel: str, now: datetime) -> Arrived:
    agency_code, month = _identified(item.data)
    return Arrived(
        submission_id=landed.id,
        agency_code=agency_code,
        month=month,
        channel=channel,
        source=mask_ids_in(item.name),
        bytes=landed.bytes,
        received_at=now,
        by=item.by,
    )


def _identified(data: bytes) -> tuple[str, str]:
    """The agency code and month that a document states itself; `''` for what it does not."""
    said = identify(data)
    return said.agency_code or "", said.month or ""


def _receipts(
    platform: Platform,
    calendar: DutyCalendar,
    names: Iterable[str],
    arrivals: Sequence[Arrived],
    new: Sequence[bool],
) -> list[Receipted]:
    with reading(platform.engine) as session:
        duties = Duties(session, calendar)
        return [_receipt(name, one, is_new, duties) for name, one, is_new in zip(names, arrivals, new, strict=True)]


def _receipt(name: str, one: Arrived, new: bool, duties: Duties) -> Receipted:
    deadline = duties.until(one.agency_code, one.month) if is_month(one.month) else None
    on_time, late = timeliness(one.month, deadline, one.received_at) if deadline else Timeliness(None, None)
    return Receipted(
        name=name,
        submission_id=one.submission_id,
        agency_code=one.agency_code,
        month=one.month,
        size=one.bytes,
        received_at=one.received_at,
        new=new,
        deadline=deadline,
        on_time=on_time,
        days_late=late,
    )

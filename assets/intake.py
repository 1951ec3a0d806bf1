"""Taking documents in: what is handed in, and what the channels pull, into landing and ledger.

Bytes are in landing before the ledger says so, and a channel is told only after the ledger's commit: whatever is cut
off, a document is fetched or handed in again rather than lost.  Nothing is checked here.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

from assets.channels.bounded import OutOfTimeError, within
from assets.channels.protocol import (
    MANUAL,
    Channel,
    Delivery,
    Outcome,
    PlatformUnavailable,
    Reason,
    Remembered,
    unforeseen,
)
from assets.fetch_memory import LedgerMemory, remember
from assets.platform import Platform
from assets.pull_report import Failure, PullReport
from checks.format.identify import identify
from checks.model.masking import mask_ids_in
from warehouse.deadlines import days_late, is_on_time
from warehouse.duties import Duties, DutyCalendar, calendar_of
from warehouse.journal import bound, log
from warehouse.landing import Landed, TooLarge
from warehouse.ledger import clock
from warehouse.ledger.arrivals import SETTLED, Arrived, orphans, record_arrivals, recovered
from warehouse.ledger.engine import reading, writing
from warehouse.locks import Busy, exclusive_everywhere
from warehouse.months import is_month
from warehouse.redaction import shown_address

#: Documents, and bytes of them, that one ledger transaction records: few commits, little memory.
CHUNK_DOCUMENTS = 500
CHUNK_BYTES = 64 << 20
#: A pull commits at least this often (seconds), so that a slow source does not keep the others' months waiting.
CHUNK_SECONDS = 5.0

#: Seconds that a pull waits for another one's inbox.
_PATIENCE = 600.0


class InboxBusy(Busy):
    """Another pull was emptying the inbox all the time."""

    doing = "收取收件匣"
    english = "another pull is emptying the inbox ({holder}); gave up after {waited:g} s, try again later"


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
    them readably; `size` in bytes, `received_at` in UTC.
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
    _look_at_the_clock(platform)
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


def pull(
    platform: Platform,
    month: str,
    agencies: Collection[str] | None = None,
    channels: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> PullReport:
    """Bring a month (`YYYY-MM`) in through every channel that is configured, or those named.

    Each channel is asked for the agencies that the register says it is to bring, or those of them that are named; the
    inbox is emptied whoever it is of.  `on_progress` gets the deliveries so far and the agencies in all.
    Whatever an agency's source or a channel does is a line of the report, and the whole ends after
    `platform.pull_limits.seconds`: each channel has an even share of what is left.
    Raises `assets.channels.config.SourcesError`, `warehouse.ledger.clock.ClockDisagrees`, and what landing and ledger
    raise.
    """
    _look_at_the_clock(platform)
    # What a process that was killed had half received: nobody was told that it is taken, and it comes again.
    platform.landing.sweep(datetime.now(UTC) - SETTLED)
    opened = {name: one for name, one in platform.channels().items() if channels is None or name in channels}
    asked = _asked(platform, month, opened, agencies)
    asked = {name: codes for name, codes in asked.items() if codes or name == MANUAL}
    report, total = PullReport(month), sum(map(len, asked.values()))
    until = time.monotonic() + platform.pull_limits.seconds
    for turn, (name, codes) in enumerate(asked.items()):
        share = max(0.0, until - time.monotonic()) / (len(asked) - turn)
        with bound(month=month, channel=name):
            began = time.monotonic()
            for chunk in _in_chunks(_collected(platform, opened[name], month, codes, share)):
                _record(platform, chunk, report)
                for delivery in chunk:
                    opened[name].confirm(delivery)
                if on_progress:
                    on_progress(report.outcomes.total(), total)
            if name == MANUAL:
                _note_inbox(platform, report)
            _log_pulled(name, len(codes), report, time.monotonic() - began)
    return report


def _look_at_the_clock(platform: Platform) -> None:
    """Refuse to receive by a clock that PostgreSQL's contradicts; log one that the ledger's newest rows do."""
    with reading(platform.engine) as session:
        clock.refuse_wrong(session)
        ahead = clock.ahead_of(session, platform.clock())
    if ahead > clock.TOLERATED:
        log.warning("clock_behind_the_ledger", seconds=round(ahead.total_seconds()))


def _collected(
    platform: Platform, channel: Channel, month: str, agencies: Sequence[str], seconds: float
) -> Iterator[Delivery]:
    """The channel's deliveries, then a failed one for each agency that it still owed where something ended it early.

    Raises what landing or ledger raised, which concerns every agency alike.
    """
    own = _OwnParts(platform)
    left = set(agencies)
    try:
        with _alone(platform) if channel.name == MANUAL else nullcontext():
            for delivery in within(channel.collect(month, agencies, own, own.land), seconds):
                left.discard(delivery.agency_code)
                yield delivery
    except PlatformUnavailable as error:
        raise (error.__cause__ or error) from None
    except OutOfTimeError:
        reason = Reason(f"收件逾時，{seconds:,.0f} 秒內未完成", f"the pull's time of {seconds:,.0f} seconds was over")
    except InboxBusy as error:
        reason = Reason(str(error))
    except Exception as error:  # noqa: BLE001 — a channel's own trouble costs its own agencies
        reason = unforeseen(error)
    else:
        return
    finally:
        own.close()
    if channel.name == MANUAL:
        yield Delivery(MANUAL, "", month, Outcome.DOWN, shown_address(platform.inbox), reason=reason)
    for agency in sorted(left):
        yield Delivery(channel.name, agency, month, Outcome.FAILED, channel.name, reason=reason)


class _OwnParts:
    """Landing and ledger as channels are given them: what goes wrong with them is told from what a channel does.

    After `close`, a channel's thread that was given up and comes back to life lands nothing any more.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._memory = LedgerMemory(platform.engine)
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def recall(self, channel: str, month: str) -> Mapping[str, Remembered]:
        """As `LedgerMemory`; raises `PlatformUnavailable`."""
        try:
            return self._memory.recall(channel, month)
        except Exception as error:
            raise PlatformUnavailable from error

    def land(self, chunks: Iterable[bytes]) -> Landed:
        """As `Platform.land`; raises `PlatformUnavailable` for what is not the chunks' own error."""
        if self._closed:
            raise OutOfTimeError(0)
        theirs: list[Exception] = []

        def watched() -> Iterator[bytes]:
            try:
                yield from chunks
            except Exception as error:
                theirs.append(error)
                raise

        try:
            return self._platform.land(watched())
        except TooLarge:
            raise
        except Exception as error:
            if error in theirs:
                raise
            raise PlatformUnavailable from error


def _note_inbox(platform: Platform, report: PullReport) -> None:
    """Write down that the inbox could be listed, over what an earlier pull may have said of it."""
    if not report.outcomes[MANUAL, Outcome.DOWN.value]:
        found = Outcome.DELIVERED if report.outcomes[MANUAL, Outcome.DELIVERED.value] else Outcome.NOTHING
        listed = Delivery(MANUAL, "", report.month, found, shown_address(platform.inbox))
        with writing(platform.engine) as session:
            remember(session, [listed], platform.clock())


def _log_pulled(channel: str, asked: int, report: PullReport, seconds: float) -> None:
    outcomes = {outcome: number for (name, outcome), number in sorted(report.outcomes.items()) if name == channel}
    log.info("channel_pulled", asked=asked, **outcomes, seconds=round(seconds, 3))


def _alone(platform: Platform) -> AbstractContextManager[None]:
    """One pull at a time empties the inbox.

    Of two at once, the second would bring a document after the first had brought its correction, and have it count.
    """
    return exclusive_everywhere(platform.engine, "inbox", platform.home.root / ".inbox.lock", _PATIENCE, InboxBusy)


def _asked(
    platform: Platform, month: str, channels: Collection[str], agencies: Collection[str] | None
) -> dict[str, list[str]]:
    """Channel → the agencies that it is to bring this month; none for the inbox, which brings what is in it."""
    wanted = None if agencies is None else set(agencies)
    with reading(platform.engine) as session:
        due = Duties(session, calendar_of(platform.home)).of_month(month).due
    return {
        name: sorted(code for code, one in due.items() if one.channel == name and (wanted is None or code in wanted))
        for name in channels
    }


def _record(platform: Platform, chunk: list[Delivery], report: PullReport) -> None:
    """Arrivals and what the channel is to remember, in one transaction; then the report."""
    now = platform.clock()
    arrivals = [
        Arrived(
            submission_id=one.submission_id,
            agency_code=one.agency_code,
            month=one.month,
            channel=one.channel,
            source=mask_ids_in(one.source),
            bytes=one.bytes,
            received_at=one.received_at,
        )
        for one in chunk
        if one.outcome is Outcome.DELIVERED and one.submission_id is not None
    ]
    with writing(platform.engine) as session:
        new = record_arrivals(session, arrivals, actor=platform.actor, at=now)
        remember(session, [one for one in chunk if one.channel != MANUAL or one.outcome is Outcome.DOWN], now)
    report.arrived += sum(new)
    report.outcomes.update((one.channel, one.outcome.value) for one in chunk)
    failures = [
        Failure(one.channel, one.agency_code, mask_ids_in(one.source), str(one.reason))
        for one in chunk
        if one.outcome in (Outcome.FAILED, Outcome.NOT_CONFIGURED, Outcome.DOWN)
    ]
    for one in failures:
        log.warning("agency_failed", agency=one.agency_code, source=one.source, reason=one.reason)
    report.failures += failures


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


def _in_chunks(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Deliveries in chunks, by number or by time, whichever is first."""
    chunk: list[Delivery] = []
    since = time.monotonic()
    for delivery in deliveries:
        chunk.append(delivery)
        if len(chunk) >= CHUNK_DOCUMENTS or time.monotonic() - since >= CHUNK_SECONDS:
            yield chunk
            chunk, since = [], time.monotonic()
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
    return Receipted(
        name=name,
        submission_id=one.submission_id,
        agency_code=one.agency_code,
        month=one.month,
        size=one.bytes,
        received_at=one.received_at,
        new=new,
        deadline=deadline,
        on_time=is_on_time(deadline, one.received_at) if deadline else None,
        days_late=days_late(deadline, one.received_at) if deadline else None,
    )

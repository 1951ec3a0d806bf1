"""Pulling a month: what the channels bring, into landing and ledger, whatever their sources do.

A channel is told only after the ledger's commit, so that what is cut off is fetched again rather than lost.  What one
delivery is, each channel says; here is who is asked, for how long, and what becomes of a channel that breaks.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
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
from assets.intake import CHUNK_DOCUMENTS, look_at_the_clock
from assets.platform import Platform
from assets.pull_report import NotBrought, PullReport
from checks.model.masking import mask_ids_in
from warehouse.duties import Duties, calendar_of
from warehouse.journal import bound, log
from warehouse.landing import Landed, TooLarge
from warehouse.ledger.arrivals import SETTLED, Arrived, record_arrivals
from warehouse.ledger.engine import reading, writing
from warehouse.locks import Busy, exclusive_everywhere
from warehouse.redaction import shown_address

#: A pull commits at least this often (seconds), so that a slow source does not keep the others' months waiting.
CHUNK_SECONDS = 5.0
#: Seconds that a pull waits for another one's inbox.
_PATIENCE = 600.0


class InboxBusy(Busy):
    """Another pull was emptying the inbox all the time."""

    doing = "收取收件匣"
    english = "another pull is emptying the inbox ({holder}); gave up after {waited:g} s, try again later"


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
    look_at_the_clock(platform)
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
        self._memory = LedgerMemory(platform.engine, platform.clock())
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
    failures = _not_brought(chunk, Outcome.FAILED, Outcome.NOT_CONFIGURED, Outcome.DOWN)
    for one in failures:
        log.warning("agency_failed", agency=one.agency_code, source=one.source, reason=one.reason)
    report.failures += failures
    report.without_records += _not_brought(chunk, Outcome.NOTHING)


def _not_brought(chunk: Iterable[Delivery], *outcomes: Outcome) -> list[NotBrought]:
    return [
        NotBrought(one.channel, one.agency_code, mask_ids_in(one.source), str(one.reason))
        for one in chunk
        if one.outcome in outcomes
    ]


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

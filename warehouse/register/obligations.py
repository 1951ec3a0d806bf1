"""Who must report, by which channel, and who need not: one agency's obligations as spans of days.

What a file says of the channel holds from the day of import on; what was in force before stays as it was.
Exemptions carry their own dates and hold for them, also where these are past.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from warehouse.register.reading import Exemption, Stated

_DAY = timedelta(days=1)


class Duty(NamedTuple):
    """What holds on a day.  Neither reason nor `reported_by`: the agency reports, by `channel` (None = manual)."""

    channel: str | None
    exempt_reason: str | None
    reported_by: str | None

    @property
    def exempt(self) -> bool:
        """The agency itself owes nothing."""
        return self.exempt_reason is not None or self.reported_by is not None


class Span(NamedTuple):
    """A duty and its days, both included; None = open."""

    first: date | None
    last: date | None
    duty: Duty

    def covers(self, day: date) -> bool:
        """Say whether the day is one of these."""
        return (self.first or date.min) <= day <= (self.last or date.max)


#: Due, by no stated channel: what an agency without any row of obligations has, so no row says it.
PLAIN = Duty(None, None, None)


def restate_obligations(held: Sequence[Span], stated: Sequence[Stated], today: date) -> list[Span]:
    """Give the spans that the agency has after a file; the same as `held`, in its order of time, where nothing changes.

    Where nothing is held, all that the file says holds from the beginning.
    """
    exemptions = [exemption for row in stated for exemption in row.exemptions]
    kept_until = today if held else date.min
    dated = [row.first for row in exemptions if row.first is not None]
    exemptions_kept_until = min([kept_until, *dated])

    def duty_on(day: date) -> Duty:
        before = next((span.duty for span in held if span.covers(day)), PLAIN)
        channel = before.channel if day < kept_until else _channel(stated, day)
        if day < exemptions_kept_until:
            return Duty(channel, before.exempt_reason, before.reported_by)
        exemption = next((row for row in exemptions if _covers(row, day)), None)
        return Duty(channel, exemption.reason, exemption.reported_by) if exemption else Duty(channel, None, None)

    edges = {date.min, kept_until, exemptions_kept_until}
    spans = [(span.first, span.last) for span in held] + [(row.first, row.last) for row in exemptions]
    for first, last in [*spans, *((row.active_from, row.active_to) for row in stated)]:
        edges |= {first or date.min, last + _DAY if last else date.min}
    return _merge([(edge, duty_on(edge)) for edge in sorted(edges)])


def _channel(stated: Sequence[Stated], day: date) -> str | None:
    """Find the channel of the period that the day lies in; an agency stated once has one channel for ever."""
    if len(stated) == 1:
        return stated[0].channel
    periods = (Span(row.active_from, row.active_to, Duty(row.channel, None, None)) for row in stated)
    return next((span.duty.channel for span in periods if span.covers(day)), None)


def _covers(exemption: Exemption, day: date) -> bool:
    return (exemption.first or date.min) <= day <= (exemption.last or date.max)


def _merge(changes: list[tuple[date, Duty]]) -> list[Span]:
    """Spans from the days on which the duty is known to be so from then on; plain ones need no row."""
    turns = [changes[0], *(later for earlier, later in pairwise(changes) if later[1] != earlier[1])]
    ends: list[date | None] = [first - _DAY for first, _ in turns[1:]]
    return [
        Span(None if first == date.min else first, last, duty)
        for (first, duty), last in zip(turns, [*ends, None], strict=True)
        if duty != PLAIN
    ]

"""Asking the register: is an agency in force, who owes a month and why, who is fetched from by which channel.

Everything is loaded once; a `RegisterAgencies` is the register as of the moment at which it was made.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from checks.model.agency_kinds import KINDS, Kind, Staffing, kind_of_code
from warehouse.ledger.models import Agency, Obligation
from warehouse.register.obligations import PLAIN, Duty, Span
from warehouse.register.postal_codes import Area, area_of, table_bytes
from warehouse.register.tree import Node, Tree

_DAY = timedelta(days=1)

WHOLE_MONTH = "整月存續 in force all month"


class Due(NamedTuple):
    """An agency owes a month: why it counts, and the channel that is to bring it (None = manual)."""

    why: str
    channel: str | None


class NotDue(NamedTuple):
    """An agency in force that owes nothing in a month: why, and who reports for it if anyone does."""

    why: str
    reported_by: str | None


class Period(NamedTuple):
    """A row of `agencies`: what an agency was in its days in force, both included; None = open.

    `kind` is the stated one, else that of the code (`RegisterAgencies` fills it in).
    """

    agency_code: str
    name: str
    parent_code: str | None
    authority_code: str | None
    level: int | None
    active_from: date | None
    active_to: date | None
    expected_headcount: int | None
    kind: str | None = None
    postal_code: str | None = None
    default_work_pattern: str | None = None

    @property
    def known_kind(self) -> Kind:
        """The kind that rules go by: that of the code where the stated one is in the calendar of duties alone."""
        return KINDS.get(self.kind or "") or kind_of_code(self.agency_code)

    @property
    def area(self) -> Area | None:
        """The county and town that it lies in, by its postal code; None where that is not known."""
        return area_of(self.postal_code)


class RegisterAgencies:
    """The register in memory; it answers F011 as `checks.context.AgencyLookup`.

    Months are `YYYY-MM`; ValueError on anything else, except from `in_force`.  False where nothing was imported yet.
    """

    def __init__(self, session: Session) -> None:
        #: Agency → its periods, in order of time.
        self.periods: dict[str, list[Period]] = {}
        for row in session.execute(select(*(getattr(Agency, name) for name in Period._fields))):
            period = Period(*row)
            period = period._replace(kind=period.kind or period.known_kind.name)
            self.periods.setdefault(period.agency_code, []).append(period)
        for periods in self.periods.values():
            periods.sort(key=lambda period: period.active_from or date.min)
        self._duties: dict[str, list[Span]] = {}
        self._load_duties(session)
        self._everyone = {code: Node(rows[-1].parent_code, rows[-1].level) for code, rows in self.periods.items()}
        everything = [period for rows in self.periods.values() for period in rows]
        self._begins = sorted(period.active_from or date.min for period in everything)
        self._ends = sorted(period.active_to or date.max for period in everything)
        self._trees: dict[tuple[int, int], Tree] = {}

    def __len__(self) -> int:
        return len(self.periods)

    def _load_duties(self, session: Session) -> None:
        columns = (Obligation.agency_code, Obligation.valid_from, Obligation.valid_to)
        duties = (Obligation.channel, Obligation.exempt_reason, Obligation.reported_by)
        for code, first, last, channel, reason, reporter in session.execute(select(*columns, *duties)):
            self._duties.setdefault(code, []).append(Span(first, last, Duty(channel, reason, reporter)))
        for spans in self._duties.values():
            spans.sort(key=lambda span: span.first or date.min)

    @property
    def fingerprint(self) -> str:
        """Return 32 hexadecimal digits over everything that the register says."""
        digest = sha256(table_bytes())
        for held in (self.periods, self._duties):
            for code in sorted(held):
                digest.update(repr((code, held[code])).encode())
        return digest.hexdigest()[:32]

    def in_force(self, agency_code: str, month: str) -> bool | None:
        """Say whether it is in force on at least one day of the month; None where the register does not know it.

        A month that is none (`0000-01`) is one in which no agency was in force.
        """
        periods = self.periods.get(agency_code)
        if periods is None:
            return None
        try:
            first, last = month_days(month)
        except ValueError:
            return False
        return any(_overlaps(period, first, last) for period in periods)

    def staffing(self, agency_code: str, month: str) -> Staffing:
        """What the agency's last row of the month says of its staff."""
        first, last = month_days(month)
        rows = [period for period in self.periods.get(agency_code, ()) if _overlaps(period, first, last)]
        return Staffing(rows[-1].known_kind.name, rows[-1].default_work_pattern) if rows else Staffing()

    def name(self, agency_code: str) -> str | None:
        """Give the newest name of an agency; None where the register does not know it."""
        periods = self.periods.get(agency_code)
        return periods[-1].name if periods else None

    def of_month(self, month: str) -> dict[str, Period]:
        """Agency → the period of each agency in force in the month; its last one where it had several."""
        first, last = month_days(month)
        newest = {}
        for code, periods in self.periods.items():
            for period in reversed(periods):
                if _overlaps(period, first, last):
                    newest[code] = period
                    break
        return newest

    def tree(self, month: str) -> Tree:
        """Build the tree of the agencies in force in the month; months between changes have the same one."""
        first, last = month_days(month)
        # Periods of which none begins or ends in between are in force alike in both months.
        turn = bisect_right(self._begins, last), bisect_left(self._ends, first)
        if turn not in self._trees:
            nodes = {code: Node(period.parent_code, period.level) for code, period in self.of_month(month).items()}
            self._trees[turn] = Tree(nodes, self._everyone)
        return self._trees[turn]

    def due(self, month: str) -> dict[str, Due]:
        """List who owes the month: the agencies in force on at least one day on which they are not exempt."""
        return {code: answer for code, answer in self.answers(month).items() if isinstance(answer, Due)}

    def not_due(self, month: str) -> dict[str, NotDue]:
        """List the agencies in force in the month that are exempt, or reported by another, on all their days in it."""
        return {code: answer for code, answer in self.answers(month).items() if isinstance(answer, NotDue)}

    def channel_of(self, period: Period) -> str | None:
        """Give the last channel by which the agency reported in the period; None = manual, or never."""
        spans = self._duties.get(period.agency_code, ())
        first, last = period.active_from or date.min, period.active_to or date.max
        for span in reversed(spans):
            if not span.duty.exempt and (span.first or date.min) <= last and (span.last or date.max) >= first:
                return span.duty.channel
        return None

    def answers(self, month: str) -> dict[str, Due | NotDue]:
        """Say of each agency in force in the month whether it owes it."""
        answers: dict[str, Due | NotDue] = {}
        first, last = month_days(month)
        whole: dict[str | None, Due] = {}
        for code, periods in self.periods.items():
            spans = self._duties.get(code, [])
            # Nearly all: one period and one duty on all days of the month.
            duty = _only_duty(periods, spans, first, last)
            if duty is not None and not duty.exempt:
                answers[code] = whole.setdefault(duty.channel, Due(WHOLE_MONTH, duty.channel))
                continue
            days = list(_days_in_force(periods, first, last))
            if days:
                answers[code] = _answer(days, spans, first, last)
        return answers


def month_days(month: str) -> tuple[date, date]:
    """Give the first and the last day of `YYYY-MM`.  Raises ValueError on any other text."""
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _overlaps(period: Period, first: date, last: date) -> bool:
    """In force on one of the days; a period that ends before it begins never is."""
    begins, ends = period.active_from or date.min, period.active_to or date.max
    return begins <= ends and begins <= last and ends >= first


def _only_duty(periods: list[Period], spans: list[Span], first: date, last: date) -> Duty | None:
    """Give the duty of an agency of one period and at most one span, where both hold all these days; else None."""
    if len(periods) != 1 or len(spans) > 1:
        return None
    (period,) = periods
    if (period.active_from or date.min) > first or (period.active_to or date.max) < last:
        return None
    if not spans:
        return PLAIN
    return spans[0].duty if spans[0].covers(first) and spans[0].covers(last) else None


def _days_in_force(periods: list[Period], first: date, last: date) -> Iterator[tuple[date, date]]:
    """Give the stretches of the month in force, in order; periods that follow each other are one stretch."""
    held: tuple[date, date] | None = None
    for period in periods:
        if not _overlaps(period, first, last):
            continue
        begins, ends = max(period.active_from or first, first), min(period.active_to or last, last)
        if held is not None and begins <= held[1] + _DAY:
            held = (held[0], max(held[1], ends))
            continue
        if held is not None:
            yield held
        held = (begins, ends)
    if held is not None:
        yield held


def _answer(days: list[tuple[date, date]], spans: list[Span], first: date, last: date) -> Due | NotDue:
    """Whether an agency in force on these days of a month owes it, by what holds on each of them."""
    duties = [(day, next((span.duty for span in spans if span.covers(day)), PLAIN)) for day in _turns(days, spans)]
    owing = [duty for _, duty in duties if not duty.exempt]
    if not owing:
        duty = duties[-1][1]
        return NotDue(_why_exempt(duty), duty.reported_by)
    if len(owing) < len(duties):
        why = "當月部分期間免報，其餘須報 exempt for part of the month only"
    elif days == [(first, last)]:
        why = WHOLE_MONTH
    else:
        stretches = "、".join(f"{begins} ~ {ends}" for begins, ends in days)
        why = f"當月部分期間存續 in force for part of the month: {stretches}"
    return Due(why, owing[-1].channel)


def _turns(days: list[tuple[date, date]], spans: list[Span]) -> list[date]:
    """Find the days in force on which what holds may change: a stretch begins, a span begins or has ended."""
    turns = {begins for begins, _ in days}
    for span in spans:
        edges = [span.first, span.last + _DAY if span.last and span.last < date.max else None]
        turns.update(edge for edge in edges if edge and any(begins <= edge <= ends for begins, ends in days))
    return sorted(turns)


def _why_exempt(duty: Duty) -> str:
    if duty.reported_by is None:
        return f"免報 exempt: {duty.exempt_reason}"
    reason = f"（{duty.exempt_reason}）" if duty.exempt_reason else ""
    return f"由其他機關代報 reported by {duty.reported_by}{reason}"

"""How what a file says of one agency is laid over what the register already holds of it.

History is not rewritten: a change of name, parent, level, headcount, kind or postal code closes the period in force on
the day before the import and opens a new one; dates of beginning and end are facts of their own and are taken as
stated, as is a postal code where none was known, or one of the same area, and a work pattern where none was.
What lies ahead is no history: each file states it anew.  So it does for an agency that never was in force.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple, Self

from warehouse.ledger.models import Agency
from warehouse.register.oddities import Oddities
from warehouse.register.postal_codes import same_area
from warehouse.register.reading import Exemption, Stated

_DAY = timedelta(days=1)
#: Last day in force of an agency that was abolished, nobody says when, before we first heard of it: the day before
#: ROC year 1.  So it is never in force, yet in the register.
NEVER = date(1911, 12, 31)


class Outcome(StrEnum):
    """What a file did to an agency."""

    ADDED = "added"
    CHANGED = "changed"
    CLOSED = "closed"
    UNCHANGED = "unchanged"


class InForce(NamedTuple):
    """An agency in its days in force, both included; None = open.  The fields are columns of `agencies`."""

    active_from: date | None
    active_to: date | None
    name: str
    parent_code: str | None
    level: int | None
    expected_headcount: int | None
    kind: str | None
    postal_code: str | None
    default_work_pattern: str | None

    @classmethod
    def of(cls, row: Agency | Stated) -> Self:
        """The period of a row, held or stated."""
        return cls(*(getattr(row, name) for name in cls._fields))

    @property
    def begins(self) -> date:
        """The first day, the dawn of time where it is open."""
        return self.active_from or date.min

    def over(self, day: date) -> bool:
        """Ended before the day, or never in force at all."""
        return self.active_to is not None and self.active_to < max(day, self.begins)

    def continues(self, earlier: Self) -> bool:
        """Begin on the day after the earlier one ended."""
        return earlier.active_to is not None and self.active_from == earlier.active_to + _DAY


def start_key(row: Agency | Stated) -> date:
    """Sort key of rows: the first day, the dawn of time where it is open."""
    return row.active_from or date.min


def choose_periods(code: str, stated: Sequence[Stated], oddities: Oddities) -> list[Stated]:
    """Give the periods of one agency that do not overlap, in order.

    Of rows that do, an active one is used, then the latest.  Rows that differ in their exemption alone are one.
    """
    exemptions: dict[Stated, list[Exemption]] = {}
    for row in stated:
        exemptions.setdefault(replace(row, exemptions=()), []).extend(row.exemptions)
    distinct = [replace(row, exemptions=tuple(found)) for row, found in exemptions.items()]
    if len(distinct) == 1:
        return distinct
    chosen: list[Stated] = []
    for row in sorted(distinct, key=_precedence, reverse=True):
        if any(_overlap(row, other) for other in chosen):
            oddities.note("duplicate", f"{code} {row.name}")
        else:
            chosen.append(row)
    return sorted(chosen, key=start_key)


def _precedence(row: Stated) -> tuple[bool, bool, date]:
    return not row.reversed, not row.marked_abolished, start_key(row)


def _overlap(one: Stated, other: Stated) -> bool:
    """Share a day; one that ends before it begins is beside no other."""
    if one.reversed or other.reversed:
        return True
    return start_key(one) <= (other.active_to or date.max) and start_key(other) <= (one.active_to or date.max)


def reconcile(
    held: Sequence[Agency], stated: Sequence[Stated], attributes: Sequence[str], today: date, oddities: Oddities
) -> tuple[Outcome, list[Agency]]:
    """Decide what the periods of one agency are to be: rows of `held` (changed in place, or left out) and new ones.

    `held` and `stated` are in order of time; `attributes` are those that the file states.  Several stated periods
    are the agency's whole history and replace what is held; one is the agency as it is now.
    """
    code = stated[0].agency_code
    before = [InForce.of(row) for row in held]
    if len(stated) > 1 or not held:
        after = _restated(before, stated, attributes, today)
    else:
        after = _Revision(before, stated[0], attributes, today, oddities).periods()
    if before == after:
        return Outcome.UNCHANGED, list(held)
    by_start = {row.active_from: row for row in held}
    rows = [_written(by_start.get(period.active_from, Agency(agency_code=code)), period) for period in after]
    return _outcome(before, after), rows


def _outcome(before: Sequence[InForce], after: Sequence[InForce]) -> Outcome:
    if not before:
        return Outcome.ADDED
    last, newest = before[-1], after[-1]
    if last.active_to is not None and newest.begins > max(last.active_to, last.begins):
        return Outcome.ADDED
    return Outcome.CLOSED if last.active_to is None and newest.active_to is not None else Outcome.CHANGED


def _written(row: Agency, period: InForce) -> Agency:
    """Write the period into its row; an authority that rested on another parent or level is to be found anew."""
    if (row.parent_code, row.level) != (period.parent_code, period.level):
        row.authority_code = None
    for name, value in period._asdict().items():
        setattr(row, name, value)
    return row


def copy_from(row: Agency, day: date) -> Agency:
    """Close a period on the day before and give its continuation, which has no authority yet."""
    opened = _written(Agency(agency_code=row.agency_code), InForce.of(row)._replace(active_from=day))
    row.active_to = day - _DAY
    return opened


def _wanted(stated: Stated, attributes: Sequence[str]) -> dict[str, Any]:
    """Give the attributes that the row states; a blank parent says "top", any other blank states nothing."""
    values = {name: getattr(stated, name) for name in attributes}
    return {name: value for name, value in values.items() if value is not None or name == "parent_code"}


def _end(held: InForce | None, stated: Stated, today: date, *, contradictory: bool = False) -> date | None:
    """Give the last day; of an end that is only known to be past, as held, or the day before we heard."""
    if not stated.abolished_undated and not contradictory:
        return stated.active_to
    if held is None:
        return NEVER if stated.abolished_undated else stated.active_to
    return held.active_to if held.over(today) else today - _DAY


def _restated(
    before: Sequence[InForce], stated: Sequence[Stated], attributes: Sequence[str], today: date
) -> list[InForce]:
    """Give the periods as stated, with what is held of each where the file does not say."""
    by_start = {period.active_from: period for period in before}
    after = []
    for row in stated:
        held = by_start.get(row.active_from)
        period = held._replace(**_wanted(row, attributes)) if held else InForce.of(row)
        after.append(period._replace(active_to=_end(held, row, today)))
    return after


class _Revision:
    """One agency as a new publication states it, laid over the periods held."""

    def __init__(
        self, before: Sequence[InForce], now: Stated, attributes: Sequence[str], today: date, oddities: Oddities
    ) -> None:
        self._before = before
        self._now = now
        self._wanted = _wanted(now, attributes)
        self._today = today
        self._oddities = oddities
        #: The history: what was in force before today.
        self._periods = self._unwound()

    def periods(self) -> list[InForce]:
        now = self._now
        if not self._periods:
            known = self._before[-1]._replace(**self._wanted)
            return [known._replace(active_from=now.active_from, active_to=_end(None, now, self._today))]
        if now.active_to is not None and not now.reversed and now.active_to >= self._periods[0].begins:
            self._undo_after(now.active_to)
        if self._begins_anew():
            known = self._periods[-1]._replace(**self._wanted)
            return [*self._periods, known._replace(active_from=now.active_from, active_to=_end(None, now, self._today))]
        self._take_start()
        self._take_end()
        self._take_attributes()
        return self._split_as_before()

    def _unwound(self) -> list[InForce]:
        """Take back what begins today or later, or never was; what an import of today continued goes on instead."""
        kept: list[InForce] = []
        for period in self._before:
            if period.over(period.begins):
                continue
            if period.begins < self._today:
                kept.append(period)
            elif kept and period.continues(kept[-1]) and period.begins == self._today:
                kept[-1] = kept[-1]._replace(active_to=period.active_to)
        return kept

    def _begins_anew(self) -> bool:
        latest, begun = self._periods[-1], self._now.active_from
        if begun is None or self._now.reversed or self._now.abolished_undated:
            return False
        return latest.active_to is not None and begun > latest.active_to

    def _note(self, kind: str, found: str) -> None:
        self._oddities.note(kind, f"{self._now.agency_code} {self._now.name} {found}")

    def _undo_after(self, last: date) -> bool:
        """Take back what imports opened after the agency's end: as it turns out, that never was."""
        periods = self._periods
        count = len(periods)
        while len(periods) > 1 and last < periods[-1].begins:
            undone = periods.pop()
            if undone.continues(periods[-1]):
                periods[-1] = periods[-1]._replace(active_to=undone.active_to)
        return len(periods) < count

    def _take_start(self) -> None:
        """Correct a first day that was unknown or wrong, where the one unbroken period held can take it."""
        first, begun = self._periods[0], self._now.active_from
        if begun is None or self._now.reversed or any(period.active_from == begun for period in self._periods):
            return
        found = f"{first.active_from or '—'} → {begun}"
        unbroken = all(later.continues(earlier) for earlier, later in pairwise(self._periods))
        if not unbroken or begun > (first.active_to or date.max) or begun >= self._today:
            self._note("start_differs", found)
            return
        self._note("start_corrected", found)
        self._periods[0] = first._replace(active_from=begun)

    def _take_end(self) -> None:
        periods, now = self._periods, self._now
        # Dates that contradict each other, or the first day that we hold, say only that it is over.
        contradictory = now.reversed or (now.active_to is not None and now.active_to < periods[0].begins)
        last = _end(periods[-1], now, self._today, contradictory=contradictory)
        if last is not None and self._undo_after(last):
            last = _end(periods[-1], now, self._today, contradictory=contradictory)
        if last is None and periods[-1].over(self._today):
            self._note("reopened", f"{periods[-1].active_to}")
            periods.append(periods[-1]._replace(active_from=self._today, active_to=None))
        else:
            periods[-1] = periods[-1]._replace(active_to=last)

    def _take_postal_code(self) -> None:
        """Fill in what was not known before, or known in fewer digits: the agency has not moved."""
        code = self._wanted.get("postal_code")
        self._periods = [
            one._replace(postal_code=code) if same_area(one.postal_code, code) else one for one in self._periods
        ]

    def _take_work_pattern(self) -> None:
        """Fill in what nobody had stated before: the months being entered are those before today."""
        pattern = self._wanted.get("default_work_pattern")
        self._periods = [
            period._replace(default_work_pattern=period.default_work_pattern or pattern) for period in self._periods
        ]

    def _take_attributes(self) -> None:
        self._take_postal_code()
        self._take_work_pattern()
        latest = self._periods[-1]
        revised = latest._replace(**self._wanted)
        if revised == latest:
            return
        if latest.over(self._today):
            differing = [name for name, value in self._wanted.items() if getattr(latest, name) != value]
            self._note("past_differs", ", ".join(differing))
        elif latest.begins < self._today:
            self._periods[-1] = latest._replace(active_to=self._today - _DAY)
            self._periods.append(revised._replace(active_from=self._today))
        else:
            self._periods[-1] = revised

    def _split_as_before(self) -> list[InForce]:
        """Keep a continuation that an earlier import of today opened, as for a change of authority alone."""
        latest = self._periods[-1]
        opened = any(period.active_from == self._today and not period.over(self._today) for period in self._before)
        if opened and latest.begins < self._today and not latest.over(self._today):
            self._periods[-1] = latest._replace(active_to=self._today - _DAY)
            self._periods.append(latest._replace(active_from=self._today))
        return self._periods

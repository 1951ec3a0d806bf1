"""How what a file says of one agency is laid over what the register already holds of it.

History is not rewritten: a change of name, parent, level or headcount closes the period in force on the day before
the import and opens a new one; dates of beginning and end are facts of their own and are taken as stated.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from warehouse.ledger.models import Agency
from warehouse.register.oddities import Oddities
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


def start_key(row: Agency | Stated) -> date:
    """Sort key of periods: the first day, the dawn of time where it is open."""
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
    for row in sorted(distinct, key=lambda row: (not row.marked_abolished, start_key(row)), reverse=True):
        if any(_overlap(row, other) for other in chosen):
            oddities.note("duplicate", f"{code} {row.name}")
        else:
            chosen.append(row)
    return sorted(chosen, key=start_key)


def _overlap(one: Stated, other: Stated) -> bool:
    return start_key(one) <= (other.active_to or date.max) and start_key(other) <= (one.active_to or date.max)


def reconcile(
    held: Sequence[Agency], stated: Sequence[Stated], attributes: Sequence[str], today: date, oddities: Oddities
) -> tuple[Outcome, list[Agency]]:
    """Decide what the periods of one agency are to be: rows of `held` (changed in place, or left out) and new ones.

    `held` and `stated` are in order of time; `attributes` are those that the file states.  Several stated periods
    are the agency's whole history and replace what is held; one is the agency as it is now.
    """
    if not held:
        return Outcome.ADDED, [_new(row, row.active_from, _first_heard_end(row)) for row in stated]
    if len(stated) > 1:
        return _restate(held, stated, attributes, today)
    return _Revision(held, stated[0], attributes, today, oddities).outcome()


def copy_from(row: Agency, day: date) -> Agency:
    """Close a period on the day before and give its continuation, which has no authority yet."""
    opened = _new(row, day, row.active_to)
    row.active_to = day - _DAY
    return opened


def _new(row: Agency | Stated, first: date | None, last: date | None) -> Agency:
    return Agency(
        agency_code=row.agency_code,
        name=row.name,
        parent_code=row.parent_code,
        level=row.level,
        active_from=first,
        active_to=last,
        expected_headcount=row.expected_headcount,
    )


def _first_heard_end(row: Stated) -> date | None:
    return NEVER if row.abolished_undated else row.active_to


def _end(held: Agency, stated: Stated, today: date) -> date | None:
    """Give the last day; of an end that is only known to be past, as held, or the day before we heard."""
    if not stated.abolished_undated:
        return stated.active_to
    gone = held.active_to is not None and held.active_to < today
    return held.active_to if gone else today - _DAY


def _restate(
    held: Sequence[Agency], stated: Sequence[Stated], attributes: Sequence[str], today: date
) -> tuple[Outcome, list[Agency]]:
    by_start = {row.active_from: row for row in held}
    rows, changed = [], len(held) != len(stated)
    for period in stated:
        row = by_start.get(period.active_from)
        if row is None:
            row, changed = _new(period, period.active_from, _first_heard_end(period)), True
        else:
            changed |= _set(row, _wanted(period, attributes) | {"active_to": _end(row, period, today)})
        rows.append(row)
    return (Outcome.CHANGED if changed else Outcome.UNCHANGED), rows


def _wanted(stated: Stated, attributes: Sequence[str]) -> dict[str, object]:
    """Give the attributes that the row states; a blank level or headcount states nothing, a blank parent says "top"."""
    values: dict[str, object] = {name: getattr(stated, name) for name in attributes}
    return {name: value for name, value in values.items() if value is not None or name == "parent_code"}


def _set(row: Agency, wanted: dict[str, object]) -> bool:
    """Write what differs; an authority that no longer rests on the same parent and level is to be found anew."""
    differing = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    if not differing.keys().isdisjoint({"parent_code", "level"}):
        row.authority_code = None
    return bool(differing)


class _Revision:
    """One agency as a new publication states it, laid over the periods held."""

    def __init__(
        self, held: Sequence[Agency], now: Stated, attributes: Sequence[str], today: date, oddities: Oddities
    ) -> None:
        self._rows = list(held)
        self._now = now
        self._attributes = attributes
        self._today = today
        self._oddities = oddities

    def outcome(self) -> tuple[Outcome, list[Agency]]:
        now, latest = self._now, self._rows[-1]
        begins_anew = now.active_from is not None and now.active_from > start_key(latest)
        if begins_anew and latest.active_to is not None and start_key(now) > latest.active_to:
            return Outcome.ADDED, [*self._rows, _new(now, now.active_from, _first_heard_end(now))]
        was_open = latest.active_to is None
        changed = self._take_start()
        ended = self._take_end()
        changed = self._take_attributes() or changed
        if ended and was_open:
            return Outcome.CLOSED, self._rows
        return (Outcome.CHANGED if changed or ended else Outcome.UNCHANGED), self._rows

    def _note(self, kind: str, found: str) -> None:
        self._oddities.note(kind, f"{self._now.agency_code} {self._now.name} {found}")

    def _take_start(self) -> bool:
        """Correct a first day that was unknown or wrong, where the one unbroken period held can take it."""
        first, stated = self._rows[0], self._now.active_from
        if stated is None or any(row.active_from == stated for row in self._rows):
            return False
        unbroken = all(_continues(one, next_) for one, next_ in zip(self._rows, self._rows[1:], strict=False))
        found = f"{first.active_from or '—'} → {stated}"
        if not unbroken or (first.active_to is not None and stated > first.active_to):
            self._note("start_differs", found)
            return False
        self._note("start_corrected", found)
        first.active_from = stated
        return True

    def _take_end(self) -> bool:
        latest = self._rows[-1]
        last = _end(latest, self._now, self._today)
        if last == latest.active_to:
            return False
        if last is not None:
            # What was opened by an import after the agency's end, as it turns out, never was.
            while len(self._rows) > 1 and last < start_key(self._rows[-1]) and _continues(*self._rows[-2:]):
                self._rows.pop()
            self._rows[-1].active_to = last
        elif latest.active_to is not None and latest.active_to < self._today:
            self._note("reopened", f"{latest.active_to}")
            self._rows.append(_new(latest, self._today, None))
        else:
            latest.active_to = None
        return True

    def _take_attributes(self) -> bool:
        latest = self._rows[-1]
        wanted = _wanted(self._now, self._attributes)
        differing = [name for name, value in wanted.items() if getattr(latest, name) != value]
        if not differing:
            return False
        if latest.active_to is not None and latest.active_to < self._today:
            self._note("past_differs", ", ".join(differing))
            return False
        if start_key(latest) < self._today:
            latest = copy_from(latest, self._today)
            self._rows.append(latest)
        return _set(latest, wanted)


def _continues(one: Agency, following: Agency) -> bool:
    return one.active_to is not None and following.active_from == one.active_to + _DAY

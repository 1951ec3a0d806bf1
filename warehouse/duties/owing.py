"""Who owes which month, and until when: the register, the calendar and what was granted, taken together.

A `Duties` answers as of the moment at which it was made, or as of a past one where asked: what was granted, declared
closed or imported as office calendar after that does not count.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from warehouse.duties.calendar import DutyCalendar
from warehouse.duties.grants import EXEMPTION, EXTENSION, Standing, standing_grants
from warehouse.duties.reckoning import spoken
from warehouse.register.agencies import Due, NotDue, RegisterAgencies
from warehouse.register.closures import closed_days

#: Hours closed that make a day no working day (format 1.0: "A working day is 8 hours").
_WHOLE_DAY = 8
#: Days after a due day within which its agency must have worked again.
_REACH = timedelta(days=62)


@dataclass(frozen=True)
class MonthDuties:
    """A month: who owes it and why, who does not and why, and until when (moments are aware, in Taipei).

    `deadline` is everybody's but of the agencies in `own`.
    """

    month: str
    due: dict[str, Due]
    not_due: dict[str, NotDue]
    deadline: datetime
    own: dict[str, datetime]

    def until(self, agency_code: str) -> datetime:
        """When the month is due of that agency."""
        return self.own.get(agency_code, self.deadline)


class Spread(NamedTuple):
    """A grant and the agencies that it reaches in a month."""

    grant: Standing
    agencies: frozenset[str]


class Duties:
    """Months are `YYYY-MM`; ValueError for anything else.  The session is asked only when an answer needs it."""

    def __init__(
        self,
        session: Session,
        calendar: DutyCalendar,
        *,
        register: RegisterAgencies | None = None,
        as_of: datetime | None = None,
    ) -> None:
        self._rows = calendar
        self._calendar: DutyCalendar | None = None
        self._session = session
        self._register = register
        self._grants: list[Standing] | None = None
        self._as_of = as_of
        self._own: dict[str, dict[str, datetime]] = {}

    # Not `cached_property`: until Python 3.12 it has one lock for all instances, and who waits for a connection in it
    # makes those wait who have them all.

    @property
    def calendar(self) -> DutyCalendar:
        """The calendar of duties, with the office days known."""
        if self._calendar is None:
            self._calendar = self._rows.known(self._session, self._as_of)
        return self._calendar

    @property
    def register(self) -> RegisterAgencies:
        """The register."""
        if self._register is None:
            self._register = RegisterAgencies(self._session)
        return self._register

    @property
    def grants(self) -> list[Standing]:
        """What is granted."""
        if self._grants is None:
            self._grants = standing_grants(self._session, self._as_of)
        return self._grants

    def of_month(self, month: str) -> MonthDuties:
        """Answer for every agency in force in the month."""
        due, not_due = self.register.due(month), self.register.not_due(month)
        for grant, agencies in self._spread(month, EXEMPTION):
            for code in agencies & due.keys():
                del due[code]
                not_due[code] = NotDue(f"核准免報 exempt by grant: {grant.reason}（{grant.granted_by}）", None)
        for grant, agencies in self._spread(month, EXTENSION):
            for code in agencies & due.keys():
                why, channel = due[code]
                due[code] = Due(f"{why}；展延至 extended to {_granted_until(grant)}（{grant.granted_by}）", channel)
        return MonthDuties(month, due, not_due, self.calendar.due(month), self._own_deadlines(month))

    def until(self, agency_code: str, month: str) -> datetime:
        """When the month is due of that agency, one that the register does not know included."""
        return self._own_deadlines(month).get(agency_code, self.calendar.due(month))

    def deadlines(self, month: str) -> list[datetime]:
        """The different moments until which the month is due, in order."""
        return sorted({self.calendar.due(month), *self._own_deadlines(month).values()})

    def state(self, month: str, now: datetime) -> str:
        """A short text: while it is the same, so is all that the duties have to do with the month."""
        reached = [
            (*_facts(grant), sorted(agencies))
            for kind in (EXEMPTION, EXTENSION)
            for grant, agencies in self._spread(month, kind)
        ]
        own = sorted((code, at.isoformat()) for code, at in self._own_deadlines(month).items())
        passed = [at.isoformat() for at in self.deadlines(month) if at <= now]
        said = json.dumps([self.calendar.due(month).isoformat(), passed, own, reached])
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def _own_deadlines(self, month: str) -> dict[str, datetime]:
        """Agency → its deadline, of those that have another than everybody."""
        if month not in self._own:
            general = self.calendar.due(month)
            own = self._by_kind(month)
            own |= self._over_closed_days(month, own)
            for grant, agencies in self._spread(month, EXTENSION):
                until = grant.until or general
                own |= {code: max(own.get(code, general), until) for code in agencies}
            self._own[month] = {code: at for code, at in own.items() if at != general}
        return self._own[month]

    def _by_kind(self, month: str) -> dict[str, datetime]:
        kinds = {kind: self.calendar.due(month, kind) for kind in self.calendar.kinds(month)}
        if not kinds:
            return {}
        agencies = self.register.of_month(month).items()
        return {code: kinds[period.kind] for code, period in agencies if period.kind in kinds}

    def _over_closed_days(self, month: str, own: dict[str, datetime]) -> dict[str, datetime]:
        """The deadlines that give way, as the agency's office was closed on the day; nothing where no row says so."""
        rows = [self.calendar.row(month), *self.calendar.kinds(month).values()]
        moving = [row for row in rows if row.moves]
        if not moving:
            return {}
        first = min(row.due.day_of(month) for row in moving)
        office_days = self.calendar.office_days
        moved = {}
        for code, closed in self._closed(first, first + _REACH).items():
            row = self.calendar.row(month, self._kind(code, month))
            if row.moves:
                due = row.due_at(month, lambda day, closed=closed: office_days.is_worked(day) and day not in closed)  # type: ignore[misc]
                if due != own.get(code, self.calendar.due(month)):
                    moved[code] = due
        return moved

    def _kind(self, code: str, month: str) -> str | None:
        period = self.register.of_month(month).get(code)
        return period.kind if period else None

    def _closed(self, first: date, last: date) -> dict[str, set[date]]:
        """Agency → the whole days between these on which it was closed."""
        days: dict[str, set[date]] = {}
        for code, day, hours in closed_days(self._session, [f"{first:%Y-%m}", f"{last:%Y-%m}"], self._as_of).rows():
            if first <= day <= last and hours >= _WHOLE_DAY:
                days.setdefault(code, set()).add(day)
        return days

    def _spread(self, month: str, kind: str) -> Iterator[Spread]:
        """The grants of that kind that are about the month, and whom they reach in its tree."""
        for grant in self.grants:
            if grant.kind == kind and grant.touches(month):
                below = self.register.tree(month).descendants_of(grant.code) if grant.below else ()
                yield Spread(grant, frozenset({grant.code, *below}))


def _granted_until(grant: Standing) -> str:
    return spoken(grant.until) if grant.until else ""


def _facts(grant: Standing) -> tuple[object, ...]:
    return grant.id, grant.at.isoformat(), grant.reason, grant.granted_by, grant.until and grant.until.isoformat()

"""People of CPAPE05M → rows of `employees`: who somebody is, on which days, in what service, and when they work.

What the installation does not say is null.  Somebody of whom a code is not in its map is left off the payroll and
counted, never guessed at: their records are then refused (R102).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from assets.channels.p2k.installation import Installation
from assets.channels.p2k.problems import Problem, Problems
from assets.channels.p2k.records import CodeMaps, Record
from assets.channels.p2k.roster import Roster, Span
from assets.channels.p2k.tables import Person
from assets.channels.p2k.values import entitled_hours, is_no_date, normal_code, roc_date, roc_year

Meaning = TypeVar("Meaning")
#: A code that may be quoted: nothing that could be a name or an ID.
_QUOTABLE = re.compile(r"[0-9A-Za-z]{1,4}", re.ASCII)
_SCHOOL_YEAR_BEGINS = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Staff:
    """Makes the rows of an agency's people in a month.

    `on_roster` are the IDs of who has a rostered duty in it; `today` is in Taipei: entitlements whose year the table
    does not say are of this one.
    """

    installation: Installation
    maps: CodeMaps
    roster: Roster
    span: Span
    today: date
    on_roster: Collection[str]
    problems: Problems

    def rows(self, person: Person) -> Iterator[Record]:
        """A row for each stretch of service in the month; none of who is left off the payroll."""
        for text in (person.joined, person.left):
            if roc_date(text) is None and not is_no_date(text):
                self.problems.note(Problem.BAD_PAYROLL_DATE)
        employment_type = self._employment_type(person)
        stretches = self._stretches(person)
        if employment_type is None or stretches is None:
            return
        self.problems.look_for_lost(person.name)
        common = {
            "work_pattern": "shift" if person.person_id in self.on_roster else None,
            "clocks": self._clocks(person),
            "annual_leave_hours": self._entitled(person, employment_type),
        }
        for first, last, status in stretches:
            yield {
                "person_id": person.person_id,
                "name": person.name,
                "employment_type": employment_type,
                "from": first.isoformat() if first > self.span.first else None,
                "to": last.isoformat() if last < self.span.last else None,
                "status": status,
                **common,
            }

    def _employment_type(self, person: Person) -> str | None:
        """By the kind of person where the installation has it; else by the kind of post, or the basis of the year."""
        kinds = self.installation.person_kinds
        if kinds is not None:
            return self._mapped(person, kinds.column, kinds.codes, Problem.UNMAPPED_KIND)
        known = self.maps.employment_types.get(normal_code(person.kind_of_post))
        known = known or self.maps.year_kinds.get(normal_code(person.year_kind))
        if known is None:
            self.problems.note(Problem.DEFAULT_EMPLOYMENT)
            return self.maps.default_employment_type
        return known

    def _stretches(self, person: Person) -> list[tuple[date, date, str | None]] | None:
        """First and last day and status of each stretch; None of who is left off the payroll."""
        joined, left = self.roster.days_of(person)
        first, last = max(joined or self.span.first, self.span.first), min(left or self.span.last, self.span.last)
        service = self.installation.service
        if service is None:
            return [(first, last, None)]
        status = self._mapped(person, service.column, service.codes, Problem.UNMAPPED_SERVICE)
        if status == "left" and left is None:
            self.problems.note(Problem.LEFT_WITHOUT_DATE)
        if status is None or (status == "left" and left is None):
            return None
        unpaid: tuple[date, date] | None = (date.min, date.max) if status == "unpaid_leave" else None
        if service.unpaid_from is not None and service.unpaid_to is not None:
            texts = [person.stated[name.upper()] for name in (service.unpaid_from, service.unpaid_to)]
            days = [roc_date(text) for text in texts]
            if any(day is None and not is_no_date(text) for day, text in zip(days, texts, strict=True)):
                self.problems.note(Problem.BAD_UNPAID_DATE)
                return None
            if any(days):
                unpaid = days[0] or date.min, days[1] or date.max
        return _split(first, last, unpaid)

    def _clocks(self, person: Person) -> bool | None:
        clocks = self.installation.clocks
        return None if clocks is None else self._mapped(person, clocks.column, clocks.codes, Problem.UNMAPPED_CLOCKS)

    def _entitled(self, person: Person, employment_type: str) -> int | None:
        """Hours of annual leave of the year, saved ones included; None unless the table speaks of the month's year."""
        said = self.installation.entitlements
        if said is None:
            return None
        teacher = employment_type == "teacher"
        year = _year(self.today, teacher) if said.year is None else roc_year(person.stated[said.year.upper()])
        texts = [person.stated[name.upper()] for name in (said.days, *said.saved)]
        hours = [entitled_hours(text) for text in texts]
        if year is None or any(one is None and text for one, text in zip(hours, texts, strict=True)):
            self.problems.note(Problem.BAD_ENTITLEMENT)
        if year != _year(self.span.first, teacher) or None in hours:
            return None
        return sum(one for one in hours if one is not None)

    def _mapped(self, person: Person, column: str, codes: Mapping[str, Meaning], unmapped: Problem) -> Meaning | None:
        """What the person's code means; None, and counted, where nobody said so."""
        code = person.stated[column.upper()]
        meaning = codes.get(normal_code(code))
        if meaning is None:
            self.problems.note(unmapped, code if _QUOTABLE.fullmatch(code) else None)
        return meaning


def _split(first: date, last: date, unpaid: tuple[date, date] | None) -> list[tuple[date, date, str | None]]:
    """The days from `first` to `last`, those of unpaid leave apart."""
    if unpaid is None or unpaid[1] < first or unpaid[0] > last:
        return [(first, last, "active")]
    begins, ends = max(unpaid[0], first), min(unpaid[1], last)
    stretches: list[tuple[date, date, str | None]] = []
    if first < begins:
        stretches.append((first, begins - _DAY, "active"))
    stretches.append((begins, ends, "unpaid_leave"))
    if ends < last:
        stretches.append((ends + _DAY, last, "active"))
    return stretches


def _year(day: date, teacher: bool) -> int:
    """The year of which the day is: for teachers the one in which its school year began."""
    return day.year - 1 if teacher and day.month < _SCHOOL_YEAR_BEGINS else day.year

"""The submission document of one agency and month, composed from P2K tables as a stream of bytes.

The same data gives the same bytes: rows are sorted by all their columns, and nothing is taken from the clock.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from assets.channels.p2k.installation import Installation
from assets.channels.p2k.problems import Problem, Problems
from assets.channels.p2k.records import Record, RecordMaker
from assets.channels.p2k.roster import Roster, Span
from assets.channels.p2k.staff import Staff
from assets.channels.p2k.tables import P2kTables

_CHUNK = 64 * 1024


class NobodyThere(LookupError):  # noqa: N818 — says what happened
    """The personnel table holds nobody of the agency: that is not a month without records."""


class NoRecords(LookupError):  # noqa: N818 — says what happened
    """The tables hold no leave, overtime or clocking of the month: that is no statement that there was none."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        super().__init__()


def read_roster(tables: P2kTables, agency: str, span: Span, installation: Installation) -> Roster:
    """Give the agency's people; raises `NobodyThere`."""
    roster = Roster(span, away=int(installation.left_on == "first_day_away"))
    for person in tables.people(agency, installation.personnel_columns()):
        roster.add(person)
    if not roster.rows:
        raise NobodyThere(agency)
    return roster


@dataclass(frozen=True, slots=True)
class Composer:
    """One agency and month: the tables, what makes records of their rows, and what the installation says.

    `today` is in Taipei.  `maker.problems` is complete when the document ends.
    """

    tables: P2kTables
    maker: RecordMaker
    installation: Installation
    today: date

    def compose(self, month: str, version: str) -> Iterator[bytes]:
        """Give the document in pieces of about 64 KB.

        Raises `NoRecords` where there is no record at all, unless the source says that the month is closed or the
        agency is known to report nothing.
        """
        looking = self.maker.apart()
        found = any(record for records in self._records(looking).values() for record in records)
        if not found and not self._says_nothing():
            raise NoRecords(looking.problems)
        return _in_chunks(self._lines(month, version))

    def _says_nothing(self) -> bool:
        closed, agency = self.installation.closed_months, self.maker.agency
        if self.installation.reports_nothing(agency):
            return True
        return closed is not None and self.tables.is_closed(closed, agency, self.maker.span.first)

    def _lines(self, month: str, version: str) -> Iterator[str]:
        head = {
            "format_version": "1.1",
            "agency_code": self.maker.agency,
            "month": month,
            "produced_by": {"system": "WebHR", "version": version},
            # The tables know no time of change, and the clock would make every composing another document.
            "produced_at": f"{(self.maker.span.last + timedelta(days=1)).isoformat()}T00:00:00+08:00",
        }
        yield f"{_json(head)[:-1]}"
        # Kept, unlike the others: who has a duty works by a roster, and people come first.
        shifts = list(filter(None, self._shifts()))
        yield from _array("employees", self._employees({shift["person_id"] for shift in shifts}))
        yield from _array("shifts", shifts)
        for name, records in self._records(self.maker).items():
            yield from _array(name, records)
        yield "}\n"

    def _employees(self, on_roster: Collection[str]) -> Iterator[Record]:
        maker = self.maker
        staff = Staff(self.installation, maker.maps, maker.roster, maker.span, self.today, on_roster, maker.problems)
        return chain.from_iterable(map(staff.rows, maker.roster.on_payroll))

    def _shifts(self) -> Iterator[Record | None]:
        rosters, span = self.installation.rosters, self.maker.span
        if rosters is not None:
            for row in self.tables.roster(rosters, self.maker.agency, span.first, span.last):
                yield self.maker.shift(row, by_card=rosters.card is not None)

    def _records(self, maker: RecordMaker) -> dict[str, Iterator[Record | None]]:
        """The records of which a month may hold none, by array."""
        tables, agency, first, last = self.tables, maker.agency, maker.span.first, maker.span.last
        return {
            "leaves": chain(
                map(maker.leave, tables.leaves(agency, first, last)), map(maker.trip, tables.trips(agency, first, last))
            ),
            "overtime": map(maker.overtime, tables.overtime(agency, first, last)),
            "clockings": _clockings(tables, maker),
        }


def _clockings(tables: P2kTables, maker: RecordMaker) -> Iterator[Record]:
    """Give what the night before the 1st left over, then the month's own table."""
    eve = maker.span.first - timedelta(days=1)
    for row in tables.attendance(maker.agency, eve, only=eve) or ():
        yield from maker.clockings_of_last_night(row)
    rows = tables.attendance(maker.agency, maker.span.first)
    if rows is None:
        maker.problems.note(Problem.NO_ATTENDANCE_TABLE)
        return
    for row in rows:
        yield from maker.clockings(row)


def _array(name: str, records: Iterable[Record | None]) -> Iterator[str]:
    """Give a property that is an array, one record a line: a finding's line number then means something."""
    yield f',\n"{name}":['
    separator = "\n"
    for record in records:
        if record is not None:
            yield separator + _json(record)
            separator = ",\n"
    yield "]"


def _in_chunks(lines: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _json(value: Record) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""The submission document of one agency and month, composed from P2K tables as a stream of bytes.

The same data gives the same bytes: rows are sorted by all their columns, and nothing is taken from the clock.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

from assets.channels.p2k.problems import Problem
from assets.channels.p2k.records import Record, RecordMaker
from assets.channels.p2k.roster import Roster, Span
from assets.channels.p2k.tables import P2kTables

_CHUNK = 64 * 1024


class NobodyThere(LookupError):  # noqa: N818 — says what happened
    """The personnel table holds nobody of the agency: that is not a month without records."""


def read_roster(tables: P2kTables, agency: str, span: Span) -> Roster:
    """Give the agency's people; raises `NobodyThere`."""
    roster = Roster(span)
    for person in tables.people(agency):
        roster.add(person)
    if not roster.rows:
        raise NobodyThere(agency)
    return roster


def compose(tables: P2kTables, maker: RecordMaker, month: str, version: str) -> Iterator[bytes]:
    """Give the document in pieces of about 64 KB; `maker.problems` is complete when it ends."""
    return _in_chunks(_lines(tables, maker, month, version))


def _lines(tables: P2kTables, maker: RecordMaker, month: str, version: str) -> Iterator[str]:
    agency, first, last = maker.agency, maker.span.first, maker.span.last
    head = {
        "format_version": "1.0",
        "agency_code": agency,
        "month": month,
        "produced_by": {"system": "WebHR", "version": version},
        # The tables know no time of change, and the clock would make every composing another document.
        "produced_at": f"{(last + timedelta(days=1)).isoformat()}T00:00:00+08:00",
    }
    yield f"{_json(head)[:-1]}"
    leaves = chain(
        map(maker.leave, tables.leaves(agency, first, last)), map(maker.trip, tables.trips(agency, first, last))
    )
    yield from _array("employees", map(maker.employee, maker.roster.on_payroll))
    yield from _array("leaves", leaves)
    yield from _array("overtime", map(maker.overtime, tables.overtime(agency, first, last)))
    yield from _array("clockings", _clockings(tables, maker))
    yield "}\n"


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

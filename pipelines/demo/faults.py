"""What goes wrong in the made-up country: documents that are refused, and records that are.

Each fault names the one rule that it trips.  They are made by hand into sound documents, so that the demo and its
tests know what the checks must say.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from pipelines.demo.documents import Document, Record, leave_record, overtime_record, to_bytes
from pipelines.demo.people import national_id, spoil_check_digit
from pipelines.demo.working_month import FULL_DAY_HOURS, Leave, Overtime

#: Nobody of the country has this ID.
STRANGER = national_id(25_999_999, woman=True)
_ON_LEAVE = (time(8, 30), time(17, 30))


@dataclass(frozen=True)
class FatalFault:
    """`spoil` turns a sound document into bytes that `rule` refuses."""

    rule: str
    spoil: Callable[[Document], bytes]


@dataclass(frozen=True)
class Canvas:
    """The document and the person to whom cases happen: somebody who came every day and did nothing else."""

    document: Document
    person_id: str
    days: tuple[date, ...]

    def leave(self, n: int, **changes: Any) -> Record:
        """Append a day of annual leave on the `n`-th working day, and return the record.

        The person does not clock out on its days, as who clocks in and out is not on leave (W215).
        """
        start, end = (datetime.combine(self.days[n], at) for at in _ON_LEAVE)
        record = leave_record(self.person_id, f"L-case-{len(self.document['leaves'])}", Leave("03", start, end, 8.0))
        self.document["leaves"].append(record := record | changes)
        clockings = self.document["clockings"]
        clockings[:] = [one for one in clockings if not self._clocks_out(one, record)]
        return record

    def _clocks_out(self, clocking: Record, leave: Record) -> bool:
        on_its_days = leave["start"][:10] <= clocking["at"][:10] <= leave["end"][:10]
        return bool(clocking["person_id"] == self.person_id and clocking["kind"] == "out" and on_its_days)

    def overtime(self, n: int, hour: int = 18, **changes: Any) -> None:
        """Append two hours of overtime on the `n`-th working day."""
        start = datetime.combine(self.days[n], time(hour))
        entry = Overtime(start, start + timedelta(hours=2), 120, "pay")
        record = overtime_record(self.person_id, f"O-case-{len(self.document['overtime'])}", entry)
        self.document["overtime"].append(record | changes)

    def at(self, n: int, hour: int) -> str:
        """The full hour on the `n`-th working day."""
        return f"{self.days[n]}T{hour:02d}:00"


@dataclass(frozen=True)
class RecordCase:
    """`happen` puts the case into the document; `rule` (None: nothing) finds it, `refused` are records by dataset."""

    rule: str | None
    happen: Callable[[Canvas], None]
    refused: dict[str, int] = field(default_factory=dict)


def _edited(**changes: Any) -> Callable[[Document], bytes]:
    return lambda document: to_bytes(document | changes)


def _first_leave(**changes: Any) -> Callable[[Document], bytes]:
    def spoil(document: Document) -> bytes:
        first, *others = document["leaves"]
        return to_bytes(document | {"leaves": [first | changes, *others]})

    return spoil


def _replaced(old: bytes, new: bytes) -> Callable[[Document], bytes]:
    return lambda document: to_bytes(document).replace(old, new, 1)


def _without_overtime(document: Document) -> bytes:
    return to_bytes({name: value for name, value in document.items() if name != "overtime"})


FATAL: dict[str, FatalFault] = {
    "saved as Big5": FatalFault("F001", lambda document: to_bytes(document).decode().encode("cp950")),
    "a comma too many": FatalFault("F002", lambda document: to_bytes(document)[:-1].rstrip(b"\n") + b",}"),
    "a property twice": FatalFault("F003", _replaced(b'"name":', b'"name": "", "name":')),
    "format 2.0": FatalFault("F004", _edited(format_version="2.0")),
    "overtime left out": FatalFault("F005", _without_overtime),
    "a property of its own": FatalFault("F006", _first_leave(approved_by="科長")),
    "hours as text": FatalFault("F007", _first_leave(hours="8")),
    "30 February": FatalFault("F008", _first_leave(start="2021-02-30T08:30")),
    "another agency's": FatalFault("F010", _edited(agency_code="345000000A")),
    "no longer in force": FatalFault("F011", to_bytes),
}


def _mistyped_id(canvas: Canvas) -> None:
    canvas.overtime(1, person_id=spoil_check_digit(canvas.person_id))


def _person_not_listed(canvas: Canvas) -> None:
    canvas.leave(2, person_id=STRANGER)


def _record_id_twice(canvas: Canvas) -> None:
    canvas.leave(3, record_id="L-twice")
    canvas.leave(4, record_id="L-twice")


def _ends_before_start(canvas: Canvas) -> None:
    canvas.leave(5, end=canvas.at(5, 8))


def _year_before(canvas: Canvas) -> None:
    canvas.overtime(6, start=f"2020{canvas.at(6, 18)[4:]}", end=f"2020{canvas.at(6, 20)[4:]}")


def _two_days_in_one(canvas: Canvas) -> None:
    canvas.leave(7, hours=16)


def _leave_twice(canvas: Canvas) -> None:
    canvas.leave(10)
    canvas.leave(10, start=canvas.at(10, 13), hours=4)


def _overtime_on_leave(canvas: Canvas) -> None:
    canvas.leave(11)
    canvas.overtime(11, hour=14)


def _clocked_twice(canvas: Canvas) -> None:
    canvas.document["clockings"].append(canvas.document["clockings"][0])


def _listed_twice(canvas: Canvas) -> None:
    canvas.document["employees"].append(canvas.document["employees"][0])


def _sunday(canvas: Canvas) -> None:
    sunday = next(day for day in canvas.days if day.isoweekday() == 1) - timedelta(days=1)
    canvas.leave(0, start=f"{sunday}T08:30", end=f"{sunday}T17:30")


def _no_certificate(canvas: Canvas) -> None:
    canvas.leave(12, leave_type="02", end=canvas.at(13, 17), hours=16)


def _absent(canvas: Canvas) -> None:
    day = canvas.days[14].isoformat()
    clockings = canvas.document["clockings"]
    clockings[:] = [c for c in clockings if c["person_id"] != canvas.person_id or not c["at"].startswith(day)]


def _nothing_to_report(canvas: Canvas) -> None:
    canvas.document.update(leaves=[], overtime=[], clockings=[])


def _one_more_leave(canvas: Canvas) -> None:
    canvas.leave(15)


#: What happens to the first person on a working day of their own, so that cases can come together in one document.
CASES: dict[str, RecordCase] = {
    "mistyped ID": RecordCase("R101", _mistyped_id, {"overtime": 1}),
    "person not listed": RecordCase("R102", _person_not_listed, {"leaves": 1}),
    "record id twice": RecordCase("R103", _record_id_twice, {"leaves": 1}),
    "ends before it starts": RecordCase("R104", _ends_before_start, {"leaves": 1}),
    "the year before": RecordCase("R105", _year_before, {"overtime": 1}),
    "two days in one": RecordCase("R106", _two_days_in_one, {"leaves": 1}),
    "unknown leave type": RecordCase("R107", lambda canvas: _typed(canvas, 8, "11"), {"leaves": 1}),
    "leave type of 2025": RecordCase("R108", lambda canvas: _typed(canvas, 9, "28"), {"leaves": 1}),
    "leave twice": RecordCase("R109", _leave_twice, {"leaves": 1}),
    "overtime on leave": RecordCase("R110", _overtime_on_leave, {"overtime": 1}),
    "clocked twice": RecordCase("R111", _clocked_twice, {"clockings": 1}),
    "listed twice": RecordCase("R112", _listed_twice, {"employees": 1}),
    "leave on a Sunday": RecordCase("W201", _sunday),
    "no certificate": RecordCase("W208", _no_certificate),
    "absent": RecordCase("W205", _absent),
    "nothing to report": RecordCase(None, _nothing_to_report),
    "one more leave": RecordCase(None, _one_more_leave),
}


def _typed(canvas: Canvas, n: int, leave_type: str) -> None:
    canvas.leave(n, leave_type=leave_type, hours=FULL_DAY_HOURS)

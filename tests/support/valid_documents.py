"""A Hypothesis strategy of valid documents: all sorts of months in which no rule finds anything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.tables import is_national_id, month_days, worked

Document = dict[str, Any]
Record = dict[str, Any]

AGENCY = "376500000A"
#: Made-up Saturdays, leap days, New Years that cross, months on both sides of W203 and of leave type 28.
MONTHS = ("2021-01", "2021-02", "2021-09", "2022-02", "2022-06", "2022-07", "2023-02", "2024-02", "2025-09", "2025-10")
#: Types that need no certificate in what is drawn here; those that count every day, and those that need one.
PLAIN = ("01", "02", "03", "04", "06", "07", "08", "10", "20", "21", "24", "25", "29", "99")
EVERY_DAY = ("05", "26")
CERTIFIED = ("09", "13", "22", "26", "27")

#: Whose leave crosses the month's end, where there is one.
ON_LEAVE = "A800000014"

#: Start, end and hours of a leave within one working day; the first two do not meet the third.
_MORNING, _AFTERNOON, _WHOLE = ("08:30", "12:30", 4), ("13:30", "17:30", 4), ("08:30", "17:30", 8)


@dataclass(frozen=True)
class Shape:
    """What a test needs of the documents it changes; None: either."""

    clockings: bool | None = None
    #: Whether leaves of the types that count every day may lie on days off.
    on_days_off: bool = True
    months: tuple[str, ...] = MONTHS


@st.composite
def valid_documents(draw: st.DrawFn, shape: Shape) -> Document:
    """A document that every rule lets pass, with one employee, leave and overtime at least."""
    month = draw(st.sampled_from(shape.months))
    people = draw(st.lists(national_ids(), min_size=2, max_size=3, unique=True))
    clocked = draw(st.booleans()) if shape.clockings is None else shape.clockings
    parts = [draw(_of_person(person, month, shape)) for person in people if person != ON_LEAVE]
    parts += [_crossing(month)] if draw(st.booleans()) else []
    return {
        "format_version": "1.0",
        "agency_code": AGENCY,
        "month": month,
        "produced_by": {"system": draw(st.sampled_from(("WebITR", "本機關系統"))), "version": "2.4.1"},
        "produced_at": draw(st.sampled_from(("2026-07-05T09:12:00+08:00", "2026-07-05T01:12:00.5Z"))),
        "employees": [employee for employee, _, _ in parts],
        "leaves": numbered("L", draw(st.permutations([one for _, leaves, _ in parts for one in leaves]))),
        "overtime": numbered("O", draw(st.permutations([one for _, _, some in parts for one in some]))),
        "clockings": [one for part in parts for one in _clockings(*part[:2], month)] if clocked else [],
    }


@st.composite
def national_ids(draw: st.DrawFn) -> str:
    """A valid ID of any of the three forms."""
    begins = draw(st.sampled_from("ABIOWZ")) + draw(st.sampled_from("1289ABCD"))
    begins += f"{draw(st.integers(0, 9_999_999)):07}"
    return next(begins + digit for digit in "0123456789" if is_national_id(begins + digit))


@st.composite
def _of_person(draw: st.DrawFn, person: str, month: str, shape: Shape) -> tuple[Record, list[Record], list[Record]]:
    """Row in the list of employees, leaves and overtime of one person, no two of them on the same day."""
    days = month_days(month)[:-1]
    first, last = draw(st.sampled_from(((None, None), (None, None), (days[0], days[-1]), (days[0], None))))
    employee = {
        "person_id": person,
        "name": draw(st.sampled_from(("王小明", "陳{大}文", 'O"Brien', ""))),
        "employment_type": draw(st.sampled_from(("civil_servant", "teacher", "contract", "other"))),
        "from": first and first.isoformat(),
        "to": last and last.isoformat(),
    }
    working = [day for day in days if worked(AGENCY, day, {})]
    away, late = draw(st.lists(st.sampled_from(working), min_size=2, max_size=2, unique=True))
    leaves = draw(_leaves(person, away))
    overtime = [_overtime(person, late, draw(st.integers(1, 4)))]
    for day in sorted({*draw(st.lists(st.sampled_from(days), max_size=5))} - {away, late}):
        if draw(st.booleans()):
            overtime.append(_overtime(person, day, draw(st.integers(1, 4))))
        elif day in working:
            leaves += draw(_leaves(person, day))
        elif shape.on_days_off:
            leaves.append(_leave(person, draw(st.sampled_from(EVERY_DAY)), day, _WHOLE))
    return employee, leaves, overtime


@st.composite
def _leaves(draw: st.DrawFn, person: str, day: date) -> list[Record]:
    """One leave of a working day, or two of its halves."""
    kind = st.sampled_from((*PLAIN, "05", *CERTIFIED))
    spans = draw(st.sampled_from(((_WHOLE,), (_MORNING,), (_MORNING, _AFTERNOON))))
    return [_leave(person, draw(kind), day, span) for span in spans]


def _leave(person: str, leave_type: str, day: date, span: tuple[str, str, int]) -> Record:
    start, end, hours = span
    return {
        "record_id": "",
        "person_id": person,
        "leave_type": leave_type,
        "start": f"{day}T{start}",
        "end": f"{day}T{end}",
        "hours": hours,
        "certificate": leave_type in (*CERTIFIED, "02"),
        "reason": None,
    }


def _overtime(person: str, day: date, hours: int) -> Record:
    start = f"{day}T18:00"
    return {
        "record_id": "",
        "person_id": person,
        "start": start,
        "end": f"{day}T{18 + hours}:00",
        "minutes": hours * 60,
        "compensation": "pay",
    }


def numbered(letter: str, records: Iterable[Record]) -> list[Record]:
    """The records with ids of their own."""
    return [{**one, "record_id": f"{letter}-{number:03}"} for number, one in enumerate(records)]


def _clockings(employee: Record, leaves: list[Record], month: str) -> Iterator[Record]:
    """In and out on every working day of the person without a leave."""
    away = {leave["start"][:10] for leave in leaves}
    for day in month_days(month):
        here = (employee["from"] or "") <= day.isoformat() <= (employee["to"] or "9999")
        if here and worked(AGENCY, day, {}) and day.isoformat() not in away:
            for time, kind in (("08:21", "in"), ("17:31:05", "out")):
                yield {"person_id": employee["person_id"], "at": f"{day}T{time}", "kind": kind}


def _crossing(month: str) -> tuple[Record, list[Record], list[Record]]:
    """Somebody on leave from the month's last working day, on which he came, to the next month's first."""
    days = month_days(month)
    last = max(day for day in days if worked(AGENCY, day, {}))
    after = next(day for n in range(1, 20) if worked(AGENCY, day := days[-1] + timedelta(days=n), {}))
    employee = {"person_id": ON_LEAVE, "name": "林", "employment_type": "other", "from": last.isoformat(), "to": None}
    leave = {**_leave(ON_LEAVE, "03", last, _WHOLE), "end": f"{after}T17:30", "hours": 16}
    return employee, [leave], []

"""One change of a valid document for each rule on its records: what it is, and what exactly is to be found then."""

import copy
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from tests.oracle.tables import month_days, worked
from tests.support.valid_documents import (
    AGENCY,
    CERTIFIED,
    EVERY_DAY,
    MONTHS,
    ON_LEAVE,
    PLAIN,
    Document,
    Record,
    Shape,
    national_ids,
)

#: Rule, dataset, index and field of a finding.
Finds = list[tuple[str, str, int, str]]
Draw = st.DrawFn
Change = Callable[[Draw, Document], Finds]


class OneChange(NamedTuple):
    """`deed` changes the document that it is given, one of the `shape`, and says what is to be found."""

    deed: Change
    shape: Shape


#: A leave that is refused for when it is leaves its day without a trace, which W205 would rightly say as well.
_NO_CLOCKINGS = Shape(clockings=False)
_LIMITED = tuple(month for month in MONTHS if month >= "2022-07")


def _any(draw: Draw, document: Document, *datasets: str) -> tuple[str, int, Record]:
    places = [(name, index) for name in datasets for index in range(len(document[name]))]
    assume(places)
    name, index = draw(st.sampled_from(places))
    return name, index, document[name][index]


def _leave_that(draw: Draw, document: Document, holds: Callable[[Record], bool]) -> tuple[int, Record]:
    indices = [index for index, one in enumerate(document["leaves"]) if holds(one)]
    assume(indices)
    index = draw(st.sampled_from(indices))
    return index, document["leaves"][index]


def _add(document: Document, dataset: str, like: Record, **changes: Any) -> int:
    document[dataset].append({**copy.deepcopy(like), **changes})
    return len(document[dataset]) - 1


def _counts_working_days(leave: Record) -> bool:
    return leave["leave_type"] not in EVERY_DAY


def _shifted(text: str, **by: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(**by)).isoformat(timespec="minutes")


def _free_days(document: Document, person: str, *, working: bool) -> list[date]:
    """Days of the month on which the person has neither leave nor overtime."""
    taken = {
        one["start"][:10] for name in ("leaves", "overtime") for one in document[name] if one["person_id"] == person
    }
    return [
        day
        for day in month_days(document["month"])[:-1]  # on the last some are no longer there
        if worked(AGENCY, day, {}) is working and day.isoformat() not in taken
    ]


def _of(document: Document, person: str) -> Record:
    return next(one for one in document["employees"] if one["person_id"] == person)


def _limited(document: Document, record: Record) -> bool:
    """Whether there is a limit of overtime for the person."""
    return _of(document, record["person_id"])["employment_type"] in {"civil_servant", "contract"}


def _known(document: Document, record: Record) -> bool:
    """Whether the person's working hours are known on every day, as those of teachers are not in vacations."""
    return _of(document, record["person_id"])["employment_type"] != "teacher"


def _weekday_type(document: Document, leave: Record) -> bool:
    """Whether the leave is of a type that days off do not hold, of somebody whose working hours are known."""
    return _known(document, leave) and leave["leave_type"] not in ("05", "06", "07", "26")


def _any_limited_overtime(draw: Draw, document: Document) -> Record:
    """Overtime of somebody for whom there is a limit."""
    some = [one for one in document["overtime"] if _limited(document, one)]
    assume(some)
    return draw(st.sampled_from(some))


def r101(draw: Draw, document: Document) -> Finds:
    """A wrong check digit, of one record or of an employee more."""
    dataset, index, record = _any(draw, document, "employees", "leaves", "overtime")
    right = record["person_id"]
    wrong = f"{right[:-1]}{(int(right[-1]) + draw(st.integers(1, 9))) % 10}"
    if dataset == "employees":
        index = _add(document, dataset, record, person_id=wrong)
    else:
        record["person_id"] = wrong
    return [("R101", dataset, index, "person_id")]


def r102(draw: Draw, document: Document) -> Finds:
    dataset, index, record = _any(draw, document, "leaves", "overtime")
    stranger = draw(national_ids())
    assume(all(one["person_id"] != stranger for one in document["employees"]))
    record["person_id"] = stranger
    return [("R102", dataset, index, "person_id")]


def r103(draw: Draw, document: Document) -> Finds:
    dataset = draw(st.sampled_from(("leaves", "overtime")))
    assume(len(document[dataset]) > 1)
    later = draw(st.integers(1, len(document[dataset]) - 1))
    earlier = draw(st.integers(0, later - 1))
    document[dataset][later]["record_id"] = document[dataset][earlier]["record_id"]
    return [("R103", dataset, later, "record_id")]


def r104(draw: Draw, document: Document) -> Finds:
    dataset, index, record = _any(draw, document, "leaves", "overtime")
    record["end"] = _shifted(record["start"], minutes=-draw(st.integers(0, 10_000)))
    return [("R104", dataset, index, "end")]


def r105(draw: Draw, document: Document) -> Finds:
    """Everything 364 days later or earlier: the same weekday, so that hardly anything else changes."""
    dataset, index, record = _any(draw, document, "employees", "leaves", "overtime", "clockings")
    by = {"days": draw(st.sampled_from((364, -364)))}
    if dataset == "employees":
        field = draw(st.sampled_from(("from", "to")))
        day = month_days(document["month"])[0] + timedelta(days=400 if field == "from" else -400)
        record[field] = day.isoformat()
        return [("R105", dataset, index, "from")]
    if dataset == "clockings":
        record["at"] = _shifted(record["at"], **by)
        return [("R105", dataset, index, "at")]
    record["start"], record["end"] = _shifted(record["start"], **by), _shifted(record["end"], **by)
    if dataset == "leaves":
        record["hours"] = 0.5
    return [("R105", dataset, index, "start")]


def r106(draw: Draw, document: Document) -> Finds:
    dataset, index, record = _any(draw, document, "leaves", "overtime")
    if dataset == "overtime":
        length = datetime.fromisoformat(record["end"]) - datetime.fromisoformat(record["start"])
        record["minutes"] = int(length.total_seconds()) // 60 + draw(st.integers(1, 60))
        return [("R106", dataset, index, "minutes")]
    length = datetime.fromisoformat(record["end"]) - datetime.fromisoformat(record["start"])
    record["hours"] = math.ceil(length.total_seconds() / 3600) + draw(st.integers(1, 4000)) / 100
    return [("R106", dataset, index, "hours")]


def r107(draw: Draw, document: Document) -> Finds:
    index, leave = _leave_that(draw, document, lambda _: True)
    leave["leave_type"] = draw(st.sampled_from(("3", "11", "00", "公假", "")))
    return [("R107", "leaves", index, "leave_type")]


def r108(draw: Draw, document: Document) -> Finds:
    index, leave = _leave_that(draw, document, _counts_working_days)
    leave["leave_type"] = "28"
    return [("R108", "leaves", index, "leave_type")]


def r109(draw: Draw, document: Document) -> Finds:
    """One leave more that begins within another, or just before it: then the other is the later one."""
    index, leave = _leave_that(draw, document, _counts_working_days)
    at = draw(st.sampled_from((0, 1, 239, -1)))
    start = _shifted(leave["start"], minutes=at)
    end = _shifted(leave["start"], minutes=max(at, 0) + 1)
    added = _add(document, "leaves", leave, record_id="more", start=start, end=end, hours=0.5, certificate=True)
    return [("R109", "leaves", index if at < 0 else added, "start")]


def r110(draw: Draw, document: Document) -> Finds:
    _, leave = _leave_that(draw, document, lambda one: one["leave_type"] not in ("05", "06", "07", "26"))
    like = document["overtime"][0]
    end = _shifted(leave["start"], minutes=draw(st.integers(1, 300)))
    start = _shifted(end, minutes=-1)
    there = {"person_id": leave["person_id"], "start": start, "end": end}
    added = _add(document, "overtime", like, record_id="more", minutes=1, **there)
    overlaps_another = end > leave["end"] or start >= leave["end"]
    assume(not overlaps_another)
    return [("R110", "overtime", added, "start")]


def r111(draw: Draw, document: Document) -> Finds:
    """The same clocking once more, its seconds written in the other way."""
    _, _, record = _any(draw, document, "clockings")
    at = record["at"]
    added = _add(document, "clockings", record, at=at if len(at) > 16 else draw(st.sampled_from((at, f"{at}:00"))))
    return [("R111", "clockings", added, "at")]


def r112(draw: Draw, document: Document) -> Finds:
    _, _, record = _any(draw, document, "employees")
    return [("R112", "employees", _add(document, "employees", record, employment_type="other"), "person_id")]


def r113(draw: Draw, document: Document) -> Finds:
    """Overtime more that begins within another, or just before it: then the other is the later one."""
    _, index, like = _any(draw, document, "overtime")
    at = draw(st.sampled_from((0, 1, 59, -1)))
    start = _shifted(like["start"], minutes=at)
    end = _shifted(like["start"], minutes=max(at, 0) + 1)
    added = _add(document, "overtime", like, record_id="more", start=start, end=end, minutes=1)
    return [("R113", "overtime", index if at < 0 else added, "start")]


def r114(draw: Draw, document: Document) -> Finds:
    """Overtime on the month's last day, of somebody who left on the day before."""
    some = [one for one in document["overtime"] if one["person_id"] != ON_LEAVE]
    like = draw(st.sampled_from(some))
    last = month_days(document["month"])[-1]
    _of(document, like["person_id"])["to"] = (last - timedelta(days=1)).isoformat()
    there = {"start": f"{last}T18:00", "end": f"{last}T19:00", "minutes": 60}
    return [("R114", "overtime", _add(document, "overtime", like, record_id="more", **there), "start")]


def r115(draw: Draw, document: Document) -> Finds:
    """Two duties that overlap by a minute, or one of more hours than it lasts."""
    person = draw(st.sampled_from([one["person_id"] for one in document["employees"] if one["person_id"] != ON_LEAVE]))
    day = draw(st.sampled_from(month_days(document["month"])[:-1]))
    first = {"person_id": person, "start": f"{day}T08:00", "end": f"{day}T16:00", "hours": 8}
    second = {**first, "start": f"{day}T15:59", "end": f"{day}T20:00", "hours": 4}
    if draw(st.booleans()):
        first, second = second | {"start": f"{day}T16:00"}, {**first, "hours": 8.01}
    document |= {"format_version": "1.1", "shifts": [first, second]}
    return [("R115", "shifts", 1, "start")]


def r116(draw: Draw, document: Document) -> Finds:
    index, leave = _leave_that(draw, document, lambda _: True)
    leave["end"] = _shifted(leave["end"], days=draw(st.integers(366, 3000)))
    return [("R116", "leaves", index, "end")]


def w201(draw: Draw, document: Document) -> Finds:
    """A leave of a working day moved to a day off."""
    index, leave = _leave_that(
        draw, document, lambda one: one["person_id"] != ON_LEAVE and _weekday_type(document, one)
    )
    days = _free_days(document, leave["person_id"], working=False)
    assume(days)
    day = draw(st.sampled_from(days))
    leave |= {"start": f"{day}T08:30", "end": f"{day}T17:30", "hours": 8}
    return [("W201", "leaves", index, "start")]


def w203(draw: Draw, document: Document) -> Finds:
    """A minute or more above 12 hours, hours worked included, on a day that was free of overtime."""
    like = _any_limited_overtime(draw, document)
    working = draw(st.booleans())
    days = _free_days(document, like["person_id"], working=working)
    assume(days)
    start = f"{draw(st.sampled_from(days))}T08:00"
    minutes = (4 if working else 12) * 60 + draw(st.integers(1, 120))
    there = {"start": start, "end": _shifted(start, minutes=minutes), "minutes": minutes}
    return [("W203", "overtime", _add(document, "overtime", like, record_id="more", **there), "minutes")]


def w204(draw: Draw, document: Document) -> Finds:
    """A minute above 60 hours: ten on each of six days off, and one minute on any one of them more."""
    like = _any_limited_overtime(draw, document)
    document["overtime"] = [one for one in document["overtime"] if one["person_id"] != like["person_id"]]
    days = draw(st.permutations(_free_days(document, like["person_id"], working=False)[:6]))
    assume(len(days) == 6)
    added = {}
    for day in days:
        there = {"start": f"{day}T08:00", "end": f"{day}T19:00", "minutes": 600}
        added[day] = _add(document, "overtime", like, record_id=f"more {day}", **there)
    document["overtime"][added[draw(st.sampled_from(days))]]["minutes"] = 601
    return [("W204", "overtime", added[max(days)], "minutes")]


def w205(draw: Draw, document: Document) -> Finds:
    """All clockings of one person on one day left out."""
    _, _, record = _any(draw, document, "clockings")
    assume(_known(document, record))
    person, day = record["person_id"], record["at"][:10]
    document["clockings"] = [
        one for one in document["clockings"] if (one["person_id"], one["at"][:10]) != (person, day)
    ]
    assume(any(one["person_id"] == person for one in document["clockings"]))
    index, employee = next(
        (index, one) for index, one in enumerate(document["employees"]) if one["person_id"] == person
    )
    assume((employee["from"] or "") <= day <= (employee["to"] or "9999"))
    return [("W205", "employees", index, "person_id")]


def w208(draw: Draw, document: Document) -> Finds:
    """A leave that needs a certificate, without one; of sick leave, one of two days."""
    index, leave = _leave_that(draw, document, lambda one: one["leave_type"] in (*PLAIN, *CERTIFIED))
    kinds = (*CERTIFIED, "02") if leave["hours"] >= 16 else CERTIFIED
    if leave["leave_type"] == "26":  # it may lie on a day off, on which any other is W201's
        kinds = ("26",)
    leave |= {"leave_type": draw(st.sampled_from(kinds)), "certificate": False}
    return [("W208", "leaves", index, "certificate")]


def _whole_day(document: Document, leave: Record) -> bool:
    """A leave of one working day, of somebody whose hours are known, that holds working hours only."""
    return leave["hours"] == 8 and _weekday_type(document, leave)


def w210(draw: Draw, document: Document) -> Finds:
    """An hour of the nine from half past eight that is not worked, or a part of it."""
    index, leave = _leave_that(draw, document, lambda one: _whole_day(document, one))
    leave["hours"] = 8 + draw(st.integers(1, 100)) / 100
    return [("W210", "leaves", index, "hours")]


def w211(draw: Draw, document: Document) -> Finds:
    """All clockings of one person left out, who has to clock by what is stated."""
    _, _, record = _any(draw, document, "clockings")
    person = record["person_id"]
    document["clockings"] = [one for one in document["clockings"] if one["person_id"] != person]
    assume(document["clockings"] and _known(document, record))
    _of(document, person)["clocks"] = True
    document["format_version"] = "1.1"
    return [("W211", "employees", document["employees"].index(_of(document, person)), "clocks")]


def w212(draw: Draw, document: Document) -> Finds:
    """A minute above 14 hours on a day off, which is above the day's own limit as well."""
    like = _any_limited_overtime(draw, document)
    days = _free_days(document, like["person_id"], working=False)
    assume(days)
    day = draw(st.sampled_from(days))
    there = {"start": f"{day}T06:00", "end": f"{day}T20:01", "minutes": 841}
    added = _add(document, "overtime", like, record_id="more", **there)
    return [("W203", "overtime", added, "minutes"), ("W212", "overtime", added, "minutes")]


def w215(draw: Draw, document: Document) -> Finds:
    """Clocked in and out on a day of leave."""
    index, leave = _leave_that(draw, document, lambda one: _whole_day(document, one))
    for time, kind in (("08:21", "in"), ("17:31", "out")):
        clocking = {"person_id": leave["person_id"], "at": f"{leave['start'][:10]}T{time}", "kind": kind}
        document["clockings"].append(clocking)
    return [("W215", "leaves", index, "start")]


CHANGES: dict[str, OneChange] = {
    "R101": OneChange(r101, _NO_CLOCKINGS),
    "R102": OneChange(r102, _NO_CLOCKINGS),
    "R103": OneChange(r103, Shape()),
    "R104": OneChange(r104, _NO_CLOCKINGS),
    "R105": OneChange(r105, _NO_CLOCKINGS),
    "R106": OneChange(r106, Shape()),
    "R107": OneChange(r107, Shape()),
    "R108": OneChange(r108, Shape(months=tuple(month for month in MONTHS if month < "2025-10"))),
    "R109": OneChange(r109, Shape()),
    "R110": OneChange(r110, Shape()),
    "R111": OneChange(r111, Shape(clockings=True)),
    "R112": OneChange(r112, Shape()),
    "R113": OneChange(r113, Shape()),
    "R114": OneChange(r114, _NO_CLOCKINGS),
    "R115": OneChange(r115, _NO_CLOCKINGS),
    "R116": OneChange(r116, _NO_CLOCKINGS),
    "W201": OneChange(w201, _NO_CLOCKINGS),
    "W203": OneChange(w203, Shape(months=_LIMITED)),
    "W204": OneChange(w204, Shape(on_days_off=False, months=_LIMITED)),
    "W205": OneChange(w205, Shape(clockings=True)),
    "W208": OneChange(w208, Shape()),
    "W210": OneChange(w210, Shape()),
    "W211": OneChange(w211, Shape(clockings=True)),
    "W212": OneChange(w212, Shape(months=tuple(month for month in MONTHS if month >= "2023-01"))),
    "W215": OneChange(w215, Shape(clockings=True)),
}

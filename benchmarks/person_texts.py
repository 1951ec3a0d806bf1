"""A person's month as ready JSON texts, with places to put who it is: what makes a national month quick to write.

A pool of some thousand months, sound and spoilt, is made once in each process; an agency draws from it and fills in
ID, name and serial number.  A spoilt month has exactly one record that the rules refuse.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from pipelines.demo.people import SERIALS, national_id, spoil_check_digit
from pipelines.demo.working_month import FULL_DAY_HOURS, Habits, WorkingMonth, make_working_month, working_days

DATASETS = ("employees", "leaves", "overtime", "clockings")
#: Stand-ins in the texts; JSON never holds these characters unescaped.
PERSON, NAME, SERIAL = "\x01", "\x02", "\x03"
_STRANGER = national_id(26 * SERIALS - 1, woman=True)
_MISTYPED = spoil_check_digit(national_id(26 * SERIALS - 2, woman=True))

Record = dict[str, Any]
Records = dict[str, list[Record]]


@dataclass(frozen=True)
class PersonTexts:
    """Texts of a person's records by dataset, `at` of each clocking for agencies that sort by time."""

    texts: dict[str, list[str]]
    clocked_at: list[str]
    refused: Counter[str] = field(default_factory=Counter)


def make_pool(seed: str, month: str, size: int, *, only_arrival: bool, spoilt: bool) -> list[PersonTexts]:
    """`size` months; where `spoilt`, each with one fault (of the kinds below in turn)."""
    rng = Random(seed)
    days = working_days(month)
    pool: list[PersonTexts] = []
    while len(pool) < size:
        woman = rng.random() < 0.5  # noqa: PLR2004
        habits = Habits(only_arrival=only_arrival, woman=woman)
        records = _records(make_working_month(rng, days, habits))
        refused: Counter[str] = Counter()
        if spoilt:
            dataset = SPOILERS[len(pool) % len(SPOILERS)](records)
            if dataset is None:
                continue
            refused[dataset] += 1
        texts = {name: [_dump(record) for record in records[name]] for name in DATASETS}
        pool.append(PersonTexts(texts, [record["at"] for record in records["clockings"]], refused))
    return pool


def _records(done: WorkingMonth) -> Records:
    return {
        "employees": [
            {"person_id": PERSON, "name": NAME, "employment_type": "civil_servant", "from": None, "to": None}
        ],
        "leaves": [
            {
                "record_id": f"L-{SERIAL}-{n}",
                "person_id": PERSON,
                "leave_type": leave.leave_type,
                "start": _minute(leave.start),
                "end": _minute(leave.end),
                "hours": int(leave.hours) if leave.hours.is_integer() else leave.hours,
                "certificate": leave.certificate,
                "reason": leave.reason,
            }
            for n, leave in enumerate(done.leaves)
        ],
        "overtime": [
            _overtime(n, entry.start, entry.end, entry.minutes, entry.compensation)
            for n, entry in enumerate(done.overtime)
        ],
        "clockings": [{"person_id": PERSON, "at": _minute(entry.at), "kind": entry.kind} for entry in done.clockings],
    }


def _overtime(n: int, start: datetime, end: datetime, minutes: int, compensation: str = "pay") -> Record:
    return {
        "record_id": f"O-{SERIAL}-{n}",
        "person_id": PERSON,
        "start": _minute(start),
        "end": _minute(end),
        "minutes": minutes,
        "compensation": compensation,
    }


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _dump(record: Record) -> str:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    for place in (PERSON, NAME, SERIAL):
        text = text.replace(f"\\u{ord(place):04x}", place)
    return text


# --- one fault a month: each says in which dataset one record is now refused, or None where the month does not allow it


def _mistyped_person(records: Records) -> str | None:
    records["clockings"][-1]["person_id"] = _MISTYPED  # R101
    return "clockings"


def _unknown_person(records: Records) -> str | None:
    records["clockings"][-1]["person_id"] = _STRANGER  # R102
    return "clockings"


def _record_id_twice(records: Records) -> str | None:
    if len(records["leaves"]) < 2:  # noqa: PLR2004
        return None
    records["leaves"][1]["record_id"] = records["leaves"][0]["record_id"]  # R103
    return "leaves"


def _ends_before_start(records: Records) -> str | None:
    if not records["overtime"]:
        return None
    entry = records["overtime"][0]
    entry["start"], entry["end"] = entry["end"], entry["start"]  # R104
    return "overtime"


def _other_month(records: Records) -> str | None:
    last_year = {}
    if not records["overtime"]:
        return None
    for end in ("start", "end"):
        moment = datetime.fromisoformat(records["overtime"][0][end])
        last_year[end] = _minute(moment - timedelta(days=364))
    records["overtime"][0] |= last_year  # R105
    return "overtime"


def _too_many_hours(records: Records) -> str | None:
    if not records["leaves"]:
        return None
    records["leaves"][0]["hours"] = 40  # R106
    return "leaves"


def _unknown_leave_type(records: Records) -> str | None:
    if not records["leaves"]:
        return None
    records["leaves"][0]["leave_type"] = "98"  # R107
    return "leaves"


def _leave_twice(records: Records) -> str | None:
    if not records["leaves"]:
        return None
    again = records["leaves"][-1] | {"record_id": f"L-{SERIAL}-again"}
    records["leaves"].append(again)  # R109
    return "leaves"


def _overtime_on_leave(records: Records) -> str | None:
    whole = [leave for leave in records["leaves"] if leave["hours"] == FULL_DAY_HOURS and leave["leave_type"] == "03"]
    if not whole:
        return None
    day = date.fromisoformat(whole[0]["start"][:10])
    start = datetime(day.year, day.month, day.day, 9)  # noqa: DTZ001  (local time, as the format has it)
    records["overtime"].append(_overtime(99, start, start + timedelta(hours=2), 120))  # R110
    return "overtime"


def _clocked_twice(records: Records) -> str | None:
    records["clockings"].append(dict(records["clockings"][-1]))  # R111
    return "clockings"


def _listed_twice(records: Records) -> str | None:
    records["employees"] *= 2  # R112
    return "employees"


SPOILERS: tuple[Callable[[Records], str | None], ...] = (
    _clocked_twice,
    _mistyped_person,
    _unknown_person,
    _record_id_twice,
    _clocked_twice,
    _ends_before_start,
    _other_month,
    _clocked_twice,
    _too_many_hours,
    _unknown_leave_type,
    _clocked_twice,
    _leave_twice,
    _overtime_on_leave,
    _clocked_twice,
    _listed_twice,
)

"""What the oracle looks up: the dated tables as plain rows, the office calendar, and national IDs.

The oracle is a second implementation of the rules, slow and obvious: written from the format, the catalogue and whom
a rule is for, over dicts and `datetime`, sharing with the product only the dated tables and the `holidays` package.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import holidays

import checks

Document = Mapping[str, Any]
#: (agency code, day) → hours closed.
Closed = Mapping[tuple[str, date], int]
#: Agency code → kind and work pattern that the register states; None: its code says it.
Stated = Mapping[str, tuple[str | None, str | None]]


class Found(NamedTuple):
    """What the oracle says of a finding."""

    rule: str
    severity: str
    dataset: str
    index: int | None
    field: str | None
    value: str
    expected: str


DATASETS = ("employees", "shifts", "leaves", "overtime", "clockings")
#: Those whose records have a start and an end.
WITH_INTERVAL = ("shifts", "leaves", "overtime")

#: Kind of agency by the last character of its code; of any other it is `other`.
KINDS = {
    "A": "administration", "B": "foreign_affairs", "C": "police_fire", "D": "finance", "E": "culture", "F": "justice",
    "G": "economy", "H": "transport", "I": "health", "J": "social", "K": "enterprise", "L": "enterprise",
    "M": "transport_enterprise", "N": "bank", "O": "training", "P": "hospital", "Q": "university", "R": "college",
    "S": "military_school", "T": "police_school", "U": "senior_high", "V": "senior_high", "W": "special_school",
    "X": "junior_high", "Y": "primary_school", "Z": "kindergarten", "6": "kindergarten", "5": "fund", "9": "fund",
}  # fmt: skip
#: Whose staff keeps office hours unless something else is stated.
OFFICE_KINDS = {
    "administration", "foreign_affairs", "finance", "culture", "economy", "fund", "training", "bank", "university",
    "college", "military_school", "police_school", "senior_high", "special_school", "junior_high", "primary_school",
    "kindergarten",
}  # fmt: skip


@cache
def table(name: str) -> list[dict[str, str]]:
    """A dated table, one dict a row, everything text."""
    path = Path(checks.__file__).parent / "data" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kind_of(agency: str, stated: Stated) -> str:
    """The kind of an agency: as the register states it, else by the last character of its code."""
    return stated.get(agency, (None, None))[0] or KINDS.get(agency[-1], "other")


def holds(row: Mapping[str, str], day: date) -> bool:
    """Whether a dated row is in force on the day."""
    if row["valid_from"] and day < date.fromisoformat(row["valid_from"]):
        return False
    return not (row["valid_to"] and day > date.fromisoformat(row["valid_to"]))


def of_type(code: str) -> list[dict[str, str]]:
    """The periods of a leave type; none where there is no such type."""
    return [row for row in table("leave_types") if row["code"] == code]


_TAIWAN = holidays.country_holidays("TW", years=range(2010, 2036))


@cache
def _worked_in_the_country(day: date) -> bool:
    return _TAIWAN.is_working_day(day)


def worked(agency: str, day: date, closed: Closed) -> bool:
    """Whether the day is a working day of the agency."""
    return _worked_in_the_country(day) and closed.get((agency, day), 0) < 8


@cache
def month_days(month: str) -> tuple[date, ...]:
    """Every day of a month."""
    day = date.fromisoformat(f"{month}-01")
    days = []
    while day.isoformat()[:7] == month:
        days.append(day)
        day += timedelta(days=1)
    return tuple(days)


def moment(text: str) -> datetime:
    """A local time."""
    return datetime.fromisoformat(text)


def days_touched(record: Mapping[str, Any]) -> Iterator[date]:
    """The days of an interval that has length; one that ends at midnight does not touch the day that begins there."""
    start, end = moment(record["start"]), moment(record["end"])
    midnight = datetime.combine(start.date(), datetime.min.time())
    while midnight < end:
        yield midnight.date()
        midnight += timedelta(days=1)


def most_specific(rows: list[dict[str, str]], whom: Mapping[str, str], day: date) -> dict[str, str] | None:
    """The row that holds on the day for such people: the one that names most of them, and of those the last."""
    found = None
    for row in rows:
        named = [name for name in whom if row[name]]
        if not holds(row, day) or any(row[name] != whom[name] for name in named):
            continue
        if found is None or len(named) >= len([name for name in whom if found[name]]):
            found = row
    return found


_NUMBERS = {
    "A": 10, "B": 11, "C": 12, "D": 13, "E": 14, "F": 15, "G": 16, "H": 17, "I": 34, "J": 18, "K": 19, "L": 20, "M": 21,
    "N": 22, "O": 35, "P": 23, "Q": 24, "R": 25, "S": 26, "T": 27, "U": 28, "V": 29, "W": 32, "X": 30, "Y": 31, "Z": 33,
}  # fmt: skip
_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def is_national_id(text: str) -> bool:
    """Form and checksum of a citizen's or resident's number."""
    if re.fullmatch(r"[A-Z][1289][0-9]{8}", text):
        digits = str(_NUMBERS[text[0]]) + text[1:]
    elif re.fullmatch(r"[A-Z][A-D][0-9]{8}", text):
        digits = str(_NUMBERS[text[0]]) + str(_NUMBERS[text[1]])[-1] + text[2:]
    else:
        return False
    return sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 10 == 0


def number(value: float | Fraction) -> str:
    """A number as findings write it: as short as it can be, to two decimals."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")

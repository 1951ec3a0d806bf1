"""Cases of the rules, as data: `checks/data/cases/<RULE>.toml`, what trips a rule and what just does not.

They are tests, and they are shown on the rules' page.  A case is a document built from a small valid one, in which only
what matters is said; records take defaults for what they leave out.
"""

import base64
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from checks.closures import SCHEMA, Closures
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.limits import Limits
from checks.model.agency_kinds import Staffing

#: The person of a record that names none: the ID that the government uses in examples.
PERSON = "A123456789"
AGENCY = "376500000A"
MONTH = "2021-06"
#: A day long after the months of the cases, so that none lies in the future.
TODAY = date(2026, 11, 23)

_DATASETS = ("employees", "shifts", "leaves", "overtime", "clockings")
_KNOWN = {
    "title", "title_en", "agency_code", "month", "finds", "changes", "text", "base64", "submitted_for",
    "today", "format_version", "register", "limits", "closures", "others", *_DATASETS,
}  # fmt: skip
_DEFAULTS: dict[str, dict[str, Any]] = {
    "employees": {"person_id": PERSON, "name": "王小明", "employment_type": "civil_servant", "from": None, "to": None},
    "shifts": {
        "person_id": PERSON, "start": "{month}-03T08:00", "end": "{month}-03T16:00", "hours": 8,
    },
    "leaves": {
        "record_id": "L-{number}", "person_id": PERSON, "leave_type": "03", "start": "{month}-03T08:30",
        "end": "{month}-03T17:30", "hours": 8, "certificate": False, "reason": None,
    },
    "overtime": {
        "record_id": "O-{number}", "person_id": PERSON, "start": "{month}-04T18:00", "end": "{month}-04T20:00",
        "minutes": 120, "compensation": "pay",
    },
    "clockings": {"person_id": PERSON, "at": "{month}-03T08:21", "kind": "in"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case of a rule.  `finds`: its findings of that rule, each by some of its fields; none: it just does not trip.

    `data` are the document's bytes; `others` further submissions, for the rules across them; `said` is the case as the
    file has it, for showing.
    """

    rule: str
    title: str
    title_en: str
    month: str
    finds: Sequence[Mapping[str, Any]]
    data: bytes
    others: Sequence["Case"] = ()
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trips(self) -> bool:
        """Whether the rule finds something."""
        return bool(self.finds)

    @property
    def document(self) -> SubmittedDocument:
        """As it is handed in."""
        wanted = self.said.get("submitted_for", {})
        return SubmittedDocument(self.data, wanted.get("agency_code"), wanted.get("month"))

    @property
    def context(self) -> CheckContext:
        """What the check is to know besides."""
        rows = [
            {
                "agency_code": self.said.get("agency_code", AGENCY),
                "day": date.fromisoformat(row["day"]),
                "hours": row["hours"],
            }
            for row in self.said.get("closures", ())
        ]
        return CheckContext(
            today=date.fromisoformat(self.said["today"]) if "today" in self.said else TODAY,
            limits=Limits(**self.said.get("limits", {})),
            agencies=_Register(self.said["register"]) if "register" in self.said else None,
            closures=Closures(pl.DataFrame(rows, schema=SCHEMA)),
        )


@dataclass(frozen=True)
class _Register:
    """Agencies of a case: `code`, `first` and `last` month in force."""

    rows: Sequence[Mapping[str, str]]

    def staffing(self, agency_code: str, month: str) -> Staffing:  # noqa: ARG002 — as the register is asked
        stated = next((row for row in self.rows if row["code"] == agency_code), {})
        return Staffing(stated.get("kind"), stated.get("work_pattern"))

    def in_force(self, agency_code: str, month: str) -> bool | None:
        periods = [row for row in self.rows if row["code"] == agency_code]
        held = any(row.get("first", "") <= month <= row.get("last", "9999-12") for row in periods)
        return held if periods else None


@cache
def cases() -> dict[str, tuple[Case, ...]]:
    """Rule → its cases, by rule.  Raises ValueError for a case that says what no case can."""
    folder = files("checks").joinpath("data/cases")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        rule = file.name.removesuffix(".toml")
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        found[rule] = tuple(_case(rule, one) for one in said["case"])
    return found


def _case(rule: str, said: Mapping[str, Any]) -> Case:
    unknown = sorted(set(said) - _KNOWN)
    if unknown:
        raise ValueError(f"a case of {rule} says {', '.join(unknown)}, which no case has")
    others = tuple(_case(rule, {"title": "", "title_en": "", **one}) for one in said.get("others", ()))
    month = said.get("month", MONTH)
    data = _data(said, month, beside=_BESIDE if rule.startswith("R") else {})
    return Case(rule, said["title"], said["title_en"], month, said.get("finds", ()), data, others, said)


#: Somebody else's records after those of a case about one that is refused: of a document in which no leave, overtime or
#: clocking can be entered F014 would speak instead.
_BESIDE: Mapping[str, Mapping[str, Any]] = {
    "employees": {"person_id": "F220000004", "name": "林美玉"},
    "overtime": {"person_id": "F220000004", "record_id": "O-beside"},
}


def _data(said: Mapping[str, Any], month: str, beside: Mapping[str, Mapping[str, Any]]) -> bytes:
    if "base64" in said:
        return base64.b64decode(said["base64"])
    if "text" in said:
        return str(said["text"]).encode()
    document: dict[str, Any] = {
        "format_version": said.get("format_version", "1.0"),
        "agency_code": said.get("agency_code", AGENCY),
        "month": month,
        "produced_by": {"system": "WebITR", "version": "2.4.1"},
        "produced_at": "2021-07-05T09:12:00+08:00",
    }
    for dataset in _DATASETS:
        if dataset == "shifts" and dataset not in said:
            continue
        given = [
            *said.get(dataset, [{}] if dataset == "employees" else []),
            *([beside[dataset]] if dataset in beside else []),
        ]
        document[dataset] = [_record(dataset, number, one, month) for number, one in enumerate(given, start=1)]
    for change in said.get("changes", ()):
        _change(document, change)
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _record(dataset: str, number: int, given: Mapping[str, Any], month: str) -> dict[str, Any]:
    defaults = {
        name: value.format(number=number, month=month) if isinstance(value, str) else value
        for name, value in _DEFAULTS[dataset].items()
    }
    return {**defaults, **given}


def _change(document: Any, change: Mapping[str, Any]) -> None:
    *parents, last = change["pointer"].lstrip("/").split("/")
    place = document
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    where = int(last) if isinstance(place, list) else last
    if change.get("remove"):
        del place[where]
    else:
        place[where] = change["value"]

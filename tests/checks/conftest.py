"""Documents for the checks' tests: a small valid one, to which a test adds what it is about."""

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument

ALICE, BOB, STRANGER = "A123456789", "B223456782", "A100000001"

VALID: dict[str, Any] = {
    "format_version": "1.0",
    "agency_code": "376500000A",
    "month": "2021-06",
    "produced_by": {"system": "WebITR", "version": "2.4.1"},
    "produced_at": "2021-07-05T09:12:00+08:00",
    "employees": [
        {"person_id": ALICE, "name": "王小明", "employment_type": "civil_servant", "from": None, "to": None},
        {"person_id": BOB, "name": "林美玉", "employment_type": "teacher", "from": "2021-06-07", "to": None},
    ],
    "leaves": [],
    "overtime": [],
    "clockings": [],
}


def leave(record_id: str, start: str, end: str, hours: float = 1, **more: Any) -> dict[str, Any]:
    """A leave of Alice's; `start` and `end` as `03T08:30`, in June 2021, or whole."""
    return {
        "record_id": record_id,
        "person_id": ALICE,
        "leave_type": "03",
        "start": start if len(start) > 11 else f"2021-06-{start}",
        "end": end if len(end) > 11 else f"2021-06-{end}",
        "hours": hours,
        "certificate": False,
        "reason": None,
        **more,
    }


def overtime(record_id: str, start: str, end: str, minutes: float = 60, **more: Any) -> dict[str, Any]:
    """Overtime of Alice's, its times as with `leave`."""
    record = leave(record_id, start, end)
    kept = {name: record[name] for name in ("record_id", "person_id", "start", "end")}
    return {**kept, "minutes": minutes, "compensation": "time_off", **more}


def clocking(at: str, kind: str = "in", person_id: str = ALICE) -> dict[str, Any]:
    """A clocking of Alice's."""
    return {"person_id": person_id, "at": at if len(at) > 11 else f"2021-06-{at}", "kind": kind}


def employee(person_id: str, first: str | None = None, last: str | None = None) -> dict[str, Any]:
    """Somebody on the payroll."""
    return {"person_id": person_id, "name": "陳大文", "employment_type": "other", "from": first, "to": last}


@pytest.fixture
def document() -> Callable[..., dict[str, Any]]:
    """`document(leaves=[…])`: the valid document with those properties instead, and one overtime that is let in.

    Without anything to let in F014 would speak of all that is refused together.
    """
    beside = overtime("beside", "10T18:00", "10T19:00")
    return lambda **changes: {**copy.deepcopy(VALID), "overtime": [beside], **changes}


@pytest.fixture
def context() -> CheckContext:
    """As of a day long after the month; no register."""
    return CheckContext(today=date(2026, 11, 23))


@pytest.fixture
def check(context: CheckContext) -> Callable[[dict[str, Any] | bytes], CheckedDocument]:
    """Check one document alone."""

    def check_one(document: dict[str, Any] | bytes) -> CheckedDocument:
        data = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        return check_documents([SubmittedDocument(data)], context).documents[0]

    return check_one

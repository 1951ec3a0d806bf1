"""A small valid document, and the scan of any change of it."""

import json

import pytest

from checks.format.scanner import Scan, scan
from checks.limits import Limits


def valid_document(version: str = "1.1") -> dict:
    """Two records of each dataset; every property given, the nullable ones once null and once not."""
    document = _of_1_0()
    if version == "1.0":
        return document
    document["format_version"] = version
    first, second = document["employees"]
    first |= {"work_pattern": None, "clocks": None, "status": None, "weekly_hours": None, "annual_leave_hours": None}
    second |= {"work_pattern": "shift", "clocks": True, "status": "active", "weekly_hours": 20.5}
    second |= {"annual_leave_hours": 112}
    document["shifts"] = [
        {"person_id": "B223456786", "start": "2021-06-30T08:00", "end": "2021-06-30T16:00", "hours": hours}
        for hours in (8, 7.25)
    ]
    for number, leave in enumerate(document["leaves"]):
        leave["event_id"] = "E-1" if number else None
    for number, overtime in enumerate(document["overtime"]):
        overtime["category"] = "special" if number else None
    return document


def _of_1_0() -> dict:
    return {
        "format_version": "1.0",
        "agency_code": "376500000A",
        "month": "2021-06",
        "produced_by": {"system": "WebITR", "version": "2.4.1"},
        "produced_at": "2021-07-05T09:12:00+08:00",
        "employees": [
            {"person_id": "A123456789", "name": "王小明", "employment_type": "civil_servant", "from": None, "to": None},
            {
                "person_id": "B223456786",
                "name": "陳{大}文",
                "employment_type": "teacher",
                "from": "2021-06-30",
                "to": "2021-06-30",
            },
        ],
        "leaves": [
            {
                "record_id": f"L-000{number}",
                "person_id": "A123456789",
                "leave_type": "03",
                "start": "2021-06-03T08:30",
                "end": "2021-06-03T17:30:00",
                "hours": hours,
                "certificate": True if number == 1 else None,
                "reason": reason,
            }
            for number, hours, reason in ((1, 8, None), (2, 0.25, "返鄉"))
        ],
        "overtime": [
            {
                "record_id": f"O-000{number}",
                "person_id": "A123456789",
                "start": "2021-06-04T18:00",
                "end": "2021-06-04T20:00",
                "minutes": minutes,
                "compensation": "time_off",
            }
            for number, minutes in ((1, 120), (2, 120.0))
        ],
        "clockings": [
            {"person_id": "A123456789", "at": "2021-06-03T08:21", "kind": "in"},
            {"person_id": "A123456789", "at": "2021-06-03T17:31", "kind": "out"},
        ],
    }


@pytest.fixture
def document() -> dict:
    return valid_document()


@pytest.fixture
def scanned():
    """Scan bytes, text, or what `json.dumps` makes bytes of; with other limits if asked."""

    def run(document: bytes | str | dict | list, **limits: int) -> Scan:
        if not isinstance(document, bytes):
            text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
            document = text.encode("utf-8", "surrogatepass")
        return scan(document, Limits(**limits))

    return run

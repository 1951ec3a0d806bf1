"""What hostile documents cost the check: processor time of each beside that of an honest document of its size.

    python benchmarks/hostile.py                          # 400 kB each; exit 1 where one costs more than it may

Each is checked as the portal checks it (`portal.checkers.checked`, findings told as JSON), here and alone, the quicker
of `--times`.  One may cost three times the honest document's processor time and 0.2 s (issue 12).
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from checks.context import CheckContext
from pipelines.demo.people import national_id
from portal.checkers import checked

#: What one may cost: so many times the honest document's processor seconds, and so many more.
TIMES, SECONDS = 3.0, 0.2
MONTH = "2021-06"
_CONTEXT = CheckContext(date(2021, 7, 10))

Record = dict[str, Any]


def _person(number: int) -> str:
    return national_id(number, woman=bool(number % 2))


def _employee(number: int) -> Record:
    return {
        "person_id": _person(number),
        "name": "王小明",
        "employment_type": "civil_servant",
        "from": None,
        "to": None,
    }


def _leave(number: int, person: str, day: int = 3, **more: Any) -> Record:
    start = f"{MONTH}-{day:02}"
    return {
        "record_id": f"L-{number}",
        "person_id": person,
        "leave_type": "03",
        "start": f"{start}T08:30",
        "end": f"{start}T17:30",
        "hours": 8,
        "certificate": False,
        "reason": None,
        **more,
    }


def _overtime(number: int, person: str, day: int = 4, **more: Any) -> Record:
    start = f"{MONTH}-{day:02}"
    return {
        "record_id": f"O-{number}",
        "person_id": person,
        "start": f"{start}T18:00",
        "end": f"{start}T20:00",
        "minutes": 120,
        "compensation": "time_off",
        **more,
    }


def document(**datasets: Any) -> bytes:
    """A document of these datasets, the others empty."""
    whole = {
        "format_version": "1.0",
        "agency_code": "376500001A",
        "month": MONTH,
        "produced_by": {"system": "WebITR", "version": "2.4.1"},
        "produced_at": "2021-07-05T09:12:00+08:00",
        "employees": [],
        "leaves": [],
        "overtime": [],
        "clockings": [],
        **datasets,
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def honest(size: int) -> bytes:
    """A document that breaks no rule: each person with a day of leave and an evening of overtime."""
    people = size // 460
    return document(
        employees=[_employee(number) for number in range(people)],
        leaves=[_leave(number, _person(number)) for number in range(people)],
        overtime=[_overtime(number, _person(number)) for number in range(people)],
    )


def _filled(size: int, name: str, one: bytes) -> bytes:
    """A document whose dataset `name` is an array of `one`, of this size."""
    return _within(name, b",".join([one] * (size // (len(one) + 1))))


def _within(name: str, elements: bytes) -> bytes:
    empty = document()
    return empty.replace(f'"{name}": []'.encode(), f'"{name}": ['.encode() + elements + b"]")


def _members(size: int, make: Callable[[int], bytes]) -> bytes:
    """A document with further members of its own."""
    more, length, number = [], 0, 0
    while length < size:
        more.append(make(number))
        length += len(more[-1]) + 1
        number += 1
    return document()[:-1] + b"," + b",".join(more) + b"}"


def _many(size: int, bytes_each: int, make: Callable[[int], Record]) -> list[Record]:
    return [make(number) for number in range(size // bytes_each)]


_ALL_WRONG = {
    "record_id": "",
    "person_id": 7,
    "leave_type": "??",
    "start": "x",
    "end": "y",
    "hours": -1,
    "certificate": "no",
    "reason": 3,
}
_ONE = _person(1)

#: Kind → a document of about so many bytes.
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "empty objects": lambda size: _filled(size, "leaves", b"{}"),
    "empty employees": lambda size: _filled(size, "employees", b"{}"),
    "empty arrays": lambda size: _filled(size, "overtime", b"[]"),
    "nulls": lambda size: _filled(size, "clockings", b"null"),
    "numbers for records": lambda size: _filled(size, "leaves", b"1"),
    "every field wrong": lambda size: _filled(size, "leaves", json.dumps(_ALL_WRONG).encode()),
    "one unknown field each": lambda size: _filled(size, "leaves", b'{"a":1}'),
    "one known field each": lambda size: _filled(size, "employees", b'{"to":1}'),
    "one field, each another": lambda size: _within(
        "employees", b",".join(b'{"a":%d}' % number for number in range(size // 13))
    ),
    "many unknown fields each": lambda size: _filled(size, "leaves", b'{"a":1,"b":1,"c":1,"d":1,"e":1}'),
    "the same field twice": lambda size: _filled(size, "leaves", b'{"hours":1,"hours":1}'),
    "unknown fields": lambda size: _members(size, lambda number: b'"%d":1' % number),
    "one unknown field again": lambda size: _members(size, lambda _: b'"a":1'),
    "long unknown names": lambda size: _members(size, lambda number: b'"%s%d":1' % (b"n" * 5000, number)),
    "nested arrays": lambda size: _within("leaves", b"[" * (size // 2) + b"]" * (size // 2)),
    "nested objects": lambda size: _within("leaves", b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)),
    "never closed": lambda size: b"[" * size,
    "one long number": lambda size: _within("leaves", b'{"hours":' + b"9" * size + b"}"),
    "long numbers": lambda size: _filled(size, "leaves", b'{"hours":' + b"9" * 300 + b"}"),
    "exponents": lambda size: _filled(size, "leaves", b'{"hours":1e999999999}'),
    "one long string": lambda size: _within("leaves", b'{"reason":"' + b"x" * size + b'"}'),
    "escapes": lambda size: _within("leaves", b'{"reason":"' + b"\\u0041" * (size // 6) + b'"}'),
    "escaped fields": lambda size: _filled(size, "leaves", b'{"\\u0068ours":1}'),
    "half surrogates": lambda size: _filled(size, "leaves", b'{"reason":"\\ud800"}'),
    "IDs in text": lambda size: _members(size, lambda number: b'"%s%d":1' % (_ONE.encode(), number)),
    "bad UTF-8": lambda size: document()[:-1] + b',"a":"' + b"\xff" * size + b'"}',
    "line ends": lambda size: b"\n" * size + document(),
    "no JSON at all": lambda size: random.Random(1).randbytes(size),
    "commas": lambda size: _within("leaves", b"," * size),
    "quotes": lambda size: b'{"' + b'"' * size,
    "the same employee": lambda size: document(employees=_many(size, 110, lambda _: _employee(1))),
    "the same record": lambda size: document(
        employees=[_employee(1)], leaves=_many(size, 200, lambda _: _leave(1, _ONE))
    ),
    "strangers": lambda size: document(leaves=_many(size, 200, lambda number: _leave(number, _person(number)))),
    "all leave at once": lambda size: document(
        employees=[_employee(1)], leaves=_many(size, 200, lambda number: _leave(number, _ONE))
    ),
    "all overtime at once": lambda size: document(
        employees=[_employee(1)], overtime=_many(size, 180, lambda number: _overtime(number, _ONE))
    ),
    "nested intervals": lambda size: document(
        employees=[_employee(1)],
        leaves=_many(
            size,
            200,
            lambda number: _leave(
                number, _ONE, start=f"{MONTH}-01T00:00", end=f"{MONTH}-{1 + number % 28:02}T{number % 24:02}:00"
            ),
        ),
    ),
    "wrong check digits": lambda size: document(
        employees=_many(size, 110, lambda number: {**_employee(number), "person_id": f"A1{number:08}"[:10]})
    ),
    "backwards": lambda size: document(
        employees=[_employee(1)],
        leaves=_many(size, 200, lambda number: _leave(number, _ONE, end=f"{MONTH}-01T00:00")),
    ),
    "years of leave": lambda size: document(
        employees=[_employee(1)],
        leaves=_many(size, 200, lambda number: _leave(number, _ONE, start="1912-01-01T00:00", end="9999-12-31T23:59")),
    ),
}


def main() -> None:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=400_000, help="bytes of a document (default 400,000)")
    parser.add_argument("--times", type=int, default=2, help="checks of each (default 2)")
    options = parser.parse_args()
    checked([honest(options.size)], _CONTEXT, 1)  # imports
    plain = _seconds(honest(options.size), options.times)
    print(f"{'honest':<26} {plain[0]:7.3f} s   {plain[1]:>7,} findings")
    most, worst = TIMES * plain[0] + SECONDS, 0.0
    for name, make in HOSTILE.items():
        data = make(options.size)
        seconds, findings = _seconds(data, options.times)
        worst = max(worst, seconds / most)
        told = "" if seconds <= most else "   too much"
        print(
            f"{name:<26} {seconds:7.3f} s   {findings:>7,} findings   {len(data) / 1e3:7.0f} kB   "
            f"÷ honest {seconds / plain[0]:6.1f}   ÷ what it may {seconds / most:5.2f}{told}"
        )
    print(f"the dearest ÷ what it may cost: {worst:.2f}")
    sys.exit(0 if worst <= 1 else 1)


def _seconds(data: bytes, times: int) -> tuple[float, int]:
    """Processor seconds of the quickest check, and how many findings it tells."""
    quickest, findings = float("inf"), 0
    for _ in range(times):
        started = time.process_time()
        (found,) = checked([data], _CONTEXT, 1)
        json.dumps(found.as_json())
        quickest = min(quickest, time.process_time() - started)
        findings = len(found.findings)
    return quickest, findings


if __name__ == "__main__":
    main()

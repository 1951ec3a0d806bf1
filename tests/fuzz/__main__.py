"""Fuzzes the format check with atheris: `make fuzz`, whose arguments are libFuzzer's.

Of the inputs two in five are libFuzzer's own mutations (with tests/fuzz/json.dict); the others are documents in which
values, names or whole records were exchanged: bytes alone hardly ever come past the syntax.
"""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["checks.format", "checks.bulk", "checks.findings"]):
    from tests.fuzz.judge import judge

VALID = (Path(__file__).parent / "corpus" / "valid.json").read_bytes()

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -0.0, 0.5, 1, 1.25, 8, 120.0, 8784, 8784.5, 2880, 2881, 1e22, 1e308, 5e-324,
    "", "x", "x" * 40, "x" * 41, "王" * 40, "\U0001f600" * 40, "\ud83d", "\x00", "\u200b", "\u202e",
    "A123456789", "Ａ１２３４５６７８９", "A123456788", "-" * 33 + "A123456789",
    "2021-06", "2021-13", "0000-01", "2021-06-03", "2021-02-29", "0001-01-01", "9999-12-31",
    "2021-06-03T08:30", "2021-06-03T24:00", "2021-06-03T08:30:60", "9999-12-31T23:59:59", "0001-01-01T00:00",
    "2021-07-05T09:12:00+08:00", "2021-07-05t09:12:00.123456789z", "2021-06-30T23:59",
    "1.0", "in", "pay", "teacher", "05", "28", "99", [], {}, [[]], [{}], {"": {}},
)  # fmt: skip
#: What a property may hold, so that half of the documents stay right and go on into the record rules.
FITTING: dict[str, tuple[Any, ...]] = {
    "month": ("2021-06", "2022-07", "0001-01", "9999-12"),
    "agency_code": ("376500000A", "A123456789"),
    "system": ("x", "王" * 40, "A123456789"),
    "produced_at": ("2021-07-05T09:12:00Z", "2024-02-29t23:59:59.000000001-00:00"),
    "person_id": ("A123456789", "B223456782", "A123456788", "AC12345678", "", "a123456789 ", "Ａ１２３４５６７８９"),
    "name": ("王小明", "", "\U0001f600", "}{][", '\\"'),
    "employment_type": ("teacher", "contract"),
    "from": (None, "2021-06-01", "2024-02-29", "0001-01-01", "9999-12-31"),
    "to": (None, "2021-06-30", "2021-05-31"),
    "record_id": ("L-1", "假" * 40, "A123456789", '"', "Ａ１２３４５６７８９", "\\u0041123456789"),
    "leave_type": ("05", "28", "99", "3", "", "A123456789", "假Ａ１２３４５６７８９"),
    "start": ("2021-06-03T00:00", "2021-06-30T23:59:59", "0001-01-01T00:00", "2021-06-05T08:30"),
    "end": ("2021-06-03T00:00:01", "9999-12-31T23:59:59", "2021-07-01T00:00", "2021-06-06T17:30"),
    "hours": (0.5, 8, 8784, 8.0, 16.5),
    "minutes": (1, 2880, 120.0),
    "certificate": (True, False),
    "reason": (None, "", "由" * 200),
    "compensation": ("pay", "none"),
    "at": ("2021-06-03T08:21:00", "2021-06-03T08:21", "9999-12-31T23:59:59"),
    "kind": ("in", "overtime_out"),
}


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """A libFuzzer mutation, or one of the document that the bytes are, or a right document made of the seed."""
    random = Random(seed)
    way = random.random()
    if way < 0.4:
        return atheris.Mutate(data, max_size)
    right = way > 0.7
    try:
        document = json.loads(VALID if right else data)
    except (ValueError, RecursionError):
        return atheris.Mutate(data, max_size)
    for _ in range(random.randint(1, 6) if right else random.randint(1, 3)):
        _exchange(document, random, gently=right)
    written = _written(document, random).encode("utf-8", "surrogatepass")
    return written if len(written) <= max_size else data


def _written(document: Any, random: Random) -> str:
    """In one of the ways in which systems write."""
    spread = {
        "indent": random.choice((None, None, 1)),
        "separators": random.choice((None, (",", ":"), (" , ", "\t:\r"))),
    }
    text = json.dumps(document, ensure_ascii=random.random() < 0.5, **spread)
    return text.replace("120", random.choice(("120", "120", "1.2e2", "120.000", "12E+1")))


def _exchange(document: Any, random: Random, *, gently: bool) -> None:
    """One value replaced, removed, doubled or moved, anywhere in the document; gently: by one that may stand there."""
    places = list(_places(document))
    if not places:
        return
    holder, key = random.choice(places)
    if key in FITTING and (gently or random.random() < 0.5):
        holder[key] = random.choice(FITTING[key])
    elif isinstance(holder, list) and random.random() < 0.5:
        holder.insert(key, json.loads(json.dumps(holder[key])))
    elif isinstance(holder, dict) and random.random() < 0.5:
        holder[key] = holder.pop(key)
    elif not gently:
        _spoil(places, holder, key, random)


def _spoil(places: list[Any], holder: Any, key: Any, random: Random) -> None:
    deed = random.randrange(4)
    if deed == 0:
        del holder[key]
    elif deed == 1:
        other, there = random.choice(places)
        holder[key] = json.loads(json.dumps(other[there]))
    elif deed == 2 and isinstance(holder, dict):
        holder[str(random.choice(VALUES))] = random.choice(VALUES)
    else:
        holder[key] = random.choice(VALUES)


def _places(value: Any) -> Any:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


atheris.Setup(sys.argv, judge, custom_mutator=mutate)
atheris.Fuzz()

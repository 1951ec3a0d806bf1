"""A share of a national month, written as one JSON document an agency; made once and found again.

At share 1: 8,300 agencies and 600,000 employees, sizes log-normal; about 21 M clockings, 1.4 M leaves, 0.5 M
overtime, 1.7 GB.  One agency in 200 is refused whole (F rules), one record in 1,000 is (R rules); `manifest.json`
says how many records of each dataset a right reader enters and refuses, so that a quick wrong answer is seen.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from itertools import accumulate
from math import ceil
from pathlib import Path
from random import Random

import person_texts
from person_texts import DATASETS, NAME, PERSON, SERIAL, PersonTexts, make_pool

from pipelines.demo import people, working_month
from pipelines.demo.people import full_name, national_id

MONTH = "2021-06"
AGENCIES, EMPLOYEES = 8_300, 600_000
#: Width of the log-normal of agency sizes: the largest has some thousand employees, the median about 40.
SIGMA = 1.1
SMALLEST = 3
REFUSED_EVERY = 200
#: A person has about 39 records, so this makes one record in a thousand faulty.
SPOILT_PERSONS = 0.039
SCHOOL_EVERY, BY_TIME_EVERY = 4, 5
POOL, SPOILT_POOL = 3_000, 300
REGISTER_COLUMNS = (
    *("agency_code", "name", "parent_code", "level", "active_from", "active_to", "channel", "expected_headcount"),
    *("exempt_from", "exempt_to", "exempt_reason", "reported_by"),
)


@dataclass(frozen=True)
class AgencyResult:
    """What was written of an agency: `entered` and `refused` records by dataset (all refused where `fatal`)."""

    agency_code: str
    bytes: int
    fatal: str | None
    entered: dict[str, int]
    refused: dict[str, int]


@dataclass(frozen=True)
class Nation:
    """A generated month: where it is, and what is in it."""

    root: Path
    agencies: list[AgencyResult]

    @property
    def sound_files(self) -> list[str]:
        """Paths of the documents that are not to be refused whole."""
        return [str(self.document(agency)) for agency in self.agencies if agency.fatal is None]

    @property
    def all_files(self) -> list[str]:
        """Paths of all documents."""
        return [str(self.document(agency)) for agency in self.agencies]

    @property
    def bytes(self) -> int:
        """Bytes of all documents."""
        return sum(agency.bytes for agency in self.agencies)

    @property
    def register(self) -> Path:
        """The agencies, in the register's own columns."""
        return self.root / "register.csv"

    def document(self, agency: AgencyResult) -> Path:
        """Where the agency's document is."""
        return self.root / "documents" / f"{agency.agency_code}.json"

    def expected(self, *, sound_only: bool = True) -> dict[str, int]:
        """Records that a right reader enters, by dataset; not `sound_only`: records read from sound documents."""
        total: Counter[str] = Counter()
        for agency in self.agencies:
            if agency.fatal is None:
                total.update(agency.entered)
                if not sound_only:
                    total.update(agency.refused)
        return {name: total[name] for name in DATASETS}


def open_nation(root: Path) -> Nation:
    """The month that `make_nation` wrote there."""
    rows = json.loads((root / "manifest.json").read_text())
    return Nation(root, [AgencyResult(**row) for row in rows])


def make_nation(work: Path, share: float, *, seed: int = 1, processes: int = 2) -> Nation:
    """The share's month under `work`, generated unless it is there already."""
    root = work / f"nation-{share:g}-{seed}-{_generator_version()}"
    if not (root / "manifest.json").exists():
        (root / "documents").mkdir(parents=True, exist_ok=True)
        sizes = _sizes(share, seed)
        first_serials = [0, *accumulate(sizes)]
        jobs = [(root, seed, n, size, first_serials[n]) for n, size in enumerate(sizes)]
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(_write_agency, *zip(*jobs, strict=True), chunksize=25))
        write_register(root / "register.csv", sizes)
        # Last, and by renaming: a generation that was cut short is not taken for a whole one.
        manifest = root / "manifest.part"
        manifest.write_text(json.dumps([asdict(result) for result in results]))
        manifest.rename(root / "manifest.json")
    return open_nation(root)


def _generator_version() -> str:
    """Changes with the generator, so that files of an older one are not taken for its own."""
    sources = (__file__, person_texts.__file__, people.__file__, working_month.__file__)
    return hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()[:8]


def _sizes(share: float, seed: int) -> list[int]:
    rng = Random(seed)
    count = max(1, round(AGENCIES * share))
    draws = [rng.lognormvariate(0, SIGMA) for _ in range(count)]
    scale = EMPLOYEES * share / sum(draws)
    return [max(SMALLEST, round(draw * scale)) for draw in draws]


def _code(number: int) -> str:
    return f"{300_000_000 + number * 100:09d}A"


def write_register(path: Path, sizes: list[int]) -> None:
    """Write a register of agencies with so many employees each, a hundred to an authority."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, REGISTER_COLUMNS)
        rows.writeheader()
        for number, size in enumerate(sizes):
            county = number // 100 * 100
            rows.writerow(
                {
                    "agency_code": _code(number),
                    "name": f"第{number + 1}機關",
                    "parent_code": _code(county) if number != county else None,
                    "level": 2 if number == county else 3,
                    "active_from": "2011-01-01",
                    "channel": "webitr",
                    "expected_headcount": size,
                }
            )


@cache
def _pool(seed: int, *, only_arrival: bool, spoilt: bool) -> list[PersonTexts]:
    size = SPOILT_POOL if spoilt else POOL
    return make_pool(f"{seed}:{only_arrival}:{spoilt}", MONTH, size, only_arrival=only_arrival, spoilt=spoilt)


def _write_agency(root: Path, seed: int, number: int, size: int, first_serial: int) -> AgencyResult:
    rng = Random(f"{seed}:{number}")
    school = number % SCHOOL_EVERY == 0
    by_time = number % BY_TIME_EVERY == 0
    sound = _pool(seed, only_arrival=school, spoilt=False)
    spoilt = _pool(seed, only_arrival=school, spoilt=True)
    arrays: dict[str, list[str]] = {name: [] for name in DATASETS}
    clocked_at: list[str] = []
    refused: Counter[str] = Counter()
    for serial in range(first_serial, first_serial + size):
        person = rng.choice(spoilt if rng.random() < SPOILT_PERSONS else sound)
        person_id = national_id(serial // 2, woman=serial % 2 == 1)
        arrays["clockings"] += "\n".join(person.texts["clockings"]).replace(PERSON, person_id).split("\n")
        clocked_at += person.clocked_at
        for name in ("leaves", "overtime"):
            for text in person.texts[name]:
                arrays[name].append(text.replace(PERSON, person_id).replace(SERIAL, f"{serial - first_serial:05d}"))
        named = full_name(rng)
        arrays["employees"] += [
            text.replace(PERSON, person_id).replace(NAME, named) for text in person.texts["employees"]
        ]
        refused += person.refused
    if by_time:
        order = sorted(range(len(clocked_at)), key=clocked_at.__getitem__)
        arrays["clockings"] = [arrays["clockings"][n] for n in order]
    data = _document(_code(number), arrays)
    fatal = None
    if number % REFUSED_EVERY == REFUSED_EVERY // 2:
        fatal, spoil = FATAL[number // REFUSED_EVERY % len(FATAL)]
        data = spoil(data)
    (root / "documents" / f"{_code(number)}.json").write_bytes(data)
    entered = {name: len(arrays[name]) - refused[name] for name in DATASETS}
    return AgencyResult(_code(number), len(data), fatal, entered, dict(refused))


def _document(code: str, arrays: dict[str, list[str]]) -> bytes:
    head = {
        "format_version": "1.0",
        "agency_code": code,
        "month": MONTH,
        "produced_by": {"system": "WebITR", "version": "2.4.1"},
        "produced_at": "2021-07-05T09:12:00+08:00",
    }
    text = json.dumps(head, separators=(",", ":"))[:-1]
    for name in DATASETS:
        text += f',"{name}":[{",".join(arrays[name])}]'
    return (text + "}").encode()


def _in_cp950(data: bytes) -> bytes:
    return data.decode().encode("cp950", errors="replace")


def _first(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new, 1)


#: The rule that refuses the document, and what makes it so.
FATAL: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("F002", _first(b'"},{"person_id"', b'"},,{"person_id"')),
    ("F001", _in_cp950),
    ("F003", _first(b'"kind":"in"', b'"kind":"in","kind":"in"')),
    ("F007", _first(b'"certificate":false', b'"certificate":"N"')),
    ("F006", _first(b'"kind":"in"', b'"kind":"in","door":3')),
    ("F005", _first(b',"kind":"in"', b"")),
    ("F008", _first(b'"at":"2021-06-0', b'"at":"2021-13-0')),
    ("F002", lambda data: data[: ceil(len(data) * 0.7)]),
)

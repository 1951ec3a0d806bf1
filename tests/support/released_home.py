"""Makes a home directory by an earlier release's own program, for the test that this one opens it.

    python tests/support/released_home.py CHECKOUT tests/data/homes/NAME

`CHECKOUT` is that release with its `.venv` (`git archive COMMIT | tar x`, `make setup`).  Writes `NAME.tar.xz` and
`NAME.figures.json`, which are the tables that it had published.  All people are made up, and so are the keys in it.
"""

import csv
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pipelines.demo.people import full_name, national_id
from tests.support.tables import tables

AUTHORITY, FIRST, SECOND, THIRD, FOURTH = "376500000A", "376500001A", "376500002A", "376500003A", "376500004A"
AGENCIES = (AUTHORITY, FIRST, SECOND, THIRD, FOURTH)
MONTHS = ("2021-05", "2021-06")
PEOPLE = 6


def document(agency_code: str, month: str, produced_at: str = "2021-07-05T09:12:00+08:00", **more: object) -> bytes:
    """A submission of six people with leave, overtime and clockings; each agency's and month's are the same again."""
    rng = Random(f"{agency_code} {month}")
    first = AGENCIES.index(agency_code) * PEOPLE if agency_code in AGENCIES else 900
    ids = [national_id(first + number, woman=number % 2 == 1) for number in range(PEOPLE)]
    said = {
        "format_version": "1.0",
        "agency_code": agency_code,
        "month": month,
        "produced_by": {"system": "WebITR", "version": "2.4.1"},
        "produced_at": produced_at,
        "employees": [
            {"person_id": id_, "name": full_name(rng), "employment_type": "civil_servant", "from": None, "to": None}
            for id_ in ids
        ],
        "leaves": [_leave(number, id_, month) for number, id_ in enumerate(ids[:3])],
        "overtime": [_overtime(number, id_, month) for number, id_ in enumerate(ids[2:5])],
        "clockings": [
            {"person_id": id_, "at": f"{month}-{day:02}T{hour:02}:{rng.randrange(60):02}:00", "kind": kind}
            for id_ in ids
            for day in (3, 4, 5)
            for hour, kind in ((8, "in"), (18, "out"))
        ],
    }
    return json.dumps({**said, **more}, ensure_ascii=False).encode()


def _leave(number: int, id_: str, month: str) -> dict[str, object]:
    return {
        "record_id": f"L-{number}", "person_id": id_, "leave_type": ("03", "01", "02")[number],
        "start": f"{month}-10T08:30", "end": f"{month}-10T17:30", "hours": 8, "certificate": False, "reason": None,
    }  # fmt: skip


def _overtime(number: int, id_: str, month: str) -> dict[str, object]:
    return {
        "record_id": f"O-{number}", "person_id": id_, "start": f"{month}-04T18:00", "end": f"{month}-04T20:00",
        "minutes": 120, "compensation": ("time_off", "pay", "pay")[number],
    }  # fmt: skip


def make(checkout: Path, output: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, files = Path(folder) / "home", Path(folder) / "files"
        files.mkdir()
        _fill(_Program(checkout, home), files)
        published = figures(home / "warehouse.duckdb")
        with tarfile.open(output.with_name(f"{output.name}.tar.xz"), "w:xz", preset=9) as tar:
            tar.add(home, "home")
    text = ",\n".join(f' "{table}": {json.dumps(of, ensure_ascii=False)}' for table, of in published.items())
    output.with_name(f"{output.name}.figures.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


def figures(warehouse: Path, only: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Table → `columns` and `rows` (values as text) of the two months and their year; `only` these columns.

    Findings without their words, which may be put better, and without those of earlier submissions.
    """
    of_then = {"month": f"month IN {MONTHS}", "year": "year = 2021"}
    found = tables(warehouse, only, of_then)
    if only is None:
        found.pop("core.findings_history")
        kept = ["agency_code", "month", "submission_id", "rule", "severity", "dataset", "record_id", "finding_key"]
        found |= tables(warehouse, {"core.findings": kept}, of_then)
    return {
        table: {"columns": of, "rows": [list(map(str, row)) for row in rows]} for table, (of, rows) in found.items()
    }


class _Program:
    """The earlier release's `attendance`."""

    def __init__(self, checkout: Path, home: Path) -> None:
        self._program = checkout / ".venv" / "bin" / "attendance"
        self._checkout = checkout
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._environment["ATTENDANCE_HOME"] = str(home)

    def __call__(self, *arguments: object, code: int = 0) -> str:
        command = [str(self._program), *map(str, arguments)]
        ran = subprocess.run(
            command, cwd=self._checkout, env=self._environment, capture_output=True, text=True, check=False
        )
        if ran.returncode != code:
            raise RuntimeError(f"{command} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran.stdout


def _fill(attendance: _Program, files: Path) -> None:
    """Two months: sound, corrected, with errors, refused, withdrawn, answered, closed for a typhoon, with a receipt."""
    _register(files / "register.csv")
    attendance("register", "import", files / "register.csv")
    (files / "closures.csv").write_text(f"code,day,hours,reason\n{AUTHORITY},2021-06-04,4,颱風\n", encoding="utf-8")
    attendance("closures", "import", files / "closures.csv")
    for month in MONTHS:
        stranger = _overtime(0, national_id(990, woman=True), month)
        _submit(attendance, files, document(AUTHORITY, month), document(FIRST, month))
        _submit(attendance, files, document(SECOND, month, overtime=[stranger]), document(THIRD, month, unknown=1))
        attendance("run", "--month", month, code=1)
    _submit(attendance, files, document(FIRST, "2021-05", "2021-07-06T09:12:00+08:00", leaves=[]))
    _submit(attendance, files, document(FOURTH, "2021-06"))
    attendance("run", "--month", "2021-05")
    attendance("run", "--month", "2021-06")
    attendance("withdraw", "--agency", FOURTH, "--month", "2021-06", "--reason", "誤送")
    warned = json.loads(
        attendance("findings", "--agency", AUTHORITY, "--month", "2021-06", "--format", "json").splitlines()[0]
    )
    answer = ("--agency", AUTHORITY, "--month", "2021-06", "--code", "CONFIRMED", "--by", "人事室")
    attendance("explain", "add", *answer, "--rule", warned["rule"])
    attendance("run", "--month", "2021-06")
    receipt = attendance("receipt", "issue", "--agency", FIRST, "--month", "2021-06")
    home = Path(attendance._environment["ATTENDANCE_HOME"])
    (home / "receipt-of-a-test.json").write_text(receipt, encoding="utf-8")
    (home / "document-of-a-test.json").write_bytes(document(FIRST, "2021-06"))


def _register(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("agency_code", "name", "parent_code", "level", "active_from", "channel"))
        for code in AGENCIES:
            parent = None if code == AUTHORITY else AUTHORITY
            table.writerow((code, f"測試機關 {code}", parent, 3 if parent else 2, "2011-01-01", "manual"))


def _submit(attendance: _Program, files: Path, *documents: bytes) -> None:
    for number, data in enumerate(documents):
        path = files / f"{number}.json"
        path.write_bytes(data)
        attendance("submit", path)


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))

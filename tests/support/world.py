"""A small world to publish: agencies, submissions with their partition files, all through the real ledger.

Records are given as short tuples; whatever a test does not care about is filled in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import func, select

from checks.model.finding_keys import finding_key
from checks.model.stored import STORED
from tests.support.ledger import put_migrated
from warehouse.deadlines import TAIPEI
from warehouse.home import Home
from warehouse.ledger.arrivals import Arrived, record_arrivals
from warehouse.ledger.engine import open_ledger, reading, writing
from warehouse.ledger.entries import record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.models import Agency, Obligation, Submission
from warehouse.store import file_of


class Counts(NamedTuple):
    read: int
    entered: int
    refused: int
    warned: int


def taipei(text: str) -> datetime:
    """`2021-02-20 12:00` in Taipei."""
    return datetime.fromisoformat(text).replace(tzinfo=TAIPEI)


def person(number: int) -> str:
    """A person key."""
    return sha256(f"person {number}".encode()).hexdigest()


class World:
    """What is told of a home; over one that another world has filled it goes on from there."""

    def __init__(self, root: Path, ledger_url: str = "") -> None:
        if not ledger_url:
            put_migrated(root / "ledger.sqlite")
        self.home = Home(root, ledger_url).create()
        self.engine = open_ledger(self.home.ledger_url)
        with reading(self.engine) as session:
            self._serial = session.scalar(select(func.count()).select_from(Submission)) or 0

    def agency(
        self,
        code: str,
        parent: str | None = None,
        *,
        name: str | None = None,
        level: int | None = None,
        since: str | None = None,
        until: str | None = None,
        headcount: int | None = None,
        authority: str | None = None,
    ) -> None:
        row = Agency(
            agency_code=code,
            name=name or f"機關{code}",
            parent_code=parent,
            authority_code=authority,
            level=level,
            active_from=_date(since),
            active_to=_date(until),
            expected_headcount=headcount,
        )
        with writing(self.engine) as session:
            session.add(row)

    def exempt(self, code: str, since: str, until: str, reason: str = "整併") -> None:
        row = Obligation(agency_code=code, valid_from=_date(since), valid_to=_date(until), exempt_reason=reason)
        with writing(self.engine) as session:
            session.add(row)

    def receive(self, code: str, month: str, at: str, *, channel: str = "webitr", submission: str | None = None) -> str:
        """Something arrives and waits to be checked; gives its id."""
        self._serial += 1
        submission = submission or sha256(f"{code} {month} {self._serial}".encode()).hexdigest()
        with writing(self.engine) as session:
            record_arrivals(session, [Arrived(submission, code, month, channel, "test", 1000, taipei(at))])
        return submission

    def enter(
        self,
        code: str,
        month: str,
        at: str,
        *,
        people: Iterable[int] = (1,),
        leaves: Iterable[tuple[int, str, float]] = (),
        overtime: Iterable[tuple[int, int]] = (),
        clockings: int = 0,
        findings: Iterable[tuple[str, str, str | None]] = (),
        refused: Mapping[str, int] | None = None,
        submission: str | None = None,
        judged_at: str | None = None,
        version: str = "2.4.1",
    ) -> str:
        """Receive and enter a document.  leaves: (person, type, hours in the month); overtime: (person, minutes).

        findings: (rule, severity, record_id); refused: dataset → records kept out.
        """
        people, findings, refused = list(people), list(findings), refused or {}
        id_ = self.receive(code, month, at, submission=submission)
        frames = {
            "employees": [_employee(one) for one in people],
            "leaves": [_leave(number, month, *one) for number, one in enumerate(leaves)],
            "overtime": [_overtime(number, month, *one) for number, one in enumerate(overtime)],
            "clockings": [_clocking(number, month, people) for number in range(clockings)],
        }
        for dataset, rows in frames.items():
            self._write(dataset, code, month, id_, rows)
        self._write_findings(code, month, id_, findings)
        counts = {
            name: Counts(len(rows) + refused.get(name, 0), len(rows), refused.get(name, 0), 0)
            for name, rows in frames.items()
        }
        severities = Counter(severity for _, severity, _ in findings)
        self._judge(id_, code, month, at, judged_at, counts, severities, version)
        return id_

    def refuse(
        self,
        code: str,
        month: str,
        at: str,
        *,
        findings: Iterable[tuple[str, str, str | None]],
        judged_at: str | None = None,
    ) -> str:
        id_, findings = self.receive(code, month, at), list(findings)
        self._write_findings(code, month, id_, findings)
        severities = Counter(severity for _, severity, _ in findings)
        self._judge(id_, code, month, at, judged_at, None, severities, "2.4.1")
        return id_

    def _judge(
        self,
        id_: str,
        code: str,
        month: str,
        at: str,
        judged_at: str | None,
        counts: Mapping[str, Counts] | None,
        severities: Counter[str],
        version: str,
    ) -> None:
        entered = "entered_with_errors" if severities["error"] else "entered"
        result = Result(
            id_,
            code,
            month,
            "refused" if counts is None else entered,
            "1",
            counts or {},
            severities["fatal"],
            severities["error"],
            severities["warning"],
            "WebITR",
            version,
            f"{month}-28T09:00:00+08:00",
        )
        with writing(self.engine) as session:
            record_results(session, [result], at=taipei(judged_at or at) + timedelta(minutes=5))

    def _write_findings(self, code: str, month: str, id_: str, findings: list[tuple[str, str, str | None]]) -> None:
        if findings:
            self._write("findings", code, month, id_, [_finding(*one) for one in findings])

    def _write(self, dataset: str, code: str, month: str, id_: str, rows: list[dict[str, Any]]) -> None:
        schema = {name: column.dtype.type for name, column in STORED[dataset].to_schema().columns.items()}
        common = {"agency_code": code, "month": month, "submission_id": id_}
        numbered = [{"record_index": number, **common, **row} for number, row in enumerate(rows)]
        if dataset == "findings":
            keys = [finding_key(code, row["rule"], row["dataset"], row["record_id"], None) for row in rows]
            numbered = [common | row | {"finding_key": key} for row, key in zip(rows, keys, strict=True)]
        path = file_of(self.home.store, dataset, code, month, id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        STORED[dataset].validate(pl.DataFrame(numbered, schema=schema)).write_parquet(path)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _employee(number: int) -> dict[str, Any]:
    return {"person_key": person(number), "employment_type": "civil_servant"}


def _leave(number: int, month: str, who: int, leave_type: str, hours: float) -> dict[str, Any]:
    start = datetime.fromisoformat(f"{month}-03T08:30")
    return {
        "person_key": person(who),
        "record_id": f"L-{number}",
        "leave_type": leave_type,
        "start_at": start,
        "end_at": start + timedelta(days=3),
        "hours": hours + 8,
        "hours_in_month": hours,
    }


def _overtime(number: int, month: str, who: int, minutes: int) -> dict[str, Any]:
    start = datetime.fromisoformat(f"{month}-04T18:00")
    return {
        "person_key": person(who),
        "record_id": f"O-{number}",
        "start_at": start,
        "end_at": start + timedelta(minutes=minutes),
        "minutes": minutes,
        "minutes_in_month": minutes,
        "compensation": "pay",
    }


def _clocking(number: int, month: str, people: list[int]) -> dict[str, Any]:
    at = datetime.fromisoformat(f"{month}-01T08:00") + timedelta(hours=number)
    return {"person_key": person(people[number % len(people)]), "clocked_at": at, "kind": "in"}


def _finding(rule: str, severity: str, record_id: str | None) -> dict[str, Any]:
    return {
        "rule": rule,
        "severity": severity,
        "dataset": "leaves" if record_id else None,
        "record_id": record_id,
        "pointer": "/leaves/0" if record_id else "/agency",
        "message": "請更正",
        "message_en": "mend it",
    }

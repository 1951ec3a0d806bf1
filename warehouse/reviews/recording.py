"""Recording what a review said: its findings in the store, then the answer in the ledger."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import polars as pl
from sqlalchemy import Table, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from checks.model.finding_keys import finding_keys
from checks.model.stored import Findings
from warehouse.bundles import Bundle
from warehouse.ledger.engine import lock_months
from warehouse.ledger.models import AgencyMonth, Review, Reviewed
from warehouse.reviews.due import Change
from warehouse.store import Place, Store, file_of

_SCHEMA = {name: column.dtype.type for name, column in Findings.to_schema().columns.items()}


@dataclass(frozen=True)
class Reviewing:
    """What the review of one agency-month said.  `not_evaluated`: rule → why, in Chinese and English."""

    agency_code: str
    month: str
    submission_id: str
    findings: pl.DataFrame
    not_evaluated: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where its findings lie."""
        return Place(0, self.submission_id, self.agency_code, self.month)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what was said: the same answer has the same."""
        columns = ("rule", "severity", "dataset", "index", "finding_key", "expected")
        # Most say nothing, and asking Polars thousands of times for no rows takes a second.
        said = [] if self.findings.is_empty() else self.findings.select(columns).rows()
        return hashlib.sha256(json.dumps([said, dict(self.not_evaluated)], ensure_ascii=False).encode()).hexdigest()


def of_agencies(
    month: str,
    submissions: Mapping[str, str],
    found: Sequence[pl.DataFrame],
    not_evaluated: Mapping[str, Mapping[str, str]],
) -> list[Reviewing]:
    """Split findings of a month by agency; `submissions`: agency reviewed → what it counts."""
    frames = [frame for frame in found if not frame.is_empty()]
    findings = pl.concat(frames) if frames else pl.DataFrame(schema=_SCHEMA).drop("finding_key")
    findings = findings.with_columns(finding_keys(findings)).select(*_SCHEMA)
    findings = findings.sort("agency_code", "dataset", "index", "rule", "value", nulls_last=False)
    parts = {str(key[0]): part for key, part in findings.partition_by("agency_code", as_dict=True).items()}
    return [
        Reviewing(agency, month, id_, parts.get(agency, findings.clear()), not_evaluated.get(agency, {}))
        for agency, id_ in sorted(submissions.items())
    ]


def store_findings(store: Store, reviews: Collection[Reviewing]) -> Bundle | None:
    """Write the findings of these reviews; they are on the disk when this returns, or in the bundle that it gives."""
    for one in reviews:
        store.write_review(one.findings, one.place)
    store.flush()
    return store.send()


def record(
    session: Session, month: str, reviews: Collection[Reviewing], *, store: Path, rule_set: str, at: datetime
) -> list[str]:
    """Append the answers of a month that are not the newest already; the agencies whose answer is another now.

    An agency-month that counts another submission by now is left alone: it is due again.  A first answer that finds
    nothing is recorded too (when it was reviewed) and is no change.
    """
    lock_months(session, [month])
    counted = dict(
        session.execute(
            select(AgencyMonth.agency_code, AgencyMonth.submission_id).where(AgencyMonth.month == month)
        ).all()
    )
    newest = _newest(session, month)
    rows, changed = [], []
    for one in reviews:
        before = newest.get((one.agency_code, one.submission_id))
        if counted.get(one.agency_code) != one.submission_id or before == one.digest:
            continue
        rows.append(_row(one, store, rule_set, at))
        if before is not None or not one.findings.is_empty():
            changed.append(one.agency_code)
    if rows:
        session.execute(insert(Review), rows)
    return changed


def settle(session: Session, changed: Collection[Change]) -> None:
    """Remember that these changes were taken in, once everything that they affect is recorded."""
    if not changed:
        return
    due_again(session, [(one.agency_code, one.month) for one in changed])
    rows = [
        {"agency_code": one.agency_code, "month": one.month, "submission_id": one.after}
        for one in changed
        if one.after is not None
    ]
    if rows:
        session.execute(insert(Reviewed), rows)


def due_again(session: Session, places: Collection[tuple[str, str]]) -> None:
    """Have the review of these agency-months (agency, month) due again: their records are others now."""
    table = cast("Table", Reviewed.__table__)
    here = (table.c.agency_code == bindparam("_agency_code"), table.c.month == bindparam("_month"))
    session.connection().execute(
        delete(table).where(*here), [{"_agency_code": agency, "_month": month} for agency, month in places]
    )


def _newest(session: Session, month: str) -> dict[tuple[str, str], str]:
    last = (
        select(func.max(Review.id).label("id"))
        .where(Review.month == month)
        .group_by(Review.agency_code, Review.submission_id)
        .subquery()
    )
    rows = session.execute(
        select(Review.agency_code, Review.submission_id, Review.digest).join(last, last.c.id == Review.id)
    )
    return {(agency, submission): digest for agency, submission, digest in rows}


def _row(one: Reviewing, store: Path, rule_set: str, at: datetime) -> dict[str, Any]:
    warned = _warned_beside(store, one) if not one.findings.is_empty() else {}
    return {
        "submission_id": one.submission_id,
        "agency_code": one.agency_code,
        "month": one.month,
        "at": at,
        "rule_set": rule_set,
        "warnings": one.findings.height,
        "warned_employees": warned.get("employees", 0),
        "warned_leaves": warned.get("leaves", 0),
        "not_evaluated": json.dumps(dict(one.not_evaluated), ensure_ascii=False, sort_keys=True),
        "digest": one.digest,
    }


def _warned_beside(store: Path, one: Reviewing) -> dict[str, int]:
    """Records, by dataset, that the review warns of and the document's own check does not."""
    records = one.findings.filter(pl.col("index").is_not_null()).select("dataset", "index").unique()
    file = file_of(store, "findings", one.agency_code, one.month, one.submission_id)
    if file.exists():
        own = pl.read_parquet(file, columns=["dataset", "index"])
        records = records.join(own.with_columns(pl.col("index").cast(pl.UInt32)), on=["dataset", "index"], how="anti")
    return dict(records.group_by("dataset").len().iter_rows())

"""Judgements (檢核結果): what the checks said of a submission, and judging anew what was accepted under older rules.

A judgement is written over the one before, which is kept (`past_judgements`), so that a question as of a moment is
answered as it would have been answered then.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

from sqlalchemy import Table, bindparam, delete, insert, literal, select
from sqlalchemy.orm import Session

from warehouse.ledger import lifecycle
from warehouse.ledger.arrivals import submissions_of
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import lock_months
from warehouse.ledger.lifecycle import Move, SubmissionKey
from warehouse.ledger.models import DatasetCount, PastCount, PastJudgement, Submission

OUTCOMES = lifecycle.TRANSITIONS[lifecycle.RECEIVED]

#: States of a submission that counts.
_COUNTING = (lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS)

_JUDGED = ("system", "version", "produced_at", "rule_set", "fatal", "errors", "warnings")


class Counts(Protocol):
    """Records of one dataset: read = entered + refused; warned are among the entered."""

    @property
    def read(self) -> int:
        """Records in the document."""

    @property
    def entered(self) -> int:
        """Records let in, warned or not."""

    @property
    def refused(self) -> int:
        """Records kept out by an error."""

    @property
    def warned(self) -> int:
        """Records let in with a warning."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the checks said of a submission.  `outcome` is refused, entered or entered_with_errors.

    `counts` are by dataset; `fatal`, `errors` and `warnings` are numbers of findings; `produced_at` is as the document
    has it; `rule_set` is the version of the rules.  ValueError where the counts do not add up or the outcome is none.
    """

    submission_id: str
    agency_code: str
    month: str
    outcome: str
    rule_set: str
    counts: Mapping[str, Counts] = field(default_factory=dict)
    fatal: int = 0
    errors: int = 0
    warnings: int = 0
    system: str | None = None
    version: str | None = None
    produced_at: str | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"not an outcome: {self.outcome!r}")
        for dataset, counts in self.counts.items():
            if counts.read != counts.entered + counts.refused or counts.warned > counts.entered:
                raise ValueError(f"the counts of {dataset} do not add up: {counts}")

    @property
    def key(self) -> SubmissionKey:
        """The submission that it is a result of."""
        return SubmissionKey(self.submission_id, self.agency_code, self.month)


def write_judgements(
    session: Session,
    judged: Mapping[SubmissionKey, Result],
    judged_before: Collection[SubmissionKey],
    *,
    at: datetime | None = None,
) -> None:
    """Write what the checks said at `at` (default: now), keeping what they had said of `judged_before`."""
    _keep_past(session, judged_before, at or datetime.now(UTC))
    columns = {key: {name: getattr(one, name) for name in _JUDGED} for key, one in judged.items()}
    lifecycle.set_many(session, _JUDGED, columns)
    rows = [
        {
            "submission_id": key.id,
            "agency_code": key.agency_code,
            "month": key.month,
            "dataset": dataset,
            "read": counts.read,
            "entered": counts.entered,
            "refused": counts.refused,
            "warned": counts.warned,
        }
        for key, one in judged.items()
        for dataset, counts in one.counts.items()
    ]
    if rows:
        session.connection().execute(insert(DatasetCount), rows)


def judge_anew(session: Session, results: Sequence[Result], *, reason: str, actor: str, at: datetime) -> int:
    """Write other results of submissions that were accepted, and move those that count; how many were written.

    One that waits to be checked by now is left alone, as it will be judged by the same rules.  ValueError where a
    result would refuse what was accepted: that is never taken back by a change of rules.
    """
    refused = [one for one in results if one.outcome == lifecycle.REFUSED]
    if refused:
        raise ValueError(f"{len(refused)} accepted submissions cannot be refused afterwards")
    lock_months(session, {one.month for one in results})
    known = submissions_of(session, [one.key for one in results])
    judged = {one.key: one for one in results if known[one.key].state != lifecycle.RECEIVED}
    moves = [
        Move(key, known[key].state, one.outcome, reason)
        for key, one in judged.items()
        if known[key].state in _COUNTING and known[key].state != one.outcome
    ]
    lifecycle.move_many(session, sorted(moves, key=lambda one: one.to_state), actor=actor, at=at)
    write_judgements(session, judged, list(judged), at=at)
    note(session, (Deed("judged_anew", actor, key.agency_code, key.month, key.id, reason, at) for key in judged))
    return len(judged)


def _keep_past(session: Session, keys: Collection[SubmissionKey], until: datetime) -> None:
    """Keep what is about to be written over, and take the counts away."""
    if not keys:
        return
    session.flush()
    places = [{"_id": key.id, "_agency_code": key.agency_code, "_month": key.month} for key in keys]
    submissions, counts = cast("Table", Submission.__table__), cast("Table", DatasetCount.__table__)
    of_submission = (
        submissions.c.id == bindparam("_id"),
        submissions.c.agency_code == bindparam("_agency_code"),
        submissions.c.month == bindparam("_month"),
    )
    of_counts = (
        counts.c.submission_id == bindparam("_id"),
        counts.c.agency_code == bindparam("_agency_code"),
        counts.c.month == bindparam("_month"),
    )
    moment = literal(until, PastJudgement.until.type).label("until")
    names = ("agency_code", "month", "rule_set", "fatal", "errors", "warnings")
    judgement = select(submissions.c.id, *(submissions.c[name] for name in names), moment).where(*of_submission)
    numbers = select(*counts.c, moment).where(*of_counts)
    connection = session.connection()
    connection.execute(insert(PastJudgement).from_select(["submission_id", *names, "until"], judgement), places)
    connection.execute(insert(PastCount).from_select([*counts.c.keys(), "until"], numbers), places)
    connection.execute(delete(counts).where(*of_counts), places)

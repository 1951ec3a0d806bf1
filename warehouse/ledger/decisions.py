"""Withdrawal and revert (撤回、回復): moving an agency-month's pointer by decision, with a reason, for the audit.

Each is one transaction: the decision, the changes of state, the pointer.  Whatever was received before the decision
and is judged only afterwards does not count (`entries.py`); what is received after it does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from warehouse.deadlines import first_after_month_end
from warehouse.ledger import lifecycle
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import lock_months
from warehouse.ledger.lifecycle import Move, SubmissionKey
from warehouse.ledger.models import AgencyMonth, Arrival, Decision, Submission
from warehouse.ledger.retirements import refuse_retired

WITHDRAWN, REVERTED = "withdrawn", "reverted"

#: The states of what was accepted once: only such a submission can ever count.
_ACCEPTED = (lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS, lifecycle.SUPERSEDED)


class DecisionRefused(ValueError):  # noqa: N818 — reads as what it is
    """The decision cannot be carried out as things are; the message says what to do."""


def withdraw(session: Session, agency_code: str, month: str, *, reason: str, actor: str, at: datetime) -> Decision:
    """Take back what the agency-month counts; it then counts nothing.  Raises `DecisionRefused`."""
    submissions, pointer = _look(session, agency_code, month, reason)
    counted = _counted(pointer, submissions)
    _move(session, counted, lifecycle.WITHDRAWN, actor=actor, at=at, reason=reason)
    return _decide(session, pointer, WITHDRAWN, None, reason=reason, actor=actor, at=at)


def revert(
    session: Session, agency_code: str, month: str, to: str, *, reason: str, actor: str, at: datetime
) -> Decision:
    """Have an earlier accepted submission (its id, or the id's beginning) count again.  Raises `DecisionRefused`."""
    submissions, pointer = _look(session, agency_code, month, reason)
    target = _named(submissions, to)
    if target.id == pointer.submission_id:
        _refuse("它正是目前採計的報送", "it is what counts already")
    if target.state not in (*_ACCEPTED, lifecycle.WITHDRAWN):
        _refuse("退件從未入檔，不能採計", "it was refused and never entered")
    if pointer.submission_id is not None:
        counted = _counted(pointer, submissions)
        _move(session, counted, lifecycle.SUPERSEDED, actor=actor, at=at, reason=f"reverted to {target.id}: {reason}")
    state = lifecycle.ENTERED_WITH_ERRORS if target.errors else lifecycle.ENTERED
    _move(session, target, state, actor=actor, at=at, reason=reason)
    note(session, [Deed(REVERTED, actor, agency_code, month, target.id, reason, at)])
    return _decide(session, pointer, REVERTED, target.id, reason=reason, actor=actor, at=at)


def _look(session: Session, agency_code: str, month: str, reason: str) -> tuple[Mapping[str, Submission], AgencyMonth]:
    """The agency-month's submissions by id and its pointer, nobody else's to change until the transaction ends."""
    if not reason.strip():
        _refuse("請說明原因", "a reason is needed")
    lock_months(session, [month])
    refuse_retired(session, month)
    query = select(Submission).where(Submission.agency_code == agency_code, Submission.month == month)
    submissions = {one.id: one for one in session.scalars(query)}
    pointer = session.get(AgencyMonth, (agency_code, month))
    if pointer is None:
        _refuse("該機關該月從未入檔", "nothing of that agency and month was ever entered")
    if any(one.state == lifecycle.RECEIVED for one in submissions.values()):
        _refuse(
            "尚有報送等待檢核，請先執行 attendance run",
            f"a submission still waits to be checked: attendance run --month {month} --agency {agency_code} first",
        )
    return submissions, pointer


def _counted(pointer: AgencyMonth, submissions: Mapping[str, Submission]) -> Submission:
    if pointer.submission_id is None:
        _refuse("該月已撤回，沒有採計的報送", "nothing counts: it was withdrawn already")
    return submissions[pointer.submission_id]


def _named(submissions: Mapping[str, Submission], to: str) -> Submission:
    found = [one for id_, one in submissions.items() if id_.startswith(to)]
    if len(found) != 1:
        known = ", ".join(f"{id_[:12]} ({one.state})" for id_, one in sorted(submissions.items()))
        _refuse(f"沒有唯一符合 {to} 的報送", f"not exactly one submission begins with {to}; there are: {known}")
    return found[0]


def _move(session: Session, one: Submission, state: str, *, actor: str, at: datetime, reason: str) -> None:
    key = SubmissionKey(one.id, one.agency_code, one.month)
    lifecycle.move_many(session, [Move(key, one.state, state, reason)], actor=actor, at=at)


def _decide(
    session: Session,
    pointer: AgencyMonth,
    kind: str,
    to: str | None,
    *,
    reason: str,
    actor: str,
    at: datetime,
) -> Decision:
    """Write the decision and the pointer; on time or late is judged by the first that was accepted and still stands."""
    newest = session.scalar(select(func.max(Arrival.sequence)).where(Arrival.month == pointer.month)) or 0
    decision = Decision(
        agency_code=pointer.agency_code,
        month=pointer.month,
        kind=kind,
        from_submission=pointer.submission_id,
        to_submission=to,
        sequence=newest,
        at=at,
        actor=actor,
        reason=reason,
    )
    session.add(decision)
    standing = select(Submission.first_received_at).where(
        Submission.agency_code == pointer.agency_code,
        Submission.month == pointer.month,
        Submission.state.in_(_ACCEPTED),
    )
    pointer.submission_id = to
    pointer.decided_after = newest
    pointer.first_entered_received_at = first_after_month_end(pointer.month, session.scalars(standing))
    session.flush()
    return decision


def _refuse(chinese: str, english: str) -> NoReturn:
    raise DecisionRefused(f"{chinese} {english}")

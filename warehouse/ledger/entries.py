"""What became of submissions: recording the checks' results, and which submission an agency-month counts.

The newest entered submission of an agency-month counts, by the ledger's own order of arrivals; in whatever order, and
by however many runs at once, they are judged.  A withdrawal or a revert (`decisions.py`) holds over what was received
before it: such a submission that is judged only afterwards is entered, and superseded at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from warehouse.deadlines import first_after_month_end
from warehouse.ledger import lifecycle
from warehouse.ledger.arrivals import Known, submissions_of
from warehouse.ledger.base import same_submission
from warehouse.ledger.engine import lock_months
from warehouse.ledger.judgements import Result, write_judgements
from warehouse.ledger.lifecycle import Move, SubmissionKey
from warehouse.ledger.models import AgencyMonth, Submission
from warehouse.ledger.retirements import refuse_retired

#: Up to so many agencies are asked for by code; for more, the whole month is read.
_FEW = 500

_Place = tuple[str, str]  # agency code and month


class UnknownSubmission(LookupError):  # noqa: N818 — reads as what it is
    """A result of something that never arrived."""


class _Entry(NamedTuple):
    """An entered submission; the newest of an agency-month is the greatest."""

    sequence: int
    received_at: datetime
    id: str
    state: str
    first_received_at: datetime


class _Pointer(NamedTuple):
    """What an agency-month counts so far; no `entry` where it was withdrawn."""

    entry: _Entry | None
    first_entered_received_at: datetime | None
    decided_after: int | None


@dataclass(slots=True)
class _Changes:
    """What recording results does beside moving them to their outcome, collected before anything is written."""

    supersessions: list[Move] = field(default_factory=list)
    supersedes: dict[SubmissionKey, str] = field(default_factory=dict)
    new_pointers: list[dict[str, Any]] = field(default_factory=list)
    moved_pointers: list[dict[str, Any]] = field(default_factory=list)


def pending(session: Session, month: str, agencies: Iterable[str] | None = None) -> list[Submission]:
    """List the month's submissions that wait to be checked, oldest first; of all agencies or of those named."""
    query = (
        select(Submission)
        .where(Submission.month == month, Submission.state == lifecycle.RECEIVED)
        .order_by(Submission.sequence, Submission.received_at, Submission.id)
    )
    if agencies is None:
        return list(session.scalars(query))
    wanted = set(agencies)
    if len(wanted) <= _FEW:
        return list(session.scalars(query.where(Submission.agency_code.in_(wanted))))
    return [one for one in session.scalars(query) if one.agency_code in wanted]


def record_results(
    session: Session, results: Sequence[Result], *, actor: str = "pipeline", at: datetime | None = None
) -> list[bool]:
    """Record what the checks said, thousands at once; for each, in order, whether it was recorded.

    False: the submission no longer waits for a result, as another run was first; nothing of it is changed.
    Raises `UnknownSubmission` for what never arrived and `YearRetired` for what would enter a month whose records were
    removed; nothing at all is written then.
    """
    if not results:
        return []
    lock_months(session, {one.month for one in results})
    for month in {one.month for one in results if one.outcome != lifecycle.REFUSED}:
        refuse_retired(session, month)
    known = submissions_of(session, [one.key for one in results])
    fresh: dict[SubmissionKey, Result] = {}
    recorded = []
    for one in results:
        if one.key not in known:
            raise UnknownSubmission(
                f"no arrival of {one.submission_id} for {one.agency_code or '?'} {one.month or '?'}"
            )
        recorded.append(known[one.key].state == lifecycle.RECEIVED and one.key not in fresh)
        if recorded[-1]:
            fresh[one.key] = one
    entries = _entries(fresh.values(), known)
    changes = _follow(entries, _pointers(session, entries))

    moves = [Move(key, lifecycle.RECEIVED, one.outcome) for key, one in fresh.items()]
    moves.sort(key=lambda one: one.to_state)
    lifecycle.move_many(session, moves, actor=actor, at=at)
    lifecycle.move_many(session, changes.supersessions, actor=actor, at=at)
    write_judgements(session, fresh, [key for key in fresh if known[key].rule_set is not None], at=at)
    lifecycle.set_many(session, ["supersedes"], {key: {"supersedes": changes.supersedes.get(key)} for key in fresh})
    _write_pointers(session, changes)
    return recorded


def _entries(results: Iterable[Result], known: Mapping[SubmissionKey, Known]) -> dict[_Place, list[_Entry]]:
    """Collect what was let in, by agency-month."""
    entries: dict[_Place, list[_Entry]] = defaultdict(list)
    for one in results:
        if one.outcome != lifecycle.REFUSED:
            row = known[one.key]
            entry = _Entry(row.sequence, row.received_at, one.submission_id, one.outcome, row.first_received_at)
            entries[one.agency_code, one.month].append(entry)
    return entries


def _pointers(session: Session, places: Iterable[_Place]) -> dict[_Place, _Pointer]:
    """Read what the agency-months count so far."""
    agencies: dict[str, set[str]] = defaultdict(set)
    for agency_code, month in places:
        agencies[month].add(agency_code)
    found = {}
    for month, codes in agencies.items():
        query = (
            select(
                AgencyMonth.agency_code,
                AgencyMonth.first_entered_received_at.label("first"),
                AgencyMonth.decided_after,
                Submission.sequence,
                Submission.received_at,
                Submission.id,
                Submission.state,
                Submission.first_received_at,
            )
            .outerjoin(Submission, same_submission(Submission, AgencyMonth))
            .where(AgencyMonth.month == month)
        )
        if len(codes) <= _FEW:
            query = query.where(AgencyMonth.agency_code.in_(codes))
        for row in session.execute(query):
            entry = None
            if row.id:
                entry = _Entry(row.sequence, row.received_at, row.id, row.state, row.first_received_at)
            found[row.agency_code, month] = _Pointer(entry, row.first, row.decided_after)
    return found


def _follow(entries: Mapping[_Place, list[_Entry]], pointers: Mapping[_Place, _Pointer]) -> _Changes:
    """Let each agency-month's entered submissions follow one another as they arrived, and collect what that changes."""
    changes = _Changes()
    for place, arrived in entries.items():
        pointer = pointers.get(place) or _Pointer(None, None, None)
        free = [one for one in arrived if pointer.decided_after is None or one.sequence > pointer.decided_after]
        held = [one for one in arrived if one not in free]
        before = [pointer.entry] if pointer.entry else []
        # What was reverted to may have arrived after what is free now; the decision stands before all of that.
        line = [*before, *sorted(free)] if pointer.decided_after is not None else sorted([*free, *before])
        _supersede(changes, place, line, held, pointer)
        firsts = [one.first_received_at for one in arrived] + [pointer.first_entered_received_at]
        row = {
            "agency_code": place[0],
            "month": place[1],
            "submission_id": line[-1].id if line else None,
            "first_entered_received_at": first_after_month_end(place[1], firsts),
            "decided_after": None if free else pointer.decided_after,
        }
        (changes.moved_pointers if place in pointers else changes.new_pointers).append(row)
    changes.supersessions.sort(key=lambda one: one.from_state)
    return changes


def _supersede(
    changes: _Changes, place: _Place, line: Sequence[_Entry], held: Sequence[_Entry], pointer: _Pointer
) -> None:
    for older, newer in pairwise(line):
        key = SubmissionKey(older.id, *place)
        changes.supersessions.append(Move(key, older.state, lifecycle.SUPERSEDED, f"by {newer.id}"))
        if newer != pointer.entry:
            changes.supersedes[SubmissionKey(newer.id, *place)] = older.id
    for one in held:
        reason = "received before the decision"
        changes.supersessions.append(Move(SubmissionKey(one.id, *place), one.state, lifecycle.SUPERSEDED, reason))


def _write_pointers(session: Session, changes: _Changes) -> None:
    """Point the agency-months at their newest submissions."""
    table = cast("Table", AgencyMonth.__table__)
    if changes.new_pointers:
        session.connection().execute(insert(table), changes.new_pointers)
    if changes.moved_pointers:
        moved = update(table).where(
            table.c.agency_code == bindparam("_agency_code"), table.c.month == bindparam("_month")
        )
        rows = [
            {"_agency_code": row.pop("agency_code"), "_month": row.pop("month"), **row}
            for row in changes.moved_pointers
        ]
        session.connection().execute(moved, rows)

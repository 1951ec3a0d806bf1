"""Documents coming in: recording what arrived, and finding what landed without ever having been recorded."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from warehouse.deadlines import first_after_month_end, first_that_counts
from warehouse.landing import Landing
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import lock_months
from warehouse.ledger.lifecycle import Move, SubmissionKey
from warehouse.ledger.models import AgencyMonth, Arrival, Submission

#: The channel of what was found in landing without an arrival: a run was cut off between the two.
RECOVERED = "recovered"

#: What is younger may still be on its way from landing to ledger in another process.
SETTLED = timedelta(hours=1)

#: Values bound in one statement; SQLite takes 32,766.
_BOUND = 10_000

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MONTH = re.compile(r"(\d{4}-\d{2})?", re.ASCII)
_AGENCY_CODE = re.compile(r"[!-~]{0,10}")

#: The states from which bytes that are handed in again are judged again.
_REOPENED = (lifecycle.REFUSED, lifecycle.SUPERSEDED, lifecycle.WITHDRAWN)

#: The states of what was entered, whether or not it still counts.
_ONCE_ENTERED = (lifecycle.ENTERED, lifecycle.ENTERED_WITH_ERRORS, lifecycle.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One document handed in.  `agency_code` and `month` are those that it was handed in for, `''` where unknown.

    `source` is the path or address that it came from, without secrets; `bytes` its size; `received_at` is aware;
    `by` is who handed it in, where it is not the same for all that are recorded with it.
    ValueError for an id, agency code or month that cannot be one.
    """

    submission_id: str
    agency_code: str
    month: str
    channel: str
    source: str
    bytes: int
    received_at: datetime
    by: str | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.submission_id):
            raise ValueError(f"not a SHA-256 in hexadecimal: {self.submission_id!r}")
        if not _AGENCY_CODE.fullmatch(self.agency_code):
            raise ValueError(f"not an agency code of at most 10 characters: {self.agency_code!r}")
        if not _MONTH.fullmatch(self.month):
            raise ValueError(f"neither a month YYYY-MM nor '': {self.month!r}")
        if self.received_at.tzinfo is None:
            raise ValueError("received_at needs a time zone")

    @property
    def key(self) -> SubmissionKey:
        """The submission that it is an arrival of."""
        return SubmissionKey(self.submission_id, self.agency_code, self.month)


class Known(NamedTuple):
    """What the ledger has of a submission, as far as recording needs it."""

    state: str
    received_at: datetime
    first_received_at: datetime
    sequence: int
    rule_set: str | None


class _Position(NamedTuple):
    """Where an arrival stands among the others: by its number, and of those recovered after the same one by time."""

    sequence: int
    received_at: datetime


def record_arrivals(
    session: Session, arrivals: Sequence[Arrived], *, actor: str | None = None, at: datetime | None = None
) -> list[bool]:
    """Record documents that are in landing; for each, in order, whether it is a new submission.

    The same bytes for the same agency and month are one submission with another row in `arrivals`.  Handed in again,
    they count as the newest, and are judged again unless they are what counts.  Newer is what is recorded later,
    whatever the clocks of the machines say; only what was recovered from landing is as old as it landed.
    `actor` is who did it (default: the channel), `at` the moment of recording (default: now).
    """
    if not arrivals:
        return []
    lock_months(session, {one.month for one in arrivals})
    known = submissions_of(session, [one.key for one in arrivals])
    first: dict[SubmissionKey, Arrived] = {}
    positions = _positions(session, arrivals)
    latest: dict[SubmissionKey, _Position] = {}
    earliest: dict[SubmissionKey, datetime] = {}
    new = []
    for one, position in zip(arrivals, positions, strict=True):
        new.append(one.key not in known and one.key not in first)
        first.setdefault(one.key, one)
        latest[one.key] = max(position, latest.get(one.key, position))
        earliest[one.key] = first_that_counts(one.month, [one.received_at, earliest.get(one.key, one.received_at)])
    rows = [
        {
            **key._asdict(),
            "channel": one.channel,
            "bytes": one.bytes,
            "first_received_at": earliest[key],
            "received_at": latest[key].received_at,
            "sequence": latest[key].sequence,
        }
        for key, one in first.items()
        if key not in known
    ]
    actors = {key: one.by or actor or one.channel for key, one in first.items()}
    lifecycle.begin_many(session, rows, actors=actors, at=at)
    again = {key: row for key, row in known.items() if latest[key] > (row.sequence, row.received_at)}
    reopened = _reopen(session, again, {key: actors[key] for key in again}, at)
    spans = _spans(known, earliest, latest)
    lifecycle.set_many(session, ["first_received_at", "received_at", "sequence"], spans)
    # What is judged again counts once it is entered again.
    entered = {key for key, row in known.items() if row.state in _ONCE_ENTERED} - reopened
    _judge_by_firsts(session, {key: span for key, span in spans.items() if key in entered})
    rows = [_arrival_row(one, position) for one, position in zip(arrivals, positions, strict=True)]
    session.connection().execute(insert(Arrival), rows)
    return new


def _positions(session: Session, arrivals: Sequence[Arrived]) -> list[_Position]:
    """Give each arrival its place in its month, which this transaction alone changes."""
    months = {one.month for one in arrivals}
    newest = {
        month: session.scalar(select(func.max(Arrival.sequence)).where(Arrival.month == month)) or 0 for month in months
    }
    positions = []
    for one in arrivals:
        if one.channel == RECOVERED:
            before = (Arrival.month == one.month, Arrival.received_at <= one.received_at)
            number = session.scalar(select(func.max(Arrival.sequence)).where(*before)) or 0
        else:
            number = newest[one.month] = newest[one.month] + 1
        positions.append(_Position(number, one.received_at))
    return positions


def _reopen(
    session: Session, again: Mapping[SubmissionKey, Known], actors: Mapping[SubmissionKey, str], at: datetime | None
) -> set[SubmissionKey]:
    """Have what was handed in again judged again, unless it is what counts or still waits; which of them."""
    moves: dict[str, list[Move]] = defaultdict(list)
    for key, row in again.items():
        if row.state in _REOPENED:
            moves[actors[key]].append(Move(key, row.state, lifecycle.RECEIVED, "handed in again"))
    for actor, its_moves in moves.items():
        lifecycle.move_many(session, its_moves, actor=actor, at=at)
    return {move.key for its_moves in moves.values() for move in its_moves}


def _spans(
    known: Mapping[SubmissionKey, Known],
    earliest: Mapping[SubmissionKey, datetime],
    latest: Mapping[SubmissionKey, _Position],
) -> dict[SubmissionKey, dict[str, Any]]:
    """Of submissions that came again: when they first came, of what counts, and when last, where that has changed."""
    spans = {}
    for key, row in known.items():
        first = first_that_counts(key.month, [earliest[key], row.first_received_at])
        last = max(latest[key], _Position(row.sequence, row.received_at))
        if first != row.first_received_at or last != (row.sequence, row.received_at):
            spans[key] = {"first_received_at": first, **last._asdict()}
    return spans


def _judge_by_firsts(session: Session, spans: Mapping[SubmissionKey, Mapping[str, Any]]) -> None:
    """Have months of which these submissions were entered judged by when they first came, where that is the first."""
    for key, span in spans.items():
        first = first_after_month_end(key.month, [span["first_received_at"]])
        if first is not None:
            pointer = AgencyMonth.first_entered_received_at
            session.execute(
                update(AgencyMonth)
                .where(
                    AgencyMonth.agency_code == key.agency_code,
                    AgencyMonth.month == key.month,
                    or_(pointer.is_(None), pointer > first),
                )
                .values(first_entered_received_at=first)
            )


def submissions_of(session: Session, keys: Iterable[SubmissionKey]) -> dict[SubmissionKey, Known]:
    """Look up any number of submissions; those that never arrived are left out."""
    wanted = set(keys)
    ids = sorted({key.id for key in wanted})
    found: dict[SubmissionKey, Known] = {}
    for start in range(0, len(ids), _BOUND):
        rows = session.execute(
            select(
                Submission.id,
                Submission.agency_code,
                Submission.month,
                Submission.state,
                Submission.received_at,
                Submission.first_received_at,
                Submission.sequence,
                Submission.rule_set,
            ).where(Submission.id.in_(ids[start : start + _BOUND]))
        )
        for row in rows:
            key = SubmissionKey(row.id, row.agency_code, row.month)
            if key in wanted:
                found[key] = Known(row.state, row.received_at, row.first_received_at, row.sequence, row.rule_set)
    return found


def orphans(landing: Landing, session: Session, settled: timedelta = SETTLED) -> list[str]:
    """Find the ids in landing that no submission knows and that are older than `settled`, in order.

    The process that landed them was stopped before it could record them; `recovered` makes them arrivals.
    """
    known = set(session.scalars(select(Submission.id).distinct()))
    until = datetime.now(UTC) - settled
    return [id_ for id_ in landing.ids() if id_ not in known and landing.landed_at(id_) <= until]


def recovered(landing: Landing, ids: Iterable[str], identify: Callable[[bytes], tuple[str, str]]) -> list[Arrived]:
    """Make arrivals of orphans, for `record_arrivals`: channel `recovered`, received when they landed.

    Whom and when they were handed in for was lost with the process; `identify` gives the agency code and the month
    that a document itself states, `''` for what it does not.
    """
    found = []
    for id_ in ids:
        data = landing.read(id_)
        agency_code, month = identify(data)
        source = f"landing:{id_}"
        found.append(Arrived(id_, agency_code, month, RECOVERED, source, len(data), landing.landed_at(id_)))
    return found


def _arrival_row(one: Arrived, position: _Position) -> dict[str, Any]:
    return {
        "submission_id": one.submission_id,
        "agency_code": one.agency_code,
        "month": one.month,
        "channel": one.channel,
        "source": one.source,
        "received_at": one.received_at,
        "sequence": position.sequence,
    }

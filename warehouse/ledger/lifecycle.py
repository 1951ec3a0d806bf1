"""The life of a submission: its states, which may follow which, and the only code that changes one.

Each change and its row in `transitions` are written in the same transaction.  `guard`, put on the ledger's engine by
`open_ledger`, refuses any other statement that writes a submission's state; a test reads the sources for the rest.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from warehouse.ledger.audit import Deed, note
from warehouse.ledger.models import Submission, Transition

RECEIVED = "received"
REFUSED = "refused"
ENTERED = "entered"
ENTERED_WITH_ERRORS = "entered_with_errors"
SUPERSEDED = "superseded"
WITHDRAWN = "withdrawn"

#: state → the states that may follow it; None is before the first arrival.
TRANSITIONS: Mapping[str | None, frozenset[str]] = {
    None: frozenset({RECEIVED}),
    RECEIVED: frozenset({REFUSED, ENTERED, ENTERED_WITH_ERRORS}),
    # Handed in again: the register or the calendar may have moved on since (F011, F012), so it is judged anew.
    REFUSED: frozenset({RECEIVED}),
    # Between these two: judged anew after a change of rules, which never takes back that it was accepted.
    ENTERED: frozenset({SUPERSEDED, WITHDRAWN, ENTERED_WITH_ERRORS}),
    ENTERED_WITH_ERRORS: frozenset({SUPERSEDED, WITHDRAWN, ENTERED}),
    # An agency that hands in an earlier document again takes its correction back; reverting to it does the same
    # without judging it anew.
    SUPERSEDED: frozenset({RECEIVED, ENTERED, ENTERED_WITH_ERRORS}),
    WITHDRAWN: frozenset({RECEIVED, ENTERED, ENTERED_WITH_ERRORS}),
}

STATES = frozenset(state for state in TRANSITIONS if state is not None)

_OURS = {"ledger_lifecycle": True}
_SUBMISSIONS = cast("Table", Submission.__table__)
_AT_PLACE = (
    _SUBMISSIONS.c.id == bindparam("_id"),
    _SUBMISSIONS.c.agency_code == bindparam("_agency_code"),
    _SUBMISSIONS.c.month == bindparam("_month"),
)

_INSERTS = re.compile(r"\binto\s+[\"\w.]*\bsubmissions\b", re.IGNORECASE)
_SETS_STATE = re.compile(
    r"\bupdate\s+[\"\w.]*\bsubmissions\b(?:(?!\bwhere\b).)*?\bstate\"?\s*=", re.IGNORECASE | re.DOTALL
)


class SubmissionKey(NamedTuple):
    """What identifies a submission: the SHA-256 of its bytes, and whom and when it was handed in for."""

    id: str
    agency_code: str
    month: str


@dataclass(frozen=True, slots=True)
class Move:
    """One change of state, from the state that the caller knows it to be in."""

    key: SubmissionKey
    from_state: str
    to_state: str
    reason: str | None = None


class TransitionRefused(ValueError):  # noqa: N818 — reads as what it is
    """The table of transitions does not allow it."""

    def __init__(self, from_state: str | None, to_state: str) -> None:
        self.from_state, self.to_state = from_state, to_state
        super().__init__(f"a submission cannot go from {from_state or 'nothing'} to {to_state}")


class StateHasChanged(RuntimeError):  # noqa: N818 — reads as what it is
    """A submission is no longer in the state that the caller knew: another run was there first; roll back."""


class StateWrittenElsewhere(RuntimeError):  # noqa: N818 — reads as what it is
    """Code other than this module tried to write a submission's state; a fault of ours."""


def begin_many(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    *,
    actors: Mapping[SubmissionKey, str],
    at: datetime | None = None,
) -> None:
    """Insert new submissions, each as received.  `rows` hold the columns of `submissions` without the state.

    `actors` say who did it, `at` the moment of the change (default: now).
    """
    if not rows:
        return
    session.flush()
    states = [{**row, "state": RECEIVED} for row in rows]
    session.connection().execute(insert(_SUBMISSIONS), states, execution_options=_OURS)
    keys = [SubmissionKey(row["id"], row["agency_code"], row["month"]) for row in rows]
    changes = [(key, None, RECEIVED, None, actors[key]) for key in keys]
    _record(session, changes, at)


def move(
    session: Session, key: SubmissionKey, from_state: str, to_state: str, *, actor: str, reason: str | None = None
) -> None:
    """Change one submission's state; raises as `move_many` does."""
    move_many(session, [Move(key, from_state, to_state, reason)], actor=actor)


def move_many(session: Session, moves: Sequence[Move], *, actor: str, at: datetime | None = None) -> None:
    """Change the states of any number of submissions, in the order given; `at` is the moment (default: now).

    Raises `TransitionRefused` before anything is written, and `StateHasChanged` where a submission was not in the
    state that its move starts from: the caller's transaction must then be rolled back.
    """
    for one in moves:
        if one.to_state not in TRANSITIONS.get(one.from_state, frozenset()):
            raise TransitionRefused(one.from_state, one.to_state)
    if not moves:
        return
    session.flush()
    statement = (
        update(_SUBMISSIONS)
        .where(*_AT_PLACE, _SUBMISSIONS.c.state == bindparam("_from"))
        .values(state=bindparam("_to"))
    )
    # One executemany for each run of the same change, so that two changes of one submission keep their order.
    for (from_state, to_state), run in groupby(moves, attrgetter("from_state", "to_state")):
        places = [{**_place(one.key), "_from": from_state, "_to": to_state} for one in run]
        changed = session.connection().execute(statement, places, execution_options=_OURS).rowcount
        if changed != len(places):
            raise StateHasChanged(f"{len(places) - changed} of {len(places)} submissions are no longer {from_state}")
    _record(session, [(one.key, one.from_state, one.to_state, one.reason, actor) for one in moves], at)
    _forget(session, (one.key for one in moves))


def set_many(session: Session, columns: Sequence[str], rows: Mapping[SubmissionKey, Mapping[str, Any]]) -> None:
    """Update other columns of `submissions` than the state; every row gives a value for each of `columns`."""
    if not rows:
        return
    session.flush()
    statement = update(_SUBMISSIONS).where(*_AT_PLACE).values({name: bindparam(f"_to_{name}") for name in columns})
    values = [{**_place(key), **{f"_to_{name}": row[name] for name in columns}} for key, row in rows.items()]
    session.connection().execute(statement, values)
    _forget(session, rows)


def guard(
    _connection: Connection, _cursor: Any, statement: str, _values: Any, context: ExecutionContext | None, _many: bool
) -> None:
    """Refuse SQL that writes a submission's state unless this module sends it (`before_cursor_execute`)."""
    if "submissions" not in statement or (context is not None and context.execution_options.get("ledger_lifecycle")):
        return
    if _INSERTS.search(statement) or _SETS_STATE.search(statement):
        raise StateWrittenElsewhere("only warehouse.ledger.lifecycle writes a submission's state")


def _place(key: SubmissionKey) -> dict[str, str]:
    return {"_id": key.id, "_agency_code": key.agency_code, "_month": key.month}


def _record(
    session: Session,
    changes: Sequence[tuple[SubmissionKey, str | None, str, str | None, str]],
    at: datetime | None,
) -> None:
    """Write the changes (key, state before, state after, reason, actor), and have them in the audit."""
    moment = at or datetime.now(UTC)
    rows = [
        {
            "submission_id": key.id,
            "agency_code": key.agency_code,
            "month": key.month,
            "from_state": from_state,
            "to_state": to_state,
            "at": moment,
            "actor": actor,
            "reason": reason,
        }
        for key, from_state, to_state, reason, actor in changes
    ]
    session.connection().execute(insert(Transition), rows)
    note(
        session,
        (
            Deed(to_state, actor, key.agency_code or None, key.month or None, key.id, reason, moment)
            for key, _, to_state, reason, actor in changes
        ),
    )


def _forget(session: Session, keys: Iterable[SubmissionKey]) -> None:
    """Have the session load these submissions anew, as they were changed beside it."""
    for key in keys:
        loaded = session.identity_map.get(identity_key(Submission, tuple(key)))
        if loaded is not None:
            session.expire(loaded)

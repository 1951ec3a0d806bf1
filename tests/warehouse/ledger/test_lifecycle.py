"""States of submissions: what may follow what, the audit trail, and that nothing else writes a state."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from tests.support.ledger import new_ledger
from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, result, sha, states, trail
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.lifecycle import (
    STATES,
    TRANSITIONS,
    Move,
    StateHasChanged,
    StateWrittenElsewhere,
    SubmissionKey,
    TransitionRefused,
    move,
    move_many,
)
from warehouse.ledger.models import Submission, Transition

ROOT = Path(__file__).parents[3]
KEY = SubmissionKey(sha("a"), AGENCY, MONTH)


def test_table_of_transitions_is_closed():
    followers = frozenset().union(*TRANSITIONS.values())
    assert followers == STATES == {"received", "refused", "entered", "entered_with_errors", "superseded", "withdrawn"}


@pytest.mark.parametrize("before", sorted(STATES))
@pytest.mark.parametrize("after", sorted(STATES))
def test_only_the_table_s_moves_are_let_through(tmp_path, before, after):
    ledger = new_ledger(tmp_path)  # the rule is Python's: one database suffices
    _bring_to(ledger, before)
    if after in TRANSITIONS[before]:
        with writing(ledger) as session:
            move(session, KEY, before, after, actor="test")
        assert states(ledger)[KEY.id] == after
    else:
        with pytest.raises(TransitionRefused), writing(ledger) as session:
            move(session, KEY, before, after, actor="test")
        assert states(ledger)[KEY.id] == before
    ledger.dispose()


def test_audit_row_says_who_when_and_why(ledger):
    arrive(ledger, arrived("a", day(5)))
    at = datetime(2021, 7, 6, 1, 2, 3, 456789, tzinfo=UTC)
    with writing(ledger) as session:
        move_many(session, [Move(KEY, "received", "refused", "no such agency")], actor="clerk", at=at)
    with reading(ledger) as session:
        row = session.scalars(select(Transition).order_by(Transition.id.desc()).limit(1)).one()
    assert (row.submission_id, row.agency_code, row.month) == KEY
    assert (row.from_state, row.to_state, row.at) == ("received", "refused", at)
    assert (row.actor, row.reason) == ("clerk", "no such agency")


def test_audit_row_and_state_are_undone_together(ledger):
    arrive(ledger, arrived("a", day(5)))
    with pytest.raises(ZeroDivisionError), writing(ledger) as session:  # noqa: PT012 — the block is what is tested
        move(session, KEY, "received", "entered", actor="test")
        _ = 1 / 0
    assert states(ledger) == {KEY.id: "received"}
    assert trail(ledger, "a") == [(None, "received")]


def test_move_from_a_state_that_it_is_no_longer_in(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(6)))
    judge(ledger, result("a", "refused"))
    moves = [Move(SubmissionKey(sha(name), AGENCY, MONTH), "received", "entered") for name in "ba"]
    with pytest.raises(StateHasChanged, match="1 of 2"), writing(ledger) as session:
        move_many(session, moves, actor="late")
    assert states(ledger) == {sha("a"): "refused", sha("b"): "received"}


def test_submission_that_was_loaded_is_not_stale_after_its_move(ledger):
    arrive(ledger, arrived("a", day(5)))
    with writing(ledger) as session:
        loaded = session.get_one(Submission, tuple(KEY))
        move(session, KEY, "received", "entered", actor="test")
        assert loaded.state == "entered"


_VALUES = {"id": sha("x"), "agency_code": AGENCY, "month": MONTH, "channel": "manual", "state": "entered", "bytes": 1}
_WRITES = {
    "attribute": lambda session: setattr(session.get_one(Submission, tuple(KEY)), "state", "entered"),
    "new object": lambda session: session.add(Submission(**_VALUES, first_received_at=day(1), received_at=day(1))),
    "orm update": lambda session: session.execute(update(Submission).values(state="entered")),
    "bulk update by key": lambda session: session.execute(
        update(Submission), [{"id": KEY.id, "agency_code": AGENCY, "month": MONTH, "state": "entered"}]
    ),
    "core update": lambda session: session.execute(update(Submission.__table__).values(fatal=1, state="entered")),
    "core insert": lambda session: session.connection().execute(
        insert(Submission.__table__), [{**_VALUES, "first_received_at": day(1), "received_at": day(1)}]
    ),
    "text": lambda session: session.execute(text("update submissions set fatal = 0, state = 'entered'")),
    "quoted text": lambda session: session.execute(text('UPDATE "submissions" SET "state"=\'entered\' WHERE 1=1')),
}


@pytest.mark.parametrize("write", _WRITES)
def test_state_written_by_anything_else_is_refused(ledger, write):
    arrive(ledger, arrived("a", day(5)))
    with pytest.raises(StateWrittenElsewhere), writing(ledger) as session:
        _WRITES[write](session)
    assert states(ledger) == {KEY.id: "received"}


def test_other_columns_may_be_written(ledger):
    arrive(ledger, arrived("a", day(5)))
    with writing(ledger) as session:
        session.get_one(Submission, tuple(KEY)).warnings = 3
        session.flush()
        session.execute(text("UPDATE submissions SET errors = 2 WHERE state = 'received'"))
    with reading(ledger) as session:
        stored = session.get_one(Submission, tuple(KEY))
    assert (stored.warnings, stored.errors, stored.state) == (3, 2, "received")


def _state_writes(source: str) -> list[str]:
    """What in a module's source looks like writing a submission's state."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [ast.unparse(one) for one in targets if isinstance(one, ast.Attribute) and one.attr == "state"]
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            if name in {"Submission", "values"} and any(word.arg == "state" for word in node.keywords):
                found.append(f"{name}(state=…)")
            if name == "setattr" and len(node.args) > 1 and ast.unparse(node.args[1]) == "'state'":
                found.append("setattr")
            if name == "insert" and node.args and ast.unparse(node.args[0]).split(".")[0] == "Submission":
                found.append("insert(Submission)")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += re.findall(r"(?i)(?:insert\s+into|update)\s+\"?submissions\b", node.value)
    return found


#: The state that these write is a notice's, and not a submission's; what they send is guarded all the same.
OF_NOTICES = {"outbox.py"}


def test_no_source_but_the_lifecycle_writes_a_state():
    elsewhere = {
        str(path.relative_to(ROOT)): writes
        for folder in ("warehouse", "assets", "pipelines", "checks")
        for path in (ROOT / folder).rglob("*.py")
        if path.name not in {"lifecycle.py", *OF_NOTICES} and (writes := _state_writes(path.read_text("utf-8")))
    }
    assert elsewhere == {}


@pytest.mark.parametrize(
    "source",
    [
        "submission.state = 'entered'",
        "row.state: str = 'entered'",
        "Submission(id='x', state='entered')",
        "update(Submission).values(state='entered')",
        "setattr(one, 'state', 'entered')",
        "insert(Submission.__table__)",
        "session.execute(text('UPDATE submissions SET state = 1'))",
    ],
)
def test_source_check_would_notice(source):
    assert _state_writes(source)


def test_source_check_sees_the_lifecycle_itself():
    assert _state_writes((ROOT / "warehouse/ledger/lifecycle.py").read_text("utf-8"))


def _bring_to(ledger, state: str) -> None:
    """Bring submission `a` to a state on the real way."""
    arrive(ledger, arrived("a", day(5)))
    if state == "withdrawn":
        judge(ledger, result("a"))
        with writing(ledger) as session:
            move(session, KEY, "entered", "withdrawn", actor="test")
    elif state == "superseded":
        arrive(ledger, arrived("b", day(6)))
        judge(ledger, result("a"), result("b"))
    elif state != "received":
        judge(ledger, result("a", state))
    assert states(ledger)[KEY.id] == state

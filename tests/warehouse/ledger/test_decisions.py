"""Withdrawals and reverts: what counts afterwards, what holds over what, and that as-of tells it for any moment."""

import contextlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from tests.support.ledger import new_ledger
from tests.support.submissions import (
    AGENCY,
    MONTH,
    arrive,
    arrived,
    day,
    judge,
    pointer,
    result,
    sha,
    states,
    trail,
)
from warehouse.deadlines import TAIPEI
from warehouse.duties import Duties
from warehouse.duties.calendar import shipped
from warehouse.ledger.arrivals import RECOVERED
from warehouse.ledger.decisions import DecisionRefused, revert, withdraw
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Agency, Decision, Submission
from warehouse.publish.database import open_empty
from warehouse.publish.known import known_months
from warehouse.publish.staging import stage

#: 00:00 in Taipei on 1 July.
MONTH_ENDS = day(1) - timedelta(hours=8)


def hand_in(ledger: Engine, name: str, at: datetime, outcome: str = "entered") -> None:
    arrive(ledger, arrived(name, at))
    judge(ledger, result(name, outcome))


def recover(ledger: Engine, name: str, at: datetime) -> None:
    arrive(ledger, arrived(name, at, channel=RECOVERED))
    judge(ledger, result(name))


def take_back(ledger: Engine, at: datetime, reason: str = "報錯月份") -> None:
    with writing(ledger) as session:
        withdraw(session, AGENCY, MONTH, reason=reason, actor="clerk", at=at)


def go_back(ledger: Engine, name: str, at: datetime, reason: str = "誤更正") -> None:
    with writing(ledger) as session:
        revert(session, AGENCY, MONTH, sha(name), reason=reason, actor="clerk", at=at)


def test_withdrawn_counts_nothing_and_says_why(ledger):
    hand_in(ledger, "a", day(5))
    take_back(ledger, day(6))
    assert states(ledger) == {sha("a"): "withdrawn"}
    now = pointer(ledger)
    assert (now.submission_id, now.first_entered_received_at, now.decided_after) == (None, None, 1)
    with reading(ledger) as session:
        decision = session.scalars(select(Decision)).one()
    assert (decision.kind, decision.from_submission, decision.to_submission) == ("withdrawn", sha("a"), None)
    assert (decision.actor, decision.reason) == ("clerk", "報錯月份")


def test_reverted_to_the_one_before(ledger):
    hand_in(ledger, "a", day(5), "entered_with_errors")
    hand_in(ledger, "b", day(6))
    go_back(ledger, "a", day(7))
    assert states(ledger)[sha("b")] == "superseded"
    assert pointer(ledger).submission_id == sha("a")
    assert trail(ledger, "b")[-1] == ("entered", "superseded")


def test_what_comes_after_a_revert_counts_and_what_came_before_does_not(ledger):
    hand_in(ledger, "a", day(5))
    hand_in(ledger, "b", day(6))
    go_back(ledger, "a", day(8))
    recover(ledger, "between", day(7))  # it landed between the two, and its process died
    assert pointer(ledger).submission_id == sha("a")
    assert states(ledger)[sha("between")] == "superseded"
    hand_in(ledger, "after", day(9))
    assert pointer(ledger).submission_id == sha("after")
    assert states(ledger)[sha("a")] == "superseded"


def test_after_a_withdrawal_the_next_one_is_on_time_by_its_own_arrival(ledger):
    hand_in(ledger, "a", day(5))
    take_back(ledger, day(6))
    hand_in(ledger, "b", day(25))
    assert pointer(ledger).first_entered_received_at == day(25)


def test_what_came_before_the_month_had_ended_is_judged_by_what_comes_after(ledger):
    hand_in(ledger, "early", MONTH_ENDS - timedelta(seconds=1))
    assert (pointer(ledger).submission_id, pointer(ledger).first_entered_received_at) == (sha("early"), None)
    hand_in(ledger, "whole", MONTH_ENDS)
    assert (pointer(ledger).submission_id, pointer(ledger).first_entered_received_at) == (sha("whole"), MONTH_ENDS)
    take_back(ledger, day(8))
    assert pointer(ledger).first_entered_received_at is None


def test_the_same_bytes_again_after_the_month_ended_answer_for_it(ledger):
    hand_in(ledger, "a", MONTH_ENDS - timedelta(days=3))
    arrive(ledger, arrived("a", day(5)), arrived("a", day(6)))
    assert states(ledger) == {sha("a"): "entered"}
    assert pointer(ledger).first_entered_received_at == day(5)


def test_bytes_that_were_superseded_answer_for_the_month_once_they_are_entered_again(ledger):
    hand_in(ledger, "a", MONTH_ENDS - timedelta(days=3))
    hand_in(ledger, "b", MONTH_ENDS - timedelta(days=2))
    arrive(ledger, arrived("a", day(5)))
    assert pointer(ledger).first_entered_received_at is None
    judge(ledger, result("a"))
    assert pointer(ledger).first_entered_received_at == day(5)


def test_the_same_bytes_again_after_a_withdrawal_count_again(ledger):
    hand_in(ledger, "a", day(5))
    take_back(ledger, day(6))
    hand_in(ledger, "a", day(7))
    assert states(ledger) == {sha("a"): "entered"}
    assert pointer(ledger).submission_id == sha("a")


def test_a_withdrawal_can_be_reverted(ledger):
    hand_in(ledger, "a", day(5))
    take_back(ledger, day(6))
    go_back(ledger, "a", day(7))
    assert (pointer(ledger).submission_id, pointer(ledger).first_entered_received_at) == (sha("a"), day(5))


def test_what_cannot_be_decided_is_refused_and_changes_nothing(ledger):
    with pytest.raises(DecisionRefused, match="從未入檔"):
        take_back(ledger, day(4))
    hand_in(ledger, "a", day(5))
    hand_in(ledger, "bad", day(6), "refused")
    for attempt, said in (
        (lambda: take_back(ledger, day(7), "  "), "請說明原因"),
        (lambda: go_back(ledger, "bad", day(7)), "退件從未入檔"),
        (lambda: go_back(ledger, "a", day(7)), "目前採計"),
        (lambda: go_back(ledger, "nothing", day(7)), "沒有唯一符合"),
    ):
        with pytest.raises(DecisionRefused, match=said):
            attempt()
    arrive(ledger, arrived("waiting", day(8)))
    with pytest.raises(DecisionRefused, match="等待檢核"):
        take_back(ledger, day(9))
    assert states(ledger) == {sha("a"): "entered", sha("bad"): "refused", sha("waiting"): "received"}


STEP = st.one_of(
    st.tuples(
        st.just("hand in"), st.sampled_from("abcd"), st.sampled_from(["entered", "entered_with_errors", "refused"])
    ),
    st.tuples(st.just("withdraw"), st.none(), st.none()),
    st.tuples(st.just("revert"), st.sampled_from("abcd"), st.none()),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=9), begin=st.sampled_from([day(5), MONTH_ENDS - timedelta(hours=3)]))
def test_the_ledger_tells_at_any_moment_what_counted_then(steps, begin, tmp_path_factory):
    """Whatever is handed in, withdrawn and reverted: one submission counts or none, and as-of says the same later."""
    ledger = new_ledger(tmp_path_factory.mktemp("ledger"))
    with writing(ledger) as session:
        session.add(Agency(agency_code=AGENCY, name="機關"))
    outcomes: dict[str, str] = {}
    lived = []
    for number, (what, name, outcome) in enumerate(steps):
        at = begin + timedelta(hours=number)
        if what == "hand in":
            hand_in(ledger, name, at, outcomes.setdefault(name, outcome))  # the same bytes are judged the same
        else:
            with contextlib.suppress(DecisionRefused):
                take_back(ledger, at) if what == "withdraw" else go_back(ledger, name, at)
        now = pointer(ledger)
        counted = now.submission_id if now else None
        with reading(ledger) as session:
            entered = [one.id for one in session.scalars(select(Submission)) if one.state.startswith("entered")]
        assert entered == ([counted] if counted else [])
        lived.append((at + timedelta(minutes=30), counted, now.first_entered_received_at if counted else None))
    for moment, counted, first in lived:
        assert _as_of(ledger, moment) == (counted, first.astimezone(TAIPEI).replace(tzinfo=None) if first else None)
    ledger.dispose()


def _as_of(ledger: Engine, moment: datetime) -> tuple[str | None, datetime | None]:
    """What the agency-month counted at a moment and when the first entered had come, from the ledger alone."""
    with open_empty(":memory:", Path("/tmp")) as connection:
        with reading(ledger) as session:
            known = known_months(session, None, moment, moment)
            stage(
                connection,
                session,
                Duties(session, shipped(), as_of=moment),
                known,
                known.periods,
                now=moment,
                as_of=moment,
            )
        query = (
            "SELECT submission_id, first_entered_received_at FROM ledger.agency_months WHERE submission_id IS NOT NULL"
        )
        return connection.execute(query).fetchone() or (None, None)

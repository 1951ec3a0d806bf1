"""Which submission an agency-month counts, in whatever order and by however many runs results are recorded."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from tests.support.ledger import new_ledger
from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, pointer, result, sha, states, trail
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import UnknownSubmission, pending, record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.lifecycle import TRANSITIONS
from warehouse.ledger.models import AgencyMonth, Arrival, DatasetCount, Submission, Transition
from warehouse.receipts import DatasetCounts


def _stored(ledger, name: str) -> Submission:
    with reading(ledger) as session:
        return session.get_one(Submission, (sha(name), AGENCY, MONTH))


def test_entered_submission_is_what_counts(ledger):
    arrive(ledger, arrived("a", day(5)))
    more = {"fatal": 0, "errors": 1, "warnings": 2, "system": "WebITR", "version": "2.4.1"}
    assert judge(ledger, result("a", "entered_with_errors", produced_at="2021-07-05T09:12:00+08:00", **more)) == [True]
    stored = _stored(ledger, "a")
    assert {name: getattr(stored, name) for name in more} == more
    assert (stored.state, stored.rule_set, stored.produced_at) == (
        "entered_with_errors",
        "2021.1",
        "2021-07-05T09:12:00+08:00",
    )
    assert (pointer(ledger).submission_id, pointer(ledger).first_entered_received_at) == (sha("a"), day(5))
    with reading(ledger) as session:
        counts = session.get_one(DatasetCount, (sha("a"), AGENCY, MONTH, "leaves"))
    assert (counts.read, counts.entered, counts.refused, counts.warned) == (10, 9, 1, 2)


def test_refused_submission_replaces_nothing(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(6)))
    judge(ledger, result("b", "refused", fatal=1))
    assert pointer(ledger) is None
    judge(ledger, result("a"))
    arrive(ledger, arrived("c", day(7)))
    judge(ledger, result("c", "refused", fatal=1))
    assert states(ledger) == {sha("a"): "entered", sha("b"): "refused", sha("c"): "refused"}
    assert pointer(ledger).submission_id == sha("a")


def test_newer_submission_supersedes(ledger):
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a", "entered_with_errors"))
    arrive(ledger, arrived("b", day(25)))
    judge(ledger, result("b"))
    assert states(ledger) == {sha("a"): "superseded", sha("b"): "entered"}
    assert _stored(ledger, "b").supersedes == sha("a")
    assert pointer(ledger).submission_id == sha("b")
    assert pointer(ledger).first_entered_received_at == day(5)  # a correction does not make a month late


def test_older_submission_judged_later_does_not_displace_a_newer(ledger):
    arrive(ledger, arrived("old", day(5)), arrived("new", day(6)))
    judge(ledger, result("new"))
    judge(ledger, result("old"))
    assert states(ledger) == {sha("old"): "superseded", sha("new"): "entered"}
    assert trail(ledger, "old") == [(None, "received"), ("received", "entered"), ("entered", "superseded")]
    assert pointer(ledger).submission_id == sha("new")
    assert pointer(ledger).first_entered_received_at == day(5)
    assert _stored(ledger, "new").supersedes is None


def test_of_one_moment_the_order_of_recording_decides(ledger):
    names = sorted("abc", key=sha, reverse=True)
    arrive(ledger, *(arrived(name, day(5)) for name in names))
    for name in (names[1], names[2], names[0]):
        judge(ledger, result(name))
    assert pointer(ledger).submission_id == sha(names[2])


def test_several_of_one_agency_month_in_one_batch(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(6)), arrived("c", day(7)), arrived("d", day(8)))
    assert judge(ledger, result("c"), result("d", "refused"), result("a"), result("b")) == [True] * 4
    assert pointer(ledger).submission_id == sha("c")
    assert states(ledger) == {sha("a"): "superseded", sha("b"): "superseded", sha("c"): "entered", sha("d"): "refused"}
    assert [_stored(ledger, name).supersedes for name in "abcd"] == [None, sha("a"), sha("b"), None]


def test_agency_months_do_not_touch_one_another(ledger):
    elsewhere = [("A15000000H", MONTH), (AGENCY, "2021-05")]
    arrive(ledger, arrived("a", day(5)), *(arrived("a", day(6), *place) for place in elsewhere))
    judge(ledger, result("a"), *(result("a", "refused", *place) for place in elsewhere))
    assert pointer(ledger).submission_id == sha("a")
    assert [pointer(ledger, *place) for place in elsewhere] == [None, None]


def test_second_recording_of_a_result_changes_nothing(ledger):
    arrive(ledger, arrived("a", day(5)))
    assert judge(ledger, result("a"), result("a", "refused")) == [True, False]
    assert judge(ledger, result("a", "refused", fatal=9)) == [False]
    assert (_stored(ledger, "a").state, _stored(ledger, "a").fatal) == ("entered", 0)
    assert trail(ledger, "a") == [(None, "received"), ("received", "entered")]


def test_judged_again_has_the_new_counts(ledger):
    arrive(ledger, arrived("a", day(5)))
    judge(
        ledger, Result(sha("a"), AGENCY, MONTH, "refused", "2021.1", {"overtime": DatasetCounts(1, 0, 1, 0)}, fatal=1)
    )
    arrive(ledger, arrived("a", day(6)))
    judge(ledger, result("a"))
    with reading(ledger) as session:
        assert list(session.scalars(select(DatasetCount.dataset))) == ["leaves"]
    assert _stored(ledger, "a").fatal == 0


def test_result_of_what_never_arrived(ledger):
    arrive(ledger, arrived("a", day(5)))
    with pytest.raises(UnknownSubmission, match=sha("b")):
        judge(ledger, result("a"), result("b"))
    assert states(ledger) == {sha("a"): "received"}


@pytest.mark.parametrize("counts", [(10, 8, 1, 0), (10, 10, 1, 0), (2, 1, 1, 2)])
def test_counts_that_do_not_add_up(counts):
    with pytest.raises(ValueError, match="leaves do not add up"):
        Result(sha("a"), AGENCY, MONTH, "entered", "2021.1", {"leaves": DatasetCounts(*counts)})


def test_outcome_that_is_none():
    with pytest.raises(ValueError, match="not an outcome"):
        Result(sha("a"), AGENCY, MONTH, "superseded", "2021.1")


def test_pending_is_what_waits_oldest_first(ledger):
    places = [f"{number:010d}" for number in range(600)]
    arrive(ledger, *(arrived("a", day(9) - timedelta(hours=n), code) for n, code in enumerate(places[::-1])))
    arrive(ledger, arrived("a", day(5), month="2021-05"), arrived("b", day(5)))
    judge(ledger, result("b"))
    with reading(ledger) as session:
        assert [one.agency_code for one in pending(session, MONTH)] == places[::-1]
        assert [one.agency_code for one in pending(session, MONTH, places[:2])] == [places[1], places[0]]
        assert [one.agency_code for one in pending(session, MONTH, places[:550])] == places[549::-1]
        assert pending(session, MONTH, []) == []


@pytest.fixture(scope="module")
def shared_ledger(tmp_path_factory):
    """One SQLite ledger for the many examples of a property; each empties it first."""
    engine = new_ledger(tmp_path_factory.mktemp("property"))
    yield engine
    engine.dispose()


_SUBMISSIONS = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["entered", "entered_with_errors", "refused"])), min_size=1, max_size=6
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_SUBMISSIONS, st.randoms(use_true_random=False))
def test_any_order_and_any_batches_end_the_same(shared_ledger, submissions, random):
    with writing(shared_ledger) as session:
        for table in (AgencyMonth, DatasetCount, Transition, Arrival, Submission):
            session.execute(delete(table))
    entered = []
    todo = []
    for number, (received, outcome) in enumerate(submissions):
        arrive(shared_ledger, arrived(str(number), day(received)))
        todo.append(result(str(number), outcome))
        if outcome != "refused":
            entered.append((number, day(received), sha(str(number)), outcome))
    random.shuffle(todo)
    while todo:
        size = random.randint(1, len(todo))
        assert all(judge(shared_ledger, *todo[:size]))
        todo = todo[size:]

    counted = pointer(shared_ledger)
    assert (counted and counted.submission_id) == (entered[-1][2] if entered else None)
    first = min((received for _, received, _, _ in entered), default=None)
    assert (counted and counted.first_entered_received_at) == first
    final = {id_: "superseded" for _, _, id_, _ in entered} | ({entered[-1][2]: entered[-1][3]} if entered else {})
    assert states(shared_ledger) == {sha(str(n)): "refused" for n in range(len(submissions))} | final
    for number in range(len(submissions)):
        path = trail(shared_ledger, str(number))
        assert all(after in TRANSITIONS[before] for before, after in path)
        assert [before for before, _ in path[1:]] == [after for _, after in path[:-1]]
        assert path[-1][1] == states(shared_ledger)[sha(str(number))]


def test_two_threads_with_the_same_results(ledger):
    names = [str(number) for number in range(300)]
    codes = {name: f"{name:0>10}" for name in names}
    arrive(ledger, *(arrived(name, day(5), codes[name]) for name in names))
    barrier = threading.Barrier(2)

    def run(order: int) -> list[bool]:
        barrier.wait()
        with writing(ledger) as session:
            return record_results(session, [result(name, "entered", codes[name]) for name in names[::order]])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, (1, -1))
    assert sorted([sum(first), sum(second)]) == [0, 300]
    with reading(ledger) as session:
        assert session.scalar(select(func.count()).select_from(Transition)) == 600
        assert session.scalar(select(func.count()).select_from(AgencyMonth)) == 300


_CHILD = """
import sys
from tests.support.submissions import *
ledger = open_ledger(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(sum(sum(judge(ledger, *(result(str(n), "entered") for n in range(i, i + 10)))) for i in range(0, 200, 10)))
"""


def test_two_processes_judge_one_agency_s_corrections(ledger):
    """Each batch is all of one agency-month: every one meets the other process's pointer."""
    arrive(ledger, *(arrived(str(number), day(1 + number / 100)) for number in range(200)))
    code = "from warehouse.ledger.engine import open_ledger\n" + _CHILD
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, ledger.url.render_as_string(hide_password=False)],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    recorded = [int(child.communicate(timeout=60)[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sum(recorded) == 200
    assert pointer(ledger).submission_id == sha("199")
    assert sorted(states(ledger).values()) == ["entered"] + ["superseded"] * 199


def test_national_month_is_recorded_in_bulk(tmp_path):
    ledger = new_ledger(tmp_path)
    numbers = range(8300)
    arrive(ledger, *(arrived(str(number), day(5), f"{number:010d}") for number in numbers))
    counts = {dataset: DatasetCounts(9, 8, 1, 1) for dataset in ("employees", "leaves", "overtime", "clockings")}
    results = [Result(sha(str(n)), f"{n:010d}", MONTH, "entered", "2021.1", counts) for n in numbers]
    assert all(judge(ledger, *results))
    assert pointer(ledger, f"{8299:010d}").submission_id == sha("8299")
    ledger.dispose()

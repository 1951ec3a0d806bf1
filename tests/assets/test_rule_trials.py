"""A change of rules: tried beforehand, seen afterwards, and taken over without losing what was accepted or known."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import delete

from assets.batches import read_batch, store_batch, verdict
from assets.entering import enter, result_of
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.rebuild import RebuildDiffers, rebuild
from assets.reviewing import review
from assets.rule_trials import Difference, Failing, Preview, RuleTotal, TrialRefused, preview, replay
from checks.bulk import check_documents
from checks.catalogue import Period
from checks.context import CheckContext
from checks.findings import Severity
from checks.rule_set import all_rules, rule_set_version
from tests.support.installations import (
    AUTHORITY,
    FIRST,
    PERSON,
    SECOND,
    document,
    installation,
    refuse_by_older_rules,
    refused,
    ticking,
    with_error,
)
from warehouse.doctor import diagnose
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import pending, record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.lifecycle import ENTERED
from warehouse.ledger.models import AgencyMonth, DatasetCount, PastJudgement, Submission, Transition
from warehouse.reports.query import report_frame, report_frame_as_of
from warehouse.store import Store

MONTH = "2021-06"
RULES = all_rules()


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Four agencies; an hour passes with every look at the clock."""
    return ticking(installation(tmp_path / "home"), datetime(2021, 7, 10, 1, tzinfo=UTC))


def submit(platform: Platform, *documents: bytes) -> None:
    hand_in(platform, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])


def enter_by_older_rules(platform: Platform) -> None:
    """Judge what waits as it would have been judged when R102 was still a warning."""
    with reading(platform.engine) as session:
        waiting = pending(session, MONTH)
    older = CheckContext(today=platform.today(), lives={"R102": (Period(Severity.WARNING),)})
    checked = check_documents(read_batch(platform.landing, waiting), older)
    store_batch(Store(platform.home.store, platform.person_key()), waiting, checked)
    results = [
        result_of(verdict(one, result), rule_set_version())
        for one, result in zip(waiting, checked.documents, strict=True)
    ]
    with writing(platform.engine) as session:
        record_results(session, results, at=platform.clock())


def all_files(root: Path) -> dict[Path, bytes]:
    """Every file but SQLite's shared memory, which readers write too."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".sqlite-shm"}


def test_a_preview_says_who_would_fail_and_changes_nothing(platform):
    submit(platform, document(AUTHORITY), with_error(FIRST))
    enter_by_older_rules(platform)
    before = all_files(platform.home.root)
    as_error = preview(platform, RULES["R102"])
    assert (as_error.agency_months, as_error.not_evaluated) == (2, 0)
    assert as_error.failing == [Failing(FIRST, MONTH, findings=1, records=1, refused_more=1)]
    assert preview(platform, RULES["R102"], Severity.WARNING).failing == [Failing(FIRST, MONTH, 1, 1, 0)]
    assert preview(platform, RULES["R102"], first="2021-07") == Preview(0, 0, [])
    assert all_files(platform.home.root) == before


def test_a_warning_can_be_tried_as_an_error(platform):
    on_sunday = {
        "record_id": "L-1", "person_id": PERSON, "leave_type": "03", "start": "2021-06-06T08:30",
        "end": "2021-06-06T17:30", "hours": 8, "certificate": False, "reason": None,
    }  # fmt: skip
    submit(platform, document(FIRST, leaves=[on_sunday]), document(SECOND))
    enter(platform, MONTH)
    assert preview(platform, RULES["W201"]).failing == [Failing(FIRST, MONTH, 1, 1, 0)]
    assert preview(platform, RULES["W201"], Severity.ERROR).failing == [Failing(FIRST, MONTH, 1, 1, 1)]


def test_a_rule_across_submissions_is_tried_on_what_counts(platform):
    submit(platform, document(AUTHORITY), document(FIRST))
    enter(platform, MONTH)
    assert preview(platform, RULES["W209"]).failing == [
        Failing(AUTHORITY, MONTH, 1, 1, 0),
        Failing(FIRST, MONTH, 1, 1, 0),
    ]


@pytest.mark.parametrize("rule", ["W203", "W204", "W206", "W207"])
def test_a_preview_says_of_how_many_it_could_not_tell(platform, rule):
    """In 2021 there was no limit on overtime, and with one month there is no history."""
    submit(platform, document(AUTHORITY), document(FIRST))
    enter(platform, MONTH)
    assert preview(platform, RULES[rule]) == Preview(2, 2, [])


@pytest.mark.parametrize(
    ("rule", "severity"), [("W209", Severity.ERROR), ("F006", Severity.WARNING), ("R102", Severity.FATAL)]
)
def test_what_makes_no_sense_is_refused(platform, rule, severity):
    with pytest.raises(TrialRefused, match=rule):
        preview(platform, RULES[rule], severity)


def test_nothing_differs_by_the_rules_that_judged(platform):
    submit(platform, document(AUTHORITY), with_error(FIRST), refused(SECOND))
    enter(platform, MONTH)
    waiting = replay(platform)
    assert (waiting.submissions, waiting.differences, waiting.reviews_waiting) == (3, [], True)
    review(platform)
    replayed = replay(platform)
    assert (replayed.differences, replayed.reviews_waiting) == ([], False)


def test_a_change_of_rules_is_seen_then_taken_over_and_the_past_stays_as_it_was_known(platform):
    submit(platform, document(AUTHORITY), with_error(FIRST))
    enter_by_older_rules(platform)
    rebuild_moment = platform.clock()
    review(platform)
    with reading(platform.engine) as session:
        submission = session.get(AgencyMonth, (FIRST, MONTH)).submission_id
    replayed = replay(platform)
    differences = replayed.differences
    # Both agencies list the same person, which is as it was.
    assert replayed.totals == [
        RuleTotal("R102", "error", 0, 1, 1),
        RuleTotal("R102", "warning", 1, 0, 1),
        RuleTotal("W209", "warning", 2, 2, 0),
    ]
    at = (FIRST, MONTH, submission, True, "R102")
    assert differences == [Difference(*at, "error", 0, 1), Difference(*at, "warning", 1, 0)]

    with pytest.raises(RebuildDiffers, match="replay"):
        rebuild(platform)
    assert rebuild(platform, accept_changes=True).judged_anew == 1

    with reading(platform.engine) as session:
        row = session.get(Submission, (submission, FIRST, MONTH))
        assert (row.state, row.errors, row.warnings) == ("entered_with_errors", 1, 0)
        last = session.query(Transition).filter_by(submission_id=submission).order_by(Transition.id.desc()).first()
        assert (last.from_state, last.to_state) == (ENTERED, "entered_with_errors")
        assert rule_set_version() in last.reason
        past = session.query(PastJudgement).one()
        assert (past.submission_id, past.errors, past.warnings) == (submission, 0, 1)
    assert replay(platform).differences == []
    assert rebuild(platform).judged_anew == 0
    assert all(one.ok for one in diagnose(platform.home, lambda: None, platform.landing.ring))
    assert numbers(report_frame(platform.home, "monthly_counts", 2021)) == (0, 1)
    then = report_frame_as_of(platform.home, platform.engine, "monthly_counts", 2021, as_of=rebuild_moment)
    assert numbers(then) == (1, 0)
    status = report_frame_as_of(platform.home, platform.engine, "submission_status", 2021, as_of=rebuild_moment)
    row = status[(status["agency_code"] == FIRST) & (status["month"] == MONTH)].iloc[0]
    assert (row["state"], row["errors"], row["warnings"]) == ("entered", 0, 1)


def numbers(counts) -> tuple[int, int]:
    row = counts[(counts["agency_code"] == FIRST) & (counts["month"] == MONTH) & (counts["dataset"] == "overtime")]
    return int(row["entered"].iloc[0]), int(row["refused"].iloc[0])


def test_a_superseded_submission_is_judged_anew_where_it_lies(platform):
    submit(platform, with_error(FIRST))
    enter_by_older_rules(platform)
    submit(platform, document(FIRST))
    enter(platform, MONTH)
    rebuild(platform, accept_changes=True)
    with reading(platform.engine) as session:
        states = {(one.state, one.errors) for one in session.query(Submission)}
    assert states == {("superseded", 1), ("entered", 0)}


def test_what_was_accepted_is_never_refused_by_a_change_of_rules(platform):
    submit(platform, refused(FIRST))
    with reading(platform.engine) as session:
        (one,) = pending(session, MONTH)
    with writing(platform.engine) as session:
        record_results(session, [Result(one.id, FIRST, MONTH, ENTERED, "older")], at=platform.clock())
    with pytest.raises(RebuildDiffers, match="accepted is not refused"):
        rebuild(platform, accept_changes=True)
    with reading(platform.engine) as session:
        assert session.get(AgencyMonth, (FIRST, MONTH)).submission_id == one.id


def test_what_was_refused_stays_so_with_its_findings_where_the_rules_of_today_let_it_in(platform):
    submit(platform, document(FIRST))
    refuse_by_older_rules(platform, MONTH)
    before = {path.name: pl.read_parquet(path) for path in platform.home.store.rglob("*.parquet")}
    replayed = replay(platform)
    assert (replayed.differences, replayed.refused_no_more) == ([], 1)
    assert replayed.totals == [RuleTotal("F006", "fatal", 1, 0, 0)]
    assert rebuild(platform).judged_anew == 0
    after = {path.name: pl.read_parquet(path) for path in platform.home.store.rglob("*.parquet")}
    assert after.keys() == before.keys()  # none of its records
    assert all(after[name].equals(before[name]) for name in before)
    assert all(one.ok for one in diagnose(platform.home, lambda: None, platform.landing.ring))


def test_a_dataset_that_the_format_gained_since_is_no_difference_where_there_is_nothing_of_it(platform):
    submit(platform, document(FIRST))
    enter(platform, MONTH)
    review(platform)
    with writing(platform.engine) as session:  # as the ledger was before there were rosters
        session.execute(delete(DatasetCount).where(DatasetCount.dataset == "shifts"))
    assert replay(platform).differences == []
    assert rebuild(platform).judged_anew == 0
    assert all(one.ok for one in diagnose(platform.home, lambda: None, platform.landing.ring))


def test_judging_anew_survives_a_death_between_ledger_and_store(platform, monkeypatch):
    submit(platform, with_error(FIRST))
    enter_by_older_rules(platform)

    def dies(self, target):
        raise SystemExit(target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dies)
        with pytest.raises(SystemExit):
            rebuild(platform, accept_changes=True)
    assert rebuild(platform).judged_anew == 0
    assert all(one.ok for one in diagnose(platform.home, lambda: None, platform.landing.ring))

"""Receipts and the history of an agency-month."""

import json
from datetime import timedelta

from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, result, sha
from warehouse.duties import Duties
from warehouse.duties.calendar import shipped
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.receipts import DatasetCounts, history, receipt


def test_receipt_of_what_was_just_handed_in(ledger):
    arrive(ledger, arrived("a", day(5)))
    with reading(ledger) as session:
        given = receipt(session, SubmissionKey(sha("a"), AGENCY, MONTH), Duties(session, shipped()))
    assert (given.submission_id, given.agency_code, given.month, given.channel) == (sha("a"), AGENCY, MONTH, "manual")
    assert (given.state, given.counts, given.rule_set) == ("received", {}, None)
    assert (given.received_at, given.on_time, given.days_late) == (day(5), True, 0)
    assert given.is_of(b"a")
    assert not given.is_of(b"b")


def test_receipt_of_what_never_came(ledger):
    with reading(ledger) as session:
        assert receipt(session, SubmissionKey(sha("a"), AGENCY, MONTH)) is None


def test_history_has_every_submission_the_newest_last(ledger):
    arrive(ledger, arrived("first", day(5)), arrived("late", day(25)), arrived("elsewhere", day(5), "A15000000H"))
    judge(ledger, result("late", "entered_with_errors", errors=1, warnings=2), result("first"))
    with reading(ledger) as session:
        first, late = history(session, AGENCY, MONTH, Duties(session, shipped()))
    assert (first.submission_id, first.state, first.on_time) == (sha("first"), "superseded", True)
    assert (late.submission_id, late.state, late.on_time, late.days_late) == (
        sha("late"),
        "entered_with_errors",
        False,
        5,
    )
    assert late.counts == {"leaves": DatasetCounts(10, 9, 1, 2)}
    assert (late.fatal, late.errors, late.warnings, late.supersedes) == (0, 1, 2, sha("first"))


def test_handing_in_again_after_the_deadline_does_not_make_it_late(ledger):
    arrive(ledger, arrived("a", day(5)))
    arrive(ledger, arrived("a", day(25)))
    with reading(ledger) as session:
        given = receipt(session, SubmissionKey(sha("a"), AGENCY, MONTH), Duties(session, shipped()))
    assert (given.received_at, given.last_received_at, given.on_time) == (day(5), day(25), True)


def test_what_came_before_its_month_had_ended_is_neither_on_time_nor_late_until_it_comes_again(ledger):
    early = day(1) - timedelta(hours=8, seconds=1)
    arrive(ledger, arrived("a", early))
    for again, expected in ((None, (early, None, None)), (day(25), (day(25), False, 5))):
        if again:
            arrive(ledger, arrived("a", again))
        with reading(ledger) as session:
            given = receipt(session, SubmissionKey(sha("a"), AGENCY, MONTH), Duties(session, shipped()))
        assert (given.received_at, given.on_time, given.days_late) == expected


def test_receipt_without_a_month_is_neither_on_time_nor_late(ledger):
    arrive(ledger, arrived("a", day(5), "", ""))
    with reading(ledger) as session:
        given = receipt(session, SubmissionKey(sha("a"), "", ""), Duties(session, shipped()))
    assert (given.on_time, given.days_late) == (None, None)


def test_receipt_as_json_is_in_taipei_s_time(ledger):
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a"))
    with reading(ledger) as session:
        (given,) = history(session, AGENCY, MONTH)
    as_json = json.loads(json.dumps(given.as_dict()))
    assert as_json["received_at"] == "2021-07-05T08:00:00+08:00"
    assert as_json["counts"] == {"leaves": {"read": 10, "entered": 9, "refused": 1, "warned": 2}}

"""Recording arrivals, and what landed without being recorded."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.support.ledger import new_ledger
from tests.support.submissions import AGENCY, MONTH, arrive, arrived, day, judge, pointer, result, sha, states, trail
from warehouse.landing import Landing
from warehouse.ledger.arrivals import RECOVERED, Arrived, orphans, record_arrivals, recovered
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Arrival, Submission


def _stored(ledger, name: str) -> Submission:
    with reading(ledger) as session:
        return session.get_one(Submission, (sha(name), AGENCY, MONTH))


def _arrivals(ledger) -> int:
    with reading(ledger) as session:
        return session.scalar(select(func.count()).select_from(Arrival))


def test_same_bytes_twice_are_one_submission_and_two_arrivals(ledger):
    assert arrive(ledger, arrived("a", day(5))) == [True]
    assert arrive(ledger, arrived("a", day(6))) == [False]
    stored = _stored(ledger, "a")
    assert (stored.first_received_at, stored.received_at, stored.bytes) == (day(5), day(6), 1000)
    assert _arrivals(ledger) == 2
    assert trail(ledger, "a") == [(None, "received")]


def test_same_bytes_twice_in_one_batch_and_out_of_order(ledger):
    assert arrive(ledger, arrived("a", day(6)), arrived("b", day(5)), arrived("a", day(5))) == [True, True, False]
    stored = _stored(ledger, "a")
    assert (stored.first_received_at, stored.received_at, stored.sequence) == (day(5), day(5), 3)
    assert _arrivals(ledger) == 3


def test_same_bytes_for_another_agency_are_another_submission(ledger):
    assert arrive(ledger, arrived("a", day(5), agency_code="A15000000H")) == [True]
    assert arrive(ledger, arrived("a", day(6)), arrived("a", day(6), month="2021-05")) == [True, True]
    assert states(ledger) == {sha("a"): "received"}


def test_document_of_nobody_knows_whom(ledger):
    assert arrive(ledger, arrived("a", day(5), agency_code="", month="")) == [True]
    assert states(ledger, "", "") == {sha("a"): "received"}


def test_superseded_bytes_handed_in_again_count_as_newest(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(6)))
    judge(ledger, result("a"), result("b"))
    assert states(ledger) == {sha("a"): "superseded", sha("b"): "entered"}
    assert arrive(ledger, arrived("a", day(7))) == [False]
    assert states(ledger) == {sha("a"): "received", sha("b"): "entered"}
    assert pointer(ledger).submission_id == sha("b")  # until it is judged
    judge(ledger, result("a"))
    assert states(ledger) == {sha("a"): "entered", sha("b"): "superseded"}
    assert pointer(ledger).submission_id == sha("a")
    assert _stored(ledger, "a").supersedes == sha("b")


def test_refused_bytes_handed_in_again_are_judged_again(ledger):
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a", "refused"))
    arrive(ledger, arrived("a", day(6)))
    assert trail(ledger, "a") == [(None, "received"), ("received", "refused"), ("refused", "received")]


def test_bytes_that_count_are_not_judged_again(ledger):
    arrive(ledger, arrived("a", day(5)))
    judge(ledger, result("a", "entered_with_errors"))
    arrive(ledger, arrived("a", day(6)))
    assert states(ledger) == {sha("a"): "entered_with_errors"}


def test_what_was_recovered_is_as_old_as_it_landed_and_does_not_reopen(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(6)))
    judge(ledger, result("a"), result("b"))
    arrive(ledger, arrived("a", day(4), channel=RECOVERED))
    assert states(ledger) == {sha("a"): "superseded", sha("b"): "entered"}
    assert _stored(ledger, "a").received_at == day(5)


def test_what_was_recovered_stands_between_what_came_before_and_after_it(ledger):
    arrive(ledger, arrived("a", day(5)), arrived("b", day(8)))
    judge(ledger, result("a"))
    arrive(ledger, arrived("found", day(6), channel=RECOVERED))
    judge(ledger, result("found"))
    assert pointer(ledger).submission_id == sha("found")
    judge(ledger, result("b"))
    assert pointer(ledger).submission_id == sha("b")


def test_a_clock_a_year_ahead_does_not_outlive_the_next_correction(ledger):
    """Once every later correction was accepted with a receipt, and superseded at once."""
    arrive(ledger, arrived("ahead", day(5) + timedelta(days=365)))
    judge(ledger, result("ahead"))
    arrive(ledger, arrived("right", day(6)))
    judge(ledger, result("right"))
    assert states(ledger) == {sha("ahead"): "superseded", sha("right"): "entered"}
    arrive(ledger, arrived("ahead", day(7)))
    judge(ledger, result("ahead"))
    assert pointer(ledger).submission_id == sha("ahead")
    assert _stored(ledger, "ahead").received_at == day(7)


def test_a_clock_that_went_back_does_not_lose_the_correction(ledger):
    arrive(ledger, arrived("first", day(6)))
    judge(ledger, result("first"))
    arrive(ledger, arrived("second", day(5)))
    judge(ledger, result("second"))
    assert pointer(ledger).submission_id == sha("second")


def test_arrival_recorded_late_still_says_when_it_was_first(ledger):
    arrive(ledger, arrived("a", day(21)))
    judge(ledger, result("a"))
    arrive(ledger, arrived("a", day(19)))
    assert _stored(ledger, "a").first_received_at == day(19)
    assert pointer(ledger).first_entered_received_at == day(19)


@pytest.mark.parametrize(
    "wrong",
    [
        {"submission_id": "../../etc/passwd"},
        {"submission_id": sha("a").upper()},
        {"agency_code": "376500000AB"},
        {"agency_code": "37650000\n"},
        {"month": "110年6月"},
        {"month": "2021-6"},
        {"received_at": datetime(2021, 7, 5)},
    ],
)
def test_what_cannot_be_an_arrival(wrong):
    right = {
        "submission_id": sha("a"),
        "agency_code": AGENCY,
        "month": MONTH,
        "channel": "manual",
        "source": "x",
        "bytes": 1,
        "received_at": day(5),
    }
    Arrived(**right)
    with pytest.raises(ValueError, match=r"not a SHA-256|not an agency|neither a month|time zone"):
        Arrived(**(right | wrong))


def test_source_whose_name_is_not_utf8(ledger):
    name = os.fsdecode("差勤.json".encode("cp950"))
    one = Arrived(sha("a"), AGENCY, MONTH, "manual", f"/inbox/{name}", 1, day(5))
    assert arrive(ledger, one) == [True]


def test_national_month_is_recorded_in_bulk(tmp_path):
    ledger = new_ledger(tmp_path)
    everyone = [arrived(str(number), day(5), f"{number:010d}") for number in range(8300)]
    assert all(arrive(ledger, *everyone))
    assert not any(arrive(ledger, *everyone))
    ledger.dispose()


def test_orphan_is_found_and_adopted(ledger, tmp_path):
    landing = Landing(tmp_path / "landing")
    recorded, orphan = landing.put(b"recorded"), landing.put(b"orphan")  # the process dies before the second arrival
    arrive(ledger, Arrived(recorded.id, AGENCY, MONTH, "manual", "x", recorded.bytes, day(5)))
    with reading(ledger) as session:
        assert orphans(landing, session) == []  # it may still be on its way
        found = orphans(landing, session, settled=timedelta(0))
    assert found == [orphan.id]
    with writing(ledger) as session:
        assert record_arrivals(session, recovered(landing, found, lambda data: (data.decode()[:2].upper(), MONTH)))
        assert orphans(landing, session, settled=timedelta(0)) == []
    with reading(ledger) as session:
        adopted = session.get_one(Submission, (orphan.id, "OR", MONTH))
    assert (adopted.channel, adopted.state, adopted.bytes) == (RECOVERED, "received", 6)
    assert abs(adopted.received_at - datetime.now(UTC)) < timedelta(minutes=1)

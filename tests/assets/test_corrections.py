"""A month corrected, compared, explained, withdrawn and taken back, on a real installation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assets import decisions
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.standing_findings import standing_findings
from tests.support.installations import FIRST, PERSON, document, installation, refused, ticking
from warehouse.comparison import Changed, NothingToCompare, compare
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.explanations import ExplanationRefused, explain, explanations_of, revoke
from warehouse.reports.query import report_frame, report_frame_as_of

MONTH = "2021-06"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Four agencies; an hour passes with every look at the clock."""
    return ticking(installation(tmp_path / "home"), datetime(2021, 7, 10, 1, tzinfo=UTC))


def leave(record_id: str, day: int, hours: float = 8, leave_type: str = "03", **more: Any) -> dict[str, Any]:
    date = f"{MONTH}-{day:02}"
    return {
        "record_id": record_id,
        "person_id": PERSON,
        "leave_type": leave_type,
        "start": f"{date}T08:30",
        "end": f"{date}T17:30",
        "hours": hours,
        "certificate": False,
        "reason": None,
        **more,
    }


def submit(platform: Platform, data: bytes) -> str:
    receipt = hand_in(platform, [HandedIn("a.json", data)])[0]
    enter(platform, MONTH)
    return receipt.submission_id


#: A leave on a Sunday (W201), sick leave without certificate (W208), an unknown type (R107).
FAULTY = [leave("L-1", 6), leave("L-2", 7, leave_type="09"), leave("L-3", 8, leave_type="88"), leave("L-4", 9)]


def test_what_a_correction_mended_left_and_changed(platform):
    before = submit(platform, document(FIRST, leaves=FAULTY))
    after = submit(
        platform, document(FIRST, leaves=[leave("L-1", 6), leave("L-2", 7), leave("L-4", 9, 4), leave("L-5", 10)])
    )
    with reading(platform.engine) as session:
        found = compare(session, platform.home, FIRST, MONTH)
    assert (found.before, found.after) == (before, after)
    assert {row["rule"] for row in found.mended} == {"R107", "W208"}
    assert [row["rule"] for row in found.remaining] == ["W201"]
    assert found.new == []
    leaves = found.records["leaves"]
    assert leaves.added == [{"index": 3, "record_id": "L-5"}]
    assert leaves.removed == []  # the refused L-3 was never entered
    assert leaves.changed[0] == Changed({"index": 1, "record_id": "L-2"}, {"leave_type": "09"}, {"leave_type": "03"})
    assert leaves.changed[1].before == {"hours": 8.0}
    assert leaves.same == 1
    assert found.records["employees"].same == 1
    assert PERSON not in str(found)


def test_a_refused_correction_is_compared_with_what_still_counts(platform):
    counted = submit(platform, document(FIRST, leaves=FAULTY))
    submit(platform, refused(FIRST))
    with reading(platform.engine) as session:
        found = compare(session, platform.home, FIRST, MONTH)
    assert found.before == counted
    assert [row["rule"] for row in found.new] == ["F006"]
    assert found.mended == []  # no record of a refused document is judged: nothing says that anything is mended
    assert {row["rule"] for row in found.unlooked} == {"W201", "W208", "R107"}
    assert found.records == {}
    submit(platform, document(FIRST, leaves=[]))
    with reading(platform.engine) as session:
        found = compare(session, platform.home, FIRST, MONTH)
    assert {row["rule"] for row in found.mended} == {"W201", "W208", "R107"}
    assert found.unlooked == []


def test_what_lies_behind_the_end_of_the_reading_is_not_mended(platform):
    first = submit(platform, refused(FIRST))
    second = submit(platform, document(FIRST)[:-40])
    with reading(platform.engine) as session:
        found = compare(session, platform.home, FIRST, MONTH, first, second)
    assert ([row["rule"] for row in found.new], found.mended) == (["F002"], [])
    assert [row["rule"] for row in found.unlooked] == ["F006"]


def test_one_submission_has_nothing_to_be_compared_with(platform):
    submit(platform, document(FIRST))
    with pytest.raises(NothingToCompare, match="只有一份"), reading(platform.engine) as session:
        compare(session, platform.home, FIRST, MONTH)


def answered(platform: Platform) -> dict[str, str | None]:
    """Record → reason code of the standing warnings."""
    rows = standing_findings(platform, FIRST, MONTH).findings
    return {
        row["record_id"]: row["explanation"] and row["explanation"]["code"]
        for row in rows
        if row["severity"] == "warning"
    }


def answer(platform: Platform, record_id: str, code: str = "CONFIRMED", text: str | None = None) -> int:
    rows = [row for row in standing_findings(platform, FIRST, MONTH).findings if row["record_id"] == record_id]
    with writing(platform.engine) as session:
        return explain(session, rows, code=code, text=text, by="人事室", at=platform.clock())


def test_an_answer_stands_for_the_same_content_and_lapses_when_the_value_changes(platform):
    submit(platform, document(FIRST, leaves=FAULTY[:2]))
    assert answer(platform, "L-1") == answer(platform, "L-2") == 1
    assert answer(platform, "L-1") == 0  # said already
    assert answered(platform) == {"L-1": "CONFIRMED", "L-2": "CONFIRMED"}
    submit(platform, document(FIRST, leaves=[leave("L-1", 13), FAULTY[1], leave("L-9", 20)]))
    assert answered(platform) == {"L-1": None, "L-2": "CONFIRMED", "L-9": None}


def test_readers_see_how_many_are_explained_now_and_then(platform):
    submit(platform, document(FIRST, leaves=FAULTY[:2]))
    before = platform.clock()
    answer(platform, "L-1")
    publish_now(platform, [MONTH])
    status = report_frame(platform.home, "submission_status", 2021, MONTH).set_index("agency_code").loc[FIRST]
    assert (status["warnings"], status["warnings_explained"]) == (2, 1)
    then = report_frame_as_of(platform.home, platform.engine, "submission_status", 2021, month=MONTH, as_of=before)
    assert then.set_index("agency_code").loc[FIRST, "warnings_explained"] == 0


def test_answers_can_be_taken_back_and_stay_in_the_ledger(platform):
    submit(platform, document(FIRST, leaves=FAULTY[:1]))
    answer(platform, "L-1")
    rows = standing_findings(platform, FIRST, MONTH).findings
    with writing(platform.engine) as session:
        assert revoke(session, rows, by="人事室", at=platform.clock()) == 1
    with reading(platform.engine) as session:
        assert explanations_of(session, {row["finding_key"] for row in rows}) == {}


@pytest.mark.parametrize(
    ("code", "record_id", "said"),
    [("NONE", "L-1", "沒有原因代碼"), ("OTHER", "L-1", "須附說明"), ("CONFIRMED", "L-3", "R107")],
)
def test_what_is_no_answer_is_refused(platform, code, record_id, said):
    submit(platform, document(FIRST, leaves=FAULTY))
    with pytest.raises(ExplanationRefused, match=said):
        answer(platform, record_id, code)


def test_withdrawn_and_taken_back_as_readers_see_it(platform):
    first = submit(platform, document(FIRST))
    submit(platform, document(FIRST, leaves=[]))
    states = []
    decided = decisions.withdraw(platform, FIRST, MONTH, "重複報送")
    assert decided.after is None
    states.append(_state(platform))
    decided = decisions.revert(platform, FIRST, MONTH, first[:10], "改採前一份")
    assert decided.after == first
    states.append(_state(platform))
    assert states == ["missing", "entered"]
    assert json.loads(json.dumps(decided.published)) == [MONTH]


def _state(platform: Platform) -> str:
    frame = report_frame(platform.home, "submission_status", 2021, MONTH)
    return str(frame.set_index("agency_code").loc[FIRST, "state"])

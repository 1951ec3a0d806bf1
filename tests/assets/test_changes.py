"""What moved since a moment, on a real installation: figures before and after, and what lies behind them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets import decisions
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from tests.support.installations import FIRST, document, installation, ticking
from warehouse.changes import Changes, changes_since

MONTH = "2021-06"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Four agencies; an hour passes with every look at the clock."""
    return ticking(installation(tmp_path / "home"), datetime(2021, 7, 10, 1, tzinfo=UTC))


def submit(platform: Platform, data: bytes) -> str:
    receipt = hand_in(platform, [HandedIn("a.json", data)])[0]
    enter(platform, MONTH)
    return receipt.submission_id


def since(platform: Platform, moment: datetime) -> Changes:
    return changes_since(platform.home, platform.engine, 2021, since=moment, as_of=platform.clock())


def figures(found: Changes) -> dict[tuple[str, str, str | None, str], tuple[object, object]]:
    return {(one.report, one.scope, one.item, one.figure): (one.before, one.after) for one in found.moved}


def test_an_arrival_moves_status_counts_and_the_summary_of_all_above_it(platform):
    before = platform.clock()
    submission = submit(platform, document(FIRST))
    found = since(platform, before)
    moved = figures(found)
    assert moved["submission_status", "agency", None, "state"] == ("missing", "entered")
    assert moved["monthly_counts", "agency", "employees", "entered"] == (0, 1)
    assert all(
        [found.causes[number].submission_id for number in one.causes if found.causes[number].kind == "arrived"]
        == [submission]
        for one in found.moved
    )


def test_a_withdrawal_moves_them_back_and_is_named(platform):
    submission = submit(platform, document(FIRST))
    before = platform.clock()
    decisions.withdraw(platform, FIRST, MONTH, "報錯月份")
    found = since(platform, before)
    assert figures(found)["submission_status", "agency", None, "state"] == ("entered", "missing")
    assert figures(found)["monthly_counts", "agency", "employees", "entered"] == (1, 0)
    kinds = {(one.kind, one.agency_code, one.month, one.submission_id) for one in found.causes}
    assert ("withdrawn", FIRST, MONTH, submission) in kinds


def test_a_deadline_that_passes_moves_ratios_and_nothing_of_a_month(platform):
    submit(platform, document(FIRST))
    now = platform.clock()
    found = changes_since(platform.home, platform.engine, 2021, since=now, as_of=datetime(2021, 7, 25, tzinfo=UTC))
    moved = figures(found)
    assert moved["submission_ratios", "country", None, "submitted"] == (0, 1)
    assert {one.report for one in found.moved} == {"submission_ratios"}
    assert [one.kind for one in found.causes] == ["deadline"]


def test_what_is_due_moved_by_deadlines_alone_whatever_came(platform):
    before = platform.clock()
    submit(platform, document(FIRST))
    found = changes_since(platform.home, platform.engine, 2021, since=before, as_of=datetime(2021, 7, 25, tzinfo=UTC))
    kinds = {one.figure: {found.causes[number].kind for number in one.causes} for one in found.moved if not one.month}
    assert kinds["due"] == {"deadline"}
    assert {"arrived", "deadline"} <= kinds["submitted"]


def test_nothing_came_and_nothing_moved(platform):
    submit(platform, document(FIRST))
    found = since(platform, platform.clock())
    assert (found.moved, found.causes) == ([], [])


def test_since_must_be_before_as_of(platform):
    now = platform.clock()
    with pytest.raises(ValueError, match="須早於"):
        changes_since(platform.home, platform.engine, 2021, since=now, as_of=now)

"""Closures through the whole pipeline: they change what is found, then and not before; rebuilds know it."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.rebuild import rebuild
from assets.reviewing import review
from assets.rule_trials import replay
from assets.standing_findings import standing_findings
from tests.support.installations import AUTHORITY, FIRST, PERSON, SECOND, document, installation, ticking
from warehouse.ledger.engine import writing
from warehouse.register.closures import import_closures

MONTH = "2022-09"
#: A Thursday.
DAY = "2022-09-15"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Four agencies; an hour passes with every look at the clock."""
    return ticking(installation(tmp_path / "home"), datetime(2022, 10, 10, 1, tzinfo=UTC))


def typhoon(platform: Platform, hours: int, code: str = AUTHORITY) -> list[tuple[str, str]]:
    data = f"code,day,hours,reason\n{code},{DAY},{hours},颱風\n".encode()
    with writing(platform.engine) as session:
        return import_closures(session, data, by="test", at=platform.clock()).concerned


def submit(platform: Platform, agency: str) -> None:
    """Half a day of leave and ten hours of overtime on the day."""
    at = {"person_id": PERSON, "start": f"{DAY}T13:59", "end": f"{DAY}T23:59"}
    overtime = [{"record_id": "O-1", **at, "minutes": 600, "compensation": "pay"}]
    on_leave = {"person_id": PERSON, "start": f"{DAY}T08:30", "end": f"{DAY}T12:30", "leave_type": "03"}
    leaves = [{"record_id": "L-1", **on_leave, "hours": 4, "certificate": False, "reason": None}]
    hand_in(platform, [HandedIn(f"{agency}.json", document(agency, MONTH, leaves=leaves, overtime=overtime))])
    enter(platform, MONTH)


def rules_of(platform: Platform, agency: str) -> set[str]:
    return {finding["rule"] for finding in standing_findings(platform, agency, MONTH).findings}


def contents(store: Path) -> dict[str, list[dict[str, object]]]:
    return {str(path.relative_to(store)): pl.read_parquet(path).to_dicts() for path in sorted(store.rglob("*.parquet"))}


def test_a_closure_of_the_authority_changes_what_is_found(platform):
    submit(platform, FIRST)
    assert rules_of(platform, FIRST) == {"W203"}
    assert typhoon(platform, 8) == [(FIRST, MONTH)]
    submit(platform, SECOND)
    # Closed all day: no working day to take leave on, and no office hours beside the overtime.
    assert rules_of(platform, SECOND) == {"W201"}


def test_half_a_day_closed_is_still_a_working_day(platform):
    typhoon(platform, 4)
    submit(platform, FIRST)
    assert rules_of(platform, FIRST) == set()


def test_rebuilding_knows_what_was_known_and_judging_anew_what_is_known(platform):
    submit(platform, FIRST)
    typhoon(platform, 8)
    submit(platform, SECOND)
    typhoon(platform, 4)
    review(platform)
    before = contents(platform.home.store)
    rebuild(platform)
    assert contents(platform.home.store) == before
    assert {(one.agency_code, one.rule) for one in replay(platform).differences} == {(FIRST, "W203"), (SECOND, "W201")}
    assert rebuild(platform, accept_changes=True).judged_anew == 2
    assert rules_of(platform, FIRST) == rules_of(platform, SECOND) == {"W209"}
    after = contents(platform.home.store)
    typhoon(platform, 0)
    rebuild(platform)
    assert contents(platform.home.store) == after

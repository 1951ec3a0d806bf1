"""A corrected office calendar through the whole pipeline: exactly what it touches is judged anew, once."""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets.calendar_impact import affected_submissions
from assets.calendar_recheck import RecheckReport, recheck
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.rebuild import RebuildDiffers, rebuild
from assets.reviewing import review
from assets.rule_trials import replay
from assets.standing_findings import standing_findings
from tests.support.installations import (
    AGENCIES,
    AUTHORITY,
    FIRST,
    PERSON,
    SECOND,
    THIRD,
    document,
    installation,
    refused,
    ticking,
)
from tests.support.object_store import settings_of
from tests.support.office_calendars import calendar_file, published_file
from warehouse.bundle_cache import bring
from warehouse.files import ObjectStore
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import pending, record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.lifecycle import ENTERED
from warehouse.ledger.models import PastJudgement
from warehouse.office_calendar import CalendarImport, import_calendar
from warehouse.publish.database import open_warehouse
from warehouse.reviews.due import changes
from warehouse.reviews.reading import counted_submissions
from warehouse.store import file_of

MONTH, NEXT = "2022-09", "2022-10"
#: A Thursday, worked as packaged; and a Sunday, off.
DAY, SUNDAY = date(2022, 9, 15), date(2022, 9, 18)
NOW = datetime(2022, 11, 10, 1, tzinfo=UTC)
STORED = ("employees", "leaves", "overtime", "clockings")


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return ticking(installation(tmp_path / "home"), NOW)


def take(platform: Platform, turned: Mapping[date, bool]) -> CalendarImport:
    with writing(platform.engine) as session:
        return import_calendar(session, calendar_file(2022, turned=turned), by="test", at=platform.clock())


def leave(start: str, end: str, hours: float = 8) -> dict[str, object]:
    of_whom = {"record_id": "L-1", "person_id": PERSON, "leave_type": "03", "certificate": False, "reason": None}
    return {**of_whom, "start": start, "end": end, "hours": hours}


def overtime(start: str, end: str, minutes: int) -> dict[str, object]:
    of_whom = {"record_id": "O-1", "person_id": PERSON, "compensation": "pay"}
    return {**of_whom, "start": start, "end": end, "minutes": minutes}


def submit(platform: Platform, agency: str, month: str, **more: list[dict[str, object]]) -> None:
    """A month of an agency, without records but those given."""
    data = document(agency, month, **{"leaves": [], "overtime": [], **more})
    hand_in(platform, [HandedIn(f"{agency}.json", data)])
    enter(platform, month)


def on_leave_that_day(platform: Platform, agency: str) -> None:
    submit(platform, agency, MONTH, leaves=[leave(f"{DAY}T08:30", f"{DAY}T17:30")])


def rules_of(platform: Platform, agency: str, month: str = MONTH) -> set[str]:
    return {finding["rule"] for finding in standing_findings(platform, agency, month).findings}


def contents(store: Path) -> dict[str, list[dict[str, object]]]:
    return {str(path.relative_to(store)): pl.read_parquet(path).to_dicts() for path in sorted(store.rglob("*.parquet"))}


def test_what_lies_in_the_month_or_reaches_it_is_checked_again_and_nothing_else(platform):
    on_leave_that_day(platform, FIRST)
    submit(platform, SECOND, MONTH)
    submit(platform, THIRD, NEXT, leaves=[leave(f"{DAY}T08:30", "2022-10-03T17:30", 96)])
    submit(platform, FIRST, NEXT, leaves=[leave("2022-09-16T08:30", "2022-10-03T17:30", 88)])
    submit(platform, AUTHORITY, "2022-08")
    assert take(platform, {DAY: False}).moved == [DAY]
    done = recheck(platform)
    assert list(done.places) == [(FIRST, MONTH), (SECOND, MONTH), (THIRD, NEXT)]
    assert (FIRST, MONTH) in done.differing
    assert (SECOND, MONTH) not in done.differing
    assert "W201" in rules_of(platform, FIRST)
    assert recheck(platform) == RecheckReport()


def test_the_same_file_again_checks_nothing_again(platform):
    on_leave_that_day(platform, FIRST)
    take(platform, {DAY: False})
    recheck(platform)
    take(platform, {DAY: False})
    assert recheck(platform) == RecheckReport()
    with reading(platform.engine) as session:
        assert session.query(PastJudgement).count() == 1


def test_overtime_and_leaves_reach_as_far_as_midnight(platform):
    last, first = date(2022, 8, 31), date(2022, 9, 1)
    submit(platform, FIRST, "2022-08", leaves=[leave("2022-08-31T08:30", f"{first}T00:00")])
    submit(platform, SECOND, "2022-08", leaves=[leave("2022-08-31T08:30", f"{first}T00:01")])
    submit(platform, THIRD, MONTH, overtime=[overtime(f"{last}T22:00", f"{first}T02:00", 240)])
    submit(platform, AUTHORITY, MONTH, overtime=[overtime(f"{first}T00:00", f"{first}T02:00", 120)])
    take(platform, {first: False})
    assert list(recheck(platform).places) == [(SECOND, "2022-08"), (AUTHORITY, MONTH), (THIRD, MONTH)]
    take(platform, {last: False, first: False})
    assert list(recheck(platform).places) == [(FIRST, "2022-08"), (SECOND, "2022-08"), (THIRD, MONTH)]


def test_a_record_that_was_kept_out_reaches_as_well(platform):
    """It overlaps another leave on a working day (R109); when that is a day off they share none."""
    friday = date(2022, 9, 30)
    longer = leave(f"{friday}T08:30", "2022-10-05T17:30", 32)
    shorter = {**leave(f"{friday}T08:30", "2022-10-01T12:00", 8), "record_id": "L-kept-out"}
    submit(platform, FIRST, NEXT, leaves=[longer, shorter])
    submit(platform, SECOND, NEXT, leaves=[{**longer, "start": "2022-10-03T08:30", "hours": 24}])
    assert "R109" in rules_of(platform, FIRST, NEXT)
    take(platform, {friday: False})
    done = recheck(platform)
    assert list(done.places) == [(FIRST, NEXT)] == list(done.differing)
    assert "R109" not in rules_of(platform, FIRST, NEXT)


def test_only_what_was_judged_before_is_checked_again(platform):
    on_leave_that_day(platform, FIRST)
    take(platform, {DAY: False})
    on_leave_that_day(platform, SECOND)
    assert rules_of(platform, SECOND) == {"W201"}
    assert list(recheck(platform).places) == [(FIRST, MONTH)]


@pytest.mark.parametrize(("before", "meanwhile", "found"), [({}, {DAY: False}, {"W201"}), ({DAY: False}, {}, set())])
def test_what_is_imported_while_a_month_is_entered_is_known_of_all_of_it(platform, before, meanwhile, found):
    take(platform, before)
    imports = iter([meanwhile])

    def advanced(_done: int, _total: int) -> None:
        for turned in imports:
            take(platform, turned)

    leaves = [leave(f"{DAY}T08:30", f"{DAY}T17:30")]
    hand_in(platform, [HandedIn("a.json", document(FIRST, MONTH, leaves=leaves, overtime=[]))])
    assert len(enter(platform, MONTH, on_progress=advanced).outcomes) == 1
    assert rules_of(platform, FIRST) == found
    assert recheck(platform) == RecheckReport()


def test_a_correction_undone_before_anything_was_judged_by_it_touches_nothing(platform):
    on_leave_that_day(platform, FIRST)
    take(platform, {DAY: False})
    take(platform, {})
    assert recheck(platform) == RecheckReport()


def test_only_what_counts_is_checked_again(platform):
    on_leave_that_day(platform, FIRST)
    submit(platform, FIRST, MONTH)
    take(platform, {DAY: False})
    with reading(platform.engine) as session:
        counted = counted_submissions(session)
    assert [one.id for one in affected_submissions(platform).submissions] == [counted[FIRST, MONTH]]


def test_a_day_off_and_worked_again_leaves_the_store_as_it_was(platform):
    on_leave_that_day(platform, FIRST)
    submit(platform, SECOND, NEXT, leaves=[leave(f"{DAY}T08:30", "2022-10-03T17:30", 96)])
    review(platform)
    before = contents(platform.home.store)
    take(platform, {DAY: False})
    assert len(recheck(platform).differing) >= 1
    after = contents(platform.home.store)
    assert after != before
    rebuild(platform)  # knows by what each was judged last
    assert contents(platform.home.store) == after
    assert replay(platform).differences == []
    take(platform, {})
    recheck(platform)
    assert contents(platform.home.store) == before


def test_what_is_published_and_reviewed_follows(platform):
    on_leave_that_day(platform, FIRST)
    submit(platform, SECOND, NEXT, leaves=[leave(f"{DAY}T08:30", "2022-10-03T17:30", 96)])
    review(platform)
    publish_now(platform, (MONTH, NEXT))
    asked = "SELECT agency_code, month, rule FROM core.findings ORDER BY ALL"
    hours = f"SELECT sum(hours_in_month) FROM core.leaves WHERE agency_code = '{SECOND}'"
    with open_warehouse(platform.home.warehouse) as warehouse:
        before = warehouse.execute(hours).fetchone()
    take(platform, {DAY: False})
    recheck(platform)
    with open_warehouse(platform.home.warehouse) as warehouse:
        assert (FIRST, MONTH, "W201") in warehouse.execute(asked).fetchall()
        assert warehouse.execute(hours).fetchone() > before  # the same hours over fewer days, of which as many lie here
    with reading(platform.engine) as session:
        assert changes(session, counted_submissions(session)) == []


def test_a_death_between_files_and_ledger_is_made_up_for(platform, monkeypatch):
    for agency in AGENCIES:
        on_leave_that_day(platform, agency)
    take(platform, {DAY: False})

    def dies(*_arguments, **_more):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("assets.calendar_recheck.judge_anew", dies)
        with pytest.raises(SystemExit):
            recheck(platform)
    assert len(recheck(platform).places) == len(AGENCIES)
    assert "W201" in rules_of(platform, THIRD)


def test_what_was_accepted_is_not_refused_for_a_corrected_calendar(platform):
    submit(platform, SECOND, MONTH)
    hand_in(platform, [HandedIn("a.json", refused(FIRST, MONTH))])
    with reading(platform.engine) as session:
        (one,) = pending(session, MONTH)
        other = counted_submissions(session)[SECOND, MONTH]
    for dataset in STORED:
        kept = file_of(platform.home.store, dataset, FIRST, MONTH, one.id)
        kept.parent.mkdir(parents=True)
        shutil.copy(file_of(platform.home.store, dataset, SECOND, MONTH, other), kept)
    with writing(platform.engine) as session:
        record_results(session, [Result(one.id, FIRST, MONTH, ENTERED, "older")], at=platform.clock())
    before = contents(platform.home.store)
    take(platform, {DAY: False})
    with pytest.raises(RebuildDiffers, match="accepted is not refused"):
        recheck(platform)
    assert contents(platform.home.store) == before


def test_findings_that_are_gone_are_gone_on_an_object_store_too(tmp_path: Path, object_store: ObjectStore):
    platform = ticking(installation(tmp_path / "home", **settings_of(object_store)), NOW)
    take(platform, {DAY: False})
    on_leave_that_day(platform, FIRST)
    with reading(platform.engine) as session:
        bring(platform.home, session)
    assert rules_of(platform, FIRST) == {"W201"}
    take(platform, {})
    assert list(recheck(platform).differing) == [(FIRST, MONTH)]
    with reading(platform.engine) as session:
        bring(platform.home, session)
    assert rules_of(platform, FIRST) == set()


def test_the_editions_of_2025_touch_nothing_as_only_their_remarks_differ(platform):
    superseded, corrected = (published_file(f"office-calendar-114-{one}.csv") for one in ("superseded", "corrected"))
    object.__setattr__(platform, "clock", lambda: datetime(2025, 12, 1, tzinfo=UTC))
    for month in ("2025-09", "2025-10"):
        submit(platform, FIRST, month)
    for data in (superseded, corrected):
        with writing(platform.engine) as session:
            import_calendar(session, data, by="test", at=platform.clock() + timedelta(hours=1))
        assert recheck(platform) == RecheckReport()

"""Reviewing: what the rules across submissions find, and for whom a late or corrected month has them run again."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from assets import reviewing
from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.publishing import publish_now
from assets.reviewing import review
from checks.limits import Limits
from tests.support.installations import AUTHORITY, FIRST, SECOND, THIRD, document, installation
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.models import Review, Reviewed
from warehouse.publish.database import open_warehouse
from warehouse.reports.query import report_frame

ALICE, BOB, CAROL = "A123456789", "B223456782", "A100000001"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Four agencies, and a clock at the end of 2022."""
    return installation(tmp_path / "home", now=datetime(2022, 12, 30, tzinfo=UTC))


def employee(person_id: str, first: str | None = None, last: str | None = None, kind: str = "civil_servant") -> Any:
    return {"person_id": person_id, "name": "王小明", "employment_type": kind, "from": first, "to": last}


def leave(person_id: str, leave_type: str, start: str, end: str, hours: float, record_id: str = "L-1") -> Any:
    return {
        "record_id": record_id,
        "person_id": person_id,
        "leave_type": leave_type,
        "start": start,
        "end": end,
        "hours": hours,
        "certificate": True,
        "reason": None,
    }


def month_of(
    agency: str, month: str, people: Sequence[Any] = (), leaves: Sequence[Any] = (), overtime: int = 0
) -> bytes:
    """A document that no rule of its own finds anything in."""
    times = [f"{month}-{day:02}T{hour}" for day in range(1, 29) for hour in (18, 19, 20)]
    rows = [
        {
            "record_id": f"O-{number}",
            "person_id": ALICE,
            "start": f"{times[number]}:00",
            "end": f"{times[number]}:30",
            "minutes": 30,
            "compensation": "none",
        }
        for number in range(overtime)
    ]
    listed = list(people) or [employee(ALICE)]
    return document(agency, month, employees=listed, leaves=list(leaves), overtime=rows)


def enter_all(platform: Platform, *documents: bytes) -> None:
    hand_in(platform, [HandedIn(f"{number}.json", data) for number, data in enumerate(documents)])
    for month in sorted({json.loads(one)["month"] for one in documents}):
        enter(platform, month)


def found(platform: Platform) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(agency, month) → (rule, value) of the reviews' findings of what is counted."""
    with reading(platform.engine) as session:
        counted = {(one.agency_code, one.month): one.submission_id for one in session.scalars(select(Reviewed))}
    result: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for path in sorted((platform.home.store / "reviews").rglob("*.parquet")):
        for row in pl.read_parquet(path).iter_rows(named=True):
            if counted.get((row["agency_code"], row["month"])) == row["submission_id"]:
                result.setdefault((row["agency_code"], row["month"]), []).append((row["rule"], row["value"]))
    return result


def test_a_quota_is_used_up_over_the_months(platform):
    # 事假 7 days a year are 56 hours: 40 in March, 16 in April, one more hour in May
    taken = {
        "2021-03": leave(ALICE, "01", "2021-03-08T08:30", "2021-03-12T17:30", 40),
        "2021-04": leave(ALICE, "01", "2021-04-08T08:30", "2021-04-09T17:30", 16),
        "2021-05": leave(ALICE, "01", "2021-05-06T08:30", "2021-05-06T09:30", 1),
    }
    enter_all(platform, *(month_of(FIRST, month, leaves=[one]) for month, one in taken.items()))
    review(platform)
    assert found(platform) == {(FIRST, "2021-05"): [("W202", "01 57")]}


def test_a_quota_is_the_persons_wherever_the_leave_was_taken(platform):
    enter_all(
        platform,
        month_of(FIRST, "2021-03", leaves=[leave(ALICE, "01", "2021-03-08T08:30", "2021-03-12T17:30", 40)]),
        month_of(SECOND, "2021-05", leaves=[leave(ALICE, "01", "2021-05-03T08:30", "2021-05-05T17:30", 24)]),
    )
    assert review(platform).looked_at == {(FIRST, "2021-03"), (SECOND, "2021-05")}
    assert found(platform) == {(SECOND, "2021-05"): [("W202", "01 64")]}


def test_a_quota_that_nobody_states_is_not_evaluated(platform):
    enter_all(
        platform, month_of(FIRST, "2021-03", leaves=[leave(ALICE, "03", "2021-03-08T08:30", "2021-03-12T17:30", 40)])
    )
    review(platform)
    assert found(platform) == {}
    with reading(platform.engine) as session:
        (said,) = session.scalars(select(Review.not_evaluated)).all()
    assert json.loads(said)["W202"].endswith("(1 person)")


def test_a_late_month_is_looked_at_with_those_that_it_can_affect(platform):
    shared = leave(ALICE, "01", "2021-05-03T08:30", "2021-05-05T17:30", 24)
    others = leave(CAROL, "01", "2021-05-03T08:30", "2021-05-05T17:30", 24)
    enter_all(
        platform,
        month_of(FIRST, "2021-06", leaves=[]),
        month_of(SECOND, "2021-05", leaves=[shared]),
        month_of(THIRD, "2021-05", [employee(CAROL)], leaves=[others]),
        month_of(THIRD, "2021-03", [employee(ALICE)]),
        month_of(AUTHORITY, "2021-03", [employee(BOB)]),
        month_of(SECOND, "2022-04"),
    )
    review(platform)
    late = month_of(FIRST, "2021-03", leaves=[leave(ALICE, "01", "2021-03-08T08:30", "2021-03-12T17:30", 40)])
    enter_all(platform, late)
    again = review(platform)
    assert again.looked_at == {
        (FIRST, "2021-03"),
        (FIRST, "2021-06"),  # its own later months: numbers of records and headcount
        (SECOND, "2021-05"),  # has leaves of somebody who had leaves in it
        (THIRD, "2021-03"),  # lists somebody whom it lists
    }
    assert (SECOND, "2021-05") in again.moved
    assert found(platform)[SECOND, "2021-05"] == [("W202", "01 64")]
    assert review(platform).looked_at == frozenset()


def test_a_correction_takes_the_finding_back_where_it_stood(platform):
    enter_all(
        platform,
        month_of(FIRST, "2021-03", leaves=[leave(ALICE, "01", "2021-03-08T08:30", "2021-03-12T17:30", 40)]),
        month_of(SECOND, "2021-05", leaves=[leave(ALICE, "01", "2021-05-03T08:30", "2021-05-05T17:30", 24)]),
    )
    review(platform)
    object.__setattr__(platform, "clock", lambda: datetime(2022, 12, 31, tzinfo=UTC))
    enter_all(platform, month_of(FIRST, "2021-03"))
    again = review(platform)
    assert found(platform) == {}
    assert again.months == ["2021-05"]


def test_teachers_count_by_the_school_year(platform):
    def month(kind: str, agency: str, month: str, start: str, end: str, hours: float) -> bytes:
        return month_of(agency, month, [employee(ALICE, kind=kind)], [leave(ALICE, "01", start, end, hours)])

    for kind, agency in (("teacher", FIRST), ("civil_servant", SECOND)):
        enter_all(
            platform,
            month(kind, agency, "2021-07", "2021-07-05T08:30", "2021-07-09T17:30", 40),
            month(kind, agency, "2021-09", "2021-09-06T08:30", "2021-09-08T17:30", 24),
        )
        review(platform)
    assert ("W202", "01 64") not in found(platform).get((FIRST, "2021-09"), [])


def test_time_off_is_earned_in_two_years_wherever_it_was(platform):
    months = [f"{year}-{number:02}" for year in (2021, 2022) for number in range(1, 13)][:23]
    before = ["2020-11", "2020-12"]
    earned = {
        "record_id": "O-1", "person_id": ALICE, "start": "2020-11-03T18:00", "end": "2020-11-03T21:00", "minutes": 180,
        "compensation": "time_off",
    }  # fmt: skip
    platform = replace(platform, limits=Limits(collection_began="2020-01"))
    documents = [month_of(FIRST, month) for month in (*before[1:], *months[:-1])]
    whole = document(FIRST, before[0], employees=[employee(ALICE)], overtime=[earned])
    taken = leave(ALICE, "04", "2022-11-03T13:30", "2022-11-03T16:30", 3)
    enter_all(platform, *documents, whole, month_of(SECOND, months[-1], leaves=[taken]))
    review(platform)
    assert (SECOND, "2022-11") not in found(platform)

    enter_all(platform, month_of(FIRST, before[0]))  # as it turns out, nothing was earned
    assert (SECOND, "2022-11") in review(platform).moved
    assert found(platform)[SECOND, "2022-11"] == [("W213", "3")]

    enter_all(platform, month_of(FIRST, "2021-06", [employee(BOB)]))  # who knows what she earned elsewhere
    review(platform)
    assert (SECOND, "2022-11") not in found(platform)
    with reading(platform.engine) as session:
        last = session.scalars(select(Review).where(Review.agency_code == SECOND).order_by(Review.id)).all()[-1]
    assert json.loads(last.not_evaluated)["W213"].endswith("(1 person)")


def test_two_payrolls_on_the_same_days(platform):
    enter_all(
        platform,
        month_of(FIRST, "2021-06", [employee(ALICE, None, "2021-06-16"), employee(BOB, None, "2021-06-15")]),
        month_of(SECOND, "2021-06", [employee(ALICE, "2021-06-15", None), employee(BOB, "2021-06-16", None)]),
    )
    review(platform)
    assert found(platform) == {
        (FIRST, "2021-06"): [("W209", f"{SECOND} 2021-06-15～2021-06-16")],
        (SECOND, "2021-06"): [("W209", f"{FIRST} 2021-06-15～2021-06-16")],
    }


def test_headcount_and_numbers_against_the_months_before(platform):
    people = [employee(one) for one in _ids(12)]
    months = [f"2021-{number:02}" for number in range(1, 8)]
    enter_all(platform, *(month_of(FIRST, month, [employee(ALICE), *people], overtime=40) for month in months))
    enter_all(platform, month_of(FIRST, "2021-08", [employee(ALICE), *people[:9]], overtime=4))
    review(platform)
    assert found(platform) == {(FIRST, "2021-08"): [("W207", "2021-08 10 人"), ("W206", "2021-08 4 筆")]}
    with reading(platform.engine) as session:
        newest = {one.month: json.loads(one.not_evaluated) for one in session.scalars(select(Review))}
    assert set(newest["2021-06"]) == {"W206"}
    assert set(newest["2021-01"]) == {"W206", "W207"}
    assert newest["2021-07"] == {}


def test_what_readers_see_has_the_reviews_in_it(platform):
    enter_all(platform, month_of(FIRST, "2021-06"), month_of(SECOND, "2021-06"))
    review(platform)
    publish_now(platform, ["2021-06"])
    status = report_frame(platform.home, "submission_status", 2021, "2021-06").set_index("agency_code")
    assert status.loc[[FIRST, SECOND], "warnings"].tolist() == [1, 1]
    counts = report_frame(platform.home, "monthly_counts", 2021, "2021-06")
    assert counts.loc[counts["dataset"] == "employees", "warned"].tolist() == [1, 1]
    assert counts.loc[counts["dataset"] != "employees", "warned"].sum() == 0


def test_a_run_that_dies_before_the_ledger_is_made_good(platform, monkeypatch):
    enter_all(platform, month_of(FIRST, "2021-06"), month_of(SECOND, "2021-06"))

    def killed(*_: object, **__: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(reviewing, "record", killed)
    with pytest.raises(KeyboardInterrupt):
        review(platform)
    monkeypatch.undo()
    assert review(platform).moved == {(FIRST, "2021-06"), (SECOND, "2021-06")}
    assert review(platform).changed == 0


def test_the_same_answer_is_not_recorded_twice(platform):
    enter_all(platform, month_of(FIRST, "2021-06"))
    review(platform)
    with writing(platform.engine) as session:
        session.execute(update(Reviewed).values(submission_id=None))
    again = review(platform)
    assert (again.changed, len(again.looked_at), again.moved) == (1, 1, frozenset())
    with reading(platform.engine) as session:
        assert len(session.scalars(select(Review)).all()) == 1


def _ids(number: int) -> list[str]:
    """So many valid national IDs, none of them Alice's."""
    weights = (8, 7, 6, 5, 4, 3, 2, 1)
    ids = []
    for serial in range(1, 1 + number):
        digits = f"2{serial:07}"
        total = 1 + sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
        ids.append(f"A{digits}{-total % 10}")
    return ids


DOCUMENTS = [
    month_of(FIRST, "2021-05", leaves=[leave(ALICE, "25", "2021-05-03T08:30", "2021-05-07T17:30", 40)]),
    month_of(FIRST, "2021-05", [employee(ALICE), employee(BOB)]),
    month_of(FIRST, "2021-06", leaves=[leave(ALICE, "01", "2021-06-07T08:30", "2021-06-09T17:30", 24)]),
    month_of(SECOND, "2021-06", [employee(ALICE, None, "2021-06-10")], overtime=3),
    month_of(SECOND, "2021-06", [employee(BOB, None, "2021-06-10")]),
    month_of(
        SECOND,
        "2021-07",
        leaves=[
            leave(ALICE, "24", "2021-07-05T08:30", "2021-07-06T17:30", 16),
            leave(BOB, "24", "2021-07-05T08:30", "2021-07-05T17:30", 8, "L-2"),
        ],
    ),
    month_of(THIRD, "2021-07", [employee(ALICE)], [leave(ALICE, "09", "2021-07-05T08:30", "2021-07-30T17:30", 160)]),
    month_of(THIRD, "2021-09", [employee(ALICE)], [leave(ALICE, "09", "2021-08-26T08:30", "2021-10-29T17:30", 330)]),
]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(DOCUMENTS))), at_once=st.integers(1, 3))
def test_after_every_arrival_it_is_as_if_all_had_come_at_once(order, at_once, tmp_path_factory):
    """Reviews after each arrival, in any order, say what one review of everything at the end says."""
    start = datetime(2022, 12, 1, tzinfo=UTC)
    clock = iter(start + timedelta(hours=hour) for hour in range(10_000))
    opened = installation(tmp_path_factory.mktemp("home"))
    object.__setattr__(opened, "clock", lambda: next(clock))
    for first in range(0, len(order), at_once):
        enter_all(opened, *(DOCUMENTS[number] for number in order[first : first + at_once]))
        review(opened)
    step_by_step = found(opened)
    with writing(opened.engine) as session:
        session.execute(update(Reviewed).values(submission_id=None))
    at_last = review(opened, everything=True)
    assert found(opened) == step_by_step
    assert at_last.moved == frozenset()
    opened.engine.dispose()


def test_a_clock_that_goes_back_takes_no_review_out_of_what_is_published(platform: Platform) -> None:
    enter_all(platform, month_of(FIRST, "2022-05"), month_of(SECOND, "2022-05"))
    review(platform)
    earlier = replace(platform, clock=lambda: platform.clock() - timedelta(hours=2))
    publish_now(earlier, ["2022-05"])
    with open_warehouse(platform.home.warehouse) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM core.reviews").fetchall() == [(2,)]

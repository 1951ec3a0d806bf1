"""Reviews of random histories find what the oracle finds, after every arrival."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from assets.entering import enter
from assets.intake import HandedIn, hand_in
from assets.platform import Platform
from assets.reviewing import review
from checks.bulk import ACROSS_SUBMISSIONS
from tests.oracle.across import across
from tests.oracle.one_document import Judgement
from tests.oracle.random_histories import Place, random_history
from tests.oracle.tables import Found
from tests.support.installations import add_agencies, installation
from warehouse.ledger.engine import reading
from warehouse.ledger.models import Reviewed

#: Three offices, and a hospital, a school and an office that share people.
AGENCIES = tuple(f"37651{number:04}{last}" for number, last in enumerate("AAAPYA"))
TOGETHER = 3


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_random_history_is_reviewed_as_the_oracle_reviews_it(seed, tmp_path_factory):
    start = datetime(2024, 3, 1, tzinfo=UTC)
    clock = iter(start + timedelta(hours=hour) for hour in range(10_000))
    platform = installation(tmp_path_factory.mktemp("home"))
    object.__setattr__(platform, "clock", lambda: next(clock))
    add_agencies(platform, *AGENCIES)
    counted: dict[Place, Judgement] = {}
    for arrivals in random_history(Random(seed), AGENCIES, TOGETHER):
        counted |= {place: Judgement(json.loads(data), {}, {}) for place, data in arrivals.items()}
        _enter(platform, arrivals)
        review(platform)
        assert _reviewed(platform) == {place: found for place in counted if (found := across(counted, place))}
    platform.engine.dispose()


def test_the_random_histories_hold_what_every_rule_is_about():
    """The comparison is worth what comes up in it."""
    counted = {}
    for seed in range(4):
        for arrivals in random_history(Random(seed), AGENCIES, TOGETHER):
            counted |= {place: Judgement(json.loads(data), {}, {}) for place, data in arrivals.items()}
    rules = [one.rule for place in counted for one in across(counted, place)]
    # W213 needs two years of everybody's months: tests/assets/test_reviewing.py enters them.
    wanted = {*ACROSS_SUBMISSIONS, "W212"} - {"W213"}
    assert {rule for rule in wanted if rules.count(rule) >= 5} == wanted


def _enter(platform: Platform, arrivals: dict[Place, bytes]) -> None:
    hand_in(platform, [HandedIn(f"{agency}-{month}.json", data) for (agency, month), data in arrivals.items()])
    for month in sorted({month for _, month in arrivals}):
        outcomes = enter(platform, month).outcomes
        assert {one.state for one in outcomes} <= {"entered", "entered_with_errors"}


def _reviewed(platform: Platform) -> dict[Place, list[Found]]:
    """What the reviews of the counted submissions say, as the oracle sorts it."""
    with reading(platform.engine) as session:
        counted = {(one.agency_code, one.month): one.submission_id for one in session.scalars(select(Reviewed))}
    found: dict[Place, list[Found]] = {}
    for path in (platform.home.store / "reviews").rglob("*.parquet"):
        for row in pl.read_parquet(path).iter_rows(named=True):
            place = (row["agency_code"], row["month"])
            if counted.get(place) == row["submission_id"]:
                found.setdefault(place, []).append(Found(**{name: row[name] for name in Found._fields}))
    return {
        place: sorted(some, key=lambda one: (one.rule, one.dataset, one.index or 0, one.value))
        for place, some in found.items()
    }

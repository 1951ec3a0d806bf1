"""Reviewing (跨檔檢核): the rules across submissions, for every agency-month that a change since then affects.

Findings are in the store before the ledger says so, and a change counts as taken in only after everything that it
affects is recorded: a run that dies in between leaves work that the next one does again, with the same result.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import polars as pl

from assets.platform import Platform
from checks.across.history import MONTHS_BEFORE, headcount_jumps, missing_kinds, unusual_numbers
from checks.across.leave_quotas import MONTHS_BEFORE as QUOTA_MONTHS
from checks.across.leave_quotas import quotas_exceeded, users_of_quotas
from checks.across.payrolls import on_two_payrolls
from checks.catalogue import Rule
from checks.quotas import packaged_quotas
from checks.rule_set import all_rules, rule_set_version
from warehouse.journal import log
from warehouse.ledger.bundles import record_bundles
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.retirements import first_open_month
from warehouse.publish.lock import publishing_alone
from warehouse.reviews.due import affected, changes
from warehouse.reviews.reading import (
    CountedRecords,
    Place,
    counted_submissions,
    counts_of_months,
    open_records,
)
from warehouse.reviews.recording import Reviewing, of_agencies, record, settle, store_findings
from warehouse.store import Store

#: Seconds to wait for a publisher or another review.
_PATIENCE = 300.0

_TOO_SHORT = "往月入檔不足 6 個月 fewer than 6 months entered before"
_NO_MONTH_BEFORE = "上月未入檔 the month before is not entered"


@dataclass(frozen=True)
class Reviews:
    """What a review did: agency-months that had changed, those looked at, and those whose answer is another now."""

    changed: int
    looked_at: frozenset[Place]
    moved: frozenset[Place]

    @property
    def months(self) -> list[str]:
        """Months with an answer that is another now: their published findings are out of date."""
        return sorted({month for _, month in self.moved})


def review(
    platform: Platform, *, everything: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Reviews:
    """Review what has changed since the last review and what that affects; `everything`: all that is counted.

    `on_progress` gets the months done and in all.  Raises `warehouse.publish.PublishingBusy` where a publisher does
    not end, `StoreIncomplete` where a counted submission has no file.
    """
    with publishing_alone(platform.home, platform.engine, _PATIENCE):
        with reading(platform.engine) as session:
            opened = first_open_month(session)
            counted = {place: id_ for place, id_ in counted_submissions(session).items() if place[1] >= opened}
            changed = [one for one in changes(session, counted) if one.month >= opened]
        if not changed and not everything:
            return Reviews(0, frozenset(), frozenset())
        looked_at, moved = set[Place](), set[Place]()
        with open_records(platform.home, platform.engine, counted, platform.clock()) as records:
            due = _all(counted) if everything else affected(changed, counted, records)
            for done, (month, agencies) in enumerate(due.items()):
                if on_progress:
                    on_progress(done, len(due))
                looked_at |= {(agency, month) for agency in agencies}
                moved |= _review_month(platform, records, month, {code: counted[code, month] for code in agencies})
        with writing(platform.engine) as session:
            settle(session, changed)
    log.info("reviewed", changed=len(changed), looked_at=len(looked_at), moved=len(moved))
    return Reviews(len(changed), frozenset(looked_at), frozenset(moved))


def _all(counted: Collection[Place]) -> dict[str, set[str]]:
    due: dict[str, set[str]] = defaultdict(set)
    for agency, month in counted:
        due[month].add(agency)
    return dict(sorted(due.items()))


def _review_month(platform: Platform, records: CountedRecords, month: str, submissions: dict[str, str]) -> set[Place]:
    """Evaluate and record one month's agencies; those whose answer is another now."""
    records.bring([month])  # what the documents' own checks have warned of already
    reviews = evaluate_month(platform, records, month, submissions)
    bundle = store_findings(Store(platform.home.store, platform.person_key(), platform.home.bundles), reviews)
    with writing(platform.engine) as session:
        moved = record(
            session,
            month,
            reviews,
            store=platform.home.store,
            rule_set=rule_set_version(),
            at=platform.clock(),
        )
        record_bundles(session, [bundle])
    return {(agency, month) for agency in moved}


def evaluate_month(
    platform: Platform,
    records: CountedRecords,
    month: str,
    submissions: Mapping[str, str],
    rules: Mapping[str, Rule] | None = None,
) -> list[Reviewing]:
    """What the rules across submissions say of these agencies' submissions of a month; nothing is written.

    `rules`, by id, are those of the catalogue unless given.
    """
    rules = rules or all_rules()
    agencies, quotas = set(submissions), packaged_quotas()
    with reading(platform.engine) as session:
        counts = counts_of_months(session, month, MONTHS_BEFORE).filter(pl.col("agency_code").is_in(list(agencies)))
    numbers, too_short = unusual_numbers(counts, month, rules["W206"])
    silent = missing_kinds(counts, month, rules["W214"])
    headcounts, no_month_before = headcount_jumps(counts, month, rules["W207"])
    leaves = records.leaves_of_heavy_users(month, QUOTA_MONTHS, agencies, users_of_quotas(quotas))
    exceeded = quotas_exceeded(leaves, records.employment(month, agencies), month, quotas, rules["W202"])
    twice = on_two_payrolls(records.listed_twice(month, agencies), month, rules["W209"])
    not_evaluated: dict[str, dict[str, str]] = {agency: {} for agency in agencies}
    for agency in too_short:
        not_evaluated[agency]["W206"] = _TOO_SHORT
    for agency in no_month_before:
        not_evaluated[agency]["W207"] = _NO_MONTH_BEFORE
    found = [
        frame.filter(pl.col("agency_code").is_in(list(agencies)))
        for frame in (exceeded, numbers, headcounts, silent, twice)
    ]
    return of_agencies(month, submissions, found, not_evaluated)

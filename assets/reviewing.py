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
from checks.across.overtime import (
    MONTHS_EARNING,
    MONTHS_TOGETHER,
    TIME_OFF,
    beyond_three_months,
    least_of_three_months,
    time_off_not_earned,
)
from checks.across.payrolls import on_two_payrolls
from checks.bulk import NotEvaluated
from checks.catalogue import Rule, Text
from checks.rule_set import all_rules
from warehouse.journal import log
from warehouse.ledger.bundles import record_bundles
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.retirements import first_open_month
from warehouse.publish.lock import publishing_alone
from warehouse.register import RegisterAgencies
from warehouse.reviews.due import Reach, affected, changes
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
_NO_QUOTA = Text("假別上限未載明或尚未啟用", "no quota is stated, or it is not switched on")
_NOT_WHOLE = Text("前二年各月資料未齊", "not all of the two years before is entered")

_REACHES = (
    Reach("employees", "employees", 0),  # W209
    Reach("leaves", "leaves", QUOTA_MONTHS),  # W202
    Reach("overtime", "overtime", MONTHS_TOGETHER - 1),  # W212
    Reach("employees", "leaves", MONTHS_EARNING, TIME_OFF),  # W213: what was earned, and that it is known whole
)


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
            due = _all(counted) if everything else affected(changed, counted, records, MONTHS_BEFORE, _REACHES)
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
            rule_set=platform.rule_set,
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
    agencies, tables = set(submissions), platform.limit_tables
    limits, quotas = tables.overtime_limits, tables.quotas
    with reading(platform.engine) as session:
        counts = counts_of_months(session, month, MONTHS_BEFORE).filter(pl.col("agency_code").is_in(list(agencies)))
    numbers, too_short = unusual_numbers(counts, month, rules["W206"])
    silent = missing_kinds(counts, month, rules["W214"])
    headcounts, no_month_before = headcount_jumps(counts, month, rules["W207"])
    leaves = records.leaves_of_heavy_users(month, QUOTA_MONTHS, agencies, users_of_quotas(quotas))
    staff = records.employment(month, agencies)
    exceeded, no_quota = quotas_exceeded(leaves, staff, month, quotas, rules["W202"])
    twice = on_two_payrolls(records.listed_twice(month, agencies), month, rules["W209"])
    time_off = records.time_off(month, agencies, TIME_OFF)
    earned = records.earned(time_off, month, MONTHS_EARNING)
    not_earned, not_whole = time_off_not_earned(time_off, earned, month, rules["W213"])
    overtime = records.overtime_beyond(month, MONTHS_TOGETHER, agencies, least_of_three_months(limits))
    concerned = staff.join(overtime, on=["agency_code", "person_key"], how="semi", maintain_order="left")
    together = beyond_three_months(overtime, _with_kinds(platform, concerned, month), month, limits, rules["W212"])
    not_evaluated: dict[str, dict[str, str]] = {agency: {} for agency in agencies}
    for agency in too_short:
        not_evaluated[agency]["W206"] = _TOO_SHORT
    for agency in no_month_before:
        not_evaluated[agency]["W207"] = _NO_MONTH_BEFORE
    for rule, reason, people_of in (("W202", _NO_QUOTA, no_quota), ("W213", _NOT_WHOLE, not_whole)):
        for agency in agencies & people_of.keys():
            not_evaluated[agency][rule] = str(NotEvaluated(rule, reason.zh, reason.en, people_of[agency]))
    found = [
        frame.filter(pl.col("agency_code").is_in(list(agencies)))
        for frame in (exceeded, numbers, headcounts, silent, twice, not_earned, together)
    ]
    return of_agencies(month, submissions, found, not_evaluated)


def _with_kinds(platform: Platform, staff: pl.DataFrame, month: str) -> pl.DataFrame:
    """Adds the `agency_kind`; the register is read only where somebody is asked about, which is seldom."""
    agencies = staff["agency_code"].unique().to_list()
    kinds: dict[str, str] = {}
    if agencies:
        with reading(platform.engine) as session:
            register = RegisterAgencies(session)
        kinds = {agency: register.staffing(agency, month).kind_of(agency).name for agency in agencies}
    return staff.with_columns(agency_kind=pl.col("agency_code").replace_strict(kinds, return_dtype=pl.String))

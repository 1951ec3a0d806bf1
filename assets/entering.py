"""Entering (入檔): what has been received is checked in bulk, stored, and recorded in the ledger.

Batch by batch: read from landing, check, write the Parquet files; then, for all batches that were stored meanwhile,
one flush and one ledger transaction.  A process that dies in between leaves files that nothing points at, and
submissions that are still `received`: the next run takes them up again and writes the same files anew.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from assets.batches import Desk, Verdict, tasks
from assets.platform import Platform
from assets.workers import done
from assets.working_days import load_working_days, working_day_moments
from checks.context import CheckContext
from warehouse.bundles import Bundle
from warehouse.journal import bound, log
from warehouse.ledger import lifecycle
from warehouse.ledger.bundles import record_bundles
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import pending, record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.retirements import first_open_month
from warehouse.register import RegisterAgencies
from warehouse.store import Place

_PARTS = ("read", "check", "store", "flush", "record")


@dataclass(frozen=True)
class AgencyOutcome:
    """What became of one submission.  `rows` and `refused` are records by dataset, `top_rules` findings by rule."""

    agency_code: str
    month: str
    submission_id: str
    state: str
    rows: dict[str, int]
    refused: dict[str, int]
    fatal: int
    errors: int
    warnings: int
    top_rules: dict[str, int]


@dataclass
class Entered:
    """What a run of `enter` did.

    `seconds` are by part (read, check, store; flush, record); workers do the first three side by side, so the parts
    add up to more than passed.
    """

    outcomes: list[AgencyOutcome] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_PARTS, 0.0))


def enter(
    platform: Platform,
    month: str,
    agencies: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Entered:
    """Check and enter what has been received for `month` (`YYYY-MM`) and is not judged yet.

    `agencies` None: every agency, and the documents that say neither agency nor month.  `on_progress` gets the
    number of submissions done and in all.  Two runs at once do no harm: the second finds nothing left to record.
    Raises `warehouse.landing.LandingDamaged` where landed bytes are no longer what they were, OSError where the disk
    does not take more, `assets.workers.WorkerDied` where a worker process was killed; what was recorded before stays.
    """
    entered = Entered()
    finished = _enter_as_known(platform, month, agencies, on_progress, entered)
    while not finished:  # something was imported meanwhile: the rest is checked by what is known now
        log.info("working_days_changed", month=month)
        finished = _enter_as_known(platform, month, agencies, on_progress, entered, again=True)
    return entered


def _enter_as_known(
    platform: Platform,
    month: str,
    agencies: Collection[str] | None,
    on_progress: Callable[[int, int], None] | None,
    entered: Entered,
    *,
    again: bool = False,
) -> bool:
    """Enter what waits, by the register and the working days as known at the beginning, and add it to `entered`.

    False where the days that are known changed before all was recorded: what was not still waits, to be checked
    `again`, as findings may be stored that are none by then.
    """
    with reading(platform.engine) as session:
        waiting = pending(session, month, agencies)
        if agencies is None:
            waiting += pending(session, "")
        register = RegisterAgencies(session)
        days, moments = load_working_days(session, [month]), working_day_moments(session)
        # Of a year whose records were removed nothing is taken any more (F012).
        earliest = max(platform.limits.collection_began, first_open_month(session))
    context = CheckContext(
        today=platform.today(),
        limits=replace(platform.limits, collection_began=earliest),
        agencies=register or None,
        overtime_limits=platform.limit_tables.overtime_limits,
        **days._asdict(),
    )
    desk = Desk(platform.landing, platform.home.store, platform.person_key(), [context], platform.home.bundles)
    store = desk.open_store()
    if again:
        store.remove_findings(
            Place(0, submission.id, submission.agency_code, submission.month) for submission in waiting
        )
    before = len(entered.outcomes)
    if on_progress:
        on_progress(before, before + len(waiting))
    for group in done(desk, store, tasks(waiting), platform.workers):
        verdicts = [verdict for one in group for verdict in one.verdicts]
        began = time.perf_counter()
        store.flush()
        flushed = time.perf_counter()
        if not _record(platform, verdicts, [one.bundle for one in group], moments):
            return False
        seconds = [one.seconds for one in group]
        for part in (*seconds, {"flush": flushed - began, "record": time.perf_counter() - flushed}):
            for name, taken in part.items():
                entered.seconds[name] += taken
        outcomes = [_outcome(one) for one in verdicts]
        entered.outcomes += outcomes
        _log_batch(month, outcomes, sum(sum(part.values()) for part in seconds) + time.perf_counter() - began)
        if on_progress:
            on_progress(len(entered.outcomes), before + len(waiting))
    return True


def _log_batch(month: str, outcomes: Collection[AgencyOutcome], seconds: float) -> None:
    """A line for what was entered together, and one for each submission that was refused."""
    with bound(month=month):
        for one in outcomes:
            if one.state == lifecycle.REFUSED:
                log.warning(
                    "submission_refused", agency=one.agency_code, submission=one.submission_id, rules=one.top_rules
                )
        log.info(
            "batch_entered",
            documents=len(outcomes),
            documents_refused=sum(one.state == lifecycle.REFUSED for one in outcomes),
            records_entered=sum(sum(one.rows.values()) for one in outcomes),
            records_refused=sum(sum(one.refused.values()) for one in outcomes),
            warnings=sum(one.warnings for one in outcomes),
            seconds=round(seconds, 3),
        )


def _record(
    platform: Platform,
    verdicts: Collection[Verdict],
    bundles: Collection[Bundle | None],
    moments: Sequence[datetime],
) -> bool:
    """Record what is stored and flushed; another run may have been first with all of it.

    False, and nothing recorded, where working days were imported or declared at another moment than these.
    """
    results = [result_of(one, platform.rule_set) for one in verdicts]
    with writing(platform.engine) as session:
        if working_day_moments(session) != moments:
            return False
        if any(record_results(session, results, actor=platform.actor, at=platform.clock())):
            record_bundles(session, bundles)
    return True


def result_of(verdict: Verdict, rule_set: str) -> Result:
    """What the ledger is to record of a submission that was checked by this version of the rules."""
    return Result(
        submission_id=verdict.ticket.id,
        agency_code=verdict.ticket.agency_code,
        month=verdict.ticket.month,
        outcome=_state(verdict),
        rule_set=rule_set,
        counts=verdict.counts,
        fatal=verdict.fatal,
        errors=verdict.errors,
        warnings=verdict.warnings,
        system=verdict.system,
        version=verdict.version,
        produced_at=verdict.produced_at,
    )


def _state(verdict: Verdict) -> str:
    if verdict.refused:
        return lifecycle.REFUSED
    return lifecycle.ENTERED_WITH_ERRORS if verdict.errors else lifecycle.ENTERED


def _outcome(verdict: Verdict) -> AgencyOutcome:
    return AgencyOutcome(
        agency_code=verdict.ticket.agency_code,
        month=verdict.ticket.month,
        submission_id=verdict.ticket.id,
        state=_state(verdict),
        rows={name: counts.entered for name, counts in verdict.counts.items()},
        refused={name: counts.refused for name, counts in verdict.counts.items()},
        fatal=verdict.fatal,
        errors=verdict.errors,
        warnings=verdict.warnings,
        top_rules=dict(verdict.rules),
    )

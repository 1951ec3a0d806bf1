"""Entering (入檔): what has been received is checked in bulk, stored, and recorded in the ledger.

Batch by batch: read from landing, check, write the Parquet files, flush, then one ledger transaction.  A process
that dies in between leaves files that nothing points at, and submissions that are still `received`: the next run
takes them up again and writes the same files anew.
"""

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from assets.closures import closures_of
from assets.platform import Platform
from checks.bulk import BatchResult, CheckedDocument, check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument
from checks.findings import Severity
from checks.rule_set import rule_set_version
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.entries import pending, record_results
from warehouse.ledger.judgements import Result
from warehouse.ledger.models import Submission
from warehouse.register import RegisterAgencies
from warehouse.store import Place, Store

#: Bytes of JSON checked together.  Larger batches are hardly faster; memory is about twenty times this.
BATCH_BYTES = 24 << 20
#: Small documents also cost a file each and a row each: so many at most.
BATCH_DOCUMENTS = 1000


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

    `seconds` are by part (read, check, store, record); storing and recording go on beside the next batch's check, so
    the parts add up to more than passed.
    """

    outcomes: list[AgencyOutcome] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("read", "check", "store", "record"), 0.0))


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
    does not take more; what was recorded before stays.
    """
    with reading(platform.engine) as session:
        waiting = pending(session, month, agencies)
        if agencies is None:
            waiting += pending(session, "")
        register = RegisterAgencies(session)
        closures = closures_of(session, [month])
    context = CheckContext(
        today=platform.today(),
        limits=platform.limits,
        agencies=register or None,
        closures=closures,
    )
    store = Store(platform.home.store, platform.person_key)
    entered = Entered()
    # Three batches are under way at once: one is read, one checked, one stored and recorded.  Checking leaves Python's
    # lock alone nearly all the time, storing holds it, so the two hardly cost more than the longer of them.
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        storing: Future[list[AgencyOutcome]] | None = None
        for batch, documents in _read_ahead(platform, reader, waiting, entered.seconds):
            started = time.perf_counter()
            checked = check_documents(documents, context)
            entered.seconds["check"] += time.perf_counter() - started
            if storing:
                entered.outcomes += storing.result()
            storing = writer.submit(_keep, platform, store, batch, checked, entered.seconds)
            if on_progress:
                on_progress(len(entered.outcomes), len(waiting))
        if storing:
            entered.outcomes += storing.result()
    if on_progress:
        on_progress(len(entered.outcomes), len(waiting))
    return entered


def _read_ahead(
    platform: Platform, reader: ThreadPoolExecutor, waiting: list[Submission], seconds: dict[str, float]
) -> Iterator[tuple[list[Submission], list[SubmittedDocument]]]:
    """Each batch with its bytes, the next one being read meanwhile; `seconds` counts the waiting only."""
    coming: tuple[list[Submission], Future[list[SubmittedDocument]]] | None = None
    for following in [*batches(waiting), None]:
        current = coming
        coming = (following, reader.submit(read_batch, platform, following)) if following else None
        if current:
            started = time.perf_counter()
            documents = current[1].result()
            seconds["read"] += time.perf_counter() - started
            yield current[0], documents


def batches(waiting: list[Submission]) -> Iterator[list[Submission]]:
    """Cut into lists of at most `BATCH_BYTES` and `BATCH_DOCUMENTS`; a larger document is a batch alone."""
    batch: list[Submission] = []
    size = 0
    for submission in waiting:
        if batch and (size + submission.bytes > BATCH_BYTES or len(batch) >= BATCH_DOCUMENTS):
            yield batch
            batch, size = [], 0
        batch.append(submission)
        size += submission.bytes
    if batch:
        yield batch


def read_batch(platform: Platform, batch: list[Submission]) -> list[SubmittedDocument]:
    """Read a batch from landing; raises what `Landing.read` does."""
    return [
        SubmittedDocument(platform.landing.read(one.id), one.agency_code or None, one.month or None) for one in batch
    ]


def _keep(
    platform: Platform,
    store: Store,
    batch: list[Submission],
    checked: BatchResult,
    seconds: dict[str, float],
) -> list[AgencyOutcome]:
    """Store a checked batch, then record it."""
    started = time.perf_counter()
    store_batch(store, batch, checked)
    stored = time.perf_counter()
    results = [result_of(submission, one) for submission, one in zip(batch, checked.documents, strict=True)]
    with writing(platform.engine) as session:
        record_results(session, results, actor=platform.actor, at=platform.clock())
    seconds["store"] += stored - started
    seconds["record"] += time.perf_counter() - stored
    return [_outcome(result, one) for result, one in zip(results, checked.documents, strict=True)]


def store_batch(store: Store, batch: list[Submission], checked: BatchResult) -> None:
    """Write the files of a checked batch: records of those that were let in, findings of all."""
    places = [Place(number, one.id, one.agency_code, one.month) for number, one in enumerate(batch)]
    for place, one in zip(places, checked.documents, strict=True):
        if one.refused:
            store.write_findings(one.findings, place)
    accepted = [place for place, one in zip(places, checked.documents, strict=True) if not one.refused]
    findings = {
        place.document: checked.documents[place.document].findings
        for place in accepted
        if len(checked.documents[place.document].findings)
    }
    store.write(checked.entered, accepted, findings)


def result_of(submission: Submission, checked: CheckedDocument) -> Result:
    """What the ledger is to record of a checked submission."""
    errors = checked.number_of(Severity.ERROR)
    accepted = lifecycle.ENTERED_WITH_ERRORS if errors else lifecycle.ENTERED
    return Result(
        submission_id=submission.id,
        agency_code=submission.agency_code,
        month=submission.month,
        outcome=lifecycle.REFUSED if checked.refused else accepted,
        rule_set=rule_set_version(),
        counts=checked.counts,
        fatal=checked.number_of(Severity.FATAL),
        errors=errors,
        warnings=checked.number_of(Severity.WARNING),
        system=checked.system,
        version=checked.version,
        produced_at=checked.produced_at,
    )


def _outcome(result: Result, checked: CheckedDocument) -> AgencyOutcome:
    rules = checked.findings["rule"].value_counts(sort=True)
    return AgencyOutcome(
        agency_code=result.agency_code,
        month=result.month,
        submission_id=result.submission_id,
        state=result.outcome,
        rows={name: counts.entered for name, counts in result.counts.items()},
        refused={name: counts.refused for name, counts in result.counts.items()},
        fatal=result.fatal,
        errors=result.errors,
        warnings=result.warnings,
        top_rules=dict(rules.iter_rows()),
    )

"""Checking again (重新檢核) what a correction of the office calendar affects; `assets/calendar_impact.py` says what.

Files first, then the ledger, batch by batch, and the review of what is others now: dying in between leaves work that
the next one does again, with the same result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assets.batches import Desk, store_batch, verdict
from assets.calendar_impact import affected_submissions
from assets.entering import result_of
from assets.judged import Judged, key_of
from assets.platform import Platform
from assets.publishing import publish_now
from assets.rebuild import RebuildDiffers
from assets.reviewing import review
from checks.bulk import BatchResult
from warehouse.journal import log
from warehouse.ledger.bundles import record_bundles
from warehouse.ledger.engine import writing
from warehouse.ledger.judgements import judge_anew
from warehouse.ledger.models import Submission
from warehouse.publish.lock import rebuilding_alone
from warehouse.reviews.recording import due_again
from warehouse.store import Place, Store

#: Seconds to wait for a rebuild, which takes much longer than that.
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class RecheckReport:
    """The (agency, month) that were checked again, by month and agency, and those of them that come out otherwise."""

    places: Sequence[tuple[str, str]] = ()
    differing: Sequence[tuple[str, str]] = ()


def recheck(platform: Platform, on_progress: Callable[[int, int], None] | None = None) -> RecheckReport:
    """Check again what is touched by what was imported since it was judged; then review and publish it.

    `on_progress` gets the submissions done and in all.  Raises `assets.rebuild.RebuildDiffers` where the rules of
    today would refuse one (its batch and those after it stay as they were), `PublishingBusy`, and what `Landing.read`
    and `publish` raise.
    """
    with rebuilding_alone(platform.home, platform.engine, _PATIENCE):
        judged = affected_submissions(platform)
        if not judged.submissions:
            return RecheckReport()
        desk = Desk(platform.landing, platform.home.store, platform.person_key(), [], platform.home.bundles)
        store = desk.open_store()
        differing: list[tuple[str, str]] = []
        done = 0
        for batch, checked in judged.recheck(platform):
            differing += _judge(platform, store, judged, batch, checked)
            done += len(batch)
            if on_progress:
                on_progress(done, len(judged.submissions))
    reviews = review(platform)
    if platform.home.warehouse.exists():  # before anything was published there is nothing to make anew
        publish_now(platform, {*(submission.month for submission in judged.submissions), *reviews.months})
    log.info("rechecked", agency_months=len(judged.submissions), differing=len(differing))
    return RecheckReport([(submission.agency_code, submission.month) for submission in judged.submissions], differing)


def _judge(
    platform: Platform, store: Store, judged: Judged, batch: Sequence[Submission], checked: BatchResult
) -> list[tuple[str, str]]:
    """Write the files of a batch over those before, then have the ledger say so; the agency-months that differ."""
    verdicts = [verdict(*pair) for pair in zip(batch, checked.documents, strict=True)]
    both = list(zip(batch, verdicts, strict=True))
    if refused := [key_of(submission) for submission, now in both if now.refused]:
        raise RebuildDiffers(refused, refused=True)
    store_batch(store, batch, checked)
    places = [(submission.agency_code, submission.month) for submission in batch]
    clean = [submission for submission, now in both if not now.rules]
    store.remove_findings(Place(0, submission.id, submission.agency_code, submission.month) for submission in clean)
    bundle = store.send()
    store.flush()
    reason = f"office calendar corrected, rule set {platform.rule_set}"
    with writing(platform.engine) as session:
        results = [result_of(now, platform.rule_set) for now in verdicts]
        judge_anew(session, results, reason=reason, actor=platform.actor, at=platform.clock())
        record_bundles(session, [bundle])
        due_again(session, places)
    return [place for place, (submission, now) in zip(places, both, strict=True) if judged.differs(submission, now)]

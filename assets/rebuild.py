"""Rebuilding: store and warehouse anew from landing and ledger alone, as if the rest had burnt.

Every submission that was ever judged is checked again and written into a new folder, or new bundles, which then take
the store's place (`assets/rebuild_places.py`).  What was let in stays in, whatever register,
limits and calendar say today: the rules decide again, the circumstances of then do not.  Dying at any moment loses
nothing, as the next rebuild starts over.
"""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from assets.batches import Desk, tasks
from assets.entering import result_of
from assets.judged import Judged, judged_submissions, key_of
from assets.platform import Platform
from assets.rebuild_places import InBundles, InFolder
from assets.reviewing import review
from assets.workers import done
from warehouse.bundle_cache import bring
from warehouse.bundles import Bundle, BundleLost
from warehouse.ledger import lifecycle
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.judgements import Result
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import Submission
from warehouse.publish.lock import rebuilding_alone
from warehouse.publish.publisher import publish
from warehouse.store import UNKNOWN, Place, Store

#: Seconds to wait for another rebuild, which takes much longer than that.
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was rebuilt: submissions, those judged otherwise than before, months published, Parquet files, seconds."""

    submissions: int
    judged_anew: int
    months: int
    files: int
    seconds: float


class RebuildDiffers(RuntimeError):  # noqa: N818 — says what happened
    """Submissions come out otherwise than the ledger has them: the rules have changed since; nothing was replaced.

    `refused`: changes were to be accepted, but these submissions would be refused, which is not taken back.
    """

    def __init__(self, keys: list[SubmissionKey], *, refused: bool) -> None:
        self.keys = keys
        first = keys[0]
        remedy = (
            "已入檔者不因規則變更而退件，請為該規則訂施行月份 what was accepted is not refused by a change of rules: "
            "give the rule the months in which it is in force"
            if refused
            else "請先查看差異（attendance rules replay），再重新檢核（attendance rebuild --accept-changes），"
            "或使用當時版本的程式 look at the differences with `attendance rules replay`, then judge anew with "
            "`attendance rebuild --accept-changes`; or use the version of this program that judged them"
        )
        super().__init__(
            f"{len(keys):,} 份報送的檢核結果與帳冊不同，未更動任何資料 {len(keys):,} submissions come out otherwise "
            f"than the ledger has them, nothing was replaced; the first: {first.agency_code} {first.month} "
            f"{first.id}; {remedy}"
        )


def rebuild(
    platform: Platform,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    accept_changes: bool = False,
) -> Rebuilt:
    """Build the store anew beside the old, put it in its place, and publish every month.

    `accept_changes`: where the rules of today give another result the ledger takes it, and keeps the one before; but
    what was accepted is never refused afterwards.  `on_progress` gets the submissions done and in all.  Raises
    `RebuildDiffers` and `warehouse.landing.LandingDamaged` or `NotLanded` before anything is replaced, and what
    `publish` raises.
    """
    began = time.monotonic()
    home = platform.home
    with rebuilding_alone(home, platform.engine, _PATIENCE):
        place = InFolder(platform) if home.objects is None else InBundles(platform, home.objects)
        judged = judged_submissions(platform)
        differing, bundles = _build(platform, judged, place.desk, on_progress, anew=accept_changes)
        unacceptable = [one for one in differing if one.outcome == lifecycle.REFUSED or not accept_changes]
        if unacceptable:
            place.give_up(bundles)
            raise RebuildDiffers([one.key for one in unacceptable], refused=accept_changes)
        place.take_over(differing, bundles, {one.id for one in judged.submissions})
        review(platform, everything=True)
        _note(platform, len(judged.submissions), len(differing))
        published = publish(
            home, platform.engine, now=platform.clock(), first_month=platform.first_month, grace=platform.grace
        )
        place.clean()
        with reading(platform.engine) as session:
            bring(home, session)
    files = sum(1 for _ in home.store.rglob("*.parquet"))
    return Rebuilt(len(judged.submissions), len(differing), len(published.months), files, time.monotonic() - began)


def _build(
    platform: Platform, judged: Judged, place: Desk, on_progress: Callable[[int, int], None] | None, *, anew: bool
) -> tuple[list[Result], list[Bundle]]:
    """Write every file, to the disk or into bundles; the results that are not what the ledger has."""
    circumstances = list(judged.by_circumstances(platform, anew=anew))
    desk = replace(place, contexts=[context for context, _ in circumstances])
    store = desk.open_store()
    every = [
        task
        for number, (_, submissions) in enumerate(circumstances)
        for task in tasks(submissions, number, refused=all(one.fatal for one in submissions))
    ]
    known = {key_of(one): one for one in judged.submissions}
    differing: list[Result] = []
    kept_out: list[Submission] = []
    bundles: list[Bundle] = []
    finished = 0
    for group in done(desk, store, every, platform.workers):
        verdicts = [verdict for one in group for verdict in one.verdicts]
        differing += [
            result_of(one, platform.rule_set)
            for one in verdicts
            if judged.differs(known[SubmissionKey(*one.ticket)], one)
        ]
        for one in verdicts:
            before = known[SubmissionKey(*one.ticket)]
            kept_out += [before] if before.fatal and not one.refused else []
        bundles += [one.bundle for one in group if one.bundle is not None]
        finished += len(verdicts)
        if on_progress:
            on_progress(finished, len(judged.submissions))
    bundles += _keep_findings(platform, store, kept_out)
    store.flush()
    return sorted(differing, key=lambda one: (one.month, one.agency_code, one.submission_id)), bundles


def _keep_findings(platform: Platform, store: Store, refused: Collection[Submission]) -> list[Bundle]:
    """Have what these were refused for as it was: the rules of today find it no longer, and nothing lets them in."""
    with reading(platform.engine) as session, suppress(BundleLost):
        bring(platform.home, session, {one.month or UNKNOWN for one in refused})
    for one in refused:
        store.keep_findings(platform.home.store, Place(0, one.id, one.agency_code, one.month))
    bundle = store.send()
    return [] if bundle is None else [bundle]


def _note(platform: Platform, submissions: int, anew: int) -> None:
    """Have it in the audit."""
    reason = f"{submissions} submissions, {anew} judged anew, rule set {platform.rule_set}"
    with writing(platform.engine) as session:
        note(session, [Deed("rebuilt", platform.actor, reason=reason, at=platform.clock())])

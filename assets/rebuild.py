"""Rebuilding: store and warehouse anew from landing and ledger alone, as if the rest had burnt.

Every submission that was ever judged is checked again and written into a new folder, which then takes the store's
place; the ledger is only read.  What was let in stays in, whatever register, limits and calendar say today: the rules
decide again, the circumstances of then do not.  Dying at any moment loses nothing, as the next rebuild starts over.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.batches import Desk, tasks
from assets.entering import result_of
from assets.judged import Judged, judged_submissions, key_of
from assets.platform import Platform
from assets.reviewing import review
from assets.workers import done
from checks.rule_set import rule_set_version
from warehouse.ledger import lifecycle
from warehouse.ledger.audit import Deed, note
from warehouse.ledger.engine import writing
from warehouse.ledger.judgements import Result, judge_anew
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.publish import publish
from warehouse.publish.lock import exclusive
from warehouse.store import Store

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
    new, old = home.store.with_name("store.rebuilding"), home.store.with_name("store.replaced")
    with exclusive(home.root / ".rebuild.lock", _PATIENCE):
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir(mode=0o750)
        judged = judged_submissions(platform)
        differing = _build(platform, judged, new, on_progress, anew=accept_changes)
        unacceptable = [one for one in differing if one.outcome == lifecycle.REFUSED or not accept_changes]
        if unacceptable:
            shutil.rmtree(new, ignore_errors=True)
            raise RebuildDiffers([one.key for one in unacceptable], refused=accept_changes)
        # Before the new store is in place: a rebuild after a crash in between needs no permission any more.
        _accept(platform, differing)
        if home.store.exists():
            home.store.rename(old)
        new.rename(home.store)
        _carry_over(old, home.store, {one.id for one in judged.submissions})
        review(platform, everything=True)
        _note(platform, len(judged.submissions), len(differing))
        published = publish(
            home, platform.engine, now=platform.clock(), first_month=platform.first_month, grace=platform.grace
        )
        shutil.rmtree(old, ignore_errors=True)
    files = sum(1 for _ in home.store.rglob("*.parquet"))
    return Rebuilt(len(judged.submissions), len(differing), len(published.months), files, time.monotonic() - began)


def _build(
    platform: Platform, judged: Judged, new: Path, on_progress: Callable[[int, int], None] | None, *, anew: bool
) -> list[Result]:
    """Write every file, to the disk; the results that are not what the ledger has."""
    store = Store(new, platform.person_key)
    circumstances = list(judged.by_circumstances(platform, anew=anew))
    desk = Desk(platform.landing, new, platform.person_key, [context for context, _ in circumstances])
    every = [task for number, (_, submissions) in enumerate(circumstances) for task in tasks(submissions, number)]
    known = {key_of(one): one for one in judged.submissions}
    differing: list[Result] = []
    finished = 0
    for group in done(desk, store, every, platform.workers):
        verdicts = [verdict for one in group for verdict in one.verdicts]
        differing += [result_of(one) for one in verdicts if judged.differs(known[SubmissionKey(*one.ticket)], one)]
        finished += len(verdicts)
        if on_progress:
            on_progress(finished, len(judged.submissions))
    store.flush()
    return sorted(differing, key=lambda one: (one.month, one.agency_code, one.submission_id))


def _note(platform: Platform, submissions: int, anew: int) -> None:
    """Have it in the audit."""
    reason = f"{submissions} submissions, {anew} judged anew, rule set {rule_set_version()}"
    with writing(platform.engine) as session:
        note(session, [Deed("rebuilt", platform.actor, reason=reason, at=platform.clock())])


def _accept(platform: Platform, differing: Sequence[Result]) -> None:
    """Have the ledger say what the rules of today say."""
    if differing:
        with writing(platform.engine) as session:
            reason = f"judged anew by rule set {rule_set_version()}"
            judge_anew(session, differing, reason=reason, actor=platform.actor, at=platform.clock())


def _carry_over(old: Path, store: Path, rebuilt: set[str]) -> None:
    """Take along what another process wrote meanwhile, of submissions that had not been judged when we began."""
    for path in old.rglob("*.parquet"):
        target = store / path.relative_to(old)
        if path.stem not in rebuilt and not target.exists():
            target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            path.rename(target)

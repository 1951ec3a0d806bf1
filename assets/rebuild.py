"""Rebuilding: store and warehouse anew from landing and ledger alone, as if the rest had burnt.

Every submission that was ever judged is checked again and written into a new folder, which then takes the store's
place; the ledger is only read.  What was let in stays in, whatever register, limits and calendar say today: the rules
decide again, the circumstances of then do not.  Dying at any moment loses nothing, as the next rebuild starts over.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import func, select

from assets.entering import batches, read_batch, store_batch
from assets.platform import Platform
from assets.reviewing import review
from checks.bulk import CheckedDocument, check_documents
from checks.context import CheckContext
from checks.limits import Limits
from warehouse.deadlines import TAIPEI
from warehouse.ledger import lifecycle
from warehouse.ledger.engine import reading
from warehouse.ledger.lifecycle import SubmissionKey
from warehouse.ledger.models import DatasetCount, Submission, Transition
from warehouse.publish import publish
from warehouse.publish.lock import exclusive
from warehouse.register import RegisterAgencies
from warehouse.store import Store

#: Seconds to wait for another rebuild, which takes much longer than that.
_PATIENCE = 1.0
#: Nothing is over these limits, nor in this day's future: what was let in is not refused for them now.
_NO_LIMITS = Limits(max_bytes=1 << 62, max_depth=1 << 10, max_records=1 << 62, collection_began="0001-01")
_LAST_DAY = date(9999, 12, 31)

_Counts = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was rebuilt: submissions checked again, months published, Parquet files now in the store, seconds."""

    submissions: int
    months: int
    files: int
    seconds: float


class RebuildDiffers(RuntimeError):  # noqa: N818 — says what happened
    """Submissions come out otherwise than the ledger has them: the rules have changed since; nothing was replaced."""

    def __init__(self, keys: list[SubmissionKey]) -> None:
        self.keys = keys
        first = keys[0]
        super().__init__(
            f"{len(keys):,} 份報送的檢核結果與帳冊不同，未更動任何資料 {len(keys):,} submissions come out otherwise "
            f"than the ledger has them, nothing was replaced; the first: {first.agency_code} {first.month} "
            f"{first.id}; 請使用當時版本的程式 use the version of this program that judged them"
        )


@dataclass(frozen=True)
class _Judged:
    """The submissions that the ledger has a result of, their counts, and the day on which the refused were refused."""

    submissions: list[Submission]
    counts: Mapping[SubmissionKey, _Counts]
    refused_on: Mapping[SubmissionKey, date]
    register: RegisterAgencies


def rebuild(platform: Platform, on_progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Build the store anew beside the old, put it in its place, and publish every month.

    `on_progress` gets the submissions done and in all.  Raises `RebuildDiffers` and
    `warehouse.landing.LandingDamaged` or `NotLanded` before anything is replaced, and what `publish` raises.
    """
    began = time.monotonic()
    home = platform.home
    new, old = home.store.with_name("store.rebuilding"), home.store.with_name("store.replaced")
    with exclusive(home.root / ".rebuild.lock", _PATIENCE):
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir(mode=0o750)
        judged = _judged(platform)
        _build(platform, judged, new, on_progress)
        if home.store.exists():
            home.store.rename(old)
        new.rename(home.store)
        _carry_over(old, home.store, {one.id for one in judged.submissions})
        review(platform, everything=True)
        published = publish(
            home, platform.engine, now=platform.clock(), first_month=platform.first_month, grace=platform.grace
        )
        shutil.rmtree(old, ignore_errors=True)
    files = sum(1 for _ in home.store.rglob("*.parquet"))
    return Rebuilt(len(judged.submissions), len(published.months), files, time.monotonic() - began)


def _judged(platform: Platform) -> _Judged:
    with reading(platform.engine) as session:
        submissions = session.scalars(
            select(Submission)
            .where(Submission.rule_set.is_not(None))
            .order_by(Submission.month, Submission.agency_code, Submission.id)
        ).all()
        counts: dict[SubmissionKey, _Counts] = {}
        for row in session.scalars(select(DatasetCount)):
            key = SubmissionKey(row.submission_id, row.agency_code, row.month)
            counts.setdefault(key, {})[row.dataset] = (row.read, row.entered, row.refused)
        refusals = session.execute(
            select(Transition.submission_id, Transition.agency_code, Transition.month, func.max(Transition.at))
            .where(Transition.to_state == lifecycle.REFUSED)
            .group_by(Transition.submission_id, Transition.agency_code, Transition.month)
        )
        refused_on = {SubmissionKey(id_, agency, month): _day(at) for id_, agency, month, at in refusals}
        return _Judged(list(submissions), counts, refused_on, RegisterAgencies(session))


def _day(at: datetime) -> date:
    return at.astimezone(TAIPEI).date()


def _build(platform: Platform, judged: _Judged, new: Path, on_progress: Callable[[int, int], None] | None) -> None:
    store = Store(new, platform.person_key)
    differing: list[SubmissionKey] = []
    done = 0
    for context, submissions in _by_circumstances(platform, judged):
        for batch in batches(submissions):
            checked = check_documents(read_batch(platform, batch), context)
            store_batch(store, batch, checked)
            differing += [
                key
                for one, result in zip(batch, checked.documents, strict=True)
                if _differs(one, result, judged.counts.get(key := _key(one), {}))
            ]
            done += len(batch)
            if on_progress:
                on_progress(done, len(judged.submissions))
    if differing:
        shutil.rmtree(new, ignore_errors=True)
        raise RebuildDiffers(differing)


def _by_circumstances(platform: Platform, judged: _Judged) -> Iterator[tuple[CheckContext, list[Submission]]]:
    """The submissions that were let in, checked by rules alone; then those refused, by the day of their refusal."""
    accepted = [one for one in judged.submissions if not one.fatal]
    yield CheckContext(today=_LAST_DAY, limits=_NO_LIMITS), accepted
    refused = [one for one in judged.submissions if one.fatal]

    def day(one: Submission) -> date:
        return judged.refused_on.get(_key(one), platform.today())

    for today, of_day in groupby(sorted(refused, key=day), key=day):
        yield CheckContext(today=today, limits=platform.limits, agencies=judged.register or None), list(of_day)


def _differs(submission: Submission, checked: CheckedDocument, counts: _Counts) -> bool:
    """Whether a document comes out otherwise than the ledger says; what was refused was refused for its time."""
    if submission.fatal:
        return False
    found = {name: (one.read, one.entered, one.refused) for name, one in checked.counts.items()}
    return checked.refused or found != counts


def _key(one: Submission) -> SubmissionKey:
    return SubmissionKey(one.id, one.agency_code, one.month)


def _carry_over(old: Path, store: Path, rebuilt: set[str]) -> None:
    """Take along what another process wrote meanwhile, of submissions that had not been judged when we began."""
    for path in old.rglob("*.parquet"):
        target = store / path.relative_to(old)
        if path.stem not in rebuilt and not target.exists():
            target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            path.rename(target)

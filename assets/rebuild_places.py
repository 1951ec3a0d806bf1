"""Where a rebuilt store is made and how it takes the place of the old: a folder beside it, or bundles of its own."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from assets.batches import Desk
from assets.platform import Platform
from warehouse.bundles import Bundle, BundlePlace
from warehouse.files import ObjectStore
from warehouse.ledger.bundles import bundles_of, replace_bundles
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.judgements import Result, judge_anew
from warehouse.ledger.retirements import first_open_month
from warehouse.store import PERSON_KEY_MARK


class InFolder:
    """A store in a folder is built in another beside it, which then takes its place."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._store = platform.home.store
        self._new, self._old = (self._store.with_name(f"store.{name}") for name in ("rebuilding", "replaced"))
        for leftover in (self._new, self._old):
            shutil.rmtree(leftover, ignore_errors=True)
        self._new.mkdir(mode=0o700)
        self.desk = Desk(platform.landing, self._new, platform.person_key(), [])

    def give_up(self, bundles: Sequence[Bundle]) -> None:  # noqa: ARG002 — as the other one
        """Leave everything as it was."""
        shutil.rmtree(self._new, ignore_errors=True)

    def take_over(self, differing: Sequence[Result], bundles: Sequence[Bundle], rebuilt: set[str]) -> None:  # noqa: ARG002
        """Have what was built be the store."""
        # Before the new store is in place: a rebuild after a crash in between needs no permission any more.
        with writing(self._platform.engine) as session:
            _accept(session, self._platform, differing)
        if self._store.exists():
            self._store.rename(self._old)
        self._new.rename(self._store)
        _carry_over(self._old, self._store, rebuilt)

    def clean(self) -> None:
        """Remove the old one."""
        shutil.rmtree(self._old, ignore_errors=True)


class InBundles:
    """A store on an object store is built in bundles that nobody knows of, until the ledger names them instead.

    Those replaced stay until publishing sweeps them: somebody may be fetching them.
    """

    #: Beside the store's own, as the rebuilt one may be under another person key.
    _MARKS = "store.rebuilding"

    def __init__(self, platform: Platform, objects: ObjectStore) -> None:
        self._platform = platform
        self._objects = objects
        with reading(platform.engine) as session:  # before the submissions are read: a bundle too many is no harm
            named, opened = bundles_of(session), first_open_month(session)
            # Of retired years nothing can be made anew: what there is of them stays.
            kept = {name for month, names in named.items() if month < opened for name in names}
            self._before = {name for names in named.values() for name in names} - kept
        self._files = self._objects.files(self._MARKS)
        self._files.remove(PERSON_KEY_MARK)
        place = BundlePlace(self._objects, self._MARKS)
        self.desk = Desk(platform.landing, platform.home.store, platform.person_key(), [], place)

    def give_up(self, bundles: Sequence[Bundle]) -> None:
        """Remove what was built."""
        for bundle in bundles:
            self._objects.files("store").remove(bundle.name)
        self._files.remove(PERSON_KEY_MARK)

    def take_over(self, differing: Sequence[Result], bundles: Sequence[Bundle], rebuilt: set[str]) -> None:  # noqa: ARG002
        """Have the ledger name what was built, and what others have recorded meanwhile."""
        with writing(self._platform.engine) as session:
            _accept(session, self._platform, differing)
            replace_bundles(session, self._before, bundles)
        self._objects.files("store").put(PERSON_KEY_MARK, self._files.read(PERSON_KEY_MARK))

    def clean(self) -> None:
        """Remove the mark of its own."""
        self._files.remove(PERSON_KEY_MARK)


def _accept(session: Session, platform: Platform, differing: Sequence[Result]) -> None:
    """Have the ledger say what the rules of today say."""
    if differing:
        reason = f"judged anew by rule set {platform.rule_set}"
        judge_anew(session, differing, reason=reason, actor=platform.actor, at=platform.clock())


def _carry_over(old: Path, store: Path, rebuilt: set[str]) -> None:
    """Take along what another process wrote meanwhile, of submissions that had not been judged when we began."""
    for path in old.rglob("*.parquet"):
        target = store / path.relative_to(old)
        if path.stem not in rebuilt and not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(target)

"""Building the platform from the settings: folders made, ledger opened and migrated, landing's keys read or made.

Knows nothing of Dagster, so that the commands that need no run start quickly; Dagster's resource `platform`
(`pipelines/definitions.py`) is this, made when a run first needs it.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Engine

from assets.platform import Platform, PullLimits
from pipelines.landing_keys import landing_ring
from pipelines.person_key import person_key
from pipelines.receipt_key import receipt_key
from pipelines.settings import Settings, SettingsError
from warehouse import journal
from warehouse.backup import MARK
from warehouse.landing import Landing
from warehouse.ledger.engine import open_ledger
from warehouse.sealed import Keyring


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


def platform(
    settings: Settings,
    *,
    actor: str = "pipeline",
    clock: Callable[[], datetime] = now,
    restoring: bool = False,
    to_read: bool = False,
) -> Platform:
    """The platform of an installation; `actor` is who is named in the ledger.  End it with `engine.dispose()`.

    `to_read`: of who only reads, also where the disk is full or read-only.
    Raises `SettingsError`, also where a backup is not wholly restored (unless it is the restore that asks),
    `LedgerUnavailable`, `LedgerTooNew`, or OSError where the home folder cannot be made.
    """
    if not restoring and (settings.place.root / MARK).exists():
        raise SettingsError(
            f"{settings.place.root}: 還原尚未完成，請再執行一次 attendance backup restore a backup is not wholly "
            "restored here: run attendance backup restore again"
        )
    home = settings.place
    os.umask(home.umask)
    if not (to_read and home.root.is_dir()):
        home.create()
    journal.set_up(settings.log.config(home.root))
    engine = open_ledger(home.ledger_url, to_read=to_read)
    if not to_read:
        home.protect()
    return platform_over(settings, engine, landing_ring(settings), actor=actor, clock=clock)


def platform_over(
    settings: Settings, engine: Engine, ring: Keyring | None, *, actor: str, clock: Callable[[], datetime] = now
) -> Platform:
    """The platform over a ledger that is open, under these keys of landing; makes and opens nothing."""
    home = settings.place
    return Platform(
        home=home,
        engine=engine,
        landing=Landing(home.landing_files, ring),
        sources=home.sources,
        person_key=partial(person_key, settings),
        receipt_key=partial(receipt_key, settings),
        limits=settings.check_limits,
        inbox=settings.inbox_url,
        clock=clock,
        actor=actor,
        first_month=settings.first_month,
        grace=settings.grace,
        workers=settings.entry_workers,
        notices=settings.notices.config(home.root),
        rows_switched_on=settings.rows_switched_on,
        pull_limits=PullLimits(settings.pull_failed_share, settings.pull_minutes * 60),
    )

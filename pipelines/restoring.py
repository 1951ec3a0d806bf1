"""Restoring an installation from a backup: keys and settings first, then documents, ledger, store and warehouse.

Whatever can be refused is refused before anything is written.  A restore that was cut off is begun again with the same
command (`warehouse/backup/restoring.py`).
"""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from assets.platform import Platform
from assets.rebuild import Rebuilt, rebuild
from pipelines.backup_keys import KeyPlaces
from pipelines.own_files import settings_file
from pipelines.resources import platform
from pipelines.settings import FILE_NAME, Settings, load_settings
from warehouse.backup import restoring
from warehouse.backup.destination import Destination
from warehouse.backup.kept import restore_kept
from warehouse.backup.manifest import Manifest
from warehouse.backup.verifying import keys_needed, refuse_damaged
from warehouse.diagnosis import Advance
from warehouse.landing import Landing
from warehouse.ledger import migrate
from warehouse.ledger.audit import AuditEntry, Deed, note
from warehouse.ledger.engine import writing
from warehouse.sealed import Keyring


@dataclass(frozen=True)
class Wanted:
    """What is restored where: `home` None is the installation's; `keys` a folder with key files.

    `lost`: keys that are gone for good, of which new ones are made; `settings` False: the backup's `settings.toml` is
    left out, so that nothing outside the home folder is used.
    """

    destination: Destination
    name: str | None = None
    home: Path | None = None
    keys: Path | None = None
    lost: Collection[str] = ()
    settings: bool = True


@dataclass(frozen=True)
class Restored:
    """Where the backup is restored; `rebuilt` None: the store is still to be rebuilt."""

    home: Path
    manifest: Manifest
    own: list[str]
    rebuilt: Rebuilt | None


def restore(
    wanted: Wanted,
    actor: str,
    advance: Advance,
    on_rebuild: Callable[[int, int], None] | None,
) -> Restored:
    """Restore; with `on_rebuild` (submissions done, in all) store and warehouse are rebuilt too.

    Raises `NoDestination`, `BackupDamaged`, `LedgerTooNew`, `KeysLacking`, `HomeNotEmpty`, `LedgerNotEmpty` before
    anything is written, `RestoreBusy`, and what `rebuild` raises, when all else is restored.
    """
    destination = wanted.destination
    manifest = destination.manifest(wanted.name)
    migrate.refuse_unknown(manifest.revision)
    refuse_damaged(destination, manifest)
    root = load_settings(wanted.home).place.root
    needed = keys_needed(destination, manifest)
    settings = _settings(wanted, manifest, root, needed)
    keys = KeyPlaces(settings, wanted.keys)
    keys.refuse_lacking(needed)
    keys.refuse_others(manifest.keys, wanted.lost)
    with restoring.restoring_alone(root):
        again = restoring.is_begun(root, manifest)
        if not again:
            restoring.refuse_not_empty(settings.place, _allowed(settings))
            restoring.begin(root, manifest)
        keys.bring(settings)
        own = _bring(wanted, manifest, settings, keys.landing_ring(), again=again, advance=advance)
        opened = platform(settings, actor=actor, restoring=True)
        try:
            _note(opened, manifest)
            rebuilt = _rebuilt(opened, on_rebuild)
        finally:
            opened.engine.dispose()
        restoring.end(root)
    return Restored(root, manifest, own, rebuilt)


def _settings(wanted: Wanted, manifest: Manifest, root: Path, needed: Collection[str]) -> Settings:
    """The settings that the restored home will have: its own where it has some, otherwise the backup's.

    Read where nobody else looks, as they say where ledger and landing are to be, which must be known to be empty first.
    """
    own = load_settings(root)
    if not wanted.settings or settings_file(root).exists() or FILE_NAME not in manifest.own():
        return own
    keys = KeyPlaces(own, wanted.keys)
    keys.refuse_lacking(needed)
    with tempfile.TemporaryDirectory() as folder:
        data = restoring.own_file(wanted.destination, manifest, FILE_NAME, keys.landing_ring())
        settings_file(Path(folder)).write_bytes(data)
        return load_settings(Path(folder)).model_copy(update={"home": root})


def _allowed(settings: Settings) -> list[Path]:
    """What whoever prepares a restore may have put into the home folder: keys and settings."""
    root = settings.place.root
    keys = (settings.landing_keys_file, settings.person_key_file, settings.receipt_key_file)
    files = [root / file.expanduser() for file in keys]
    return [settings_file(root), *files, *(file.with_name(f".{file.name}.lock") for file in files)]


def _bring(
    wanted: Wanted, manifest: Manifest, settings: Settings, ring: Keyring | None, *, again: bool, advance: Advance
) -> list[str]:
    """Operators' files, documents, ledger: the ledger last, as it says what of the others is there."""
    destination, home = wanted.destination, settings.place
    left_out = () if wanted.settings else (FILE_NAME,)
    own = restoring.restore_own(destination, manifest, home.root, ring, left_out)
    home.create()
    restoring.restore_landing(destination, manifest, Landing(home.landing_files, ring), advance)
    restore_kept(destination, manifest, home)
    restoring.restore_ledger(destination, manifest, home.ledger_url, again=again, advance=advance)
    return own


def _note(opened: Platform, manifest: Manifest) -> None:
    """Have it in the audit, once."""
    action = "backup_restored"
    noted = select(AuditEntry.seq).where(
        AuditEntry.action == action, AuditEntry.concerns == manifest.name, AuditEntry.seq > manifest.audit.seq
    )
    with writing(opened.engine) as session:
        if session.scalar(noted.limit(1)) is None:
            said = f"of {manifest.made_at}, audit up to {manifest.audit.seq}, ledger {manifest.revision}"
            note(session, [Deed(action, opened.actor, concerns=manifest.name, reason=said, at=opened.clock())])


def _rebuilt(opened: Platform, on_rebuild: Callable[[int, int], None] | None) -> Rebuilt | None:
    if on_rebuild is None:
        return None
    try:
        return rebuild(opened, on_rebuild)
    except Exception:
        restoring.end(opened.home.root)  # all that the backup has is there: the remedy is not to restore again
        raise

"""Restoring a backup into a home that is empty: documents and ledger first proved, then there.

A mark in the home says of which backup it is being made, so that a restore which was cut off is begun again and any
other is refused; it is gone when all is there.  Every step leaves alone what the one before, or its own former try,
has done.
"""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.backup import MARK
from warehouse.backup.destination import Destination
from warehouse.backup.ledger_tables import load, refuse_in_use
from warehouse.backup.manifest import Manifest
from warehouse.backup.verifying import batches, damaged
from warehouse.diagnosis import Advance
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.landing_copies import copy_all
from warehouse.locks import Busy, exclusive
from warehouse.publish.durable import write_text
from warehouse.sealed import Keyring, unseal

_LOCK = ".restore.lock"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class RestoreBusy(Busy):
    """Another restore into the same home held the lock."""

    doing = "還原至同一資料夾"
    english = "another restore is under way there ({holder}, {path}); gave up after {waited:g} s"


class HomeNotEmpty(RuntimeError):  # noqa: N818 — reads as what it is
    """There is something already where a backup was to be restored; the message names it."""

    def __init__(self, place: str, found: str) -> None:
        super().__init__(
            f"{place}: 已有 {found}，僅能還原至空的資料夾 there is {found} already: restore into an empty folder (--to)"
        )


@contextmanager
def restoring_alone(root: Path) -> Iterator[None]:
    """Be the only one who restores into this home, which is made; raises `RestoreBusy`."""
    root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with exclusive(root / _LOCK, 0, RestoreBusy):
        yield


def is_begun(root: Path, manifest: Manifest) -> bool:
    """Whether a restore of this very backup was begun in this home; raises `HomeNotEmpty` where it was another."""
    try:
        said = json.loads((root / MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    if said != _mark(manifest):
        raise HomeNotEmpty(str(root), f"未完成的還原 an unfinished restore of {said['backup']}")
    return True


def refuse_not_empty(home: Home, allowed: Collection[Path]) -> None:
    """Raise `HomeNotEmpty` or `LedgerNotEmpty` unless folder, ledger and object store are empty but for `allowed`."""
    if home.root.exists():
        found = sorted(path.name for path in home.root.iterdir() if path not in allowed and path.name != _LOCK)
        if found:
            raise HomeNotEmpty(str(home.root), found[0])
    refuse_in_use(home.ledger_url)
    if home.objects is not None:
        files = home.objects.files("")
        for one in files.listed():
            raise HomeNotEmpty(files.place, one.name)


def begin(root: Path, manifest: Manifest) -> None:
    """Say in the home what it is being made of."""
    write_text(root / MARK, json.dumps(_mark(manifest)) + "\n")


def end(root: Path) -> None:
    """All is there."""
    (root / MARK).unlink(missing_ok=True)


def own_file(destination: Destination, manifest: Manifest, name: str, ring: Keyring | None) -> bytes:
    """An operator's file of a backup, by its path in the home folder; raises `UnknownKey`, `SealBroken`."""
    with (destination.folder(manifest.name) / manifest.own()[name]).open("rb") as file:
        return b"".join(unseal(file, ring))


def restore_own(
    destination: Destination, manifest: Manifest, root: Path, ring: Keyring | None, left_out: Collection[str]
) -> list[str]:
    """Write the operators' files, those left out and those that are there aside; their names."""
    written = []
    for name in manifest.own():
        path = root / name
        if name in left_out or path.exists():
            continue
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.restoring")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(own_file(destination, manifest, name, ring))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        written.append(name)
    return written


def restore_landing(destination: Destination, manifest: Manifest, landing: Landing, advance: Advance) -> None:
    """Bring the documents, each proved by its hash; raises `BackupDamaged` where some are not what they were."""
    source = destination.landing(landing.ring)
    wanted = (id_ for batch in batches(destination, manifest) for id_, _ in batch)
    faults = [f"{one.id}: {one.fault}" for one in copy_all(source, landing, wanted, advance) if one.fault]
    if faults:
        raise damaged(destination, manifest, faults)


def restore_ledger(destination: Destination, manifest: Manifest, url: str, *, again: bool, advance: Advance) -> None:
    """Load the ledger at the backup's own revision; raises as `ledger_tables.load` does."""
    folder = destination.folder(manifest.name)
    files = {table: folder / name for table, name in manifest.tables().items()}
    load(url, manifest.revision, files, manifest.audit, again=again, advance=advance)


def _mark(manifest: Manifest) -> dict[str, str]:
    return {"backup": manifest.name, "digest": manifest.digest}

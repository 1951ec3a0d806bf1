"""Where backups are kept: a folder, usually a disk of its own, with the backups by moment and their documents.

A backup is there when its folder has its name; what has not, a process that was stopped left behind.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from warehouse.backup.manifest import Manifest, read_manifest
from warehouse.files_local import LocalFiles
from warehouse.landing import Landing
from warehouse.locks import Busy, exclusive
from warehouse.sealed import Keyring

_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?", re.ASCII)
_UNFINISHED = ".unfinished"
#: Backups hold reasons and contacts of offices: nobody but their owner.
_MODE = 0o700


class BackupBusy(Busy):
    """Another backup into the same folder held the lock."""

    doing = "備份至同一目的地"
    english = "another backup is being made there ({holder}, {path}); gave up after {waited:g} s, try again later"


class NoDestination(LookupError):  # noqa: N818 — reads as what it is
    """The folder of backups, or the backup in it, is not there; the message says what is."""


class Destination:
    """A folder of backups.  Raises `NoDestination` where it is not there: it is not made, as a disk may be off."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        if not self.root.is_dir():
            raise NoDestination(
                f"{root}: 沒有這個資料夾，請確認磁碟已掛載或先建立 "
                "no such folder: see that the disk is mounted, or make it"
            )

    def landing(self, ring: Keyring | None) -> Landing:
        """The documents of all backups here."""
        return Landing(LocalFiles(self.root / "landing"), ring)

    def names(self) -> list[str]:
        """The backups, oldest first."""
        return sorted(path.name for path in self.root.iterdir() if _NAME.fullmatch(path.name) and path.is_dir())

    def folder(self, name: str | None = None) -> Path:
        """The folder of a backup, by default of the newest; raises `NoDestination`."""
        names = self.names()
        if not names or (name is not None and name not in names):
            known = ", ".join(names) or "無 none"
            raise NoDestination(f"{self.root}: 查無備份 there is no backup {name or ''}; 現有 there are: {known}")
        return self.root / (name or names[-1])

    def manifest(self, name: str | None = None) -> Manifest:
        """What a backup says of itself, by default the newest; raises `NoDestination`, `BackupDamaged`."""
        return read_manifest(self.folder(name))

    @contextmanager
    def alone(self, timeout: float) -> Iterator[None]:
        """Be the only one who makes a backup here; raises `BackupBusy`.  What others left unfinished is removed."""
        with exclusive(self.root / ".lock", timeout, BackupBusy):
            for leftover in self.root.glob(f".*{_UNFINISHED}"):
                shutil.rmtree(leftover, ignore_errors=True)
            self.landing(None).sweep(datetime.max.replace(tzinfo=UTC))  # nobody else is writing
            yield

    def begin(self, at: datetime) -> tuple[str, Path]:
        """A name for the backup of a moment, and the folder in which it is put together."""
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        taken = {name for name in self.names() if name.startswith(stamp)}
        name = next(one for n in range(len(taken) + 1) if (one := f"{stamp}-{n + 1}" if n else stamp) not in taken)
        folder = self.root / f".{name}{_UNFINISHED}"
        folder.mkdir(mode=_MODE)
        return name, folder

"""Making a backup while everything goes on: the ledger of one moment, then landing, then the operators' files.

The order is the point.  A document is in landing before the ledger says so, and is never rewritten or taken away while
a row names it; so whatever the ledger's snapshot names is there when landing is copied after it.  Taken the other way
round, a document that came in between would be named by the backup's ledger and not be among its documents.  What came
after the snapshot is copied as well, as bytes that the ledger does not know yet (`attendance submit --orphans`).
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine, select

from warehouse.backup.destination import Destination
from warehouse.backup.kept import copy_kept
from warehouse.backup.ledger_tables import backed_up, revision_of, write_table
from warehouse.backup.manifest import DOCUMENTS, LEDGER, OWN, BackupDamaged, FileOf, Keys, Manifest, file_of
from warehouse.diagnosis import Advance
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.landing_copies import Copied, copy_all
from warehouse.ledger.audit import Deed, head, note
from warehouse.ledger.audit_chain import Anchor
from warehouse.ledger.engine import reading, writing
from warehouse.ledger.migrate import LedgerTooNew, head_revision
from warehouse.ledger.models import Submission
from warehouse.ledger.retirements import Gone, retired
from warehouse.retention.removal import removed_documents
from warehouse.sealed import Keyring, seal
from warehouse.store_files import flush_file_system

#: Seconds to wait for another backup, which takes much longer than that.
_PATIENCE = 1.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class BackupFull(OSError):  # noqa: N818 — says what happened
    """No room for the backup; it is not there, and those of before are as they were."""


class AnothersBackups(RuntimeError):  # noqa: N818 — says what happened
    """The folder holds the backups of another installation, or of one before it lost its person key."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root}: 此處為其他安裝（或更換 person.key 之前）的備份，請另選資料夾 the backups here are of another "
            "installation, or of another person.key: choose another folder"
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is there: `new` documents of `new_bytes` came, the others an earlier one had brought.

    `faults`: submissions whose documents could not be copied, as they are missing or damaged in landing.
    """

    manifest: Manifest
    new: int
    new_bytes: int
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up: `own` are files below the home folder; `keys` tells which keys go with it."""

    home: Home
    engine: Engine
    landing: Landing
    own: Sequence[Path]
    keys: Keys


@dataclass(frozen=True, slots=True)
class _Snapshot:
    revision: str
    audit: Anchor
    recorded: frozenset[str]
    tables: dict[str, int]
    gone: Gone


@dataclass(slots=True)
class _Documents:
    """What was copied of landing."""

    count: int = 0
    bytes: int = 0
    new: int = 0
    new_bytes: int = 0
    keys: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def make_backup(source: Source, destination: Destination, *, at: datetime, actor: str, advance: Advance) -> Made:
    """Make a backup, of the moment `at`; it is there as a whole, on the disk, or not at all.

    Raises `BackupBusy`, `BackupFull`, `AnothersBackups`, `LedgerTooNew` where a newer program has migrated the ledger
    meanwhile, and `UnknownKey` where a document is under a key that is not at hand.
    """
    with destination.alone(_PATIENCE), _room(destination):
        _refuse_anothers(destination, source.keys)
        name, folder = destination.begin(at)
        try:
            snapshot = _ledger(source.engine, folder)
            documents = _landing(source.landing, destination, folder, snapshot.recorded, advance)
            _own(source, folder)
            copy_kept(source.home, snapshot.gone, folder)
            manifest = Manifest(
                name, at.isoformat(), version("attendance-platform"), snapshot.revision, snapshot.audit,
                len(snapshot.recorded), documents.count, documents.bytes, len(documents.faults),
                tuple(sorted(documents.keys)), source.keys, _files(folder, snapshot.tables),
            )  # fmt: skip
            manifest.write(folder)
            flush_file_system(destination.root)
            folder.rename(destination.root / name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        flush_file_system(destination.root)
    with writing(source.engine) as session:  # dying before this leaves a backup that the audit does not know of
        said = f"{manifest.documents} documents, {manifest.submissions} submissions, audit {manifest.audit.seq}"
        note(session, [Deed("backup_made", actor, concerns=name, reason=said, at=at)])
    return Made(manifest, documents.new, documents.new_bytes, documents.faults)


def _refuse_anothers(destination: Destination, keys: Keys) -> None:
    """Raise `AnothersBackups` where another installation's are: its documents would be put under our keys."""
    for name in reversed(destination.names()):
        with suppress(BackupDamaged):
            if destination.manifest(name).keys.person not in {None, keys.person}:
                raise AnothersBackups(destination.root)
            return


def _ledger(engine: Engine, folder: Path) -> _Snapshot:
    """Write every table as of one moment: one transaction that only reads, for which no writer waits."""
    (folder / LEDGER).mkdir(mode=_FOLDER_MODE)
    with reading(engine) as session:
        revision = revision_of(session)
        if revision is None or revision != head_revision():
            raise LedgerTooNew(str(revision))
        rows = {}
        for table in backed_up():
            name = f"{LEDGER}{table.name}.parquet"
            with (folder / name).open("xb") as file:
                rows[name] = write_table(session, table, file)
        recorded = frozenset(session.scalars(select(Submission.id).distinct())) - removed_documents(session)
        return _Snapshot(revision, head(session), recorded, rows, retired(session))


def _landing(
    landing: Landing, destination: Destination, folder: Path, recorded: frozenset[str], advance: Advance
) -> _Documents:
    """Copy what the destination does not have yet, and write down which documents belong to this backup."""
    done = _Documents()
    schema = pa.schema([pa.field("id", pa.string()), pa.field("bytes", pa.int64())])
    wanted = _merged(landing.ids(), recorded)
    ids: list[str] = []
    sizes: list[int] = []
    for one in copy_all(landing, destination.landing(landing.ring), wanted, advance):
        _count(done, one)
        if one.bytes is not None:
            ids.append(one.id)
            sizes.append(one.bytes)
    with (folder / DOCUMENTS).open("xb") as file:
        pq.write_table(pa.table([ids, sizes], schema=schema), file, compression="zstd")
    return done


def _merged(landed: Iterable[str], recorded: frozenset[str]) -> Iterator[str]:
    """All that lies in landing, then what the ledger names and is not there."""
    missing = set(recorded)
    for id_ in landed:
        missing.discard(id_)
        yield id_
    yield from sorted(missing)


def _count(done: _Documents, one: Copied) -> None:
    if one.bytes is None:
        done.faults.append(f"{one.id}: {one.fault}")
        return
    done.count += 1
    done.bytes += one.bytes
    done.new += one.new
    done.new_bytes += one.bytes if one.new else 0
    if one.key is not None:
        done.keys.add(one.key)


def _own(source: Source, folder: Path) -> None:
    """Copy the operators' files, sealed: settings hold passwords, and contacts addresses."""
    for path in source.own:
        target = folder / OWN / path.relative_to(source.home.root)
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(_sealed(path.read_bytes(), source.landing.ring))


def _sealed(data: bytes, ring: Keyring | None) -> Iterator[bytes]:
    if ring is None:
        yield data
        return
    with ring.sealing() as key_id:
        yield from seal([data], ring, key_id)


def _files(folder: Path, rows: dict[str, int]) -> dict[str, FileOf]:
    """Read every file back as it lies there."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return {name: file_of(folder / name, rows.get(name)) for name in names}


@contextmanager
def _room(destination: Destination) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            said = "備份目的地空間不足，未產生備份 no room for the backup, none was made: make room and try again"
            raise BackupFull(error.errno, said, str(destination.root)) from error
        raise

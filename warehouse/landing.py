"""Landing: every byte ever received, kept under its SHA-256 and never rewritten.

`<root>/ab/<64 hexadecimal digits>`, on a local or shared file system, encrypted under a keyring
(`warehouse/sealed.py`); an id is the SHA-256 of the document as it came, whatever key its file is under.  A file is
written under a temporary name in `<root>/.incoming`, synced, renamed, and its folder synced, so that an id which is
there is whole, whatever was cut off while it came.  What was handed in by whom is the ledger's business.
"""

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.sealed import HEADER, Keyring, SealBroken, key_of, plain_size, seal, unseal

#: Hashing and syncing let go of the interpreter lock; four writers were the quickest on a disk measured with 1–32.
WRITERS = 4
#: Documents of `put_many` held in memory at once: enough to keep the writers busy, little enough for 64 MB documents.
_IN_FLIGHT = 3 * WRITERS

_ID = re.compile(r"[0-9a-f]{64}")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FOLDER_MODE = 0o750
_FILE_MODE = 0o444


@dataclass(frozen=True, slots=True)
class Landed:
    """What is now in landing: `id` is the SHA-256 of the document in hexadecimal, `bytes` its size."""

    id: str
    bytes: int


class TooLarge(ValueError):  # noqa: N818 — a limit kept, not a fault of ours
    """A stream went on beyond the limit; nothing of it was kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"檔案超過 {limit:,} 位元組的上限 the document is larger than the limit of {limit:,} bytes")


class NotLanded(LookupError):  # noqa: N818 — reads as what it is
    """There is nothing under that id."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        super().__init__(f"收檔區查無此檔 not in landing: {id_!r}")


class LandingDamaged(OSError):  # noqa: N818 — says what happened
    """A file in landing is not what its name says; it must be restored from a backup, never written over."""

    def __init__(self, path: Path, detail: str) -> None:
        self.path = path
        super().__init__(errno.EIO, f"收檔區檔案毀損，請自備份還原 damaged in landing, restore it: {detail}", str(path))


class LandingFull(OSError):  # noqa: N818 — says what happened
    """No room for the document; nothing half-written stays behind, and handing it in again is safe."""


class Landing:
    """The landing under one folder, which is made when the first document comes.  Safe for many processes at once.

    Without `ring` documents are kept in plain; an installation always has one.
    """

    def __init__(self, root: Path, ring: Keyring | None = None) -> None:
        self.root = Path(root)
        self.ring = ring
        self._incoming = self.root / ".incoming"

    def put(self, data: bytes) -> Landed:
        """Keep a document; one that is there already is not written again.

        Raises `LandingDamaged` where the one that is there has another size, `LandingFull` where there is no room.
        """
        landed = self._keep(data)
        _sync_folder(self._path(landed.id).parent)
        return landed

    def put_stream(self, chunks: Iterable[bytes], limit: int) -> Landed:
        """Keep a document that comes in pieces, of at most `limit` bytes in all; beyond it raises `TooLarge`."""
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(limit)
                digest.update(chunk)
                yield chunk

        with self._temporary() as (descriptor, name, key_id):
            for chunk in self._sealed(counted(), key_id):
                _write_all(descriptor, chunk)
            landed = Landed(digest.hexdigest(), size)
            if not self._is_kept(landed):
                self._finish(descriptor, name, landed)
        _sync_folder(self._path(landed.id).parent)
        return landed

    def put_many(self, documents: Iterable[bytes]) -> list[Landed]:
        """Keep thousands of documents, in their order; each folder is synced once, at the end.

        Takes from `documents` only as fast as the disk writes.  An error ends it: those already written are whole and
        may be put again.
        """
        waiting: deque[Future[Landed]] = deque()
        landed: list[Landed] = []
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="landing") as writers:
            try:
                for document in documents:
                    if len(waiting) >= _IN_FLIGHT:
                        landed.append(waiting.popleft().result())
                    waiting.append(writers.submit(self._keep, document))
                landed.extend(future.result() for future in waiting)
            except BaseException:
                writers.shutdown(cancel_futures=True)
                raise
            folders = {self._path(one.id).parent for one in landed}
            deque(writers.map(_sync_folder, folders), maxlen=0)
        return landed

    def read(self, id_: str) -> bytes:
        """Return the document; raises `NotLanded`, or `LandingDamaged` where its bytes no longer have that hash."""
        data = b"".join(self.pieces(id_))
        self._compare(id_, hashlib.sha256(data).hexdigest())
        return data

    def pieces(self, id_: str) -> Iterator[bytes]:
        """Give the document in pieces, its hash unverified; raises `NotLanded`, `LandingDamaged`, `UnknownKey`."""
        try:
            with self._open(id_) as file:
                yield from unseal(file, self.ring)
        except SealBroken as error:
            raise LandingDamaged(self._path(id_), str(error)) from None

    def verify(self, id_: str) -> None:
        """Read the whole document and compare its hash; raises as `pieces` does."""
        digest = hashlib.sha256()
        for piece in self.pieces(id_):
            digest.update(piece)
        self._compare(id_, digest.hexdigest())

    def key_id(self, id_: str) -> str | None:
        """The id of the key that the document is sealed under, None where it lies in plain; raises `NotLanded`."""
        with self._open(id_) as file:
            return key_of(file.read(HEADER))

    def reseal(self, id_: str) -> bool:
        """Put the document under the active key; whether it was not already.

        Others may read and write meanwhile: the new file is whole and on the disk before it takes the old one's name.
        Raises as `read` does.
        """
        if self.ring is None or self.key_id(id_) == self.ring.active:
            return False
        data = self.read(id_)
        with self._temporary() as (descriptor, name, key_id):
            for chunk in self._sealed([data], key_id):
                _write_all(descriptor, chunk)
            landed = self._stat(id_).st_mtime_ns  # when it was received is not when its key changed
            os.utime(descriptor, ns=(landed, landed))
            self._finish(descriptor, name, Landed(id_, len(data)))
        _sync_folder(self._path(id_).parent)
        return True

    def ids(self) -> Iterator[str]:
        """Every id, in order."""
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(entry.name for entry in os.scandir(folder) if _ID.fullmatch(entry.name))

    def landed_at(self, id_: str) -> datetime:
        """When the document was first kept; raises `NotLanded`."""
        return datetime.fromtimestamp(self._stat(id_).st_mtime, UTC)

    def size(self, id_: str) -> int:
        """Return the document's size in bytes; raises `NotLanded`."""
        with self._open(id_) as file:
            return plain_size(file.read(HEADER), self._stat(id_).st_size)

    def leftovers(self) -> list[Path]:
        """Temporary files: of documents on their way in, and of those cut off by a crash."""
        return sorted(self._incoming.glob("*")) if self._incoming.exists() else []

    def sweep(self, before: datetime) -> int:
        """Remove the temporary files last written before a moment when surely nobody was writing; how many."""
        swept = 0
        for path in self.leftovers():
            with contextlib.suppress(FileNotFoundError):  # another one sweeps too
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, id_: str) -> Path:
        if not _ID.fullmatch(id_):  # an id may come from a request: it must never lead out of the root
            raise NotLanded(id_)
        return self.root / id_[:2] / id_

    def _stat(self, id_: str) -> os.stat_result:
        try:
            return self._path(id_).stat()
        except FileNotFoundError:
            raise NotLanded(id_) from None

    def _is_kept(self, landed: Landed) -> bool:
        """Whether the document is there already; its size tells at no cost that a file was cut off or tampered with."""
        try:
            size = self.size(landed.id)
        except NotLanded:
            return False
        if size != landed.bytes:
            raise LandingDamaged(self._path(landed.id), f"{size:,} bytes instead of {landed.bytes:,}")
        return True

    def _keep(self, data: bytes) -> Landed:
        """Write a document unless it is there; the folder's own entry is not yet synced."""
        landed = Landed(hashlib.sha256(data).hexdigest(), len(data))
        if not self._is_kept(landed):
            with self._temporary() as (descriptor, name, key_id):
                for chunk in self._sealed([data], key_id):
                    _write_all(descriptor, chunk)
                self._finish(descriptor, name, landed)
        return landed

    def _sealed(self, chunks: Iterable[bytes], key_id: str | None) -> Iterable[bytes]:
        return chunks if self.ring is None or key_id is None else seal(chunks, self.ring, key_id)

    def _open(self, id_: str) -> io.BufferedReader:
        try:
            return self._path(id_).open("rb")
        except FileNotFoundError:
            raise NotLanded(id_) from None

    def _compare(self, id_: str, found: str) -> None:
        if found != id_:
            raise LandingDamaged(self._path(id_), f"SHA-256 {found}")

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[int, Path, str | None]]:
        """Open a new file under a name that nobody else uses; it is gone at the end unless it was finished.

        With it, the key to seal it under, which stays at least until the end.
        """
        name = self._incoming / secrets.token_hex(16)
        try:
            with contextlib.nullcontext() if self.ring is None else self.ring.sealing() as key_id:
                _make_folder(self._incoming)
                descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
                try:
                    yield descriptor, name, key_id
                finally:
                    os.close(descriptor)
                    name.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise LandingFull(error.errno, "收檔區空間不足，未收檔 no room in landing", str(self.root)) from error
            raise

    def _finish(self, descriptor: int, name: Path, landed: Landed) -> None:
        """Make the temporary file the document: on the disk first, then under its name."""
        os.fsync(descriptor)
        path = self._path(landed.id)
        _make_folder(path.parent)
        name.rename(path)  # where two bring the same document at once, both write the same bytes


def _write_all(descriptor: int, data: bytes) -> None:
    """Write to the end: a disk that fills up takes some of the bytes before it refuses the rest."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _make_folder(folder: Path) -> None:
    """Make a folder and sync its parent, as a folder that is lost takes its files along."""
    if folder.exists():
        return
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

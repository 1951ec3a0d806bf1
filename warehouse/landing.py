"""Landing: every byte ever received, kept under its SHA-256 and never rewritten.

`ab/<64 hexadecimal digits>` below a folder or on an object store (`warehouse/files.py`), encrypted under a keyring
(`warehouse/sealed.py`); an id is the SHA-256 of the document as it came, whatever key its file is under.  A file gets
its name when all of it is there and only if nothing has the name, so that an id which is there is whole, whatever was
cut off while it came.  What was handed in by whom is the ledger's business.
"""

import contextlib
import errno
import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from warehouse.files import Files, Incoming, Leftover, ObjectReplaced
from warehouse.files_local import LocalFiles
from warehouse.sealed import HEADER, Keyring, SealBroken, key_of, plain_size, seal, unseal

#: Documents of `put_many` held in memory at once, for each writer: enough to keep them busy, little enough for 64 MB.
_IN_FLIGHT = 3

_T = TypeVar("_T")

_ID = re.compile(r"[0-9a-f]{64}")
#: The first digits are a folder of their own.
_FOLDER = 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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

    def __reduce__(self) -> tuple[type["NotLanded"], tuple[str]]:
        return type(self), (self.id,)


class LandingDamaged(OSError):  # noqa: N818 — says what happened
    """A file in landing is not what its name says; it must be restored from a backup, never written over."""

    def __init__(self, place: Path | str, detail: str) -> None:
        self.place = str(place)
        self.detail = detail
        super().__init__(
            errno.EIO, f"收檔區檔案毀損，請自備份還原 damaged in landing, restore it: {detail}", self.place
        )

    def __reduce__(self) -> tuple[type["LandingDamaged"], tuple[str, str]]:
        return type(self), (self.place, self.detail)


class LandingFull(OSError):  # noqa: N818 — says what happened
    """No room for the document; nothing half-written stays behind, and handing it in again is safe."""


class Landing:
    """The landing under one folder or on an object store.  Safe for many processes, on many machines, at once.

    Without `ring` documents are kept in plain; an installation always has one.
    """

    def __init__(self, files: Files | Path, ring: Keyring | None = None) -> None:
        self.files: Files = LocalFiles(files) if isinstance(files, Path) else files
        self.ring = ring

    def put(self, data: bytes) -> Landed:
        """Keep a document; one that is there already is not written again.

        Raises `LandingDamaged` where the one that is there has another size, `LandingFull` where there is no room.
        """
        landed = self._keep(data)
        self.files.flush([name_of(landed.id)])
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

        with self._incoming() as (new, key_id):
            for chunk in self._sealed(counted(), key_id):
                new.write(chunk)
            landed = Landed(digest.hexdigest(), size)
            if not self._is_kept(landed):
                self._finish(new, landed)
        self.files.flush([name_of(landed.id)])
        return landed

    def put_many(self, documents: Iterable[bytes]) -> list[Landed]:
        """Keep thousands of documents, in their order; a local folder is synced once, at the end.

        Takes from `documents` only as fast as they are written.  An error ends it: those already written are whole and
        may be put again.
        """
        waiting: deque[Future[Landed]] = deque()
        landed: list[Landed] = []
        with ThreadPoolExecutor(self.files.writers, thread_name_prefix="landing") as writers:
            try:
                for document in documents:
                    if len(waiting) >= _IN_FLIGHT * self.files.writers:
                        landed.append(waiting.popleft().result())
                    waiting.append(writers.submit(self._keep, document))
                landed.extend(future.result() for future in waiting)
            except BaseException:
                writers.shutdown(cancel_futures=True)
                raise
        self.files.flush(name_of(one.id) for one in landed)
        return landed

    def read(self, id_: str) -> bytes:
        """Return the document; raises `NotLanded`, or `LandingDamaged` where its bytes no longer have that hash."""
        data, found = self._settled(lambda: _joined(self.pieces(id_)))
        self._compare(id_, found)
        return data

    def pieces(self, id_: str) -> Iterator[bytes]:
        """Give the document in pieces, its hash unverified; raises `NotLanded`, `LandingDamaged`, `UnknownKey`.

        On an object store also `ObjectReplaced`, where `reseal` put it under another key meanwhile.
        """
        try:
            with self._there(id_), self.files.open(name_of(id_)) as file:
                yield from unseal(file, self.ring)
        except SealBroken as error:
            raise LandingDamaged(self.where(id_), str(error)) from None

    def verify(self, id_: str) -> None:
        """Read the whole document and compare its hash; raises as `read` does."""
        self._compare(id_, self._settled(lambda: _hashed(self.pieces(id_))))

    def key_id(self, id_: str) -> str | None:
        """The id of the key that the document is sealed under, None where it lies in plain; raises `NotLanded`."""
        with self._there(id_):
            return key_of(self.files.beginning(name_of(id_), HEADER)[0])

    def reseal(self, id_: str) -> bool:
        """Put the document under the active key; whether it was not already.

        Others may read and write meanwhile: the new file is whole and kept before it takes the old one's name.
        Raises as `read` does.
        """
        if self.ring is None:
            return False
        self.ring.refresh()
        if self.key_id(id_) == self.ring.active:
            return False
        data = self.read(id_)
        with self._incoming() as (new, key_id):
            for chunk in self._sealed([data], key_id):
                new.write(chunk)
            new.keep(name_of(id_), self.landed_at(id_))  # when it came is not when its key changed
        self.files.flush([name_of(id_)])
        return True

    def remove(self, id_: str) -> None:
        """Remove a document for ever; one that is not there already is.  For the retention rules alone."""
        self.files.remove(name_of(id_))

    def ids(self) -> Iterator[str]:
        """Every id, in order."""
        for one in self.files.listed():
            folder, _, id_ = one.name.partition("/")
            if _ID.fullmatch(id_) and id_.startswith(folder) and len(folder) == _FOLDER:
                yield id_

    def where(self, id_: str) -> str:
        """The path or URL of its file, for people; raises `NotLanded` for what is no id."""
        return self.files.where(name_of(id_))

    def landed_at(self, id_: str) -> datetime:
        """When the document was first kept; raises `NotLanded`."""
        with self._there(id_):
            return self.files.stat(name_of(id_)).modified

    def size(self, id_: str) -> int:
        """Return the document's size in bytes; raises `NotLanded`."""
        with self._there(id_):
            return plain_size(*self.files.beginning(name_of(id_), HEADER))

    def leftovers(self) -> list[Leftover]:
        """Of documents on their way in, and of those cut off by a crash."""
        return self.files.leftovers()

    def sweep(self, before: datetime) -> int:
        """Remove the leftovers last written before a moment when surely nobody was writing; how many."""
        return self.files.sweep(before)

    def _is_kept(self, landed: Landed) -> bool:
        """Whether the document is there already; its size tells at no cost that a file was cut off or tampered with."""
        try:
            size = self.size(landed.id)
        except NotLanded:
            return False
        if size != landed.bytes:
            raise LandingDamaged(self.where(landed.id), f"{size:,} bytes instead of {landed.bytes:,}")
        return True

    def _keep(self, data: bytes) -> Landed:
        """Write a document unless it is there; a local folder's own entry is not yet synced."""
        landed = Landed(hashlib.sha256(data).hexdigest(), len(data))
        if not self._is_kept(landed):
            with self._incoming() as (new, key_id):
                for chunk in self._sealed([data], key_id):
                    new.write(chunk)
                self._finish(new, landed)
        return landed

    def _finish(self, new: Incoming, landed: Landed) -> None:
        """Give a document its name; where another brought it at the same moment, theirs stays, if it is whole."""
        if not new.keep_new(name_of(landed.id)):
            self._is_kept(landed)

    def _sealed(self, chunks: Iterable[bytes], key_id: str | None) -> Iterable[bytes]:
        return chunks if self.ring is None or key_id is None else seal(chunks, self.ring, key_id)

    def _settled(self, read: Callable[[], _T]) -> _T:
        """Read anew what was put under another key meanwhile, which happens once in the life of a key."""
        try:
            return read()
        except ObjectReplaced:
            return read()

    def _compare(self, id_: str, found: str) -> None:
        if found != id_:
            raise LandingDamaged(self.where(id_), f"SHA-256 {found}")

    @contextlib.contextmanager
    def _there(self, id_: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise NotLanded(id_) from None

    @contextlib.contextmanager
    def _incoming(self) -> Iterator[tuple[Incoming, str | None]]:
        """Begin a document; with it, the key to seal it under, which stays at least until the end.

        No room for it, at whatever moment that is noticed, is one error of its own.
        """
        try:
            with (
                contextlib.nullcontext() if self.ring is None else self.ring.sealing() as key_id,
                self.files.incoming() as new,
            ):
                yield new, key_id
        except OSError as error:
            if error.errno in _NO_ROOM:
                said = "收檔區空間不足，未收檔 no room in landing"
                raise LandingFull(error.errno, said, self.files.place) from error
            raise


def _joined(pieces: Iterable[bytes]) -> tuple[bytes, str]:
    data = b"".join(pieces)
    return data, hashlib.sha256(data).hexdigest()


def _hashed(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def name_of(id_: str) -> str:
    """Return its name below the place; raises `NotLanded` for what is no id."""
    if not _ID.fullmatch(id_):  # an id may come from a request: it must never lead out of the root
        raise NotLanded(id_)
    return f"{id_[:_FOLDER]}/{id_}"

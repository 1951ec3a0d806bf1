"""Where files lie: whole objects under names below one place, on a file system or on an S3 object store.

A name is a relative path with `/` (`ab/ab12…`, `leaves/month=2021-06/…`).  An object is there as a whole or not at all,
whatever was cut off while it came.  `warehouse/files_local.py` and `warehouse/files_s3.py` are the two; nothing else in
the warehouse knows which of them it works with.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Stat:
    """An object's size in bytes, and when it was last written (aware)."""

    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a listing."""

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a writer that was cut off left behind: where it is, for people, and since when."""

    place: str
    modified: datetime


class Incoming(Protocol):
    """An object on its way in, which has no name yet."""

    def write(self, data: bytes) -> None:
        """Add to its end."""

    def keep(self, name: str, modified: datetime | None = None) -> None:
        """Give it its name, in place of what had it; its last act.

        `modified`: what `stat` is to say of when it was last written.
        """

    def keep_new(self, name: str) -> bool:
        """Give it its name unless something has it, and say whether; its last act.  Of two at once one is told so."""


class Files(Protocol):
    """The objects below one place.  Safe for many threads, processes and machines at once.

    What is not there raises FileNotFoundError; everything else that fails an OSError, ENOSPC where there is no room.
    """

    @property
    def place(self) -> str:
        """The folder or URL, for people."""

    @property
    def writers(self) -> int:
        """How many threads write the quickest."""

    def where(self, name: str) -> str:
        """Return the path or URL of an object (whether or not it exists), for people."""

    def incoming(self) -> AbstractContextManager[Incoming]:
        """Begin an object whose name is not known yet; one that was not kept leaves nothing."""

    def put(self, name: str, data: bytes) -> None:
        """Write an object, in place of what had the name."""

    def put_new(self, name: str, data: bytes) -> bool:
        """Write an object unless something has the name, and say whether."""

    def flush(self, names: Iterable[str]) -> None:
        """Have these names outlive a power cut; until then only their bytes surely do."""

    def read(self, name: str) -> bytes:
        """Return all of an object."""

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading anywhere in it; `ObjectReplaced` may come of it where it is replaced meanwhile."""

    def beginning(self, name: str, count: int) -> tuple[bytes, int]:
        """Return the first bytes of an object, at most `count`, and its whole size: one request."""

    def stat(self, name: str) -> Stat:
        """Tell size and age."""

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Every object whose name begins with `prefix`; those in folders or files with a dot are not ours.

        In the order of names; but stores differ in where `a-b` stands to `a/b`.
        """

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there already is."""

    def leftovers(self) -> list[Leftover]:
        """Of objects on their way in, and of those cut off by a crash: what is kept of them."""

    def sweep(self, before: datetime) -> int:
        """Remove the leftovers last written before a moment when surely nobody was writing; how many."""


class SharedFiles(Files, Protocol):
    """Files that many machines share, of which some are replaced: only an object store can do so safely."""

    def read_version(self, name: str) -> tuple[bytes, str]:
        """Return all of an object, and what tells this version of it from others."""

    def replace(self, name: str, data: bytes, version: str | None) -> bool:
        """Write an object in place of that version of it (None: of nothing), and say whether it was still that."""

    def put_file(self, name: str, path: Path) -> None:
        """Write an object out of a local file."""

    def get_file(self, name: str, path: Path) -> None:
        """Write an object into a local file, which is not yet flushed to the disk."""


class ObjectStoreFailed(OSError):  # noqa: N818 — says what happened
    """The object store does not do what is asked; the message says what to do, in one line, and holds no secret."""

    def __init__(self, place: str, said: str, number: int = errno.EIO) -> None:
        self._made_of: tuple[object, ...] = (place, said, number)
        super().__init__(number, f"物件儲存 object store: {said}", place)

    def __reduce__(self) -> tuple[type["ObjectStoreFailed"], tuple[object, ...]]:
        return type(self), self._made_of


class ObjectReplaced(ObjectStoreFailed):
    """An object was replaced while it was read by ranges; reading it anew gives the newer one."""

    def __init__(self, place: str) -> None:
        super().__init__(place, "讀取期間被取代，請再試 replaced while it was read: try again")
        self._made_of = (place,)


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """How an S3 object store is reached.  Credentials are not here: the standard AWS chain finds them.

    `url` is `s3://bucket/prefix`; `endpoint` an address where it is not Amazon's; `ca_file` whom to trust for it.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None
    ca_file: str | None = None

    def files(self, folder: str) -> SharedFiles:
        """The objects below one folder of the store; connects when first used."""
        from warehouse.files_s3 import S3Files  # noqa: PLC0415 — boto3 takes a third of a second to import

        return S3Files(self, folder)


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """Take `s3://bucket/prefix` apart; the prefix is empty or ends with `/`.  Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname or parts.netloc != parts.hostname or parts.query or parts.fragment:
        raise ValueError("應為 s3://儲存桶/路徑 must be like s3://bucket/prefix")
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""

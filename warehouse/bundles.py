"""Bundles: on an object store, all files that a batch writes into the store are one object, `month=2021-06/….tar`.

A national month has 41,000 files and 43 batches.  A bundle's name tells when it was made and the hash of its bytes; it
counts once the ledger names it (`warehouse/ledger/bundles.py`), and is read out of `warehouse/bundle_cache.py`.  An
empty file in it says that there is no such file any more: a Parquet file is never empty.
"""

import io
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from warehouse.files import Files, ObjectStore

_NAME = re.compile(r"month=[^/]+/(\d+)-([0-9a-f]{32})\.tar")
_MONTH = re.compile(r"[^/]+/month=([^/]+)/")


class Bundle(NamedTuple):
    """A bundle on the object store: its name there, and how many files it has of each month."""

    name: str
    months: Mapping[str, int]


class BundleLost(RuntimeError):  # noqa: N818 — says what happened
    """A bundle that the ledger names is not on the object store, or not what it was; landing has what it came from."""

    def __init__(self, place: str, said: str) -> None:
        self.place, self.said = place, said
        super().__init__(
            f"物件儲存的資料檔{said}：{place}，請重建資料庫（attendance rebuild）"
            f"of the store's files on the object store: {place}; make them anew with attendance rebuild"
        )

    def __reduce__(self) -> tuple[type["BundleLost"], tuple[str, str]]:
        return type(self), (self.place, self.said)


@dataclass(frozen=True, slots=True)
class BundlePlace:
    """Where bundles go.  `marks`: the folder with the mark of the person key, which rebuilding has of its own."""

    objects: ObjectStore
    marks: str = "store"

    def files(self) -> Files:
        """The bundles."""
        return self.objects.files("store")


class BundledFiles:
    """The files that a batch writes, held until they are sent together; as `warehouse.store_files.StoreFiles`.

    `cache` is where the store's files are read: only what is there can have been removed.
    """

    def __init__(self, cache: Path, place: BundlePlace) -> None:
        self._cache = cache
        self._files = place.files()
        self._marks = place.objects.files(place.marks)
        self._held: dict[str, bytes | memoryview] = {}

    @property
    def place(self) -> str:
        """The URL, for people."""
        return self._files.place

    def put(self, name: str, data: bytes | memoryview) -> None:
        """Have the file hold these bytes, once sent."""
        self._held[name] = data

    def put_new(self, name: str, data: bytes) -> None:
        """Have a mark of the whole store hold these bytes unless it is there: of two at once, the first."""
        self._marks.put_new(name, data)

    def read(self, name: str) -> bytes:
        """The bytes of a mark of the whole store; raises FileNotFoundError."""
        return self._marks.read(name)

    def remove(self, name: str) -> None:
        """Have no such file, once sent."""
        self._held.pop(name, None)
        if (self._cache / name).exists():
            self._held[name] = b""

    def flush(self) -> None:
        """Nothing: what the object store has confirmed, it keeps."""

    def send(self) -> Bundle | None:
        """Send what is held as one bundle; None where nothing is.  Raises OSError, and holds it no longer."""
        held, self._held = self._held, {}
        if not held:
            return None
        data = _packed(held)
        months = Counter(_month_of(name) for name in held)
        digest = sha256(data).hexdigest()[:32]
        bundle = Bundle(f"month={min(months)}/{time.time_ns()}-{digest}.tar", dict(months))
        self._files.put(bundle.name, data)
        return bundle


def contents(files: Files, name: str, data: bytes, month: str) -> Iterator[tuple[str, bytes]]:
    """A bundle's files of a month, by name relative to the store; empty ones are to be removed.

    `data` is what the object store gave for it.  Raises `BundleLost` where that is not what was sent.
    """
    parts = _NAME.fullmatch(name)
    if parts is None or sha256(data).hexdigest()[:32] != parts[2]:
        raise BundleLost(files.where(name), "毀損 a bundle is damaged")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and _month_of(member.name) == month:
                yield member.name, content.read()


def is_bundle(name: str) -> bool:
    """Whether an object is named as bundles are."""
    return _NAME.fullmatch(name) is not None


def made_at(name: str) -> int:
    """When a bundle was made, in nanoseconds since 1970."""
    parts = _NAME.fullmatch(name)
    return int(parts[1]) if parts else 0


def _packed(held: Mapping[str, bytes | memoryview]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in held.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o640
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _month_of(name: str) -> str:
    found = _MONTH.match(name)
    return found[1] if found else ""

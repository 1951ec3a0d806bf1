"""Documents from one landing into another, sealed as they lie and proved by their hash on the way.

A copy is whole or not there; one that lies in plain is sealed on the way.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from warehouse.diagnosis import Advance
from warehouse.files import Incoming, ObjectReplaced
from warehouse.landing import Landing, LandingDamaged, NotLanded, name_of
from warehouse.sealed import HEADER, SealBroken, key_of, plain_size, seal, unseal

#: Documents handed to the writers at once.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Copied:
    """A document: `bytes` its own size, `key` what it is sealed under; `new`: it was not there before.

    `fault`: why it could not be copied; then the others are None.
    """

    id: str
    bytes: int | None = None
    key: str | None = None
    new: bool = False
    fault: str | None = None


def copy_all(source: Landing, target: Landing, ids: Iterable[str], advance: Advance) -> Iterator[Copied]:
    """Copy these documents, those that are there already aside; damaged and missing ones have their fault.

    Those copied have their names for good when all of them came.  Raises `UnknownKey`, and OSError where the target
    has no room; those that came before are whole, and need not come again.
    """
    rest = iter(ids)
    with ThreadPoolExecutor(max(source.files.writers, target.files.writers), thread_name_prefix="copy") as writers:
        try:
            while batch := list(islice(rest, _BATCH)):
                copied = []
                for one in writers.map(lambda id_: _copied(source, target, id_), batch):
                    advance()
                    copied.append(one)
                target.files.flush(name_of(one.id) for one in copied if one.new)
                yield from copied
        except BaseException:
            writers.shutdown(cancel_futures=True)
            raise


def _copied(source: Landing, target: Landing, id_: str) -> Copied:
    try:
        there = _there(source, target, id_)
        if there is not None:
            return there
        try:
            return _copy(source, target, id_)
        except ObjectReplaced:  # it was put under another key meanwhile
            return _copy(source, target, id_)
    except (NotLanded, FileNotFoundError):
        return Copied(id_, fault="不存在 missing")
    except LandingDamaged as error:
        return Copied(id_, fault=error.detail)
    except SealBroken as error:
        return Copied(id_, fault=str(error))


def _there(source: Landing, target: Landing, id_: str) -> Copied | None:
    """The document that the target has, under the key that is in use or the one that it is still under."""
    try:
        beginning, size = target.files.beginning(name_of(id_), HEADER)
    except FileNotFoundError:
        return None
    key = key_of(beginning)
    in_use = source.ring is not None and key == source.ring.active
    if key is not None and (in_use or key == source.key_id(id_)):
        return Copied(id_, plain_size(beginning, size), key)
    return None


def _copy(source: Landing, target: Landing, id_: str) -> Copied:
    digest, size = hashlib.sha256(), 0

    def counted(pieces: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal size
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            yield piece

    with source.files.open(name_of(id_)) as file, target.files.incoming() as new:
        kept = _Kept(file, new)
        pieces = counted(unseal(kept, source.ring))
        key = kept.key
        if kept.sealed:
            deque(pieces, maxlen=0)
        elif source.ring is not None:  # it lies in plain, from before landing was encrypted: no copy of it does
            with source.ring.sealing() as key:
                deque(map(new.write, seal(pieces, source.ring, key)), maxlen=0)
        else:
            deque(map(new.write, pieces), maxlen=0)
        if digest.hexdigest() != id_:
            raise LandingDamaged(source.where(id_), f"SHA-256 {digest.hexdigest()}")
        new.keep(name_of(id_), source.landed_at(id_))
    return Copied(id_, size, key, new=True)


class _Kept:
    """A sealed file that is written elsewhere as it is read; one in plain is only read."""

    def __init__(self, file: BinaryIO, new: Incoming) -> None:
        self._file, self._new = file, new
        self._beginning = file.read(HEADER)
        self.key = key_of(self._beginning)
        self.sealed = self.key is not None

    def read(self, size: int, /) -> bytes:
        """Give its bytes, the header first."""
        data, self._beginning = self._beginning or self._file.read(size), b""
        if self.sealed:
            self._new.write(data)
        return data

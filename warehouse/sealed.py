"""How a document is encrypted at rest: AES-256-GCM in chunks, so that a stream is neither held whole nor trusted early.

A sealed file is a header (magic, key id, random prefix) and chunks of at most 1 MiB, each with its own tag.  A chunk's
nonce is the prefix, its number and whether it is the last (the STREAM construction), and the header is authenticated
with each: chunks that are changed, moved, left out or taken from another file do not open.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: No JSON document begins so; a file without it was landed in plain, before landing was encrypted.
MAGIC = b"\x89ATLAND1"
CHUNK = 1 << 20
KEY_BYTES = 32

_TAG = 16
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_KEY_ID_BYTES, _PREFIX_BYTES = 8, 7
HEADER = len(MAGIC) + _KEY_ID_BYTES + _PREFIX_BYTES


class Readable(Protocol):
    """Whatever gives bytes from where it stands; fewer than asked for at its end only."""

    def read(self, size: int, /) -> bytes:
        """Give the next bytes."""


class UnknownKey(LookupError):  # noqa: N818 — reads as what it is
    """A file was sealed under a key that is not at hand."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(
            f"收檔區檔案以密鑰 {key_id} 加密，而該密鑰不在手邊，請還原密鑰檔或設定 ATTENDANCE_LANDING_KEYS "
            f"a landed file is sealed under key {key_id}, which is not at hand: restore the key file"
        )

    def __reduce__(self) -> tuple[type["UnknownKey"], tuple[str]]:
        return type(self), (self.key_id,)


class SealBroken(ValueError):  # noqa: N818 — says what happened
    """A sealed file is not what was written: cut off, changed, or put together from others."""


def _unheld(_key_id: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass
class Keyring:
    """Keys by id (8 hexadecimal digits); new documents are sealed under `active`.

    `reload` reads the ring anew where another process has changed it since, None where none has; no `reload`: it cannot
    change.  `hold` keeps a key from being retired while a document is written under it.
    """

    active: str
    keys: Mapping[str, bytes] = field(repr=False)
    reload: Callable[[], "Keyring | None"] | None = field(default=None, repr=False)
    hold: Callable[[str], AbstractContextManager[None]] = field(default=_unheld, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wrong = [name for name, key in self.keys.items() if not _KEY_ID.fullmatch(name) or len(key) != KEY_BYTES]
        if wrong or self.active not in self.keys:
            raise ValueError("a keyring needs 32-byte keys under ids of 8 hexadecimal digits, one of them active")

    def __reduce__(self) -> tuple[type["Keyring"], tuple[object, ...]]:
        return type(self), (self.active, self.keys, self.reload, self.hold)

    def refresh(self) -> None:
        """Learn what another process has changed."""
        with self._lock:
            newer = self.reload() if self.reload is not None else None
            if newer is not None:
                self.keys, self.active = newer.keys, newer.active

    def cipher(self, key_id: str) -> AESGCM:
        """The cipher of a key; raises `UnknownKey`."""
        if key_id not in self.keys:
            self.refresh()
        if key_id not in self.keys:
            raise UnknownKey(key_id)
        return AESGCM(self.keys[key_id])

    @contextmanager
    def sealing(self) -> Iterator[str]:
        """The key to seal a document under: the active one of now, which nobody retires until the document is kept.

        A process that has run since before a rotation would else go on under a key that is being forgotten.
        """
        while True:
            self.refresh()
            key_id = self.active
            with self.hold(key_id):
                self.refresh()
                if key_id in self.keys:  # else it was retired before it was held
                    yield key_id
                    return


def new_key_id() -> str:
    """An id that no other key has, by all likelihood."""
    return secrets.token_hex(_KEY_ID_BYTES // 2)


def seal(chunks: Iterable[bytes], ring: Keyring, key_id: str) -> Iterator[bytes]:
    """Encrypt a stream under one of the keys."""
    cipher = ring.cipher(key_id)
    header = MAGIC + key_id.encode() + secrets.token_bytes(_PREFIX_BYTES)
    yield header
    number, waiting = 0, bytearray()
    for chunk in chunks:
        waiting += chunk
        while (
            len(waiting) > CHUNK
        ):  # what is left at the end is the last chunk, and never empty but for an empty stream
            yield cipher.encrypt(_nonce(header, number, last=False), bytes(waiting[:CHUNK]), header)
            del waiting[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(header, number, last=True), bytes(waiting), header)


def unseal(file: Readable, ring: Keyring | None) -> Iterator[bytes]:
    """Decrypt a stream piece by piece; one that was landed in plain comes as it is.

    Raises `UnknownKey`, and `SealBroken` at the chunk that does not open or where the end is missing.
    """
    header = file.read(HEADER)
    if not header.startswith(MAGIC):
        yield header
        yield from iter(lambda: file.read(CHUNK), b"")
        return
    key_id = _key_id(header)
    if ring is None:
        raise UnknownKey(key_id)
    cipher = ring.cipher(key_id)
    number, current = 0, file.read(CHUNK + _TAG)
    while True:
        following = file.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(header, number, last=not following), current, header)
        except InvalidTag:
            raise SealBroken(f"chunk {number} does not open") from None
        if not following:
            return
        current, number = following, number + 1


def key_of(header: bytes) -> str | None:
    """The id of the key that a file with this beginning was sealed under; None: it is in plain."""
    return _key_id(header) if header.startswith(MAGIC) else None


def plain_size(header: bytes, size: int) -> int:
    """Bytes of the document in a file of `size` bytes with this beginning."""
    if not header.startswith(MAGIC):
        return size
    body = size - HEADER
    return body - _TAG * -(-body // (CHUNK + _TAG))


def _key_id(header: bytes) -> str:
    text = header[len(MAGIC) : len(MAGIC) + _KEY_ID_BYTES].decode("ascii", "replace")
    if len(header) < HEADER or not _KEY_ID.fullmatch(text):
        raise SealBroken("the header is cut off or changed")
    return text


def _nonce(header: bytes, number: int, *, last: bool) -> bytes:
    return header[-_PREFIX_BYTES:] + number.to_bytes(4) + bytes([last])

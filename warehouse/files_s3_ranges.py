"""Objects of an S3 object store as Python files: for reading by ranges, and as a body that can be sent again."""

# ruff: noqa: D102 — the methods of io.RawIOBase

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import BotoCoreError


class BrokenOff(Exception):  # noqa: N818 — says what happened
    """An answer ended before its end, after its headers, where boto3 does not try again."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of an object, its whole size, and its version."""

    data: bytes
    size: int
    etag: str

    @classmethod
    def of(cls, answer: Any) -> "Part":
        """Take the answer to a GET, whole or ranged; raises `BrokenOff`."""
        try:
            data = answer["Body"].read()
        except BotoCoreError as error:
            raise BrokenOff from error
        whole = answer["ContentRange"].rpartition("/")[2] if "ContentRange" in answer else len(data)
        return cls(data, int(whole), answer["ETag"])


class Ranges(io.RawIOBase):
    """An object as a file: each read is one range, and the first is there already."""

    def __init__(self, fetch: Callable[[int, int], bytes], first: Part) -> None:
        self._fetch = fetch
        self._first = first.data
        self._size = first.size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._part(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        pieces = iter(lambda: self._part(max(self._size - self._at, 0)), b"")
        return b"".join(pieces)

    def _part(self, wanted: int) -> bytes:
        count = min(wanted, self._size - self._at)
        if count <= 0:
            return b""
        data = self._first[self._at : self._at + count] or self._fetch(self._at, count)
        self._at += len(data)
        return data


class Unclosed(io.RawIOBase):
    """A body that survives its sending: s3transfer closes what it is given, and a retry reads it again."""

    def __init__(self, body: IO[bytes]) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._body.seek(offset, whence)

    def tell(self) -> int:
        return self._body.tell()

    def read(self, size: int = -1) -> bytes:
        return self._body.read(size)

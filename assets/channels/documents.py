"""Files, folders and archives as the documents that they hold, told apart by content and read within limits.

Used by the inbox and by the command line alike.  Nothing is unpacked to a disk.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assets.channels.protocol import Reason

_PIECE = 64 * 1024
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
#: Archives that are not taken: what they hold would be lost if they went in as a document.
_OTHER_ARCHIVES = {b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"\x1f\x8b": "gzip"}
_HEAD = 4
#: What operating systems leave in folders and archives.
_LITTER = {"thumbs.db", "desktop.ini"}
#: End of a zip's directory: sizes as 32-bit numbers, then a comment of at most 65,535 bytes.
_END = struct.Struct("<4s4H2LH")
_END_MARK, _ZIP64_MARK = b"PK\x05\x06", b"PK\x06\x07"
_DIRECTORY_ENTRY = 512
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bytes of one document; files, bytes and growth of one archive (growth counts from 16 MB on)."""

    max_bytes: int = 256 * 1024 * 1024
    max_files: int = 20_000
    max_archive_bytes: int = 8 * 1024 * 1024 * 1024
    max_ratio: int = 200


GROWTH_COUNTS_FROM = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was found; `data` ends one byte beyond the limit where there is more, so that it is refused."""

    name: str
    data: bytes


class ArchiveRefused(ValueError):  # noqa: N818 — says what happened
    """An archive, or a file in one, that is damaged, a trap, or of a kind that is not taken; `name` says which."""

    def __init__(self, name: str, reason: Reason) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")


def read_submissions(paths: Iterable[Path | str], limits: ReadLimits | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each document in the files, folders and zips given, in order, one in memory at a time.

    A document over `limits.max_bytes` is cut one byte beyond it.  Raises OSError where a file cannot be read and
    `ArchiveRefused` at the first archive or member that is not taken.
    """
    for path in paths:
        for file in _files_of(Path(path)):
            with file.open("rb") as opened:
                for found in documents_in(opened, str(file), limits or ReadLimits()):
                    if isinstance(found, ArchiveRefused):
                        raise found
                    yield found.name, found.data


def documents_in(opened: IO[bytes], name: str, limits: ReadLimits) -> Iterator[Document | ArchiveRefused]:
    """Yield what a file holds: itself, or the files of a zip as `name!member`, those refused among them.

    `opened` must be seekable.  Raises OSError where reading fails.
    """
    head = opened.read(_HEAD)
    for mark, kind in _OTHER_ARCHIVES.items():
        if head.startswith(mark):
            yield ArchiveRefused(
                name, Reason(f"不收 {kind} 壓縮檔，請改用 zip", f"{kind} archives are not taken, use zip")
            )
            return
    if head.startswith(_ZIP):
        yield from _documents_of_zip(opened, name, limits)
        return
    yield Document(name, head + opened.read(limits.max_bytes + 1 - len(head)))


def is_litter(path: str) -> bool:
    """Whether the file is hidden or what an operating system leaves behind, and so nobody's submission."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    return any(part.startswith((".", "__MACOSX")) or part.lower() in _LITTER for part in parts)


def _files_of(path: Path) -> Iterator[Path]:
    """Give the file itself, or a folder's files at every depth, by name."""
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not is_litter(str(file.relative_to(path))):
            yield file


def _documents_of_zip(opened: IO[bytes], name: str, limits: ReadLimits) -> Iterator[Document | ArchiveRefused]:
    try:
        size = _check_directory(opened, limits)
        with zipfile.ZipFile(opened) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not is_litter(info.filename)]
            _check_kind(members, limits)
            budget = _Budget(limits, size)
            for info in members:
                member = f"{name}!{_member_name(info)}"
                try:
                    yield _member(archive, info, member, budget)
                except _DAMAGED as error:
                    yield ArchiveRefused(member, _damage(error))
    except _Refused as refused:
        yield ArchiveRefused(name, refused.reason)
    except _DAMAGED as error:
        yield ArchiveRefused(name, _damage(error))


class _Refused(Exception):  # noqa: N818 — says what happened
    """The whole archive is not taken, from here on."""

    def __init__(self, zh: str, en: str) -> None:
        self.reason = Reason(zh, en)
        super().__init__(en)


class _Budget:
    """What an archive's files may still grow to: the true number of bytes is counted, whatever its directory says."""

    def __init__(self, limits: ReadLimits, archive_bytes: int) -> None:
        self.limits = limits
        grown = max(GROWTH_COUNTS_FROM, limits.max_ratio * archive_bytes)
        self._left = min(limits.max_archive_bytes, grown)

    def spend(self, size: int) -> None:
        """Count bytes; raises `_Refused` when there are more than may be."""
        self._left -= size
        if self._left < 0:
            raise _Refused("解壓縮後過大，疑為壓縮炸彈", "inflates to far too much, as a zip bomb does")


def _check_directory(opened: IO[bytes], limits: ReadLimits) -> int:
    """Give the archive's size; refuse a directory that is too long before it is read into memory."""
    size = opened.seek(0, 2)
    opened.seek(max(0, size - _END.size - 0xFFFF - 20))
    tail = opened.read()
    at = tail.rfind(_END_MARK)
    opened.seek(0)
    if at < 0 or len(tail) < at + _END.size:
        raise zipfile.BadZipFile("no end of directory")
    directory_bytes = _END.unpack_from(tail, at)[5]
    if _ZIP64_MARK in tail[max(0, at - 20) : at] or directory_bytes > limits.max_files * _DIRECTORY_ENTRY:
        raise _Refused(f"檔案數超過 {limits.max_files:,}", f"more than {limits.max_files:,} files")
    return size


def _check_kind(members: list[zipfile.ZipInfo], limits: ReadLimits) -> None:
    """Refuse an archive of nothing, of too many files, or one that is an office document."""
    names = {info.filename for info in members}
    if not names:
        raise _Refused("壓縮檔內沒有檔案", "the archive holds no file")
    if len(members) > limits.max_files:
        raise _Refused(f"檔案數超過 {limits.max_files:,}", f"more than {limits.max_files:,} files")
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names:
        raise _Refused("這是文書或試算表檔，不是報送檔", "an office document, not a submission")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: _Budget) -> Document | ArchiveRefused:
    """Give one file of the archive; raises one of `_DAMAGED`, or `_Refused`."""
    if info.flag_bits & 0x1:
        return ArchiveRefused(name, Reason("檔案有密碼保護", "protected by a password"))
    pieces: list[bytes] = []
    left = budget.limits.max_bytes + 1
    with archive.open(info) as opened:
        while left > 0 and (piece := opened.read(min(_PIECE, left))):
            budget.spend(len(piece))
            pieces.append(piece)
            left -= len(piece)
    data = b"".join(pieces)
    if data.startswith((*_ZIP, *_OTHER_ARCHIVES)):
        return ArchiveRefused(name, Reason("壓縮檔內還有壓縮檔", "an archive within the archive"))
    return Document(name, data)


def _member_name(info: zipfile.ZipInfo) -> str:
    """Give the name as the archive's maker saw it: without the UTF-8 mark, Windows here writes CP950."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp950")
    except UnicodeError:
        return info.filename


def _damage(error: Exception) -> Reason:
    return Reason(
        "壓縮檔毀損或壓縮方式不支援", f"the archive is damaged or its method unknown ({type(error).__name__})"
    )

"""The manual channel: files laid into an inbox folder, and the files inside their zips, told apart by content.

Two steps, so that no crash loses a file: `collect` lands and yields, and only `confirm`, after the ledger's commit,
moves the file to `processed/` (or deletes it), or to `rejected/` beside a `.reason.txt`.  A file that changed meanwhile
stays where it is and is brought again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import fsspec
from pydantic import Field

from assets.channels.config import ChannelSettings
from assets.channels.documents import ArchiveRefused, Document, ReadLimits, documents_in, is_litter
from assets.channels.protocol import MANUAL, Delivery, FetchMemory, Land, Outcome, Reason, unforeseen
from checks.format.identify import identify
from checks.model.masking import mask_ids_in
from warehouse.journal import log
from warehouse.landing import TooLarge
from warehouse.secret_types import SecretAddress

NAME = MANUAL
PROCESSED, REJECTED = "processed", "rejected"
#: Names under which other programs write a file until it is whole.
_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp")


class ManualSettings(ChannelSettings):
    """`[manual]`: the inbox as an fsspec address, what becomes of a file, limits."""

    inbox: SecretAddress = Field(min_length=1)
    after: Literal["move", "delete"] = "move"
    settle_seconds: float = Field(default=2, ge=0)
    max_bytes: int = Field(default=256 * 1024 * 1024, ge=1)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A file that could not be read this time, and why."""

    name: str
    reason: Reason


@dataclass(slots=True)
class _File:
    """A file of the inbox on its way: `stamp` tells whether it changed, `unconfirmed` how many deliveries are open."""

    path: str
    relative: str
    stamp: tuple[Any, ...]
    unconfirmed: int = 0
    complete: bool = False
    faults: list[str] = field(default_factory=list)


class Manual:
    """The channel.  `confirm` must be called on the object whose `collect` made the delivery."""

    name = NAME

    def __init__(self, settings: ManualSettings) -> None:
        self._settings = settings
        self._limits = ReadLimits(max_bytes=settings.max_bytes)
        self._open: dict[tuple[str, datetime], _File] = {}
        self._fs: Any = None
        self._root = ""

    def collect(
        self,
        month: str,  # noqa: ARG002 — a late month's file would otherwise lie there for ever
        agencies: Sequence[str],  # noqa: ARG002
        memory: FetchMemory,  # noqa: ARG002
        land: Land,
    ) -> Iterator[Delivery]:
        """One delivery for each document in the inbox, whatever month and agency were asked for."""
        try:
            self._connect()
            files = self._settled()
        except Exception as error:  # noqa: BLE001 — a file system of any kind, on any machine: it may raise anything
            yield Delivery(NAME, "", "", Outcome.DOWN, str(self._settings.inbox), reason=_unlisted(error))
            return
        for file in files:
            for found in self._read(file):
                delivery = self._landed(found, land)
                if delivery.outcome is Outcome.FAILED:
                    file.faults.append(f"{delivery.source}: {delivery.reason}")
                file.unconfirmed += 1
                self._open[delivery.source, delivery.received_at] = file
                yield delivery
            self._finish(file)

    def confirm(self, delivery: Delivery) -> None:
        """Count a delivery as committed; with its file's last one the file is moved.  Raises `KeyError` if unknown."""
        if delivery.outcome is Outcome.DOWN:  # of the inbox, not of a file
            return
        file = self._open.pop((delivery.source, delivery.received_at))
        file.unconfirmed -= 1
        self._finish(file)

    def _connect(self) -> None:
        """Reach the inbox, wherever it is; raises what its file system raises."""
        self._fs, root = fsspec.core.url_to_fs(self._settings.inbox.get_secret_value())
        self._root = root.rstrip("/")
        self._fs.invalidate_cache()

    def _read(self, file: _File) -> Iterator[Document | ArchiveRefused | _Unread]:
        """Yield what the file holds; one that cannot be read now stays for the next time."""
        try:
            with self._fs.open(file.path, "rb") as opened:
                yield from documents_in(opened, file.relative, self._limits)
            file.complete = True
        except FileNotFoundError:
            return  # another run took it
        except OSError as error:
            reason = Reason("檔案無法讀取，留待下次", f"cannot be read now ({type(error).__name__})")
            yield _Unread(file.relative, reason)
        except Exception as error:  # noqa: BLE001 — of a file system or an archive of any kind; it is one file's alone
            yield _Unread(file.relative, unforeseen(error))

    def _landed(self, found: Document | ArchiveRefused | _Unread, land: Land) -> Delivery:
        source = mask_ids_in(found.name)
        if isinstance(found, _Unread):
            return _failure(source, found.reason)
        if isinstance(found, ArchiveRefused):
            return _failure(source, found.reason)
        if not found.data:
            return _failure(source, Reason("空檔", "an empty file"))
        if len(found.data) > self._limits.max_bytes:
            return _failure(source, Reason(str(TooLarge(self._limits.max_bytes))))
        try:
            landed = land([found.data])
        except TooLarge as error:
            return _failure(source, Reason(str(error)))
        said = identify(found.data)
        agency, month = said.agency_code or "", said.month or ""
        return Delivery(NAME, agency, month, Outcome.DELIVERED, source, landed.id, landed.bytes)

    def _settled(self) -> list[_File]:
        """Give the inbox's files by name; one younger than `settle_seconds` only if it stays the same so long."""
        files = self._listed()
        if any(self._is_young(file) for file in files):
            time.sleep(self._settings.settle_seconds)
            before = {file.path: file.stamp for file in files}
            files = [file for file in self._listed() if before.get(file.path) == file.stamp]
        return files

    def _listed(self) -> list[_File]:
        found = self._fs.find(self._root, detail=True)
        if not found and not self._fs.isdir(self._root):
            raise FileNotFoundError(self._root)
        files = []
        for path, info in sorted(found.items()):
            relative = path[len(self._root) :].lstrip("/")
            if info["type"] == "file" and not info.get("islink") and not _is_left(relative):
                files.append(_File(path, relative, self._stamp(path, info["size"])))
        return files

    def _is_young(self, file: _File) -> bool:
        """Whether it may still be growing: touched a moment ago, or at a time that cannot be told."""
        modified = file.stamp[1]
        return modified is None or (datetime.now(UTC) - modified).total_seconds() < self._settings.settle_seconds

    def _stamp(self, path: str, size: int) -> tuple[int, datetime | None]:
        """What tells whether a file changed; no time where the file system gives none, or one that no calendar has."""
        try:
            modified = self._fs.modified(path)
            return size, modified if modified.tzinfo else modified.replace(tzinfo=UTC)
        except Exception:  # noqa: BLE001 — whoever wrote the file set its time, and may have set any
            return size, None

    def _finish(self, file: _File) -> None:
        """Move or delete a file that is wholly delivered and confirmed, unless it changed meanwhile."""
        if not file.complete or file.unconfirmed:
            return
        try:
            if self._stamp(file.path, self._fs.info(file.path)["size"]) != file.stamp:
                return
            if file.faults:
                target = self._move(file, REJECTED)
                self._fs.pipe_file(f"{target}.reason.txt", "".join(f"{line}\n" for line in file.faults).encode())
            elif self._settings.after == "delete":
                self._fs.rm_file(file.path)
            else:
                self._move(file, PROCESSED)
        except FileNotFoundError:
            return  # another run, which brought it too, has moved it
        except Exception as error:  # noqa: BLE001 — the ledger has it; taken again, it is the same submission
            log.warning("inbox_file_not_moved", source=mask_ids_in(file.relative), error=type(error).__name__)

    def _move(self, file: _File, folder: str) -> str:
        """Move into a folder of the inbox under a name that is free; gives the new path."""
        target = f"{self._root}/{folder}/{file.relative}"
        self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        stem, number = target, 1
        while self._fs.exists(target):
            number += 1
            target = f"{stem}.{number}"
        self._fs.mv(file.path, target)
        return target


def _is_left(relative: str) -> bool:
    """Whether a file of the inbox is none of its business: already dealt with, litter, or not yet whole."""
    dealt_with = relative.startswith((f"{PROCESSED}/", f"{REJECTED}/"))
    return dealt_with or is_litter(relative) or relative.lower().endswith(_UNFINISHED)


def _unlisted(error: Exception) -> Reason:
    """Why the inbox cannot be listed, without its address: that may hold a password."""
    if isinstance(error, FileNotFoundError):
        return Reason("收件匣不存在", "there is no inbox")
    if isinstance(error, OSError | ImportError):
        return Reason("無法連線或讀取收件匣", f"the inbox cannot be reached or read ({type(error).__name__})")
    return unforeseen(error)


def _failure(source: str, reason: Reason) -> Delivery:
    return Delivery(NAME, "", "", Outcome.FAILED, source, reason=reason)

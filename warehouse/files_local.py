"""Files on a local or shared file system: written in `<root>/.incoming`, synced, and given their name whole."""

import contextlib
import errno
import os
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from warehouse.files import Leftover, Listed, Stat

#: Hashing and syncing let go of the interpreter lock; four writers were the quickest on a disk measured with 1–32.
WRITERS = 4

_FOLDER_MODE = 0o700
_FILE_MODE = 0o400
#: What file systems say that know no hard links.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class LocalFiles:
    """The files below one folder, which is made when the first comes; see `warehouse.files.Files`."""

    writers = WRITERS

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._incoming = self.root / ".incoming"

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    def where(self, name: str) -> str:
        """Its path."""
        return str(self.root / name)

    @contextlib.contextmanager
    def incoming(self) -> Iterator["IncomingFile"]:
        """Open a new file under a name that nobody else uses; it is gone at the end unless it was kept."""
        name = self._incoming / secrets.token_hex(16)
        _make_folder(self._incoming)
        descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
        try:
            yield IncomingFile(self.root, descriptor, name)
        finally:
            os.close(descriptor)
            name.unlink(missing_ok=True)

    def put(self, name: str, data: bytes) -> None:
        """Write a file beside, sync it, and rename it over."""
        with self.incoming() as new:
            new.write(data)
            new.keep(name)

    def put_new(self, name: str, data: bytes) -> bool:
        """Write a file beside, sync it, and link it unless something has the name."""
        with self.incoming() as new:
            new.write(data)
            return new.keep_new(name)

    def flush(self, names: Iterable[str]) -> None:
        """Sync each folder once."""
        folders = {(self.root / name).parent for name in names}
        if len(folders) == 1:
            _sync_folder(folders.pop())
        elif folders:
            with ThreadPoolExecutor(WRITERS, thread_name_prefix="flush") as pool:
                deque(pool.map(_sync_folder, folders), maxlen=0)

    def read(self, name: str) -> bytes:
        """Return all of a file."""
        return (self.root / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """Open a file; one that is replaced meanwhile goes on as it was."""
        return (self.root / name).open("rb")

    def beginning(self, name: str, count: int) -> tuple[bytes, int]:
        """Return its first bytes and its size."""
        with self.open(name) as file:
            return file.read(count), os.fstat(file.fileno()).st_size

    def stat(self, name: str) -> Stat:
        """Tell size and age."""
        return _stat((self.root / name).stat())

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self.root / name).is_file()

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """Every file whose path begins so, in the order of names."""
        folder = prefix.rpartition("/")[0]
        yield from (one for one in self._below(folder) if one.name.startswith(prefix))

    def remove(self, name: str) -> None:
        """Remove a file; its folder stays."""
        (self.root / name).unlink(missing_ok=True)

    def leftovers(self) -> list[Leftover]:
        """The files in `.incoming`."""
        found = []
        for path in sorted(self._incoming.glob("*")):
            with contextlib.suppress(FileNotFoundError):  # it was kept, or another one sweeps
                found.append(Leftover(str(path), _stat(path.stat()).modified))
        return found

    def sweep(self, before: datetime) -> int:
        """Remove those last written before a moment; how many."""
        swept = 0
        for one in self.leftovers():
            with contextlib.suppress(FileNotFoundError):  # another one sweeps too
                if one.modified < before:
                    Path(one.place).unlink()
                    swept += 1
        return swept

    def _below(self, folder: str) -> Iterator[Listed]:
        try:
            with os.scandir(self.root / folder) as scanned:
                entries = [(e.name + "/" if e.is_dir() else e.name, e) for e in scanned if not e.name.startswith(".")]
        except FileNotFoundError:
            return
        for name, entry in sorted(entries, key=lambda pair: pair[0]):
            path = f"{folder}/{name}" if folder else name
            if name.endswith("/"):
                yield from self._below(path.rstrip("/"))
                continue
            with contextlib.suppress(FileNotFoundError):
                found = _stat(entry.stat())
                yield Listed(path, found.size, found.modified)


class IncomingFile:
    """A file in `.incoming`; see `warehouse.files.Incoming`."""

    def __init__(self, root: Path, descriptor: int, path: Path) -> None:
        self._root = root
        self._descriptor = descriptor
        self._path = path

    def write(self, data: bytes) -> None:
        """Write to the end: a disk that fills up takes some of the bytes before it refuses the rest."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def keep(self, name: str, modified: datetime | None = None) -> None:
        """On the disk first, then under its name."""
        if modified is not None:
            os.utime(self._descriptor, (modified.timestamp(), modified.timestamp()))
        self._path.replace(self._ready(name))

    def keep_new(self, name: str) -> bool:
        """Likewise, and linked, which fails where something has the name."""
        path = self._ready(name)
        try:
            os.link(self._path, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if path.exists():
                return False
            self._path.rename(path)
        return True

    def _ready(self, name: str) -> Path:
        os.fsync(self._descriptor)
        path = self._root / name
        _make_folder(path.parent)
        return path


def _stat(found: os.stat_result) -> Stat:
    return Stat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


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
